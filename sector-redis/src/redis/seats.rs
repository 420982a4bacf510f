//! Claims: one hash in both directions, changed by scripts that compare the universe.

use async_trait::async_trait;
use redis::ScriptInvocation;

use super::reply::{number, unexpected};
use super::store::RedisStore;
use crate::error::Result;
use crate::ids::UniverseId;
use crate::ids::check_name;
use crate::seat::{Claim, ClaimOutcome, lapsed, touch_resolution_ms};
use crate::store::Claims;

#[async_trait]
impl Claims for RedisStore {
    async fn claim(
        &self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        check_name("faction", faction)?;
        check_name("player", player)?;
        let mut script = on_seats(self.writes(&self.scripts.seat_claim, &keys(self)), universe);
        script.arg(faction).arg(player).arg(now_ms).arg(idle_ms);
        let answer: Vec<String> = self.write_again("claiming a faction", &script).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["claimed"] => Ok(ClaimOutcome::Claimed),
            ["taken"] => Ok(ClaimOutcome::TakenByOther),
            ["holds", held] => Ok(ClaimOutcome::AlreadyHolds(held.to_owned())),
            ["universe"] => Ok(ClaimOutcome::WrongUniverse),
            _ => Err(unexpected("seats", format!("{answer:?}"))),
        }
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        let mut script = on_seats(self.writes(&self.scripts.seat_release, &keys(self)), universe);
        script.arg(player);
        self.write("releasing a claim", &script).await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        let script = on_seats(self.writes(&self.scripts.seat_release_all, &keys(self)), universe);
        self.write("releasing all claims", &script).await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        let script = on_seats(self.reads(&self.scripts.seat_list, &keys(self)), universe);
        let row: Vec<String> = self.link.read("reading claims", &script).await?;
        claims_of(row, now_ms, idle_ms)
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        let mut script = on_seats(self.writes(&self.scripts.seat_touch, &keys(self)), universe);
        script.arg(player).arg(now_ms).arg(idle_ms).arg(touch_resolution_ms(idle_ms));
        self.write_again("noting a player", &script).await
    }
}

fn keys(store: &RedisStore) -> [&str; 2] {
    [&store.keys.world, &store.keys.seats]
}

/// The first argument of every script on seats is the universe.
fn on_seats<'a>(mut script: ScriptInvocation<'a>, universe: &UniverseId) -> ScriptInvocation<'a> {
    script.arg(universe);
    script
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
