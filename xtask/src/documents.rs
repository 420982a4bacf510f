//! Checks that the links and file names in the documentation exist.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::root;

/// First folders of file names that are checked.
const FOLDERS: [&str; 8] =
    ["bins/", "crates/", "docs/", "examples/", "k8s/", "scripts/", "sector-", "xtask/"];

/// All pages outside of build folders and packages.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (Vec::new(), vec![root()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped = ["target", "node_modules", "corpus"].contains(&name.as_str());
                if !skipped && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if name.ends_with(".md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// A page without its fenced code.
fn prose(page: &str) -> String {
    page.split("```").step_by(2).collect()
}

/// The anchors of a page, one for each heading.
fn anchors(page: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| -> String {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        let heading = heading.trim_start_matches('#').trim().to_lowercase();
        heading.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    page.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// Relative links of a page: the path, and the anchor.
fn links(page: &str) -> Vec<(&str, &str)> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let relative = targets.filter(|target| !target.contains("://") && !target.starts_with('/'));
    relative.map(|target| target.split_once('#').unwrap_or((target, ""))).collect()
}

/// File names in code spans, relative to the root.
fn files(page: &str) -> impl Iterator<Item = &str> {
    page.split('`').skip(1).step_by(2).filter(|span| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
        FOLDERS.iter().any(|folder| span.starts_with(folder))
            && span.contains('/')
            && span.chars().all(plain)
    })
}

fn faults(path: &Path, text: &str) -> Vec<String> {
    let text = prose(text);
    let folder = path.parent().unwrap();
    let broken_link = |(file, anchor): (&str, &str)| {
        let target = if file.is_empty() { path.to_owned() } else { folder.join(file) };
        let is_found = if anchor.is_empty() || !file.is_empty() && !file.ends_with(".md") {
            target.exists()
        } else {
            fs::read_to_string(&target).is_ok_and(|page| anchors(&prose(&page)).contains(anchor))
        };
        (!is_found).then(|| format!("{}: no {file}#{anchor}", path.display()))
    };
    let missing_file = |file: &str| {
        (!root().join(file).exists()).then(|| format!("{}: no {file}", path.display()))
    };
    let links = links(&text).into_iter().filter_map(broken_link);
    links.chain(files(&text).filter_map(missing_file)).collect()
}

#[test]
fn links_and_file_names_exist() {
    let pages = pages();
    assert!(pages.len() > 40, "{} pages", pages.len());
    let faults: Vec<String> =
        pages.iter().flat_map(|page| faults(page, &fs::read_to_string(page).unwrap())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn broken_links_and_missing_files_are_found() {
    let page = root().join("docs/explanation/architecture.md");
    let text = "[a](durability.md#clocks) [b](none.md) [c](durability.md#none) `xtask/src/main.rs` \
                `xtask/src/none.rs` `bins/<name>`\n```\n[d](none.md)\n```\n";
    let faults = faults(&page, text);
    let ends: Vec<&str> = faults.iter().map(|fault| fault.rsplit(": ").next().unwrap()).collect();
    assert_eq!(ends, ["no none.md#", "no durability.md#none", "no xtask/src/none.rs"]);
}
