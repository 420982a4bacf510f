//! What a program did in a game: its times, its faults, its refused orders, its standard error.

use std::collections::BTreeMap;
use std::fmt;

use sector_sim::FactionId;
use serde::{Deserialize, Serialize};

/// The most reasons of refused orders that are told apart.
const REASONS_MAX: usize = 100;
/// How many of the slowest turns are named.
const SLOWEST: usize = 10;

/// What a program did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// It ended in the middle of the game, or could not be started.
    Crashed,
    /// It ended for want of memory.
    Memory,
    /// It did not answer in time.
    TimedOut,
    /// It printed too much: too long a line, or too many orders.
    Flooded,
    /// It printed what is no answer.
    Rubbish,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            FaultKind::Crashed => "crashed",
            FaultKind::Memory => "too much memory",
            FaultKind::TimedOut => "timed out",
            FaultKind::Flooded => "flooded",
            FaultKind::Rubbish => "printed rubbish",
        })
    }
}

/// A fault of a program in a game; of each kind the first, and how often there were more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Whom the program played.
    pub(crate) faction: FactionId,
    /// Its name.
    pub(crate) player: String,
    /// In which tick.
    pub(crate) tick: u64,
    /// What kind of fault.
    pub(crate) kind: FaultKind,
    /// What happened, in a sentence.
    pub(crate) what: String,
    /// How often in the game.
    pub(crate) times: u64,
    /// Whether the program was out of the game from then on.
    pub(crate) is_out: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { faction, player, tick, kind, what, times, is_out } = self;
        write!(formatter, "{player} ({faction}) {kind} in tick {tick}")?;
        if *times > 1 {
            write!(formatter, " and {} times more", times - 1)?;
        }
        write!(formatter, ": {what}")?;
        if *is_out { write!(formatter, "; it was out from then on") } else { Ok(()) }
    }
}

/// Times of turns, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Times {
    /// Half of the turns took less.
    pub(crate) p50: u64,
    /// 99 of 100 took less.
    pub(crate) p99: u64,
    /// The longest.
    pub(crate) max: u64,
}

impl Times {
    /// The quantiles of some times.
    pub(crate) fn of(mut times: Vec<u64>) -> Times {
        times.sort_unstable();
        let at = |percent: usize| {
            times.get((times.len() * percent / 100).min(times.len().saturating_sub(1)))
        };
        let at = |percent| at(percent).copied().unwrap_or(0);
        Times { p50: at(50), p99: at(99), max: at(100) }
    }
}

/// What a program did in a game.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    /// Its name.
    pub(crate) player: String,
    /// Whom it played.
    pub(crate) faction: FactionId,
    /// Turns for which it was asked.
    pub(crate) turns: u64,
    /// Orders that it gave, malformed ones left out.
    pub(crate) orders: u64,
    /// What it did wrong, first things first.
    pub(crate) faults: Vec<Fault>,
    /// Orders that a tick refused, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Orders that were none, by what was wrong with them.
    pub(crate) malformed: BTreeMap<String, u64>,
    /// The time for an answer, in microseconds.
    pub(crate) time_us: Times,
    /// The slowest turns: tick and microseconds.
    pub(crate) slowest: Vec<(u64, u64)>,
    /// Every turn that was answered in time: tick and microseconds.
    pub(crate) turns_us: Vec<(u64, u64)>,
    /// What it printed to standard error.
    #[serde(skip)]
    pub(crate) stderr: Vec<u8>,
}

impl Account {
    pub(super) fn new(player: &str, faction: FactionId) -> Account {
        Account {
            player: player.to_owned(),
            faction,
            turns: 0,
            orders: 0,
            faults: Vec::new(),
            refused: BTreeMap::new(),
            malformed: BTreeMap::new(),
            time_us: Times::default(),
            slowest: Vec::new(),
            turns_us: Vec::new(),
            stderr: Vec::new(),
        }
    }

    /// Notes a fault.
    pub(super) fn blame(&mut self, tick: u64, kind: FaultKind, what: String, is_out: bool) {
        if let Some(known) = self.faults.iter_mut().find(|fault| fault.kind == kind) {
            known.times += 1;
            known.is_out |= is_out;
            return;
        }
        let (faction, player) = (self.faction, self.player.clone());
        self.faults.push(Fault { faction, player, tick, kind, what, times: 1, is_out });
    }

    /// How many faults of this kind there were.
    pub(super) fn times(&self, kind: FaultKind) -> u64 {
        self.faults.iter().find(|fault| fault.kind == kind).map_or(0, |fault| fault.times)
    }

    /// Notes an order that a tick refused.
    pub(super) fn refuse(&mut self, reason: &str) {
        count(&mut self.refused, reason);
    }

    /// Notes an order that was none.
    pub(super) fn malform(&mut self, what: &str) {
        count(&mut self.malformed, what);
    }

    /// Sums up, there being no more turns.
    pub(super) fn close(&mut self, stderr: Vec<u8>) {
        self.time_us = Times::of(self.turns_us.iter().map(|(_, us)| *us).collect());
        self.slowest.clone_from(&self.turns_us);
        self.slowest.sort_by_key(|(tick, us)| (std::cmp::Reverse(*us), *tick));
        self.slowest.truncate(SLOWEST);
        self.stderr = stderr;
    }
}

fn count(reasons: &mut BTreeMap<String, u64>, reason: &str) {
    let is_full = reasons.len() >= REASONS_MAX && !reasons.contains_key(reason);
    *reasons.entry(if is_full { "others".to_owned() } else { reason.to_owned() }).or_default() += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_of_a_kind_are_told_once_and_counted() {
        let mut account = Account::new("mine", FactionId::starter(1).unwrap());
        account.blame(7, FaultKind::TimedOut, "no answer within 5 ms".into(), false);
        account.blame(8, FaultKind::Rubbish, "a line".into(), false);
        account.blame(9, FaultKind::TimedOut, "again".into(), true);
        assert_eq!((account.times(FaultKind::TimedOut), account.times(FaultKind::Memory)), (2, 0));
        let told: Vec<String> = account.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "mine (F2) timed out in tick 7 and 1 times more: no answer within 5 ms; it was out from then on",
                "mine (F2) printed rubbish in tick 8: a line"
            ]
        );
    }

    #[test]
    fn times_are_summed_up() {
        assert_eq!(Times::of((1..=200).collect()), Times { p50: 101, p99: 199, max: 200 });
        assert_eq!(Times::of(Vec::new()), Times::default());
        let mut account = Account::new("mine", FactionId::starter(1).unwrap());
        account.turns_us = (0..50).map(|tick| (tick, 1_000 + tick % 20)).collect();
        account.close(Vec::new());
        assert_eq!((account.slowest.len(), account.slowest[0]), (SLOWEST, (19, 1_019)));
    }

    #[test]
    fn reasons_do_not_grow_without_end() {
        let mut account = Account::new("mine", FactionId::starter(1).unwrap());
        (0..1_000).for_each(|number| account.malform(&format!("reason {number}")));
        assert_eq!((account.malformed.len(), account.malformed["others"]), (REASONS_MAX + 1, 900));
    }
}
