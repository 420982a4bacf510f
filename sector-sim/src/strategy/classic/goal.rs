//! The strategic goal: the foreign system that the faction wants most, kept for some time.

use super::Classic;
use crate::draw::{Draw, Purpose};
use crate::ids::SystemId;
use crate::units::scale;
use crate::view::View;

/// Lifetime of a goal, in ticks.
const GOAL_TICKS: u64 = 80;
/// Weight of chance in the choice, per mille.
const WHIM: u64 = 400;

/// The current goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) system: SystemId,
    /// Tick at which a new goal is chosen.
    until: u64,
}

impl Classic {
    /// Keeps the goal, or chooses another one if it is captured, expired or out of reach.
    pub(super) fn aim(&mut self, view: &View<'_>, tick: u64) {
        if self.goal.is_some_and(|goal| tick < goal.until && !view.owns(goal.system)) {
            return;
        }
        let before = self.goal;
        self.goal = self.choose(view, tick);
        match (before, self.goal) {
            (_, Some(goal)) => view.map.hops_from(&[goal.system], &mut self.goal_hops),
            (Some(_), None) => self.goal_hops.fill(crate::map::UNREACHED),
            (None, None) => {}
        }
    }

    fn choose(&self, view: &View<'_>, tick: u64) -> Option<Goal> {
        if self.scout.fields.targets.is_empty() {
            return None;
        }
        let mut draw =
            Draw::new(view.board.seed(), tick, Purpose::Strategy, view.me.index() as u64);
        let mut best: Option<(i64, SystemId)> = None;
        for &system in &self.scout.fields.targets {
            let resistance = view.resistance(system, 0);
            // Prefer enemy systems: unowned ones are left to colonists.
            let enemy = if resistance.owner.is_some() { 1500 } else { 1000 };
            let whim = 1000 + draw.below(WHIM) as i64;
            let score = scale(scale(self.worth(view, system, &resistance), enemy), whim);
            if best.is_none_or(|(known, _)| score > known) {
                best = Some((score, system));
            }
        }
        best.map(|(_, system)| Goal { system, until: tick + GOAL_TICKS })
    }

    /// Hops from a system to the goal.
    pub(super) fn hops_to_goal(&self, system: SystemId) -> u32 {
        self.goal_hops[system.index()]
    }
}
