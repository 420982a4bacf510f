//! All changes of owners, fleets and factions in a tick go through here, so that sums and change
//! lists stay consistent.

use crate::board::{Faction, Fleet, Place, Slot};
use crate::ids::{FactionId, FleetId, SystemId};
use crate::names::faction_name;
use crate::units::ratio;
use crate::world::World;

impl World {
    /// Marks a system as changed.
    pub(crate) fn touch(&mut self, system: SystemId) {
        self.work.touched.insert(system.index());
        self.work.awake.insert(system.index());
    }

    /// Gives a system to a new owner.
    pub(crate) fn set_owner(&mut self, system: SystemId, owner: Option<FactionId>) {
        let value = i64::from(self.map.sites()[system.index()].value);
        let state = &mut self.board.systems[system.index()];
        let before = std::mem::replace(&mut state.owner, owner);
        state.maturity = 0;
        state.focus = crate::order::Focus::Balanced;
        (state.occupation_faction, state.occupation_progress) = (None, 0);
        let output = std::mem::take(&mut self.work.outputs[system.index()]);
        for (faction, sign) in [(before, -1), (owner, 1)] {
            let Some(id) = faction else { continue };
            self.work.stirred |= 1 << id.index();
            if let Some(faction) = self.board.faction_mut(id) {
                let systems = faction.systems;
                faction.systems += sign;
                faction.value += sign * value;
                self.note_sprawl(id, systems, systems + sign);
            }
        }
        if let Some(before) = before {
            self.work.faction_outputs[before.index()] -= output;
        }
        self.touch(system);
        self.work.watched.insert(system.index());
    }

    /// Wakes all systems of a faction when its size change reverses the trend of their stability.
    fn note_sprawl(&mut self, faction: FactionId, before: i64, after: i64) {
        let (rules, order) = (&self.rules.upkeep, self.rules.focus.order_stability);
        let direction = |regrowth: i64, systems: i64| {
            (regrowth - rules.sprawl_stability * (systems - rules.sprawl_limit).max(0)).signum()
        };
        for regrowth in [self.rules.recovery.stability_regrowth, order] {
            if direction(regrowth, before) != direction(regrowth, after) {
                self.work.wake |= 1 << faction.index();
            }
        }
    }

    /// The faction with this id, created or revived if necessary.
    pub(crate) fn found(&mut self, id: FactionId) -> &mut Faction {
        if self.board.faction(id).is_none() {
            self.board.put_faction(Faction::new(id, faction_name(self.board.seed, id).into()));
        }
        let index = usize::from(self.board.faction_at[id.index()]);
        let faction = &mut self.board.factions[index];
        faction.alive = true;
        faction
    }

    /// Adds a fleet at a system; `None` if fleet ids are exhausted.
    pub(crate) fn add_fleet(
        &mut self,
        owner: FactionId,
        system: SystemId,
        strength: i64,
        max: i64,
    ) -> Option<FleetId> {
        let id = self.board.next_fleet_id;
        self.board.next_fleet_id = FleetId(id.0.checked_add(1)?);
        let place = Place::At(system);
        let slot = self.board.fleets.insert(Fleet {
            id,
            owner,
            strength,
            max_strength: max,
            place,
            route: Vec::new(),
        });
        self.work.grow_fleets(self.board.fleets.slots());
        if let Some(faction) = self.board.faction_mut(owner) {
            faction.fleets += 1;
            faction.strength = faction.strength.saturating_add(strength);
        }
        self.note_presence(slot, system);
        Some(id)
    }

    /// Removes a fleet.
    pub(crate) fn remove_fleet(&mut self, slot: Slot) {
        let fleet = self.board.fleets.at_slot(slot);
        let (id, owner, strength, at) = (fleet.id, fleet.owner, fleet.strength, fleet.at());
        self.board.fleets.remove(slot);
        self.work.removed.push((id, slot));
        if let Some(faction) = self.board.faction_mut(owner) {
            faction.fleets -= 1;
            faction.strength -= strength;
        }
        if let Some(system) = at {
            self.touch(system);
        }
    }

