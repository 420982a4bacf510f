//! Stored games: replays, and what programs did in them.

use std::fs;
use std::path::{Path, PathBuf};

use sector_sim::replay::{Header, Seat, Writer};
use sector_sim::{FactionId, Order, World};
use zstd::Encoder;

use crate::exec::Account;
use crate::tool::{Error, OutputFile, cannot_write, write_text};

/// Subdirectory of the arena's directory.
const DIRECTORY: &str = "games";
/// Compression level of zstd.
const LEVEL: i32 = 3;

/// Path of a game's replay.
pub(super) fn replay_path(arena: &Path, game: u64) -> PathBuf {
    arena.join(DIRECTORY).join(format!("{game:06}.replay"))
}

/// Games to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Replays {
    /// Games in which a program was at fault
    Faults,
    /// All games
    All,
    /// No games
    None,
}

/// Directory and selection of stored games.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    arena: PathBuf,
    replays: Replays,
}

impl Keep {
    /// Stores games in the directory of an arena. `None` if no games are to be stored.
    pub(crate) fn new(arena: &Path, replays: Replays) -> Option<Keep> {
        (replays != Replays::None).then(|| Keep { arena: arena.to_owned(), replays })
    }

    /// Whether games without programs are stored too.
    pub(crate) fn is_for_all(&self) -> bool {
        self.replays == Replays::All
    }

    /// Starts recording a game.
    pub(super) fn begin(
        &self,
        game: u64,
        world: &World,
        players: &[String],
    ) -> Result<Kept, Error> {
        let mut header = Header::of(&format!("arena-{game}"), world);
        for (seat, player) in players.iter().enumerate() {
            let Some(faction) = u8::try_from(seat).ok().and_then(FactionId::starter) else {
                continue;
            };
            header.seats.push(Seat {
                faction,
                player: player.clone(),
                personality: world.rules().personality(seat),
            });
        }
        let writer =
            Writer::new(&header, world).map_err(|error| format!("game {game}: {error}"))?;
        Ok(Kept {
            stem: replay_path(&self.arena, game).with_extension(""),
            replays: self.replays,
            writer,
        })
    }
}

/// A game being recorded.
#[derive(Debug)]
pub(super) struct Kept {
    stem: PathBuf,
    replays: Replays,
    writer: Writer,
}

impl Kept {
    /// Records a tick of the world, played with these orders.
    pub(super) fn tick(&mut self, world: &World, orders: &[Order]) -> Result<(), Error> {
        let written = self.writer.tick(world, orders);
        written.map_err(|error| format!("{}: {error}", self.stem.display()).into())
    }

    /// Writes `000012.replay`, and for each program `000012.F1.json` (faults, times, refused
    /// orders) and `000012.F1.stderr`. Writes nothing for games that are not to be stored.
    pub(super) fn finish(mut self, world: &World, accounts: &[Account]) -> Result<(), Error> {
        if self.replays == Replays::Faults
            && accounts.iter().all(|account| account.faults.is_empty())
        {
            return Ok(());
        }
        if let Some(directory) = self.stem.parent() {
            fs::create_dir_all(directory).map_err(|error| cannot_write(directory, &error))?;
        }
        self.writer.finish(world)?;
        let path = self.stem.with_extension("replay");
        let mut encoder = Encoder::new(OutputFile::create(&path)?, LEVEL)
            .map_err(|error| cannot_write(&path, &error))?;
        std::io::Write::write_all(&mut encoder, self.writer.bytes())
            .map_err(|error| cannot_write(&path, &error))?;
        encoder.finish().map_err(|error| cannot_write(&path, &error))?.finish()?;
        for account in accounts {
            let path = self.stem.with_extension(format!("{}.json", account.faction));
            write_text(&path, &serde_json::to_string(account)?)?;
            let path = self.stem.with_extension(format!("{}.stderr", account.faction));
            let mut file = OutputFile::create(&path)?;
            std::io::Write::write_all(&mut file, &account.stderr)
                .map_err(|error| cannot_write(&path, &error))?;
            file.finish()?;
        }
        Ok(())
    }
}
