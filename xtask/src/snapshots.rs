//! Every committed snapshot must be used by a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Result, root, run};

/// Directories without our sources.
const LEFT_OUT: [&str; 4] = ["target", "node_modules", ".git", "dist"];

/// Runs tests. Fails if a snapshot is unused or waits for review.
pub(crate) fn run_tests(what: &str, command: &mut Command) -> Result {
    let list = std::env::temp_dir().join(format!("sector-snapshots-{}", std::process::id()));
    // Tests append to the list, so an old one would hide unused snapshots.
    let forgotten = remove(&list);
    let done =
        forgotten.and_then(|()| run(what, command.env("INSTA_SNAPSHOT_REFERENCES_FILE", &list)));
    let referenced = fs::read_to_string(&list).unwrap_or_default();
    remove(&list)?;
    done?;
    let referenced = referenced.lines().map(|line| real(Path::new(line))).collect();
    let faults = faults(&files(&root())?, &referenced);
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

fn remove(list: &Path) -> Result {
    match fs::remove_file(list) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("{} cannot be removed: {error}", list.display()))
        }
        _ => Ok(()),
    }
}

/// Faults of these files, given the snapshots that tests used.
fn faults(files: &[PathBuf], referenced: &BTreeSet<PathBuf>) -> Vec<String> {
    let fault = |path: &PathBuf| {
        let name = path.file_name()?.to_string_lossy();
        if name.ends_with(".snap.new") || name.ends_with(".pending-snap") {
            Some(format!("{}: a snapshot waits to be reviewed", path.display()))
        } else if name.ends_with(".snap") && !referenced.contains(&real(path)) {
            Some(format!("{}: no test asks for this snapshot; remove it", path.display()))
        } else {
            None
        }
    };
    files.iter().filter_map(fault).collect()
}

/// Canonical path, if it exists.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = |error: std::io::Error| format!("{} cannot be read: {error}", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let path = entry.path();
        // Don't follow links: their targets are checked anyway or lie outside.
        let kind = entry.file_type().map_err(cannot)?;
        if kind.is_dir() {
            if !path
                .file_name()
                .is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out))
            {
                found.extend(files(&path)?);
            }
        } else if kind.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_test_asks_for_and_what_waits_is_named() {
        let path = |name: &str| PathBuf::from("tests/snapshots").join(name);
        let files = ["a.snap", "b.snap", "c.snap.new", ".d.rs.pending-snap", "e.rs"].map(path);
        assert_eq!(
            faults(&files, &BTreeSet::from([path("a.snap")])),
            [
                "tests/snapshots/b.snap: no test asks for this snapshot; remove it",
                "tests/snapshots/c.snap.new: a snapshot waits to be reviewed",
                "tests/snapshots/.d.rs.pending-snap: a snapshot waits to be reviewed",
            ]
        );
    }

    #[test]
    fn snapshots_of_the_workspace_are_found() {
        let found = files(&root()).unwrap();
        assert!(
            found.iter().any(|path| path.ends_with("sector-sim/tests/snapshots/map__seed_1.snap"))
        );
        assert!(
            !found.iter().any(|path| path.components().any(|part| part.as_os_str() == "target"))
        );
    }
}
