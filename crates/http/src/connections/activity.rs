//! What one connection does, as far as its limits are concerned.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Context;

use super::signal::{Ear, Signal};
use crate::limits::Limits;

/// Notes of one connection, written by its stream and its requests, read by the sweep.
///
/// Times are milliseconds of the server's clock, which begins at 1; 0 is never. Each note stands for
/// itself, so that relaxed order is enough: the worst that can come of a stale one is a sweep more.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    opened_ms: u64,
    /// Requests whose headers were read.
    requests: AtomicUsize,
    /// Those whose answer is not complete.
    under_way: AtomicUsize,
    /// Answers that have been handed something that the peer has not taken yet.
    to_be_taken: AtomicUsize,
    /// When the last of them was taken or handed something.
    taken_ms: AtomicU64,
    /// Since when no request is under way.
    idle_ms: AtomicU64,
    /// When the first byte came since then.
    head_ms: AtomicU64,
    /// Since when the system takes no more bytes for the peer.
    blocked_ms: AtomicU64,
    is_http2: AtomicBool,
    is_upgraded: AtomicBool,
    ear: Ear,
}

/// Why a connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not a byte since it was opened.
    Silent,
    /// Headers that do not end.
    SlowHead,
    /// Nothing since the last request.
    Idle,
    /// It does not read its answer.
    Unread,
}

impl Activity {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self { opened_ms: now_ms, idle_ms: AtomicU64::new(now_ms), ..Self::default() }
    }

    /// Tells the connection something.
    pub(crate) fn tell(&self, signal: Signal) {
        self.ear.tell(signal);
    }

    /// What the connection was told; whatever more it is told wakes it.
    pub(crate) fn told(&self, context: &Context<'_>) -> Option<Signal> {
        self.ear.listen(context)
    }

    /// Whether it was told to close at once.
    pub(crate) fn is_closed(&self) -> bool {
        self.ear.told() == Some(Signal::Close)
    }

    /// Bytes came.
    pub(crate) fn received(&self, now_ms: u64) {
        if self.under_way.load(Ordering::Relaxed) == 0 && self.head_ms.load(Ordering::Relaxed) == 0
        {
            self.head_ms.store(now_ms, Ordering::Relaxed);
        }
    }

    /// The peer speaks HTTP/2, where bytes between requests are not the beginning of one.
    pub(crate) fn speaks_http2(&self) {
        self.is_http2.store(true, Ordering::Relaxed);
    }

    /// The socket is somebody else's from now on.
    pub(crate) fn upgraded(&self) {
        self.is_upgraded.store(true, Ordering::Relaxed);
    }

    /// Bytes went, or none would go.
    pub(crate) fn wrote(&self, has_gone: bool, now_ms: u64) {
        if has_gone {
            self.blocked_ms.store(0, Ordering::Relaxed);
            // The end of an answer may be under way for long after we let it go. HTTP/2 writes for itself, too.
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

    /// Whether its time is over.
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

    /// How soon it makes room for another, the least first: those without any request, then those
    /// between two, by how long they have been so. None while it is at work.
    pub(crate) fn rank(&self) -> Option<(bool, u64)> {
        let is_at_work = self.under_way.load(Ordering::Relaxed) > 0
            || self.blocked_ms.load(Ordering::Relaxed) > 0
            || self.is_upgraded.load(Ordering::Relaxed);
        let has_asked = self.requests.load(Ordering::Relaxed) > 0;
        (!is_at_work).then(|| (has_asked, self.idle_ms.load(Ordering::Relaxed)))
    }
}

/// A request under way on a connection; over when this is dropped.
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

    /// The answer has something for the peer, or waits for more from us.
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
    fn each_phase_has_its_time() {
        let limits = limits();
        let activity = Activity::new(1_000);
        let verdict = |now_ms| activity.verdict(&limits, now_ms);
        assert_eq!((verdict(1_009), verdict(1_010)), (None, Some(Verdict::Silent)));
        // The first byte counts, not the last: a trickle gains nothing.
        activity.received(1_009);
        activity.received(1_020);
        assert_eq!((verdict(1_028), verdict(1_029)), (None, Some(Verdict::SlowHead)));
        activity.begin();
        assert_eq!(verdict(9_000), None);
        // The body's bytes are not the next head's.
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
    fn http2_may_send_what_it_likes_between_requests_but_not_for_ever() {
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
    fn who_takes_nothing_is_found_and_who_waits_for_us_is_not() {
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
    fn the_longest_silent_makes_room_first_and_who_is_at_work_never() {
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
