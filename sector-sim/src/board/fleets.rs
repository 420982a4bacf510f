//! All fleets of a sector, indexed by id and by system.
//!
//! Fleets keep their slot while they exist; slots are reused afterwards. Slot numbers depend on
//! history that snapshots do not carry, so nothing may depend on slot order: iteration whose order
//! matters goes by id.

use crate::ids::{FactionId, FleetId, SystemId};
use crate::map::Map;

/// Location of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a system.
    At(SystemId),
    /// On a lane between two systems.
    Lane {
        /// Origin.
        from: SystemId,
        /// Destination.
        to: SystemId,
        /// Tick of departure.
        departed: u64,
        /// Tick of arrival.
        arrives: u64,
    },
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// Id of the fleet.
    pub id: FleetId,
    /// Owner.
    pub owner: FactionId,
    /// Strength, in thousandths.
    pub strength: i64,
    /// Maximum strength that repair restores, in thousandths.
    pub max_strength: i64,
    /// Location.
    pub place: Place,
    /// Systems still to visit, last one first; on a lane, without the end of that lane.
    pub(crate) route: Vec<SystemId>,
}

impl Fleet {
    /// System of the fleet; `None` on a lane.
    #[must_use]
    pub fn at(&self) -> Option<SystemId> {
        match self.place {
            Place::At(system) => Some(system),
            Place::Lane { .. } => None,
        }
    }

    /// Whether the fleet is at a system and has no route.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.at().is_some() && self.route.is_empty()
    }

    /// Systems still to visit, in travel order; on a lane, without the end of that lane.
    pub fn route(&self) -> impl DoubleEndedIterator<Item = SystemId> + ExactSizeIterator + '_ {
        self.route.iter().rev().copied()
    }

    /// Where the fleet will stop: the end of its route or lane, or its current system.
    #[must_use]
    pub fn destination(&self) -> SystemId {
        match (self.route.first(), self.place) {
            (Some(last), _) => *last,
            (None, Place::At(system)) => system,
            (None, Place::Lane { to, .. }) => to,
        }
    }

    /// Systems that the fleet will enter, with the ticks, if nothing stops it: a fleet departs
    /// again in the tick in which it arrives, and one that waits at a system departs in the tick
    /// after `now`.
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

/// Index of a slot.
pub(crate) type Slot = u32;

const NONE: Slot = Slot::MAX;

#[derive(Clone, Debug)]
struct Entry {
    fleet: Fleet,
    alive: bool,
    /// Next fleet at the same system, by id.
    next: Slot,
}

/// The fleets of a sector.
#[derive(Clone, Debug)]
pub struct Fleets {
    entries: Vec<Entry>,
    free: Vec<Slot>,
    /// Slots by fleet id. Ids only grow, so new fleets go to the end; removed ones are swept from
    /// time to time.
    by_id: Vec<(FleetId, Slot)>,
    dead: usize,
    /// First fleet at each system, by id.
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

    /// Number of fleets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len() - self.dead
    }

    /// Whether there are no fleets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of slots, used and free.
    pub(crate) fn slots(&self) -> usize {
        self.entries.len()
    }

    /// All fleets, ordered by id.
    pub fn iter(&self) -> impl Iterator<Item = &Fleet> + '_ {
        self.slots_by_id().map(|slot| &self.entries[slot as usize].fleet)
    }

    pub(crate) fn slots_by_id(&self) -> impl Iterator<Item = Slot> + '_ {
        self.by_id.iter().map(|&(_, slot)| slot).zip(&self.by_id).filter_map(|(slot, &(id, _))| {
            let entry = &self.entries[slot as usize];
            (entry.alive && entry.fleet.id == id).then_some(slot)
        })
    }

    /// Fleet by id.
    #[must_use]
    pub fn get(&self, id: FleetId) -> Option<&Fleet> {
        self.slot(id).map(|slot| self.at_slot(slot))
    }

    /// Fleets with the given ids, which must be sorted, in a single pass. Ids of removed fleets are
    /// skipped.
    pub(crate) fn all<'a>(&'a self, ids: &'a [FleetId]) -> impl Iterator<Item = &'a Fleet> + 'a {
        let mut rest = self.by_id.as_slice();
        ids.iter().filter_map(move |&id| {
            // Galloping search, so that few ids among many fleets are found fast.
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

    /// Fleets at a system, ordered by id.
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

    /// Fleet in a slot. Change its place with [`Fleets::place`] only.
    pub(crate) fn at_slot_mut(&mut self, slot: Slot) -> &mut Fleet {
        &mut self.entries[slot as usize].fleet
    }

    /// Adds a fleet, whose id must be greater than all before.
    pub(crate) fn insert(&mut self, mut fleet: Fleet) -> Slot {
        let (id, place) = (fleet.id, fleet.place);
        if fleet.route.is_empty()
            && let Some(&slot) = self.free.last()
        {
            // Reuse the allocation of the old route.
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

    /// Removes a fleet. Its slot keeps the old values until [`Fleets::release`].
    pub(crate) fn remove(&mut self, slot: Slot) {
        if let Some(system) = self.at_slot(slot).at() {
            self.unlink(slot, system);
        }
        self.entries[slot as usize].alive = false;
        self.dead += 1;
    }

    /// Frees the slot of a removed fleet.
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

    /// Moves a fleet.
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
