//! Plays many matches of computer players and prints what a good rule set is measured by.
//!
//! `cargo run --release -p sector-sim --example balance -- [seeds] [rules.toml]`: length, ends, wins by seat and by
//! personality, rebellions, changes of the leader, snowballs. The first table gives every seat the same personality,
//! so that it shows whether a seat is better than another; the second one plays the personalities of the rules.

use std::error::Error;
use std::sync::Arc;

use sector_sim::{Event, FactionId, Game, Personality, Rules, World, strategy};

/// What one match was like.
struct Match {
    ticks: u64,
    winner: Option<FactionId>,
    rebellions: u32,
    leader_changes: u32,
    snowball: bool,
    orders: u64,
    refused: u64,
}

/// Ticks that a new leader has to stay ahead for a change to count, so that a lead that flickers counts once.
const LEAD_TICKS: u32 = 5;

fn play(rules: &Arc<Rules>, seed: u64, even: Option<&Personality>) -> Result<Match, Box<dyn Error>> {
    let world = World::new(rules.clone(), seed)?;
    let even = even.cloned();
    let seats = rules.clone();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| {
            let personality = even.clone().unwrap_or_else(|| seats.personality(faction.index()));
            Box::new(sector_sim::Classic::new(personality))
        }),
    );
    let mut result =
        Match { ticks: 0, winner: None, rebellions: 0, leader_changes: 0, snowball: false, orders: 0, refused: 0 };
    let systems = game.world().map().len() as i64;
    let mut lost = [false; sector_sim::FACTION_IDS];
    let (mut leader, mut ahead) = (None, 0);
    let outcome = loop {
        game.step();
        let board = game.world().board();
        result.orders += game.orders().len() as u64;
        for event in board.events() {
            match event {
                Event::Rebelled { from, .. } | Event::Seceded { from, .. } => {
                    result.rebellions += 1;
                    lost[from.index()] = true;
                }
                Event::Captured { from: Some(from), .. } => lost[from.index()] = true,
                Event::OrderRefused { .. } => result.refused += 1,
                _ => {}
            }
        }
        let first = board.standing().first().map(|faction| faction.id);
        ahead = if first == leader { 0 } else { ahead + 1 };
        if ahead == LEAD_TICKS || leader.is_none() {
            result.leader_changes += u32::from(leader.is_some());
            (leader, ahead) = (first, 0);
        }
        let large = board.factions().iter().filter(|faction| faction.systems * 10 >= systems * 6);
        result.snowball |= large.into_iter().any(|faction| !lost[faction.id.index()]);
        if let Some(outcome) = board.result() {
            break outcome;
        }
    };
    (result.ticks, result.winner) = (outcome.tick, outcome.winner);
    Ok(result)
}

fn table(name: &str, rules: &Arc<Rules>, seeds: u64, even: Option<&Personality>) -> Result<(), Box<dyn Error>> {
    let mut matches = (0..seeds).map(|seed| play(rules, seed, even)).collect::<Result<Vec<_>, _>>()?;
    let percent = |count: usize| 100.0 * count as f64 / seeds.max(1) as f64;
    let share = |holds: &dyn Fn(&Match) -> bool| percent(matches.iter().filter(|one| holds(one)).count());
    println!("{name}, {seeds} seeds");
    println!("  decided before 1500     {:5.1} %", share(&|one| one.ticks < 1_500));
    println!("  snowballs               {:5.1} %", share(&|one| one.snowball));
    println!("  3 changes of the leader {:5.1} %", share(&|one| one.leader_changes >= 3));
    println!("  2 to 8 rebellions       {:5.1} %", share(&|one| (2..=8).contains(&one.rebellions)));
    for seat in (0..rules.map.factions as u8).filter_map(FactionId::starter) {
        println!("  wins of {:<15} {:5.1} %", seat.to_string(), share(&|one| one.winner == Some(seat)));
    }
    let starter = |id: FactionId| id.index() < rules.map.factions as usize;
    println!("  wins of others          {:5.1} %", share(&|one| !one.winner.is_some_and(starter)));
    let rebellions: u32 = matches.iter().map(|one| one.rebellions).sum();
    println!("  rebellions a run        {:6.2}", f64::from(rebellions) / seeds.max(1) as f64);
    let (orders, refused) = matches.iter().fold((0, 0), |sum, one| (sum.0 + one.orders, sum.1 + one.refused));
    println!("  orders refused          {:6.2} % of {orders}", 100.0 * refused as f64 / orders.max(1) as f64);
    let ticks: u64 = matches.iter().map(|one| one.ticks).sum();
    println!("  ticks played            {ticks}");
    matches.sort_unstable_by_key(|one| one.ticks);
    for (what, per_mille) in [("10 %", 100), ("median", 500), ("90 %", 900)] {
        let one = matches.get(matches.len() * per_mille / 1000);
        println!("  length, {what:<15} {:4}", one.map_or(0, |one| one.ticks));
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().map_or(Ok(500), |text| text.parse())?;
    let rules = match arguments.next() {
        Some(path) => Rules::from_toml(&std::fs::read_to_string(path)?)?,
        None => Rules::classic(),
    };
    let rules = Arc::new(rules);
    strategy("classic", rules.personality(0))?;
    let even = Personality { aggression: 650, expansionism: 500, greed: 700, caution: 300 };
    table("equal personalities", &rules, seeds, Some(&even))?;
    table("the personalities of the rules", &rules, seeds, None)
}
