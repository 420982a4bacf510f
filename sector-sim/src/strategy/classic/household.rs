//! Muster system and focus.

use super::Classic;
use crate::ids::SystemId;
use crate::order::{Command, Focus, Order};
use crate::view::View;

/// Ticks between two reviews.
const PERIOD_TICKS: u64 = 8;
/// Divisor of the number of systems reviewed each time; at least one system is reviewed.
const SHARE: usize = 8;
/// Stability below which a system gets the focus `order`, per mille.
const RESTLESS: i64 = 350;
/// Stability above which that focus ends, per mille.
const CALM: i64 = 700;

/// Whether a review is due in this tick; factions take turns.
pub(super) fn is_due(view: &View<'_>, tick: u64) -> bool {
    (tick + view.me.index() as u64).is_multiple_of(PERIOD_TICKS)
}

impl Classic {
    /// Chooses the muster system and reviews the focus of some systems.
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

    /// Musters at a border system near the goal that is not threatened.
    fn choose_muster(&self, view: &View<'_>, orders: &mut Vec<Order>) {
        let safe = |system: SystemId| view.owns(system) && self.scout.survey.threat(system) == 0;
        let current = view.faction().and_then(|faction| faction.muster.or(faction.home));
        let kept = current.filter(|&system| safe(system) && self.scout.fields.is_front(system));
        let front = self.scout.fields.front().iter().copied().filter(|&system| safe(system));
        let Some(best) = front.min_by_key(|&system| (self.hops_to_goal(system), system)) else {
            return;
        };
        // Keep the current one if it is nearly as good.
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
