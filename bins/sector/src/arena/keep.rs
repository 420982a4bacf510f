//! What is kept of games besides their results: replays, and what programs did in them.

use std::fs;
use std::path::{Path, PathBuf};

use sector_sim::replay::{Header, Seat, Writer};
use sector_sim::{FactionId, Order, World};
use zstd::Encoder;

use crate::exec::Account;
use crate::output::{Error, OutputFile, cannot_write};

/// The directory within that of the arena.
const DIRECTORY: &str = "games";
/// How hard replays are compressed.
const LEVEL: i32 = 3;

/// The replay of a game in the directory of an arena.
pub(super) fn replay_path(arena: &Path, game: u64) -> PathBuf {
    arena.join(DIRECTORY).join(format!("{game:06}.replay"))
}

/// Of which games.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Replays {
    /// Those in which a program was at fault
    Faults,
    /// All
    All,
    /// None
    None,
}

/// Where things are kept, and of which games.
#[derive(Clone, Debug)]
pub(crate) struct Keep {
    arena: PathBuf,
    replays: Replays,
}

impl Keep {
    /// Keeps things in the directory of an arena; nothing, if that is wanted.
    pub(crate) fn new(arena: &Path, replays: Replays) -> Option<Keep> {
        (replays != Replays::None).then(|| Keep { arena: arena.to_owned(), replays })
    }

    /// Whether games without programs are kept too.
    pub(crate) fn is_for_all(&self) -> bool {
        self.replays == Replays::All
    }

    /// Begins to record a game.
    pub(super) fn begin(
        &self,
        game: u64,
        world: &World,
        players: &[String],
    ) -> Result<Kept, String> {
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

/// A game that is being recorded.
#[derive(Debug)]
pub(super) struct Kept {
    stem: PathBuf,
    replays: Replays,
    writer: Writer,
}

impl Kept {
    /// Adds the tick that the world has just passed with these orders.
    pub(super) fn tick(&mut self, world: &World, orders: &[Order]) -> Result<(), String> {
        self.writer.tick(world, orders).map_err(|error| format!("{}: {error}", self.stem.display()))
    }

    /// Writes what is to be kept: `000012.replay`, and for each program `000012.F1.json` (faults, times, refused orders)
    /// and `000012.F1.stderr`.
    pub(super) fn finish(mut self, world: &World, accounts: &[Account]) -> Result<(), String> {
        if self.replays == Replays::Faults
            && accounts.iter().all(|account| account.faults.is_empty())
        {
            return Ok(());
        }
        self.write(world, accounts).map_err(|error| error.to_string())
    }

    fn write(&mut self, world: &World, accounts: &[Account]) -> Result<(), Error> {
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
            let mut file = OutputFile::create(&path)?;
            file.line(&serde_json::to_string(account)?)?;
            file.finish()?;
            let path = self.stem.with_extension(format!("{}.stderr", account.faction));
            let mut file = OutputFile::create(&path)?;
            std::io::Write::write_all(&mut file, &account.stderr)
                .map_err(|error| cannot_write(&path, &error))?;
            file.finish()?;
        }
        Ok(())
    }
}
