//! Bodies shared by all clients: serialized once, compressed at most once per coding.

use std::sync::Arc;

use bytes::Bytes;
use follow::Frame;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http_kit::{Effort, Encoded, Response};
use sector_redis::{Incarnation, StreamId};
use sha3::{Digest, Sha3_256};

use crate::recent::Recent;
use crate::request::call::Call;

/// Bytes of a digest used as the tag of a body.
const TAG_BYTES: usize = 8;

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

/// The newest body of each sector.
pub(crate) type Bodies = Recent<String, (Stamp, Arc<Encoded>)>;

impl Bodies {
    /// The cached body with this stamp, unless it has expired.
    pub(crate) fn find(&self, sector: &str, stamp: Stamp, now_ms: u64) -> Option<Arc<Encoded>> {
        self.get(sector, now_ms).filter(|(kept, _)| *kept == stamp).map(|(_, body)| body)
    }

    /// Caches a body in place of the previous one. If another request was faster, returns its body.
    pub(crate) fn keep(
        &self,
        sector: &str,
        stamp: Stamp,
        now_ms: u64,
        body: Encoded,
    ) -> Arc<Encoded> {
        self.find(sector, stamp, now_ms).unwrap_or_else(|| {
            let body = Arc::new(body);
            self.put(sector.to_owned(), (stamp, Arc::clone(&body)), now_ms);
            body
        })
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
    fn bodies_are_cached_by_stamp() {
        let bodies = Bodies::new(1_000, 10);
        let stamp = |number| Stamp {
            event: StreamId::new(number),
            incarnation: Incarnation::new(1),
            seat_changes: 0,
        };
        let body = |text: &'static str| json(text, text, Effort::Once);
        let kept = bodies.keep("a", stamp(1), 5, body("one"));
        let again = bodies.keep("a", stamp(1), 6, body("two"));
        assert!(Arc::ptr_eq(&kept, &again));
        assert!(bodies.find("b", stamp(1), 6).is_none());
        assert!(bodies.find("a", stamp(2), 6).is_none());
        assert!(bodies.find("a", stamp(1), 1_005).is_none());
        bodies.keep("a", stamp(2), 7, body("three"));
        assert!(bodies.find("a", stamp(1), 7).is_none());
        assert!(bodies.find("a", stamp(2), 7).is_some());
    }
}
