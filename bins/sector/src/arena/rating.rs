//! Ratings: one number for a player's skill, with its uncertainty.
//! Weng and Lin (2011) in the Bradley-Terry form with full pairs, from the library `skillratings`:
//! it handles duels, free-for-alls of any size and shared places. Its own uncertainty is too small
//! because it treats the pairs of a game as independent. Intervals are bootstrapped instead: whole
//! maps are resampled with replacement.

use skillratings::MultiTeamOutcome;
use skillratings::weng_lin::{WengLinConfig, WengLinRating, weng_lin_multi_team};

use super::chance::Chance;
use crate::tool::parallel;

/// Maximum number of resamples.
const RESAMPLES: u64 = 200;

/// Minimum number of resamples, for very large arenas.
const LEAST_RESAMPLES: u64 = 50;

/// Maximum number of compared pairs in all resamples.
const PAIRS: u64 = 60_000_000;

/// 97.5th percentile of the standard normal distribution, for 95 % intervals.
pub(crate) const Z: f64 = 1.959_964;

/// A finished game: players by index, and their places.
#[derive(Clone, Debug)]
pub(crate) struct Result {
    pub(crate) players: Vec<usize>,
    pub(crate) places: Vec<u32>,
}

/// A rating with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Rating {
    /// Rating; 25 at the start.
    pub(crate) rating: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// Ratings of all players. `maps` holds the games of each map, in order.
pub(crate) fn ratings(players: usize, maps: &[Vec<Result>], seed: u64, jobs: usize) -> Vec<Rating> {
    let point = rate(players, maps.iter());
    let pairs: u64 =
        maps.iter().flatten().map(|game| (game.places.len() * game.places.len()) as u64).sum();
    let rounds = (PAIRS / pairs.max(1)).clamp(LEAST_RESAMPLES, RESAMPLES);
    let resampled: Vec<Vec<f64>> = parallel(jobs, rounds as usize, |round| {
        let mut chance = Chance::new(seed, round as u64);
        rate(players, (0..maps.len()).filter_map(|_| maps.get(chance.below(maps.len()))))
    });
    point
        .iter()
        .enumerate()
        .map(|(player, &rating)| {
            // Sorted, so that ratings stay the same to the last bit as in earlier versions.
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

    /// Probability that the player with the first rating places better.
    fn expected(one: f64, other: f64) -> f64 {
        let beta = WengLinConfig::new().beta;
        1.0 / (1.0 + ((other - one) / (2.0 * beta * beta).sqrt()).exp())
    }

    /// Duels on maps with two games each, of which the first player wins `per_mille`.
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
        // Two equal players: about 95 % of the intervals of their difference contain 0. By symmetry
        // the difference is twice the distance of one player from 25.
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
