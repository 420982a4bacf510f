//! Opens the user's browser.

use std::path::Path;
use std::process::{Command, Stdio};

/// Program that opens a URL.
#[cfg(target_os = "macos")]
const OPENER: &str = "open";
#[cfg(not(target_os = "macos"))]
const OPENER: &str = "xdg-open";

/// Whether there seem to be a display and a program that opens URLs.
pub(crate) fn can_open() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let has_screen = cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    has_screen && std::env::var_os("PATH").is_some_and(|paths| has(std::env::split_paths(&paths)))
}

fn has<P: AsRef<Path>>(mut folders: impl Iterator<Item = P>) -> bool {
    folders.any(|folder| folder.as_ref().join(OPENER).is_file())
}

/// Opens a URL in the browser; false if that is impossible.
pub(super) fn open(url: &str) -> bool {
    if !can_open() {
        return false;
    }
    let mut command = Command::new(OPENER);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match command.spawn() {
        Ok(mut child) => {
            // Some openers run as long as the browser. Reap the process when it exits.
            std::thread::spawn(move || child.wait());
            true
        }
        Err(error) => {
            tracing::warn!(%error, program = OPENER, "cannot open the browser");
            false
        }
    }
}
