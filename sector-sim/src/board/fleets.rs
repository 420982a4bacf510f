//! All fleets of a sector, found by id and by the system they are at.
//!
//! Fleets live in slots that stay put while a fleet exists; a slot is used again after its fleet is gone. Which slot a
//! fleet has depends on history that no snapshot keeps, so nothing may depend on the order of slots: code that walks
//! fleets sorts by id where the order matters.

use crate::ids::{FactionId, FleetId, SystemId};
use crate::map::Map;

/// Where a fleet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a system.
    At(SystemId),
    /// On the lane between two systems.
    Lane {
        /// Where it set out.
        from: SystemId,
        /// Where it will arrive.
        to: SystemId,
        /// The tick in which it set out.
        departed: u64,
        /// The tick in which it arrives.
        arrives: u64,
    },
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// Its id.
    pub id: FleetId,
    /// Its owner.
    pub owner: FactionId,
    /// Its strength, in thousandths.
    pub strength: i64,
    /// The strength that repair can bring it to.
    pub max_strength: i64,
    /// Where it is.
    pub place: Place,
    /// The systems still ahead, the last one first; on a lane without the end of that lane.
    pub(crate) route: Vec<SystemId>,
}

impl Fleet {
    /// The system it is at, unless it is on a lane.
    #[must_use]
    pub fn at(&self) -> Option<SystemId> {
        match self.place {
            Place::At(system) => Some(system),
            Place::Lane { .. } => None,
        }
    }

    /// Whether it is at a system and has nowhere to go.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.at().is_some() && self.route.is_empty()
    }

    /// The systems still ahead, in the order of travel; on a lane without the end of that lane.
    pub fn route(&self) -> impl DoubleEndedIterator<Item = SystemId> + ExactSizeIterator + '_ {
        self.route.iter().rev().copied()
    }

    /// Where it will stop: the end of its route, of its lane, or where it is.
    #[must_use]
    pub fn destination(&self) -> SystemId {
        match (self.route.first(), self.place) {
            (Some(last), _) => *last,
            (None, Place::At(system)) => system,
            (None, Place::Lane { to, .. }) => to,
        }
    }

    /// The systems it will enter and the ticks in which it does, if nothing stops it: a fleet sets out again in the
    /// tick in which it arrives, and one that waits at a system in the tick after `now`.
    pub fn schedule<'a>(
        &'a self,
        map: &'a Map,
        now: u64,
    ) -> impl Iterator<Item = (SystemId, u64)> + 'a {
        let (first, mut here, mut tick) = match self.place {
            Place::At(system) => (None, system, now + 1),
            Place::Lane { to, arrives, .. } => (Some((to, arrives)), to, arrives),
        };
        let onward = self.route().map_while(move |next| {
            tick += u64::from(map.lane_ticks(here, next)?);
            here = next;
            Some((next, tick))
        });
        first.into_iter().chain(onward)
    }
}

/// The number of a slot.
pub(crate) type Slot = u32;

const NONE: Slot = Slot::MAX;

#[derive(Clone, Debug)]
struct Entry {
    fleet: Fleet,
    alive: bool,
    /// The next fleet at the same system, by id.
    next: Slot,
}

/// The fleets of a sector.
#[derive(Clone, Debug)]
pub struct Fleets {
    entries: Vec<Entry>,
    free: Vec<Slot>,
    /// Slots by fleet id. Ids only grow, so a new fleet goes to the end; the dead are swept now and then.
    by_id: Vec<(FleetId, Slot)>,
    dead: usize,
    /// The first fleet at each system, by id.
    first_at: Vec<Slot>,
}

impl Fleets {
    pub(crate) fn new(systems: usize) -> Fleets {
        Fleets {
            entries: Vec::new(),
            free: Vec::new(),
            by_id: Vec::new(),
            dead: 0,
            first_at: vec![NONE; systems],
        }
    }

