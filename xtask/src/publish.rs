//! The crates that are meant for others: whether they could be published as they are.

use crate::run::{Result, cargo, run};

/// They, lowest first.
const PUBLISHED: [&str; 3] = ["sector-sim", "sector-auth", "sector-client"];

/// Packs them, builds them from the packages alone, each against the others' packages, and publishes nothing.
pub(crate) fn check() -> Result {
    let mut arguments = vec!["publish", "--dry-run", "--locked", "--allow-dirty"];
    for name in PUBLISHED {
        arguments.extend(["--package", name]);
    }
    run("packages", &mut cargo(&arguments))
}
