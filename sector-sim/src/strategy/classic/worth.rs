//! Worth of a foreign system, and the odds required for an attack.

use super::Classic;
use crate::ids::{FactionId, SystemId};
use crate::units::{ratio, scale};
use crate::view::{Resistance, View, kind_yield};

/// Share of all systems owned by a faction, per mille.
fn share(view: &View<'_>, faction: FactionId) -> i64 {
    view.board
        .faction(faction)
        .map_or(0, |faction| ratio(faction.systems, 1000, view.map.len() as i64))
}

impl Classic {
    /// Worth of a foreign system: its yield, weighted by its owner.
    pub(super) fn worth(&self, view: &View<'_>, system: SystemId, resistance: &Resistance) -> i64 {
        let site = &view.map.sites()[system.index()];
        let yields = scale(i64::from(site.value) * 100, kind_yield(view, site.kind));
        let worth = 300 + scale(yields, 500 + self.mood.greed());
        let worth = match resistance.owner {
            None => scale(worth, 600 + self.mood.expansionism()),
            // Large realms are preferred targets.
            Some(owner) => {
                scale(scale(worth, 700 + self.mood.aggression()), 600 + 4 * share(view, owner))
            }
        };
        (worth - (resistance.garrison.max(resistance.defence)) / 20).max(1)
    }

    /// Strength an attack needs, per mille of the defence. Attacks on very large realms take more
    /// risk.
    pub(super) fn wanted_odds(&self, view: &View<'_>, owner: Option<FactionId>) -> i64 {
        let alarm = owner.map_or(0, |owner| (share(view, owner) - 200).clamp(0, 500));
        1350 - scale(600, self.mood.aggression()) + scale(300, self.mood.caution()) - alarm
    }

    /// Strength left behind at a border with enemies near, milli.
    pub(super) fn reserve(&self) -> i64 {
        1_000 + 3 * self.mood.caution()
    }
}
