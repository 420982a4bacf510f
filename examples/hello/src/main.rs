//! The smallest bot: sends every idle fleet to the nearest foreign system that it can probably
//! take.

use std::process::ExitCode;

use sector_sim::order::Amount;
use sector_sim::{Command, Order, Strategy, Turn, View};

struct Hello;

impl Strategy for Hello {
    fn name(&self) -> &'static str {
        "hello"
    }

    fn orders(&mut self, view: &View<'_>, _: &Turn) -> Vec<Order> {
        // Leaving a system in the middle of a capture resets the capture.
        let ready =
            view.idle_fleets().filter(|fleet| fleet.at().is_some_and(|here| view.owns(here)));
        let moves = ready.filter_map(|fleet| {
            let origin = fleet.at()?;
            // Skip attacks that will probably fail.
            let is_fair = |to: &_| view.resistance(*to, 1).odds(view, fleet.strength) >= 500;
            let target = view
                .targets()
                .into_iter()
                .filter(is_fair)
                .min_by_key(|&to| view.hops(origin, to))?;
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
