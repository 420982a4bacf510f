//! Where the borders are, and the way there from everywhere in the realm.
//!
//! One breadth-first search through the faction's own systems from all that have a foreign neighbour. It is done
//! again only when the faction has won or lost a system; what others take from each other moves no border of its own.

use crate::ids::SystemId;
use crate::view::View;

/// A system that the search has not reached.
const UNSEEN: u32 = u32::MAX;

/// The borders of a faction.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    /// Whether the rest has to be computed anew.
    spoiled: bool,
    /// The faction's own systems, by id.
    pub(super) owned: Vec<SystemId>,
    /// Its own systems from the border inwards: the queue of the search.
    queue: Vec<SystemId>,
    /// How many of these are at the border.
    front: usize,
    /// Foreign systems next to its own, each once.
    pub(super) targets: Vec<SystemId>,
    /// Hops to the border through the faction's own systems; 0 at the border.
    hops: Vec<u32>,
    /// The next system on the way to the border.
    next: Vec<SystemId>,
}

impl Fields {
    /// Has everything computed anew before it is used again.
    pub(super) fn spoil(&mut self) {
        self.spoiled = true;
    }

    /// Computes what is not known any more.
    pub(super) fn refresh(&mut self, view: &View<'_>) {
        if !self.spoiled {
            return;
        }
        self.spoiled = false;
        let systems = view.board.systems();
        let is_mine = |system: SystemId| systems[system.index()].owner == Some(view.me);
        self.hops.clear();
        self.hops.resize(systems.len(), UNSEEN);
        self.next.resize(systems.len(), SystemId(0));
        self.owned.clear();
        self.queue.clear();
        self.targets.clear();
        for (index, state) in systems.iter().enumerate() {
            if state.owner != Some(view.me) {
                continue;
            }
            let system = SystemId(index as u32);
            self.owned.push(system);
            for neighbour in view.map.neighbours(system) {
                if is_mine(neighbour.system) {
                    continue;
                }
                if self.hops[index] == UNSEEN {
                    self.hops[index] = 0;
                    self.queue.push(system);
                }
                if self.hops[neighbour.system.index()] == UNSEEN {
                    // Foreign systems are never on the way; this only marks them as listed.
                    self.hops[neighbour.system.index()] = UNSEEN - 1;
                    self.targets.push(neighbour.system);
                }
            }
        }
        self.front = self.queue.len();
        let mut start = 0;
        while let Some(&here) = self.queue.get(start) {
            start += 1;
            let hops = self.hops[here.index()] + 1;
            for neighbour in view.map.neighbours(here) {
                let index = neighbour.system.index();
                if self.hops[index] == UNSEEN && is_mine(neighbour.system) {
                    self.hops[index] = hops;
                    self.next[index] = here;
                    self.queue.push(neighbour.system);
                }
            }
        }
    }

    /// The faction's own systems at the border.
    pub(super) fn front(&self) -> &[SystemId] {
        &self.queue[..self.front]
    }

    /// Whether one of the faction's own systems has a foreign neighbour.
    pub(super) fn is_front(&self, system: SystemId) -> bool {
        self.hops[system.index()] == 0
    }

    /// Where a stack in the hinterland arrives after at most so many hops towards the border; nothing when it is
    /// there already or no way leads there.
    pub(super) fn towards_front(&self, from: SystemId, hops: u32) -> Option<SystemId> {
        if !(1..UNSEEN - 1).contains(&self.hops[from.index()]) {
            return None;
        }
        let mut here = from;
        for _ in 0..hops.min(self.hops[from.index()]) {
            here = self.next[here.index()];
        }
        Some(here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FactionId, Rules, World};

    #[test]
    fn the_way_leads_from_the_hinterland_to_the_border() {
        let mut world = World::new(Rules::classic().into(), 3).unwrap();
        let me = FactionId::starter(0).unwrap();
        let home = world.map().homes()[0];
        let mut hops = Vec::new();
        world.map().hops_from(&[home], &mut hops);
        for (state, &hops) in world.board.systems.iter_mut().zip(&hops) {
            state.owner = (hops <= 2).then_some(me);
        }
        let mut fields = Fields::default();
        fields.spoil();
        fields.refresh(&world.view(me));
        let count = |wanted| hops.iter().filter(|&&hops| hops == wanted).count();
        assert_eq!(fields.owned.len(), count(0) + count(1) + count(2));
        assert_eq!(fields.targets.len(), count(3));
        assert!(!fields.front().is_empty());
        let arrived = fields.towards_front(home, 10).unwrap();
        assert!(fields.is_front(arrived) && !fields.is_front(home));
        assert_eq!(fields.towards_front(arrived, 10), None);
        assert!(world.map().lane_ticks(home, fields.towards_front(home, 1).unwrap()).is_some());
        assert_eq!(fields.towards_front(fields.targets[0], 10), None);
    }
}
