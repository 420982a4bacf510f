//! What a run leaves behind: the event of its end, its summary and its award.

use sector_redis::{Award, Claim, UniverseId};
use sector_sim::World;
use sector_sim::snapshot::RunEnd;
use sector_wire::{RunDocument, RunPlayer, VICTORY, Victory};
use serde::Serialize;

use crate::error::Error;

/// Texts committed with the last tick of a run.
pub(crate) struct Ending {
    pub(crate) run_end: String,
    pub(crate) summary: String,
    pub(crate) awards: Vec<Award>,
}

/// The ending of a run, if it has ended. `seats` are all claims, lapsed ones included.
pub(crate) fn ending(
    universe: &UniverseId,
    world: &World,
    next_universe_in_ms: u64,
    ended_at_ms: u64,
    seats: &[Claim],
) -> Result<Option<Ending>, Error> {
    let Some(run_end) = RunEnd::of(universe, world, Some(next_universe_in_ms)) else {
        return Ok(None);
    };
    let RunEnd { winner, cause, tick, .. } = run_end;
    let name = winner
        .and_then(|winner| world.board().faction(winner))
        .map(|faction| faction.name.to_string());
    let (seed, digest) = (world.board().seed(), world.digest().to_string());
    let summary = RunDocument {
        universe_id: universe.to_string(),
        running: false,
        seed,
        systems: count(world.map().len()),
        factions: count(world.map().homes().len()),
        ticks: tick,
        winner,
        winner_name: name,
        cause: Some(cause),
        digest,
        ended_at_ms: Some(ended_at_ms),
        players: seats
            .iter()
            .map(|seat| RunPlayer { faction: seat.faction.clone(), player: seat.player.clone() })
            .collect(),
    };
    let award = |victory: Victory| {
        Ok::<_, Error>(Award {
            universe: universe.clone(),
            faction: winner.map(|winner| winner.to_string()).unwrap_or_default(),
            award: VICTORY.to_owned(),
            body: text(&victory)?,
        })
    };
    let awards = summary.victory().into_iter().map(award).collect::<Result<_, _>>()?;
    Ok(Some(Ending { run_end: text(&run_end)?, summary: text(&summary)?, awards }))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What the engine writes as JSON: deltas and snapshots, several times as fast as through `serde_json`.
///
/// # Errors
/// [`Error::NotUtf8`] if it is not text: a fault of the engine, and nothing may be committed then.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> Result<String, Error> {
    let mut json = Vec::new();
    write(&mut json);
    Ok(String::from_utf8(json)?)
}

/// A value as JSON.
///
/// # Errors
/// [`Error::Json`] when it cannot be written: nothing may be committed then.
pub(crate) fn text(value: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value)?)
}
