//! The operator's switches, and awards.

use redis::cmd;

use super::reply::unexpected;
use super::store::RedisStore;
use crate::commit::Award;
use crate::error::Result;
use crate::ids::UniverseId;
use crate::store::RestartRequest;

pub(super) async fn set_paused(store: &RedisStore, paused: bool) -> Result<()> {
    let mut script = store.writes(&store.scripts.pause, &[&store.keys.control]);
    script.arg(u8::from(paused));
    store.write_again("pausing", &script).await
}

pub(super) async fn paused(store: &RedisStore) -> Result<bool> {
    let command = cmd("HEXISTS").arg(&store.keys.control).arg("paused").to_owned();
    store.link.read_command("reading the pause", &command).await
}

/// Not repeated after a lost answer: it might ask for two restarts.
pub(super) async fn request_restart(
    store: &RedisStore,
    seed: Option<u64>,
) -> Result<RestartRequest> {
    let mut script = store.writes(&store.scripts.restart_request, &[&store.keys.control]);
    script.arg(seed.map(|seed| seed.to_string()).unwrap_or_default());
    let number = store.write("asking for a restart", &script).await?;
    Ok(RestartRequest { number, seed })
}

pub(super) async fn restart_request(store: &RedisStore) -> Result<Option<RestartRequest>> {
    let command =
        cmd("HMGET").arg(&store.keys.control).arg("restart").arg("restart_seed").to_owned();
    let (request, seed): (Option<u64>, Option<u64>) =
        store.link.read_command("reading the restart request", &command).await?;
    Ok(request.map(|number| RestartRequest { number, seed }))
}

pub(super) async fn record_award(store: &RedisStore, award: &Award) -> Result<bool> {
    award.check()?;
    let mut script = store.writes(&store.scripts.award, &[&store.keys.awards]);
    script.arg(award_field(award)?).arg(&award.body);
    store.write("recording an award", &script).await
}

pub(super) async fn awards(
    store: &RedisStore,
    universe: Option<&UniverseId>,
) -> Result<Vec<Award>> {
    let command = cmd("HGETALL").arg(&store.keys.awards).to_owned();
    let row: Vec<String> = store.link.read_command("reading awards", &command).await?;
    let mut row = row.into_iter();
    let mut awards = Vec::new();
    while let (Some(field), Some(body)) = (row.next(), row.next()) {
        let award = award_of(&field, body)?;
        if universe.is_none_or(|universe| *universe == award.universe) {
            awards.push(award);
        }
    }
    awards.sort();
    Ok(awards)
}

/// The field of an award: its three names, so that no two awards share one.
pub(super) fn award_field(award: &Award) -> Result<String> {
    serde_json::to_string(&(&award.universe, &award.faction, &award.award))
        .map_err(|error| unexpected("award", error.to_string()))
}

pub(super) fn award_of(field: &str, body: String) -> Result<Award> {
    let (universe, faction, award) =
        serde_json::from_str(field).map_err(|error| unexpected("award", error.to_string()))?;
    Ok(Award { universe, faction, award, body })
}
