//! The seats of players.

use super::state::State;
use sector_redis::UniverseId;
use sector_redis::error::{Error, Result};
use sector_redis::order::{OrderBatch, Right};
use sector_redis::seat::{Claim, ClaimOutcome, lapsed, touch_resolution_ms};

impl State {
    pub(super) fn runs(&self, universe: &UniverseId) -> bool {
        self.world.as_ref().is_some_and(|world| world.universe == *universe)
    }

    pub(super) fn claim(
        &mut self,
        universe: &UniverseId,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> ClaimOutcome {
        if !self.runs(universe) {
            return ClaimOutcome::WrongUniverse;
        }
        let own = self.players.get(player).cloned();
        if let Some((held, seen_ms)) = &own
            && !lapsed(*seen_ms, now_ms, idle_ms)
        {
            if held != faction {
                return ClaimOutcome::AlreadyHolds(held.clone());
            }
            self.players.insert(player.to_owned(), (faction.to_owned(), now_ms));
            return ClaimOutcome::Claimed;
        }
        if let Some((holder, _)) = self.seats.get(faction).cloned() {
            if self
                .players
                .get(&holder)
                .is_some_and(|(_, seen_ms)| !lapsed(*seen_ms, now_ms, idle_ms))
            {
                return ClaimOutcome::TakenByOther;
            }
            self.players.remove(&holder);
        }
        if let Some((held, _)) = own {
            self.seats.remove(&held);
        }
        self.seats.insert(faction.to_owned(), (player.to_owned(), now_ms));
        self.players.insert(player.to_owned(), (faction.to_owned(), now_ms));
        ClaimOutcome::Claimed
    }

    pub(super) fn release_seat(&mut self, universe: &UniverseId, player: &str) -> Option<String> {
        if !self.runs(universe) {
            return None;
        }
        let (faction, _) = self.players.remove(player)?;
        self.seats.remove(&faction);
        Some(faction)
    }

    pub(super) fn release_all(&mut self, universe: &UniverseId) -> u64 {
        if !self.runs(universe) {
            return 0;
        }
        let count = self.seats.len();
        self.seats.clear();
        self.players.clear();
        count as u64
    }

    pub(super) fn touch(
        &mut self,
        universe: &UniverseId,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Option<String> {
        if !self.runs(universe) {
            return None;
        }
        let (faction, seen_ms) = self.players.get_mut(player)?;
        if lapsed(*seen_ms, now_ms, idle_ms) {
            return None;
        }
        if now_ms.saturating_sub(*seen_ms) >= touch_resolution_ms(idle_ms) {
            *seen_ms = now_ms;
        }
        Some(faction.clone())
    }

    pub(super) fn claims(&self, universe: &UniverseId, now_ms: u64, idle_ms: u64) -> Vec<Claim> {
        if !self.runs(universe) {
            return Vec::new();
        }
        let mut claims = Vec::new();
        for (faction, (player, since_ms)) in &self.seats {
            let seen_ms = self.players.get(player).map_or(*since_ms, |(_, seen_ms)| *seen_ms);
            if !lapsed(seen_ms, now_ms, idle_ms) {
                let (faction, player) = (faction.clone(), player.clone());
                claims.push(Claim { faction, player, since_ms: *since_ms, seen_ms });
            }
        }
        claims
    }

    /// Refuses a batch whose right does not hold. Says what the player's row becomes by it.
    pub(super) fn judge(&self, batch: &OrderBatch) -> Result<Option<(String, u64)>> {
        let seat_of = |player: &str, idle_ms| {
            let seat = self.players.get(player);
            seat.filter(|(_, seen_ms)| !lapsed(*seen_ms, batch.at_ms, idle_ms))
        };
        match &batch.right {
            Right::Any => Ok(None),
            Right::Seat { faction, idle_ms } => match seat_of(&batch.player, *idle_ms) {
                Some((held, seen_ms)) if held == faction => {
                    let is_worth_noting =
                        batch.at_ms.saturating_sub(*seen_ms) >= touch_resolution_ms(*idle_ms);
                    Ok(is_worth_noting.then(|| (held.clone(), batch.at_ms)))
                }
                held => Err(Error::NotYourSeat { held: held.map(|(held, _)| held.clone()) }),
            },
            Right::Unclaimed { factions, idle_ms } => {
                let is_held = |faction: &&String| {
                    self.seats
                        .get(*faction)
                        .is_some_and(|(holder, _)| seat_of(holder, *idle_ms).is_some())
                };
                let taken: Vec<String> = factions.iter().filter(is_held).cloned().collect();
                if taken.is_empty() { Ok(None) } else { Err(Error::SeatTaken { factions: taken }) }
            }
        }
    }
}
