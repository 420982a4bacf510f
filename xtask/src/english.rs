//! Plain English: phrases to avoid in comments, string literals and documents, with replacements.

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
    ("befell", "happened to"),
    ("befallen", "happened to"),
    ("thereof", "of it"),
    ("wherein", "in which"),
    ("thereby", "so"),
    ("heed", "follow"),
    ("heeds", "follows"),
    ("heeded", "followed"),
    ("mend", "repair"),
    ("mends", "repairs"),
    ("mended", "repaired"),
    ("reckon", "estimate, count"),
    ("reckons", "estimates, counts"),
    ("reckoned", "estimated, counted"),
    ("by whom", "name the subject"),
    ("of whom", "name the subject"),
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
    ("be told", "be informed, be reported"),
    ("is told", "is informed, is reported"),
    ("are told", "are informed, are reported"),
    ("it is so that", "state the fact"),
    ("no matter", "whatever, even if"),
    ("what became of", "the outcome of"),
    ("what becomes of", "the outcome of"),
    ("beyond all reason", "out of range"),
    ("as it should be", "say what is wrong"),
];

/// Longer phrases that are fine.
const ALLOWED: &[&str] = &["told apart"];

/// Extensions of files with prose, and the start of a comment. Documents are prose as a whole.
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

/// Extensions of files whose string literals are prose.
const LITERALS: &[&str] = &["rs", "ts", "tsx"];

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
        for (number, (phrase, instead)) in phrases_of(name, starts, &text) {
            // Writing to a string does not fail.
            let _ = writeln!(found, "{name}:{number}: \"{phrase}\": {instead}");
        }
    }
    if found.is_empty() { Ok(()) } else { Err(format!("plain English:\n{found}")) }
}

/// Starts of comments in this file; `None` for files without prose.
fn comments(name: &str) -> Option<&'static [&'static str]> {
    let ending = Path::new(name).extension()?.to_str()?;
    if ending == "md" {
        return Some(&[""]);
    }
    COMMENTS.iter().find(|(known, _)| *known == ending).map(|(_, starts)| *starts)
}

/// Phrases of a file with their line numbers. A phrase may continue on the next line.
fn phrases_of(
    name: &str,
    starts: &[&str],
    text: &str,
) -> Vec<(usize, (&'static str, &'static str))> {
    let has_literals = LITERALS.iter().any(|ending| name.ends_with(&format!(".{ending}")));
    let prose = |line| match comment(starts, line) {
        Some(comment) => comment.to_owned(),
        None if has_literals => line.split('"').skip(1).step_by(2).collect::<Vec<_>>().join(" ; "),
        None => String::new(),
    };
    let lines: Vec<String> = text.lines().map(prose).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let next = lines.get(index + 1).map_or("", String::as_str);
        let with_next = phrases(&format!("{line} {next}"));
        // What is within the next line is found there.
        let (here, there): (Vec<_>, Vec<_>) = (phrases(line).collect(), phrases(next).collect());
        let begun = with_next.filter(|phrase| here.contains(phrase) || !there.contains(phrase));
        found.extend(begun.map(|phrase| (index + 1, phrase)));
    }
    found
}

/// The comment of a line, without its start; in documents, the whole line.
fn comment<'a>(starts: &[&str], line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    if starts.iter().any(|start| line.starts_with(start)) {
        return Some(line.trim_start_matches(['/', '!', '*', '#', '-', ' ']));
    }
    starts.iter().find_map(|start| line.find(&format!(" {start} "))).map(|at| line.split_at(at).1)
}

/// The phrases in a line.
fn phrases(line: &str) -> impl Iterator<Item = (&'static str, &'static str)> + use<> {
    let line = ALLOWED.iter().fold(line.to_lowercase(), |line, allowed| line.replace(allowed, ""));
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

    fn found(name: &str, text: &str) -> Vec<&'static str> {
        let Some(starts) = comments(name) else { return Vec::new() };
        phrases_of(name, starts, text).into_iter().map(|(_, (phrase, _))| phrase).collect()
    }

    #[test]
    fn phrases_are_found_in_comments_literals_and_documents_only() {
        assert_eq!(found("a.rs", "    /// Whoever asks, lest it wait."), ["whoever", "lest"]);
        assert_eq!(found("a.rs", "let a = 1; // whoever"), ["whoever"]);
        assert_eq!(found("a.md", "- None is to be had."), ["to be had"]);
        assert_eq!(found("a.lua", "-- what befalls it"), ["befalls"]);
        assert_eq!(found("a.rs", "error(\"whoever\", lest)"), ["whoever"]);
        assert_eq!(found("a.rs", "/// None is to be\n/// had."), ["to be had"]);
        assert_eq!(found("a.md", "None is to be\nhad. Lest\nit goes."), ["to be had", "lest"]);
        assert!(found("a.rs", "let whoever = lest;").is_empty());
        assert!(found("a.rs", "// The latest celestial lists.").is_empty());
        assert!(found("a.json", "whoever").is_empty());
    }

    #[test]
    fn the_project_is_in_plain_english() {
        assert_eq!(check(), Ok(()));
    }
}
