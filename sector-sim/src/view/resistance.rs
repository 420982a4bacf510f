//! What stands in the way at a system, and what an attack on it would come to.

use crate::ids::{FactionId, SystemId};
use crate::map::Kind;
use crate::step::{attack_odds, garrison_limit, weighed};
use crate::units::scale;
use crate::view::View;

/// What stands in the way at a system, as far as can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resistance {
    /// Who owns the system.
    pub owner: Option<FactionId>,
    /// The garrison on arrival, milli.
    pub garrison: i64,
    /// What foreign fleets there count for in a battle, with the garrison if it fights beside them; 0 without fleets.
    pub defence: i64,
    /// Whether fleets of the owner are among them.
    pub owner_defends: bool,
    /// Whether the system has risen lately, which makes an attack harder.
    pub reclaim_cooldown: bool,
}

impl View<'_> {
    /// What an attack that arrives after so many ticks will meet at a system, if nobody moves. A system that is not
    /// on the map resists nobody.
    #[must_use]
    pub fn resistance(&self, system: SystemId, ticks: i64) -> Resistance {
        let state = self.board.system(system).copied().unwrap_or_default();
        let mut garrison = state.garrison;
        if state.owner.is_some() {
            let grown = garrison
                .saturating_add(self.rules.recovery.garrison_regrowth.saturating_mul(ticks));
            garrison = grown.min(garrison_limit(self.rules, state.focus)).max(garrison);
        }
        let mut defence = 0i64;
        let mut owner_defends = false;
        for fleet in self.board.fleets().at(system).filter(|fleet| fleet.owner != self.me) {
            defence =
                defence.saturating_add(weighed(&self.rules.battle, fleet.owner, fleet.strength));
            owner_defends |= Some(fleet.owner) == state.owner;
        }
        if owner_defends && let Some(owner) = state.owner {
            defence = defence.saturating_add(weighed(&self.rules.battle, owner, garrison));
        }
        let reclaim_cooldown = state.reclaim_cooldown > ticks;
        Resistance { owner: state.owner, garrison, defence, owner_defends, reclaim_cooldown }
    }

    /// What a system yields when it is mature and content, milli; 0 for one that is not on the map.
    #[must_use]
    pub fn yields(&self, system: SystemId) -> i64 {
        let Some(site) = self.map.site(system) else { return 0 };
        scale(i64::from(site.value) * self.rules.production.per_value, kind_yield(self, site.kind))
    }
}

impl Resistance {
    /// Strength that grinds the garrison down and is then enough to occupy, milli.
    #[must_use]
    pub fn to_occupy(&self, view: &View<'_>) -> i64 {
        self.garrison.saturating_add(view.rules.capture.strength)
    }

    /// How likely an attack with so much strength is to prevail, per mille; 1000 when no fleet is in its way.
    #[must_use]
    pub fn odds(&self, view: &View<'_>, strength: i64) -> i64 {
        if self.defence == 0 {
            return 1000;
        }
        let strength = weighed(&view.rules.battle, view.me, strength);
        attack_odds(
            &view.rules.battle,
            strength,
            self.defence,
            self.owner_defends,
            self.reclaim_cooldown,
        )
    }

    /// What is left of so much strength when it has prevailed and the garrison is ground down, milli; 0 when too
    /// little is left to hold the system. A battle that is won against the owner takes the system at once.
    #[must_use]
    pub fn left(&self, view: &View<'_>, strength: i64) -> i64 {
        let rules = &view.rules;
        let mut left = strength;
        if self.defence > 0 {
            left = (left - scale(self.defence, rules.battle.winner_loss))
                .max(rules.battle.attacker_floor)
                .min(strength);
        }
        if !self.owner_defends {
            left = left.saturating_sub(self.garrison);
            if left < rules.capture.strength {
                return 0;
            }
        }
        left
    }
}

/// How much better the yield of a kind is, per mille.
pub(crate) fn kind_yield(view: &View<'_>, kind: Kind) -> i64 {
    match kind {
        Kind::Normal => 1000,
        Kind::Relic => view.rules.production.relic,
        Kind::Forge => view.rules.production.forge,
        Kind::Hive => view.rules.production.hive,
    }
}
