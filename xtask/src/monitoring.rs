//! Tests the alert rules with `promtool`, from Debian's Prometheus package.

use std::path::PathBuf;

use crate::run::{Result, output, program, root, run};

/// Checks and tests the rules.
pub(crate) fn test() -> Result {
    let promtool = promtool()?;
    run(
        "alert rules",
        program(&promtool, "k8s/monitoring").args(["check", "rules", "rules.yaml"]),
    )?;
    run(
        "alerts fire",
        program(&promtool, "k8s/monitoring").args(["test", "rules", "rules_test.yaml"]),
    )
}

/// Path of `promtool`. If missing, unpacks Debian's package without installing it.
fn promtool() -> Result<PathBuf> {
    if output(program("promtool", "").arg("--version")).is_some() {
        return Ok("promtool".into());
    }
    let folder = root().join("target/promtool");
    let promtool = folder.join("usr/bin/promtool");
    if promtool.is_file() {
        return Ok(promtool);
    }
    let missing = |error: &dyn std::fmt::Display| {
        format!(
            "the alert rules are tried with promtool, which is not there ({error}): install Prometheus and run this again"
        )
    };
    std::fs::create_dir_all(&folder).map_err(|error| missing(&error))?;
    // Package lists can be missing or outdated.
    let fetch = "{ apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } \
                 && dpkg -x prometheus_*.deb . && rm prometheus_*.deb";
    run("promtool", program("sh", "target/promtool").args(["-c", fetch]))
        .map_err(|error| missing(&error))?;
    Ok(promtool)
}
