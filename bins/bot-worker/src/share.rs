//! How several workers share the factions without communicating.
//!
//! The sector accepts a `client_id` once. So the first order of a faction's turn, numbered by
//! universe, tick and faction, is a *claim*: the worker whose claim is accepted plays that faction
//! in that tick and sends the rest. The other workers become standby for the faction: they do not
//! call its strategy, and only watch. If the faction gets no orders for a while, standby workers
//! try again, so that the factions of a dead worker are taken over within seconds.
//!
//! Each worker has a rank for each faction (rendezvous hashing, with a random name for the worker),
//! and higher ranks delay their claim by a part of the tick. So a worker that joins takes over the
//! factions for which it ranks lower, and leaves the others.

use std::collections::BTreeMap;

use sector_sim::FactionId;

/// Number of ranks; a worker delays its claim by one step for each rank above the first.
pub(crate) const RANKS: u32 = 3;
/// Number of ticks without orders for a faction before a standby worker tries to play it. A faction
/// that has nothing to do is tried as often.
const SILENCE_TICKS: u64 = 10;
/// Number of own turns stored.
const TURNS_MAX: usize = 64;

/// The factions that this worker plays.
#[derive(Debug)]
pub(crate) struct Share {
    worker: u64,
    seats: BTreeMap<FactionId, Seat>,
    /// First tick that this worker played in the universe; earlier orders say nothing about other
    /// workers.
    first: Option<u64>,
}

#[derive(Debug)]
enum Seat {
    Playing {
        /// Ticks whose claim this worker won, or may have won.
        turns: Vec<u64>,
    },
    /// Another worker plays the faction; `heard` is the tick in which that was last seen.
    Standby { heard: u64 },
}

impl Seat {
    const NEW: Seat = Seat::Playing { turns: Vec::new() };
}

impl Share {
    /// All factions, until another worker claims them. `worker` is a random name.
    pub(crate) fn new(worker: u64) -> Share {
        Share { worker, seats: BTreeMap::new(), first: None }
    }

    /// Starts over for a new universe.
    pub(crate) fn begin_universe(&mut self) {
        self.seats.clear();
        self.first = None;
    }

    /// Number of steps by which this worker delays its claim to a faction.
    pub(crate) fn rank(&self, faction: FactionId) -> u32 {
        (mix(self.worker ^ mix(faction.index() as u64 + 1)) >> 32) as u32 % RANKS
    }

    /// Whether this worker plays a faction in this tick.
    pub(crate) fn plays(&mut self, faction: FactionId, tick: u64) -> bool {
        self.first.get_or_insert(tick);
        let rank = u64::from(self.rank(faction));
        let seat = self.seats.entry(faction).or_insert(Seat::NEW);
        if let Seat::Standby { heard } = seat
            && tick > *heard + SILENCE_TICKS + rank
        {
            *seat = Seat::NEW;
            tracing::debug!(%faction, tick, "faction without orders, trying to take it over");
        }
        matches!(seat, Seat::Playing { .. })
    }

    /// Records that the claim of this tick was, or may have been, the first.
    pub(crate) fn won(&mut self, faction: FactionId, tick: u64) {
        if let Seat::Playing { turns } = self.seats.entry(faction).or_insert(Seat::NEW) {
            if turns.len() == TURNS_MAX {
                turns.remove(0);
            }
            turns.push(tick);
        }
    }

    /// Records that the claim of this tick was not the first.
    pub(crate) fn lost(&mut self, faction: FactionId, tick: u64) {
        let before = self.seats.insert(faction, Seat::Standby { heard: tick });
        if !matches!(before, Some(Seat::Standby { .. })) {
            tracing::info!(%faction, tick, "another worker plays the faction, standing by");
        }
    }

    /// Records that the strategy gave no orders in this tick. A worker that tried to take over
    /// becomes standby again; otherwise all workers would call the strategy of a quiet faction in
    /// every tick.
    pub(crate) fn quiet(&mut self, faction: FactionId, tick: u64, took_over: bool) {
        if took_over {
            self.seats.insert(faction, Seat::Standby { heard: tick });
        }
    }

    /// Records that this tick has outcomes of orders that were given for a faction in the tick
    /// `given`.
    pub(crate) fn heard(&mut self, faction: FactionId, given: u64, tick: u64) {
        let toss = mix(self.worker ^ mix(given) ^ faction.index() as u64) & 1 == 0;
        match self.seats.get_mut(&faction) {
            Some(Seat::Standby { heard }) => *heard = tick.max(*heard),
            // Two workers play the faction, a tick apart, so that their claims do not conflict.
            // Toss a coin until one of them stops.
            Some(Seat::Playing { turns })
                if self.first.is_some_and(|first| given >= first)
                    && turns.first().is_some_and(|first| given >= *first)
                    && !turns.contains(&given)
                    && toss =>
            {
                tracing::info!(%faction, tick, given, "another worker plays the faction too, standing by");
                self.seats.insert(faction, Seat::Standby { heard: tick });
            }
            _ => {}
        }
    }

