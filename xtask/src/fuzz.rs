//! `cargo xtask fuzz`: fuzz the engine, logins, the HTTP kit and the API.

use std::path::Path;
use std::process::Command;

use crate::run::{Result, output, program, root, run};

/// Crates with fuzz targets, and the targets in their `fuzz/targets`. Names are unique.
const TARGETS: [(&str, &[&str]); 4] = [
    ("sector-sim", &["orders", "rules", "replays", "deltas", "snapshots"]),
    ("sector-auth", &["logins", "tokens"]),
    ("crates/http", &["http"]),
    ("bins/api", &["api", "batches"]),
];

/// Maximum input size, in bytes; longer inputs find nothing new.
const LONGEST: &str = "-max_len=65536";

/// Fuzzes one target or all, for this many seconds each. New corpus entries go to `target`, so that
/// the tree stays clean. Inputs that fail are stored in the crate's `fuzz/artifacts` and printed.
pub(crate) fn fuzz(only: Option<&str>, seconds: u32) -> Result {
    install()?;
    let all = || {
        TARGETS.into_iter().flat_map(|(krate, names)| names.iter().map(move |name| (krate, *name)))
    };
    if let Some(name) = only.filter(|only| !all().any(|(_, name)| name == *only)) {
        let known: Vec<&str> = all().map(|(_, name)| name).collect();
        return Err(format!("there is no fuzz target {name:?}; known are {}", known.join(", ")));
    }
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), Into::into)
        .join("fuzz");
    for (krate, name) in all().filter(|(_, name)| only.is_none_or(|only| only == *name)) {
        let found = target.join("corpus").join(name);
        std::fs::create_dir_all(&found)
            .map_err(|error| format!("{} cannot be made: {error}", found.display()))?;
        let folder = root().join(krate).join("fuzz");
        let committed = folder.join("corpus").join(name);
        let time = format!("-max_total_time={seconds}");
        let mut arguments = vec![LONGEST, &time, "-timeout=20", "-print_final_stats=1"];
        let dictionary = folder.join("dictionaries").join(format!("{name}.dict"));
        let dictionary = format!("-dict={}", dictionary.display());
        if Path::new(dictionary.trim_start_matches("-dict=")).exists() {
            arguments.push(&dictionary);
        }
        run(
            &format!("fuzz {name} for {seconds} s"),
            cargo_fuzz("run", krate, &target, name)
                .arg(&found)
                .arg(committed)
                .arg("--")
                .args(arguments),
        )?;
    }
    Ok(())
}

/// `cargo fuzz`, with the nightly compiler it needs and a separate target directory.
fn cargo_fuzz(command: &str, krate: &str, target: &Path, name: &str) -> Command {
    let mut cargo = program("cargo", krate);
    // Don't build with the toolchain that runs this command.
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    // Our code has no `unsafe`, so a memory sanitizer would find nothing.
    cargo
        .args(["+nightly", "fuzz", command, name, "--sanitizer", "none", "--target-dir"])
        .arg(target);
    cargo
}

/// Installs cargo-fuzz if missing.
fn install() -> Result {
    if output(program("cargo", "").args(["fuzz", "--version"])).is_some() {
        return Ok(());
    }
    run("install cargo-fuzz", program("cargo", "").args(["install", "cargo-fuzz", "--locked"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_known_and_has_a_corpus() {
        let mut names = Vec::new();
        for (krate, targets) in TARGETS {
            let folder = root().join(krate).join("fuzz");
            let mut files: Vec<String> = std::fs::read_dir(folder.join("targets"))
                .unwrap()
                .map(|entry| {
                    entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned()
                })
                .collect();
            files.sort();
            let mut known = targets.to_vec();
            known.sort_unstable();
            assert_eq!(files, known, "{krate}");
            for name in targets {
                assert!(
                    std::fs::read_dir(folder.join("corpus").join(name)).unwrap().count() > 0,
                    "{name}"
                );
                assert!(!names.contains(name), "{name} is there twice");
                names.push(*name);
            }
        }
    }

    /// Lock files name only the public registry.
    #[test]
    fn the_lock_files_know_no_other_registry() {
        for (krate, _) in TARGETS {
            let lock = std::fs::read_to_string(root().join(krate).join("fuzz/Cargo.lock")).unwrap();
            let sources: Vec<&str> =
                lock.lines().filter(|line| line.starts_with("source = ")).collect();
            assert!(!sources.is_empty());
            let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
            assert!(sources.iter().all(|source| *source == public), "{krate}: {sources:?}");
        }
    }
}
