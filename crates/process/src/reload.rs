//! Settings that can change while a service runs: a file read at startup and on SIGHUP.
//!
//! The file overrides flags and environment; each line is parsed like a flag. An unreadable file or
//! an invalid value changes nothing and is logged. Settings removed from the file revert to flags
//! and environment. Without a file SIGHUP does nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use clap::builder::Resettable;
use clap::{Arg, Parser};
use tokio::signal::unix::{SignalKind, signal};

use parking_lot::Mutex;

use crate::config::first_line;
use crate::error::{ServiceError, SettingsError};
use crate::file;
use crate::telemetry::{self, LogOptions};

/// Largest file, in bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;
/// The log filter, reloadable in every service.
const LOG: &str = "LOG";

/// A limit that can change at run time: its environment variable, and its current value as text.
pub type Limit<O> = (&'static str, fn(&O) -> String);

/// Options of a service, some of which can change at run time.
pub trait Reloadable: Parser + Clone + Send + 'static {
    /// The reloadable options, besides the log filter.
    const LIMITS: &'static [Limit<Self>];

    /// Log options, with the path of the file.
    fn log(&self) -> &LogOptions;
}

/// Variables of the reloadable options.
#[must_use]
pub fn names<O: Reloadable>() -> Vec<&'static str> {
    O::LIMITS.iter().map(|(name, _)| *name).chain([LOG]).collect()
}

/// Applies a new value.
type Listener<T> = Box<dyn Fn(&T) + Send>;

/// Distributes new values to the parts of a service. Clones share the listeners; the default never
/// changes.
pub struct Changes<T>(Arc<Mutex<Vec<Listener<T>>>>);

impl<T> Changes<T> {
    /// Calls `listener` with every new value.
    pub fn listen(&self, listener: impl Fn(&T) + Send + 'static) {
        self.0.lock().push(Box::new(listener));
    }

    /// Calls all listeners with `value`.
    pub fn tell(&self, value: &T) {
        self.0.lock().iter().for_each(|listener| listener(value));
    }
}

impl<T> Default for Changes<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Clone for Changes<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Changes<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Changes")
    }
}

/// Contents of the file: `NAME=VALUE` lines; empty lines and lines starting with `#` are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Settings(BTreeMap<String, String>);

impl Settings {
    /// The options with these settings applied.
    fn over<O: Reloadable>(&self, options: &O) -> Result<O, SettingsError> {
        let allowed = names::<O>();
        // Parse this value only: no defaults, no environment.
        let bare = |argument: Arg| {
            argument
                .required(false)
                .env(Resettable::Reset)
                .default_value(Resettable::<clap::builder::OsStr>::Reset)
        };
        let command = O::command();
        let mut changed = options.clone();
        for (name, value) in &self.0 {
            let has_name =
                |argument: &&Arg| argument.get_env().is_some_and(|env| env == name.as_str());
            let flag = command.get_arguments().find(has_name).and_then(Arg::get_long);
            let Some(flag) = flag.filter(|_| allowed.contains(&name.as_str())) else {
                return Err(SettingsError::NotReloadable { name: name.clone(), allowed });
            };
            let arguments = [command.get_name().to_owned(), format!("--{flag}={value}")];
            let matches = O::command_for_update().mut_args(bare).try_get_matches_from(arguments);
            let taken = matches.and_then(|matches| changed.update_from_arg_matches(&matches));
            taken.map_err(|error| SettingsError::Value {
                name: name.clone(),
                detail: first_line(&error),
            })?;
        }
        telemetry::check_filter(&changed.log().log).map_err(|error| SettingsError::Value {
            name: LOG.to_owned(),
            detail: error.to_string(),
        })?;
        Ok(changed)
    }
}

impl FromStr for Settings {
    type Err = SettingsError;

    fn from_str(text: &str) -> Result<Self, SettingsError> {
        let mut settings = BTreeMap::new();
        let lines = text.lines().map(str::trim).enumerate();
        for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            let (name, value) = line.split_once('=').ok_or(SettingsError::Line(index + 1))?;
            if settings.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
                return Err(SettingsError::Twice(name.trim().to_owned()));
            }
        }
        Ok(Self(settings))
    }
}

/// Applies the file that the options name, if any. On SIGHUP, rereads the file and calls `apply`
/// with the new options.
///
/// # Errors
/// [`ServiceError::Reload`] for an invalid file at startup, [`ServiceError::Signals`] if the system
/// refuses the signal handler.
pub fn begin<O: Reloadable>(
    options: O,
    apply: impl Fn(&O) + Send + 'static,
) -> Result<O, ServiceError> {
    let mut hangup =
        signal(SignalKind::hangup()).map_err(|source| ServiceError::Signals { source })?;
    let file = options.log().reload_file.clone();
    let mut now = match &file {
        Some(file) => read(file, &options)?,
        None => options.clone(),
    };
    telemetry::set_filter(&now.log().log)?;
    let begun = now.clone();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let Some(file) = &file else {
                tracing::warn!("SIGHUP ignored, no --reload-file (RELOAD_FILE) set");
                continue;
            };
            match read(file, &options) {
                Ok(next) => {
                    apply(&next);
                    tell(&now, &next);
                    now = next;
                    tracing::info!(file = %file.display(), "settings reloaded");
                }
                Err(error) => tracing::error!(%error, "reload failed, settings unchanged"),
            }
        }
    });
    Ok(begun)
}

