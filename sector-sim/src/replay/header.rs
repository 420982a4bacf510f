//! Header of a replay: its first frame.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::ids::{FACTION_IDS, FactionId, MAX_STARTERS};
use crate::map::MAX_SYSTEMS;
use crate::replay::error::{Fault, ReplayError};
use crate::replay::hash::Sha256;
use crate::replay::journal::REPLAY_FORMAT;
use crate::rules::{Personality, RULES_VERSION, Rules};
use crate::snapshot::Universe;
use crate::world::{Size, World};

/// Format version of new replays.
pub const FORMAT_VERSION: u32 = 2;
/// Default keyframe interval, in ticks.
pub const KEYFRAME_TICKS: u64 = 100;

/// Player of a faction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// Faction, which may appear only later in the run.
    pub faction: FactionId,
    /// Name of the strategy (see [`crate::strategy::by_name`]) or of the player.
    pub player: String,
    /// Traits of the player.
    pub personality: Personality,
}

/// Header of a replay: everything needed to start the run.
///
/// [`Header::of`] sets what follows from the world; the recorder sets the other fields.
///
/// ```
/// use sector_sim::{Rules, World};
/// use sector_sim::replay::Header;
/// let world = World::new(Rules::classic().into(), 7).unwrap();
/// let header = Header::of("u-1", &world);
/// assert_eq!((header.seed, header.systems, header.factions), (7, 30, 5));
/// assert_eq!(header.world().unwrap().digest(), world.digest());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`REPLAY_FORMAT`].
    pub format: String,
    /// Format version: [`FORMAT_VERSION`], or 1 for older replays.
    pub version: u32,
    /// Version of the recording engine.
    pub engine: String,
    /// Commit of the recording engine, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// [`RULES_VERSION`] of the recording engine.
    pub rules_version: u32,
    /// SHA-256 of the canonical JSON of the rules.
    pub rules_hash: Sha256,
    /// Id of the universe.
    pub universe_id: String,
    /// Seed of the universe, 0 to 2^53 − 1.
    pub seed: u64,
    /// Number of systems, 2 to 200,000.
    pub systems: u32,
    /// Number of starters, 2 to 64.
    pub factions: u8,
    /// Known players, at most one per faction.
    #[serde(default)]
    pub seats: Vec<Seat>,
    /// Start of the run, in milliseconds since 1970, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Keyframe interval, in ticks; 0 for no keyframes after tick 0.
    pub keyframe_ticks: u64,
    /// Digest of tick 0.
    pub digest: Digest,
    /// The complete rules as JSON, since other rules versions may have other keys.
    pub rules: Value,
}

impl Header {
    /// Header for a run that starts with this world, without seats, commit and start time.
    #[must_use]
    pub fn of(universe_id: &str, world: &World) -> Header {
        let rules = rules_value(world.rules());
        Header {
            format: REPLAY_FORMAT.to_owned(),
            version: FORMAT_VERSION,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            commit: None,
            rules_version: RULES_VERSION,
            rules_hash: rules_hash(&rules),
            universe_id: universe_id.to_owned(),
            seed: world.board().seed(),
            systems: world.map().len() as u32,
            factions: world.map().homes().len() as u8,
            seats: Vec::new(),
            started_ms: None,
            keyframe_ticks: KEYFRAME_TICKS,
            digest: world.digest(),
            rules,
        }
    }

    /// Parsed rules.
    ///
    /// # Errors
    /// [`ReplayError::Rules`] when this engine does not know these rules.
    pub fn rules(&self) -> Result<Rules, ReplayError> {
        Rules::deserialize(&self.rules).map_err(ReplayError::Rules)
    }

    /// Seat of a faction, if recorded.
    #[must_use]
    pub fn seat(&self, faction: FactionId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.faction == faction)
    }

    /// Checks that this engine interprets the rules like the recording engine.
    ///
    /// # Errors
    /// [`ReplayError::RulesVersion`] for another rules version.
    pub fn check_rules_version(&self) -> Result<(), ReplayError> {
        if self.rules_version == RULES_VERSION {
            Ok(())
        } else {
            Err(ReplayError::RulesVersion { recorded: self.rules_version })
        }
    }

    /// World at tick 0.
    ///
    /// # Errors
    /// [`ReplayError`] when the rules have another version, when rules, seed or size are invalid,
    /// or when the digest does not match.
    pub fn world(&self) -> Result<World, ReplayError> {
        self.check_rules_version()?;
        let size = Size { systems: self.systems, factions: self.factions };
        let world = World::with_size(Arc::new(self.rules()?), self.seed, size)?;
        if world.digest() != self.digest {
            return Err(ReplayError::Diverged {
                tick: 0,
                recorded: self.digest,
                found: world.digest(),
            });
        }
        Ok(world)
    }

    /// Universe for snapshots of this run.
    #[must_use]
    pub fn universe(&self) -> Universe {
        let rules = self.rules.get("name").and_then(Value::as_str).unwrap_or_default();
        Universe { id: self.universe_id.clone(), tick_delay_ms: 0, rules: rules.to_owned() }
    }

    /// Checks ranges, seats and the hash of the rules.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let ranges = [
            ("seed", self.seed, 0, crate::draw::MAX_SEED),
            ("systems", self.systems.into(), 2, MAX_SYSTEMS.into()),
            ("factions", self.factions.into(), 2, MAX_STARTERS.into()),
        ];
        for (what, value, least, most) in ranges {
            if !(least..=most).contains(&value) {
                return Err(Fault::range(what, value, least, most));
            }
        }
        let mut seated = [false; FACTION_IDS];
        for seat in &self.seats {
            if std::mem::replace(&mut seated[seat.faction.index()], true) {
                return Err(Fault::Contradiction(format!(
                    "seats has {} twice; allowed is one seat per faction",
                    seat.faction
                )));
            }
            seat.personality.check().map_err(|error| {
                Fault::Contradiction(format!("the seat of {}: {error}", seat.faction))
            })?;
        }
        let found = rules_hash(&self.rules);
        if found != self.rules_hash {
            return Err(Fault::Contradiction(format!(
                "rules_hash = {} does not match the rules; their hash is {found}",
                self.rules_hash
            )));
        }
        Ok(())
    }
}

pub(crate) fn rules_value(rules: &Rules) -> Value {
    // Rules only hold strings and integers, so this cannot fail.
    serde_json::to_value(rules).unwrap_or_default()
}

/// SHA-256 of the canonical JSON of a rule set.
#[must_use]
pub fn rules_hash(rules: &Value) -> Sha256 {
    let mut text = String::new();
    canonical(rules, &mut text);
    Sha256::of(&[text.as_bytes()])
}

/// JSON without whitespace, the keys of each object in byte order.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            text.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(value, text);
            }
            text.push('}');
        }
        Value::Array(values) => {
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                text.push_str(if index > 0 { "," } else { "" });
                canonical(value, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_rules_does_not_hang_on_blanks_or_the_order_of_keys() {
        let one: Value =
            serde_json::from_str(r#"{ "b": [1, {"d": "x\"y", "c": null}], "a": -2 }"#).unwrap();
        let mut text = String::new();
        canonical(&one, &mut text);
        assert_eq!(text, r#"{"a":-2,"b":[1,{"c":null,"d":"x\"y"}]}"#);
    }
}
