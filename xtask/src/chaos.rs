//! `cargo xtask chaos` and `cargo xtask soak`: long tests of a whole sector as processes.
//! Both run tests of `bins/sector` (`tests/proof/`) in the release build, for a given time.

use crate::run::{Result, cargo, run};

const PROOF: [&str; 9] =
    ["test", "--release", "--locked", "-p", "sector", "--test", "proof", "--", "--nocapture"];

pub(crate) fn chaos(cycles: u64, seed: u64) -> Result {
    let mut command = cargo(&PROOF);
    command.args(["--exact", "chaos::whatever_dies_the_books_balance"]);
    run(
        "chaos",
        command.env("CHAOS_CYCLES", cycles.to_string()).env("CHAOS_SEED", seed.to_string()),
    )
}

pub(crate) fn soak(minutes: u32) -> Result {
    let mut command = cargo(&PROOF);
    command.args(["--ignored", "--exact", "soak::nothing_grows_and_nothing_falls_behind"]);
    run("soak", command.env("SOAK_MINUTES", minutes.to_string()))
}
