//! The directory of an arena (`--out`): its parameters and its games so far.
//! `arena.json` holds the parameters. `games.jsonl` gets a line per game, in order, as soon as it
//! is played. A killed process leaves at most a torn last line, which is removed when the arena
//! resumes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::record::Record;
use super::table::{Fresh, Table};
use crate::tool::{Error, cannot_read, cannot_write, read_text, write_text};

/// File with the games.
const GAMES: &str = "games.jsonl";

/// An arena's directory, locked for this process.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    games: File,
}

impl Directory {
    /// Opens or creates the directory of an arena with these parameters, and reads its games.
    pub(crate) fn open(
        path: &Path,
        parameters: &Value,
        table: &Table,
        games: u64,
    ) -> Result<(Directory, Vec<Record>), Error> {
        let (file, text) = open_games(path)?;
        let directory = Directory { path: path.to_owned(), games: file };
        directory.same_parameters(parameters, !text.is_empty())?;
        let records = directory.read(&path.join(GAMES), &text, table)?;
        if records.len() as u64 > games {
            return Err(format!(
                "{} has {count} games already; use --games {count} or more, or another directory",
                path.display(),
                count = records.len()
            )
            .into());
        }
        Ok((directory, records))
    }

    fn same_parameters(&self, parameters: &Value, has_games: bool) -> Result<(), Error> {
        let path = self.path.join("arena.json");
        if !has_games && !path.exists() {
            return write_text(&path, &serde_json::to_string_pretty(parameters)?);
        }
        let known: Value =
            serde_json::from_str(&read_text(&path)?).map_err(|error| cannot_read(&path, &error))?;
        match difference("", &known, parameters) {
            None => Ok(()),
            Some(what) => Err(format!(
                "{} holds an arena with other parameters ({what}); use the same, or another directory",
                self.path.display()
            )
            .into()),
        }
    }

    fn read(&self, path: &Path, text: &[u8], table: &Table) -> Result<Vec<Record>, Error> {
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let mut records = Vec::new();
        for (index, line) in text[..whole].split_inclusive(|byte| *byte == b'\n').enumerate() {
            let fault = |what: &str| format!("{}, line {}: {what}", path.display(), index + 1);
            let record: Record =
                serde_json::from_slice(line).map_err(|error| fault(&error.to_string()))?;
            let expected = table
                .schedule
                .pairing(index as u64)
                .map(|pairing| (pairing.seed, pairing.rotation));
            // Games beyond the schedule come from a longer run; the caller checks their number.
            if record.game != index as u64
                || expected.is_some_and(|expected| expected != (record.seed, record.rotation))
                || record.places.len() != usize::from(table.size.factions)
                || record.players.len() != record.places.len()
                || record.value_per_mille.len() != record.places.len()
            {
                return Err(fault(&format!("is not game {index} of this arena")).into());
            }
            records.push(record);
        }
        // Don't mix games of builds that play differently: replay the last game and compare.
        if let Some(last) =
            records.last().filter(|last| table.schedule.pairing(last.game).is_some())
        {
            let mut fresh: Fresh = None;
            // A program can be late in one of the two games, so games with faults are not compared.
            let again = table.play(last.game, &mut fresh)?;
            if again != *last && again.faults.is_empty() && last.faults.is_empty() {
                return Err(format!(
                    "{}, line {}: this build plays the game differently; resume the arena with the build that started it",
                    path.display(),
                    records.len()
                )
                .into());
            }
        }
        if whole < text.len() {
            self.games.set_len(whole as u64).map_err(|error| cannot_write(path, &error))?;
        }
        Ok(records)
    }

    /// Appends the line of a game.
    pub(crate) fn append(&mut self, line: &str) -> Result<(), Error> {
        append(&self.path, &mut self.games, &format!("{line}\n"))
    }
}

/// Opens or creates the games file of a directory, locks it, and reads it.
pub(super) fn open_games(path: &Path) -> Result<(File, Vec<u8>), Error> {
    let cannot_write = |error: std::io::Error| cannot_write(path, &error);
    fs::create_dir_all(path).map_err(cannot_write)?;
    let games_path = path.join(GAMES);
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(&games_path)
        .map_err(cannot_write)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(format!("another arena is running in {}", path.display()).into());
        }
        Err(TryLockError::Error(error)) => return Err(cannot_write(error)),
    }
    let text = fs::read(&games_path).map_err(|error| cannot_read(&games_path, &error))?;
    Ok((file, text))
}

/// Appends whole lines to the games of a directory.
pub(super) fn append(path: &Path, games: &mut File, lines: &str) -> Result<(), Error> {
    games.write_all(lines.as_bytes()).map_err(|error| cannot_write(&path.join(GAMES), &error))
}

/// Describes the first difference between two values.
pub(super) fn difference(path: &str, known: &Value, asked: &Value) -> Option<String> {
    match (known, asked) {
        _ if known == asked => None,
        (Value::Object(left), Value::Object(right)) => {
            left.keys().chain(right.keys().filter(|key| !left.contains_key(*key))).find_map(|key| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let value = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or_default()
                };
                difference(&path, &value(left), &value(right))
            })
        }
        _ => Some(format!("{path} is {known}, not {asked}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_difference_is_named() {
        let known = json!({ "seed": 1, "rules": { "map": { "systems": 30 } } });
        assert_eq!(difference("", &known, &known), None);
        let asked = json!({ "seed": 1, "rules": { "map": { "systems": 31 } } });
        assert_eq!(difference("", &known, &asked).unwrap(), "rules.map.systems is 30, not 31");
        let asked = json!({ "seed": 1, "rules": { "map": { "systems": 30 } }, "new": true });
        assert_eq!(difference("", &known, &asked).unwrap(), "new is null, not true");
    }
}
