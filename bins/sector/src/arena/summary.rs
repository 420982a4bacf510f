//! Statistics of an arena: wins, lengths, places, faults.

use sector_sim::FactionId;
use sector_sim::event::Cause;
use serde::Serialize;
use serde_json::Value;

use super::rating::{self, Rating, Z};
use super::record::Record;
use super::table::Table;
use crate::exec::{Fault, FaultKind};
use crate::tool::quantile;

/// A share, `count / of`, with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Share {
    pub(crate) count: u64,
    pub(crate) of: u64,
    pub(crate) share: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl Share {
    /// The share with its Wilson interval, which stays within 0 and 1 and works for few games and
    /// rare wins.
    pub(crate) fn new(count: u64, of: u64) -> Share {
        if of == 0 {
            return Share { count, of, share: 0.0, low: 0.0, high: 1.0 };
        }
        let share = count as f64 / of as f64;
        let (low, high) = interval(share, of as f64);
        Share { count, of, share, low, high }
    }
}

fn interval(share: f64, n: f64) -> (f64, f64) {
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((middle - half).max(0.0), (middle + half).min(1.0))
}

/// Counts an outcome over maps. Games on one map are correlated, so the Wilson interval uses the
/// number of games divided by the measured design effect (at least 1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clusters {
    /// Count and games of the current map.
    open: (f64, f64),
    count: f64,
    of: f64,
    maps: f64,
    /// Sums over maps: count², count · games, games².
    squares: (f64, f64, f64),
}

impl Clusters {
    /// Adds a game of the current map.
    fn add(&mut self, happened: bool) {
        self.open.0 += f64::from(u8::from(happened));
        self.open.1 += 1.0;
    }

    /// Ends the current map.
    fn close(&mut self) {
        let (count, games) = std::mem::take(&mut self.open);
        if games > 0.0 {
            self.count += count;
            self.of += games;
            self.maps += 1.0;
            self.squares.0 += count * count;
            self.squares.1 += count * games;
            self.squares.2 += games * games;
        }
    }

    fn share(mut self) -> Share {
        self.close();
        let Clusters { count, of, maps, squares: (counts, products, games), .. } = self;
        let plain = Share::new(count as u64, of as u64);
        let independent = of * plain.share * (1.0 - plain.share);
        if maps < 2.0 || independent <= 0.0 {
            return plain;
        }
        let spread = counts - 2.0 * plain.share * products + plain.share * plain.share * games;
        let effect = (maps / (maps - 1.0) * spread / independent).max(1.0);
        Share {
            low: interval(plain.share, of / effect).0,
            high: interval(plain.share, of / effect).1,
            ..plain
        }
    }
}

/// Results of a player.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) wins: Share,
    /// Average place; 1 is best.
    pub(crate) mean_place: f64,
    pub(crate) rating: Rating,
    /// Wins in each seat.
    pub(crate) by_seat: Vec<Share>,
    /// Common games with each player, in the order of the list; `None` for the player itself.
    pub(crate) against: Vec<Option<Against>>,
    /// Share of the sector's value over time, in per mille.
    pub(crate) value: Band,
}

/// Games of two players against each other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Against {
    pub(crate) games: u64,
    /// Games with a better place.
    pub(crate) better: u64,
    /// Games with an equal place.
    pub(crate) even: u64,
    /// `(better + even / 2) / games`.
    pub(crate) share: f64,
}

/// A value over time, in per mille. Ended games count with their last value.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Band {
    /// First quartile.
    pub(crate) low: Vec<u16>,
    pub(crate) mean: Vec<u16>,
    /// Third quartile.
    pub(crate) high: Vec<u16>,
}

/// Lengths of games, in ticks.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lengths {
    pub(crate) least: u64,
    pub(crate) p10: u64,
    pub(crate) median: u64,
    pub(crate) p90: u64,
    pub(crate) p95: u64,
    pub(crate) most: u64,
    /// Ticks per bin of the histogram.
    pub(crate) bin: u64,
    /// Games by length.
    pub(crate) histogram: Vec<u64>,
}

