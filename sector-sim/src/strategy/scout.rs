//! What a player sees at a second look: its borders, its idle stacks, what is on its way and what threatens.
//!
//! The common ground of the computer players, offered to other authors too. It costs one pass over the fleets a turn,
//! and one over the systems and lanes only after the faction has won or lost a system. All memory is kept.

use super::Turn;
use super::fields::Fields;
use super::survey::{Stack, Survey};
use crate::ids::SystemId;
use crate::order::{Amount, Command, Order};
use crate::view::View;

/// The borders, stacks and threats of one faction, kept up to date turn by turn.
///
/// ```
/// use sector_sim::{Rules, Turn, World};
/// use sector_sim::order::Amount;
/// use sector_sim::strategy::Scout;
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let me = world.board().factions()[0].id;
/// let mut scout = Scout::default();
/// scout.look(&world.view(me), &Turn::default());
/// // At first there is one system with one idle stack, and all its neighbours are foreign.
/// assert_eq!((scout.owned().len(), scout.front().len(), scout.stacks().len()), (1, 1, 1));
/// let mut orders = Vec::new();
/// let target = scout.targets()[0];
/// scout.send(&world.view(me), 0, target, Amount::All, &mut orders);
/// assert_eq!(scout.expected(target), 10_000);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Scout {
    pub(super) fields: Fields,
    pub(super) survey: Survey,
    systems: usize,
    /// The tick of the last turn, once there was one.
    last: Option<u64>,
}

impl Scout {
    /// Looks at the sector anew. Everything else is about what was seen then.
    pub fn look(&mut self, view: &View<'_>, turn: &Turn) {
        self.wake(view, turn);
        self.fields.follow(view);
        self.fields.locate(view);
        self.survey.look(view, &self.fields, turn.tick);
        self.fields.refresh(view);
    }

    /// Forgets what may have changed unseen. Says whether this is another sector, or an earlier tick of the same.
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

    /// The idle stacks, the strongest first, the older first among equals. Those that [`Scout::send`] has sent are
    /// left out for two turns, so that an order that is still on its way to a live sector is not given twice.
    #[must_use]
    pub fn stacks(&self) -> &[Stack] {
        &self.survey.stacks
    }

    /// The faction's own systems, by id.
    pub fn owned(&self) -> impl ExactSizeIterator<Item = SystemId> + '_ {
        self.fields.owned()
    }

    /// The faction's own systems that have a foreign neighbour.
    #[must_use]
    pub fn front(&self) -> &[SystemId] {
        self.fields.front()
    }

    /// Whether a system is the faction's own and has a foreign neighbour.
    #[must_use]
    pub fn is_front(&self, system: SystemId) -> bool {
        self.fields.is_front(system)
    }

    /// The foreign systems next to its own, each once.
    #[must_use]
    pub fn targets(&self) -> &[SystemId] {
        &self.fields.targets
    }

    /// Where a stack in the hinterland arrives after at most so many hops towards the border; nothing when it is
    /// there already or no way leads there.
    #[must_use]
    pub fn towards_front(&self, from: SystemId, hops: u32) -> Option<SystemId> {
        self.fields.towards_front(from, hops)
    }

    /// Own systems that foreign strength stands at or is bound for, each once.
    #[must_use]
    pub fn menaced(&self) -> &[SystemId] {
        &self.survey.menaced
    }

    /// Foreign strength that is bound for an own system or stands there, milli.
    #[must_use]
    pub fn threat(&self, system: SystemId) -> i64 {
        self.survey.threat(system)
    }

    /// Own strength that is bound for a system, or stands there if it is a foreign one; milli.
    #[must_use]
    pub fn expected(&self, system: SystemId) -> i64 {
        self.survey.expected(system)
    }

    /// Sends a stack (by its place in [`Scout::stacks`]), or a part of it, and takes note of where it goes.
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
