//! Options: one clap struct per service. Flags override environment variables, which override defaults.
//!
//! Invalid values and unknown flags exit with clap's message and status 2. Secrets are [`sector_auth::Secret`]s with
//! `hide_env_values = true`, so neither help nor `Debug` shows them. [`describe`] lists the options for the documentation.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, CommandFactory};

/// A duration in milliseconds. Parses from `300`, `300ms`, `5s` or `2m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Milliseconds(pub u64);

/// A duration in seconds. Parses from `300`, `300s` or `5m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(pub u64);

impl Milliseconds {
    /// As a [`Duration`].
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl Seconds {
    /// As a [`Duration`].
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl fmt::Display for Milliseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.duration()).fmt(formatter)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.duration()).fmt(formatter)
    }
}

/// Why a value of an option is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a duration in milliseconds.
    #[error("use an integer of milliseconds, or a unit: 300ms, 5s, 2m")]
    Milliseconds,
    /// Not a duration in seconds.
    #[error("use an integer of seconds, or a unit: 300s, 5m, 1h")]
    Seconds,
    /// Not `kind` within the range.
    #[error("must be {kind} from {least} to {most}")]
    Range {
        /// The kind of number, with its article.
        kind: &'static str,
        /// Minimum.
        least: String,
        /// Maximum.
        most: String,
    },
}

impl FromStr for Milliseconds {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let duration =
            duration(text, "ms").filter(|duration| duration.subsec_nanos() % 1_000_000 == 0);
        duration
            .and_then(|duration| u64::try_from(duration.as_millis()).ok())
            .map(Self)
            .ok_or(ValueError::Milliseconds)
    }
}

impl FromStr for Seconds {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let duration = duration(text, "s").filter(|duration| duration.subsec_nanos() == 0);
        duration.map(|duration| Self(duration.as_secs())).ok_or(ValueError::Seconds)
    }
}

/// A number without unit has `unit`.
fn duration(text: &str, unit: &str) -> Option<Duration> {
    let is_bare = text.bytes().all(|byte| byte.is_ascii_digit());
    humantime::parse_duration(&if is_bare { format!("{text}{unit}") } else { text.to_owned() }).ok()
}

/// The options `C` from `flags` and defaults alone; the environment is ignored.
///
/// # Errors
/// A required flag is missing, or a value is not allowed.
pub fn defaults<C: Args>(flags: &[&str]) -> Result<C, clap::Error> {
    let command = C::augment_args(Command::new("defaults").no_binary_name(true));
    let without_environment = command.mut_args(|argument| argument.env(Resettable::Reset));
    C::from_arg_matches(&without_environment.try_get_matches_from(flags)?)
}

/// One sentence for missing options and invalid values. Clap's other messages need several lines, such as a list of allowed
/// names.
pub(crate) fn sentence<C: CommandFactory>(error: &clap::Error) -> Option<String> {
    missing::<C>(error).or_else(|| bad_value::<C>(error))
}

/// The first line of clap's message.
pub(crate) fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    first.strip_prefix("error: ").unwrap_or(first).to_owned()
}

fn bad_value<C: CommandFactory>(error: &clap::Error) -> Option<String> {
    let is_of_value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
    if !is_of_value || error.get(ContextKind::ValidValue).is_some() {
        return None;
    }
    let mut command = C::command();
    // Arguments print their final form only after this.
    command.build();
    let about = error.get(ContextKind::InvalidArg).map(ToString::to_string).unwrap_or_default();
    let argument = command.get_arguments().find(|argument| argument.to_string() == about);
    let env = argument
        .and_then(|argument| argument.get_env())
        .map(|env| env.to_string_lossy().into_owned());
    let line = match env {
        Some(env) => {
            first_line(error).replacen(&format!("'{about}'"), &format!("'{about}' ({env})"), 1)
        }
        None => first_line(error),
    };
    Some(format!("{}: {line}", command.get_name()))
}

fn missing<C: CommandFactory>(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::MissingRequiredArgument {
        return None;
    }
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let command = C::command();
    let described = names.iter().map(|name| {
        let flag = name.split_whitespace().next().unwrap_or(name);
        let argument =
            command.get_arguments().find(|argument| argument.get_long() == flag.strip_prefix("--"));
        let env = argument
            .and_then(|argument| argument.get_env())
            .map(|env| env.to_string_lossy().into_owned());
        let help = argument
            .and_then(|argument| argument.get_help())
            .map(ToString::to_string)
            .unwrap_or_default();
        match env {
            Some(env) => format!("set {env} (or {flag}): {help}"),
            None => format!("set {flag}: {help}"),
        }
    });
    Some(format!(
        "{}: missing setting: {}",
        command.get_name(),
        described.collect::<Vec<_>>().join("; ")
    ))
}

