//! The program: the strategy, live, over a pipe, or over a replay. All of that is the SDK's.

use std::process::ExitCode;

use defender_bot::Defender;

fn main() -> ExitCode {
    sector_client::program::main("defender-bot", |_| Box::new(Defender::default()))
}
