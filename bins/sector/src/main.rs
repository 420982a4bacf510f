//! The program `sector`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sector::main()
}
