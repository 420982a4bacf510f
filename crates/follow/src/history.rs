//! History of each faction, sampled from the events.
//!
//! # Invariants
//! - Covers one universe, as far back as events were read: [`History::from_tick`].
//! - A faction has at most [`SAMPLES_MAX`] samples. Beyond that, the sampling interval doubles and
//!   every other sample is dropped, so memory is bounded for runs of any length.

use sector_redis::UniverseId;
use std::collections::BTreeMap;

use sector_sim::FactionId;
use sector_sim::snapshot::FactionForm;

/// Most samples per faction: more than a chart on a phone can show.
pub const SAMPLES_MAX: usize = 512;

/// A faction at a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// Tick of the sample.
    pub tick: u64,
    /// Number of systems.
    pub systems: i64,
    /// Value of its systems.
    pub value: i64,
    /// Yield of its systems, in thousandths.
    pub economy: i64,
    /// Number of fleets.
    pub fleets: i64,
    /// Strength of its fleets, in thousandths.
    pub strength: i64,
}

impl Sample {
    /// A sample of the faction at this tick.
    #[must_use]
    pub fn of(tick: u64, faction: &FactionForm) -> Self {
        let FactionForm { systems, value, economy, fleets, strength, .. } = *faction;
        Self { tick, systems, value, economy, fleets, strength }
    }

    /// Whether the sample is the same except for the tick.
    fn is_like(&self, other: &Self) -> bool {
        Self { tick: other.tick, ..*self } == *other
    }
}

/// History of the factions of a universe.
#[derive(Debug, Clone)]
pub struct History {
    universe: UniverseId,
    from_tick: u64,
    every_ticks: u64,
    /// Latest values per faction.
    present: BTreeMap<FactionId, Sample>,
    samples: BTreeMap<FactionId, Vec<Sample>>,
}

impl History {
    /// An empty history; `from_tick` is the first tick it will cover.
    pub(crate) fn new(universe: UniverseId, from_tick: u64) -> Self {
        Self {
            universe,
            from_tick,
            every_ticks: 1,
            present: BTreeMap::new(),
            samples: BTreeMap::new(),
        }
    }

    /// Id of the universe.
    #[must_use]
    pub fn universe(&self) -> &UniverseId {
        &self.universe
    }

    /// First tick covered.
    #[must_use]
    pub fn from_tick(&self) -> u64 {
        self.from_tick
    }

    /// Ticks between samples.
    #[must_use]
    pub fn every_ticks(&self) -> u64 {
        self.every_ticks
    }

    /// Samples of a faction, oldest first; consecutive ones differ.
    #[must_use]
    pub fn samples(&self, faction: FactionId) -> &[Sample] {
        self.samples.get(&faction).map_or(&[], Vec::as_slice)
    }

    /// Records the factions that changed in a tick. Ticks must be in order.
    pub(crate) fn note(&mut self, tick: u64, changed: &[FactionForm]) {
        for faction in changed {
            self.present.insert(faction.id, Sample::of(tick, faction));
        }
        if !tick.is_multiple_of(self.every_ticks) {
            return;
        }
        let mut is_full = false;
        for (id, present) in &self.present {
            let samples = self.samples.entry(*id).or_default();
            if samples.last().is_none_or(|last| !last.is_like(present)) {
                samples.push(Sample { tick, ..*present });
                is_full |= samples.len() > SAMPLES_MAX;
            }
        }
        while is_full {
            self.every_ticks *= 2;
            for samples in self.samples.values_mut() {
                // Keep the newest of each interval, as a sample at its end would be.
                let every = self.every_ticks;
                samples.dedup_by(|later, earlier| {
                    let is_same = later.tick.div_ceil(every) == earlier.tick.div_ceil(every);
                    if is_same {
                        *earlier = *later;
                    }
                    is_same
                });
            }
            is_full = self.samples.values().any(|samples| samples.len() > SAMPLES_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faction(strength: i64) -> FactionForm {
        let json = serde_json::json!({
            "id": "F1", "name": "One", "color": "#000000", "kind": "starter", "alive": true, "parent": null, "home_id": 0,
            "muster_id": null, "build_stock": 0, "economy": 5, "systems": 1, "value": 3, "fleets": 1, "strength": strength,
            "domination_ticks": 0,
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn samples_are_bounded_and_span_the_whole_run() {
        let mut history = History::new("u-1".into(), 0);
        let last = 10_000;
        for tick in 0..=last {
            history.note(tick, &[faction(tick as i64)]);
        }
        let samples = history.samples("F1".parse().unwrap());
        assert!((SAMPLES_MAX / 3..=SAMPLES_MAX).contains(&samples.len()), "{}", samples.len());
        assert_eq!(samples[0].tick, 0);
        assert!(last - samples.last().unwrap().tick < history.every_ticks());
        assert!(samples.is_sorted_by(|one, other| one.tick < other.tick));
        assert!(samples.iter().all(|sample| sample.strength == sample.tick as i64));
    }

    #[test]
    fn ticks_without_a_change_have_no_sample() {
        let mut history = History::new("u-1".into(), 7);
        history.note(7, &[faction(1)]);
        for tick in 8..2_000 {
            history.note(tick, &[]);
        }
        history.note(2_000, &[faction(2)]);
        let samples = history.samples("F1".parse().unwrap());
        assert_eq!(
            samples.iter().map(|sample| (sample.tick, sample.strength)).collect::<Vec<_>>(),
            [(7, 1), (2_000, 2)]
        );
        assert_eq!((history.from_tick(), history.every_ticks()), (7, 1));
        assert!(history.samples("F2".parse().unwrap()).is_empty());
    }
}
