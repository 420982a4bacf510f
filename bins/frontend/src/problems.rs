//! The codes of this service's problems, beside those that every service has.

use service::Kind;

/// Each once, by code.
pub const PROBLEMS: &[Kind] = &[
    Kind::new("api_timeout", &[504], "The API behind /api did not answer in time.", "Try again shortly."),
    Kind::new("api_unreachable", &[502], "The API behind /api cannot be reached.", "Try again shortly."),
    Kind::new(
        "bad_event_id",
        &[400],
        "There is no event of the id to go on from.",
        "Connect without an id, which begins with a snapshot.",
    ),
    Kind::new("bad_upgrade", &[400], "The WebSocket handshake is malformed.", "Correct what detail names."),
    Kind::new("busy", &[503], "Too many previews are being drawn.", "Try again after Retry-After."),
    Kind::new(
        "impossible_map",
        &[422],
        "There is no map of this size for this many factions.",
        "Ask for more systems or fewer factions.",
    ),
    Kind::new(
        "origin_not_allowed",
        &[403],
        "Pages of this origin may not connect here.",
        "Open the page from an origin that the operator allows.",
    ),
    Kind::new(
        "store_unavailable",
        &[503],
        "The state of the sector cannot be reached at present.",
        "Try again after Retry-After.",
    ),
    Kind::new("too_many_clients", &[503], "All places for streams are taken.", "Try again after Retry-After."),
    Kind::new(
        "too_many_clients_of_address",
        &[429],
        "This address has as many open streams as it may.",
        "Close one, or try again after Retry-After.",
    ),
    Kind::new(
        "too_many_sectors",
        &[503],
        "The server has as many sectors open as it may.",
        "Try again after Retry-After.",
    ),
    Kind::new("unknown_sector", &[404], "There is no sector of this name.", "Choose one that GET /sectors lists."),
    Kind::new("upgrade_required", &[426], "This path speaks WebSocket only.", "Connect by WebSocket."),
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use service::{Catalogue, catalogue};

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
        assert!(found >= 10, "{found}");
    }
}
