//! The program: the strategy, live, over a pipe, or over a replay. All of that is the SDK's.

use std::process::ExitCode;

use lookahead_bot::Lookahead;

fn main() -> ExitCode {
    sector_client::program::main("lookahead-bot", |_| Box::new(Lookahead::default()))
}
