//! Ratings from duels, their uncertainty, and the pair that would reduce it most.
//! A Bradley-Terry model: the odds of winning are the exponential of the difference of two
//! strengths, with a normal prior for every strength. Strengths are the most likely ones after all
//! games, in any order; uncertainty is that of the fitted normal distribution (Laplace
//! approximation). The two games of a meeting are correlated. The correlation is measured over all
//! meetings and widens the intervals. The next pair is the one whose meeting is expected to reduce
//! the sum of the variances of all odds most. That avoids pairs with a clear favourite and pairs
//! that have met often. Written here because no library chooses pairs.

use crate::arena::rating::{Rating, Z};

/// Prior variance of strengths, in squared logits: three players of four are within 3.5.
const PRIOR_VARIANCE: f64 = 9.0;
/// Rating points per logit, as in the other tables. 4.2 points are odds of two to one.
const SCALE: f64 = 5.892_556_509_887_896;
/// Mean of all ratings.
const MEAN: f64 = 25.0;
/// Maximum number of Newton steps; less than ten are usual.
const STEPS_MAX: usize = 100;
/// Size of the last step, in logits.
const STEP_LEAST: f64 = 1e-9;
/// Meetings needed to measure the correlation; with fewer, two games count as one.
const MEETINGS_LEAST: f64 = 20.0;

/// Results of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Score {
    pub(super) one: usize,
    pub(super) other: usize,
    pub(super) games: u64,
    /// Points of `one`: 1 for a better place, 0.5 for an equal one.
    pub(super) points: f64,
    /// Meetings, and the sum over them of the squared points of `one`.
    meetings: f64,
    squares: f64,
}

impl Score {
    /// A pair without games.
    pub(super) fn of(one: usize, other: usize) -> Score {
        Score { one, other, ..Score::default() }
    }

    /// Adds a meeting in which `one` made `halves` half points.
    pub(super) fn meet(&mut self, halves: u32, games: u64) {
        let points = f64::from(halves) / 2.0;
        self.games += games;
        self.points += points;
        self.meetings += 1.0;
        self.squares += points * points;
    }
}

/// Strengths and their uncertainty.
#[derive(Clone, Debug)]
pub(super) struct Model {
    strengths: Vec<f64>,
    covariance: Vec<Vec<f64>>,
    /// Design effect of meetings: 1 (independent games) to 2 (equal games).
    likeness: f64,
}

fn odds(one: f64, other: f64) -> f64 {
    1.0 / (1.0 + (other - one).exp())
}

impl Model {
    /// Fits strengths to these games.
    pub(super) fn fit(players: usize, scores: &[Score]) -> Model {
        let mut model =
            Model { strengths: vec![0.0; players], covariance: Vec::new(), likeness: 1.0 };
        for _ in 0..STEPS_MAX {
            let mut slope: Vec<f64> =
                model.strengths.iter().map(|strength| -strength / PRIOR_VARIANCE).collect();
            for score in scores {
                let rest = score.points - score.games as f64 * model.expected(score);
                slope[score.one] += rest;
                slope[score.other] -= rest;
            }
            model.covariance = inverse(model.information(scores, 1.0));
            let steps: Vec<f64> = model.covariance.iter().map(|row| dot(row, &slope)).collect();
            // Limit the step, so that Newton's method converges.
            model
                .strengths
                .iter_mut()
                .zip(&steps)
                .for_each(|(strength, step)| *strength += step.clamp(-2.0, 2.0));
            if steps.iter().all(|step| step.abs() < STEP_LEAST) {
                break;
            }
        }
        model.likeness = model.likeness(scores);
        model.covariance = inverse(model.information(scores, model.likeness));
        model
    }

    fn expected(&self, score: &Score) -> f64 {
        odds(self.strengths[score.one], self.strengths[score.other])
    }

    /// Information matrix of all games and the prior.
    fn information(&self, scores: &[Score], likeness: f64) -> Vec<Vec<f64>> {
        let count = self.strengths.len();
        let mut matrix = vec![vec![0.0; count]; count];
        for (player, row) in matrix.iter_mut().enumerate() {
            row[player] = 1.0 / PRIOR_VARIANCE;
        }
        for score in scores {
            let expected = self.expected(score);
            let weight = score.games as f64 * expected * (1.0 - expected) / likeness;
            matrix[score.one][score.one] += weight;
            matrix[score.other][score.other] += weight;
            matrix[score.one][score.other] -= weight;
            matrix[score.other][score.one] -= weight;
        }
        matrix
    }

