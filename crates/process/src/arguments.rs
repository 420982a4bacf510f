//! Parses the options of a process: `healthcheck`, secrets from files, then clap.
//!
//! Every secret (an option with `hide_env_values` and an environment variable) can also be read
//! from a file named by the variable with the suffix `_FILE`:
//! `JWT_SECRET_FILE=/run/secrets/jwt_secret`. Its first non-empty line is the secret, which then
//! appears in neither the environment nor the command line. Errors name the option of a secret,
//! never its value.
//!
//! With subcommands, the options of the called one count.

use std::ffi::OsString;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, Parser};

use crate::file::{self, FileError};
use crate::{config, healthcheck};

/// Largest secret file, in bytes.
const FILE_BYTES_MAX: u64 = 16 << 10;
/// Shown instead of a rejected secret.
const HIDDEN: &str = "…";

/// The options of this process. With `healthcheck` as the first argument, checks a running service
/// instead and exits with the result.
#[must_use]
pub fn parse<O: Parser>() -> O {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "healthcheck") {
        healthcheck::end(arguments.get(2..).unwrap_or_default());
    }
    read(arguments, &|name| std::env::var_os(name)).unwrap_or_else(|error| {
        match config::sentence::<O>(&error) {
            // One sentence with the variable, instead of clap's usage.
            Some(sentence) => {
                eprintln!("{sentence}");
                std::process::exit(error.exit_code())
            }
            None => error.exit(),
        }
    })
}

/// Options from arguments, the environment, and secret files.
fn read<O: Parser>(
    mut arguments: Vec<OsString>,
    environment: &dyn Fn(&str) -> Option<OsString>,
) -> Result<O, clap::Error> {
    let mut command = O::command();
    // Arguments print their final form only after this.
    command.build();
    let (command, own) = called(&command, &arguments);
    let secrets = secrets(command);
    for secret in &secrets {
        let Some(file) = secret.file.as_deref() else { continue };
        let Some(path) = environment(file).filter(|path| !path.is_empty()) else { continue };
        let refused = |text: String| O::command().error(ErrorKind::InvalidValue, text);
        if environment(&secret.variable).is_some() {
            return Err(refused(format!("set {} or {file}, not both", secret.variable)));
        }
        let decides =
            |argument: &OsString| secret.decided_by.iter().any(|flag| is_flag(argument, flag));
        if !arguments.iter().any(decides) {
            let path = Path::new(&path);
            let value = first_line(path)
                .map_err(|error| refused(format!("{file}: {}: {error}", path.display())))?;
            arguments.insert(own.min(arguments.len()), format!("{}={value}", secret.flag).into());
        }
    }
    O::try_parse_from(arguments).map_err(|error| hide(error, &secrets))
}

/// The called subcommand, and the index of its first argument.
fn called<'a>(mut command: &'a Command, arguments: &[OsString]) -> (&'a Command, usize) {
    let mut own = 1;
    while let Some(subcommand) = arguments.get(own).and_then(|name| command.find_subcommand(name)) {
        (command, own) = (subcommand, own + 1);
    }
    (command, own)
}

/// Whether an argument is this flag, with or without a value.
fn is_flag(argument: &OsString, flag: &str) -> bool {
    let argument = argument.to_string_lossy();
    argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// An option with a secret value.
struct SecretOption {
    /// As clap shows the option in errors.
    shown: String,
    flag: String,
    variable: String,
    /// Flags that override the file: the option's own, and those that conflict with it.
    decided_by: Vec<String>,
    /// Variable that names the file; none if another option uses that name.
    file: Option<String>,
}

fn secrets(command: &Command) -> Vec<SecretOption> {
    let variable =
        |argument: &Arg| argument.get_env().map(|name| name.to_string_lossy().into_owned());
    let known: Vec<String> = command.get_arguments().filter_map(variable).collect();
    let secret = |argument: &Arg| {
        let variable = variable(argument).filter(|_| argument.is_hide_env_values_set())?;
        let file = format!("{variable}_FILE");
        let flag = |argument: &Arg| argument.get_long().map(|long| format!("--{long}"));
        // Conflicts may be declared on either side.
        let names = |one: &Arg, other: &Arg| command.get_arg_conflicts_with(one).contains(&other);
        let others = command
            .get_arguments()
            .filter(|other| names(argument, other) || names(other, argument));
        Some(SecretOption {
            shown: argument.to_string(),
            flag: flag(argument)?,
            decided_by: others.chain([argument]).filter_map(flag).collect(),
            file: (!known.contains(&file)).then_some(file),
            variable,
        })
    };
    command.get_arguments().filter_map(secret).collect()
}

/// Why a file has no secret.
#[derive(Debug, thiserror::Error)]
enum SecretFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the file is empty; write the secret into it")]
    Empty,
}

fn first_line(path: &Path) -> Result<String, SecretFileError> {
    let text = file::read(path, FILE_BYTES_MAX)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.map(str::to_owned).ok_or(SecretFileError::Empty)
}

/// The same error without the secret.
fn hide(mut error: clap::Error, secrets: &[SecretOption]) -> clap::Error {
    let about = error.get(ContextKind::InvalidArg).map(ToString::to_string);
    if about.is_some_and(|about| secrets.iter().any(|secret| secret.shown == about)) {
        error.insert(ContextKind::InvalidValue, ContextValue::String(HIDDEN.to_owned()));
    }
    error
}

#[cfg(test)]
mod tests {
    use sector_auth::Secret;

    use super::*;

