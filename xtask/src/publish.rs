//! Checks that the public crates can be published.

use crate::run::{Result, cargo, run};

/// Public crates, dependencies first.
const PUBLISHED: [&str; 3] = ["sector-sim", "sector-auth", "sector-client"];

/// Packages and builds the crates, each against the packages of the others. Publishes nothing.
pub(crate) fn check() -> Result {
    let mut arguments = vec!["publish", "--dry-run", "--locked", "--allow-dirty"];
    for name in PUBLISHED {
        arguments.extend(["--package", name]);
    }
    run("packages", &mut cargo(&arguments))
}
