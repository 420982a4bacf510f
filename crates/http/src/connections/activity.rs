//! Activity of one connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;

use super::signal::{Signal, SignalReceiver};
use crate::limits::Limits;

/// Activity of one connection, written by its stream and requests, read by the sweep.
///
/// Times are milliseconds of the server's clock, which starts at 1; 0 means never. Fields are
/// independent, so relaxed ordering is enough: a stale value costs at most one more sweep.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    opened_ms: u64,
    /// Requests whose headers were read.
    requests: AtomicUsize,
    /// Requests whose response is not complete.
    under_way: AtomicUsize,
    /// Responses with data that the peer has not taken yet.
    to_be_taken: AtomicUsize,
    /// When such a response was last handed data or had some taken.
    taken_ms: AtomicU64,
    /// Since when no request is in flight.
    idle_ms: AtomicU64,
    /// When the first byte arrived since then.
    head_ms: AtomicU64,
    /// Since when the system accepts no more bytes for the peer.
    blocked_ms: AtomicU64,
    is_http2: AtomicBool,
    is_upgraded: AtomicBool,
    ear: SignalReceiver,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No byte since it opened.
    Silent,
    /// Headers that do not end.
    SlowHead,
    /// Idle since the last request.
    Idle,
    /// The peer does not read its response.
    Unread,
}

