//! The award store.

use std::process::ExitCode;

fn main() -> ExitCode {
    process_kit::main::<nft_minter::Options>()
}
