//! One command for a whole sector, and its tools.

mod arena;
#[cfg(test)]
mod configuration;
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
    /// Look into recorded runs
    #[command(subcommand)]
    Replay(replay::Command),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = match options.command {
        None => up::up(options.up),
        Some(Command::Up(options)) => up::up(*options),
        Some(Command::Sim(options)) => sim::sim(&options),
        Some(Command::Arena(options)) => arena::arena(&options),
        Some(Command::Replay(command)) => replay::replay(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sector: {error}");
            ExitCode::FAILURE
        }
    }
}
