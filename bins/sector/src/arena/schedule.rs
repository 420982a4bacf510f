//! Pairings: which players meet on which map in which seats.
//! A map has one seed and one lineup, with one player per seat. It is played once per rotation of
//! the lineup, so that every player sits in every seat. With more players than seats, lineups are
//! chosen so that all play equally often (within one map) and pairs meet about equally often. A
//! game depends only on its index, so a longer arena starts with the games of a shorter one.

use super::chance::Chance;

/// One game of an arena.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pairing {
    /// Seed of the map.
    pub(crate) seed: u64,
    /// Rotation of the lineup, in seats.
    pub(crate) rotation: usize,
    /// Player in each seat, by index in the field.
    pub(crate) seats: Vec<usize>,
}

/// All games of an arena.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    seed: u64,
    rotations: usize,
    lineups: Vec<Vec<u16>>,
}

impl Schedule {
    /// Plays every lineup in every rotation. `players` is at least `seats`.
    pub(crate) fn rotated(players: usize, seats: usize, seed: u64, games: u64) -> Schedule {
        let maps = games.div_ceil(seats.max(1) as u64);
        Schedule { seed, rotations: seats.max(1), lineups: lineups(players, seats, seed, maps) }
    }

    /// Plays every map once, with player `n` in seat `n`: for copies of one player, where rotations
    /// are equal.
    pub(crate) fn fixed(seats: usize, seed: u64, games: u64) -> Schedule {
        let lineup: Vec<u16> = (0..seats as u16).collect();
        Schedule { seed, rotations: 1, lineups: vec![lineup; games as usize] }
    }

    /// Number of games per map.
    pub(crate) fn rotations(&self) -> usize {
        self.rotations
    }

    /// The game with this index.
    pub(crate) fn pairing(&self, game: u64) -> Option<Pairing> {
        let map = game / self.rotations as u64;
        let rotation = (game % self.rotations as u64) as usize;
        let lineup = self.lineups.get(map as usize)?;
        let seats = lineup
            .iter()
            .cycle()
            .skip(rotation)
            .take(lineup.len())
            .map(|player| usize::from(*player));
        Some(Pairing { seed: self.seed + map, rotation, seats: seats.collect() })
    }
}

fn lineups(players: usize, seats: usize, seed: u64, maps: u64) -> Vec<Vec<u16>> {
    let mut played = vec![0u64; players];
    let mut met = vec![0u64; players * players];
    (0..maps)
        .map(|map| {
            let mut chance = Chance::new(seed, map);
            // Shuffle, so that ties do not favour the first players.
            let mut left: Vec<usize> = (0..players).collect();
            chance.shuffle(&mut left);
            let mut lineup: Vec<usize> = Vec::with_capacity(seats);
            while lineup.len() < seats {
                let known = |player: usize| {
                    lineup.iter().map(|other| met[player * players + other]).sum::<u64>()
                };
                let next = left
                    .iter()
                    .enumerate()
                    .min_by_key(|(_, player)| (played[**player], known(**player)));
                let Some((position, _)) = next else { break };
                lineup.push(left.remove(position));
            }
            for &player in &lineup {
                played[player] += 1;
                for &other in &lineup {
                    met[player * players + other] += 1;
                }
            }
            // Rotations keep neighbours together, so change them with the map.
            chance.shuffle(&mut lineup);
            lineup.into_iter().map(|player| player as u16).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_player_sits_in_every_seat_of_every_map() {
        for (players, seats) in [(2, 2), (5, 5), (7, 3), (64, 2)] {
            let schedule = Schedule::rotated(players, seats, 40, 60 * seats as u64);
            for map in 0..60 {
                let games: Vec<Pairing> = (0..seats as u64)
                    .map(|turn| schedule.pairing(map * seats as u64 + turn).unwrap())
                    .collect();
                assert!(games.iter().all(|game| game.seed == 40 + map));
                let mut lineup = games[0].seats.clone();
                lineup.sort_unstable();
                for seat in 0..seats {
                    let mut here: Vec<usize> = games.iter().map(|game| game.seats[seat]).collect();
                    here.sort_unstable();
                    assert_eq!(here, lineup);
                }
                lineup.dedup();
                assert_eq!(lineup.len(), seats);
            }
            assert_eq!(schedule.pairing(60 * seats as u64), None);
        }
    }

    #[test]
    fn all_play_and_meet_equally_often() {
        for players in 3..=12 {
            for seats in 2..players {
                let maps = 40 * players;
                let schedule = Schedule::rotated(players, seats, 1, (maps * seats) as u64);
                let mut met = vec![vec![0; players]; players];
                for map in 0..maps {
                    let seats = schedule.pairing((map * seats) as u64).unwrap().seats;
                    for &one in &seats {
                        for &other in &seats {
                            met[one][other] += 1;
                        }
                    }
                }
                for (one, row) in met.iter().enumerate() {
                    // 40 maps for each player and seat.
                    assert_eq!(row[one], 40 * seats);
                    let mean = (40 * seats * (seats - 1)) as f64 / (players - 1) as f64;
                    for other in (0..players).filter(|other| *other != one) {
                        let off = (row[other] as f64 - mean).abs();
                        assert!(
                            off <= 2.0 + 0.1 * mean,
                            "{players}/{seats}: {one} met {other} {off} from {mean}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_longer_schedule_begins_with_the_shorter() {
        let (short, long) = (Schedule::rotated(6, 4, 9, 10), Schedule::rotated(6, 4, 9, 500));
        assert!((0..10).all(|game| short.pairing(game) == long.pairing(game)));
    }
}