/// A clap value parser for [`Milliseconds`] within a range of milliseconds.
pub fn milliseconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Milliseconds, ValueError> + Clone + Send + Sync {
    move |text| {
        within(
            "a duration",
            text.parse()?,
            Milliseconds(*range.start()),
            Milliseconds(*range.end()),
        )
    }
}

/// A clap value parser for [`Seconds`] within a range of seconds.
pub fn seconds(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<Seconds, ValueError> + Clone + Send + Sync {
    move |text| within("a duration", text.parse()?, Seconds(*range.start()), Seconds(*range.end()))
}

/// A clap value parser for any integer type within a range.
pub fn integer<T>(
    range: RangeInclusive<T>,
) -> impl Fn(&str) -> Result<T, ValueError> + Clone + Send + Sync
where
    T: FromStr + PartialOrd + fmt::Display + Clone + Send + Sync,
{
    move |text| match text.parse() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(out_of_range("an integer", range.start(), range.end())),
    }
}

fn within<T: PartialOrd + fmt::Display>(
    kind: &'static str,
    value: T,
    least: T,
    most: T,
) -> Result<T, ValueError> {
    if (&least..=&most).contains(&&value) {
        Ok(value)
    } else {
        Err(out_of_range(kind, least, most))
    }
}

/// The error for a number or duration out of range.
pub(crate) fn out_of_range(
    kind: &'static str,
    least: impl fmt::Display,
    most: impl fmt::Display,
) -> ValueError {
    ValueError::Range { kind, least: least.to_string(), most: most.to_string() }
}

/// One option of a service, for the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionDoc {
    /// Flag with its dashes; empty for an option of the environment only.
    pub flag: String,
    /// Environment variable; empty if there is none.
    pub env: String,
    /// Default value as typed; empty if there is none.
    pub default: String,
    /// Help text.
    pub help: String,
    /// Whether the option can change while the service runs.
    pub is_reloadable: bool,
}

/// All options that are not hidden, in the order of the struct. `reloadable` lists the variables of those that can change at
/// run time.
#[must_use]
pub fn describe(command: &Command, reloadable: &[&str]) -> Vec<OptionDoc> {
    command
        .get_arguments()
        .filter(|argument| {
            !argument.is_hide_set() && !matches!(argument.get_id().as_str(), "help" | "version")
        })
        .map(|argument| OptionDoc {
            flag: argument.get_long().map(|long| format!("--{long}")).unwrap_or_default(),
            env: argument
                .get_env()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
            default: argument
                .get_default_values()
                .iter()
                .map(|value| value.to_string_lossy())
                .collect::<Vec<_>>()
                .join(" "),
            help: argument.get_help().map(ToString::to_string).unwrap_or_default(),
            is_reloadable: argument
                .get_env()
                .is_some_and(|name| reloadable.iter().any(|reloadable| name == *reloadable)),
        })
        .filter(|option| !(option.flag.is_empty() && option.env.is_empty()))
        .collect()
}

