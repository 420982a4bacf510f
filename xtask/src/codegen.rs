//! Generates the client in `sector-client` and the types of the browser UI from
//! `docs/openapi.json`. Both are committed, so that builds don't need these tools. A check finds
//! stale files.

mod document;
mod rust;
mod typescript;

use std::fs;
use std::path::{Path, PathBuf};

/// The API document, relative to the root of the workspace.
const DOCUMENT: &str = "docs/openapi.json";
/// The generated client.
const CLIENT: &str = "sector-client/src/generated.rs";
/// The browser UI.
const UI: &str = "bins/frontend/ui";
/// The generated types, relative to the UI.
const UI_SCHEMA: &str = "src/api/schema.ts";

/// Generates everything. With `check`, only compares and names stale files.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let root = root()?;
    let text = read(&root.join(DOCUMENT))?;
    let document =
        serde_json::from_str(&text).map_err(|error| format!("{DOCUMENT} is not JSON: {error}"))?;
    let mut stale = Vec::new();
    if !deliver(&root.join(CLIENT), &rust::generate(document)?, check)? {
        stale.push(CLIENT.to_owned());
    }
    match typescript::generate(&root.join(UI), &root.join(DOCUMENT))? {
        typescript::Outcome::Generated(schema) => {
            if !deliver(&root.join(UI).join(UI_SCHEMA), &schema, check)? {
                stale.push(format!("{UI}/{UI_SCHEMA}"));
            }
        }
        typescript::Outcome::NoTools(why) if check => {
            println!("{UI}/{UI_SCHEMA} was not checked: {why}")
        }
        typescript::Outcome::NoTools(why) => {
            return Err(format!("{CLIENT} is generated, but {UI}/{UI_SCHEMA} is not: {why}"));
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{} no longer fits {DOCUMENT}: run `cargo xtask codegen` and commit",
        stale.join(" and ")
    ))
}

/// Writes `content` to `path`; with `check`, only compares. False if stale.
fn deliver(path: &Path, content: &str, check: bool) -> Result<bool, String> {
    let present = fs::read_to_string(path).ok();
    if present.as_deref() == Some(content) {
        return Ok(true);
    }
    if check {
        return Ok(false);
    }
    fs::write(path, content)
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(true)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// The root of the workspace: the directory above this package.
fn root() -> Result<PathBuf, String> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .map(Path::to_path_buf)
        .ok_or_else(|| format!("{} has no parent", package.display()))
}