    /// Variance of the points of a meeting divided by that of independent games: 1 for independent
    /// games, 2 if both games of a map always end equally.
    fn likeness(&self, scores: &[Score]) -> f64 {
        let (mut found, mut independent, mut meetings) = (0.0, 0.0, 0.0);
        for score in scores.iter().filter(|score| score.meetings > 0.0) {
            let (expected, games) = (self.expected(score), score.games as f64 / score.meetings);
            let mean = expected * games;
            found += score.squares - 2.0 * mean * score.points + score.meetings * mean * mean;
            independent += score.games as f64 * expected * (1.0 - expected);
            meetings += score.meetings;
        }
        if meetings < MEETINGS_LEAST || independent <= 0.0 {
            2.0
        } else {
            (found / independent).clamp(1.0, 2.0)
        }
    }

    /// Expected reduction of the variances of all odds by a meeting. `slopes` are those of the
    /// odds.
    fn gain(&self, (one, other): (usize, usize), slopes: &[(usize, usize, f64)]) -> f64 {
        let weight = self.weight((one, other), super::MEETING);
        let difference = self.difference((one, other));
        let variance = difference[one] - difference[other];
        let lowered = slopes
            .iter()
            .map(|(left, right, slope)| slope * (difference[*left] - difference[*right]).powi(2));
        weight * lowered.sum::<f64>() / (1.0 + weight * variance)
    }

    fn weight(&self, (one, other): (usize, usize), games: usize) -> f64 {
        let expected = odds(self.strengths[one], self.strengths[other]);
        games as f64 * expected * (1.0 - expected) / self.likeness
    }

    /// Covariances of all strengths with the difference of a pair.
    fn difference(&self, (one, other): (usize, usize)) -> Vec<f64> {
        self.covariance.iter().map(|row| row[one] - row[other]).collect()
    }

    /// The most informative pair; the first among equals.
    pub(super) fn most_informative(&self) -> (usize, usize) {
        let count = self.strengths.len();
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        // Squared slope of the odds of each pair over the difference of its strengths.
        let slope = |(one, other): (usize, usize)| {
            let expected = odds(self.strengths[one], self.strengths[other]);
            (one, other, (expected * (1.0 - expected)).powi(2))
        };
        let slopes: Vec<_> = pairs.clone().map(slope).collect();
        let better = |best: ((usize, usize), f64), pair| {
            let gain = self.gain(pair, &slopes);
            if gain > best.1 { (pair, gain) } else { best }
        };
        pairs.fold(((0, 1), 0.0), better).0
    }

    /// Updates the uncertainty for a meeting that will be played.
    pub(super) fn expect(&mut self, pair: (usize, usize), games: usize) {
        let (weight, difference) = (self.weight(pair, games), self.difference(pair));
        let factor = weight / (1.0 + weight * (difference[pair.0] - difference[pair.1]));
        for (row, left) in self.covariance.iter_mut().zip(&difference) {
            row.iter_mut()
                .zip(&difference)
                .for_each(|(cell, right)| *cell -= factor * left * right);
        }
    }

