//! Runs other programs in the workspace.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An error in one sentence.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// A program to run in a directory of the workspace.
pub(crate) fn program(name: impl AsRef<OsStr>, folder: &str) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root().join(folder));
    command
}

/// The Cargo that runs this program.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), "");
    command.args(arguments);
    command
}

/// Runs a program and shows its output.
pub(crate) fn run(what: &str, command: &mut Command) -> Result {
    println!("\n== {what}");
    let status = command.status().map_err(|error| {
        format!("{what}: {:?} cannot be started: {error}", command.get_program())
    })?;
    if status.success() { Ok(()) } else { Err(format!("{what} failed ({status})")) }
}

/// Output of a program; `None` if it fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok()
}
