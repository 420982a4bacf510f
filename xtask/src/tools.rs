//! Installs programs that tests need from Debian packages if missing.

use std::process::Command;

use crate::run::{Result, output, program, run};

/// Minimum version of Node.js for the UI's tools.
const NODE: (u32, u32) = (20, 19);

/// Installs `redis-server` and Chromium if missing.
pub(crate) fn install() -> Result {
    let missing: Vec<&str> = [("redis-server", "redis-server"), ("chromium", "chromium")]
        .into_iter()
        .filter(|(command, _)| !is_there(command))
        .map(|(_, package)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" and ");
    if !is_there("apt-get") {
        return Err(format!("the tests need {names}: install them and run the tests again"));
    }
    let is_root = output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    let apt = |arguments: &[&str]| {
        let mut command = if is_root { program("apt-get", "") } else { program("sudo", "") };
        if !is_root {
            command.arg("apt-get");
        }
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run("package lists", &mut apt(&["update", "-qq"]))?;
    let install =
        [&["install", "-y", "-qq", "--no-install-recommends"], missing.as_slice()].concat();
    run(&format!("install {names}"), &mut apt(&install))
}

fn is_there(command: &str) -> bool {
    output(Command::new("sh").args(["-c", &format!("command -v {command}")])).is_some()
}

/// Checks that Node.js is installed and new enough.
pub(crate) fn check_node() -> Result {
    let wanted = format!("the UI's tools need Node.js {}.{} or newer", NODE.0, NODE.1);
    let version = output(Command::new("node").arg("--version"))
        .ok_or_else(|| format!("{wanted}, and there is none"))?;
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map(|number| number.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found >= NODE { Ok(()) } else { Err(format!("{wanted}, not {}", version.trim())) }
}
