//! Rules files. Invalid ones are rejected with a message; valid ones survive a round trip and make
//! a world that runs.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sector_sim::{Rules, World};
use sector_sim::check::{Checker, Plan};
use sector_sim_fuzz::{SIZE, play};

fuzz_target!(|text: &str| {
    let mut rules = match Rules::from_toml(text) {
        Ok(rules) => rules,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let json = serde_json::to_string(&rules).unwrap();
    assert_eq!(serde_json::from_str::<Rules>(&json).unwrap(), rules);
    // More attempts at a fair map only take longer.
    rules.map.home_attempts = rules.map.home_attempts.min(4);
    let mut world = World::with_size(rules.into(), 7, SIZE).unwrap();
    play(&mut world, 10);
    let mut checker = Checker::new(&world, Plan { restore_every: 4, clone_every: 3, recompute_every: 1 }).unwrap();
    for _ in 0..10 {
        world.step(&[]);
        checker.follow(&world, &[]).unwrap_or_else(|error| panic!("{error}"));
    }
});
