//! Plain English: phrases that comments and documents do not use, with what to write instead.

use std::fmt::Write as _;
use std::path::Path;

use crate::run::{Result, output, program, root};

/// Phrases to avoid, as whole words in lower case, and replacements.
const PHRASES: &[(&str, &str)] = &[
    ("whoever", "name the reader: clients, callers, operators"),
    ("whosoever", "name the reader"),
    ("lest", "so that … does not"),
    ("befall", "happen to"),
    ("befalls", "happens to"),
    ("thereof", "of it"),
    ("wherein", "in which"),
    ("thereby", "so"),
    ("heed", "follow"),
    ("heeds", "follows"),
    ("reckon", "estimate, count"),
    ("reckons", "estimates, counts"),
    ("is had", "exists, is available"),
    ("to be had", "available"),
    ("has no say", "cannot decide"),
    ("as good as", "almost"),
    ("of one's own", "its own"),
    ("in halves", "partly"),
    ("is stood by for", "is on standby for"),
    ("stood by for", "on standby for"),
    ("hand in", "send, submit"),
    ("handed in", "sent, submitted"),
    ("tell of", "report"),
    ("tells of", "reports"),
    ("be told of", "be informed of"),
    ("is told of", "is informed of"),
    ("it is so that", "state the fact"),
    ("no matter", "whatever, even if"),
    ("what became of", "the outcome of"),
    ("what becomes of", "the outcome of"),
    ("beyond all reason", "out of range"),
    ("as it should be", "say what is wrong"),
];

/// Files with prose: their endings, and what begins a comment. Documents are prose as a whole.
const COMMENTS: &[(&str, &[&str])] = &[
    ("rs", &["//"]),
    ("ts", &["//", "*"]),
    ("tsx", &["//", "*"]),
    ("lua", &["--"]),
    ("sh", &["#"]),
    ("toml", &["#"]),
    ("yml", &["#"]),
    ("yaml", &["#"]),
    ("py", &["#"]),
];

/// Generated, or a list of the phrases themselves.
const EXEMPT: &[&str] = &[
    "xtask/src/english.rs",
    "sector-client/src/generated.rs",
    "bins/frontend/ui/src/api/schema.ts",
];

/// Fails with every phrase found, its place and a replacement.
pub(crate) fn check() -> Result {
    let root = root();
    let listed =
        output(program("git", "").args(["ls-files", "-z"])).ok_or("git ls-files failed")?;
    let mut found = String::new();
    for name in listed.split('\0').filter(|name| !EXEMPT.contains(name)) {
        let Some(starts) = comments(name) else { continue };
        // Deleted but not committed yet.
        let Ok(text) = std::fs::read_to_string(root.join(name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let Some(line) = prose(starts, line) else { continue };
            for (phrase, instead) in phrases(line) {
                // Writing to a string does not fail.
                let _ = writeln!(found, "{name}:{}: \"{phrase}\": {instead}", number + 1);
            }
        }
    }
    if found.is_empty() { Ok(()) } else { Err(format!("plain English:\n{found}")) }
}

/// What begins a comment in this file; `None` for files without prose.
fn comments(name: &str) -> Option<&'static [&'static str]> {
    let ending = Path::new(name).extension()?.to_str()?;
    if ending == "md" {
        return Some(&[""]);
    }
    COMMENTS.iter().find(|(known, _)| *known == ending).map(|(_, starts)| *starts)
}

/// The prose of a line: all of it, or from the beginning of its comment.
fn prose<'a>(starts: &[&str], line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    if starts.iter().any(|start| line.starts_with(start)) {
        return Some(line);
    }
    starts.iter().find_map(|start| line.find(&format!(" {start} "))).map(|at| line.split_at(at).1)
}

/// The phrases in a line.
fn phrases(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let line = line.to_lowercase();
    PHRASES.iter().copied().filter(move |(phrase, _)| {
        line.match_indices(phrase).any(|(at, _)| {
            let is_letter = |character: char| character.is_alphanumeric() || character == '_';
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + phrase.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, line: &str) -> Vec<&'static str> {
        let prose = comments(name).and_then(|starts| prose(starts, line));
        prose.into_iter().flat_map(phrases).map(|(phrase, _)| phrase).collect()
    }

    #[test]
    fn phrases_are_found_in_comments_and_documents_only() {
        assert_eq!(found("a.rs", "    /// Whoever asks, lest it wait."), ["whoever", "lest"]);
        assert_eq!(found("a.rs", "let a = 1; // whoever"), ["whoever"]);
        assert_eq!(found("a.md", "- None is to be had."), ["to be had"]);
        assert_eq!(found("a.lua", "-- what befalls it"), ["befalls"]);
        assert!(found("a.rs", "let whoever = lest;").is_empty());
        assert!(found("a.rs", "// The latest celestial lists.").is_empty());
        assert!(found("a.json", "whoever").is_empty());
    }

    #[test]
    fn the_project_is_in_plain_english() {
        assert_eq!(check(), Ok(()));
    }
}
