//! The sim-worker, on Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<sim_worker::Options>()
}
