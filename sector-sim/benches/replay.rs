//! Speed of verifying recorded runs: creating the world, every tick with its orders, every digest,
//! and the hash chain. Eight runs of five computer players on 30 systems, each to its end.
//! Throughput is in ticks.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::strategy::Classic;
use sector_sim::{Digest, Game, Order, Rules, World, replay};

const SEEDS: std::ops::Range<u64> = 0..8;

/// A run in memory: orders and digest of each tick, and the same as a replay.
struct Run {
    ticks: Vec<(Vec<Order>, Digest)>,
    bytes: Vec<u8>,
}

fn record(seed: u64) -> Run {
    let rules = Rules::classic();
    let world = World::new(rules.clone().into(), seed).unwrap();
    let header = replay::Header::of("u-bench", &world);
    let mut writer = replay::Writer::new(&header, &world).unwrap();
    let mut game = Game::new(
        world,
        Box::new(move |_, faction| Box::new(Classic::new(rules.personality(faction.index())))),
    );
    let mut ticks = Vec::new();
    while game.world().board().result().is_none() {
        game.step();
        writer.tick(game.world(), game.orders()).unwrap();
        ticks.push((game.orders().to_vec(), game.world().digest()));
    }
    writer.finish(game.world()).unwrap();
    Run { ticks, bytes: writer.take() }
}

fn verification(criterion: &mut Criterion) {
    let runs: Vec<Run> = SEEDS.map(record).collect();
    let ticks: usize = runs.iter().map(|run| run.ticks.len()).sum();
    let rules = std::sync::Arc::new(Rules::classic());
    let mut group = criterion.benchmark_group("replay_verification");
    group.sample_size(20).throughput(Throughput::Elements(ticks as u64));
    group.bench_function("30", |bencher| {
        bencher.iter(|| {
            let verified: u64 =
                runs.iter().map(|run| replay::verify(&run.bytes).unwrap().ticks).sum();
            assert_eq!(verified, ticks as u64);
        });
    });
    group.finish();
    // For comparison: steps and digests alone, on existing worlds.
    let mut group = criterion.benchmark_group("replay_steps");
    group.sample_size(20).throughput(Throughput::Elements(ticks as u64));
    group.bench_function("30", |bencher| {
        let start: Vec<World> =
            SEEDS.map(|seed| World::new(rules.clone(), seed).unwrap()).collect();
        bencher.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for _ in 0..times {
                let mut worlds = start.clone();
                let begin = Instant::now();
                for (world, run) in worlds.iter_mut().zip(&runs) {
                    for (orders, digest) in &run.ticks {
                        assert_eq!(world.step(orders).digest, *digest);
                    }
                }
                spent += begin.elapsed();
            }
            spent
        });
    });
    group.finish();
}

criterion_group!(benches, verification);
criterion_main!(benches);
