//! Layers of the workspace: dependencies point down, and the engine does no I/O.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::{Result, cargo, output, root};

/// Layer of each crate. A crate may depend on lower layers, and on its own layer where named.
const FLOORS: &[(&str, u8)] = &[
    ("sector-sim", 1),
    ("sector-auth", 1),
    ("sector-wire", 2),
    ("sector-redis", 2),
    ("sector-client", 2),
    ("http-kit", 3),
    ("process-kit", 4),
    ("store-testkit", 3),
    ("follow", 4),
    ("api", 5),
    ("sim-worker", 5),
    ("frontend", 5),
    ("bot-worker", 5),
    ("nft-minter", 5),
    ("proving", 6),
    ("sector", 6),
    ("xtask", 6),
];

/// Allowed dependencies of the engine: no runtime, files, network or clock.
/// `rayon` is allowed for the feature `parallel`. It keeps determinism: only pure functions run
/// there, and results are stored by index.
const ENGINE_MAY_USE: [&str; 9] = [
    "rand_chacha",
    "rayon",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "toml",
    "utoipa",
    "xxhash-rust",
];

/// Forbidden words in the sources of the engine, with reasons.
const ENGINE_MUST_NOT_SAY: [(&str, &str); 18] = [
    ("std::fs", "files"),
    ("std::io", "input and output"),
    ("std::net", "the network"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("std::thread", "threads"),
    ("std::time", "clocks"),
    ("Instant", "clocks"),
    ("SystemTime", "clocks"),
    ("println!", "input and output"),
    ("eprintln!", "input and output"),
    ("HashMap", "an order that changes from run to run"),
    ("HashSet", "an order that changes from run to run"),
    ("f32", "floats"),
    ("f64", "floats"),
    ("async ", "input and output"),
    ("static mut", "global state"),
    ("thread_local!", "global state"),
];

pub(crate) fn check() -> Result {
    let mut faults = dependencies()?;
    faults.extend(engine_sources(&root().join("sector-sim/src"))?);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Checks dependencies between our crates, and those of the engine.
fn dependencies() -> Result<Vec<String>> {
    let metadata =
        output(&mut cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]))
            .ok_or("cargo metadata failed")?;
    let metadata: Value =
        serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))?;
    let floors: BTreeMap<&str, u8> = FLOORS.iter().copied().collect();
    let mut faults = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        // Bots depend only on the SDK, like any other client. Their tests may use more.
        let is_example =
            package["manifest_path"].as_str().is_some_and(|path| path.contains("/examples/"));
        let floor = floors.get(name).copied().unwrap_or(if is_example { 3 } else { 0 });
        if floor == 0 {
            faults.push(format!("{name} has no floor in xtask/src/boundaries.rs"));
        }
        let used = package["dependencies"].as_array().into_iter().flatten();
        for dependency in used.filter(|dependency| dependency["kind"].is_null()) {
            let used = dependency["name"].as_str().unwrap_or_default();
            if let Some(below) = floors.get(used)
                && *below >= floor
            {
                faults.push(format!(
                    "{name} (floor {floor}) must not depend on {used} (floor {below})"
                ));
            }
            if name == "http-kit" && floors.contains_key(used) {
                faults.push(format!(
                    "http-kit knows nothing of the game: it must not depend on {used}"
                ));
            }
            if name == "sector-sim" && !ENGINE_MAY_USE.contains(&used) {
                faults.push(format!(
                    "sector-sim must not depend on {used}; it may on {}",
                    ENGINE_MAY_USE.join(", ")
                ));
            }
        }
    }
    Ok(faults)
}

/// Checks the sources of the engine, without tests and comments.
fn engine_sources(folder: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for path in files(folder)? {
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        for (number, line) in code(&text) {
            for (words, what) in ENGINE_MUST_NOT_SAY {
                if says(line, words) {
                    faults.push(format!(
                        "{}:{number}: the engine knows no {what}: {words}",
                        path.display()
                    ));
                }
            }
        }
    }
    Ok(faults)
}

/// Numbered lines of code before the tests.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// Whether a line contains these whole words.
fn says(line: &str, words: &str) -> bool {
    let part_of_a_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(words).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_a_name);
        let after = line[at + words.len()..].chars().next().is_some_and(part_of_a_name);
        let ends_in_a_name = words.ends_with(part_of_a_name);
        !(before || after && ends_in_a_name)
    })
}

pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries = fs::read_dir(folder)
        .map_err(|error| format!("{} cannot be read: {error}", folder.display()))?;
    for entry in entries {
        let path =
            entry.map_err(|error| format!("{} cannot be read: {error}", folder.display()))?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_stands() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn words_are_found_as_words_of_their_own() {
        assert!(says("let x: f32 = 1.0;", "f32"));
        assert!(says("use std::time::Instant;", "std::time"));
        assert!(!says("let buf32 = 1;", "f32"));
        assert!(!says("let f32x = 1;", "f32"));
        assert!(says("async fn x() {}", "async "));
        assert_eq!(code("a\n// b\n#[cfg(test)]\nc").collect::<Vec<_>>(), [(1, "a")]);
    }
}
