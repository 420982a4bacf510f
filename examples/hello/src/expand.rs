//! What the bot wants: every idle fleet goes to a neighbouring system that is not ours, the most valuable first.

use sector_sim::{Amount, Command, Order, Strategy, Turn, View};

/// Every idle fleet goes to a neighbouring system that is not ours, the most valuable first.
pub(crate) struct Expand;

impl Strategy for Expand {
    fn name(&self) -> &'static str {
        "expand"
    }

    fn orders(&mut self, view: &View<'_>, _: &Turn) -> Vec<Order> {
        let idle = view.fleets().filter(|fleet| fleet.is_idle());
        let moves = idle.filter_map(|fleet| {
            let origin = fleet.at()?;
            // Whoever leaves a system in the middle of a capture begins it anew.
            if !view.owns(origin) {
                return None;
            }
            let around = view.map.neighbours(origin).iter().map(|neighbour| neighbour.system);
            let target = around
                .filter(|&system| !view.owns(system))
                .max_by_key(|&system| view.map.site(system).map(|site| site.value))?;
            Some(Command::Move { origin, target, fleet: Some(fleet.id), amount: Amount::Fleet })
        });
        moves.map(|command| Order::new(view.me, command)).collect()
    }
}