impl Activity {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { opened_ms: now_ms, idle_ms: AtomicU64::new(now_ms), ..Self::default() }
    }

    /// Signals the connection.
    pub(crate) fn tell(&self, signal: Signal) {
        self.ear.tell(signal);
    }

    /// The strongest signal so far; later ones wake the task.
    pub(crate) fn told(&self, context: &Context<'_>) -> Option<Signal> {
        self.ear.listen(context)
    }

    /// Whether the connection was told to close at once.
    pub(crate) fn is_closed(&self) -> bool {
        self.ear.told() == Some(Signal::Close)
    }

    /// Bytes arrived.
    pub(crate) fn received(&self, now_ms: u64) {
        if self.under_way.load(Ordering::Relaxed) == 0 && self.head_ms.load(Ordering::Relaxed) == 0
        {
            self.head_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// The peer uses HTTP/2, where bytes between requests don't start a request.
    pub(crate) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }

    /// The socket was upgraded and is no longer limited.
    pub(crate) fn upgraded(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    /// Bytes were written, or none were accepted.
    pub(crate) fn wrote(&self, has_gone: bool, now_ms: u64) {
        if has_gone {
            self.blocked_ms.store(0, Ordering::Relaxed);
            // The end of a response may stay in buffers for long. HTTP/2 also writes by itself.
            if !self.is_http2.load(Ordering::Relaxed) {
                self.idle_ms.store(now_ms, Ordering::Relaxed);
            }
        } else if self.blocked_ms.load(Ordering::Relaxed) == 0 {
            self.blocked_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    fn begin(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.head_ms.store(0, Ordering::Relaxed);
    }

    fn end(&self, now_ms: u64) {
        if self.under_way.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.idle_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// The timeout that has passed, if any.
    pub(crate) fn verdict(&self, limits: &Limits, now_ms: u64) -> Option<Verdict> {
        if self.is_upgraded.load(Ordering::Relaxed) {
            return None;
        }
        let is_over = |since_ms: u64, timeout_ms: u64| {
            since_ms > 0 && now_ms.saturating_sub(since_ms) >= timeout_ms
        };
        let is_stuck = self.to_be_taken.load(Ordering::Relaxed) > 0
            && is_over(self.taken_ms.load(Ordering::Relaxed), limits.write_timeout_ms);
        if is_stuck || is_over(self.blocked_ms.load(Ordering::Relaxed), limits.write_timeout_ms) {
            return Some(Verdict::Unread);
        }
        if self.under_way.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let is_first = self.requests.load(Ordering::Relaxed) == 0;
        let head_ms = self.head_ms.load(Ordering::Relaxed);
        if is_first && head_ms == 0 {
            return is_over(self.opened_ms, limits.first_bytes_timeout_ms)
                .then_some(Verdict::Silent);
        }
        let has_head = is_first || !self.is_http2.load(Ordering::Relaxed);
        if has_head && is_over(head_ms, limits.header_read_timeout_ms) {
            return Some(Verdict::SlowHead);
        }
        let is_idle =
            !is_first && is_over(self.idle_ms.load(Ordering::Relaxed), limits.idle_timeout_ms);
        is_idle.then_some(Verdict::Idle)
    }

    /// Order of eviction, lowest first: connections without any request, then idle ones, longest
    /// first. None while busy.
    pub(crate) fn rank(&self) -> Option<(bool, u64)> {
        let is_at_work = self.under_way.load(Ordering::Relaxed) > 0
            || self.blocked_ms.load(Ordering::Relaxed) > 0
            || self.is_upgraded.load(Ordering::Relaxed);
        let has_asked = self.requests.load(Ordering::Relaxed) > 0;
        (!is_at_work).then(|| (has_asked, self.idle_ms.load(Ordering::Relaxed)))
    }
}

/// A request in flight on a connection, until dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    activity: Arc<Activity>,
    clock: super::register::Clock,
    is_to_be_taken: bool,
}

impl UnderWay {
    pub(crate) fn new(activity: Arc<Activity>, clock: super::register::Clock) -> Self {
        activity.begin();
        Self { activity, clock, is_to_be_taken: false }
    }

    /// The response has data for the peer, or waits for more.
    pub(crate) fn awaits_reader(&mut self, is_to_be_taken: bool) {
        self.note_reader(is_to_be_taken, self.clock.now_ms());
    }

    fn note_reader(&mut self, is_to_be_taken: bool, now_ms: u64) {
        self.activity.taken_ms.store(now_ms, Ordering::Relaxed);
        if is_to_be_taken != self.is_to_be_taken {
            self.is_to_be_taken = is_to_be_taken;
            if is_to_be_taken {
                self.activity.to_be_taken.fetch_add(1, Ordering::Relaxed);
            } else {
                self.activity.to_be_taken.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let now_ms = self.clock.now_ms();
        self.note_reader(false, now_ms);
        self.activity.end(now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            first_bytes_timeout_ms: 10,
            header_read_timeout_ms: 20,
            idle_timeout_ms: 100,
            write_timeout_ms: 50,
            ..Limits::default()
        }
    }

    #[test]
    fn each_phase_has_its_timeout() {
        let limits = limits();
        let activity = Activity::new(1_000);
        let verdict = |now_ms| activity.verdict(&limits, now_ms);
        assert_eq!((verdict(1_009), verdict(1_010)), (None, Some(Verdict::Silent)));
        // The first byte counts, not the last: trickling gains no time.
        activity.received(1_009);
        activity.received(1_020);
        assert_eq!((verdict(1_028), verdict(1_029)), (None, Some(Verdict::SlowHead)));
        activity.begin();
        assert_eq!(verdict(9_000), None);
        // Body bytes are not headers of the next request.
        activity.received(2_000);
        activity.end(3_000);
        assert_eq!((verdict(3_099), verdict(3_100)), (None, Some(Verdict::Idle)));
        activity.wrote(true, 3_040);
        assert_eq!((verdict(3_139), verdict(3_140)), (None, Some(Verdict::Idle)));
        activity.received(3_050);
        assert_eq!((verdict(3_069), verdict(3_070)), (None, Some(Verdict::SlowHead)));
        activity.upgraded();
        assert_eq!(verdict(9_000), None);
    }

    #[test]
    fn http2_may_send_between_requests_until_idle() {
        let limits = limits();
        let activity = Activity::new(1_000);
        activity.received(1_005);
        activity.speaks_http2();
        assert_eq!(activity.verdict(&limits, 1_025), Some(Verdict::SlowHead));
        activity.begin();
        activity.end(1_030);
        activity.received(1_040);
        assert_eq!(activity.verdict(&limits, 1_129), None);
        assert_eq!(activity.verdict(&limits, 1_130), Some(Verdict::Idle));
    }

    #[test]
    fn a_stalled_reader_is_found_and_a_waiting_one_is_not() {
        let limits = limits();
        let clock = super::super::register::Clock::new();
        let activity = Arc::new(Activity::new(1));
        let mut answer = UnderWay::new(Arc::clone(&activity), clock);
        let mut other = UnderWay::new(Arc::clone(&activity), clock);
        assert_eq!(activity.verdict(&limits, 9_000), None);
        answer.awaits_reader(true);
        other.awaits_reader(true);
        other.awaits_reader(false);
        assert_eq!(activity.verdict(&limits, 9_000), Some(Verdict::Unread));
        answer.awaits_reader(false);
        assert_eq!(activity.verdict(&limits, 9_000), None);
        activity.wrote(false, 100);
        activity.wrote(false, 120);
        assert_eq!(activity.verdict(&limits, 149), None);
        assert_eq!(activity.verdict(&limits, 150), Some(Verdict::Unread));
        activity.wrote(true, 151);
        assert_eq!(activity.verdict(&limits, 9_000), None);
    }

    #[test]
    fn the_longest_silent_is_evicted_first_and_busy_ones_never() {
        let at_work = Activity::new(1);
        at_work.begin();
        assert_eq!(at_work.rank(), None);
        let blocked = Activity::new(1);
        blocked.wrote(false, 5);
        assert_eq!(blocked.rank(), None);
        let asked = Activity::new(1);
        asked.begin();
        asked.end(2);
        let (old, new) = (Activity::new(10), Activity::new(20));
        assert!(old.rank() < new.rank() && new.rank() < asked.rank());
    }
}
