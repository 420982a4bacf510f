//! Seats, kept in both directions: faction → player and player → faction.

use async_trait::async_trait;
use redb::{ReadTransaction, ReadableTable, WriteTransaction};

use super::store::EmbeddedStore;
use super::tables::{self, PLAYERS, SEATS};
use super::writer::Change;
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::ids::check_name;
use crate::order::{OrderBatch, Right};
use crate::seat::{Claim, ClaimOutcome, lapsed, touch_resolution_ms};
use crate::store::Claims;

#[async_trait]
impl Claims for EmbeddedStore {
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
        let universe = universe.clone();
        let (faction, player) = (faction.to_owned(), player.to_owned());
        self.writer
            .write(move |txn| {
                let (faction, player) = (faction.as_str(), player.as_str());
                if !runs(txn, &universe)? {
                    return Ok(Change::none(ClaimOutcome::WrongUniverse));
                }
                let own = seat_of(txn, player)?;
                let standing =
                    own.as_ref().filter(|(_, seen_ms)| !lapsed(*seen_ms, now_ms, idle_ms));
                if let Some((held, _)) = standing {
                    if held != faction {
                        return Ok(Change::none(ClaimOutcome::AlreadyHolds(held.clone())));
                    }
                    txn.open_table(PLAYERS)?.insert(player, (faction, now_ms))?;
                    return Ok(Change::wrote(ClaimOutcome::Claimed));
                }
                let holder =
                    txn.open_table(SEATS)?.get(faction)?.map(|row| row.value().0.to_owned());
                if let Some(holder) = &holder
                    && let Some((_, seen_ms)) = seat_of(txn, holder)?
                    && !lapsed(seen_ms, now_ms, idle_ms)
                {
                    return Ok(Change::none(ClaimOutcome::TakenByOther));
                }
                if let Some(holder) = &holder {
                    remove(txn, faction, holder)?;
                }
                if let Some((held, _)) = &own {
                    remove(txn, held, player)?;
                }
                txn.open_table(SEATS)?.insert(faction, (player, now_ms))?;
                txn.open_table(PLAYERS)?.insert(player, (faction, now_ms))?;
                Ok(Change::wrote(ClaimOutcome::Claimed))
            })
            .await
    }

    async fn release(&self, universe: &UniverseId, player: &str) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.writer
            .write(move |txn| {
                if runs(txn, &universe)?
                    && let Some((faction, _)) = seat_of(txn, &player)?
                {
                    remove(txn, &faction, &player)?;
                    return Ok(Change::wrote(Some(faction)));
                }
                Ok(Change::none(None))
            })
            .await
    }

    async fn release_all(&self, universe: &UniverseId) -> Result<u64> {
        let universe = universe.clone();
        self.writer
            .write(move |txn| {
                if !runs(txn, &universe)? {
                    return Ok(Change::none(0));
                }
                let mut count = 0;
                txn.open_table(SEATS)?.retain(|_, _| {
                    count += 1;
                    false
                })?;
                txn.open_table(PLAYERS)?.retain(|_, _| false)?;
                Ok(Change::wrote(count))
            })
            .await
    }

    async fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        let universe = universe.clone();
        self.read(move |txn| {
            if tables::world_now(txn)?.is_none_or(|world| world.universe != universe) {
                return Ok(Vec::new());
            }
            let mut claims = all(txn)?;
            claims.retain(|claim| !lapsed(claim.seen_ms, now_ms, idle_ms));
            Ok(claims)
        })
        .await
    }

    async fn touch(
        &self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<Option<String>> {
        let (universe, player) = (universe.clone(), player.to_owned());
        self.writer
            .write(move |txn| {
                if !runs(txn, &universe)? {
                    return Ok(Change::none(None));
                }
                let seat = seat_of(txn, &player)?;
                let Some((faction, seen_ms)) =
                    seat.filter(|(_, seen_ms)| !lapsed(*seen_ms, now_ms, idle_ms))
                else {
                    return Ok(Change::none(None));
                };
                if now_ms.saturating_sub(seen_ms) < touch_resolution_ms(idle_ms) {
                    return Ok(Change::none(Some(faction)));
                }
                txn.open_table(PLAYERS)?.insert(player.as_str(), (faction.as_str(), now_ms))?;
                Ok(Change::wrote(Some(faction)))
            })
            .await
    }
}

/// All claims, including lapsed ones.
pub(super) fn all(txn: &ReadTransaction) -> Result<Vec<Claim>> {
    let players = txn.open_table(PLAYERS)?;
    let mut claims = Vec::new();
    for row in txn.open_table(SEATS)?.iter()? {
        let (faction, seat) = row?;
        let (player, since_ms) = seat.value();
        let seen_ms = players.get(player)?.map_or(since_ms, |row| row.value().1);
        claims.push(Claim {
            faction: faction.value().to_owned(),
            player: player.to_owned(),
            since_ms,
            seen_ms,
        });
    }
    Ok(claims)
}

fn runs(txn: &WriteTransaction, universe: &UniverseId) -> Result<bool> {
    Ok(tables::world(txn)?.is_some_and(|world| world.universe == *universe))
}

/// The faction a player holds and when it was seen, lapsed or not.
fn seat_of(txn: &WriteTransaction, player: &str) -> Result<Option<(String, u64)>> {
    let players = txn.open_table(PLAYERS)?;
    let row = players.get(player)?;
    Ok(row.map(|row| {
        let (faction, seen_ms) = row.value();
        (faction.to_owned(), seen_ms)
    }))
}

fn remove(txn: &WriteTransaction, faction: &str, player: &str) -> Result<()> {
    txn.open_table(SEATS)?.remove(faction)?;
    txn.open_table(PLAYERS)?.remove(player)?;
    Ok(())
}

/// Refuses a batch whose right does not hold. Says which faction's holder counts as seen by it.
pub(super) fn judge(txn: &WriteTransaction, batch: &OrderBatch) -> Result<Option<String>> {
    match &batch.right {
        Right::Any => Ok(None),
        Right::Seat { faction, idle_ms } => {
            let held = seat_of(txn, &batch.player)?
                .filter(|(_, seen_ms)| !lapsed(*seen_ms, batch.at_ms, *idle_ms));
            match held {
                Some((held, seen_ms)) if held == *faction => {
                    let is_worth_noting =
                        batch.at_ms.saturating_sub(seen_ms) >= touch_resolution_ms(*idle_ms);
                    Ok(is_worth_noting.then_some(held))
                }
                held => Err(Error::NotYourSeat { held: held.map(|(held, _)| held) }),
            }
        }
        Right::Unclaimed { factions, idle_ms } => {
            let seats = txn.open_table(SEATS)?;
            let mut taken = Vec::new();
            for faction in factions {
                let holder = seats.get(faction.as_str())?.map(|row| row.value().0.to_owned());
                let Some(holder) = holder else { continue };
                let seat = seat_of(txn, &holder)?;
                if seat.is_some_and(|(_, seen_ms)| !lapsed(seen_ms, batch.at_ms, *idle_ms)) {
                    taken.push(faction.clone());
                }
            }
            if taken.is_empty() { Ok(None) } else { Err(Error::SeatTaken { factions: taken }) }
        }
    }
}

/// Notes that the batch's player, who holds the faction, was seen.
pub(super) fn note(txn: &WriteTransaction, batch: &OrderBatch, faction: &str) -> Result<()> {
    txn.open_table(PLAYERS)?.insert(batch.player.as_str(), (faction, batch.at_ms))?;
    Ok(())
}
