//! `sector bot check`: finds mistakes of a bot.
//! Plays matches as F1 against `classic`, each twice with the same seed. Crashes, late or invalid
//! answers, and orders that differ between the two plays are failures. Refused orders are reported
//! with their reasons, but are no failure.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use process_kit::config::integer;
use sector_client::stdio::End;
use sector_sim::strategy::Classic;
use sector_sim::world::Size;
use sector_sim::{FactionId, Game, Order, Rules, World};
use serde::Serialize;

use super::build::Which;
use crate::exec::{Account, Chair, Fault, Limits, Process, Program, Times, end_with_signals};
use crate::tool::{Error, say};

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    which: Which,
    /// Number of matches, each played twice
    #[arg(long, default_value_t = 3, value_parser = integer(1..=1_000u64))]
    games: u64,
    /// Seed of the first match
    #[arg(long, default_value_t = 1, value_parser = integer(0..=1_000_000_000u64))]
    seed: u64,
    /// Number of systems [default: from the rules]
    #[arg(long, value_parser = integer(2..=200_000u32))]
    systems: Option<u32>,
    /// Maximum number of ticks per match
    #[arg(long, default_value_t = 500, value_parser = integer(1..=10_000_000u64))]
    ticks: u64,
    #[command(flatten)]
    limits: Limits,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// The findings.
#[derive(Debug, Serialize)]
struct Findings {
    games: u64,
    turns: u64,
    orders: u64,
    time_us: Times,
    faults: Vec<Fault>,
    malformed: BTreeMap<String, u64>,
    refused: BTreeMap<String, u64>,
    differences: Vec<Difference>,
    passed: bool,
}

/// First difference between two plays of a match.
#[derive(Debug, Serialize)]
struct Difference {
    seed: u64,
    tick: u64,
}

/// A match: the bot's orders by tick, and its behaviour.
struct Played {
    orders: Vec<Vec<Order>>,
    account: Account,
}

pub(crate) fn check(options: &Options) -> Result<(), Error> {
    let program = options.which.build()?.program()?;
    end_with_signals()?;
    let (mut accounts, mut differences) = (Vec::new(), Vec::new());
    for seed in options.seed..options.seed + options.games {
        let (first, second) = (play(options, &program, seed)?, play(options, &program, seed)?);
        let faultless = first.account.faults.is_empty() && second.account.faults.is_empty();
        // Report lateness and crashes first; differing orders follow from them.
        if faultless && first.orders != second.orders {
            let same = first
                .orders
                .iter()
                .zip(&second.orders)
                .take_while(|(one, other)| one == other)
                .count();
            differences.push(Difference { seed, tick: same as u64 });
        }
        accounts.extend([first.account, second.account]);
    }
    let findings = sum_up(options.games, accounts, differences);
    let passed = findings.passed;
    say(&if options.json { serde_json::to_string(&findings)? } else { text(&findings) })?;
    if passed { Ok(()) } else { Err("the bot did not pass".into()) }
}

fn play(options: &Options, program: &Program, seed: u64) -> Result<Played, Error> {
    let rules = Arc::new(Rules::classic());
    let standard = Size::standard(&rules);
    let size = Size { systems: options.systems.unwrap_or(standard.systems), ..standard };
    let world = World::with_size(rules.clone(), seed, size)?;
    let me = FactionId::starter(0).ok_or("there is no F1")?;
    let chair =
        Chair::new(Process::new(program, options.limits, "the bot", (me, rules.personality(0))));
    let seats = vec![(me, Box::new(chair.clone()) as Box<dyn sector_sim::Strategy>)];
    let others = Box::new(move |_: &World, faction: FactionId| -> Box<dyn sector_sim::Strategy> {
        Box::new(Classic::new(rules.personality(faction.index())))
    });
    let (mut game, mut orders) = (Game::from_parts(world, seats, others), Vec::new());
    let is_over = |game: &Game| {
        let board = game.world().board();
        board.result().is_some() || board.faction(me).is_none_or(|faction| !faction.alive)
    };
    while game.world().tick() < options.ticks && !is_over(&game) {
        game.step();
        orders.push(game.orders().iter().filter(|order| order.faction == me).cloned().collect());
    }
    let winner = game.world().board().result().and_then(|outcome| outcome.winner);
    let account = chair.process().finish(End { winner, place: None });
    Ok(Played { orders, account })
}

fn sum_up(games: u64, accounts: Vec<Account>, differences: Vec<Difference>) -> Findings {
    let times =
        accounts.iter().flat_map(|account| account.turns_us.iter().map(|(_, us)| *us)).collect();
    let mut findings = Findings {
        games,
        turns: accounts.iter().map(|account| account.turns).sum(),
        orders: accounts.iter().map(|account| account.orders).sum(),
        time_us: Times::of(times),
        faults: Vec::new(),
        malformed: BTreeMap::new(),
        refused: BTreeMap::new(),
        differences,
        passed: false,
    };
    for account in accounts {
        findings.faults.extend(account.faults);
        for (all, some) in
            [(&mut findings.malformed, account.malformed), (&mut findings.refused, account.refused)]
        {
            some.into_iter().for_each(|(reason, count)| *all.entry(reason).or_default() += count);
        }
    }
    findings.passed = findings.faults.is_empty()
        && findings.malformed.is_empty()
        && findings.differences.is_empty();
    findings
}

fn text(findings: &Findings) -> String {
    let Findings { games, turns, orders, time_us: Times { p50, p99, max }, .. } = findings;
    let mut text =
        format!("played       {games} matches, each twice: {turns} turns, {orders} orders\n");
    text.push_str(&format!("time a turn  p50 {p50} µs, p99 {p99} µs, max {max} µs\n"));
    let mut list = |what: &str, lines: Vec<String>| {
        for (index, line) in lines.iter().enumerate() {
            text.push_str(&format!("{:<12} {line}\n", if index == 0 { what } else { "" }));
        }
        if lines.is_empty() {
            text.push_str(&format!("{what:<12} none\n"));
        }
    };
    let counted = |reasons: &BTreeMap<String, u64>| -> Vec<String> {
        reasons.iter().map(|(why, count)| format!("{count} × {why}")).collect()
    };
    list("faults", findings.faults.iter().map(ToString::to_string).collect());
    list("malformed", counted(&findings.malformed));
    list("refused", counted(&findings.refused));
    let differs = |Difference { seed, tick }: &Difference| {
        format!("seed {seed}: other orders in tick {tick}")
    };
    list("differences", findings.differences.iter().map(differs).collect());
    text.push_str(if findings.passed { "passed" } else { "not passed" });
    text
}
