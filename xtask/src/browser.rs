//! The browser test: a headless Chromium watches, signs in, claims and moves in `sector up`, then
//! watches a recorded run.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::run::{Result, cargo, program, root, run};
use crate::ui::{self, UI};

/// A sector that is killed when dropped.
struct Sector(Child);

impl Drop for Sector {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn test(release: bool) -> Result {
    ui::install()?;
    let mut build = vec!["build", "--locked", "--package", "sector"];
    let profile = if release { "release" } else { "debug" };
    if release {
        build.push("--release");
    }
    run("build for the browser test", &mut cargo(&build))?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let [api, frontend, minter] = [free_port()?, free_port()?, free_port()?];
    let mut command = program(target.join(profile).join("sector"), "");
    command.args([
        "up",
        "--show-operator-link",
        "--seed",
        "7",
        "--api-port",
        &api,
        "--frontend-port",
        &frontend,
        "--minter-port",
        &minter,
    ]);
    command.stdout(Stdio::piped());
    let mut sector =
        Sector(command.spawn().map_err(|error| format!("sector cannot be started: {error}"))?);
    let operator = printed(&mut sector, "#operator=")?;
    let url = format!("http://localhost:{frontend}");
    let screenshots = target.join("screenshots");
    let mut script = program("node", UI);
    script.args(["e2e/run.mjs", "--url", &url, "--operator", &operator, "--out"]).arg(&screenshots);
    run("browser test", &mut script)?;
    drop(sector);
    watch_recording(&target, profile, &screenshots)?;
    println!("screenshots: {}", screenshots.display());
    Ok(())
}

/// Records and shows a run.
fn watch_recording(target: &Path, profile: &str, screenshots: &Path) -> Result {
    let (sector, replay) =
        (target.join(profile).join("sector"), target.join("browser-test.replay"));
    let mut record = program(&sector, "");
    record.args(["sim", "--seed", "7", "--record"]).arg(&replay).stdout(Stdio::null());
    run("a recorded run", &mut record)?;
    let mut command = program(&sector, "");
    command.args(["replay", "watch", "--no-open"]).arg(&replay).stdout(Stdio::piped());
    let mut show =
        Sector(command.spawn().map_err(|error| format!("sector cannot be started: {error}"))?);
    let url = printed(&mut show, "http://localhost:")?;
    let mut script = program("node", UI);
    script.args(["e2e/recording.mjs", "--url", &url, "--out"]).arg(screenshots);
    run("browser test of a recorded run", &mut script)
}

/// First printed word that contains `text`.
fn printed(sector: &mut Sector, part: &str) -> Result<String> {
    let stdout = sector.0.stdout.take().ok_or("sector prints nothing")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.map_err(|error| format!("sector cannot be read: {error}"))?;
        if let Some(word) = line.split_whitespace().find(|word| word.contains(part)) {
            return Ok(word.to_owned());
        }
    }
    Err("sector ended before it printed where to look".to_owned())
}

/// A port that was free a moment ago.
fn free_port() -> Result<String> {
    let listener =
        TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
    listener
        .local_addr()
        .map(|address| address.port().to_string())
        .map_err(|error| format!("no free port: {error}"))
}