fn read<O: Reloadable>(file: &Path, options: &O) -> Result<O, ServiceError> {
    let settings = || file::read(file, FILE_BYTES_MAX)?.parse::<Settings>()?.over(options);
    settings().map_err(|source| ServiceError::Reload { file: file.to_owned(), source })
}

/// Logs changed settings under the old or the new filter, whichever logs more.
fn tell<O: Reloadable>(before: &O, now: &O) {
    let log: Limit<O> = (LOG, |options| options.log().log.clone());
    for (setting, value) in O::LIMITS.iter().copied().chain([log]) {
        let (before, now) = (value(before), value(now));
        if before != now {
            tracing::info!(setting, before, now, "setting changed");
        }
    }
    // The filter was checked before.
    if let Err(error) = telemetry::set_filter(&now.log().log) {
        tracing::error!(%error, "cannot change log filter");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::integer;

    /// A service for the tests.
    #[derive(Debug, Clone, Parser)]
    #[command(name = "service")]
    struct Options {
        /// Required
        #[arg(long, env = "RELOAD_TEST_KEY", hide_env_values = true)]
        key: String,
        /// Has a default
        #[arg(long, env = "RELOAD_TEST_READS", default_value_t = 7, value_parser = integer(1..=100u32))]
        reads: u32,
        /// Has none
        #[arg(long, env = "RELOAD_TEST_PLACES", value_parser = integer(1..=100u32))]
        places: Option<u32>,
        /// Stays
        #[arg(long, env = "RELOAD_TEST_PORT", default_value_t = 1)]
        port: u16,
        #[command(flatten)]
        log: LogOptions,
    }

    impl Reloadable for Options {
        const LIMITS: &'static [Limit<Self>] = &[
            ("RELOAD_TEST_READS", |options| options.reads.to_string()),
            ("RELOAD_TEST_PLACES", |options| format!("{:?}", options.places)),
        ];

        fn log(&self) -> &LogOptions {
            &self.log
        }
    }

    fn options() -> Options {
        Options::parse_from(["service", "--key", "k", "--reads", "8", "--port", "2"])
    }

    fn over(text: &str) -> Result<Options, SettingsError> {
        text.parse::<Settings>()?.over(&options())
    }

    #[test]
    fn the_file_overrides_its_settings_only() {
        let changed = over("# limits\nRELOAD_TEST_READS = 9\n\nLOG=info,api=debug\n").unwrap();
        assert_eq!(
            (changed.reads, changed.places, changed.log.log.as_str()),
            (9, None, "info,api=debug")
        );
        assert_eq!((changed.port, changed.key.as_str()), (2, "k"));
        let changed = over("RELOAD_TEST_PLACES=3").unwrap();
        assert_eq!((changed.reads, changed.places, changed.log.log.as_str()), (8, Some(3), "info"));
        assert_eq!(names::<Options>(), ["RELOAD_TEST_READS", "RELOAD_TEST_PLACES", "LOG"]);
    }

    #[test]
    fn invalid_settings_are_named_in_one_sentence() {
        for (text, parts) in [
            ("LOG", ["line 1 is not", "NAME=VALUE"]),
            ("LOG=info\nLOG=off", ["LOG", "is set twice"]),
            ("RELOAD_TEST_READS=0", ["RELOAD_TEST_READS: invalid value '0'", "from 1 to 100"]),
            (
                "RELOAD_TEST_READS=8\nRELOAD_TEST_PLACES=x",
                ["RELOAD_TEST_PLACES: invalid value 'x'", "from 1 to 100"],
            ),
            ("RELOAD_TEST_READS=8\nLOG==bad=", ["LOG: ", "invalid log filter"]),
            (
                "RELOAD_TEST_PORT=1",
                [
                    "RELOAD_TEST_PORT is not reloadable",
                    "reloadable are RELOAD_TEST_READS, RELOAD_TEST_PLACES, LOG",
                ],
            ),
            ("NONSENSE=1", ["NONSENSE is not reloadable", "LOG"]),
        ] {
            let refusal = over(text).unwrap_err().to_string();
            assert!(parts.iter().all(|part| refusal.contains(part)), "{text}: {refusal}");
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }

    #[tokio::test]
    async fn an_unusable_file_is_rejected_at_startup() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings");
        let mut options = options();
        options.log.log = "off".into();
        options.log.reload_file = Some(file.clone());
        let error = begin(options.clone(), |_| ()).unwrap_err().to_string();
        assert!(
            error.contains("RELOAD_FILE") && error.contains(&file.display().to_string()),
            "{error}"
        );
        std::fs::write(&file, "RELOAD_TEST_READS=50").unwrap();
        assert_eq!(begin(options, |_| ()).unwrap().reads, 50);
    }

    #[test]
    fn all_listeners_get_new_values() {
        let (changes, heard) = (Changes::<u32>::default(), Arc::new(Mutex::new(Vec::new())));
        changes.tell(&1);
        for who in ["a", "b"] {
            let heard = Arc::clone(&heard);
            changes.clone().listen(move |value| heard.lock().push((who, *value)));
        }
        changes.tell(&2);
        assert_eq!(*heard.lock(), [("a", 2), ("b", 2)]);
    }
}
