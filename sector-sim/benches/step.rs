//! How fast a sector runs: a whole match, a tick in which nothing happens, a tick of war, and one of marching only.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod worlds;

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::{Classic, Delta, Digest, FactionId, FleetId, Game, Rules, Size, SystemId, World};
use worlds::{FACTIONS, SIZES, at_war, idle_fleet, restored, rules, snapshot};

/// A whole match of five computer players: rules, decisions, and what each tick changed.
fn play(seed: u64) -> (u64, Digest) {
    let rules = Rules::classic();
    let world = World::new(rules.clone().into(), seed).unwrap();
    let mut game =
        Game::new(world, Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))));
    while game.world().board().result().is_none() {
        game.step();
        black_box(Delta::of("u-bench", game.world()));
    }
    (game.world().tick(), game.world().digest())
}

fn matches(criterion: &mut Criterion) {
    let seeds = 0..8;
    let expected: Vec<_> = seeds.clone().map(play).collect();
    let ticks = expected.iter().map(|(ticks, _)| ticks).sum();
    let mut group = criterion.benchmark_group("match");
    group.sample_size(20).throughput(Throughput::Elements(ticks));
    group.bench_function("eight_of_30_systems", |bencher| {
        bencher.iter(|| assert_eq!(seeds.clone().map(play).collect::<Vec<_>>(), expected));
    });
    group.finish();
}

/// Measures ticks, a thousand on each copy of the world.
fn run(world: &World, ticks: u64) -> Duration {
    let (mut spent, mut left) = (Duration::ZERO, ticks);
    while left > 0 {
        let mut copy = world.clone();
        let now = left.min(1_000);
        let begin = Instant::now();
        for _ in 0..now {
            black_box(copy.step(&[]));
        }
        spent += begin.elapsed();
        assert_eq!(copy.tick(), world.tick() + now);
        left -= now;
    }
    spent
}

/// Nobody moves, and everything has recovered.
fn quiet(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("quiet_tick");
    for systems in [30, 300, 3_000, 30_000, 100_000] {
        let mut world = World::with_size(rules(), 7, Size { systems, factions: FACTIONS }).unwrap();
        for _ in 0..100 {
            world.step(&[]);
        }
        group.bench_with_input(BenchmarkId::from_parameter(systems), &world, |bencher, world| {
            bencher.iter_custom(|ticks| run(world, ticks));
        });
    }
    group.finish();
}

/// Everything belongs to somebody, and everybody is at war: the rules and the delta, without the decisions.
fn busy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("busy_tick");
    for systems in SIZES {
        let mut war = at_war(systems);
        war.decide();
        let expected = war.clone().step_decided();
        assert!(!expected.events.is_empty() && !expected.systems.is_empty());
        group.bench_with_input(BenchmarkId::from_parameter(systems), &war, |bencher, war| {
            let delta = |war: &mut worlds::War| {
                let delta = war.step_decided();
                assert_eq!(delta.digest, expected.digest);
                delta
            };
            bencher.iter_batched_ref(|| war.clone(), delta, BatchSize::PerIteration);
        });
    }
    group.finish();
}

/// Ten thousand fleets on long ways through thirty thousand systems.
fn marching(criterion: &mut Criterion) {
    const FLEETS: usize = 10_000;
    let world = World::with_size(rules(), 7, Size { systems: 30_000, factions: FACTIONS }).unwrap();
    let mut start = snapshot(&world);
    start.fleets.clear();
    for number in 0..FLEETS as u32 {
        let system = SystemId(number * 3);
        let owner = FactionId::starter(0).unwrap();
        let mut fleet = idle_fleet(number + 1, owner, system, 5_000);
        let mut here = system;
        for hop in 0..64 {
            let neighbours = world.map().neighbours(here);
            here = neighbours[(number as usize + hop * 7) % neighbours.len()].system;
            fleet.route.push(here);
        }
        start.fleets.push(fleet);
    }
    start.next_fleet_id = FleetId(FLEETS as u32 + 1);
    let mut world = restored(start);
    for _ in 0..20 {
        world.step(&[]);
    }
    let expected = world.clone().step(&[]).digest;
    let moving = world.board().fleets().iter().filter(|fleet| !fleet.is_idle()).count();
    assert_eq!(moving, FLEETS);
    criterion.bench_function("tick_of_30000_systems_with_10000_fleets_moving", |bencher| {
        let step = |world: &mut World| {
            assert_eq!(world.step(&[]).digest, expected);
            Delta::of("u-bench", world)
        };
        bencher.iter_batched_ref(|| world.clone(), step, BatchSize::PerIteration);
    });
}

criterion_group!(benches, matches, quiet, busy, marching);
criterion_main!(benches);
