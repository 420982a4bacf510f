//! `cargo xtask deploy`: what operators run, held to rules: images, compose file, Kubernetes manifests, scripts.
//!
//! The rules are ours and need no cluster and no container engine. What else there is to say comes from other programs:
//! `kubectl kustomize` renders the overlays where kubectl is installed; with `--full`, schemas of three Kubernetes
//! versions, hadolint, shellcheck and shfmt are brought from PyPI, and schemas of what is not Kubernetes' own from npm.

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

/// Everything that can be said of what is deployed.
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