    /// Whether this worker is standby for a faction.
    pub(crate) fn is_standby(&self, faction: FactionId) -> bool {
        matches!(self.seats.get(&faction), Some(Seat::Standby { .. }))
    }
}

/// Mixes the bits of a number (the finalizer of splitmix64, Steele et al. 2014).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starters() -> Vec<FactionId> {
        (0..64).filter_map(FactionId::starter).collect()
    }

    /// A tick in which every worker that plays a faction claims it, ordered by rank, then by index.
    /// Returns how many called their strategy, and which won.
    fn claim(workers: &mut [Share], faction: FactionId, tick: u64) -> (usize, Option<usize>) {
        let mut claims: Vec<usize> =
            (0..workers.len()).filter(|&one| workers[one].plays(faction, tick)).collect();
        claims.sort_by_key(|&one| workers[one].rank(faction));
        let winner = claims.first().copied();
        for &one in &claims {
            if Some(one) == winner {
                workers[one].won(faction, tick);
            } else {
                workers[one].lost(faction, tick);
            }
        }
        if winner.is_some() {
            for one in workers {
                one.heard(faction, tick, tick + 1);
            }
        }
        (claims.len(), winner)
    }

    #[test]
    fn workers_share_the_factions_without_duplicate_work() {
        let mut workers = [3, 4, 5].map(Share::new);
        let mut played = [0usize; 3];
        for faction in starters() {
            let (_, first) = claim(&mut workers, faction, 1);
            for tick in 2..200 {
                assert_eq!(claim(&mut workers, faction, tick), (1, first), "{faction} at {tick}");
            }
            played[first.unwrap()] += 1;
        }
        assert!(played.iter().all(|count| *count >= 12), "{played:?}");
    }

    #[test]
    fn a_joining_worker_takes_the_factions_for_which_it_ranks_lower() {
        let mut taken = 0;
        for faction in starters() {
            let mut workers = vec![Share::new(3)];
            for tick in 1..50 {
                claim(&mut workers, faction, tick);
            }
            workers.push(Share::new(4));
            let (asked, winner) = claim(&mut workers, faction, 50);
            assert_eq!(
                (asked, winner),
                (2, Some(usize::from(workers[1].rank(faction) < workers[0].rank(faction))))
            );
            assert_eq!(claim(&mut workers, faction, 51), (1, winner));
            taken += usize::from(winner == Some(1));
        }
        assert!((8..40).contains(&taken), "{taken}");
    }

    #[test]
    fn the_factions_of_a_dead_worker_are_taken_over() {
        for faction in starters() {
            let mut workers = vec![Share::new(3), Share::new(4)];
            for tick in 1..50 {
                claim(&mut workers, faction, tick);
            }
            let dead = claim(&mut workers, faction, 50).1.unwrap();
            workers.remove(dead);
            let back = (51..).find(|&tick| claim(&mut workers, faction, tick).1.is_some()).unwrap();
            assert!(back <= 51 + SILENCE_TICKS + u64::from(RANKS), "{back}");
        }
    }

    #[test]
    fn one_of_two_workers_a_tick_apart_stops() {
        for faction in starters() {
            let mut workers = [Share::new(3), Share::new(4)];
            let mut tick = 10;
            // Each gives orders in its own ticks, and sees those of the other.
            while workers.iter().all(|one| !one.is_standby(faction)) {
                for (number, one) in workers.iter_mut().enumerate() {
                    if one.plays(faction, tick + number as u64) {
                        one.won(faction, tick + number as u64);
                    }
                }
                for one in &mut workers {
                    one.heard(faction, tick, tick + 2);
                    one.heard(faction, tick + 1, tick + 2);
                }
                tick += 2;
                assert!(tick < 200, "{faction}: both continue");
            }
        }
    }

    #[test]
    fn a_quiet_faction_is_tried_occasionally() {
        let (mut share, faction) = (Share::new(3), FactionId::starter(0).unwrap());
        share.lost(faction, 100);
        let tried = (101..300).filter(|&tick| {
            let took_over = share.is_standby(faction);
            let plays = share.plays(faction, tick);
            if plays {
                share.quiet(faction, tick, took_over);
            }
            plays
        });
        assert!((10..=19).contains(&tried.count()));
        // The strategy of an own quiet faction is called in every tick.
        let mut alone = Share::new(3);
        assert!((1..100).all(|tick| {
            let took_over = alone.is_standby(faction);
            let plays = alone.plays(faction, tick);
            alone.quiet(faction, tick, took_over);
            plays
        }));
    }
}
