//! The frontend, on Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<frontend::Options>()
}
