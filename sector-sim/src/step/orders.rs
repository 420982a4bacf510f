//! Phase 7: orders are executed in the given order, each applied or refused. A refused order
//! changes nothing.

use std::collections::BTreeSet;

use crate::board::{Fleet, Slot};
use crate::event::Event;
use crate::ids::{FactionId, FleetId, SystemId};
use crate::order::{Amount, Command, Focus, Order, Refusal};
#[cfg(feature = "parallel")]
use crate::step::ahead::{self, Way};
use crate::world::World;

pub(super) fn orders(world: &mut World, given: &[Order]) {
    #[cfg(feature = "parallel")]
    ahead::plan(world, given);
    let mut seen: BTreeSet<(FactionId, &str)> = BTreeSet::new();
    for (index, order) in given.iter().enumerate() {
        let first = order
            .client_id
            .as_deref()
            .is_none_or(|client_id| seen.insert((order.faction, client_id)));
        let outcome = if first { apply(world, order) } else { Err(Refusal::Duplicate) };
        let (faction, kind, client_id) =
            (order.faction, order.command.kind(), order.client_id.clone());
        let index = index as u32;
        world.tell(match outcome {
            Ok(fleet) => Event::OrderApplied { order: index, faction, kind, fleet, client_id },
            Err(code) => Event::OrderRefused { order: index, faction, kind, code, client_id },
        });
        world.report.outcomes.push(outcome);
    }
}

fn apply(world: &mut World, order: &Order) -> Result<Option<FleetId>, Refusal> {
    let faction = order.faction;
    if !world.board.faction(faction).is_some_and(|faction| faction.alive) {
        return Err(Refusal::UnknownFaction);
    }
    match order.command {
        Command::Move { origin, target, fleet, amount } => {
            send(world, faction, origin, target, fleet, amount).map(Some)
        }
        Command::Cancel { fleet } => cancel(world, faction, fleet).map(Some),
        Command::Muster { target } => {
            owned(world, faction, target)?;
            if let Some(faction) = world.board.faction_mut(faction) {
                faction.muster = Some(target);
            }
            Ok(None)
        }
        Command::Focus { system, focus } => {
            owned(world, faction, system)?;
            set_focus(world, system, focus);
            Ok(None)
        }
    }
}

fn owned(world: &World, faction: FactionId, system: SystemId) -> Result<(), Refusal> {
    match world.board.system(system) {
        None => Err(Refusal::UnknownSystem),
        Some(state) if state.owner != Some(faction) => Err(Refusal::NotOwner),
        Some(_) => Ok(()),
    }
}

fn own_fleet(world: &World, faction: FactionId, fleet: FleetId) -> Result<Slot, Refusal> {
    let slot = world.board.fleets.slot(fleet).ok_or(Refusal::UnknownFleet)?;
    if world.board.fleets.at_slot(slot).owner == faction {
        Ok(slot)
    } else {
        Err(Refusal::NotOwner)
    }
}

/// Fleet to move, or the reason for refusing the order regardless of the route.
pub(super) fn mover(
    world: &World,
    faction: FactionId,
    origin: SystemId,
    target: SystemId,
    fleet: Option<FleetId>,
    amount: Amount,
) -> Result<Slot, Refusal> {
    if world.board.system(origin).is_none() || world.board.system(target).is_none() {
        return Err(Refusal::UnknownSystem);
    }
    if origin == target {
        return Err(Refusal::AlreadyThere);
    }
    let slot = match fleet {
        Some(fleet) => {
            let slot = own_fleet(world, faction, fleet)?;
            if world.board.fleets.at_slot(slot).at() != Some(origin) {
                return Err(Refusal::NotAtOrigin);
            }
            slot
        }
        None => world.strongest(faction, origin, Fleet::is_idle).ok_or(Refusal::NoIdleFleet)?,
    };
    if let Amount::Part(strength) = amount {
        let least = world.rules.orders.least_detachment;
        let stays = world.board.fleets.at_slot(slot).strength.saturating_sub(strength);
        if strength < least || stays < least {
            return Err(Refusal::TooWeak);
        }
    }
    Ok(slot)
}

/// Fills the scratch route, last system first, and returns whether there is a route.
fn plan(world: &mut World, faction: FactionId, origin: SystemId, target: SystemId) -> bool {
    let work = &mut world.work;
    #[cfg(feature = "parallel")]
    if let Some(found) = work.ahead.recall(Way { faction, origin, target }, &mut work.route) {
        return found;
    }
    work.planner.plan(&world.map, &world.board, faction, origin, target, &mut work.route)
}

fn send(
    world: &mut World,
    faction: FactionId,
    origin: SystemId,
    target: SystemId,
    fleet: Option<FleetId>,
    amount: Amount,
) -> Result<FleetId, Refusal> {
    let slot = mover(world, faction, origin, target, fleet, amount)?;
    if !plan(world, faction, origin, target) {
        return Err(Refusal::Unreachable);
    }
    let slot = match amount {
        Amount::Fleet => slot,
        Amount::All => world.merge(faction, origin, Fleet::is_idle).unwrap_or(slot),
        // Fleet ids are exhausted: no fleet can be split any more.
        Amount::Part(strength) => {
            let id = world.detach(slot, strength).ok_or(Refusal::TooWeak)?;
            world.board.fleets.slot(id).unwrap_or(slot)
        }
    };
    let fleet = world.board.fleets.at_slot_mut(slot);
    // Copy, so that both keep their allocation.
    fleet.route.clone_from(&world.work.route);
    let id = fleet.id;
    world.work.touched_fleets.insert(slot as usize);
    world.work.ready.push(slot);
    Ok(id)
}

fn cancel(world: &mut World, faction: FactionId, fleet: FleetId) -> Result<FleetId, Refusal> {
    let slot = own_fleet(world, faction, fleet)?;
    let state = world.board.fleets.at_slot_mut(slot);
    if state.route.is_empty() {
        return Err(Refusal::NoRoute);
    }
    state.route.clear();
    world.work.touched_fleets.insert(slot as usize);
    if let Some(system) = world.board.fleets.at_slot(slot).at() {
        // The fleet stays, and may have to merge.
        world.work.crowded.insert(system.index());
        world.touch(system);
    }
    Ok(fleet)
}

fn set_focus(world: &mut World, system: SystemId, focus: Focus) {
    world.board.systems[system.index()].focus = focus;
    world.touch(system);
}
