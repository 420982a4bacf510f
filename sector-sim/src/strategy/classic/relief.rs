//! Relief for systems that are besieged or threatened.
//!
//! One breadth-first search from all of them at once, a few hops deep, finds the nearest one for
//! each stack; one pass over the stacks then finds the best helper of each system.

use super::Classic;
use crate::ids::SystemId;
use crate::order::{Amount, Order};
use crate::units::scale;
use crate::view::View;

/// Maximum distance of a helper, in hops.
const REACH_HOPS: u32 = 5;
/// Strength that a neighbouring helper needs, per mille of the besieger's.
const ENOUGH: i64 = 800;
/// Strength that any helper needs, per mille of the besieger's.
const LEAST: i64 = 600;

const NOBODY: u32 = u32::MAX;

/// Memory of the search.
#[derive(Clone, Debug, Default)]
pub(super) struct Relief {
    /// Hops to the nearest system in need, and its index among those, by system.
    near: Vec<(u32, u32)>,
    queue: Vec<SystemId>,
    /// Best helper of each system in need: its rank and its stack index.
    helpers: Vec<Option<((bool, i64), usize)>>,
}

impl Relief {
    fn search(&mut self, view: &View<'_>, menaced: &[SystemId]) {
        for system in self.queue.drain(..) {
            self.near[system.index()] = (0, NOBODY);
        }
        // Resize here, since the last search may have been on another map.
        self.near.resize(view.map.len(), (0, NOBODY));
        for (index, &system) in menaced.iter().enumerate() {
            self.near[system.index()] = (0, index as u32);
            self.queue.push(system);
        }
        let mut start = 0;
        while let Some(&here) = self.queue.get(start) {
            start += 1;
            let (hops, whom) = self.near[here.index()];
            if hops == REACH_HOPS {
                break;
            }
            for neighbour in view.map.neighbours(here) {
                let near = &mut self.near[neighbour.system.index()];
                if near.1 == NOBODY {
                    *near = (hops + 1, whom);
                    self.queue.push(neighbour.system);
                }
            }
        }
    }
}

impl Classic {
    /// Sends help: from a strong enough neighbour, else from the stack with the most strength per
    /// hop.
    pub(super) fn relieve(&mut self, view: &View<'_>, orders: &mut Vec<Order>) {
        if self.scout.survey.menaced.is_empty() {
            return;
        }
        let Classic { scout, relief, .. } = self;
        let survey = &scout.survey;
        relief.search(view, &survey.menaced);
        relief.helpers.clear();
        relief.helpers.resize(survey.menaced.len(), None);
        for (index, stack) in survey.stacks.iter().enumerate() {
            let (hops, whom) = relief.near[stack.system.index()];
            // Stacks in need stay where they are, and besiegers go on besieging.
            if whom == NOBODY
                || hops == 0
                || !view.owns(stack.system)
                || survey.threat(stack.system) > 0
            {
                continue;
            }
            let threat = survey.threat(survey.menaced[whom as usize]);
            if stack.strength < scale(threat, LEAST) {
                continue;
            }
            let neighbour = hops == 1 && stack.strength >= scale(threat, ENOUGH);
            let rank = (neighbour, stack.strength / i64::from(hops));
            let helper = &mut relief.helpers[whom as usize];
            if helper.is_none_or(|(known, _)| rank > known) {
                *helper = Some((rank, index));
            }
        }
        for index in 0..self.relief.helpers.len() {
            let Some((_, stack)) = self.relief.helpers[index] else { continue };
            let system = self.scout.survey.menaced[index];
            let state = &view.board.systems()[system.index()];
            let threat = self.scout.survey.threat(system);
            let held = view.board.fleets().at(system).filter(|fleet| fleet.owner == view.me);
            let held = held.fold(state.garrison, |sum, fleet| sum.saturating_add(fleet.strength));
            // No help for garrisons that can hold, nor where enough help is on its way.
            if held >= threat.saturating_mul(2)
                || self.scout.survey.expected(system) >= scale(threat, LEAST)
            {
                continue;
            }
            self.scout.send(view, stack, system, Amount::All, orders);
        }
    }
}