/// Number of games by reason of their end.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Causes {
    pub(crate) domination: u64,
    pub(crate) last_standing: u64,
    pub(crate) tick_limit: u64,
}

/// An arena in numbers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) parameters: Value,
    pub(crate) games: u64,
    pub(crate) maps: u64,
    /// Number of games of the last map, if it is incomplete.
    pub(crate) last_map_games: Option<u64>,
    /// Players, best rating first.
    pub(crate) players: Vec<Standing>,
    /// Wins by seat, of all players.
    pub(crate) seats: Vec<Share>,
    /// Wins of the League and splinters.
    pub(crate) others: Share,
    pub(crate) lengths: Lengths,
    pub(crate) causes: Causes,
    pub(crate) rebellions_a_game: f64,
    pub(crate) leader_changes_a_game: f64,
    pub(crate) snowballs: Share,
    pub(crate) refused_orders: Share,
    /// Ticks between samples of value.
    pub(crate) value_every: u64,
    /// Faults of programs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) faults: Vec<Blame>,
}

/// A program's faults of one kind, in all games.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Blame {
    pub(crate) player: String,
    pub(crate) kind: FaultKind,
    /// Number of games with such a fault.
    pub(crate) games: u64,
    /// Number of faults.
    pub(crate) times: u64,
    pub(crate) first_game: u64,
    pub(crate) first: Fault,
}

/// Bins of a histogram of values: half percents.
const STEPS: usize = 201;

/// Counts of one player.
#[derive(Clone, Debug, Default)]
struct Count {
    games: u64,
    places: u64,
    wins: Clusters,
    by_seat: Vec<(u64, u64)>,
    /// (games, better, even) against each player.
    against: Vec<(u64, u64, u64)>,
    /// Sum and histogram of the value held, per sample.
    value: Vec<(u64, Vec<u32>)>,
}

/// Counts games as they end, in order.
#[derive(Debug)]
pub(crate) struct Tally {
    rotations: usize,
    players: Vec<Count>,
    names: Vec<String>,
    seats: Vec<Clusters>,
    others: Clusters,
    ticks: Vec<u64>,
    causes: Causes,
    rebellions: u64,
    leader_changes: u64,
    snowballs: Clusters,
    orders: (u64, u64),
    maps: Vec<Vec<rating::Result>>,
    value_every: u64,
    faults: Vec<Blame>,
}

impl Tally {
    pub(crate) fn new(table: &Table) -> Tally {
        let (seats, players) = (usize::from(table.size.factions), table.field.len());
        let samples = (table.rules.victory.tick_limit as u64 / table.value_every() + 2) as usize;
        let count = Count {
            by_seat: vec![(0, 0); seats],
            against: vec![(0, 0, 0); players],
            value: vec![(0, vec![0; STEPS]); samples],
            ..Count::default()
        };
        Tally {
            rotations: table.schedule.rotations(),
            players: vec![count; players],
            names: table.field.names().to_vec(),
            seats: vec![Clusters::default(); seats],
            others: Clusters::default(),
            ticks: Vec::new(),
            causes: Causes::default(),
            rebellions: 0,
            leader_changes: 0,
            snowballs: Clusters::default(),
            orders: (0, 0),
            maps: Vec::new(),
            value_every: table.value_every(),
            faults: Vec::new(),
        }
    }

