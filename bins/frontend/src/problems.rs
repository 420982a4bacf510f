//! The codes of this service's problems, beside those that every service has.

use http_kit::Kind;

/// Each once, by code.
pub const PROBLEMS: &[Kind] = &[
    Kind::new(
        "api_timeout",
        &[504],
        "The API behind /api did not answer in time.",
        "Try again shortly.",
    ),
    Kind::new(
        "api_unreachable",
        &[502],
        "The API behind /api cannot be reached.",
        "Try again shortly.",
    ),
    Kind::new("busy", &[503], "Too many previews are being drawn.", "Try again after Retry-After."),
    Kind::new(
        "impossible_map",
        &[422],
        "There is no map of this size for this many factions.",
        "Ask for more systems or fewer factions.",
    ),
    Kind::new(
        "recorded_run",
        &[403],
        "What is shown is a recorded run, in which nobody can play.",
        "Watch it; to play, go to a live sector.",
    ),
    Kind::new(
        "store_unavailable",
        &[503],
        "The state of the sector cannot be reached at present.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "too_many_sectors",
        &[503],
        "The server has as many sectors open as it may.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "unknown_sector",
        &[404],
        "There is no sector of this name.",
        "Choose one that GET /sectors lists.",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use http_kit::{Catalogue, catalogue};

    use super::*;

    #[test]
    fn every_code_of_this_crate_is_listed() {
        let catalogue = Catalogue::new(&[PROBLEMS]).unwrap();
        let mut sources = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut found = 0;
        while let Some(path) = sources.pop() {
            if path.is_dir() {
                sources.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            for code in catalogue::codes_in(&std::fs::read_to_string(path).unwrap()) {
                found += 1;
                assert!(catalogue.kinds().any(|kind| kind.code == code), "{code}");
            }
        }
        assert!(found >= 8, "{found}");
    }
}
