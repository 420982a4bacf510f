//! How several workers share several sectors.
//!
//! Every worker is on standby for every sector. The more sectors a worker holds, the longer it
//! waits before it acquires another lease, so a free sector goes to the worker with the fewest. A
//! worker that holds few leaves a note beside a sector it is on standby for; the holder reads the
//! note now and then, and releases the sector if it holds at least two more. So workers share
//! evenly whether they start together or one by one, and a sector changes hands only if that evens
//! out the counts.
//!
//! The note is only a hint: it expires, and acting on a stale one costs no more than the ticks
//! until the sector is acquired again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use sector_redis::Store;
use tokio::time::Instant;

/// Maximum pause between two attempts of a worker that holds nothing.
const PAUSE_MAX: Duration = Duration::from_millis(200);
/// Extra wait of a worker that holds all sectors but one. Together with the pause it stays below a
/// second, the maximum delay of a takeover after the lease expires.
const GIVE_WAY_MAX: Duration = Duration::from_millis(600);
/// Maximum pause of a worker with a single sector.
const ALONE_PAUSE_MAX: Duration = Duration::from_millis(500);
/// How often a worker leaves a note, for one sector after another, and how often a holder looks for
/// one.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// Lifetime of a note.
const NOTE_LIFE: Duration = Duration::from_secs(5);
/// A worker releases at most one sector in this time, so it never acts twice on the same count.
const GIVE_UP_EVERY: Duration = Duration::from_secs(5);
/// Key of the note in the store.
const NOTE: &str = "worker-with-room";

/// State shared by the sectors of one process.
#[derive(Debug)]
pub(crate) struct Share {
    sectors: usize,
    /// Leases held or being acquired.
    held: AtomicUsize,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    taken: Option<Instant>,
    given_up: Option<Instant>,
}

/// Counts a lease as held until dropped.
#[derive(Debug)]
pub(crate) struct Holding<'a>(&'a Share);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Share {
    /// The state of a process with this many sectors.
    pub(crate) fn of(sectors: usize) -> Share {
        Share { sectors, held: AtomicUsize::new(0), last: Mutex::default() }
    }

    fn is_shared(&self) -> bool {
        self.sectors > 1
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Counts a lease as held, starting before the attempt.
    pub(crate) fn hold(&self) -> Holding<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Holding(self)
    }

    /// A lease was acquired: the next attempt waits from now on.
    pub(crate) fn note_taken(&self) {
        self.last().taken = Some(Instant::now());
    }

    /// When to try the lease again; `asked` is the last attempt.
    pub(crate) fn next_attempt(&self, asked: Option<Instant>, ttl: Duration) -> Instant {
        if !self.is_shared() {
            let pause = (ttl / 4).min(ALONE_PAUSE_MAX);
            return asked.map_or_else(Instant::now, |asked| asked + pause);
        }
        let pause = (ttl / 4).min(PAUSE_MAX);
        let taken = self.last().taken;
        let since = asked.map(|asked| asked + pause).max(taken).unwrap_or_else(Instant::now);
        since + self.give_way()
    }

    fn give_way(&self) -> Duration {
        let others = u32::try_from(self.sectors.saturating_sub(1)).unwrap_or(u32::MAX).max(1);
        let held = u32::try_from(self.held()).unwrap_or(u32::MAX).min(others);
        GIVE_WAY_MAX * held / others
    }

    /// Leaves a note beside a sector that another worker holds, if this one has room. `noted` is
    /// the time of the last note, or of going on standby.
    pub(crate) async fn leave_note(&self, store: &dyn Store, noted: &mut Instant) {
        // Only a worker with two more sectors releases one, so there must be that many others.
        let waiting = self.sectors.saturating_sub(self.held());
        if !self.is_shared()
            || waiting < 2
            || noted.elapsed() < NOTE_EVERY * u32::try_from(waiting).unwrap_or(u32::MAX)
        {
            return;
        }
        *noted = Instant::now();
        if let Err(error) = store
            .put_nonce(sector_redis::Pool::Notes, NOTE, &self.held().to_string(), NOTE_LIFE)
            .await
        {
            tracing::debug!(%error, "cannot leave a note for the holder");
        }
    }

    /// Whether to release this sector to a worker that holds fewer. `looked` is the last time its
    /// note was read.
    pub(crate) async fn gives_up(&self, store: &dyn Store, looked: &mut Instant) -> bool {
        if !self.is_shared() || self.held() < 2 || looked.elapsed() < NOTE_EVERY {
            return false;
        }
        *looked = Instant::now();
        let note = match store.take_nonce(sector_redis::Pool::Notes, NOTE).await {
            Ok(note) => note.and_then(|note| note.parse::<usize>().ok()),
            Err(error) => {
                tracing::debug!(%error, "cannot read another worker's note");
                None
            }
        };
        let mut last = self.last();
        let is_due = last.given_up.is_none_or(|given_up| given_up.elapsed() >= GIVE_UP_EVERY);
        let gives_up = is_due && note.is_some_and(|other| self.held() >= other.saturating_add(2));
        if gives_up {
            last.given_up = Some(Instant::now());
        }
        gives_up
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock()
    }
}

#[cfg(test)]
mod tests {
    use sector_redis::{StoreOptions, open};

    use super::*;

    const TTL: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn whoever_holds_many_waits_longer_and_never_a_second() {
        let share = Share::of(4);
        let asked = Instant::now();
        assert_eq!(share.next_attempt(None, TTL), asked, "the first is asked for at once");
        let mut holdings = Vec::new();
        let mut before = Duration::ZERO;
        for _ in 0..4 {
            let pause = share.next_attempt(Some(asked), TTL) - asked;
            assert!(pause > before && pause < Duration::from_secs(1), "{pause:?} after {before:?}");
            before = pause;
            holdings.push(share.hold());
            share.note_taken();
        }
        assert!(share.next_attempt(None, TTL) > asked, "the next one waits");
        holdings.clear();
        assert_eq!(share.next_attempt(Some(asked), TTL) - asked, PAUSE_MAX);
        let alone = Share::of(1);
        assert_eq!(alone.next_attempt(Some(asked), TTL) - asked, ALONE_PAUSE_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_sector_is_given_up_only_to_a_worker_with_two_fewer_and_one_at_a_time() {
        let store = open(StoreOptions::memory()).await.unwrap();
        let (full, free) = (Share::of(3), Share::of(3));
        let mut noted = Instant::now();
        let mut looked = Instant::now();
        let holdings = [full.hold(), full.hold(), full.hold()];
        tokio::time::advance(NOTE_EVERY * 3).await;
        assert!(!full.gives_up(&*store, &mut looked).await, "nobody asks");
        free.leave_note(&*store, &mut noted).await;
        tokio::time::advance(NOTE_EVERY).await;
        assert!(full.gives_up(&*store, &mut looked).await);
        // A repeated note has no effect at first.
        tokio::time::advance(NOTE_EVERY).await;
        store.put_nonce(sector_redis::Pool::Notes, NOTE, "0", NOTE_LIFE).await.unwrap();
        assert!(!full.gives_up(&*store, &mut looked).await);
        // A worker with only one sector fewer gets nothing.
        let _one = free.hold();
        drop(holdings);
        let _two = [full.hold(), full.hold()];
        tokio::time::advance(NOTE_EVERY * 3).await;
        free.leave_note(&*store, &mut noted).await;
        assert!(!full.gives_up(&*store, &mut looked).await);
        assert_eq!(
            store.take_nonce(sector_redis::Pool::Notes, NOTE).await.unwrap(),
            None,
            "it was read"
        );
    }
}
