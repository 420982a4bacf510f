//! Cost of publishing a sector: snapshots, deltas, their JSON, and mirrors that follow.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod worlds;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sector_sim::{Delta, Mirror, Snapshot, World};
use worlds::{SIZES, War, at_war, snapshot};

/// Writes JSON into a reused buffer.
fn write<T>(value: &T, write_json: impl Fn(&T, &mut Vec<u8>), into: &mut Vec<u8>) -> usize {
    into.clear();
    write_json(value, into);
    into.len()
}

fn whole(criterion: &mut Criterion, systems: u32, world: &World) {
    let snapshot_of = || snapshot(world);
    let expected: Snapshot = snapshot_of();
    let mut json = Vec::new();
    let length = write(&expected, Snapshot::write_json, &mut json);
    assert_eq!(serde_json::from_slice::<Snapshot>(&json).unwrap(), expected);
    let mut group = criterion.benchmark_group("snapshot");
    if systems >= 3_000 {
        group.sample_size(20);
    }
    group.bench_function(BenchmarkId::new("of", systems), |bencher| {
        bencher.iter_with_large_drop(|| {
            let snapshot = snapshot_of();
            assert_eq!(snapshot.systems.len(), systems as usize);
            snapshot
        });
    });
    group.throughput(Throughput::Bytes(length as u64));
    group.bench_function(BenchmarkId::new("to_json", systems), |bencher| {
        bencher.iter(|| assert_eq!(write(&expected, Snapshot::write_json, &mut json), length));
    });
    group.finish();
}

fn change(criterion: &mut Criterion, systems: u32, war: &mut War) {
    let before = Mirror::new(&snapshot(&war.world)).unwrap();
    let delta = war.step();
    assert!(!delta.systems.is_empty() && !delta.fleets.is_empty());
    let mut json = Vec::new();
    let length = write(&delta, Delta::write_json, &mut json);
    let elements = delta.systems.len()
        + delta.fleets.len()
        + delta.fleets_removed.len()
        + delta.factions.len();
    assert_eq!(serde_json::from_slice::<Delta>(&json).unwrap(), delta);
    let mut group = criterion.benchmark_group("delta");
    group.throughput(Throughput::Elements(elements as u64));
    group.bench_function(BenchmarkId::new("of", systems), |bencher| {
        bencher.iter_with_large_drop(|| {
            let again = Delta::of("u-bench", &war.world);
            assert_eq!((again.digest, again.systems.len()), (delta.digest, delta.systems.len()));
            again
        });
    });
    group.bench_function(BenchmarkId::new("apply", systems), |bencher| {
        let apply = |mirror: &mut Mirror| {
            mirror.apply(&delta).unwrap();
            assert_eq!(mirror.digest(), delta.digest);
        };
        bencher.iter_batched_ref(|| before.clone(), apply, BatchSize::PerIteration);
    });
    group.throughput(Throughput::Bytes(length as u64));
    group.bench_function(BenchmarkId::new("to_json", systems), |bencher| {
        bencher.iter(|| assert_eq!(write(&delta, Delta::write_json, &mut json), length));
    });
    group.finish();
}

fn wire(criterion: &mut Criterion) {
    for systems in SIZES {
        let mut war = at_war(systems);
        whole(criterion, systems, &war.world);
        change(criterion, systems, &mut war);
    }
}

criterion_group!(benches, wire);
criterion_main!(benches);
