//! Snapshots as JSON, with the matching digest. Invalid ones are rejected with a message; restored
//! ones continue and stay exact.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sector_sim::{Snapshot, World};
use sector_sim::check::{Checker, Plan};
use sector_sim::snapshot::SnapshotError;
use sector_sim::world::WorldError;
use sector_sim_fuzz::WORLD;

fuzz_target!(|text: &str| {
    let Ok(mut snapshot) = serde_json::from_str::<Snapshot>(text) else { return };
    let mut restored = World::restore(Arc::clone(WORLD.rules()), &snapshot);
    if let Err(WorldError::Snapshot(SnapshotError::Digest { found, .. })) = restored {
        snapshot.digest = found;
        restored = World::restore(Arc::clone(WORLD.rules()), &snapshot);
    }
    let Ok(mut world) = restored else { return };
    let mut checker = Checker::new(&world, Plan { restore_every: 4, clone_every: 3, recompute_every: 1 }).unwrap();
    for _ in 0..6 {
        world.step(&[]);
        checker.follow(&world, &[]).unwrap_or_else(|error| panic!("{error}"));
    }
});
