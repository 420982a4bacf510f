//! How several workers come to share several sectors.
//!
//! All of them stand by for all sectors. Whoever holds many waits longer before it takes another, so that a sector
//! nobody holds goes to the worker with the fewest. And a worker that holds few says so, in a note beside a sector it
//! stands by for; the holder reads it now and then, and gives the sector up if it holds at least two more. So workers
//! that were started one after the other share as well as those that were started together, and nobody gives anything
//! up when nothing is gained: each sector that changes hands makes the counts more alike.
//!
//! The note is a hint, no promise: it ends by itself, and whoever acts on one that is out of date loses nothing but the
//! beats until the sector is taken again, by another or by itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sector_redis::Store;
use tokio::time::Instant;

/// Longest pause between two attempts of a worker that holds nothing.
const PAUSE_MAX: Duration = Duration::from_millis(200);
/// How much longer a worker waits that holds all sectors but one. With the pause it stays below a second: that is how
/// late a sector may be taken over after its lease has run out.
const GIVE_WAY_MAX: Duration = Duration::from_millis(600);
/// The longest pause of a worker that has one sector only.
const ALONE_PAUSE_MAX: Duration = Duration::from_millis(500);
/// How often a worker leaves a note, beside one sector after the other, and how often a holder looks for one.
const NOTE_EVERY: Duration = Duration::from_secs(2);
/// How long a note counts.
const NOTE_LIFE: Duration = Duration::from_secs(5);
/// A worker gives up one sector in this time, so that it never acts twice on one count.
const GIVE_UP_EVERY: Duration = Duration::from_secs(5);
/// The note's key among the values that the store keeps for a while.
const NOTE: &str = "worker-with-room";

/// What the sectors of one process know of each other.
#[derive(Debug)]
pub(crate) struct Share {
    sectors: usize,
    /// Leases that are held or just being asked for.
    held: AtomicUsize,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    taken: Option<Instant>,
    given_up: Option<Instant>,
}

/// A lease counts as held while this lives.
#[derive(Debug)]
pub(crate) struct Holding<'a>(&'a Share);

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Share {
    /// Of a process that has so many sectors.
    pub(crate) fn of(sectors: usize) -> Share {
        Share { sectors, held: AtomicUsize::new(0), last: Mutex::default() }
    }

    fn is_shared(&self) -> bool {
        self.sectors > 1
    }

    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Counts a lease as held, from before it is asked for.
    pub(crate) fn hold(&self) -> Holding<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Holding(self)
    }

    /// A lease was taken: the next waits from now on.
    pub(crate) fn note_taken(&self) {
        self.last().taken = Some(Instant::now());
    }

    /// When a sector may be asked for (again); `asked` is when it was the last time.
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

    /// Leaves a note beside a sector that another worker holds, if this one has room. `noted` is when it did so last,
    /// or began to stand by.
    pub(crate) async fn leave_note(&self, store: &dyn Store, noted: &mut Instant) {
        // Only a worker with two more gives one up, so there must be as many others.
        let waiting = self.sectors.saturating_sub(self.held());
        if !self.is_shared()
            || waiting < 2
            || noted.elapsed() < NOTE_EVERY * u32::try_from(waiting).unwrap_or(u32::MAX)
        {
            return;
        }
        *noted = Instant::now();
        if let Err(error) = store.put_nonce(NOTE, &self.held().to_string(), NOTE_LIFE).await {
            tracing::debug!(%error, "no note is left for the holder");
        }
    }

    /// Whether to give this sector up, because another worker holds fewer. `looked` is when its note was looked for.
    pub(crate) async fn gives_up(&self, store: &dyn Store, looked: &mut Instant) -> bool {
        if !self.is_shared() || self.held() < 2 || looked.elapsed() < NOTE_EVERY {
            return false;
        }
        *looked = Instant::now();
        let note = match store.take_nonce(NOTE).await {
            Ok(note) => note.and_then(|note| note.parse::<usize>().ok()),
            Err(error) => {
                tracing::debug!(%error, "the note of another worker cannot be read");
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

    // Nobody panics while the lock is held.
    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
        // A note that is left again is not acted on at once.
        tokio::time::advance(NOTE_EVERY).await;
        store.put_nonce(NOTE, "0", NOTE_LIFE).await.unwrap();
        assert!(!full.gives_up(&*store, &mut looked).await);
        // One that holds only one fewer gets nothing.
        let _one = free.hold();
        drop(holdings);
        let _two = [full.hold(), full.hold()];
        tokio::time::advance(NOTE_EVERY * 3).await;
        free.leave_note(&*store, &mut noted).await;
        assert!(!full.gives_up(&*store, &mut looked).await);
        assert_eq!(store.take_nonce(NOTE).await.unwrap(), None, "it was read");
    }
}
