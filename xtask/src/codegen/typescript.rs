//! Types of the browser UI, from openapi-typescript in the UI's node modules.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Result of generating the types.
pub(super) enum Outcome {
    /// Source of the types.
    Generated(String),
    /// The generator is unavailable, with the reason.
    NoTools(String),
}

/// Generates the types of `document`.
pub(super) fn generate(ui: &Path, document: &Path) -> Result<Outcome, String> {
    let tool = ui.join("node_modules/.bin/openapi-typescript");
    if !tool.exists() {
        match Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(ui).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                return Ok(Outcome::NoTools(format!(
                    "npm ci failed: {}",
                    last_line(&output.stderr)
                )));
            }
            Err(error) => {
                return Ok(Outcome::NoTools(format!(
                    "npm cannot be started ({error}); install Node 20"
                )));
            }
        }
    }
    let directory =
        tempfile::tempdir().map_err(|error| format!("no temporary directory: {error}"))?;
    let target = directory.path().join("schema.ts");
    let run =
        Command::new(&tool).arg(document).arg("--output").arg(&target).current_dir(ui).output();
    let output = match run {
        Ok(output) => output,
        Err(error) => {
            return Ok(Outcome::NoTools(format!("{} cannot be started: {error}", tool.display())));
        }
    };
    if !output.status.success() {
        return Err(format!(
            "openapi-typescript failed: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    let source = fs::read_to_string(&target)
        .map_err(|error| format!("{} cannot be read: {error}", target.display()))?;
    Ok(Outcome::Generated(source))
}

fn last_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().last().unwrap_or_default().to_owned()
}
