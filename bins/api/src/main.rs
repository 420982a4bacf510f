//! The HTTP API of a sector, on Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<api::Options>()
}
