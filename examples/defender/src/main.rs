//! The program: the SDK runs the strategy live, over a pipe, or over a replay.

use std::process::ExitCode;

use defender_bot::Defender;

fn main() -> ExitCode {
    sector_client::program::main("defender-bot", |_| Box::new(Defender::default()))
}
