//! Orders as lines of JSON, with an empty line between two ticks. Nothing panics, well-formed
//! orders survive a round trip, every order has an outcome, and the run stays exact.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sector_sim::Order;
use sector_sim::check::{Checker, Plan};
use sector_sim::order::OrderForm;
use sector_sim_fuzz::WORLD;

fuzz_target!(|text: &str| {
    let mut world = WORLD.clone();
    let plan = Plan { restore_every: 3, clone_every: 2, recompute_every: 1 };
    let mut checker = Checker::new(&world, plan).unwrap();
    for tick in text.split("\n\n").take(16) {
        let mut orders = Vec::new();
        for line in tick.lines().take(64) {
            let Ok(form) = serde_json::from_str::<OrderForm>(line) else { continue };
            let Ok(order) = Order::try_from(form) else { continue };
            let json = serde_json::to_string(&order).unwrap();
            assert_eq!(serde_json::from_str::<Order>(&json).unwrap(), order);
            orders.push(order);
        }
        assert_eq!(world.step(&orders).outcomes.len(), orders.len());
        checker.follow(&world, &orders).unwrap_or_else(|error| panic!("{error}"));
    }
});
