//! The directory of a ladder: its parameters, members and games.
//! `ladder.json` holds parameters and members. `games.jsonl` gets both games of a meeting at once.
//! A killed process leaves at most a torn meeting, which is removed when the ladder resumes.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::MEETING;
use crate::arena::directory::{append, difference, open_games};
use crate::arena::record::Record;
use crate::tool::{Error, cannot_read, cannot_write, read_text, write_text};

/// A player of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Member {
    /// Name on the ladder.
    pub(super) name: String,
    /// Player, as in `--players`.
    pub(super) player: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    parameters: Value,
    members: Vec<Member>,
}

/// A ladder's directory, locked for this process.
#[derive(Debug)]
pub(super) struct Ladder {
    path: PathBuf,
    file: File,
    members: Vec<Member>,
    games: Vec<Record>,
}

impl Ladder {
    /// Opens or creates a ladder with these parameters, reads its games, and adds new players.
    pub(super) fn open(
        path: &Path,
        parameters: &Value,
        newcomers: Vec<Member>,
    ) -> Result<Ladder, Error> {
        let (file, text) = open_games(path)?;
        let games = read(&path.join("games.jsonl"), &text, &file)?;
        let mut ladder = Ladder { path: path.to_owned(), file, members: Vec::new(), games };
        let known = path.join("ladder.json");
        if known.exists() || !ladder.games.is_empty() {
            let document: Document = serde_json::from_str(&read_text(&known)?)
                .map_err(|error| cannot_read(&known, &error))?;
            if let Some(what) = difference("", &document.parameters, parameters) {
                let path = path.display();
                return Err(format!("{path} is a ladder with other parameters ({what})").into());
            }
            ladder.members = document.members;
        }
        for newcomer in newcomers {
            match ladder.members.iter().find(|member| member.name == newcomer.name) {
                Some(known) if known.player == newcomer.player => {}
                Some(known) => {
                    return Err(format!(
                        "{:?} is on the ladder already, as {:?}; use another name, as in other={}",
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
                "{}: {stranger:?} has games, but is not on the ladder",
                known.display()
            )
            .into());
        }
        let document = Document { parameters: parameters.clone(), members: ladder.members.clone() };
        write_text(&known, &serde_json::to_string_pretty(&document)?)?;
        Ok(ladder)
    }

    /// Players, oldest first.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    pub(super) fn games(&self) -> &[Record] {
        &self.games
    }

    /// Appends the games of a meeting.
    pub(super) fn append(&mut self, games: Vec<Record>, lines: &[String]) -> Result<(), Error> {
        append(&self.path, &mut self.file, &format!("{}\n", lines.join("\n")))?;
        self.games.extend(games);
        Ok(())
    }
}

/// Reads all whole meetings and truncates the file behind them.
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
        file.set_len(whole as u64).map_err(|error| cannot_write(path, &error))?;
    }
    Ok(games)
}
