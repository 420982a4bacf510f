//! The least bot that plays: every idle fleet goes to the most valuable neighbouring system that is not ours.

use std::process::ExitCode;

use sector_sim::{Amount, Command, Order, Strategy, Turn, View};

struct Hello;

impl Strategy for Hello {
    fn name(&self) -> &'static str {
        "hello"
    }

    fn orders(&mut self, view: &View<'_>, _: &Turn) -> Vec<Order> {
        // Whoever leaves a system in the middle of a capture begins it anew.
        let idle = view.fleets().filter(|fleet| fleet.is_idle() && fleet.at().is_some_and(|here| view.owns(here)));
        let moves = idle.filter_map(|fleet| {
            let origin = fleet.at()?;
            let around = view.map.neighbours(origin).iter().map(|neighbour| neighbour.system);
            let target =
                around.filter(|&to| !view.owns(to)).max_by_key(|&to| view.map.site(to).map(|site| site.value))?;
            Some(Command::Move { origin, target, fleet: Some(fleet.id), amount: Amount::Fleet })
        });
        moves.map(|command| Order::new(view.me, command)).collect()
    }
}

fn main() -> ExitCode {
    sector_client::program::main("hello-bot", |_| Box::new(Hello))
}

#[cfg(test)]
mod tests;
