//! Report on a program in a game: times, faults, refused orders, standard error.

use std::collections::BTreeMap;
use std::fmt;

use sector_sim::FactionId;
use serde::{Deserialize, Serialize};

use crate::tool::quantile;

/// Maximum number of distinct reasons; further ones count as "others".
const REASONS_MAX: usize = 100;
/// Number of slowest turns listed.
const SLOWEST: usize = 10;

/// Kind of a program's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// Exited during the game, or could not be started.
    Crashed,
    /// Ran out of memory.
    Memory,
    /// Did not answer in time.
    TimedOut,
    /// Printed too long a line or too many orders.
    Flooded,
    /// Printed an invalid answer.
    Rubbish,
}

impl fmt::Display for FaultKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            FaultKind::Crashed => "crashed",
            FaultKind::Memory => "ran out of memory",
            FaultKind::TimedOut => "timed out",
            FaultKind::Flooded => "printed too much",
            FaultKind::Rubbish => "printed an invalid line",
        })
    }
}

/// A program's first fault of a kind in a game, and the number of such faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    pub(crate) faction: FactionId,
    pub(crate) player: String,
    pub(crate) tick: u64,
    pub(crate) kind: FaultKind,
    /// Description, in a sentence.
    pub(crate) what: String,
    /// Number of faults of this kind in the game.
    pub(crate) times: u64,
    /// Whether the program was stopped.
    pub(crate) is_out: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { faction, player, tick, kind, what, times, is_out } = self;
        write!(formatter, "{player} ({faction}) {kind} in tick {tick}")?;
        if *times > 1 {
            write!(formatter, " and {} times later", times - 1)?;
        }
        write!(formatter, ": {what}")?;
        if *is_out { write!(formatter, "; stopped") } else { Ok(()) }
    }
}

/// Times of turns, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Times {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl Times {
    /// Percentiles of these times; 0 without any.
    pub(crate) fn of(mut times: Vec<u64>) -> Times {
        times.sort_unstable();
        let at = |per_mille| quantile(&times, per_mille);
        Times { p50: at(500), p99: at(990), max: at(1000) }
    }
}

/// Report on a program in a game.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Account {
    pub(crate) player: String,
    pub(crate) faction: FactionId,
    /// Number of turns sent to the program.
    pub(crate) turns: u64,
    /// Number of well-formed orders.
    pub(crate) orders: u64,
    /// Faults, oldest first.
    pub(crate) faults: Vec<Fault>,
    /// Number of refused orders by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Number of malformed orders by error.
    pub(crate) malformed: BTreeMap<String, u64>,
    /// Answer times, in microseconds.
    pub(crate) time_us: Times,
    /// Slowest turns: tick and microseconds.
    pub(crate) slowest: Vec<(u64, u64)>,
    /// Turns answered in time: tick and microseconds.
    pub(crate) turns_us: Vec<(u64, u64)>,
    /// Standard error.
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

    /// Records a fault.
    pub(super) fn blame(&mut self, tick: u64, kind: FaultKind, what: String, is_out: bool) {
        if let Some(known) = self.faults.iter_mut().find(|fault| fault.kind == kind) {
            known.times += 1;
            known.is_out |= is_out;
            return;
        }
        let (faction, player) = (self.faction, self.player.clone());
        self.faults.push(Fault { faction, player, tick, kind, what, times: 1, is_out });
    }

    /// Number of faults of this kind.
    pub(super) fn times(&self, kind: FaultKind) -> u64 {
        self.faults.iter().find(|fault| fault.kind == kind).map_or(0, |fault| fault.times)
    }

    /// Counts an order that a tick refused.
    pub(super) fn refuse(&mut self, reason: &str) {
        count(&mut self.refused, reason);
    }

    /// Counts a malformed order.
    pub(super) fn malform(&mut self, what: &str) {
        count(&mut self.malformed, what);
    }

    /// Sums up after the last turn.
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
    fn faults_of_a_kind_are_listed_once_and_counted() {
        let mut account = Account::new("mine", FactionId::starter(1).unwrap());
        account.blame(7, FaultKind::TimedOut, "no answer within 5 ms".into(), false);
        account.blame(8, FaultKind::Rubbish, "a line".into(), false);
        account.blame(9, FaultKind::TimedOut, "again".into(), true);
        assert_eq!((account.times(FaultKind::TimedOut), account.times(FaultKind::Memory)), (2, 0));
        let told: Vec<String> = account.faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "mine (F2) timed out in tick 7 and 1 times later: no answer within 5 ms; stopped",
                "mine (F2) printed an invalid line in tick 8: a line"
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
