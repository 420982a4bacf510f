//! How several workers share the factions without knowing of each other.
//!
//! The sector accepts an order with the same `client_id` once. So the first order of a faction's turn, numbered by
//! universe, tick and faction, is a *claim*: the worker whose claim is accepted plays that faction in that tick and sends the rest;
//! who finds that another was first stands aside, does not even ask the strategy, and only listens. When nobody has
//! ordered for the faction for a while, those who stand aside try again, so that the factions of a worker that has died
//! are taken over within seconds.
//!
//! Who comes first is not left to chance: each worker draws a rank for each faction (rendezvous hashing, with a random
//! name for the worker), and those of a higher rank hold their claim back for a part of the tick. So a worker that joins
//! takes over the factions for which it ranks lower, and leaves the others.

use std::collections::BTreeMap;

use sector_sim::FactionId;

/// How many ranks there are; a worker holds its claim back by one step for each rank above the first.
pub(crate) const RANKS: u32 = 3;
/// For how many ticks nobody has ordered for a faction before another worker tries to. A faction that has nothing to do
/// is tried as often.
const SILENCE_TICKS: u64 = 10;
/// How many of the last turns are remembered as one's own.
const TURNS_MAX: usize = 64;

/// Which factions this worker plays.
#[derive(Debug)]
pub(crate) struct Share {
    worker: u64,
    seats: BTreeMap<FactionId, Seat>,
    /// The first tick that this worker played of the universe: what was ordered before says nothing.
    first: Option<u64>,
}

#[derive(Debug)]
enum Seat {
    Playing {
        /// The ticks whose claim was this worker's, or may have been.
        turns: Vec<u64>,
    },
    /// Another worker plays it; the tick in which that was last seen.
    Aside { heard: u64 },
}

impl Seat {
    const NEW: Seat = Seat::Playing { turns: Vec::new() };
}

impl Share {
    /// Everything, as long as nobody else claims it. `worker` is a random name.
    pub(crate) fn new(worker: u64) -> Share {
        Share { worker, seats: BTreeMap::new(), first: None }
    }

    /// Forgets the factions of the universe before.
    pub(crate) fn begin_universe(&mut self) {
        self.seats.clear();
        self.first = None;
    }

    /// How many steps this worker holds its claim to a faction back.
    pub(crate) fn rank(&self, faction: FactionId) -> u32 {
        (mix(self.worker ^ mix(faction.index() as u64 + 1)) >> 32) as u32 % RANKS
    }

    /// Whether this worker is to play a faction in this tick.
    pub(crate) fn plays(&mut self, faction: FactionId, tick: u64) -> bool {
        self.first.get_or_insert(tick);
        let rank = u64::from(self.rank(faction));
        let seat = self.seats.entry(faction).or_insert(Seat::NEW);
        if let Seat::Aside { heard } = seat
            && tick > *heard + SILENCE_TICKS + rank
        {
            *seat = Seat::NEW;
            tracing::debug!(%faction, tick, "nobody has played the faction for a while; trying to");
        }
        matches!(seat, Seat::Playing { .. })
    }

    /// The claim of this tick was, or may have been, the first.
    pub(crate) fn won(&mut self, faction: FactionId, tick: u64) {
        if let Seat::Playing { turns } = self.seats.entry(faction).or_insert(Seat::NEW) {
            if turns.len() == TURNS_MAX {
                turns.remove(0);
            }
            turns.push(tick);
        }
    }

    /// The claim of this tick was not the first.
    pub(crate) fn lost(&mut self, faction: FactionId, tick: u64) {
        let before = self.seats.insert(faction, Seat::Aside { heard: tick });
        if !matches!(before, Some(Seat::Aside { .. })) {
            tracing::info!(%faction, tick, "another worker plays the faction; standing aside");
        }
    }

    /// There is nothing to order for a faction in this tick: one who tried to take it over stands aside again, for
    /// otherwise all would ask its strategy at every tick while it is quiet.
    pub(crate) fn quiet(&mut self, faction: FactionId, tick: u64, took_over: bool) {
        if took_over {
            self.seats.insert(faction, Seat::Aside { heard: tick });
        }
    }

    /// In this tick, orders for a faction had an outcome that were given in the tick `given`.
    pub(crate) fn heard(&mut self, faction: FactionId, given: u64, tick: u64) {
        let toss = mix(self.worker ^ mix(given) ^ faction.index() as u64) & 1 == 0;
        match self.seats.get_mut(&faction) {
            Some(Seat::Aside { heard }) => *heard = tick.max(*heard),
            // Two play it, each a tick apart so that their claims do not meet: one of them should stop, and a coin is
            // tossed until one does.
            Some(Seat::Playing { turns })
                if self.first.is_some_and(|first| given >= first)
                    && turns.first().is_some_and(|first| given >= *first)
                    && !turns.contains(&given)
                    && toss =>
            {
                tracing::info!(%faction, tick, given, "another worker plays the faction too; standing aside");
                self.seats.insert(faction, Seat::Aside { heard: tick });
            }
            _ => {}
        }
    }

    /// Whether another worker played a faction when last seen.
    pub(crate) fn is_aside(&self, faction: FactionId) -> bool {
        matches!(self.seats.get(&faction), Some(Seat::Aside { .. }))
    }
}

/// Spreads the bits of a number (the finalizer of splitmix64, Steele and others 2014).
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

    /// A tick in which every worker that plays a faction claims it, by rank and then by the order of the list.
    /// Says how many asked their strategy, and who won.
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
    fn workers_come_to_share_the_factions_and_do_no_work_twice() {
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
    fn who_joins_takes_the_factions_for_which_it_ranks_lower() {
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
    fn the_factions_of_one_who_dies_are_taken_over() {
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
    fn two_who_are_a_tick_apart_become_one() {
        for faction in starters() {
            let mut workers = [Share::new(3), Share::new(4)];
            let mut tick = 10;
            // Each gives orders for a tick of its own, and hears of the other's.
            while workers.iter().all(|one| !one.is_aside(faction)) {
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
                assert!(tick < 200, "{faction}: both go on");
            }
        }
    }

    #[test]
    fn a_quiet_faction_is_tried_now_and_then() {
        let (mut share, faction) = (Share::new(3), FactionId::starter(0).unwrap());
        share.lost(faction, 100);
        let tried = (101..300).filter(|&tick| {
            let took_over = share.is_aside(faction);
            let plays = share.plays(faction, tick);
            if plays {
                share.quiet(faction, tick, took_over);
            }
            plays
        });
        assert!((10..=19).contains(&tried.count()));
        // One's own quiet faction is asked at every tick.
        let mut alone = Share::new(3);
        assert!((1..100).all(|tick| {
            let took_over = alone.is_aside(faction);
            let plays = alone.plays(faction, tick);
            alone.quiet(faction, tick, took_over);
            plays
        }));
    }
}
