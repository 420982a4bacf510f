//! Every problem code of a service, declared once with its meaning and remedy.
//!
//! A service lists its own codes as a `&[Kind]`; [`SHARED`] lists those of this crate. A
//! [`Catalogue`] joins them, writes the reference ([`Catalogue::markdown`]) and checks responses in
//! tests ([`Catalogue::check`]).

use std::collections::BTreeMap;

use crate::error::SetupError;

/// One problem code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Stable code in snake case.
    pub code: &'static str,
    /// Statuses it is sent with.
    pub statuses: &'static [u16],
    /// Meaning, in one sentence.
    pub meaning: &'static str,
    /// What the client should do, in one sentence.
    pub remedy: &'static str,
}

impl Kind {
    /// A code; the arguments are in the order of the fields, so that a list reads like a table.
    #[must_use]
    pub const fn new(
        code: &'static str,
        statuses: &'static [u16],
        meaning: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self { code, statuses, meaning, remedy }
    }
}

/// Codes that this crate sends, so every service may.
pub const SHARED: &[Kind] = &[
    Kind::new(
        "bad_event_id",
        &[400],
        "There is no event of the id to go on from.",
        "Connect without an id, which begins with a snapshot.",
    ),
    Kind::new(
        "bad_upgrade",
        &[400],
        "The WebSocket handshake is malformed.",
        "Correct what detail names.",
    ),
    Kind::new(
        "body_broken",
        &[400],
        "The body ended before it was complete.",
        "Send it again, with the Content-Length that it has.",
    ),
    Kind::new(
        "body_too_slow",
        &[408],
        "The body came more slowly than the least rate.",
        "Send it again over a better connection, or in smaller parts.",
    ),
    Kind::new(
        "internal",
        &[500],
        "Something went wrong in the service; the details are in its log, under the instance.",
        "Try once more; then tell the operator the instance.",
    ),
    Kind::new(
        "invalid_body",
        &[400],
        "The body is JSON of another shape than the operation takes.",
        "Correct the fields that errors names.",
    ),
    Kind::new(
        "invalid_path",
        &[400],
        "A part of the path is not of its form.",
        "Correct what errors names, and percent-encode it as UTF-8.",
    ),
    Kind::new(
        "invalid_query",
        &[400],
        "A parameter of the query is unknown, missing, repeated or out of its range.",
        "Correct the parameters that errors names.",
    ),
    Kind::new(
        "malformed_json",
        &[400],
        "The body is no JSON.",
        "Correct it at the line and column that detail names.",
    ),
    Kind::new(
        "method_not_allowed",
        &[405],
        "The path is known, with other methods.",
        "Use one of those that the header Allow lists.",
    ),
    Kind::new(
        "not_found",
        &[404],
        "There is nothing at this path.",
        "Look the path up in the API document.",
    ),
    Kind::new(
        "origin_not_allowed",
        &[403],
        "Pages of this origin may not connect here.",
        "Open the page from an origin that the operator allows.",
    ),
    Kind::new(
        "overloaded",
        &[503],
        "The service is answering as many requests as it can.",
        "Try again after Retry-After, and then more slowly.",
    ),
    Kind::new(
        "payload_too_large",
        &[413],
        "The body is longer than the operation takes.",
        "Send less at once; detail names the most.",
    ),
    Kind::new(
        "rate_limited",
        &[429],
        "A quota of this client is used up; RateLimit-Policy lists the quotas.",
        "Wait for Retry-After, and from then on keep to what RateLimit says is left.",
    ),
    Kind::new(
        "request_timeout",
        &[503],
        "The request took longer than a request may and was given up.",
        "Look whether it was done all the same, then try again.",
    ),
    Kind::new(
        "too_many_clients",
        &[503],
        "All places for streams are taken.",
        "Try again after Retry-After.",
    ),
    Kind::new(
        "too_many_clients_of_address",
        &[429],
        "This address has as many open streams as it may.",
        "Close one, or try again after Retry-After.",
    ),
    Kind::new(
        "too_many_headers",
        &[431],
        "The request has more headers than it may.",
        "Send fewer.",
    ),
    Kind::new(
        "unsupported_media_type",
        &[415],
        "The body is not of the type that the operation takes.",
        "Send the Content-Type that detail names.",
    ),
    Kind::new(
        "upgrade_required",
        &[426],
        "This path speaks WebSocket only.",
        "Connect by WebSocket.",
    ),
    Kind::new(
        "upstream_timeout",
        &[504],
        "The service behind this one did not answer in time.",
        "Try again later.",
    ),
    Kind::new(
        "upstream_unreachable",
        &[502],
        "The service behind this one cannot be reached.",
        "Try again later.",
    ),
    Kind::new(
        "uri_too_long",
        &[414],
        "Path and query are longer than they may be.",
        "Ask for less at once.",
    ),
];

/// All codes of one or more services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    kinds: BTreeMap<&'static str, Kind>,
}

