//! The factions that humans hold.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::time::Duration;

use parking_lot::Mutex;
use sector_client::Client;
use sector_client::types::{FactionList, FactionSeat};
use sector_sim::FactionId;

/// Longest pause after a failed request: no faction is played before the claims are known.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The factions that humans hold, as far as known.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    universe: String,
    humans: BTreeSet<FactionId>,
}

impl Claims {
    /// The factions that humans hold in a universe; `None` before the first response. Empty for a
    /// newer universe, because claims end with their universe.
    pub(crate) fn humans(&self, universe: &str) -> Option<BTreeSet<FactionId>> {
        let known = self.known.lock();
        let known = known.as_ref()?;
        Some(if known.universe == universe { known.humans.clone() } else { BTreeSet::new() })
    }

    /// Records that a human holds a faction.
    pub(crate) fn note(&self, universe: &str, faction: FactionId) {
        let mut known = self.known.lock();
        match known.as_mut().filter(|known| known.universe == universe) {
            Some(known) => drop(known.humans.insert(faction)),
            None => {
                *known = Some(Known {
                    universe: universe.to_owned(),
                    humans: BTreeSet::from([faction]),
                });
            }
        }
    }

    fn learn(&self, list: FactionList) {
        let is_human = |seat: &&FactionSeat| seat.claimed && seat.autopilot != Some(true);
        let humans = list.factions.iter().filter(is_human).map(|seat| seat.id).collect();
        let mut known = self.known.lock();
        let before = known
            .as_ref()
            .filter(|before| before.universe == list.universe_id)
            .map(|known| &known.humans);
        if before.is_none_or(|before| *before != humans) {
            tracing::info!(universe = list.universe_id, ?humans, "claims changed");
        }
        *known = Some(Known { universe: list.universe_id, humans });
    }

    /// Requests the claims once per interval, forever.
    pub(crate) async fn watch(&self, client: &Client, interval: Duration) -> Infallible {
        let mut is_failing = false;
        loop {
            match client.factions().await {
                Ok(list) => {
                    self.learn(list);
                    is_failing = false;
                }
                Err(error) => {
                    if !is_failing {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "cannot read claims"
                        );
                    }
                    is_failing = true;
                    tokio::time::sleep(interval.min(AFTER_FAILURE)).await;
                    continue;
                }
            }
            tokio::time::sleep(interval).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_end_with_their_universe() {
        let (claims, one) = (Claims::default(), FactionId::starter(0).unwrap());
        assert_eq!(claims.humans("u-1"), None);
        claims.note("u-1", one);
        assert_eq!(claims.humans("u-1"), Some(BTreeSet::from([one])));
        assert_eq!(claims.humans("u-2"), Some(BTreeSet::new()));
        claims.note("u-1", FactionId::LEAGUE);
        assert_eq!(claims.humans("u-1"), Some(BTreeSet::from([one, FactionId::LEAGUE])));
        claims.note("u-2", one);
        assert_eq!(claims.humans("u-1"), Some(BTreeSet::new()));
    }

    #[test]
    fn a_response_replaces_recorded_claims() {
        let seat = |id: &str, claimed: bool| {
            let controller = if claimed { "human" } else { "bot" };
            format!(
                r##"{{"id":"{id}","name":"x","color":"#000000","kind":"starter","alive":true,"systems":1,"value":1,
                "strength":1,"claimed":{claimed},"claimable":{},"controller":"{controller}","bot":null}}"##,
                !claimed
            )
        };
        let list = format!(
            r#"{{"universe_id":"u-1","factions":[{},{}]}}"#,
            seat("F1", false),
            seat("F2", true)
        );
        let claims = Claims::default();
        claims.note("u-1", FactionId::starter(0).unwrap());
        claims.learn(serde_json::from_str(&list).unwrap());
        assert_eq!(claims.humans("u-1"), Some(BTreeSet::from([FactionId::starter(1).unwrap()])));
    }
}
