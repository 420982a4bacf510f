//! Incremental queries for strategies: borders, idle stacks, expected strength and threats.
//!
//! Shared by the built-in strategies and public for others. Costs one scan of the fleets per turn,
//! and one of systems and lanes only after the faction has won or lost a system. All memory is
//! reused.

use super::Turn;
use super::fields::Fields;
use super::survey::{Stack, Survey};
use crate::ids::SystemId;
use crate::order::{Amount, Command, Order};
use crate::view::View;

/// Borders, stacks and threats of one faction, updated turn by turn.
///
/// ```
/// use sector_sim::{Rules, Turn, World};
/// use sector_sim::order::Amount;
/// use sector_sim::strategy::Scout;
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let me = world.board().factions()[0].id;
/// let mut scout = Scout::default();
/// scout.look(&world.view(me), &Turn::default());
/// // At the start there is one system with one idle stack, and all neighbours are foreign.
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scout {
    pub(super) fields: Fields,
    pub(super) survey: Survey,
    systems: usize,
    /// Tick of the last turn, if any.
    last: Option<u64>,
}

impl Scout {
    /// Scans the sector. All other queries refer to this scan.
    pub fn look(&mut self, view: &View<'_>, turn: &Turn) {
        self.wake(view, turn);
        self.fields.follow(view);
        self.fields.locate(view);
        self.survey.look(view, &self.fields, turn.tick);
        self.fields.refresh(view);
    }

    /// Invalidates what may have changed unseen. Returns whether this is another sector, or an
    /// earlier tick of the same one.
    pub(super) fn wake(&mut self, view: &View<'_>, turn: &Turn) -> bool {
        let other = self.systems != view.map.len() || self.last.is_none_or(|last| turn.tick < last);
        if other {
            self.systems = view.map.len();
            self.survey.reset(self.systems);
        }
        if other || turn.missed > 0 || self.last.is_none_or(|last| last + 1 != turn.tick) {
            self.fields.spoil();
        }
        self.last = Some(turn.tick);
        other
    }

    /// Idle stacks, strongest first, then oldest first. Stacks sent with [`Scout::send`] are left
    /// out for two turns, so that an order still in transit to a live sector is not given twice.
    #[must_use]
    pub fn stacks(&self) -> &[Stack] {
        &self.survey.stacks
    }

    /// Own systems, ordered by id.
    pub fn owned(&self) -> impl ExactSizeIterator<Item = SystemId> + '_ {
        self.fields.owned()
    }

    /// Own systems with a foreign neighbour.
    #[must_use]
    pub fn front(&self) -> &[SystemId] {
        self.fields.front()
    }

    /// Whether the faction owns the system and it has a foreign neighbour.
    #[must_use]
    pub fn is_front(&self, system: SystemId) -> bool {
        self.fields.is_front(system)
    }

    /// Foreign systems adjacent to own ones, without duplicates.
    #[must_use]
    pub fn targets(&self) -> &[SystemId] {
        &self.fields.targets
    }

    /// Destination for a stack in the hinterland, at most `hops` hops towards the border; `None` if
    /// it is at the border or cannot reach it.
    #[must_use]
    pub fn towards_front(&self, from: SystemId, hops: u32) -> Option<SystemId> {
        self.fields.towards_front(from, hops)
    }

    /// Own systems with foreign fleets present or on their way, without duplicates.
    #[must_use]
    pub fn menaced(&self) -> &[SystemId] {
        &self.survey.menaced
    }

    /// Foreign strength at an own system or on its way there, milli.
    #[must_use]
    pub fn threat(&self, system: SystemId) -> i64 {
        self.survey.threat(system)
    }

    /// Own strength on its way to a system, plus the strength already there if the system is
    /// foreign, milli.
    #[must_use]
    pub fn expected(&self, system: SystemId) -> i64 {
        self.survey.expected(system)
    }

    /// Sends a stack, by index in [`Scout::stacks`], or a part of it, and records its destination.
    pub fn send(
        &mut self,
        view: &View<'_>,
        stack: usize,
        target: SystemId,
        amount: Amount,
        orders: &mut Vec<Order>,
    ) {
        let Some(stack) = self.survey.stacks.get_mut(stack) else { return };
        let strength = match amount {
            Amount::Part(strength) => strength,
            Amount::Fleet | Amount::All => stack.strength,
        };
        let origin = stack.system;
        stack.strength -= strength;
        stack.sent = true;
        let fleet = stack.fleet;
        self.survey.expect(target, strength);
        self.survey.remember(fleet, self.last.unwrap_or(0));
        let command = Command::Move { origin, target, fleet: None, amount };
        orders.push(Order::new(view.me, command));
    }
}
