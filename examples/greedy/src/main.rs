//! The program: the strategy, live, over a pipe, or over a replay. All of that is the SDK's.

use std::process::ExitCode;

use greedy_bot::Greedy;

fn main() -> ExitCode {
    sector_client::program::main("greedy-bot", |_| Box::new(Greedy::default()))
}
