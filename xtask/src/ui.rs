//! The browser UI: its packages, its build, its checks.

use crate::run::{Result, program, root, run};
use crate::tools::check_node;

/// Directory of the sources.
pub(crate) const UI: &str = "bins/frontend/ui";

/// Installs the locked packages of the UI if needed.
pub(crate) fn install() -> Result {
    check_node()?;
    let lock = |path: &str| {
        std::fs::metadata(root().join(UI).join(path)).and_then(|file| file.modified()).ok()
    };
    let installed = lock("node_modules/.package-lock.json");
    if installed.is_some() && installed >= lock("package-lock.json") {
        return Ok(());
    }
    run("UI packages", program("npm", UI).args(["ci", "--no-audit", "--no-fund"]))
}

fn npm(what: &str, script: &str) -> Result {
    run(what, program("npm", UI).args(["run", "--silent", script]))
}

/// Builds the UI into `bins/frontend/dist`.
pub(crate) fn build() -> Result {
    install()?;
    npm("UI build", "build")
}

/// Checks types, lints and format, and that the committed build is up to date.
pub(crate) fn check() -> Result {
    install()?;
    npm("UI types, lints and format", "check")?;
    run("UI build is fresh", program("node", UI).args(["scripts/source-hash.mjs", "--check"]))
}

/// Runs the unit tests.
pub(crate) fn test() -> Result {
    install()?;
    npm("UI unit tests", "test")
}
