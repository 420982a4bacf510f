//! Logs to standard error, as text or JSON.

use std::io::IsTerminal;
use std::path::PathBuf;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Format;
use tracing_subscriber::util::SubscriberInitExt;

use parking_lot::Mutex;

use crate::error::ServiceError;
use http_kit::request_log::OfRequest;

/// Format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// Text.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// Log options of every service.
#[derive(Debug, Clone, clap::Args)]
pub struct LogOptions {
    /// Log filter: a level (error, warn, info, debug, trace, off), or levels by module such as info,sim_worker=debug
    #[arg(long, env = "LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// Format of log lines
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// File of NAME=VALUE lines with the log filter and limits, read at startup and on SIGHUP; overrides flags and
    /// environment
    #[arg(long, env = "RELOAD_FILE", value_name = "FILE")]
    pub reload_file: Option<PathBuf>,
}

/// Replaces the log filter.
type SetFilter = Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send>;

enum Log {
    NotStarted,
    /// Another subscriber is installed; its filter is not ours to change.
    Foreign,
    Ours(SetFilter),
}

// A process has one log.
static LOG: Mutex<Log> = Mutex::new(Log::NotStarted);

/// Starts logging. Only the first call in a process has an effect; later ones check their filter.
///
/// # Errors
/// [`ServiceError::LogFilter`] for an invalid filter.
pub fn init(options: &LogOptions) -> Result<(), ServiceError> {
    let filter = filter(&options.log)?;
    let mut log = LOG.lock();
    if !matches!(*log, Log::NotStarted) {
        return Ok(());
    }
    let is_terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal);
    let (set, started): (SetFilter, _) = match options.log_format {
        LogFormat::Text => {
            let named = |format: Format| OfRequest {
                format: format.with_target(false).with_ansi(is_terminal),
                is_json: false,
            };
            let builder = builder.map_event_format(named).with_filter_reloading();
            let handle = builder.reload_handle();
            (Box::new(move |filter| handle.reload(filter)), builder.finish().try_init())
        }
        LogFormat::Json => {
            let named = |format| OfRequest { format, is_json: true };
            let builder =
                builder.json().flatten_event(true).map_event_format(named).with_filter_reloading();
            let handle = builder.reload_handle();
            (Box::new(move |filter| handle.reload(filter)), builder.finish().try_init())
        }
    };
    *log = match started {
        Ok(()) => Log::Ours(set),
        Err(error) => {
            // Another subscriber is already installed, for example by a test.
            tracing::debug!(%error, "another log subscriber is installed");
            Log::Foreign
        }
    };
    Ok(())
}

/// Changes the log filter.
///
/// # Errors
/// [`ServiceError::LogFilter`] for an invalid filter; the old one stays.
pub fn set_filter(text: &str) -> Result<(), ServiceError> {
    let filter = filter(text)?;
    match &*LOG.lock() {
        Log::Ours(set) => set(filter).map_err(|error| ServiceError::LogFilter {
            filter: text.to_owned(),
            detail: error.to_string(),
        }),
        Log::NotStarted | Log::Foreign => Ok(()),
    }
}

/// Checks a log filter.
///
/// # Errors
/// [`ServiceError::LogFilter`] for an invalid filter.
pub fn check_filter(text: &str) -> Result<(), ServiceError> {
    filter(text).map(drop)
}

fn filter(text: &str) -> Result<EnvFilter, ServiceError> {
    EnvFilter::builder().parse(text).map_err(|error| ServiceError::LogFilter {
        filter: text.to_owned(),
        detail: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_filter_is_named_and_a_second_start_is_harmless() {
        let options = |log: &str| LogOptions {
            log: log.to_owned(),
            log_format: LogFormat::Text,
            reload_file: None,
        };
        let error = init(&options("info,=nonsense=")).unwrap_err();
        assert!(error.to_string().contains("info,=nonsense="), "{error}");
        init(&options("off")).unwrap();
        init(&options("off")).unwrap();
    }
}
