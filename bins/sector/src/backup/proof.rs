//! Proves that an archived world can be played: from the checkpoint through every record to the
//! newest tick, comparing digests, as a recovering worker does.

use std::sync::Arc;

use sector_redis::Dump;
use sector_sim::replay::journal::{Record, read_header};
use sector_sim::{Digest, Snapshot, World};

use crate::tool::{Error, progress_bar};

/// Plays to the newest tick, from the checkpoint or from tick 0. Returns the number of ticks.
pub(crate) fn play(dump: &Dump, from_the_beginning: bool) -> Result<u64, Error> {
    let head = &dump.world;
    let replay = dump.newest_replay().ok_or("there is no replay of its universe")?;
    let header = read_header(&replay.header)?;
    header.check_rules_version()?;
    let snapshot: Snapshot = serde_json::from_str(&dump.checkpoint.snapshot).map_err(|error| {
        format!("the checkpoint of tick {} cannot be read: {error}", dump.checkpoint.tick)
    })?;
    let at_checkpoint = World::restore(Arc::new(header.rules.clone()), &snapshot)?;
    let (tick, named) = (at_checkpoint.tick(), dump.checkpoint.tick);
    if tick != named {
        return Err(format!("the checkpoint of tick {named} contains tick {tick}").into());
    }
    let mut world = if from_the_beginning { header.world()? } else { at_checkpoint };
    let first = world.tick();
    let bar = progress_bar(head.tick.saturating_sub(first), "ticks", false);
    let records = replay.records.iter().skip(usize::try_from(first + 1)?);
    for (tick, record) in (first + 1..).zip(records) {
        let record: Record = serde_json::from_str(record)
            .map_err(|error| format!("the record of tick {tick} cannot be read: {error}"))?;
        record.play(&mut world)?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    if world.tick() != head.tick || head.digest.parse::<Digest>() != Ok(world.digest()) {
        return Err(format!(
            "replaying its records ends at tick {} with digest {}; tick {} with {} was committed",
            world.tick(),
            world.digest(),
            head.tick,
            head.digest
        )
        .into());
    }
    Ok(head.tick - first)
}
