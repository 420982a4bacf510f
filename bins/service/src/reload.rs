//! Settings that change while a service runs: a file that is read at the start and again on SIGHUP.
//!
//! What the file says counts before flags and environment. A file that cannot be read, or says something that is not
//! allowed, changes nothing: the settings before hold, and the log says why. Without a file SIGHUP does nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use tokio::signal::unix::{SignalKind, signal};

use crate::error::ServiceError;
use crate::telemetry::{self, LogOptions};

/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// The log's filter.
const LOG: &str = "LOG";

/// What the file says: `NAME=VALUE` by line; empty lines and those that begin with `#` are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The value of a setting, if the file has it.
    ///
    /// # Errors
    /// A sentence with the name and what is allowed, as `parse` says it.
    pub fn get<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        parse(value).map(Some).map_err(|allowed| format!("{name}={value}: {allowed}"))
    }

    fn read(path: &Path) -> Result<Self, String> {
        let length = fs::metadata(path).map_err(|error| error.to_string())?.len();
        if length > FILE_BYTES_MAX {
            return Err(format!("it has {length} bytes, at most {FILE_BYTES_MAX} are read"));
        }
        fs::read_to_string(path).map_err(|error| error.to_string())?.parse()
    }

    fn check_names(&self, allowed: &[&str]) -> Result<(), String> {
        match self.0.keys().find(|name| name.as_str() != LOG && !allowed.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(format!("{name} cannot be set here; {} can", [&[LOG], allowed].concat().join(", "))),
        }
    }
}

impl FromStr for Settings {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut settings = BTreeMap::new();
        let lines = text.lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let (name, value) = line.split_once('=').ok_or_else(|| format!("line {} is not NAME=VALUE", index + 1))?;
            if settings.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
                return Err(format!("{} is there twice", name.trim()));
            }
        }
        Ok(Self(settings))
    }
}

/// Reads the file that the options name, if they do, now and on every SIGHUP. `allowed` are the names that `apply` takes
/// besides `LOG`; it changes all of what it is given or nothing.
///
/// # Errors
/// [`ServiceError::Reload`] for a file that cannot be used at the start, [`ServiceError::Signals`] if the system does not let us
/// listen.
pub fn begin(
    options: &LogOptions,
    allowed: &'static [&'static str],
    mut apply: impl FnMut(&Settings) -> Result<(), String> + Send + 'static,
) -> Result<(), ServiceError> {
    let mut hangup = signal(SignalKind::hangup()).map_err(|source| ServiceError::Signals { source })?;
    let (file, log) = (options.reload_file.clone(), options.log.clone());
    if let Some(file) = &file {
        take(file, &log, allowed, &mut apply)?;
    }
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let Some(file) = &file else {
                tracing::warn!(
                    "SIGHUP: there is nothing to read again; --reload-file (RELOAD_FILE) names what could be"
                );
                continue;
            };
            match take(file, &log, allowed, &mut apply) {
                Ok(()) => tracing::info!(file = %file.display(), "the settings were read again"),
                Err(error) => tracing::error!(%error, "the settings before hold"),
            }
        }
    });
    Ok(())
}

/// [`begin`] for a service whose log alone can change.
///
/// # Errors
/// As [`begin`].
pub fn begin_log(options: &LogOptions) -> Result<(), ServiceError> {
    begin(options, &[], |_| Ok(()))
}

fn take(
    file: &Path,
    log: &str,
    allowed: &[&str],
    apply: &mut impl FnMut(&Settings) -> Result<(), String>,
) -> Result<(), ServiceError> {
    let refused = |detail: String| ServiceError::Reload { file: file.to_owned(), detail };
    let settings = Settings::read(file).map_err(refused)?;
    settings.check_names(allowed).map_err(refused)?;
    let filter = settings.0.get(LOG).map_or(log, String::as_str);
    telemetry::check_filter(filter)?;
    apply(&settings).map_err(refused)?;
    telemetry::set_filter(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::integer;
    use crate::telemetry::LogFormat;

    #[test]
    fn lines_are_settings_and_what_is_not_is_named() {
        let settings: Settings = "# limits\nLIMIT_READS = 7\n\nLOG=info,api=debug\n".parse().unwrap();
        let limit = |text: &str| integer(1..=100u32)(text);
        assert_eq!(settings.get("LIMIT_READS", limit), Ok(Some(7)));
        assert_eq!(settings.get("LIMIT_WRITES", limit), Ok(None));
        settings.check_names(&["LIMIT_READS"]).unwrap();
        assert!(settings.check_names(&[]).unwrap_err().contains("LIMIT_READS cannot be set here"));
        for (text, part) in [("LOG", "line 1 is not NAME=VALUE"), ("A=1\nA=2", "A is there twice")] {
            assert!(text.parse::<Settings>().unwrap_err().contains(part), "{text}");
        }
        let settings: Settings = "LIMIT_READS=0".parse().unwrap();
        let refusal = settings.get("LIMIT_READS", limit).unwrap_err();
        assert!(refusal.contains("LIMIT_READS=0") && refusal.contains("from 1 to 100"), "{refusal}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_used_is_refused_at_the_start_and_changes_nothing_later() {
        let path = std::env::temp_dir().join(format!("sector-reload-{}", std::process::id()));
        let mut taken = Vec::new();
        let mut apply = |settings: &Settings| {
            taken.extend(settings.get("LIMIT_READS", |text| integer(1..=100u32)(text))?);
            Ok(())
        };
        for (text, is_taken) in [
            ("LIMIT_READS=7", true),
            ("LIMIT_READS=700", false),
            ("LIMIT_READS=8\nLOG==bad=", false),
            ("PORT=1", false),
            ("LIMIT_READS=9", true),
        ] {
            fs::write(&path, text).unwrap();
            let answer = take(&path, "off", &["LIMIT_READS"], &mut apply);
            assert_eq!(answer.is_ok(), is_taken, "{text}: {answer:?}");
        }
        assert_eq!(taken, [7, 9]);
        fs::remove_file(&path).unwrap();
        let log = LogOptions { log: "off".into(), log_format: LogFormat::Text, reload_file: Some(path.clone()) };
        let error = begin_log(&log).unwrap_err().to_string();
        assert!(error.contains("RELOAD_FILE") && error.contains(&path.display().to_string()), "{error}");
    }
}
