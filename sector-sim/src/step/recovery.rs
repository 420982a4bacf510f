//! Phase 10: systems recover, and large realms lose stability.

use crate::board::System;
use crate::ids::SystemId;
use crate::order::Focus;
use crate::rules::Rules;
use crate::units::scale;
use crate::world::World;

pub(super) fn recovery(world: &mut World) {
    wake(world);
    let World { rules, board, work, .. } = world;
    work.awake.list(&mut work.list);
    for &index in &work.list {
        let system = SystemId(index);
        let before = board.systems[system.index()];
        let besieged = board.fleets.at(system).any(|fleet| Some(fleet.owner) != before.owner);
        let owned = before
            .owner
            .and_then(|owner| board.faction(owner))
            .map_or(0, |faction| faction.systems);
        let after = recovered(rules, before, besieged, owned);
        if after == before {
            work.awake.remove(system.index());
        } else {
            board.systems[system.index()] = after;
            work.touched.insert(system.index());
        }
    }
}

/// Wakes the systems of factions whose size has crossed a limit.
fn wake(world: &mut World) {
    let wake = std::mem::take(&mut world.work.wake);
    if wake == 0 {
        return;
    }
    for (index, system) in world.board.systems.iter().enumerate() {
        if system.owner.is_some_and(|owner| wake & (1 << owner.index()) != 0) {
            world.work.awake.insert(index);
        }
    }
}

/// Maximum garrison of a system with this focus, milli.
#[must_use]
pub fn garrison_limit(rules: &Rules, focus: Focus) -> i64 {
    match focus {
        Focus::Garrison => scale(rules.recovery.garrison_most, rules.focus.garrison_most),
        _ => rules.recovery.garrison_most,
    }
}

/// State of a system one tick later, if nothing else happens. `owned`: number of systems of its
/// owner.
fn recovered(rules: &Rules, mut state: System, besieged: bool, owned: i64) -> System {
    let mut regrowth = rules.recovery.stability_regrowth;
    if state.owner.is_some() {
        let most = garrison_limit(rules, state.focus);
        let share = match state.focus {
            Focus::Industry => rules.focus.industry_regrowth,
            Focus::Garrison => rules.focus.garrison_regrowth,
            Focus::Balanced | Focus::Order => 1000,
        };
        if !besieged {
            state.garrison += scale(rules.recovery.garrison_regrowth, share);
        }
        state.garrison = state.garrison.min(most);
        state.maturity = (state.maturity + 1).min(rules.recovery.maturity_most);
        if state.focus == Focus::Order {
            regrowth = rules.focus.order_stability;
        }
        regrowth -= rules.upkeep.sprawl_stability * (owned - rules.upkeep.sprawl_limit).max(0);
    }
    state.stability = (state.stability + regrowth).clamp(0, 1000);
    state.unrest = scale(state.unrest, rules.recovery.unrest_kept);
    state.heat = scale(state.heat, rules.recovery.heat_kept);
    if state.heat < rules.recovery.heat_floor {
        state.heat = 0;
    }
    state.reclaim_cooldown = (state.reclaim_cooldown - 1).max(0);
    state
}
