//! Bodies shared by all clients: serialized once, compressed at most once per coding.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use follow::Frame;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http_kit::{Effort, Encoded, Response};
use parking_lot::Mutex;
use sector_redis::{Incarnation, StreamId};
use sha3::{Digest, Sha3_256};

use crate::request::call::Call;

/// Maximum number of cached bodies: one of each kind for each sector that can be open.
const KEPT_MAX: usize = 2 * (follow::sectors::OPEN_MAX + 1);
/// How long a body that depends on more than the tick is cached, in milliseconds.
const LIFE_MS: u64 = 1_000;
/// Bytes of a digest used as the tag of a body.
const TAG_BYTES: usize = 8;

/// Content of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Snapshot,
    Factions,
}

/// State that a body was made from; the body is valid while it stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    event: StreamId,
    incarnation: Incarnation,
    /// Number of claims and releases; 0 if the body does not depend on them.
    seat_changes: u64,
}

impl Stamp {
    /// The stamp of a frame and a number of claims and releases.
    pub(crate) fn of(frame: &Frame, seat_changes: u64) -> Self {
        Self { event: frame.event_id(), incarnation: frame.incarnation(), seat_changes }
    }
}

/// Cache of the newest body of each kind and sector.
#[derive(Debug, Default)]
pub(crate) struct Bodies {
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    sector: String,
    kind: Kind,
    stamp: Stamp,
    made_at_ms: u64,
    body: Arc<Encoded>,
}

impl Bodies {
    /// The cached body with this stamp, unless it has expired.
    pub(crate) fn find(
        &self,
        sector: &str,
        kind: Kind,
        stamp: Stamp,
        now_ms: u64,
    ) -> Option<Arc<Encoded>> {
        let kept = self.kept.lock();
        let found = kept.iter().find(|kept| kept.kind == kind && kept.sector == sector)?;
        let is_fresh = kind == Kind::Snapshot || now_ms.saturating_sub(found.made_at_ms) < LIFE_MS;
        (is_fresh && found.stamp == stamp).then(|| Arc::clone(&found.body))
    }

    /// Caches a body in place of the previous one. If another request was faster, returns its body.
    pub(crate) fn keep(
        &self,
        sector: &str,
        kind: Kind,
        stamp: Stamp,
        now_ms: u64,
        body: Encoded,
    ) -> Arc<Encoded> {
        if let Some(body) = self.find(sector, kind, stamp, now_ms) {
            return body;
        }
        let body = Arc::new(body);
        let mut kept = self.kept.lock();
        kept.retain(|kept| kept.kind != kind || kept.sector != sector);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        let sector = sector.to_owned();
        kept.push_back(Kept { sector, kind, stamp, made_at_ms: now_ms, body: Arc::clone(&body) });
        body
    }
}

/// A JSON body.
pub(crate) fn json(bytes: impl Into<Bytes>, tag: impl Into<String>, effort: Effort) -> Encoded {
    Encoded::new(bytes, HeaderValue::from_static("application/json"), tag, effort)
}

/// A tag computed from the content.
pub(crate) fn tag_of(bytes: &[u8]) -> String {
    let digest = Sha3_256::digest(bytes);
    hex::encode(digest.get(..TAG_BYTES).unwrap_or_default())
}

/// The body in the client's preferred coding, or 304. Clients must revalidate it each time.
pub(crate) fn respond(call: &Call, body: &Encoded) -> Response {
    let mut response = body.respond(call.headers());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_cached_by_stamp_and_their_number_is_bounded() {
        let bodies = Bodies::default();
        let stamp = |number| Stamp {
            event: StreamId::new(number),
            incarnation: Incarnation::new(1),
            seat_changes: 0,
        };
        let body = |text: &'static str| json(text, "1", Effort::Live);
        let first = bodies.keep("a", Kind::Factions, stamp(1), 5, body("one"));
        assert_eq!(
            bodies.keep("a", Kind::Factions, stamp(1), 6, body("two")).identity(),
            first.identity()
        );
        assert!(bodies.find("b", Kind::Factions, stamp(1), 6).is_none());
        assert!(bodies.find("a", Kind::Snapshot, stamp(1), 6).is_none());
        assert!(bodies.find("a", Kind::Factions, stamp(2), 6).is_none());
        // Bodies that depend on more than the tick expire, snapshots do not.
        assert!(bodies.find("a", Kind::Factions, stamp(1), 5 + LIFE_MS).is_none());
        bodies.keep("a", Kind::Snapshot, stamp(1), 5, body("three"));
        assert!(bodies.find("a", Kind::Snapshot, stamp(1), 5 + LIFE_MS).is_some());
        bodies.keep("a", Kind::Factions, stamp(2), 7, body("four"));
        assert!(bodies.find("a", Kind::Factions, stamp(1), 7).is_none());
        for number in 0..1_000 {
            bodies.keep(&number.to_string(), Kind::Snapshot, stamp(1), 7, body("more"));
        }
        assert_eq!(bodies.kept.lock().len(), KEPT_MAX);
    }
}
