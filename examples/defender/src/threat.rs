//! A threat map: how much foreign strength could soon be at each system.
//!
//! This influence map is a cheap substitute for simulating the future. Every foreign fleet adds a
//! threat to the systems around it, which decreases with the travel time. Where the sum is high, a
//! guard is needed.

use sector_sim::strategy::Reach;
use sector_sim::units::scale;
use sector_sim::{SystemId, View};

/// Number of systems around a fleet that it threatens.
const THREATENED_SYSTEMS: usize = 14;
/// Decrease of the threat per tick of travel, per mille of the strength.
const FADE_PER_TICK: i64 = 140;
/// Threat of a fleet that is on its way to an own system, per mille of its strength; does not fade.
const ON_ITS_WAY: i64 = 1_200;

/// Foreign strength that could soon be at each system, in thousandths.
#[derive(Clone, Debug, Default)]
pub struct ThreatMap {
    by_system: Vec<i64>,
    reach: Reach,
}

impl ThreatMap {
    /// Computes the map for this view.
    pub fn draw(&mut self, view: &View<'_>) {
        let ThreatMap { by_system, reach } = self;
        by_system.clear();
        by_system.resize(view.map.len(), 0);
        for fleet in view.board.fleets().iter().filter(|fleet| fleet.owner != view.me) {
            let bound_for = fleet.destination();
            if view.owns(bound_for) {
                add(by_system, bound_for, scale(fleet.strength, ON_ITS_WAY));
                continue;
            }
            for reached in reach.around(view, bound_for, THREATENED_SYSTEMS, |_| true) {
                let kept = (1_000 - FADE_PER_TICK * reached.ticks).max(0);
                add(by_system, reached.system, scale(fleet.strength, kept));
            }
        }
    }

    /// Foreign strength that could soon be at a system, in thousandths.
    #[must_use]
    pub fn at(&self, system: SystemId) -> i64 {
        self.by_system.get(system.index()).copied().unwrap_or(0)
    }
}

fn add(by_system: &mut [i64], system: SystemId, strength: i64) {
    if let Some(threat) = by_system.get_mut(system.index()) {
        *threat = threat.saturating_add(strength);
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Rules, World};

    use super::*;

    #[test]
    fn near_fleets_are_the_greatest_threat() {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let mut map = ThreatMap::default();
        map.draw(&view);
        // At the beginning, every faction has one fleet at its home.
        let other = world.map().homes()[1];
        let mut reach = Reach::default();
        let around = reach.around(&view, other, 2, |_| true);
        assert!(
            map.at(around[0].system) >= 10_000 * (1_000 - FADE_PER_TICK * around[0].ticks) / 1_000
        );
        assert_eq!(map.at(SystemId(9_999)), 0);
        let before = map.clone();
        map.draw(&view);
        assert_eq!(map.by_system, before.by_system, "recomputed, not accumulated");
    }
}
