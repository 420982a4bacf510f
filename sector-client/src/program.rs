//! The complete program of a bot: plays a strategy in a live sector, in the arena, or compares it
//! with a recorded run.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use sector_client::program;
//! use sector_sim::strategy::Greedy;
//!
//! fn main() -> ExitCode {
//!     program::main("greedy-bot", |_seat| Box::new(Greedy::default()))
//! }
//! ```
//!
//! Standard output is for results (in the arena, for orders). Logs go to standard error, at the
//! level in `RUST_LOG`.

mod key;
mod live;
mod replay;

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use sector_sim::Strategy;
use tracing_subscriber::EnvFilter;

pub use crate::stdio::Seat;

/// Why the program fails.
type Failure = Box<dyn std::error::Error>;

#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Play a faction of a running sector until Ctrl-C
    Live(live::Options),
    /// Play in the arena: read turns from standard input, write orders to standard output
    Stdio,
    /// Compare the strategy's orders with those of a recorded run, tick by tick
    Replay(replay::Options),
}

/// Runs the program: parses the arguments, creates a strategy with `seating` for each seat, and
/// plays.
pub fn main(name: &'static str, seating: impl FnMut(&Seat) -> Box<dyn Strategy>) -> ExitCode {
    run(name, std::env::args_os().skip(1), seating)
}

/// Runs the program like [`main`], with these arguments.
pub fn run(
    name: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
    mut seating: impl FnMut(&Seat) -> Box<dyn Strategy>,
) -> ExitCode {
    let matches = match command(name).no_binary_name(true).try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => {
            // Prints help to standard output and errors to standard error.
            _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // Fails if a subscriber is set already; keep that one.
    _ = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(filter)
        .try_init();
    let done = match Options::from_arg_matches(&matches).map(|options| options.mode) {
        Ok(Mode::Live(options)) => live::live(&options, &mut seating),
        Ok(Mode::Stdio) => stdio(&mut seating),
        Ok(Mode::Replay(options)) => replay::replay(&options, &mut seating),
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

fn command(name: &'static str) -> Command {
    Options::command().name(name).bin_name(name).about(format!("{name}, a bot for Sector"))
}

fn stdio(seating: &mut dyn FnMut(&Seat) -> Box<dyn Strategy>) -> Result<(), Failure> {
    let served = crate::stdio::serve(seating, io::stdin().lock(), io::stdout().lock())?;
    tracing::debug!(
        games = served.games,
        turns = served.turns,
        orders = served.orders,
        "game over"
    );
    Ok(())
}

/// An error and its causes, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        // Some errors include their cause.
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        command("bot").debug_assert();
        for (arguments, told) in [
            (vec!["bot"], "Usage"),
            (vec!["bot", "dance"], "unrecognized subcommand 'dance'"),
            (vec!["bot", "live", "--faction", "F99"], "F99"),
            (vec!["bot", "replay"], "<FILE>"),
        ] {
            let error = command("bot").try_get_matches_from(arguments).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn causes_are_printed_once() {
        let error = crate::Error::Pipe(io::Error::other("it burst"));
        assert_eq!(with_causes(&error), "the pipe to the game failed: it burst");
    }
}
