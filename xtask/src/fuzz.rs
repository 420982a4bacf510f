//! `cargo xtask fuzz`: fuzz the engine, logins, the HTTP kit and the API.

use std::path::Path;
use std::process::Command;

use crate::run::{Result, output, program, root, run};

/// The crates that are fuzzed, and the targets in their `fuzz/targets`. No two targets have one name.
const TARGETS: [(&str, &[&str]); 4] = [
    ("sector-sim", &["orders", "rules", "replays", "deltas", "snapshots"]),
    ("sector-auth", &["logins", "tokens"]),
    ("crates/http", &["http"]),
    ("bins/api", &["api", "batches"]),
];

/// Longest input tried, in bytes: longer ones only repeat themselves.
const LONGEST: &str = "-max_len=65536";

/// Fuzzes one target or all of them, so many seconds each. What is found on the way stays in `target`, beside the
/// committed corpus, so that the tree stays clean; an input that breaks something is kept under the crate's
/// `fuzz/artifacts` and named.
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

/// `cargo fuzz`, with the nightly compiler that it needs and a target folder of its own.
fn cargo_fuzz(command: &str, krate: &str, target: &Path, name: &str) -> Command {
    let mut cargo = program("cargo", krate);
    // The toolchain that runs this command is not the one to build with.
    cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO").env_remove("RUSTC");
    // No code of ours is unsafe, so that there is nothing to find for a sanitizer of memory.
    cargo
        .args(["+nightly", "fuzz", command, name, "--sanitizer", "none", "--target-dir"])
        .arg(target);
    cargo
}

/// Makes sure that cargo-fuzz is there.
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

    /// What is committed names the public registry alone.
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
