//! The program: the SDK runs the strategy live, over a pipe, or over a replay.

use std::process::ExitCode;

use greedy_bot::Greedy;

fn main() -> ExitCode {
    sector_client::program::main("greedy-bot", |_| Box::new(Greedy::default()))
}
