//! Computer players, as clients of the API.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<bot_worker::Options>()
}
