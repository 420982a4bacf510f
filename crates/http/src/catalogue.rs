//! Problem codes with their statuses, meaning and remedy.
//!
//! [`SHARED`] are the codes of this crate; a service has its own list. A [`Catalogue`] joins them and
//! checks responses ([`Catalogue::check`]): tests check every problem that they see.

use std::collections::BTreeMap;

use crate::error::SetupError;

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// The stable code, in snake case.
    pub code: &'static str,
    /// The statuses that it comes with.
    pub statuses: &'static [u16],
    /// What it means: one sentence.
    pub meaning: &'static str,
    /// What the client should do: one sentence.
    pub remedy: &'static str,
}

impl Kind {
    /// A code.
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

macro_rules! kinds {
    ($($name:ident $code:literal [$status:literal] $meaning:literal $remedy:literal)+) => {
        $(#[doc = $meaning] pub const $name: Kind = Kind::new($code, &[$status], $meaning, $remedy);)+

        /// The codes of this crate, which every service may answer.
        pub const SHARED: &[Kind] = &[$($name),+];
    };
}

kinds! {
    BAD_EVENT_ID "bad_event_id" [400]
        "No event has this id."
        "Connect without an id; the stream then begins with a snapshot."
    BAD_UPGRADE "bad_upgrade" [400]
        "The WebSocket handshake is malformed."
        "Fix what detail names."
    BODY_BROKEN "body_broken" [400]
        "The body ended early."
        "Send it again with the right Content-Length."
    BODY_TOO_SLOW "body_too_slow" [408]
        "The body arrived below the minimum rate."
        "Send it again over a better connection, or in smaller parts."
    HOST_NOT_ALLOWED "host_not_allowed" [421]
        "This server does not answer to the host name of the request."
        "Use localhost or an IP address, or have the operator list the name in ALLOWED_HOSTS."
    INTERNAL "internal" [500]
        "The server failed; its log has the details under the instance."
        "Try once more, then report the instance to the operator."
    INVALID_BODY "invalid_body" [400]
        "The body is valid JSON but does not match the schema."
        "Fix the fields listed in errors."
    INVALID_HOST "invalid_host" [400]
        "The request has no Host header, or more than one."
        "Send exactly one."
    INVALID_PATH "invalid_path" [400]
        "A path parameter is malformed."
        "Fix what errors names, and percent-encode it as UTF-8."
    INVALID_QUERY "invalid_query" [400]
        "A query parameter is unknown, missing, repeated or out of range."
        "Fix the parameters listed in errors."
    MALFORMED_JSON "malformed_json" [400]
        "The body is not valid JSON."
        "Fix it at the line and column that detail names."
    METHOD_NOT_ALLOWED "method_not_allowed" [405]
        "The path exists, with other methods."
        "Use a method that the Allow header lists."
    NOT_FOUND "not_found" [404]
        "There is nothing at this path."
        "Look the path up in the API document."
    ORIGIN_NOT_ALLOWED "origin_not_allowed" [403]
        "Pages of this origin may not connect."
        "Open the page from an origin that the operator allows."
    OVERLOADED "overloaded" [503]
        "The server is handling its maximum number of requests."
        "Try again after Retry-After, then more slowly."
    PAYLOAD_TOO_LARGE "payload_too_large" [413]
        "The body is longer than allowed."
        "Send less at once; detail names the limit."
    RATE_LIMITED "rate_limited" [429]
        "A rate limit of this client is used up; RateLimit-Policy lists the limits."
        "Wait for Retry-After, then stay within what RateLimit says is left."
    REQUEST_TIMEOUT "request_timeout" [503]
        "The request took longer than allowed and was abandoned."
        "Check whether it took effect, then try again."
    TOO_MANY_CLIENTS "too_many_clients" [503]
        "All places for streams are taken."
        "Try again after Retry-After."
    TOO_MANY_CLIENTS_OF_ADDRESS "too_many_clients_of_address" [429]
        "This address has its maximum number of streams open."
        "Close one, or try again after Retry-After."
    TOO_MANY_HEADERS "too_many_headers" [431]
        "The request has too many headers."
        "Send fewer."
    UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" [415]
        "The body has the wrong media type."
        "Send the Content-Type that detail names."
    UPGRADE_REQUIRED "upgrade_required" [426]
        "This path is for WebSocket only."
        "Connect with WebSocket."
    UPSTREAM_TIMEOUT "upstream_timeout" [504]
        "The upstream service did not respond in time."
        "Try again later."
    UPSTREAM_UNREACHABLE "upstream_unreachable" [502]
        "The upstream service cannot be reached."
        "Try again later."
    URI_TOO_LONG "uri_too_long" [414]
        "The path and query are too long."
        "Ask for less at once."
}

impl From<Kind> for &'static str {
    fn from(kind: Kind) -> Self {
        kind.code
    }
}

/// A response that the catalogue does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// The code is unknown.
    #[error("problem {code} (status {status}) is not in the catalogue: declare it")]
    Unknown {
        /// The code.
        code: String,
        /// Status of the response.
        status: u16,
    },
    /// The status is not declared for this code.
    #[error("problem {code} came with status {status}, but is declared with {declared:?}")]
    Status {
        /// The code.
        code: &'static str,
        /// Status of the response.
        status: u16,
        /// Declared statuses.
        declared: &'static [u16],
    },
}

