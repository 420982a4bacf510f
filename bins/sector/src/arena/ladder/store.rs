//! The directory of a ladder: what it is, who is on it, and all games.
//!
//! `ladder.json` says by which rules it is played and who plays; `games.jsonl` gets the two games of a meeting at once. A
//! process that is killed leaves at most a torn meeting, which is cut off when the ladder goes on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MEETING;
use crate::arena::directory::{append, difference, open_games};
use crate::arena::record::Record;
use crate::output::{Error, OutputFile};

/// A player of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// The name it is known by.
    pub(super) name: String,
    /// What it is, as the arena takes it.
    pub(super) player: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    parameters: Value,
    members: Vec<Member>,
}

/// A ladder's directory, open for one process.
#[derive(Debug)]
pub(super) struct Ladder {
    path: PathBuf,
    file: File,
    members: Vec<Member>,
    games: Vec<Record>,
}

impl Ladder {
    /// Opens or makes a ladder with these parameters, adds the players that are not on it, and reads its games.
    pub(super) fn open(
        path: &Path,
        parameters: &Value,
        newcomers: Vec<Member>,
    ) -> Result<Ladder, Error> {
        let (file, text) = open_games(path)?;
        let games = read(&path.join("games.jsonl"), &text, &file)?;
        let mut ladder = Ladder { path: path.to_owned(), file, members: Vec::new(), games };
        let known = path.join("ladder.json");
        match fs::read_to_string(&known) {
            Ok(text) => {
                let cannot = |error| format!("{} cannot be read: {error}", known.display());
                let document: Document = serde_json::from_str(&text).map_err(cannot)?;
                if let Some(what) = difference("", &document.parameters, parameters) {
                    return Err(format!(
                        "{} is a ladder with other parameters ({what})",
                        path.display()
                    )
                    .into());
                }
                ladder.members = document.members;
            }
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound && ladder.games.is_empty() => {}
            Err(error) => return Err(format!("{} cannot be read: {error}", known.display()).into()),
        }
        for newcomer in newcomers {
            match ladder.members.iter().find(|member| member.name == newcomer.name) {
                Some(known) if known.player == newcomer.player => {}
                Some(known) => {
                    return Err(format!(
                        "{:?} is on the ladder already, as {:?}; give this one another name, as in other={}",
                        newcomer.name, known.player, newcomer.player
                    )
                    .into());
                }
                None => ladder.members.push(newcomer),
            }
        }
        let strangers = ladder.games.iter().flat_map(|game| &game.players);
        let is_stranger =
            |name: &&String| !ladder.members.iter().any(|member| member.name == **name);
        if let Some(stranger) = strangers.into_iter().find(is_stranger) {
            return Err(format!(
                "{}: {stranger:?} has played, but is not on the ladder",
                known.display()
            )
            .into());
        }
        let document = Document { parameters: parameters.clone(), members: ladder.members.clone() };
        ladder.write("ladder.json", &serde_json::to_string_pretty(&document)?)?;
        Ok(ladder)
    }

    /// Who is on it, in the order in which they came.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    /// All games.
    pub(super) fn games(&self) -> &[Record] {
        &self.games
    }

    /// Appends a meeting.
    pub(super) fn append(&mut self, games: Vec<Record>, lines: &[String]) -> Result<(), Error> {
        append(&self.path, &mut self.file, &format!("{}\n", lines.join("\n")))?;
        self.games.extend(games);
        Ok(())
    }

    /// Writes a whole file into the directory.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.path.join(name);
        let mut file = OutputFile::create(&path)?;
        file.line(text)?;
        file.finish()
    }
}

/// Reads whole meetings, and cuts off what is behind them.
fn read(path: &Path, text: &[u8], file: &File) -> Result<Vec<Record>, Error> {
    let (mut games, mut whole, mut bytes) = (Vec::new(), 0, 0);
    for (index, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
        if line.last() != Some(&b'\n') {
            break;
        }
        let fault = |what: String| format!("{}, line {}: {what}", path.display(), index + 1);
        let record: Record =
            serde_json::from_slice(line).map_err(|error| fault(error.to_string()))?;
        if record.game != index as u64 || record.players.len() != 2 || record.places.len() != 2 {
            return Err(fault(format!("is not game {index} of a ladder")).into());
        }
        games.push(record);
        bytes += line.len();
        if games.len().is_multiple_of(MEETING) {
            whole = bytes;
        }
    }
    games.truncate(games.len() / MEETING * MEETING);
    if whole < text.len() {
        file.set_len(whole as u64)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    }
    Ok(games)
}
