//! `sector arena --ladder DIR`: a permanent ladder. New players are added, and the most informative
//! pairs play first. Players meet in duels. A meeting is one map, played twice with exchanged
//! seats. All pairs use the same maps, in the order of their seeds. After each round of meetings
//! all players are rated again ([`model`]), and the next round goes to the pairs from which the
//! ladder learns most. Rounds have a fixed length and games are written in order, so the result
//! depends neither on the number of threads nor on where a ladder was interrupted between two
//! rounds.

mod model;
mod store;

use std::sync::Arc;

use sector_sim::world::Size;
use serde::Serialize;
use serde_json::json;

use self::model::{Model, Score};
use self::store::{Ladder, Member};
use super::Options;
use super::field::{self, Field};
use super::keep::Keep;
use super::record::Record;
use super::schedule::{Pairing, Schedule};
use super::table::{Fresh, Table};
use crate::exec::end_with_signals;
use crate::tool::{Error, jobs, parallel, print_line, progress_bar, say, write_text};

/// Meetings in a round.
const ROUND: usize = 8;
/// Games in a meeting.
const MEETING: usize = 2;
/// Maximum number of players. Choosing a pair takes time with their fourth power: 10 ms for 64.
const PLAYERS_MAX: usize = 64;

/// A player's line in the standing.
#[derive(Clone, Debug, Serialize)]
struct Rank {
    name: String,
    player: String,
    games: u64,
    /// Games with a better place, plus half of those with an equal place.
    score: f64,
    rating: f64,
    low: f64,
    high: f64,
}

pub(super) fn ladder(options: &Options) -> Result<(), Error> {
    let Some(path) = &options.ladder else { return Ok(()) };
    let rules = super::rules(options)?;
    let standard = Size::standard(&rules);
    let size = Size { systems: options.setting.systems.unwrap_or(standard.systems), factions: 2 };
    let parameters = json!({
        "format": super::FORMAT,
        "engine": env!("CARGO_PKG_VERSION"),
        "seed": options.setting.seed,
        "systems": size.systems,
        "personalities": options.personalities,
        "rules": rules,
        "limits": options.setting.limits,
    });
    let newcomers = options.players.iter().map(|text| {
        let (name, _) = field::named(text)?;
        Ok(Member { name: name.to_owned(), player: text.clone() })
    });
    let newcomers = newcomers.collect::<Result<Vec<Member>, Error>>()?;
    let texts =
        |members: &[Member]| members.iter().map(|member| member.player.clone()).collect::<Vec<_>>();
    // Fail before anything is written if a player cannot play.
    Field::new(&texts(&newcomers), newcomers.len())?;
    let mut ladder = Ladder::open(path, &parameters, newcomers)?;
    let count = ladder.members().len();
    if !(2..=PLAYERS_MAX).contains(&count) {
        return Err(format!(
            "a ladder has 2 to {PLAYERS_MAX} players (got {count}); add some with --players"
        )
        .into());
    }
    let field = Field::new(&texts(ladder.members()), count)?;
    if field.has_programs() {
        end_with_signals()?;
    }
    let table = Table {
        rules: Arc::new(rules),
        size,
        field,
        personalities: options.personalities,
        schedule: Schedule::rotated(count, 2, options.setting.seed, 0),
        limits: options.setting.limits,
        keep: Keep::new(path, options.replays),
    };
    table.world(options.setting.seed)?;
    play(options, &table, &mut ladder)?;
    let ranks = ranks(&ladder);
    write_text(&path.join("standing.json"), &serde_json::to_string_pretty(&ranks)?)?;
    if options.json { Ok(()) } else { say(&text(&ranks, &ladder)) }
}

