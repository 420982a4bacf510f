//! Phase 2: fleets of different factions at the same system fight until one side is left.
//!
//! Among sides of equal strength the one with the lowest fleet id comes first, and draws are keyed
//! by system and strike number, so faction ids do not matter.

use crate::draw::{Draw, Purpose};
use crate::event::Event;
use crate::ids::{FactionId, SystemId};
use crate::rules::BattleRules;
use crate::units::{ONE, ratio, scale};
use crate::world::{Side, World};

/// Chance that an attack succeeds, per mille; 0 and 1000 are certain. Weight both strengths with
/// [`weighed`] first.
#[must_use]
pub fn attack_odds(
    rules: &BattleRules,
    attack: i64,
    defence: i64,
    owner_defends: bool,
    reclaim_cooldown: bool,
) -> i64 {
    if attack >= defence.saturating_mul(rules.overwhelming) {
        return ONE;
    }
    if defence >= attack.saturating_mul(rules.overwhelming) {
        return 0;
    }
    let shift = ratio(attack - defence, rules.strength_weight, attack.saturating_add(defence));
    let mut odds = rules.even_odds + shift;
    if owner_defends {
        odds -= rules.owner_advantage;
    }
    if reclaim_cooldown {
        odds -= rules.reclaim_penalty;
    }
    odds.clamp(rules.least_odds, rules.most_odds)
}

/// Effective strength of a faction's fleets in battle, milli: the League's counts for more.
#[must_use]
pub fn weighed(rules: &BattleRules, faction: FactionId, strength: i64) -> i64 {
    if faction == FactionId::LEAGUE { scale(strength, rules.league_strength) } else { strength }
}

pub(super) fn battles(world: &mut World) {
    let mut list = std::mem::take(&mut world.work.list);
    world.work.arrived.drain(&mut list);
    for &index in &list {
        fight(world, SystemId(index));
    }
    world.work.list = list;
}

fn fight(world: &mut World, system: SystemId) {
    Side::line_up(&mut world.work.sides, world.board.fleets.at(system));
    if world.work.sides.len() < 2 {
        return;
    }
    let mut sides = std::mem::take(&mut world.work.sides);
    let owner = world.board.systems[system.index()].owner;
    let defending = sides.iter().position(|side| Some(side.faction) == owner).unwrap_or(0);
    let Side { strength: mut defence, faction: mut defender, .. } = sides.remove(defending);
    for (ordinal, side) in sides.iter().enumerate() {
        let attacker = (side.strength, side.faction);
        (defence, defender) = strike(world, system, ordinal as u64, attacker, (defence, defender));
    }
    world.work.sides = sides;
}

/// One attack on the side that holds the field. Returns the side that holds it afterwards.
fn strike(
    world: &mut World,
    system: SystemId,
    ordinal: u64,
    (attack, attacker): (i64, FactionId),
    (fleets, defender): (i64, FactionId),
) -> (i64, FactionId) {
    let rules = world.rules.battle.clone();
    let state = world.board.systems[system.index()];
    let owner_defends = state.owner == Some(defender);
    let garrison = if owner_defends { state.garrison } else { 0 };
    let defence = fleets.saturating_add(garrison);
    let odds = attack_odds(
        &rules,
        weighed(&rules, attacker, attack),
        weighed(&rules, defender, defence),
        owner_defends,
        state.reclaim_cooldown > 0,
    );
    let key = u64::from(system.0) | ordinal << 32;
    // Certain outcomes need no draw.
    let wins = match odds {
        ONE => true,
        0 => false,
        _ => Draw::new(world.board.seed, world.board.tick, Purpose::Battle, key).chance(odds),
    };

    let (winner, kept, garrison_loss) = if wins {
        let kept =
            (attack - scale(defence, rules.winner_loss)).max(rules.attacker_floor).min(attack);
        (attacker, kept, garrison)
    } else {
        let loss = scale(attack, rules.winner_loss);
        let soaked = loss.min(scale(garrison, rules.garrison_soak));
        let kept = (fleets - (loss - soaked)).max(rules.defender_floor).min(fleets);
        (defender, kept, soaked)
    };
    let loser = if wins { defender } else { attacker };
    while let Some(slot) = world.strongest(loser, system, |_| true) {
        world.remove_fleet(slot);
    }
    if let Some(slot) = world.merge(winner, system, |_| true) {
        world.set_strength(slot, kept);
    }

    let state = &mut world.board.systems[system.index()];
    state.stability = (state.stability - rules.stability_loss).max(0);
    state.heat = (state.heat + rules.heat).min(world.rules.recovery.heat_most);
    if owner_defends {
        state.garrison -= garrison_loss;
    }
    world.touch(system);
    world.tell(Event::Battle {
        system,
        attacker,
        defender,
        attack,
        defence,
        odds,
        winner,
        attacker_loss: if wins { attack - kept } else { attack },
        defender_loss: if wins { fleets } else { fleets - kept },
        garrison_loss,
    });
    if wins && owner_defends {
        world.set_owner(system, Some(attacker));
        world.work.captures.push((system, attacker, Some(defender)));
    }
    (kept, winner)
}