    /// Sets the strength of a fleet; removes it at 0.
    pub(crate) fn set_strength(&mut self, slot: Slot, strength: i64) {
        if strength <= 0 {
            self.remove_fleet(slot);
            return;
        }
        let fleet = self.board.fleets.at_slot_mut(slot);
        let (owner, change, at) = (fleet.owner, strength - fleet.strength, fleet.at());
        fleet.strength = strength;
        self.work.touched_fleets.insert(slot as usize);
        self.work.unrested.insert(slot as usize);
        if let Some(faction) = self.board.faction_mut(owner) {
            faction.strength = faction.strength.saturating_add(change);
        }
        // Sieges include the strength of the besieger.
        if let Some(system) = at
            && self.board.systems[system.index()].owner != Some(owner)
        {
            self.touch(system);
        }
    }

    /// Moves a fleet.
    pub(crate) fn move_fleet(&mut self, slot: Slot, place: Place) {
        let before = self.board.fleets.at_slot(slot).at();
        self.board.fleets.place(slot, place);
        self.work.touched_fleets.insert(slot as usize);
        if let Some(system) = before {
            self.touch(system);
        }
        match place {
            Place::At(system) => self.note_presence(slot, system),
            Place::Lane { arrives, .. } => self.work.await_arrival(slot, arrives),
        }
    }

    fn note_presence(&mut self, slot: Slot, system: SystemId) {
        self.touch(system);
        self.work.touched_fleets.insert(slot as usize);
        self.work.unrested.insert(slot as usize);
        self.work.arrived.insert(system.index());
        self.work.crowded.insert(system.index());
        self.work.watched.insert(system.index());
    }

    /// Strongest matching fleet of a faction at a system; ties go to the lowest id.
    pub(crate) fn strongest(
        &self,
        faction: FactionId,
        system: SystemId,
        fits: impl Fn(&Fleet) -> bool,
    ) -> Option<Slot> {
        let mut best: Option<(i64, Slot)> = None;
        for slot in self.board.fleets.slots_at(system) {
            let fleet = self.board.fleets.at_slot(slot);
            if fleet.owner == faction
                && fits(fleet)
                && best.is_none_or(|(strength, _)| fleet.strength > strength)
            {
                best = Some((fleet.strength, slot));
            }
        }
        best.map(|(_, slot)| slot)
    }

    /// Merges the matching fleets of a faction at a system into the strongest of them.
    pub(crate) fn merge(
        &mut self,
        faction: FactionId,
        system: SystemId,
        fits: impl Fn(&Fleet) -> bool,
    ) -> Option<Slot> {
        let into = self.strongest(faction, system, &fits)?;
        loop {
            let other = self.board.fleets.slots_at(system).find(|&slot| {
                let fleet = self.board.fleets.at_slot(slot);
                slot != into && fleet.owner == faction && fits(fleet)
            });
            let Some(other) = other else { return Some(into) };
            let (strength, max) = {
                let fleet = self.board.fleets.at_slot(other);
                (fleet.strength, fleet.max_strength)
            };
            self.remove_fleet(other);
            let fleet = self.board.fleets.at_slot_mut(into);
            fleet.max_strength = fleet.max_strength.saturating_add(max);
            let sum = fleet.strength.saturating_add(strength);
            self.set_strength(into, sum);
        }
    }

    /// Splits a fleet and returns the new one, which gets the given strength.
    pub(crate) fn detach(&mut self, slot: Slot, strength: i64) -> Option<FleetId> {
        let fleet = self.board.fleets.at_slot(slot);
        let (owner, whole, max, system) =
            (fleet.owner, fleet.strength, fleet.max_strength, fleet.at()?);
        let share = ratio(max, strength, whole).max(strength);
        let id = self.add_fleet(owner, system, strength, share)?;
        self.board.fleets.at_slot_mut(slot).max_strength = (max - share).max(whole - strength);
        self.set_strength(slot, whole - strength);
        Some(id)
    }
}