/// All codes of one or several services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    kinds: BTreeMap<&'static str, Kind>,
}

impl Catalogue {
    /// [`SHARED`] and these lists together.
    ///
    /// # Errors
    /// [`SetupError::Catalogue`] for a malformed code, or one declared in two forms.
    pub fn new(lists: &[&[Kind]]) -> Result<Self, SetupError> {
        let mut kinds: BTreeMap<&'static str, Kind> = BTreeMap::new();
        for kind in std::iter::once(&SHARED).chain(lists).flat_map(|list| list.iter()) {
            let refuse = |detail: &str| {
                Err(SetupError::Catalogue { code: kind.code.to_owned(), detail: detail.to_owned() })
            };
            if kind.code.is_empty()
                || !kind.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
            {
                return refuse("a code must consist of lower-case letters and _");
            }
            if kind.statuses.is_empty()
                || !kind.statuses.iter().all(|status| (400..600).contains(status))
            {
                return refuse("needs at least one status, from 400 to 599");
            }
            if [kind.meaning, kind.remedy]
                .iter()
                .any(|text| !text.ends_with('.') || text.contains(['\n', '|']))
            {
                return refuse("meaning and remedy must be sentences on one line");
            }
            if kinds.insert(kind.code, *kind).is_some_and(|known| known != *kind) {
                return refuse("is declared in two forms");
            }
        }
        Ok(Self { kinds })
    }

    /// All codes, ordered by name.
    pub fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.kinds.values()
    }

    /// Whether an answer with this status may have this code.
    ///
    /// # Errors
    /// [`CheckError`] for an unknown code, or a known one with another status.
    pub fn check(&self, status: u16, code: &str) -> Result<(), CheckError> {
        match self.kinds.get(code) {
            None => Err(CheckError::Unknown { code: code.to_owned(), status }),
            Some(kind) if !kind.statuses.contains(&status) => {
                Err(CheckError::Status { code: kind.code, status, declared: kind.statuses })
            }
            Some(_) => Ok(()),
        }
    }

    /// All codes as a Markdown table.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_and_conflicting_codes_are_rejected() {
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
    fn responses_are_checked_and_the_table_is_written() {
        let own = [Kind::new("no_universe", &[409, 503], "None is running.", "Wait.")];
        let catalogue = Catalogue::new(&[&own]).unwrap();
        assert_eq!(catalogue.check(503, "no_universe"), Ok(()));
        assert_eq!(catalogue.check(429, "rate_limited"), Ok(()));
        assert!(catalogue.check(404, "no_universe").unwrap_err().to_string().contains("409, 503"));
        assert!(catalogue.check(404, "nothing").unwrap_err().to_string().contains("declare it"));
        assert!(
            catalogue
                .markdown()
                .contains("| `no_universe` | 409, 503 | None is running. | Wait. |\n")
        );
        assert_eq!(catalogue.kinds().count(), SHARED.len() + 1);
    }
}
