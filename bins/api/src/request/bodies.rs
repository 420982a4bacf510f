//! Bodies that everybody gets: written once, packed at most once in each form.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use follow::Frame;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http_kit::{Effort, Encoded, Response};
use sector_redis::{Incarnation, StreamId};
use sha3::{Digest, Sha3_256};

use crate::request::call::Call;

/// Most bodies that are kept: of each kind one for every sector that can be open.
const KEPT_MAX: usize = 2 * (follow::sectors::OPEN_MAX + 1);
/// How long a body is taken to be fresh that does not depend on the tick alone, in milliseconds.
const LIFE_MS: u64 = 1_000;
/// Bytes of a digest that tell two bodies apart.
const TAG_BYTES: usize = 8;

/// What a body is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Snapshot,
    Factions,
}

/// What a body was made of: it holds as long as this does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    event: StreamId,
    incarnation: Incarnation,
    /// How often seats were taken or left, where they matter.
    seat_changes: u64,
}

impl Stamp {
    /// Of what a frame shows, and of seats that changed so often.
    pub(crate) fn of(frame: &Frame, seat_changes: u64) -> Self {
        Self { event: frame.event_id(), incarnation: frame.incarnation(), seat_changes }
    }
}

/// The newest body of each kind and sector.
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
    /// The body that was made of this, if that was no longer ago than a second.
    pub(crate) fn find(
        &self,
        sector: &str,
        kind: Kind,
        stamp: Stamp,
        now_ms: u64,
    ) -> Option<Arc<Encoded>> {
        let kept = self.lock();
        let found = kept.iter().find(|kept| kept.kind == kind && kept.sector == sector)?;
        let is_fresh = kind == Kind::Snapshot || now_ms.saturating_sub(found.made_at_ms) < LIFE_MS;
        (is_fresh && found.stamp == stamp).then(|| Arc::clone(&found.body))
    }

    /// Keeps a body instead of the one before. Who comes second is given what the first made.
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
        let mut kept = self.lock();
        kept.retain(|kept| kept.kind != kind || kept.sector != sector);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        let sector = sector.to_owned();
        kept.push_back(Kept { sector, kind, stamp, made_at_ms: now_ms, body: Arc::clone(&body) });
        body
    }

    // Nobody panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body of JSON that lives as long as its tag.
pub(crate) fn json(bytes: impl Into<Bytes>, tag: impl Into<String>, effort: Effort) -> Encoded {
    Encoded::new(bytes, HeaderValue::from_static("application/json"), tag, effort)
}

/// A tag that follows from the content.
pub(crate) fn tag_of(bytes: &[u8]) -> String {
    let digest = Sha3_256::digest(bytes);
    hex::encode(digest.get(..TAG_BYTES).unwrap_or_default())
}

/// The form that the client likes best, or 304; to be asked for again each time.
pub(crate) fn respond(call: &Call, body: &Encoded) -> Response {
    let mut response = body.respond(call.headers());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_made_once_for_what_it_is_made_of_and_the_number_kept_is_bounded() {
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
        // What hangs on more than the tick grows old, a snapshot does not.
        assert!(bodies.find("a", Kind::Factions, stamp(1), 5 + LIFE_MS).is_none());
        bodies.keep("a", Kind::Snapshot, stamp(1), 5, body("three"));
        assert!(bodies.find("a", Kind::Snapshot, stamp(1), 5 + LIFE_MS).is_some());
        bodies.keep("a", Kind::Factions, stamp(2), 7, body("four"));
        assert!(bodies.find("a", Kind::Factions, stamp(1), 7).is_none());
        for number in 0..1_000 {
            bodies.keep(&number.to_string(), Kind::Snapshot, stamp(1), 7, body("more"));
        }
        assert_eq!(bodies.lock().len(), KEPT_MAX);
    }
}
