//! `sector replay`: recorded runs.

use std::path::PathBuf;
use std::time::Instant;

use clap::Subcommand;
use sector_sim::{Cause, verify};

use crate::output::{Error, say};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play a replay again and compare every digest
    Verify {
        /// The replay
        file: PathBuf,
    },
}

pub(crate) fn replay(command: &Command) -> Result<(), Error> {
    let Command::Verify { file } = command;
    let bytes = std::fs::read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let started = Instant::now();
    let verified = verify(&bytes).map_err(|error| format!("{}: {error}", file.display()))?;
    let ticks_per_second = (verified.ticks as f64 / started.elapsed().as_secs_f64().max(1e-9)) as u64;
    let mut text = format!(
        "verified  {} ticks with {} orders, at {ticks_per_second} ticks a second\ndigest    {}",
        verified.ticks, verified.orders, verified.digest
    );
    if let Some(outcome) = verified.result {
        let winner = outcome.winner.map_or("nobody".to_owned(), |winner| winner.to_string());
        let cause = match outcome.cause {
            Cause::Domination => "domination",
            Cause::LastStanding => "last standing",
            Cause::TickLimit => "tick limit",
        };
        text.push_str(&format!("\nwinner    {winner} ({cause}, tick {})", outcome.tick));
    }
    say(&text)
}
