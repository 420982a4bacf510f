//! Programs that play, and their limits.

use std::path::{Path, PathBuf};

use clap::Args;
use process_kit::config::integer;
use serde::Serialize;

use crate::tool::Error;

/// Prefix of players that are programs.
pub(crate) const PREFIX: &str = "exec:";

/// Limits of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Args)]
#[group(skip)]
pub(crate) struct Limits {
    /// Time limit of a program per answer, in milliseconds; 5 s more for the first of a game
    #[arg(long, default_value_t = 1_000, value_name = "MS", value_parser = integer(1..=600_000u64))]
    pub(crate) turn_ms: u64,
    /// Memory limit of a program (address space), in MiB
    #[arg(long, default_value_t = 1_024, value_name = "MIB", value_parser = integer(16..=1_048_576u64))]
    pub(crate) memory_mb: u64,
}

/// A program that plays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    /// The program and its arguments.
    words: Vec<String>,
}

impl Program {
    /// Parses `exec:./my-bot --with "some words"`. The program must exist.
    pub(crate) fn parse(text: &str) -> Result<Program, Error> {
        let refused = |what: String| -> Error { format!("player {text:?}: {what}").into() };
        let command = text.strip_prefix(PREFIX).unwrap_or(text);
        let words = words(command).map_err(|what| refused(what.to_owned()))?;
        let Some(program) = words.first() else {
            return Err(refused("name a program after exec:, such as exec:./my-bot".to_owned()));
        };
        match find(program) {
            Some(_) => Ok(Program { words }),
            None if program.contains('/') => Err(refused(format!("there is no program {program}"))),
            None => Err(refused(format!(
                "there is no program {program} in PATH; use ./{program} for one in this directory"
            ))),
        }
    }

    /// The program and its arguments.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }
}

/// Finds the executable file.
fn find(program: &str) -> Option<PathBuf> {
    let runs = |path: &Path| {
        use std::os::unix::fs::PermissionsExt;
        path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    };
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| runs(path));
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|path| runs(path))
}

/// Splits a command at white space, outside single and double quotes.
fn words(command: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in command.chars() {
        match quote {
            Some(open) if letter == open => quote = None,
            Some(_) => word.get_or_insert_default().push(letter),
            None if letter == '"' || letter == '\'' => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            None if letter.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("a quote is not closed") } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_split_at_blanks_outside_of_quotes() {
        let split = |text| words(text).unwrap();
        assert_eq!(split("./my-bot  stdio "), ["./my-bot", "stdio"]);
        assert_eq!(
            split("python3 'my bot.py' \"\" a'b c'd"),
            ["python3", "my bot.py", "", "ab cd"]
        );
        assert!(split(" ").is_empty());
        assert!(words("it's").is_err());
    }

    #[test]
    fn programs_that_are_not_there_are_named() {
        assert_eq!(Program::parse("exec:sh -c true").unwrap().words(), ["sh", "-c", "true"]);
        for (text, told) in [
            ("exec:", "name a program after exec:"),
            ("exec:./no-such-bot stdio", "there is no program ./no-such-bot"),
            ("exec:no-such-bot", "in PATH; use ./no-such-bot"),
            ("exec:/etc/passwd", "there is no program /etc/passwd"),
            ("exec:./a 'b", "a quote is not closed"),
        ] {
            let error = Program::parse(text).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains(text), "{error}");
        }
    }
}
