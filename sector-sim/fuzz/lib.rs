//! A small world shared by all targets.

use std::sync::LazyLock;

use sector_sim::{Rules, Snapshot, Strategy as _, Turn, Universe, World};
use sector_sim::strategy::Random;
use sector_sim::world::Size;

/// Small enough for fast ticks, large enough for everything to happen.
pub const SIZE: Size = Size { systems: 12, factions: 3 };

/// A world in the middle of its war.
pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let mut world = World::with_size(Rules::classic().into(), 7, SIZE).unwrap();
    play(&mut world, 80);
    world
});

/// Lets random players play.
pub fn play(world: &mut World, ticks: u64) {
    for _ in 0..ticks {
        let turn = Turn { tick: world.tick(), missed: 0 };
        let living: Vec<_> = world.board().factions().iter().filter(|faction| faction.alive).collect();
        let orders: Vec<_> = living.iter().flat_map(|faction| Random.orders(&world.view(faction.id), &turn)).collect();
        world.step(&orders);
    }
}

/// Snapshot of a world with any rules.
pub fn snapshot(world: &World) -> Snapshot {
    let universe = Universe { id: "u-fuzz".into(), tick_delay_ms: 300, rules: world.rules().name.clone() };
    Snapshot::of(&universe, world.map(), world.board(), world.digest())
}
