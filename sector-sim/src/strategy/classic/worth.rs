//! What a foreign system is worth, and what odds an attack on it should have.

use super::Classic;
use crate::ids::{FactionId, SystemId};
use crate::units::{ratio, scale};
use crate::view::{Resistance, View, kind_yield};

/// The part of all systems that a faction owns, per mille.
fn share(view: &View<'_>, faction: FactionId) -> i64 {
    view.board
        .faction(faction)
        .map_or(0, |faction| ratio(faction.systems, 1000, view.map.len() as i64))
}

impl Classic {
    /// How much the faction wants a foreign system: for what it yields, and for whom it is taken from.
    pub(super) fn worth(&self, view: &View<'_>, system: SystemId, resistance: &Resistance) -> i64 {
        let site = &view.map.sites()[system.index()];
        let yields = scale(i64::from(site.value) * 100, kind_yield(view, site.kind));
        let worth = 300 + scale(yields, 500 + self.mood.greed());
        let worth = match resistance.owner {
            None => scale(worth, 600 + self.mood.expansionism()),
            // The larger a realm, the more its neighbours want to see it smaller.
            Some(owner) => {
                scale(scale(worth, 700 + self.mood.aggression()), 600 + 4 * share(view, owner))
            }
        };
        (worth - (resistance.garrison.max(resistance.defence)) / 20).max(1)
    }

    /// How much stronger than the defence, in per mille, an attack has to be. Against a realm that grows too large
    /// more is risked.
    pub(super) fn wanted_odds(&self, view: &View<'_>, owner: Option<FactionId>) -> i64 {
        let alarm = owner.map_or(0, |owner| (share(view, owner) - 200).clamp(0, 500));
        1350 - scale(600, self.mood.aggression()) + scale(300, self.mood.caution()) - alarm
    }

    /// What stays behind at a border where enemies are near, milli.
    pub(super) fn reserve(&self) -> i64 {
        1_000 + 3 * self.mood.caution()
    }
}
