//! One command for a whole sector, and its tools.

mod arena;
mod backup;
mod bot;
mod capacity;
mod doctor;
mod exec;
mod operator;
mod replay;
mod sim;
mod tool;
mod up;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// A war-torn sector of star systems: run it, play it, study it.
#[derive(Debug, Parser)]
#[command(name = "sector", version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    up: up::Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a whole sector in one process: engine, API, browser UI and computer players (default)
    Up(Box<up::Options>),
    /// Play a match in memory
    Sim(sim::Options),
    /// Play many matches to rate players or to judge a rule set
    Arena(arena::Options),
    /// Create, run, play and check bots
    #[command(subcommand)]
    Bot(bot::Command),
    /// Inspect recorded runs
    #[command(subcommand)]
    Replay(replay::Command),
    /// Back up a sector to a file, or verify a backup
    #[command(subcommand)]
    Backup(backup::Command),
    /// Restore a backup into an empty data directory or Redis
    Restore(Box<backup::Restore>),
    /// Diagnose the store and services of a sector, with advice
    Doctor(Box<doctor::Options>),
    /// Get a link for the operator's browser
    #[command(subcommand)]
    Operator(operator::Command),
    /// Estimate how many machines N players need
    Capacity(Box<capacity::Options>),
    /// Run a program of the arena within its limits
    #[command(name = exec::confine::NAME, hide = true)]
    Confine(exec::confine::Options),
}

/// The command line as clap knows it, with all subcommands.
#[must_use]
pub fn command() -> clap::Command {
    Options::command()
}

/// Runs the command given by the arguments of this process.
#[must_use]
pub fn main() -> ExitCode {
    let options: Options = process_kit::arguments::parse();
    let done = match options.command {
        None => up::up(options.up),
        Some(Command::Up(options)) => up::up(*options),
        Some(Command::Sim(options)) => sim::sim(&options),
        Some(Command::Arena(options)) => arena::arena(&options),
        Some(Command::Bot(command)) => bot::bot(&command),
        Some(Command::Replay(command)) => replay::replay(&command),
        Some(Command::Backup(command)) => backup::backup(&command),
        Some(Command::Restore(options)) => backup::restore(&options),
        Some(Command::Doctor(options)) => doctor::doctor(&options),
        Some(Command::Operator(command)) => operator::operator(&command),
        Some(Command::Capacity(options)) => capacity::capacity(&options),
        Some(Command::Confine(options)) => exec::confine::confine(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sector: {error}");
            ExitCode::FAILURE
        }
    }
}
