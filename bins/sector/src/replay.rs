//! `sector replay`: recorded runs.

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
use crate::output::Error;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Play a replay again and compare everything with the record
    Verify(verify::Options),
    /// Print what a replay holds, without playing it
    Info(info::Options),
    /// Say how two replays differ, without playing them
    Diff(diff::Options),
    /// Play two replays, or one under two builds, and find the first tick and field in which they differ
    Bisect(bisect::Options),
    /// Print the map of a tick, or draw it
    Show(show::Options),
    /// Watch a run in the browser
    Watch(watch::Options),
    /// Write a run as tables for data frames
    Export(export::Options),
    /// Play on from a tick with other players or other luck
    Fork(fork::Options),
    /// Print the state after a tick as JSON, as this build plays it
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
