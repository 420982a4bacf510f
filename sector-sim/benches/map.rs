//! Time to generate a map, from the default size up to a hundred thousand systems.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::world::Size;
use sector_sim::{Map, Rules, World};

fn generate(criterion: &mut Criterion) {
    let rules = Rules::classic().map;
    let mut group = criterion.benchmark_group("map_generate");
    group.sample_size(10);
    for systems in [30, 300, 3_000, 30_000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(systems)));
        group.bench_with_input(
            BenchmarkId::from_parameter(systems),
            &systems,
            |bencher, systems| {
                let mut seed = 0;
                bencher.iter(|| {
                    seed += 1;
                    let map = black_box(Map::generate(&rules, seed, *systems, 5));
                    assert_eq!(map.as_ref().map(Map::len), Ok(*systems as usize));
                    map
                });
            },
        );
    }
    group.finish();
}

/// The same, including the derived data of a running sector.
fn world(criterion: &mut Criterion) {
    let rules = std::sync::Arc::new(Rules::classic());
    let mut group = criterion.benchmark_group("world_from_seed");
    group.sample_size(10);
    for systems in [30, 300, 3_000, 30_000, 100_000] {
        group.throughput(Throughput::Elements(u64::from(systems)));
        group.bench_with_input(
            BenchmarkId::from_parameter(systems),
            &systems,
            |bencher, systems| {
                let mut seed = 0;
                bencher.iter(|| {
                    seed += 1;
                    let world = World::with_size(
                        rules.clone(),
                        seed,
                        Size { systems: *systems, factions: 5 },
                    );
                    assert!(world.is_ok());
                    world
                });
            },
        );
    }
    group.finish();
}

criterion_group!(benches, generate, world);
criterion_main!(benches);