    /// Ratings with 95 % intervals.
    pub(super) fn ratings(&self) -> Vec<Rating> {
        let count = self.strengths.len().max(1) as f64;
        let mean = self.strengths.iter().sum::<f64>() / count;
        let rows: Vec<f64> =
            self.covariance.iter().map(|row| row.iter().sum::<f64>() / count).collect();
        let all = rows.iter().sum::<f64>() / count;
        let rating = |(player, strength): (usize, &f64)| {
            let rating = MEAN + SCALE * (strength - mean);
            // Variance of the distance to the mean: the common level is unknown and irrelevant.
            let variance = self.covariance[player][player] - 2.0 * rows[player] + all;
            let half = Z * SCALE * variance.max(0.0).sqrt();
            Rating { rating, low: rating - half, high: rating + half }
        };
        self.strengths.iter().enumerate().map(rating).collect()
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Inverse of a symmetric, positive definite matrix by elimination, which needs no pivoting.
fn inverse(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let count = matrix.len();
    let mut inverse: Vec<Vec<f64>> = (0..count)
        .map(|row| (0..count).map(|column| f64::from(u8::from(row == column))).collect())
        .collect();
    for pivot in 0..count {
        let scale = 1.0 / matrix[pivot][pivot];
        matrix[pivot].iter_mut().chain(&mut inverse[pivot]).for_each(|cell| *cell *= scale);
        let (row, inverted) = (matrix[pivot].clone(), inverse[pivot].clone());
        for other in (0..count).filter(|other| *other != pivot) {
            let factor = matrix[other][pivot];
            matrix[other].iter_mut().zip(&row).for_each(|(cell, pivot)| *cell -= factor * pivot);
            inverse[other]
                .iter_mut()
                .zip(&inverted)
                .for_each(|(cell, pivot)| *cell -= factor * pivot);
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arena::chance::Chance;
    use crate::arena::ladder::{MEETING, pair_index};

    fn empty(players: usize) -> Vec<Score> {
        let pairs = (0..players).flat_map(|one| (one + 1..players).map(move |other| (one, other)));
        pairs.map(|(one, other)| Score::of(one, other)).collect()
    }

    /// Plays `meetings` meetings of players with these strengths (in logits), always the most
    /// informative pair.
    fn climb(
        strengths: &[f64],
        meetings: usize,
        seed: u64,
        scores: &mut [Score],
    ) -> Vec<(usize, usize)> {
        let mut chance = Chance::new(seed, 0);
        let mut met = Vec::new();
        for _ in 0..meetings {
            let pair = Model::fit(strengths.len(), scores).most_informative();
            let wins = (odds(strengths[pair.0], strengths[pair.1]) * 1e6) as usize;
            let halves =
                (0..MEETING).map(|_| if chance.below(1_000_000) < wins { 2 } else { 0 }).sum();
            scores[pair_index(pair, strengths.len())].meet(halves, MEETING as u64);
            met.push(pair);
        }
        met
    }

    #[test]
    fn matrices_are_inverted() {
        let matrix = vec![vec![4.0, 1.0, 0.5], vec![1.0, 3.0, -1.0], vec![0.5, -1.0, 2.0]];
        let inverse = inverse(matrix.clone());
        for (row, line) in matrix.iter().enumerate() {
            for column in 0..3 {
                let cell: f64 =
                    line.iter().zip(&inverse).map(|(left, right)| left * right[column]).sum();
                assert!(
                    (cell - f64::from(u8::from(row == column))).abs() < 1e-12,
                    "{row} {column}: {cell}"
                );
            }
        }
    }

    #[test]
    fn ratings_match_the_odds_and_are_uncertain_without_games() {
        let mut scores = empty(2);
        // 150 of 200 points, as independent games have them.
        for meeting in 0..100 {
            scores[0].meet([2, 4, 4, 2][meeting % 4], 2);
        }
        let ratings = Model::fit(2, &scores).ratings();
        let logit = (ratings[0].rating - ratings[1].rating) / SCALE;
        assert!((odds(logit, 0.0) - 0.75).abs() < 0.005, "{ratings:?}");
        assert!((ratings[0].rating + ratings[1].rating - 2.0 * MEAN).abs() < 1e-9);
        let unknown = Model::fit(3, &empty(3)).ratings();
        assert!(
            unknown.iter().all(|rating| rating.rating == MEAN && rating.high > MEAN + 20.0),
            "{unknown:?}"
        );
        // A player that always wins has a high, finite rating.
        let mut scores = empty(2);
        (0..50).for_each(|_| scores[0].meet(4, 2));
        let best = Model::fit(2, &scores).ratings()[0];
        assert!(best.rating.is_finite() && best.low > MEAN, "{best:?}");
    }

    #[test]
    fn games_that_always_end_alike_make_intervals_wider() {
        let (mut alike, mut free) = (empty(2), empty(2));
        for meeting in 0..100 {
            alike[0].meet([0, 4][meeting % 2], 2);
            free[0].meet(2, 2);
        }
        let width = |scores: &[Score]| {
            let rating = Model::fit(2, scores).ratings()[0];
            rating.high - rating.low
        };
        assert!((width(&alike) / width(&free) - 2f64.sqrt()).abs() < 0.05);
    }

    #[test]
    fn newcomers_play_first_and_against_equals() {
        let strengths = [1.0, 0.4, 0.0, -0.5, -1.0];
        let mut scores = empty(5);
        climb(&strengths, 400, 1, &mut scores);
        // A sixth player joins; the ratings of the others are known well.
        let mut grown = empty(6);
        for score in &scores {
            grown[pair_index((score.one, score.other), 6)] = *score;
        }
        let met = climb(&[1.0, 0.4, 0.0, -0.5, -1.0, 0.9], 30, 2, &mut grown);
        assert!(met.iter().all(|pair| pair.1 == 5), "{met:?}");
    }

    #[test]
    fn players_far_apart_seldom_meet() {
        let strengths = [4.0, 3.8, -3.8, -4.0];
        let mut scores = empty(4);
        climb(&strengths, 300, 3, &mut scores);
        let near = scores[pair_index((0, 1), 4)].games + scores[pair_index((2, 3), 4)].games;
        let far = scores[pair_index((0, 3), 4)].games;
        assert!(near > 5 * far.max(1), "{near} {far}");
    }

    #[test]
    fn intervals_are_honest() {
        // About 95 % of the intervals contain the true distance to the mean.
        let strengths = [0.8, 0.3, -0.2, -0.9];
        let (mut held, mut of) = (0, 0);
        for seed in 0..60 {
            let mut scores = empty(4);
            climb(&strengths, 120, seed, &mut scores);
            for (strength, rating) in strengths.iter().zip(Model::fit(4, &scores).ratings()) {
                held += u32::from((rating.low..=rating.high).contains(&(MEAN + SCALE * strength)));
                of += 1;
            }
        }
        assert!((215..=240).contains(&held), "{held} of {of}");
    }
}