/// Options as a Markdown table.
#[must_use]
pub fn markdown_table(options: &[OptionDoc]) -> String {
    let code = |text: &str| {
        if text.is_empty() { String::new() } else { format!("`{text}`") }
    };
    let mut table =
        String::from("| Flag | Environment | Default | Meaning |\n| --- | --- | --- | --- |\n");
    for option in options {
        let help = option.help.replace('|', "\\|").replace('\n', " ");
        let mark = if option.is_reloadable { " (reloadable)" } else { "" };
        table.push_str(&format!(
            "| {} | {} | {} | {help}{mark} |\n",
            code(&option.flag),
            code(&option.env),
            code(&option.default)
        ));
    }
    table
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use sector_auth::Secret;

    use super::*;

    /// A service for the tests.
    #[derive(Debug, Parser)]
    struct Options {
        /// Port to listen on
        #[arg(long, env = "SERVICE_TEST_PORT", default_value_t = 8000)]
        port: u16,
        /// Time between ticks
        #[arg(long, env = "SERVICE_TEST_TICK_MS", default_value = "300ms", value_parser = milliseconds(10..=60_000))]
        tick_ms: Milliseconds,
        /// Number of | factions
        #[arg(long, default_value = "5", value_parser = integer(2..=64u32))]
        factions: u32,
        /// Lifetime of a token
        #[arg(long, default_value = "1h", value_parser = seconds(60..=86_400))]
        ttl: Seconds,
        /// Shared token
        #[arg(long, env = "SERVICE_TEST_TOKEN", hide_env_values = true)]
        token: Option<Secret>,
        /// Previous tokens
        #[arg(long, env = "SERVICE_TEST_EARLIER", hide_env_values = true, value_delimiter = ',')]
        earlier: Vec<Secret>,
        #[command(flatten)]
        log: crate::telemetry::LogOptions,
    }

    fn refusal(arguments: &[&str]) -> String {
        let error = Options::try_parse_from([&["service"], arguments].concat()).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        error.to_string()
    }

    #[test]
    fn durations_have_units() {
        for (text, ms) in
            [("300", 300), ("300ms", 300), ("1.5s", 1_500), ("5s", 5_000), ("2m", 120_000)]
        {
            assert_eq!(text.parse::<Milliseconds>().unwrap().0, ms, "{text}");
        }
        for (text, s) in [("300", 300), ("300s", 300), ("5m", 300), ("2h", 7_200)] {
            assert_eq!(text.parse::<Seconds>().unwrap().0, s, "{text}");
        }
        for text in [
            "",
            "ms",
            "s",
            "-1",
            "+1",
            "5x",
            "1us",
            "99999999999999999999",
            "18446744073709551615s",
        ] {
            assert!(text.parse::<Milliseconds>().is_err(), "{text}");
        }
        for text in ["300ms", "1.5s"] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn flags_override_defaults() {
        let options = Options::try_parse_from(["service", "--tick-ms", "1s"]).unwrap();
        assert_eq!(
            (options.port, options.tick_ms, options.factions, options.ttl),
            (8000, Milliseconds(1_000), 5, Seconds(3_600))
        );
        assert_eq!(options.tick_ms.duration(), Duration::from_secs(1));
        assert_eq!(options.log.log, "info");
    }

    #[test]
    fn invalid_values_and_unknown_flags_are_named() {
        let text = refusal(&["--port", "70000"]);
        assert!(
            text.contains("--port") && text.contains("70000") && text.contains("65535"),
            "{text}"
        );
        let text = refusal(&["--tick-ms", "5ms"]);
        assert!(text.contains("--tick-ms") && text.contains("10ms to 1m"), "{text}");
        let text = refusal(&["--factions", "65"]);
        assert!(text.contains("from 2 to 64"), "{text}");
        assert!(refusal(&["--prot", "1"]).contains("--prot"));
    }

    #[test]
    fn a_missing_option_is_named_with_its_variable() {
        #[derive(Debug, Parser)]
        #[command(name = "service")]
        struct Strict {
            /// Secret that signs tokens
            #[arg(long, env = "SERVICE_TEST_SECRET", hide_env_values = true)]
            secret: Secret,
        }
        let error = Strict::try_parse_from(["service"]).unwrap_err();
        let sentence = "service: missing setting: set SERVICE_TEST_SECRET (or --secret): Secret that signs tokens";
        assert_eq!(missing::<Strict>(&error).as_deref(), Some(sentence));
        let error = Strict::try_parse_from(["service", "--nonsense"]).unwrap_err();
        assert_eq!(missing::<Strict>(&error), None);
    }

    #[test]
    fn an_invalid_value_is_one_sentence_with_its_variable() {
        let message = |arguments: &[&str]| {
            let error = Options::try_parse_from([&["service"], arguments].concat()).unwrap_err();
            sentence::<Options>(&error)
        };
        let text = message(&["--tick-ms", "5ms"]).unwrap();
        assert!(
            text.ends_with(
                "'--tick-ms <TICK_MS>' (SERVICE_TEST_TICK_MS): must be a duration from 10ms to 1m"
            ),
            "{text}"
        );
        let text = message(&["--factions", "65"]).unwrap();
        assert!(
            text.ends_with("'--factions <FACTIONS>': must be an integer from 2 to 64"),
            "{text}"
        );
        assert!(
            [text.as_str(), &message(&["--token", ""]).unwrap()]
                .iter()
                .all(|text| text.lines().count() == 1)
        );
        // Lists of allowed names keep their lines.
        assert_eq!((message(&["--log-format", "xml"]), message(&["--prot", "1"])), (None, None));
    }

    #[test]
    fn secrets_are_never_shown() {
        let options = Options::try_parse_from(["service", "--token", "hunter2"]).unwrap();
        assert_eq!(options.token.as_ref().map(Secret::expose), Some("hunter2"));
        assert!(!format!("{options:?}").contains("hunter2"));
        assert!(refusal(&["--token", ""]).contains("must not be empty"));
    }

    #[test]
    fn the_description_is_complete() {
        let options = describe(&Options::command(), &["SERVICE_TEST_PORT"]);
        let names: Vec<&str> = options.iter().map(|option| option.flag.as_str()).collect();
        assert_eq!(
            names,
            [
                "--port",
                "--tick-ms",
                "--factions",
                "--ttl",
                "--token",
                "--earlier",
                "--log",
                "--log-format",
                "--reload-file"
            ]
        );
        let table = markdown_table(&options);
        assert!(
            table.contains(
                "| `--port` | `SERVICE_TEST_PORT` | `8000` | Port to listen on (reloadable) |"
            ),
            "{table}"
        );
        assert!(table.contains("Number of \\| factions"), "{table}");
        assert!(
            table.contains("| `--token` | `SERVICE_TEST_TOKEN` |  | Shared token |"),
            "{table}"
        );
    }
}
