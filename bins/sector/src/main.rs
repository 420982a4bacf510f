//! One command for a whole sector, and its tools.

mod arena;
mod backup;
mod bot;
mod capacity;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod configuration;
mod doctor;
#[cfg(test)]
mod errors;
mod exec;
#[cfg(test)]
mod measured;
#[cfg(test)]
mod monitoring;
mod output;
mod replay;
mod sim;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    /// Run a whole sector in this process: engine, API, browser UI, computer players (the default)
    Up(Box<up::Options>),
    /// Play a match in memory
    Sim(sim::Options),
    /// Play many matches: who wins how often, how good is who, does a rule set play well
    Arena(arena::Options),
    /// Make, run, play and check bots
    #[command(subcommand)]
    Bot(bot::Command),
    /// Look into recorded runs
    #[command(subcommand)]
    Replay(replay::Command),
    /// Write a sector into a file, or check such a file
    #[command(subcommand)]
    Backup(backup::Command),
    /// Put a backup into an empty data directory or Redis
    Restore(Box<backup::Restore>),
    /// Look at the store of a sector: what is well, what may go wrong, and what to do
    Doctor(Box<doctor::Options>),
    /// Estimate how many machines N players need
    Capacity(Box<capacity::Options>),
    /// Become a program of the arena, within its limits
    #[command(name = exec::confine::NAME, hide = true)]
    Confine(exec::confine::Options),
}

fn main() -> ExitCode {
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
