//! Where new fleets appear, and what the systems strive for.

use super::Classic;
use crate::ids::SystemId;
use crate::order::{Command, Focus, Order};
use crate::view::View;

/// Ticks from one look at the household to the next.
const PERIOD_TICKS: u64 = 8;
/// The part of the systems that is looked at each time: 1 in this many, at least one system.
const SHARE: usize = 8;
/// Stability below which a system is calmed, per mille.
const RESTLESS: i64 = 350;
/// Stability above which it is calm again, per mille.
const CALM: i64 = 700;

/// Whether a faction looks after its household in this tick; not all do in the same.
pub(super) fn is_due(view: &View<'_>, tick: u64) -> bool {
    (tick + view.me.index() as u64).is_multiple_of(PERIOD_TICKS)
}

impl Classic {
    /// Chooses the muster and looks at the focus of some systems.
    pub(super) fn keep_house(&self, view: &View<'_>, tick: u64, orders: &mut Vec<Order>) {
        self.choose_muster(view, orders);
        let owned = self.scout.fields.owned();
        let count = owned.len().div_ceil(SHARE);
        let first = (tick / PERIOD_TICKS) as usize % SHARE * count;
        for system in owned.skip(first).take(count) {
            let state = &view.board.systems()[system.index()];
            let focus = self.focus(view, system);
            if focus != state.focus && self.scout.survey.threat(system) == 0 {
                orders.push(Order::new(view.me, Command::Focus { system, focus }));
            }
        }
    }

    /// New fleets appear at the border, near the goal, where nothing threatens.
    fn choose_muster(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let safe = |system: SystemId| view.owns(system) && self.scout.survey.threat(system) == 0;
        let current = view.faction().and_then(|faction| faction.muster.or(faction.home));
        let kept = current.filter(|&system| safe(system) && self.scout.fields.is_front(system));
        let front = self.scout.fields.front().iter().copied().filter(|&system| safe(system));
        let Some(best) = front.min_by_key(|&system| (self.hops_to_goal(system), system)) else {
            return;
        };
        // A place that is nearly as good is not worth a change.
        if kept
            .is_none_or(|kept| self.hops_to_goal(kept) > self.hops_to_goal(best).saturating_add(1))
        {
            orders.push(Order::new(view.me, Command::Muster { target: best }));
        }
    }

    fn focus(&self, view: &View<'_>, system: SystemId) -> Focus {
        let state = &view.board.systems()[system.index()];
        let calming = state.focus == Focus::Order && state.stability < CALM;
        if calming || state.stability < RESTLESS {
            Focus::Order
        } else if !self.scout.fields.is_front(system) {
            Focus::Industry
        } else if self.mood.caution() >= 500 && self.faces_enemies(view, system) {
            Focus::Garrison
        } else {
            Focus::Balanced
        }
    }

    fn faces_enemies(&self, view: &View<'_>, system: SystemId) -> bool {
        let mut neighbours = view.map.neighbours(system).iter();
        neighbours.any(|neighbour| {
            view.board.systems()[neighbour.system.index()]
                .owner
                .is_some_and(|owner| owner != view.me)
        })
    }
}