    /// How many fleets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len() - self.dead
    }

    /// Whether there is no fleet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of slots, used or free.
    pub(crate) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// All fleets, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Fleet> + '_ {
        self.slots_by_id().map(|slot| &self.entries[slot as usize].fleet)
    }

    pub(crate) fn slots_by_id(&self) -> impl Iterator<Item = Slot> + '_ {
        self.by_id.iter().map(|&(_, slot)| slot).zip(&self.by_id).filter_map(|(slot, &(id, _))| {
            let entry = &self.entries[slot as usize];
            (entry.alive && entry.fleet.id == id).then_some(slot)
        })
    }

    /// The fleet with this id.
    #[must_use]
    pub fn get(&self, id: FleetId) -> Option<&Fleet> {
        self.slot(id).map(|slot| self.at_slot(slot))
    }

    /// The fleets with these ids, which must be sorted: one walk instead of a search for each. Those that are gone
    /// are left out.
    pub(crate) fn all<'a>(&'a self, ids: &'a [FleetId]) -> impl Iterator<Item = &'a Fleet> + 'a {
        let mut rest = self.by_id.as_slice();
        ids.iter().filter_map(move |&id| {
            // Doubling steps, so that a few ids among many fleets are found fast as well.
            let mut reach = 1;
            while rest.get(reach).is_some_and(|&(known, _)| known < id) {
                reach *= 2;
            }
            let near = &rest[..rest.len().min(reach + 1)];
            rest = &rest[near.partition_point(|&(known, _)| known < id)..];
            let &(known, slot) = rest.first()?;
            let entry = &self.entries[slot as usize];
            (known == id && entry.alive && entry.fleet.id == id).then_some(&entry.fleet)
        })
    }

    /// The fleets at this system, by id.
    pub fn at(&self, system: SystemId) -> impl Iterator<Item = &Fleet> + '_ {
        self.slots_at(system).map(|slot| self.at_slot(slot))
    }

    pub(crate) fn slots_at(&self, system: SystemId) -> impl Iterator<Item = Slot> + '_ {
        let first = self.first_at.get(system.index()).copied().unwrap_or(NONE);
        std::iter::successors((first != NONE).then_some(first), |&slot| {
            let next = self.entries[slot as usize].next;
            (next != NONE).then_some(next)
        })
    }

    pub(crate) fn slot(&self, id: FleetId) -> Option<Slot> {
        let index = self.by_id.binary_search_by_key(&id, |&(known, _)| known).ok()?;
        let slot = self.by_id[index].1;
        let entry = &self.entries[slot as usize];
        (entry.alive && entry.fleet.id == id).then_some(slot)
    }

    pub(crate) fn at_slot(&self, slot: Slot) -> &Fleet {
        &self.entries[slot as usize].fleet
    }

    pub(crate) fn is_alive(&self, slot: Slot) -> bool {
        self.entries[slot as usize].alive
    }

    /// The fleet in this slot. Its place is changed with [`Fleets::place`] alone.
    pub(crate) fn at_slot_mut(&mut self, slot: Slot) -> &mut Fleet {
        &mut self.entries[slot as usize].fleet
    }

    /// Adds a fleet; its id is greater than that of any fleet before it.
    pub(crate) fn insert(&mut self, mut fleet: Fleet) -> Slot {
        let (id, place) = (fleet.id, fleet.place);
        if fleet.route.is_empty()
            && let Some(&slot) = self.free.last()
        {
            // The memory of a route serves the next fleet as well.
            fleet.route = std::mem::take(&mut self.entries[slot as usize].fleet.route);
        }
        let entry = Entry { fleet, alive: true, next: NONE };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.entries[slot as usize] = entry;
                slot
            }
            None => {
                self.entries.push(entry);
                (self.entries.len() - 1) as Slot
            }
        };
        debug_assert!(self.by_id.last().is_none_or(|&(last, _)| last < id));
        self.by_id.push((id, slot));
        if let Place::At(system) = place {
            self.link(slot, system);
        }
        slot
    }

    /// Takes a fleet away. Its slot keeps its last values until [`Fleets::release`] frees it for another.
    pub(crate) fn remove(&mut self, slot: Slot) {
        if let Some(system) = self.at_slot(slot).at() {
            self.unlink(slot, system);
        }
        self.entries[slot as usize].alive = false;
        self.dead += 1;
    }

    /// Lets the slot of a removed fleet be used again.
    pub(crate) fn release(&mut self, slot: Slot) {
        self.entries[slot as usize].fleet.route.clear();
        self.free.push(slot);
        if self.dead > 32 && self.dead * 2 > self.by_id.len() {
            let entries = &self.entries;
            self.by_id.retain(|&(id, slot)| {
                let entry = &entries[slot as usize];
                entry.alive && entry.fleet.id == id
            });
            self.dead = 0;
        }
    }

    /// Puts a fleet somewhere else.
    pub(crate) fn place(&mut self, slot: Slot, place: Place) {
        if let Some(system) = self.at_slot(slot).at() {
            self.unlink(slot, system);
        }
        self.entries[slot as usize].fleet.place = place;
        if let Place::At(system) = place {
            self.link(slot, system);
        }
    }

    fn link(&mut self, slot: Slot, system: SystemId) {
        let id = self.at_slot(slot).id;
        let (mut before, mut after) = (NONE, self.first_at[system.index()]);
        while after != NONE && self.at_slot(after).id < id {
            (before, after) = (after, self.entries[after as usize].next);
        }
        self.entries[slot as usize].next = after;
        self.set_next(before, system, slot);
    }

    fn unlink(&mut self, slot: Slot, system: SystemId) {
        let (mut before, mut here) = (NONE, self.first_at[system.index()]);
        while here != NONE && here != slot {
            (before, here) = (here, self.entries[here as usize].next);
        }
        if here == slot {
            let after = self.entries[slot as usize].next;
            self.set_next(before, system, after);
        }
    }

    fn set_next(&mut self, before: Slot, system: SystemId, slot: Slot) {
        if before == NONE {
            self.first_at[system.index()] = slot;
        } else {
            self.entries[before as usize].next = slot;
        }
    }
}
