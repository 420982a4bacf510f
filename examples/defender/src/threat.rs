//! A map of threats: how much foreign strength could be at each own system soon.
//!
//! Such an influence map is a cheap stand-in for looking ahead. Every foreign fleet casts a shadow on the systems around
//! it, the darker the fewer ticks it needs to get there; where shadows fall together, somebody should stand guard.

use sector_sim::strategy::Reach;
use sector_sim::units::scale;
use sector_sim::{SystemId, View};

/// How many systems around a fleet its shadow falls on.
const SHADOW_SYSTEMS: usize = 14;
/// How much of the shadow is left with every tick of travel, per mille of the whole strength.
const FADE_PER_TICK: i64 = 140;
/// The shadow of a fleet that is already on its way to an own system, per mille: it does not fade, and it is meant.
const ON_ITS_WAY: i64 = 1_200;

/// How much foreign strength could be at each system soon, milli.
#[derive(Clone, Debug, Default)]
pub struct ThreatMap {
    by_system: Vec<i64>,
    reach: Reach,
}

impl ThreatMap {
    /// Draws the map anew.
    pub fn draw(&mut self, view: &View<'_>) {
        let ThreatMap { by_system, reach } = self;
        by_system.clear();
        by_system.resize(view.map.len(), 0);
        for fleet in view.board.fleets().iter().filter(|fleet| fleet.owner != view.me) {
            let bound_for = fleet.destination();
            if view.owns(bound_for) {
                darken(by_system, bound_for, scale(fleet.strength, ON_ITS_WAY));
                continue;
            }
            for reached in reach.around(view, bound_for, SHADOW_SYSTEMS, |_| true) {
                let kept = (1_000 - FADE_PER_TICK * reached.ticks).max(0);
                darken(by_system, reached.system, scale(fleet.strength, kept));
            }
        }
    }

    /// What could be there soon, milli.
    #[must_use]
    pub fn at(&self, system: SystemId) -> i64 {
        self.by_system.get(system.index()).copied().unwrap_or(0)
    }
}

fn darken(by_system: &mut [i64], system: SystemId, strength: i64) {
    if let Some(threat) = by_system.get_mut(system.index()) {
        *threat = threat.saturating_add(strength);
    }
}

#[cfg(test)]
mod tests {
    use sector_sim::{Rules, World};

    use super::*;

    #[test]
    fn shadows_are_darkest_where_the_fleets_are_nearest() {
        let world = World::new(Rules::classic().into(), 7).unwrap();
        let view = world.view(world.board().factions()[0].id);
        let mut map = ThreatMap::default();
        map.draw(&view);
        // At first everybody has one fleet, at home.
        let other = world.map().homes()[1];
        let mut reach = Reach::default();
        let around = reach.around(&view, other, 2, |_| true);
        assert!(
            map.at(around[0].system) >= 10_000 * (1_000 - FADE_PER_TICK * around[0].ticks) / 1_000
        );
        assert_eq!(map.at(SystemId(9_999)), 0);
        let before = map.clone();
        map.draw(&view);
        assert_eq!(map.by_system, before.by_system, "drawn anew, not added up");
    }
}
