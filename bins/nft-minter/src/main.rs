//! The award store, on Redis.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<nft_minter::Options>()
}
