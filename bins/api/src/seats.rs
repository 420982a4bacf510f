//! Which faction a player holds, and that the player was seen.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use sector_auth::Address;
use sector_redis::Error as StoreError;

use crate::identity::caller::Person;
use crate::request::call::Call;

/// Shortest time between two notes that a player was seen, in milliseconds.
const SIGHTING_INTERVAL_MS: u64 = 10_000;
/// Most players whose last note is remembered.
const REMEMBERED_MAX: usize = 10_000;

/// When each player was last noted as seen in a sector by this process, in milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    noted: Mutex<HashMap<(String, Address), u64>>,
}

impl Sightings {
    /// Whether it is time for another note; takes it as written if so.
    fn is_due(&self, sector: &str, player: Address, now_ms: u64, interval_ms: u64) -> bool {
        // Nobody panics while the lock is held.
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let player = (sector.to_owned(), player);
        let is_due = |last: u64| now_ms.saturating_sub(last) >= interval_ms;
        if noted.get(&player).is_some_and(|&last| !is_due(last)) {
            return false;
        }
        if noted.len() >= REMEMBERED_MAX {
            noted.retain(|_, last| !is_due(*last));
            if noted.len() >= REMEMBERED_MAX {
                noted.clear();
            }
        }
        noted.insert(player, now_ms);
        true
    }

    fn forget(&self, sector: &str, player: Address) {
        self.noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&(sector.to_owned(), player));
    }
}

/// The faction that the person holds in the universe; notes, not too often, that they were seen.
pub(crate) async fn seat(
    call: &Call,
    universe: &str,
    person: &Person,
) -> Result<Option<String>, StoreError> {
    let (api, sector) = (call.state(), call.sector().name());
    let (now_ms, idle_ms) = (api.now().unix_ms(), api.idle_ms());
    let player = person.player();
    if api.sightings.is_due(sector, person.address, now_ms, SIGHTING_INTERVAL_MS.min(idle_ms / 10))
    {
        let touched = call.store().touch(universe, &player, now_ms, idle_ms).await;
        if touched.is_err() {
            api.sightings.forget(sector, person.address);
        }
        return touched;
    }
    let claims = call.store().claims(universe, now_ms, idle_ms).await?;
    Ok(claims.into_iter().find(|claim| claim.player == player).map(|claim| claim.faction))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_is_noted_once_an_interval() {
        let sightings = Sightings::default();
        let (one, two) = (Address::new([1; 20]), Address::new([2; 20]));
        assert!(sightings.is_due("s", one, 1_000, 100));
        assert!(!sightings.is_due("s", one, 1_099, 100));
        assert!(sightings.is_due("s", two, 1_099, 100));
        assert!(sightings.is_due("another", one, 1_099, 100));
        assert!(sightings.is_due("s", one, 1_100, 100));
        sightings.forget("s", one);
        assert!(sightings.is_due("s", one, 1_101, 100));
    }

    #[test]
    fn memory_is_bounded() {
        let sightings = Sightings::default();
        for number in 0..30_000u32 {
            let mut bytes = [0; 20];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            assert!(sightings.is_due("s", Address::new(bytes), 1_000, 100));
        }
        assert!(sightings.noted.lock().unwrap().len() <= REMEMBERED_MAX);
    }
}