impl Catalogue {
    /// [`SHARED`] and these lists.
    ///
    /// # Errors
    /// [`SetupError::Catalogue`] for a malformed code, or one declared twice with different texts.
    pub fn new(lists: &[&[Kind]]) -> Result<Self, SetupError> {
        let mut kinds: BTreeMap<&'static str, Kind> = BTreeMap::new();
        for kind in std::iter::once(&SHARED).chain(lists).flat_map(|list| list.iter()) {
            let refuse = |detail: &str| {
                Err(SetupError::Catalogue { code: kind.code.to_owned(), detail: detail.to_owned() })
            };
            if kind.code.is_empty()
                || !kind.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            {
                return refuse("a code is of lower-case letters and _");
            }
            if kind.statuses.is_empty()
                || !kind.statuses.iter().all(|status| (400..600).contains(status))
            {
                return refuse("its statuses are from 400 to 599, at least one");
            }
            if [kind.meaning, kind.remedy]
                .iter()
                .any(|text| !text.ends_with('.') || text.contains(['\n', '|']))
            {
                return refuse("meaning and remedy are sentences, in one line");
            }
            if kinds.insert(kind.code, *kind).is_some_and(|known| known != *kind) {
                return refuse("it is there in two forms");
            }
        }
        Ok(Self { kinds })
    }

    /// All codes, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// Checks that a response with this status may have this code.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub fn check(&self, status: u16, code: &str) -> Result<(), String> {
        match self.kinds.get(code) {
            None => Err(format!(
                "the problem {code} (status {status}) is not in the catalogue: declare it there"
            )),
            Some(kind) if !kind.statuses.contains(&status) => Err(format!(
                "the problem {code} came with {status}; the catalogue has it with {:?}",
                kind.statuses
            )),
            Some(_) => Ok(()),
        }
    }

    /// The codes as a Markdown table.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut table =
            String::from("| Code | Status | Meaning | What to do |\n| --- | --- | --- | --- |\n");
        for Kind { code, statuses, meaning, remedy } in self.kinds() {
            let statuses = statuses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            table.push_str(&format!("| `{code}` | {statuses} | {meaning} | {remedy} |\n"));
        }
        table
    }
}

/// The codes in calls of [`crate::Problem`]'s functions in a source file, for tests that none is
/// missing. Computed codes are not found.
#[must_use]
pub fn codes_in(source: &str) -> Vec<String> {
    let mut codes = Vec::new();
    for (place, call) in source.match_indices("Problem::") {
        let after = &source[place + call.len()..];
        let Some((name, arguments)) = after.split_once('(') else {
            continue;
        };
        if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            continue;
        }
        let first = arguments.trim_start();
        // The code is the first argument, or follows the status.
        let first = first
            .strip_prefix("StatusCode::")
            .and_then(|rest| Some(rest.split_once(',')?.1.trim_start()))
            .unwrap_or(first);
        let is_code = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        codes.extend(
            first
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
                .filter(is_code)
                .map(str::to_owned),
        );
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_this_crate_is_listed() {
        let catalogue = Catalogue::new(&[]).unwrap();
        let mut sources = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut codes = Vec::new();
        while let Some(path) = sources.pop() {
            if path.is_dir() {
                sources.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else if path
                .file_name()
                .is_some_and(|name| name != "catalogue.rs" && name != "lib.rs")
            {
                codes.extend(codes_in(&std::fs::read_to_string(path).unwrap()));
            }
        }
        codes.sort();
        codes.dedup();
        assert!(codes.len() >= 10 && codes.contains(&"uri_too_long".to_owned()), "{codes:?}");
        for code in codes {
            assert!(catalogue.kinds.contains_key(code.as_str()), "{code}");
        }
    }

    #[test]
    fn contradictions_and_bad_entries_are_found() {
        let good = Kind::new("run_over", &[409], "The run is over.", "Wait for the next.");
        Catalogue::new(&[&[good], &[good]]).unwrap();
        for (bad, detail) in [
            (Kind { code: "Run", ..good }, "lower-case"),
            (Kind { code: "", ..good }, "lower-case"),
            (Kind { statuses: &[], ..good }, "at least one"),
            (Kind { statuses: &[200], ..good }, "400 to 599"),
            (Kind { meaning: "Over", ..good }, "sentences"),
            (Kind { remedy: "Wait | see.", ..good }, "sentences"),
            (Kind { remedy: "Go home.", ..good }, "two forms"),
        ] {
            let error = Catalogue::new(&[&[good], &[bad]]).unwrap_err().to_string();
            assert!(error.contains(detail), "{error}");
        }
    }

    #[test]
    fn answers_are_judged_and_the_table_is_written() {
        let own = [Kind::new("no_universe", &[409, 503], "None is running.", "Wait.")];
        let catalogue = Catalogue::new(&[&own]).unwrap();
        assert_eq!(catalogue.check(503, "no_universe"), Ok(()));
        assert_eq!(catalogue.check(429, "rate_limited"), Ok(()));
        assert!(catalogue.check(404, "no_universe").unwrap_err().contains("409, 503"));
        assert!(catalogue.check(404, "nothing").unwrap_err().contains("declare it"));
        assert!(
            catalogue
                .markdown()
                .contains("| `no_universe` | 409, 503 | None is running. | Wait. |\n")
        );
        assert_eq!(catalogue.kinds().count(), SHARED.len() + 1);
    }

    #[test]
    fn codes_are_found_in_calls() {
        let source = "Problem::new(StatusCode::CONFLICT, \"a_b\", x) Problem::conflict(\n  \"c\", y) Problem::internal(\"no code\") \
                      Problem::internal(error) problem.code() Problem::unavailable(code, 1)";
        assert_eq!(codes_in(source), ["a_b", "c"]);
    }
}
