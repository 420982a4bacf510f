//! Borders of a faction, and the way to the border from every own system.
//!
//! One breadth-first search through the faction's own systems, starting at those with a foreign
//! neighbour. It is repeated only after the faction has won or lost a system; changes between other
//! factions do not move its borders. Own systems are kept as a set, so that no turn has to scan the
//! states of all systems.

use crate::bits::Bits;
use crate::event::Event;
use crate::ids::SystemId;
use crate::view::View;

/// Not reached by the search.
const UNSEEN: u32 = u32::MAX;
/// A foreign system already listed as a target.
const TARGET: u32 = u32::MAX - 1;

/// The borders of a faction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    /// Whether the set of own systems may be out of date.
    adrift: bool,
    /// Whether the borders must be recomputed.
    spoiled: bool,
    /// Own systems, as a set.
    mine: Bits,
    /// Own systems, ordered by id.
    list: Vec<u32>,
    /// Own systems from the border inwards: the queue of the search.
    queue: Vec<SystemId>,
    /// Number of border systems at the front of the queue.
    front: usize,
    /// Foreign systems adjacent to own ones, without duplicates.
    pub(crate) targets: Vec<SystemId>,
    /// Hops to the border through own systems; 0 at the border.
    hops: Vec<u32>,
    /// Next system on the way to the border.
    next: Vec<SystemId>,
}

impl Fields {
    /// Invalidates everything.
    pub(crate) fn spoil(&mut self) {
        (self.adrift, self.spoiled) = (true, true);
    }

    /// Applies gains and losses of the last tick.
    pub(crate) fn follow(&mut self, view: &View<'_>) {
        for event in view.board.events() {
            let (Event::Captured { system, .. }
            | Event::Rebelled { system, .. }
            | Event::Seceded { system, .. }) = event
            else {
                continue;
            };
            if view.owns(*system) != self.mine.contains(system.index()) {
                self.spoiled = true;
                self.set(*system, view.owns(*system));
            }
        }
    }

    /// Finds the own systems, if unknown.
    pub(crate) fn locate(&mut self, view: &View<'_>) {
        if !std::mem::take(&mut self.adrift) {
            return;
        }
        self.mine.grow(view.map.len());
        self.mine.clear();
        for (index, state) in view.board.systems().iter().enumerate() {
            if state.owner == Some(view.me) {
                self.mine.insert(index);
            }
        }
    }

    fn set(&mut self, system: SystemId, mine: bool) {
        self.mine.grow(system.index() + 1);
        if mine {
            self.mine.insert(system.index());
        } else {
            self.mine.remove(system.index());
        }
    }

    /// Recomputes the borders, if invalid.
    pub(crate) fn refresh(&mut self, view: &View<'_>) {
        if !std::mem::take(&mut self.spoiled) {
            return;
        }
        let systems = view.map.len();
        self.hops.clear();
        self.hops.resize(systems, UNSEEN);
        self.next.resize(systems, SystemId(0));
        self.queue.clear();
        self.targets.clear();
        self.mine.list(&mut self.list);
        for &index in &self.list {
            let system = SystemId(index);
            for neighbour in view.map.neighbours(system) {
                if self.mine.contains(neighbour.system.index()) {
                    continue;
                }
                if self.hops[system.index()] == UNSEEN {
                    self.hops[system.index()] = 0;
                    self.queue.push(system);
                }
                if self.hops[neighbour.system.index()] == UNSEEN {
                    self.hops[neighbour.system.index()] = TARGET;
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
                if self.hops[index] == UNSEEN && self.mine.contains(index) {
                    self.hops[index] = hops;
                    self.next[index] = here;
                    self.queue.push(neighbour.system);
                }
            }
        }
    }

    /// Whether the faction owns a system.
    pub(crate) fn owns(&self, system: SystemId) -> bool {
        self.mine.contains(system.index())
    }

    /// Own systems, ordered by id.
    pub(crate) fn owned(&self) -> impl ExactSizeIterator<Item = SystemId> + '_ {
        self.list.iter().copied().map(SystemId)
    }

    /// Own systems at the border.
    pub(crate) fn front(&self) -> &[SystemId] {
        &self.queue[..self.front]
    }

    /// Whether the faction owns the system and it has a foreign neighbour.
    pub(crate) fn is_front(&self, system: SystemId) -> bool {
        self.hops.get(system.index()) == Some(&0)
    }

    /// Destination for a stack in the hinterland, at most `hops` hops towards the border; `None` if
    /// it is at the border or cannot reach it.
    pub(crate) fn towards_front(&self, from: SystemId, hops: u32) -> Option<SystemId> {
        if !self.hops.get(from.index()).is_some_and(|hops| (1..TARGET).contains(hops)) {
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
    use crate::ids::FactionId;
    use crate::rules::Rules;
    use crate::world::World;

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
        fields.locate(&world.view(me));
        fields.refresh(&world.view(me));
        let count = |wanted| hops.iter().filter(|&&hops| hops == wanted).count();
        assert_eq!(fields.owned().len(), count(0) + count(1) + count(2));
        assert_eq!(fields.targets.len(), count(3));
        assert!(!fields.front().is_empty());
        let arrived = fields.towards_front(home, 10).unwrap();
        assert!(fields.is_front(arrived) && !fields.is_front(home));
        assert_eq!(fields.towards_front(arrived, 10), None);
        assert!(world.map().lane_ticks(home, fields.towards_front(home, 1).unwrap()).is_some());
        assert_eq!(fields.towards_front(fields.targets[0], 10), None);

        // Incremental updates give the same result as a full rescan.
        let won = fields.targets[0];
        for (system, owner) in [(won, Some(me)), (home, FactionId::starter(1))] {
            world.board.systems[system.index()].owner = owner;
            let (faction, from) = (owner.unwrap(), Some(me));
            world.board.events.push(Event::Captured { system, faction, from });
        }
        let mut anew = Fields::default();
        anew.spoil();
        anew.locate(&world.view(me));
        fields.follow(&world.view(me));
        for fields in [&mut anew, &mut fields] {
            fields.refresh(&world.view(me));
        }
        assert!(fields.owns(won) && !fields.owns(home));
        assert!(fields.owned().eq(anew.owned()));
        assert_eq!(
            (fields.front(), &fields.targets, &fields.hops),
            (anew.front(), &anew.targets, &anew.hops)
        );
    }
}
