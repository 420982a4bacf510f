//! Seats: one hash, both directions, changed by scripts that know the running universe.

use redis::ScriptInvocation;

use super::reply::{number, unexpected};
use super::store::RedisStore;
use crate::error::Result;
use crate::ids::UniverseId;
use crate::order::check_name;
use crate::seat::{Claim, ClaimOutcome, lapsed, touch_resolution_ms};

fn keys(store: &RedisStore) -> [&str; 2] {
    [&store.keys.world, &store.keys.seats]
}

/// The first argument of every script on seats is the universe.
fn on_seats<'a>(mut script: ScriptInvocation<'a>, universe: &UniverseId) -> ScriptInvocation<'a> {
    script.arg(universe);
    script
}

pub(super) async fn claim(
    store: &RedisStore,
    universe: &UniverseId,
    faction: &str,
    player: &str,
    now_ms: u64,
    idle_ms: u64,
) -> Result<ClaimOutcome> {
    check_name("faction", faction)?;
    check_name("player", player)?;
    let mut script = on_seats(store.writes(&store.scripts.seat_claim, &keys(store)), universe);
    script.arg(faction).arg(player).arg(now_ms).arg(idle_ms);
    let answer: Vec<String> = store.write_again("claiming a faction", &script).await?;
    match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["claimed"] => Ok(ClaimOutcome::Claimed),
        ["taken"] => Ok(ClaimOutcome::TakenByOther),
        ["holds", held] => Ok(ClaimOutcome::AlreadyHolds(held.to_owned())),
        ["universe"] => Ok(ClaimOutcome::WrongUniverse),
        _ => Err(unexpected("seats", format!("{answer:?}"))),
    }
}

pub(super) async fn release(
    store: &RedisStore,
    universe: &UniverseId,
    player: &str,
) -> Result<Option<String>> {
    let mut script = on_seats(store.writes(&store.scripts.seat_release, &keys(store)), universe);
    script.arg(player);
    store.write("releasing a claim", &script).await
}

pub(super) async fn release_all(store: &RedisStore, universe: &UniverseId) -> Result<u64> {
    let script = on_seats(store.writes(&store.scripts.seat_release_all, &keys(store)), universe);
    store.write("releasing all claims", &script).await
}

pub(super) async fn claims(
    store: &RedisStore,
    universe: &UniverseId,
    now_ms: u64,
    idle_ms: u64,
) -> Result<Vec<Claim>> {
    let script = on_seats(store.reads(&store.scripts.seat_list, &keys(store)), universe);
    let row: Vec<String> = store.link.read("reading claims", &script).await?;
    claims_of(row, now_ms, idle_ms)
}

pub(super) async fn touch(
    store: &RedisStore,
    universe: &UniverseId,
    player: &str,
    now_ms: u64,
    idle_ms: u64,
) -> Result<Option<String>> {
    let mut script = on_seats(store.writes(&store.scripts.seat_touch, &keys(store)), universe);
    script.arg(player).arg(now_ms).arg(idle_ms).arg(touch_resolution_ms(idle_ms));
    store.write_again("noting a player", &script).await
}

/// Both directions of the seats, as stored, into the claims that have not lapsed.
pub(super) fn claims_of(row: Vec<String>, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
    let what = "seats";
    let refused = || unexpected(what, "a row is not a time with a name");
    let mut by_faction = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let mut row = row.into_iter();
    while let (Some(field), Some(value)) = (row.next(), row.next()) {
        let (time, name) = value.split_once(' ').ok_or_else(refused)?;
        let time = number(what, time)?;
        match field.split_once('\x1f').ok_or_else(refused)? {
            ("f", faction) => by_faction.push((faction.to_owned(), name.to_owned(), time)),
            ("p", player) => {
                seen.insert(player.to_owned(), time);
            }
            _ => return Err(refused()),
        }
    }
    by_faction.sort();
    let mut claims = Vec::new();
    for (faction, player, since_ms) in by_faction {
        let seen_ms = *seen.get(&player).ok_or_else(refused)?;
        if !lapsed(seen_ms, now_ms, idle_ms) {
            claims.push(Claim { faction, player, since_ms, seen_ms });
        }
    }
    Ok(claims)
}
