//! `sector bot run`: plays a bot in a running sector.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use clap::Args;
use sector_client::program;
use sector_client::stdio::Seat;
use sector_sim::{FactionId, Strategy};

use super::build::{Ready, Which};
use crate::exec::{Chair, Limits, Process};
use crate::tool::Error;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// URL of the sector's API
    #[arg(long, default_value = "http://127.0.0.1:8000", value_name = "URL")]
    url: String,
    /// Faction to play, such as F1 [default: the one held, else the first free one]
    #[arg(long)]
    faction: Option<FactionId>,
    /// File with the player's key, to come back as the same player; created if missing [default: a
    /// new guest]. SECTOR_BOT_KEY can hold a key that a player issued for the bot
    #[arg(long, value_name = "FILE")]
    key: Option<OsString>,
    /// Memory limit of a command (address space), in MiB
    #[arg(long, default_value_t = 1_024, value_name = "MIB", value_parser = process_kit::config::integer(16..=1_048_576u64))]
    memory_mb: u64,
}

pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let mut arguments: Vec<OsString> = vec!["live".into(), options.url.clone().into()];
    if let Some(faction) = options.faction {
        arguments.extend(["--faction".into(), faction.to_string().into()]);
    }
    if let Some(key) = &options.key {
        arguments.extend(["--key".into(), key.clone()]);
    }
    let command = match options.which.build()? {
        Ready::Crate { program, .. } => {
            let error = Command::new(&program).args(arguments).exec();
            return Err(format!("cannot run {}: {error}", program.display()).into());
        }
        Ready::Command(command) => command,
    };
    let memory_mb = options.memory_mb;
    let seating = |seat: &Seat| -> Box<dyn Strategy> {
        // An answer that takes longer than a tick would miss the next one too.
        let limits = Limits { turn_ms: seat.budget_ms.max(1), memory_mb };
        Box::new(Chair::new(Process::new(
            &command,
            limits,
            "bot",
            (seat.faction, seat.personality.clone()),
        )))
    };
    match program::run("sector bot run", arguments, seating) {
        code if code == ExitCode::SUCCESS => Ok(()),
        // The error has been printed.
        _ => std::process::exit(1),
    }
}