/// Plays the games of the options, in rounds.
fn play(options: &Options, table: &Table, ladder: &mut Ladder) -> Result<(), Error> {
    let meetings = usize::try_from(options.games().div_ceil(MEETING as u64))?;
    let bar = progress_bar((meetings * MEETING) as u64, "game", options.json);
    let mut left = meetings;
    while left > 0 {
        let scores = scores(ladder);
        let mut model = Model::fit(ladder.members().len(), &scores);
        let mut met: Vec<u64> = scores.iter().map(|score| score.games / MEETING as u64).collect();
        let mut round = Vec::new();
        for _ in 0..left.min(ROUND) {
            let pair = model.most_informative();
            model.expect(pair, MEETING);
            let index = pair_index(pair, ladder.members().len());
            let map = met.get_mut(index).map_or(0, |met| std::mem::replace(met, *met + 1));
            round.push((pair, options.setting.seed.saturating_add(map)));
        }
        left -= round.len();
        for records in meet(table, &round, ladder.games().len() as u64, jobs(options.jobs))? {
            let lines = records.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
            ladder.append(records, &lines)?;
            for line in &lines {
                if options.json && !print_line(line)? {
                    return Ok(());
                }
            }
            bar.inc(MEETING as u64);
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Plays the meetings of a round in parallel; games are in order.
fn meet(
    table: &Table,
    round: &[((usize, usize), u64)],
    first: u64,
    jobs: usize,
) -> Result<Vec<Vec<Record>>, Error> {
    let meeting = |index: usize| {
        let mut fresh: Fresh = None;
        let ((one, other), seed) = round[index];
        let seats = [vec![one, other], vec![other, one]];
        let games = seats.into_iter().enumerate().map(|(rotation, seats)| {
            let pairing = Pairing { seed, rotation, seats };
            table.play_pairing(first + (index * MEETING + rotation) as u64, &pairing, &mut fresh)
        });
        games.collect()
    };
    parallel(jobs, round.len(), meeting).into_iter().collect()
}

/// Index of a pair among all pairs, the lower player first.
fn pair_index((one, other): (usize, usize), players: usize) -> usize {
    let (low, high) = (one.min(other), one.max(other));
    low * players - low * (low + 1) / 2 + high - low - 1
}

/// Results of every pair, in the order of [`pair_index`].
fn scores(ladder: &Ladder) -> Vec<Score> {
    let names: Vec<&str> = ladder.members().iter().map(|member| member.name.as_str()).collect();
    let count = names.len();
    let mut scores: Vec<Score> = (0..count)
        .flat_map(|one| (one + 1..count).map(move |other| Score::of(one, other)))
        .collect();
    for meeting in ladder.games().chunks(MEETING) {
        let index = |name: &String| names.iter().position(|known| known == name);
        let Some([first, second]) = meeting.first().map(|record| record.players.as_slice()) else {
            continue;
        };
        let (Some(one), Some(other)) = (index(first), index(second)) else { continue };
        let Some(score) = scores.get_mut(pair_index((one, other), count)) else { continue };
        // Half points of the lower player.
        let halves = meeting.iter().map(|record| {
            let place = |player: usize| {
                let seat = record.players.iter().position(|name| index(name) == Some(player));
                seat.and_then(|seat| record.places.get(seat)).copied().unwrap_or(u32::MAX)
            };
            match place(score.one).cmp(&place(score.other)) {
                std::cmp::Ordering::Less => 2,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 0,
            }
        });
        score.meet(halves.sum(), meeting.len() as u64);
    }
    scores
}

/// All players, best first.
fn ranks(ladder: &Ladder) -> Vec<Rank> {
    let scores = scores(ladder);
    let ratings = Model::fit(ladder.members().len(), &scores).ratings();
    let mut ranks: Vec<Rank> = ladder
        .members()
        .iter()
        .zip(ratings)
        .enumerate()
        .map(|(player, (member, rating))| {
            let own = scores.iter().filter(|score| score.one == player || score.other == player);
            let points = |score: &Score| {
                if score.one == player { score.points } else { score.games as f64 - score.points }
            };
            Rank {
                name: member.name.clone(),
                player: member.player.clone(),
                games: own.clone().map(|score| score.games).sum(),
                score: own.map(points).sum(),
                rating: rating.rating,
                low: rating.low,
                high: rating.high,
            }
        })
        .collect();
    ranks.sort_by(|one, other| other.rating.total_cmp(&one.rating));
    ranks
}

fn text(ranks: &[Rank], ladder: &Ladder) -> String {
    let width = ranks.iter().map(|rank| rank.name.chars().count()).max().unwrap_or(0).clamp(6, 40);
    let mut text =
        format!("{:<width$}  {:>6} {:>7}  {:<24}\n", "player", "games", "score %", "rating (95 %)");
    for Rank { name, games, score, rating, low, high, .. } in ranks {
        let (name, share) =
            (name.chars().take(width).collect::<String>(), 100.0 * score / (*games).max(1) as f64);
        let rating = format!("{rating:>5.2} ({low:>5.2} to {high:>5.2})");
        text.push_str(&format!("{name:<width$}  {games:>6} {share:>7.1}  {rating}\n"));
    }
    for fault in ladder.games().iter().rev().flat_map(|record| &record.faults).take(ranks.len()) {
        text.push_str(&format!("fault   {fault}\n"));
    }
    text.push_str(&format!("games   {}", ladder.games().len()));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        for players in 2..9 {
            let pairs =
                (0..players).flat_map(|one| (one + 1..players).map(move |other| (one, other)));
            let places: Vec<usize> = pairs.map(|pair| pair_index(pair, players)).collect();
            assert!(
                places.iter().copied().eq(0..players * (players - 1) / 2),
                "{players}: {places:?}"
            );
            assert_eq!(pair_index((1, 0), players), 0);
        }
    }
}
