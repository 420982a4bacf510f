//! `sector replay`: tools for recorded runs.

mod bisect;
mod diff;
mod export;
mod file;
mod fork;
mod info;
mod show;
mod verify;
mod watch;

use clap::Subcommand;

pub(crate) use self::file::Recorder;
pub(crate) use self::show::film;
pub(crate) use self::watch::{Options as WatchOptions, can_open, watch};
use crate::tool::Error;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Re-run a replay and compare everything with the record
    Verify(verify::Options),
    /// Print the contents of a replay without playing it
    Info(info::Options),
    /// Compare two replays without playing them
    Diff(diff::Options),
    /// Play two replays, or one with two builds, and find the first difference
    Bisect(bisect::Options),
    /// Print or draw the map at a tick
    Show(show::Options),
    /// Watch a run in the browser
    Watch(watch::Options),
    /// Export a run as tables for data frames
    Export(export::Options),
    /// Continue from a tick with other players or another seed
    Fork(fork::Options),
    /// Print the state after a tick as JSON, as computed by this build
    State(bisect::StateOptions),
}

pub(crate) fn replay(command: &Command) -> Result<(), Error> {
    match command {
        Command::Verify(options) => verify::verify(options),
        Command::Info(options) => info::info(options),
        Command::Diff(options) => diff::diff(options),
        Command::Bisect(options) => bisect::bisect(options),
        Command::Show(options) => show::show(options),
        Command::Watch(options) => watch::watch(options),
        Command::Export(options) => export::export(options),
        Command::Fork(options) => fork::fork(options),
        Command::State(options) => bisect::state(options),
    }
}
