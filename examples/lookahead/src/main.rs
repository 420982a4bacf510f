//! The program: the SDK runs the strategy live, over a pipe, or over a replay.

use std::process::ExitCode;

use lookahead_bot::Lookahead;

fn main() -> ExitCode {
    sector_client::program::main("lookahead-bot", |_| Box::new(Lookahead::default()))
}
