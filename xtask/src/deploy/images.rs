//! Rules for the Dockerfiles.

use std::fs;
use std::path::Path;

use super::names::{Names, is_pinned};
use crate::run::Result;

const FILES: [&str; 2] = ["Dockerfile", "bins/nft-minter/Dockerfile"];

/// Faults of the Dockerfiles.
pub(super) fn faults(root: &Path) -> Result<Vec<String>> {
    let names = Names::read(root)?;
    let mut faults = Vec::new();
    for file in FILES {
        let path = root.join(file);
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        faults.extend(of_file(&text, &names).into_iter().map(|fault| format!("{file}: {fault}")));
    }
    Ok(faults)
}

/// One instruction of a Dockerfile, its lines joined.
fn instructions(text: &str) -> Vec<(String, String)> {
    let mut instructions = Vec::new();
    let mut line = String::new();
    for part in text.lines().filter(|part| !part.trim_start().starts_with('#')) {
        line.push_str(part.trim());
        if line.ends_with('\\') {
            line.pop();
            continue;
        }
        if let Some((name, rest)) = line.split_once(' ') {
            instructions.push((name.to_owned(), rest.trim().to_owned()));
        }
        line.clear();
    }
    instructions
}

fn of_file(text: &str, names: &Names) -> Vec<String> {
    let mut faults = Vec::new();
    let instructions = instructions(text);
    // (stage, base)
    let mut stages: Vec<(String, String)> = Vec::new();
    let value = |name: &str, wanted: &str| {
        let argument = |rest: &str| rest.strip_prefix(&format!("{wanted}=")).map(str::to_owned);
        instructions
            .iter()
            .filter(|(known, _)| known == name)
            .find_map(|(_, rest)| argument(rest))
            .unwrap_or_default()
    };
    for (name, rest) in &instructions {
        match name.as_str() {
            "FROM" => {
                let mut words = rest.split(' ');
                let base = words.next().unwrap_or_default();
                let base = base
                    .strip_prefix("${")
                    .and_then(|name| name.strip_suffix('}'))
                    .map_or(base.to_owned(), |name| value("ARG", name));
                let stage = words.nth(1).unwrap_or_default().to_owned();
                let is_stage = stages.iter().any(|(known, _)| *known == base);
                if base != "scratch" && !is_stage && !is_pinned(&base) {
                    faults.push(format!("FROM {base}: no version of its own"));
                }
                stages.push((stage, base));
            }
            "RUN" if rest.contains("cargo build") => {
                for wanted in ["--locked", "--release"] {
                    if !rest.contains(wanted) {
                        faults.push(format!("cargo build without {wanted}"));
                    }
                }
            }
            "ENV" => {
                let variables =
                    rest.split_whitespace().filter_map(|variable| variable.split_once('='));
                let of_services = stages.last().is_some_and(|(stage, _)| stage != "build");
                for (name, value) in variables.filter(|_| of_services) {
                    faults.extend(names.fault(name, value));
                }
            }
            "ENTRYPOINT" | "CMD" if !rest.starts_with('[') => {
                faults.push(format!("{name} needs a shell: {rest}"));
            }
            _ => {}
        }
    }
    // A stage with an ENTRYPOINT is an image.
    let mut stage = 0;
    let mut has = vec![(false, false, false); stages.len()];
    let mut seen = 0;
    for (name, rest) in &instructions {
        match name.as_str() {
            "FROM" => {
                (stage, seen) = (seen, seen + 1);
                // Inherit from the base stage.
                if let Some(from) = stages.iter().position(|(known, _)| *known == stages[stage].1) {
                    has[stage].0 = has[from].0;
                }
            }
            "USER" => has[stage].0 = !rest.starts_with("0") && !rest.starts_with("root"),
            "HEALTHCHECK" => has[stage].1 = true,
            "ENTRYPOINT" => has[stage].2 = true,
            _ => {}
        }
    }
    for ((name, _), (is_user, is_checked, is_image)) in stages.iter().zip(&has) {
        if *is_image && !is_user {
            faults.push(format!("{name} runs as root"));
        }
        if *is_image && !is_checked {
            faults.push(format!("{name} has no HEALTHCHECK"));
        }
    }
    if !has.iter().any(|(_, _, is_image)| *is_image) {
        faults.push("there is no image".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::names::without_digests;
    use crate::run::root;

    #[test]
    fn the_images_are_in_order() {
        assert_eq!(faults(&root()), Ok(Vec::new()));
    }

    #[test]
    fn every_rule_finds_its_fault() {
        let names = Names::read(&root()).unwrap();
        let good = without_digests(&fs::read_to_string(root().join(FILES[1])).unwrap());
        for (part, bad, fault) in [
            ("rust:1.95.0-slim-bookworm", "rust:latest", "no version"),
            ("--locked", "", "without --locked"),
            ("USER 65532:65532", "USER 0", "runs as root"),
            ("USER 65532:65532", "", "runs as root"),
            ("HEALTHCHECK --interval", "# --interval", "no HEALTHCHECK"),
            (
                "ENTRYPOINT [\"/usr/local/bin/nft-minter\"]",
                "ENTRYPOINT nft-minter",
                "needs a shell",
            ),
            ("PORT=9100", "PROT=9100", "no service reads PROT"),
            ("PORT=9100", "JWT_SECRET=x", "is a secret"),
        ] {
            let text = good.replacen(part, bad, 1);
            assert_ne!(text, good, "{part}");
            let found = of_file(&text, &names);
            assert!(found.iter().any(|found| found.contains(fault)), "{bad}: {found:?}");
        }
    }
}