    /// A service for the tests.
    #[derive(Debug, Parser)]
    struct Options {
        /// Signing key
        #[arg(long, env = "ARGUMENTS_TEST_KEY", hide_env_values = true, value_parser = long_enough)]
        key: Secret,
        /// Previous keys
        #[arg(long, env = "ARGUMENTS_TEST_OLD", hide_env_values = true, value_delimiter = ',')]
        old: Vec<Secret>,
        /// Shared token
        #[arg(long, env = "ARGUMENTS_TEST_TOKEN", hide_env_values = true)]
        token: Option<Secret>,
        /// A file with the token
        #[arg(long, env = "ARGUMENTS_TEST_TOKEN_FILE")]
        token_file: Option<String>,
    }

    fn long_enough(text: &str) -> Result<Secret, String> {
        if text.len() < 8 {
            Err(format!("it has {} bytes", text.len()))
        } else {
            Secret::new(text).map_err(|error| error.to_string())
        }
    }

    fn parsed(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Options, String> {
        let arguments = std::iter::once("service")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect();
        let variable = |name: &str| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into())
        };
        read(arguments, &variable).map_err(|error| {
            assert_eq!(error.exit_code(), 2);
            error.to_string()
        })
    }

    #[test]
    fn secrets_are_read_from_files() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let key = write("key", "\n --first line-- \nsecond line\n");
        let old = write("old", "one,two\n");
        let from_files =
            [("ARGUMENTS_TEST_KEY_FILE", key.as_str()), ("ARGUMENTS_TEST_OLD_FILE", &old)];
        let options = parsed(&[], &from_files).unwrap();
        assert_eq!(
            (options.key.expose(), options.old.len(), options.old[1].expose()),
            ("--first line--", 2, "two")
        );
        // A flag overrides the file, which is then not read.
        let nowhere = [("ARGUMENTS_TEST_KEY_FILE", "/nowhere/key")];
        for arguments in [["--key", "of the flag"].as_slice(), &["--key=of the flag"]] {
            assert_eq!(parsed(arguments, &nowhere).unwrap().key.expose(), "of the flag");
        }
        // An empty variable names no file.
        assert!(parsed(&[], &[("ARGUMENTS_TEST_KEY_FILE", "")]).unwrap_err().contains("--key"));
        // Another option with that name keeps its meaning.
        let options = parsed(
            &["--key", "long enough", "--token-file", "x"],
            &[("ARGUMENTS_TEST_TOKEN_FILE", &key)],
        );
        let options = options.unwrap();
        assert_eq!((options.token.is_none(), options.token_file.as_deref()), (true, Some("x")));
    }

    /// A program with subcommands.
    #[derive(Debug, Parser)]
    enum Tool {
        Look {
            #[arg(
                long,
                env = "ARGUMENTS_TEST_URL",
                hide_env_values = true,
                required_unless_present = "folder"
            )]
            url: Option<Secret>,
            #[arg(long, conflicts_with = "url")]
            folder: Option<String>,
        },
        Sleep,
    }

    #[test]
    fn subcommands_have_their_own_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("url");
        std::fs::write(&path, "hunter2").unwrap();
        let variable =
            |name: &str| (name == "ARGUMENTS_TEST_URL_FILE").then(|| path.clone().into_os_string());
        let tool = |arguments: &[&str]| {
            let all = std::iter::once("tool")
                .chain(arguments.iter().copied())
                .map(OsString::from)
                .collect();
            read::<Tool>(all, &variable).unwrap()
        };
        let Tool::Look { url: Some(url), folder: None } = tool(&["look"]) else { panic!("no url") };
        assert_eq!(url.expose(), "hunter2");
        // A conflicting flag overrides the file.
        assert!(matches!(tool(&["look", "--folder=x"]), Tool::Look { url: None, folder: Some(_) }));
        assert!(matches!(tool(&["sleep"]), Tool::Sleep));
    }

    #[test]
    fn unusable_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let (empty, long) = (path("empty", " \n\n"), path("long", &"x".repeat(16 * 1024 + 1)));
        for (file, why) in
            [("/nowhere/key", "No such file"), (&empty, "is empty"), (&long, "16385 bytes")]
        {
            let text = parsed(&[], &[("ARGUMENTS_TEST_KEY_FILE", file)]).unwrap_err();
            assert!(
                text.contains("ARGUMENTS_TEST_KEY_FILE")
                    && text.contains(file)
                    && text.contains(why),
                "{text}"
            );
        }
        let both =
            [("ARGUMENTS_TEST_KEY", "long enough"), ("ARGUMENTS_TEST_KEY_FILE", empty.as_str())];
        let text = parsed(&[], &both).unwrap_err();
        assert!(text.contains("ARGUMENTS_TEST_KEY or ARGUMENTS_TEST_KEY_FILE, not both"), "{text}");
    }

    #[test]
    fn a_refused_secret_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "hunter2").unwrap();
        let from_file =
            parsed(&[], &[("ARGUMENTS_TEST_KEY_FILE", path.to_str().unwrap())]).unwrap_err();
        for text in [from_file, parsed(&["--key", "hunter2"], &[]).unwrap_err()] {
            assert!(
                text.contains("--key")
                    && text.contains("it has 7 bytes")
                    && !text.contains("hunter2"),
                "{text}"
            );
        }
        // Other values are shown.
        let text = parsed(&["--key", "long enough", "--no-such-thing"], &[]).unwrap_err();
        assert!(text.contains("--no-such-thing"), "{text}");
    }
}
