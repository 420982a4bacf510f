//! Documents and deployment files that must match the code. `UPDATE_DOCS=1 cargo test -p xtask`
//! rewrites the generated ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod commands;
mod configuration;
mod errors;
mod metrics;
mod monitoring;
mod runbooks;

use std::path::{Path, PathBuf};

/// Root of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The Markdown files of a folder, sorted.
fn pages(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    pages.sort();
    pages
}

/// Compares a committed file with its generated text, or rewrites it.
fn assert_current(path: &str, generated: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join(path), generated).unwrap();
    }
    assert!(
        read(path) == generated,
        "{path} is stale: run UPDATE_DOCS=1 cargo test -p xtask --test documentation"
    );
}
