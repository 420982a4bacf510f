//! `cargo xtask schemathesis`: sends generated requests from the API document.

use std::path::PathBuf;

use crate::run::{Result, cargo, output, program, root, run};

/// Pinned version, because others find other faults.
const VERSION: &str = "4.32.5";

/// Installs the program if missing, and runs it against the API of a sector in memory.
pub(crate) fn schemathesis(examples: u32) -> Result {
    let schemathesis = install()?;
    let arguments = [
        "test",
        "--package",
        "api",
        "--test",
        "it",
        "--locked",
        "schemathesis::",
        "--",
        "--ignored",
        "--nocapture",
    ];
    let mut test = cargo(&arguments);
    test.env("SCHEMATHESIS", schemathesis).env("SCHEMATHESIS_EXAMPLES", examples.to_string());
    run("schemathesis", &mut test)
}

fn install() -> Result<PathBuf> {
    let folder =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = folder.join(format!("schemathesis-{VERSION}"));
    let installed = folder.join("bin/schemathesis");
    let version = output(program(&installed, "").arg("--version"));
    if version.is_some_and(|version| version.contains(VERSION)) {
        return Ok(installed);
    }
    run("a place for Python packages", program("python3", "").args(["-m", "venv"]).arg(&folder))?;
    let package = format!("schemathesis=={VERSION}");
    let mut install = program(folder.join("bin/pip"), "");
    run(
        "install schemathesis",
        install.args(["install", "--quiet", "--disable-pip-version-check", &package]),
    )?;
    Ok(installed)
}
