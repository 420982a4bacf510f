//! Ratings: one number for how well a player does, and how sure it is.
//!
//! The system is that of Weng and Lin (2011), in its Bradley-Terry form with full pairs, as the library `skillratings`
//! has it: it takes duels, free-for-alls of any size and shared places alike, and is free to use. Its own uncertainty
//! takes the pairs of a game for independent, which they are not, so it comes out too small. The intervals here are
//! measured instead: whole maps, with all their games, are drawn again with replacement and rated anew.

use std::thread;

use skillratings::MultiTeamOutcome;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin_multi_team};

use super::chance::Chance;

/// The most resamples behind an interval.
const RESAMPLES: u64 = 200;

/// The fewest, for arenas so large that more would take long.
const LEAST_RESAMPLES: u64 = 50;

/// Compared pairs that the resamples of an arena may take together.
const PAIRS: u64 = 60_000_000;

/// The standard deviations to either side that hold 95 % of a normal distribution.
const Z: f64 = 1.959_964;

/// A finished game as ratings see it.
#[derive(Clone, Debug)]
pub(crate) struct Result {
    /// The players by index.
    pub(crate) players: Vec<usize>,
    /// Their places.
    pub(crate) places: Vec<u32>,
}

/// A rating with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Rating {
    /// 25 is where everybody begins.
    pub(crate) rating: f64,
    /// The lower end of the interval.
    pub(crate) low: f64,
    /// Its upper end.
    pub(crate) high: f64,
}

/// The ratings of all players. `maps` holds the games of each map, in the order in which they were played.
pub(crate) fn ratings(players: usize, maps: &[Vec<Result>], seed: u64, jobs: usize) -> Vec<Rating> {
    let point = rate(players, maps.iter());
    let pairs: u64 =
        maps.iter().flatten().map(|game| (game.places.len() * game.places.len()) as u64).sum();
    let rounds = (PAIRS / pairs.max(1)).clamp(LEAST_RESAMPLES, RESAMPLES);
    let round = |round: u64| {
        let mut chance = Chance::new(seed, round);
        rate(players, (0..maps.len()).filter_map(|_| maps.get(chance.below(maps.len()))))
    };
    let jobs = jobs.max(1) as u64;
    let round = &round;
    let resampled: Vec<Vec<f64>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..jobs)
            .map(|job| {
                scope.spawn(move || {
                    (job..rounds).step_by(jobs as usize).map(round).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    point
        .iter()
        .enumerate()
        .map(|(player, &rating)| {
            // Sorted, so that the sum does not depend on which thread was first with what.
            let mut values: Vec<f64> =
                resampled.iter().filter_map(|ratings| ratings.get(player).copied()).collect();
            values.sort_by(f64::total_cmp);
            let count = values.len().max(2) as f64;
            let mean = values.iter().sum::<f64>() / count;
            let variance =
                values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
            let half = Z * variance.sqrt();
            Rating { rating, low: rating - half, high: rating + half }
        })
        .collect()
}

fn rate<'a>(players: usize, maps: impl Iterator<Item = &'a Vec<Result>>) -> Vec<f64> {
    let config = WengLinConfig::new();
    let mut ratings = vec![WengLinRating::new(); players];
    for game in maps.flatten() {
        let before: Vec<[WengLinRating; 1]> = game
            .players
            .iter()
            .filter_map(|player| ratings.get(*player).map(|rating| [*rating]))
            .collect();
        let teams: Vec<(&[WengLinRating], MultiTeamOutcome)> = before
            .iter()
            .zip(&game.places)
            .map(|(team, place)| (team.as_slice(), MultiTeamOutcome::new(*place as usize)))
            .collect();
        let after = weng_lin_multi_team(&teams, &config);
        for (player, team) in game.players.iter().zip(after) {
            if let (Some(rating), Some(new)) = (ratings.get_mut(*player), team.first()) {
                *rating = *new;
            }
        }
    }
    ratings.iter().map(|rating| rating.rating).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How likely one rating places better than another.
    fn expected(one: f64, other: f64) -> f64 {
        let beta = WengLinConfig::new().beta;
        1.0 / (1.0 + ((other - one) / (2.0 * beta * beta).sqrt()).exp())
    }

    /// Duels on maps of two games between players of which the first wins this often.
    fn duels(maps: usize, per_mille: usize, seed: u64) -> Vec<Vec<Result>> {
        let mut chance = Chance::new(seed, 1);
        let mut game = |_| {
            let first_wins = chance.below(1000) < per_mille;
            Result { players: vec![0, 1], places: if first_wins { vec![1, 2] } else { vec![2, 1] } }
        };
        (0..maps).map(|_| (0..2).map(&mut game).collect()).collect()
    }

    #[test]
    fn a_better_player_is_rated_above_and_the_difference_tells_the_odds() {
        let ratings = ratings(2, &duels(400, 750, 1), 7, 2);
        assert!(ratings[0].low > ratings[1].high, "{ratings:?}");
        let odds = expected(ratings[0].rating, ratings[1].rating);
        assert!((0.68..0.82).contains(&odds), "{odds}");
    }

    #[test]
    fn intervals_are_honest() {
        // Two equal players: about 95 % of the intervals of their difference hold 0. By symmetry the difference is
        // twice the distance of one from 25.
        let arenas = 100;
        let holds = (0..arenas).filter(|seed| {
            let rating = ratings(2, &duels(30, 500, *seed), 3, 1)[0];
            (rating.low..=rating.high).contains(&25.0)
        });
        let share = holds.count();
        assert!((88..=100).contains(&share), "{share} of {arenas}");
    }

    #[test]
    fn equals_share_a_rating_and_jobs_do_not_matter() {
        let game = Result { players: vec![0, 1, 2], places: vec![1, 1, 1] };
        let even = ratings(3, &[vec![game.clone()], vec![game]], 1, 1);
        assert!(even.iter().all(|rating| (rating.rating - 25.0).abs() < 1e-9), "{even:?}");
        let maps = duels(50, 600, 2);
        assert_eq!(ratings(2, &maps, 5, 1), ratings(2, &maps, 5, 3));
    }
}
