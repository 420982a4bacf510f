//! Reads the tables of `sector replay export` with polars.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, cargo, output, program, root, run};

/// Pinned packages.
const POLARS: &str = "polars==2.1.0";

pub(crate) fn test() -> Result {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), Into::into);
    let python = environment(&target)?;
    run(
        "build for the tables",
        &mut cargo(&["build", "--locked", "--package", "sector", "--features", "parquet"]),
    )?;
    let sector = target.join("debug/sector");
    let folder = target.join("tables");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .map_err(|error| format!("{} cannot be removed: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    let in_folder = |arguments: &[&str]| {
        let mut command = Command::new(&sector);
        command.current_dir(&folder).args(arguments);
        command
    };
    run("record a run", &mut in_folder(&["sim", "--seed", "7", "--record", "run.replay"]))?;
    for format in ["parquet", "csv", "jsonl"] {
        let export = ["replay", "export", "run.replay", "--format", format, "--out", format];
        run(&format!("export as {format}"), &mut in_folder(&export))?;
    }
    let info = output(&mut in_folder(&["replay", "info", "run.replay", "--json"]))
        .ok_or("replay info failed")?;
    std::fs::write(folder.join("info.json"), info)
        .map_err(|error| format!("info.json cannot be written: {error}"))?;
    let script = root().join("bins/sector/tests/tables.py");
    let mut read = program(&python, "");
    read.current_dir(&folder).arg(script).args(["info.json", "parquet", "csv", "jsonl"]);
    run("read the tables", &mut read)
}

/// A Python environment with polars, created once.
fn environment(target: &Path) -> Result<PathBuf> {
    let folder = target.join("tables-python");
    let python = folder.join("bin/python");
    let (name, version) = POLARS.split_once("==").unwrap_or((POLARS, ""));
    let show = format!("from importlib.metadata import version; print(version('{name}'))");
    let known = output(Command::new(&python).args(["-c", &show]));
    if known.is_some_and(|known| known.trim() == version) {
        return Ok(python);
    }
    run(
        "a Python environment",
        program("python3", "").args(["-m", "venv", "--clear"]).arg(&folder),
    )?;
    run("polars", program(&python, "").args(["-m", "pip", "install", "--quiet", POLARS]))?;
    Ok(python)
}
