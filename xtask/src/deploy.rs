//! `cargo xtask deploy`: checks images, compose file, Kubernetes manifests and scripts.
//! Our rules need no cluster and no container engine, and compare several files (settings, ports,
//! users), which linters for single manifests cannot do. `kubectl kustomize` renders the overlays
//! if kubectl is installed. With `--full`, schemas of three Kubernetes versions, hadolint,
//! shellcheck and shfmt come from PyPI, and schemas of custom resources from npm.

mod compose;
mod custom;
mod engine;
mod images;
mod manifests;
mod names;
mod objects;
mod pods;
mod scripts;
mod tools;

pub(crate) use engine::try_images;

use crate::run::{Result, root};

/// Runs all checks of the deployment.
pub(crate) fn check(full: bool) -> Result {
    println!("\n== what is deployed");
    let mut faults = images::faults(&root())?;
    faults.extend(compose::faults(&root())?);
    let rendered = manifests::render()?;
    for overlay in &rendered {
        faults.extend(manifests::faults(overlay)?);
    }
    if !faults.is_empty() {
        return Err(faults.join("\n"));
    }
    scripts::test()?;
    if full {
        tools::check(&rendered)?;
        custom::check(&rendered)?;
    }
    Ok(())
}
