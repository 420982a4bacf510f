//! What a run leaves behind: the announcement of its end, its summary and its award.

use sector_redis::{Award, Claim};
use sector_sim::{Cause, FactionId, RunEnd, World};
use serde::Serialize;

/// What the list of finished runs says of a run.
#[derive(Debug, Serialize)]
struct Summary<'a> {
    universe_id: &'a str,
    seed: u64,
    systems: usize,
    factions: usize,
    ticks: u64,
    winner: Option<FactionId>,
    winner_name: Option<&'a str>,
    cause: Cause,
    digest: String,
    ended_at_ms: u64,
    players: Vec<Player<'a>>,
}

/// Who held a seat when the run ended.
#[derive(Debug, Serialize)]
struct Player<'a> {
    faction: &'a str,
    player: &'a str,
}

/// What the award for a won run says.
#[derive(Debug, Serialize)]
struct Victory<'a> {
    name: &'a str,
    cause: Cause,
    tick: u64,
    seed: u64,
    digest: String,
    player: Option<&'a str>,
}

/// The texts that are committed with the last tick of a run.
pub(crate) struct Ending {
    pub(crate) run_end: String,
    pub(crate) summary: String,
    pub(crate) awards: Vec<Award>,
}

/// The ending of a run, once it has ended. `seats` are those that players held.
pub(crate) fn ending(
    universe: &str,
    world: &World,
    next_universe_in_ms: u64,
    ended_at_ms: u64,
    seats: &[Claim],
) -> Option<Ending> {
    let holder = |faction: FactionId| {
        let faction = faction.to_string();
        seats.iter().find(|seat| seat.faction == faction).map(|seat| seat.player.as_str())
    };
    let run_end = RunEnd::of(universe, world, Some(next_universe_in_ms))?;
    let RunEnd { winner, cause, tick, .. } = run_end;
    let name =
        winner.and_then(|winner| world.board().faction(winner)).map(|faction| &*faction.name);
    let digest = || world.digest().to_string();
    let seed = world.board().seed();
    let summary = Summary {
        universe_id: universe,
        seed,
        systems: world.map().len(),
        factions: world.map().homes().len(),
        ticks: tick,
        winner,
        winner_name: name,
        cause,
        digest: digest(),
        ended_at_ms,
        players: seats
            .iter()
            .map(|seat| Player { faction: &seat.faction, player: &seat.player })
            .collect(),
    };
    let award = winner.map(|winner| {
        let victory = Victory {
            name: name.unwrap_or_default(),
            cause,
            tick,
            seed,
            digest: digest(),
            player: holder(winner),
        };
        Award {
            universe: universe.to_owned(),
            faction: winner.to_string(),
            award: "victory".to_owned(),
            body: text(&victory),
        }
    });
    Some(Ending {
        run_end: text(&run_end),
        summary: text(&summary),
        awards: award.into_iter().collect(),
    })
}

/// Plain structs of texts and numbers always become JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
