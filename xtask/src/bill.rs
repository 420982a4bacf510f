//! `cargo xtask sbom` and `cargo xtask licences`: dependencies of the services, from `cargo
//! metadata`. Written here because cargo-cyclonedx and cargo-deny would have to be installed first
//! and report the workspace, not what an image links. One CycloneDX 1.5 file per service, with
//! everything compiled for Linux, without test and build dependencies. `docker buildx bake release`
//! also attaches one of the whole image.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::run::{Result, cargo, output, root};

/// Packages with an image.
const SERVICES: [&str; 6] = ["api", "sim-worker", "frontend", "bot-worker", "nft-minter", "sector"];
/// Target platform.
const PLATFORM: &str = "x86_64-unknown-linux-gnu";
/// Allowed licences; of `A OR B`, one is enough.
const ALLOWED: [&str; 14] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // Data only: the list of public certificate authorities. Requires its text to be included.
    "CDLA-Permissive-2.0",
    "ISC",
    // Requires only the source of its own files, which is public and unchanged.
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Packages of the workspace and their dependencies.
struct Metadata {
    packages: BTreeMap<String, Value>,
    /// Package → linked dependencies.
    uses: BTreeMap<String, Vec<String>>,
}

impl Metadata {
    fn read() -> Result<Self> {
        let arguments =
            ["metadata", "--format-version", "1", "--locked", "--filter-platform", PLATFORM];
        let text = output(&mut cargo(&arguments)).ok_or("cargo metadata failed")?;
        let all: Value =
            serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))?;
        let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
        let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let packages =
            array(&all["packages"]).into_iter().map(|package| (id(&package), package)).collect();
        let uses = array(&all["resolve"]["nodes"]).into_iter().map(|node| {
            let linked = array(&node["deps"]).into_iter().filter(|dependency| {
                array(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
            });
            (
                id(&node),
                linked
                    .filter_map(|dependency| dependency["pkg"].as_str().map(str::to_owned))
                    .collect(),
            )
        });
        Ok(Self { packages, uses: uses.collect() })
    }

    /// One of our packages and all its dependencies.
    fn parts(&self, name: &str) -> Result<BTreeSet<&str>> {
        let is_it = |package: &&String| {
            self.packages[*package]["name"] == name && self.packages[*package]["source"].is_null()
        };
        let first = self
            .packages
            .keys()
            .find(is_it)
            .ok_or_else(|| format!("there is no package {name}"))?;
        let (mut parts, mut open) = (BTreeSet::new(), vec![first.as_str()]);
        while let Some(part) = open.pop() {
            if parts.insert(part) {
                open.extend(self.uses.get(part).into_iter().flatten().map(String::as_str));
            }
        }
        Ok(parts)
    }

    fn component(&self, id: &str) -> Value {
        let package = &self.packages[id];
        let text = |name: &str| package[name].as_str().unwrap_or_default();
        let kind = if package["source"].is_null() { "application" } else { "library" };
        let mut component = json!({
            "type": kind,
            "bom-ref": reference(package),
            "name": text("name"),
            "version": text("version"),
            "purl": reference(package),
            "licenses": [{ "expression": text("license").replace('/', " OR ") }],
        });
        if let Some(address) = package["repository"].as_str() {
            component["externalReferences"] = json!([{ "type": "vcs", "url": address }]);
        }
        component
    }
}

fn reference(package: &Value) -> String {
    let text = |name: &str| package[name].as_str().unwrap_or_default();
    format!("pkg:cargo/{}@{}", text("name"), text("version"))
}

/// Writes a bill of materials per service.
pub(crate) fn sbom() -> Result {
    let metadata = Metadata::read()?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let folder = target.join("sbom");
    std::fs::create_dir_all(&folder)
        .map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    for service in SERVICES {
        let bill = bill(&metadata, service)?;
        let path = folder.join(format!("{service}.cdx.json"));
        let text = serde_json::to_string_pretty(&bill).map_err(|error| error.to_string())?;
        std::fs::write(&path, text)
            .map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        println!(
            "{} ({} parts)",
            path.display(),
            bill["components"].as_array().map_or(0, Vec::len)
        );
    }
    Ok(())
}

fn bill(metadata: &Metadata, service: &str) -> Result<Value> {
    let parts = metadata.parts(service)?;
    let is_itself = |part: &&&str| metadata.packages[**part]["name"] == service;
    let itself =
        parts.iter().find(is_itself).ok_or_else(|| format!("{service} is not made of itself"))?;
    let components: Vec<Value> =
        parts.iter().filter(|part| *part != itself).map(|part| metadata.component(part)).collect();
    let dependencies: Vec<Value> = parts
        .iter()
        .map(|part| {
            let on = metadata.uses.get(*part).into_iter().flatten().map(|on| reference(&metadata.packages[on]));
            json!({ "ref": reference(&metadata.packages[*part]), "dependsOn": on.collect::<BTreeSet<_>>() })
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": metadata.component(itself) },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// Lists the licences of all images; fails if one is not allowed.
pub(crate) fn licences() -> Result {
    let metadata = Metadata::read()?;
    let mut by_licence: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for service in SERVICES {
        for part in metadata.parts(service)? {
            let package = &metadata.packages[part];
            let name = format!(
                "{} {}",
                package["name"].as_str().unwrap_or_default(),
                package["version"].as_str().unwrap_or_default()
            );
            let licence = package["license"].as_str().unwrap_or("unknown").replace('/', " OR ");
            if !is_allowed(&licence)
                && by_licence.get(&licence).is_none_or(|parts| !parts.contains(&name))
            {
                faults
                    .push(format!("{name}: {licence} is not among the licences that are allowed"));
            }
            by_licence.entry(licence).or_default().insert(name);
        }
    }
    for (licence, parts) in &by_licence {
        println!("{licence}\n    {}", parts.iter().cloned().collect::<Vec<_>>().join(", "));
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Whether allowed licences satisfy an expression such as `(MIT OR Apache-2.0) AND Unicode-3.0`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.trim();
    if let Some(parts) = split(expression, " AND ") {
        return parts.iter().all(|part| is_allowed(part));
    }
    if let Some(parts) = split(expression, " OR ") {
        return parts.iter().any(|part| is_allowed(part));
    }
    match expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => is_allowed(inner),
        None => ALLOWED.contains(&expression),
    }
}

/// Splits an expression at an operator outside parentheses; `None` if there is none.
fn split<'a>(expression: &'a str, operator: &str) -> Option<Vec<&'a str>> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, character) in expression.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 && at >= from && expression[at..].starts_with(operator) => {
                parts.push(&expression[from..at]);
                from = at + operator.len();
            }
            _ => {}
        }
    }
    if parts.is_empty() {
        return None;
    }
    parts.push(&expression[from..]);
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_met_as_their_expressions_say() {
        for good in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "(MIT OR GPL-3.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR X",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        for bad in [
            "",
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "(MIT OR ISC) AND (A OR B)",
            "unknown",
            "(MIT",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn every_part_of_a_service_is_billed_and_may_be_handed_on() {
        let metadata = Metadata::read().unwrap();
        let bill = bill(&metadata, "api").unwrap();
        let names: Vec<&str> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|part| part["name"].as_str())
            .collect();
        for name in ["hyper", "redis", "sector-redis", "tokio"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        assert!(!names.contains(&"criterion") && !names.contains(&"insta"), "{names:?}");
        assert_eq!(licences(), Ok(()));
    }
}
