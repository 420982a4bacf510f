//! Turns a run into rows, tick by tick.

use std::collections::BTreeMap;

use sector_sim::board::Outcome;
use sector_sim::event::narrate;
use sector_sim::names::faction_color;
use sector_sim::order::OrderForm;
use sector_sim::replay::{OrderOutcome, Replay, Tick};
use sector_sim::{Event, FactionId, FleetId, Order, SystemId, World};
use serde::Serialize;

use super::sink::Folder;
use super::table::{Cell, Table};
use crate::tool::Error;

/// Writes the rows of a run.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    folder: &'a mut Folder,
    /// Ticks between rows for all systems; `None` for a row whenever a system changed.
    every: Option<u64>,
    first_ticks: BTreeMap<FactionId, u64>,
    eliminated_ticks: BTreeMap<FactionId, u64>,
}

/// Name of a value that JSON represents as a string.
fn name(value: impl Serialize) -> Cell<'static> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text.into(),
        _ => Cell::Null,
    }
}

impl<'a> Rows<'a> {
    pub(super) fn new(folder: &'a mut Folder, every: Option<u64>) -> Rows<'a> {
        Rows { folder, every, first_ticks: BTreeMap::new(), eliminated_ticks: BTreeMap::new() }
    }

    /// Writes what never changes, and tick 0.
    pub(super) fn begin(&mut self, world: &World) -> Result<(), Error> {
        let map = world.map();
        for (index, site) in map.sites().iter().enumerate() {
            let system = SystemId(index as u32);
            let home_of =
                world.board().factions().iter().find(|faction| faction.home == Some(system));
            let lanes = map.neighbours(system).len();
            let cells = [
                system.into(),
                (*site.name).into(),
                site.x.into(),
                site.y.into(),
                site.value.into(),
                name(site.kind),
                lanes.into(),
                home_of.map(|faction| faction.id).into(),
            ];
            self.folder.row(Table::Systems, &cells)?;
        }
        for lane in map.lanes() {
            self.folder.row(Table::Lanes, &[lane.a.into(), lane.b.into(), lane.ticks.into()])?;
        }
        self.factions(world)?;
        self.all_systems(world)
    }

    /// Writes a tick.
    pub(super) fn tick(&mut self, world: &World, tick: &Tick) -> Result<(), Error> {
        orders(self.folder, tick, &world.report().outcomes)?;
        self.factions(world)?;
        match self.every {
            Some(every) if world.tick().is_multiple_of(every) => self.all_systems(world)?,
            Some(_) => {}
            None => {
                for &system in &world.report().systems {
                    self.system(world, system)?;
                }
            }
        }
        for (index, event) in world.board().events().iter().enumerate() {
            self.event(world, index, event)?;
        }
        Ok(())
    }

    /// Writes the run and its factions at the end.
    pub(super) fn end(&mut self, world: &World, replay: &Replay) -> Result<(), Error> {
        let header = replay.header();
        run(self.folder, replay, world.board().result())?;
        let winner = world.board().result().and_then(|outcome| outcome.winner);
        for faction in world.board().factions() {
            let seat = header.seat(faction.id);
            let traits = seat.map(|seat| &seat.personality);
            let cells = [
                faction.id.into(),
                (*faction.name).into(),
                name(faction.id.kind()),
                faction_color(faction.id).into(),
                faction.parent.into(),
                faction.home.into(),
                seat.map(|seat| seat.player.as_str()).into(),
                traits.map(|traits| traits.aggression).into(),
                traits.map(|traits| traits.expansionism).into(),
                traits.map(|traits| traits.greed).into(),
                traits.map(|traits| traits.caution).into(),
                self.first_ticks.get(&faction.id).copied().unwrap_or_default().into(),
                self.eliminated_ticks.get(&faction.id).copied().filter(|_| !faction.alive).into(),
                (winner == Some(faction.id)).into(),
            ];
            self.folder.row(Table::Factions, &cells)?;
        }
        Ok(())
    }

    fn factions(&mut self, world: &World) -> Result<(), Error> {
        let tick = world.tick();
        let board = world.board();
        for faction in board.factions() {
            self.first_ticks.entry(faction.id).or_insert(tick);
        }
        if !self.folder.wants(Table::TicksFactions) {
            return Ok(());
        }
        let standing: BTreeMap<FactionId, usize> = board
            .standing()
            .iter()
            .enumerate()
            .map(|(index, faction)| (faction.id, index + 1))
            .collect();
        for faction in board.factions() {
            let cells = [
                tick.into(),
                faction.id.into(),
                faction.alive.into(),
                standing.get(&faction.id).copied().into(),
                faction.systems.into(),
                faction.value.into(),
                faction.economy.into(),
                faction.build_stock.into(),
                faction.fleets.into(),
                faction.strength.into(),
                faction.domination_ticks.into(),
            ];
            self.folder.row(Table::TicksFactions, &cells)?;
        }
        Ok(())
    }

    fn all_systems(&mut self, world: &World) -> Result<(), Error> {
        for index in 0..world.map().len() {
            self.system(world, SystemId(index as u32))?;
        }
        Ok(())
    }

    fn system(&mut self, world: &World, id: SystemId) -> Result<(), Error> {
        let Some(system) =
            world.board().system(id).filter(|_| self.folder.wants(Table::TicksSystems))
        else {
            return Ok(());
        };
        let cells = [
            world.tick().into(),
            id.into(),
            system.owner.into(),
            system.garrison.into(),
            system.stability.into(),
            system.unrest.into(),
            system.heat.into(),
            system.reclaim_cooldown.into(),
            system.maturity.into(),
            name(system.focus),
            system.occupation_faction.into(),
            system.occupation_progress.into(),
            system.siege_owner.into(),
            system.siege_strength.into(),
        ];
        self.folder.row(Table::TicksSystems, &cells)
    }

    fn event(&mut self, world: &World, index: usize, event: &Event) -> Result<(), Error> {
        if let Event::Eliminated { faction } = event {
            self.eliminated_ticks.insert(*faction, world.tick());
        }
        if let Event::Battle {
            system,
            attacker,
            defender,
            attack,
            defence,
            odds,
            winner,
            attacker_loss,
            defender_loss,
            garrison_loss,
        } = *event
        {
            let cells = [
                world.tick().into(),
                index.into(),
                system.into(),
                attacker.into(),
                defender.into(),
                attack.into(),
                defence.into(),
                odds.into(),
                winner.into(),
                attacker_loss.into(),
                defender_loss.into(),
                garrison_loss.into(),
            ];
            self.folder.row(Table::Battles, &cells)?;
        }
        let Some(row) = EventRow::of(event).filter(|_| self.folder.wants(Table::Events)) else {
            return Ok(());
        };
        let cells = [
            world.tick().into(),
            index.into(),
            row.kind.into(),
            row.system.into(),
            row.to_system.into(),
            row.faction.into(),
            row.other.into(),
            row.fleet.into(),
            row.arrives.into(),
            row.strength.into(),
            narrate(world.map(), world.board(), event).into(),
        ];
        self.folder.row(Table::Events, &cells)
    }
}

/// Columns of an event.
#[derive(Debug, Default)]
struct EventRow {
    kind: &'static str,
    system: Option<SystemId>,
    to_system: Option<SystemId>,
    faction: Option<FactionId>,
    other: Option<FactionId>,
    fleet: Option<FleetId>,
    arrives: Option<u64>,
    strength: Option<i64>,
}

impl EventRow {
    /// `None` for orders, which have their own table.
    fn of(event: &Event) -> Option<EventRow> {
        let at = |kind, system, faction| EventRow {
            kind,
            system: Some(system),
            faction: Some(faction),
            ..EventRow::default()
        };
        Some(match *event {
            Event::Launched { fleet, faction, from, to, arrives } => EventRow {
                to_system: Some(to),
                fleet: Some(fleet),
                arrives: Some(arrives),
                ..at("launched", from, faction)
            },
            Event::Arrived { fleet, faction, system } => {
                EventRow { fleet: Some(fleet), ..at("arrived", system, faction) }
            }
            Event::Battle { system, attacker, defender, .. } => {
                EventRow { other: Some(defender), ..at("battle", system, attacker) }
            }
            Event::OccupationStarted { system, faction } => {
                at("occupation_started", system, faction)
            }
            Event::OccupationLost { system, faction } => at("occupation_lost", system, faction),
            Event::Captured { system, faction, from } => {
                EventRow { other: from, ..at("captured", system, faction) }
            }
            Event::Rebelled { system, from, to } => {
                EventRow { other: Some(from), ..at("rebelled", system, to) }
            }
            Event::Seceded { system, from, to } => {
                EventRow { other: Some(from), ..at("seceded", system, to) }
            }
            Event::FleetBuilt { fleet, faction, system, strength } => EventRow {
                fleet: Some(fleet),
                strength: Some(strength),
                ..at("fleet_built", system, faction)
            },
            Event::Eliminated { faction } => {
                EventRow { kind: "eliminated", faction: Some(faction), ..EventRow::default() }
            }
            Event::RunEnded { winner, .. } => {
                EventRow { kind: "run_ended", faction: winner, ..EventRow::default() }
            }
            Event::OrderApplied { .. } | Event::OrderRefused { .. } => return None,
        })
    }
}

/// Writes the orders of a tick.
pub(super) fn orders(
    folder: &mut Folder,
    tick: &Tick,
    outcomes: &[OrderOutcome],
) -> Result<(), Error> {
    for (index, order) in tick.orders.iter().enumerate() {
        // Replays of version 1 have no outcomes.
        let outcome = outcomes.get(index);
        let form = OrderForm::from(Order::clone(order));
        let cells = [
            tick.tick.into(),
            index.into(),
            order.faction.into(),
            form.kind.name().into(),
            form.origin_id.into(),
            form.target_id.into(),
            form.fleet_id.into(),
            form.strength.into(),
            form.all.into(),
            form.system_id.into(),
            form.focus.map_or(Cell::Null, name),
            form.client_id.into(),
            form.reason.into(),
            outcome.map(Result::is_ok).into(),
            outcome.and_then(|outcome| outcome.err()).map_or(Cell::Null, name),
            outcome.and_then(|outcome| outcome.ok().flatten()).into(),
        ];
        folder.row(Table::Orders, &cells)?;
    }
    Ok(())
}

/// Writes the row of the run.
pub(super) fn run(
    folder: &mut Folder,
    replay: &Replay,
    result: Option<Outcome>,
) -> Result<(), Error> {
    let header = replay.header();
    let ticks = replay.ticks();
    let rules = header.rules.get("name").and_then(|name| name.as_str()).unwrap_or_default();
    let cells = [
        header.universe_id.as_str().into(),
        header.seed.into(),
        header.systems.into(),
        header.factions.into(),
        rules.into(),
        Cell::from(header.rules_hash.to_string()),
        header.rules_version.into(),
        header.engine.as_str().into(),
        header.commit.as_deref().into(),
        header.started_ms.into(),
        ticks.last().map_or(0, |tick| tick.tick).into(),
        ticks.iter().map(|tick| tick.orders.len()).sum::<usize>().into(),
        is_complete(replay, result).into(),
        ticks.last().map_or(header.digest, |tick| tick.digest).to_string().into(),
        result.and_then(|outcome| outcome.winner).into(),
        result.map_or(Cell::Null, |outcome| name(outcome.cause)),
    ];
    folder.row(Table::Run, &cells)
}

/// Whether nothing of the record is missing. Version 1 has no footer: there, a decided run is
/// complete.
fn is_complete(replay: &Replay, result: Option<Outcome>) -> bool {
    let has_end = replay.footer().is_some() || replay.header().version == 1 && result.is_some();
    has_end && replay.truncated_at().is_none()
}
