//! Logs: to standard error, as text for people or JSON for machines.

use std::io::IsTerminal;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::ServiceError;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The logging options of every service; flatten them into its options.
#[derive(Debug, Clone, clap::Args)]
pub struct LogOptions {
    /// Which log lines to write: a level (error, warn, info, debug, trace, off), or levels by module
    /// such as info,sim_worker=debug
    #[arg(long, env = "LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,
    /// How log lines look
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
}

static IS_INITIALISED: Mutex<bool> = Mutex::new(false);

/// Starts logging. The first call in a process counts; further ones only check their filter.
///
/// # Errors
/// [`ServiceError::LogFilter`] for a filter that cannot be understood.
pub fn init(options: &LogOptions) -> Result<(), ServiceError> {
    let filter = EnvFilter::builder()
        .parse(&options.log)
        .map_err(|error| ServiceError::LogFilter { filter: options.log.clone(), detail: error.to_string() })?;
    // A poisoned lock means that another thread panicked here; then it is initialised or never will be.
    let mut is_initialised = IS_INITIALISED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if *is_initialised {
        return Ok(());
    }
    *is_initialised = true;
    let is_terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(is_terminal);
    let started = match options.log_format {
        LogFormat::Text => builder.with_target(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if let Err(error) = started {
        // Somebody installed a subscriber of their own: then theirs is the one that counts.
        tracing::debug!(%error, "logging was started elsewhere");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_named_and_a_second_start_is_harmless() {
        let options = |log: &str| LogOptions { log: log.to_owned(), log_format: LogFormat::Text };
        let error = init(&options("info,=nonsense=")).unwrap_err();
        assert!(error.to_string().contains("info,=nonsense="), "{error}");
        init(&options("off")).unwrap();
        init(&options("off")).unwrap();
    }
}
