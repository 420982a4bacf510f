//! What a foreign system is worth, and what it takes to take it.

use super::Classic;
use crate::ids::{FactionId, SystemId};
use crate::map::Kind;
use crate::step::{garrison_limit, weighed};
use crate::units::{ratio, scale};
use crate::view::View;

/// What stands in the way at a system, as far as can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Resistance {
    /// Who owns the system.
    pub(super) owner: Option<FactionId>,
    /// The garrison on arrival, milli.
    pub(super) garrison: i64,
    /// What foreign fleets there count for in a battle, with the garrison if it fights beside them; 0 without fleets.
    pub(super) defence: i64,
}

impl Resistance {
    /// What an attack that arrives after so many ticks will meet, if nobody moves.
    pub(super) fn at(view: &View<'_>, system: SystemId, ticks: i64) -> Resistance {
        let state = &view.board.systems()[system.index()];
        let mut garrison = state.garrison;
        if state.owner.is_some() {
            let grown = garrison.saturating_add(view.rules.recovery.garrison_regrowth.saturating_mul(ticks));
            garrison = grown.min(garrison_limit(view.rules, state.focus)).max(garrison);
        }
        let mut defence = 0i64;
        let mut owner_defends = false;
        for fleet in view.board.fleets().at(system).filter(|fleet| fleet.owner != view.me) {
            defence = defence.saturating_add(weighed(&view.rules.battle, fleet.owner, fleet.strength));
            owner_defends |= Some(fleet.owner) == state.owner;
        }
        if owner_defends && let Some(owner) = state.owner {
            defence = defence.saturating_add(weighed(&view.rules.battle, owner, garrison));
        }
        Resistance { owner: state.owner, garrison, defence }
    }

    /// Strength that grinds the garrison down and is then enough to occupy.
    pub(super) fn to_occupy(self, view: &View<'_>) -> i64 {
        self.garrison.saturating_add(view.rules.capture.strength)
    }
}

/// The part of all systems that a faction owns, per mille.
fn share(view: &View<'_>, faction: FactionId) -> i64 {
    view.board.faction(faction).map_or(0, |faction| ratio(faction.systems, 1000, view.map.len() as i64))
}

/// How much better the yield of a kind is, per mille.
pub(super) fn kind_yield(view: &View<'_>, kind: Kind) -> i64 {
    match kind {
        Kind::Normal => 1000,
        Kind::Relic => view.rules.production.relic,
        Kind::Forge => view.rules.production.forge,
        Kind::Hive => view.rules.production.hive,
    }
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
            Some(owner) => scale(scale(worth, 700 + self.mood.aggression()), 600 + 4 * share(view, owner)),
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
