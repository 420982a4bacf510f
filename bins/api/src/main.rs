//! The API as a process of its own, on Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<api::Options>()
}
