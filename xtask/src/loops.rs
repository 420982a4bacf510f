//! No group of files in a crate imports each other in a loop, except the ones named here.
//!
//! Reads `crate::` and `super::` paths as text, without comments and tests. Paths into the crate
//! root are ignored: it only lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::boundaries::files;
use crate::run::{Result, root};

/// Crates whose sources are checked.
const SOURCES: &[&str] = &[
    "bins/api/src",
    "bins/bot-worker/src",
    "bins/frontend/src",
    "bins/nft-minter/src",
    "bins/sector/src",
    "bins/sim-worker/src",
    "crates/follow/src",
    "crates/http/src",
    "crates/process/src",
    "crates/store-testkit/src",
    "sector-auth/src",
    "sector-client/src",
    "sector-redis/src",
    "sector-sim/src",
    "sector-wire/src",
    "xtask/src",
];

/// Groups that may import each other: a file of the group, and why. A group that is larger than
/// listed is a fault.
const ALLOWED: &[(&str, usize, &str)] = &[
    (
        "bins/api/src/table",
        15,
        "options start the server; handlers, the table that lists them, and the call and state they share",
    ),
    ("bins/frontend/src/routes", 6, "options start the server; handlers and the state they share"),
    (
        "bins/sector/src/replay/export/sink",
        3,
        "the sink names its formats, each writes into the sink",
    ),
    ("crates/follow/src/follower", 2, "a subscription reads from its follower"),
    (
        "crates/http/src/connections/register",
        2,
        "a connection reports to the register that closes it",
    ),
    ("crates/http/src/quota/gate", 3, "a quota, its buckets and its headers are one mechanism"),
    ("crates/process/src/metrics/registry", 2, "the registry includes the metrics of the process"),
    ("sector-client/src/generated", 2, "generated types refer to our own"),
    ("sector-redis/src/error", 5, "errors carry the values they name, values return errors"),
    ("sector-redis/src/redis/store", 12, "the store and its operations, one file each"),
    (
        "sector-sim/src/replay/error",
        3,
        "errors name parts of the header and journal that return them",
    ),
    ("sector-sim/src/replay/playback", 2, "a recording can be played back while it is recorded"),
    ("sector-sim/src/step/orders", 2, "orders are routed ahead of their phase"),
    ("sector-sim/src/world", 3, "a world is stepped by its phases"),
];

type Module = Vec<String>;

/// Fails with every loop that is not allowed.
pub(crate) fn check() -> Result {
    let mut faults = Vec::new();
    for source in SOURCES {
        let folder = root().join(source);
        let mut texts = BTreeMap::new();
        for path in files(&folder)? {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            texts.insert(module(&folder, &path), text);
        }
        for group in loops(&texts) {
            let names: Vec<String> =
                group.iter().map(|module| format!("{source}/{}", module.join("/"))).collect();
            let is_allowed = ALLOWED.iter().any(|(member, size, _)| {
                names.len() <= *size && names.iter().any(|name| name == member)
            });
            if !is_allowed {
                faults
                    .push(format!("these files import each other in a loop: {}", names.join(", ")));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// The module of a file; empty for the crate root.
fn module(folder: &Path, path: &Path) -> Module {
    let relative = path.strip_prefix(folder).unwrap_or(path).with_extension("");
    let names: Module = relative.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names == ["lib"] || names == ["main"] { Module::new() } else { names }
}

/// The groups of modules that import each other in a loop.
fn loops(texts: &BTreeMap<Module, String>) -> Vec<BTreeSet<Module>> {
    let imports: BTreeMap<&Module, BTreeSet<Module>> =
        texts.iter().map(|(module, text)| (module, imports(module, text, texts))).collect();
    let reached = |start: &Module| {
        let mut reached = BTreeSet::new();
        let mut next: Vec<&Module> = vec![start];
        while let Some(module) = next.pop() {
            for target in imports.get(module).into_iter().flatten() {
                if reached.insert(target.clone()) {
                    next.push(target);
                }
            }
        }
        reached
    };
    let reached: BTreeMap<&Module, BTreeSet<Module>> =
        texts.keys().map(|module| (module, reached(module))).collect();
    let mut groups: Vec<BTreeSet<Module>> = Vec::new();
    for (module, targets) in &reached {
        if !targets.contains(*module) || groups.iter().any(|group| group.contains(*module)) {
            continue;
        }
        let comes_back =
            |target: &&Module| reached.get(*target).is_some_and(|back| back.contains(*module));
        groups.push(targets.iter().filter(comes_back).cloned().collect());
    }
    groups
}

/// The modules that a text imports, itself and the crate root left out.
fn imports(module: &Module, text: &str, texts: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let code: String = text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");
    let parent = module.split_last().map_or(&[][..], |(_, parent)| parent);
    let mut paths = Vec::new();
    for (start, base) in [("crate::", &[][..]), ("super::", parent)] {
        for (at, _) in code.match_indices(start) {
            let is_part_of_a_path = code[..at].ends_with(|before: char| {
                before.is_alphanumeric() || before == '_' || before == ':'
            });
            if !is_part_of_a_path {
                expand(base.to_vec(), &code[at + start.len()..], &mut paths);
            }
        }
    }
    let known = |mut path: Module| loop {
        if texts.contains_key(&path) || path.pop().is_none() {
            break path;
        }
    };
    paths.into_iter().map(known).filter(|target| !target.is_empty() && target != module).collect()
}

/// The paths that begin with `text`, which follows `prefix::`.
fn expand(mut prefix: Module, text: &str, paths: &mut Vec<Module>) {
    if let Some(list) = text.strip_prefix('{') {
        let (mut depth, mut start) = (0, 0);
        for (at, character) in list.char_indices() {
            match character {
                '{' => depth += 1,
                ',' if depth == 0 => {
                    expand(prefix.clone(), list[start..at].trim_start(), paths);
                    start = at + 1;
                }
                '}' if depth == 0 => return expand(prefix, list[start..at].trim_start(), paths),
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(text.len());
    match &text[..end] {
        "" => {}
        "self" => paths.push(prefix),
        "super" => {
            prefix.pop();
            if let Some(rest) = text[end..].strip_prefix("::") {
                expand(prefix, rest, paths);
            }
        }
        name => {
            prefix.push(name.to_owned());
            match text[end..].strip_prefix("::") {
                Some(rest) => expand(prefix, rest, paths),
                None => paths.push(prefix),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
        let module = |name: &str| {
            name.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let texts = sources.iter().map(|(name, text)| (module(name), (*text).to_owned())).collect();
        loops(&texts)
            .into_iter()
            .map(|group| group.into_iter().map(|module: Module| module.join("/")).collect())
            .collect()
    }

    #[test]
    fn no_group_of_files_imports_each_other_unless_named() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn loops_are_found_through_lists_and_super() {
        let loops = found(&[
            ("", "pub use crate::a::A;"),
            ("a", "use crate::{b::{self, B}, c::C};"),
            ("b", "use crate::b::part::Part;"),
            ("b/part", "fn part() { super::super::a::call(); }"),
            ("c", "// use crate::a;\n#[cfg(test)]\nuse crate::a::A;"),
        ]);
        assert_eq!(loops, [["a", "b", "b/part"]]);
        assert!(found(&[("a", "use crate::b;"), ("b", "use std::a;")]).is_empty());
    }
}