    /// Adds the next game.
    pub(crate) fn add(&mut self, record: &Record) {
        let index = |name: &String| self.names.iter().position(|known| known == name).unwrap_or(0);
        let players: Vec<usize> = record.players.iter().map(index).collect();
        let winner = record.winner.map(FactionId::index);
        if record.rotation == 0 || self.maps.is_empty() {
            self.maps.push(Vec::new());
            self.clusters().for_each(Clusters::close);
        }
        let seats = self.seats.len();
        for (seat, wins) in self.seats.iter_mut().enumerate() {
            wins.add(winner == Some(seat));
        }
        self.others.add(winner.is_some_and(|winner| winner >= seats));
        self.snowballs.add(record.snowball);
        for (seat, &player) in players.iter().enumerate() {
            let count = &mut self.players[player];
            let place = record.places[seat];
            count.games += 1;
            count.places += u64::from(place);
            count.wins.add(winner == Some(seat));
            count.by_seat[seat].0 += u64::from(winner == Some(seat));
            count.by_seat[seat].1 += 1;
            for (&other, other_place) in players.iter().zip(&record.places) {
                let (games, better, even) = &mut count.against[other];
                *games += 1;
                *better += u64::from(place < *other_place);
                *even += u64::from(place == *other_place);
            }
            let values = &record.value_per_mille[seat];
            let last = values.last().copied().unwrap_or(0);
            for (sample, (sum, histogram)) in count.value.iter_mut().enumerate() {
                let value = values.get(sample).copied().unwrap_or(last);
                *sum += u64::from(value);
                histogram[(usize::from(value) / 5).min(STEPS - 1)] += 1;
            }
        }
        self.ticks.push(record.ticks);
        match record.cause {
            Cause::Domination => self.causes.domination += 1,
            Cause::LastStanding => self.causes.last_standing += 1,
            Cause::TickLimit => self.causes.tick_limit += 1,
        }
        self.rebellions += u64::from(record.rebellions);
        self.leader_changes += u64::from(record.leader_changes);
        self.orders.0 += record.refused;
        self.orders.1 += record.orders;
        for fault in &record.faults {
            let known =
                |blame: &&mut Blame| (&blame.player, blame.kind) == (&fault.player, fault.kind);
            match self.faults.iter_mut().find(known) {
                Some(blame) => {
                    (blame.games, blame.times) = (blame.games + 1, blame.times + fault.times);
                }
                None => self.faults.push(Blame {
                    player: fault.player.clone(),
                    kind: fault.kind,
                    games: 1,
                    times: fault.times,
                    first_game: record.game,
                    first: fault.clone(),
                }),
            }
        }
        if let Some(map) = self.maps.last_mut() {
            map.push(rating::Result { players, places: record.places.clone() });
        }
    }

    /// All counts by map.
    fn clusters(&mut self) -> impl Iterator<Item = &mut Clusters> {
        let players = self.players.iter_mut().map(|count| &mut count.wins);
        players.chain(&mut self.seats).chain([&mut self.others, &mut self.snowballs])
    }

    /// Sums up all games.
    pub(crate) fn finish(self, parameters: Value, seed: u64, jobs: usize) -> Summary {
        let games = self.ticks.len() as u64;
        let ratings = rating::ratings(self.players.len(), &self.maps, seed, jobs);
        let mut order: Vec<usize> = (0..self.players.len()).collect();
        order.sort_by(|one, other| ratings[*other].rating.total_cmp(&ratings[*one].rating));
        let standing = |&player: &usize| {
            let count = &self.players[player];
            Standing {
                name: self.names[player].clone(),
                wins: count.wins.share(),
                mean_place: count.places as f64 / count.games.max(1) as f64,
                rating: ratings[player],
                by_seat: count
                    .by_seat
                    .iter()
                    .map(|(wins, games)| Share::new(*wins, *games))
                    .collect(),
                against: order
                    .iter()
                    .map(|other| against(player, *other, count.against[*other]))
                    .collect(),
                value: band(&count.value, count.games),
            }
        };
        let mut ticks = self.ticks;
        ticks.sort_unstable();
        let mean = |sum: u64| sum as f64 / games.max(1) as f64;
        Summary {
            parameters,
            games,
            maps: self.maps.len() as u64,
            last_map_games: self
                .maps
                .last()
                .map(Vec::len)
                .filter(|count| *count < self.rotations)
                .map(|c| c as u64),
            players: order.iter().map(standing).collect(),
            seats: self.seats.iter().map(|wins| wins.share()).collect(),
            others: self.others.share(),
            lengths: lengths(&ticks),
            causes: self.causes,
            rebellions_a_game: mean(self.rebellions),
            leader_changes_a_game: mean(self.leader_changes),
            snowballs: self.snowballs.share(),
            refused_orders: Share::new(self.orders.0, self.orders.1),
            value_every: self.value_every,
            faults: self.faults,
        }
    }
}

