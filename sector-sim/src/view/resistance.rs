//! Resistance at a system, and the outcome of an attack on it.

use crate::ids::{FactionId, SystemId};
use crate::map::Kind;
use crate::step::{attack_odds, garrison_limit, weighed};
use crate::units::scale;
use crate::view::View;

/// Expected resistance at a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resistance {
    /// Owner of the system.
    pub owner: Option<FactionId>,
    /// Garrison on arrival, milli.
    pub garrison: i64,
    /// Weighted strength of the foreign fleets there, including the garrison if it fights with
    /// them, milli; 0 without fleets.
    pub defence: i64,
    /// Whether the defending fleets include the owner's.
    pub owner_defends: bool,
    /// Whether the system rebelled recently, which lowers the attacker's odds.
    pub reclaim_cooldown: bool,
}

impl View<'_> {
    /// Resistance that an attack arriving after the given ticks will meet, assuming that nothing
    /// moves. A system that is not on the map has none.
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

    /// Yield of a system at full maturity and stability, milli; 0 if it is not on the map.
    #[must_use]
    pub fn yields(&self, system: SystemId) -> i64 {
        let Some(site) = self.map.site(system) else { return 0 };
        scale(i64::from(site.value) * self.rules.production.per_value, kind_yield(self, site.kind))
    }
}

impl Resistance {
    /// Strength needed to grind down the garrison and then occupy the system, milli.
    #[must_use]
    pub fn to_occupy(&self, view: &View<'_>) -> i64 {
        self.garrison.saturating_add(view.rules.capture.strength)
    }

    /// Chance that an attack with the given strength (milli) wins the battle, per mille; 1000 if no
    /// fleet defends.
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

    /// Strength left after an attack has won and ground down the garrison, milli; 0 if that is too
    /// little to hold the system. Winning a battle against the owner captures the system at once.
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

/// Yield multiplier of a kind of system, per mille.
pub(crate) fn kind_yield(view: &View<'_>, kind: Kind) -> i64 {
    match kind {
        Kind::Normal => 1000,
        Kind::Relic => view.rules.production.relic,
        Kind::Forge => view.rules.production.forge,
        Kind::Hive => view.rules.production.hive,
    }
}