fn against(one: usize, other: usize, (games, better, even): (u64, u64, u64)) -> Option<Against> {
    let share = (better as f64 + even as f64 / 2.0) / games.max(1) as f64;
    (one != other && games > 0).then_some(Against { games, better, even, share })
}

fn band(samples: &[(u64, Vec<u32>)], games: u64) -> Band {
    let at = |histogram: &Vec<u32>, per_mille: u64| {
        let mut left = games * per_mille / 1000;
        for (step, count) in histogram.iter().enumerate() {
            if u64::from(*count) > left {
                return step as u16 * 5;
            }
            left -= u64::from(*count);
        }
        0
    };
    let line = |per_mille| samples.iter().map(|(_, histogram)| at(histogram, per_mille)).collect();
    let mean = samples.iter().map(|(sum, _)| (sum / games.max(1)) as u16).collect();
    Band { low: line(250), mean, high: line(750) }
}

/// Approximate number of bins of the histogram of lengths.
const BINS: u64 = 40;

fn lengths(sorted: &[u64]) -> Lengths {
    let most = sorted.last().copied().unwrap_or(0);
    let bin = most.div_ceil(BINS).max(1);
    let bin = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500]
        .into_iter()
        .find(|round| *round >= bin)
        .unwrap_or(bin);
    let mut histogram = vec![0; (most / bin + 1) as usize];
    for ticks in sorted {
        histogram[(ticks / bin) as usize] += 1;
    }
    Lengths {
        least: sorted.first().copied().unwrap_or(0),
        p10: quantile(sorted, 100),
        median: quantile(sorted, 500),
        p90: quantile(sorted, 900),
        p95: quantile(sorted, 950),
        most,
        bin,
        histogram,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_intervals_agree_with_published_values() {
        // Newcombe (1998), table I: 81 of 263 and 15 of 148, 0 of 20, 1 of 29.
        for (count, of, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let share = Share::new(count, of);
            assert!(
                (share.low - low).abs() < 6e-5 && (share.high - high).abs() < 6e-5,
                "{share:?}"
            );
        }
        assert_eq!((Share::new(0, 0).low, Share::new(0, 0).high), (0.0, 1.0));
    }

    #[test]
    fn correlated_games_on_one_map_widen_the_interval() {
        let counted = |maps: &[[bool; 2]]| {
            let mut clusters = Clusters::default();
            for map in maps {
                map.iter().for_each(|happened| clusters.add(*happened));
                clusters.close();
            }
            clusters.share()
        };
        // Two equal games count as one, and two opposite games as no more than two.
        let same = counted(&[[true, true], [false, false]].repeat(50));
        let alone = Share::new(50, 100);
        assert_eq!((same.count, same.of, same.share), (100, 200, 0.5));
        assert!(
            (same.low - alone.low).abs() < 1e-3 && (same.high - alone.high).abs() < 1e-3,
            "{same:?}"
        );
        assert_eq!(counted(&[[true, false]].repeat(50)), Share::new(50, 100));
        assert_eq!(counted(&[[true, true]].repeat(50)), Share::new(100, 100));
    }

    #[test]
    fn quantiles_and_bins() {
        let sorted: Vec<u64> = (1..=1000).collect();
        let lengths = lengths(&sorted);
        assert_eq!(
            (lengths.least, lengths.p10, lengths.median, lengths.p95, lengths.most),
            (1, 101, 501, 951, 1000)
        );
        assert_eq!((lengths.bin, lengths.histogram.len(), lengths.histogram[0]), (25, 41, 24));
        assert_eq!(lengths.histogram.iter().sum::<u64>(), 1000);
        assert_eq!(quantile(&[], 500), 0);
    }

    #[test]
    fn bands_follow_the_games() {
        let mut histogram = vec![0; STEPS];
        (histogram[10], histogram[20], histogram[40]) = (2, 6, 2);
        let band = band(&[(1_100, histogram)], 10);
        assert_eq!((band.low[0], band.mean[0], band.high[0]), (100, 110, 100));
    }
}
