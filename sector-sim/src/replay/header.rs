//! Header of a replay: its first frame.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::ids::{FACTION_IDS, FactionId, MAX_STARTERS};
use crate::map::MAX_SYSTEMS;
use crate::replay::error::ReplayError;
use crate::replay::hash::Sha256;
use crate::replay::journal::REPLAY_FORMAT;
use crate::rules::{Personality, RULES_VERSION, Rules};
use crate::snapshot::Universe;
use crate::world::{Size, World};

/// The version of the format that is written.
pub const FORMAT_VERSION: u32 = 2;
/// Ticks from keyframe to keyframe, unless something else is asked for.
pub const KEYFRAME_TICKS: u64 = 100;

/// Player of a faction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The faction, also one that may yet come.
    pub faction: FactionId,
    /// The name of the strategy that plays it (see [`crate::strategy::by_name`]), or whatever the player is called.
    pub player: String,
    /// The traits that the strategy plays with.
    pub personality: Personality,
}

/// The header of a replay: everything that a run grows from.
///
/// [`Header::of`] fills in what follows from the world; the other fields are the recorder's to set.
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
    /// The version of the format: [`FORMAT_VERSION`], or 1 for a replay of that version.
    pub version: u32,
    /// The version of the engine that made the run.
    pub engine: String,
    /// The commit that the engine was built from, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// [`RULES_VERSION`] of the recording engine.
    pub rules_version: u32,
    /// The SHA-256 of the canonical JSON of the rules.
    pub rules_hash: Sha256,
    /// Id of the universe.
    pub universe_id: String,
    /// The seed.
    pub seed: u64,
    /// Number of systems.
    pub systems: u32,
    /// Number of starting factions.
    pub factions: u8,
    /// Known players, at most one per faction.
    #[serde(default)]
    pub seats: Vec<Seat>,
    /// When the run started, in milliseconds since 1970, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// Ticks from keyframe to keyframe; 0 when there is none after that of tick 0.
    pub keyframe_ticks: u64,
    /// The digest of tick 0.
    pub digest: Digest,
    /// The rules, whole, as JSON: those of another rules version may have other keys.
    pub rules: Value,
}

impl Header {
    /// The header for a run that begins with this world. Nobody is seated, and commit and time are unknown.
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

    /// The rules.
    ///
    /// # Errors
    /// [`ReplayError::Rules`] when they are not rules as this engine knows them.
    pub fn rules(&self) -> Result<Rules, ReplayError> {
        Rules::deserialize(&self.rules).map_err(ReplayError::Rules)
    }

    /// The seat of a faction, if it is named.
    #[must_use]
    pub fn seat(&self, faction: FactionId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.faction == faction)
    }

    /// Whether this engine plays these rules like the recorder.
    ///
    /// # Errors
    /// [`ReplayError::RulesVersion`] when they meant something else then.
    pub fn check_rules_version(&self) -> Result<(), ReplayError> {
        if self.rules_version == RULES_VERSION {
            Ok(())
        } else {
            Err(ReplayError::RulesVersion { recorded: self.rules_version })
        }
    }

    /// The world at tick 0.
    ///
    /// # Errors
    /// [`ReplayError`] when the rules are of another version, when rules, seed or size are impossible, or when the
    /// world that they give has another digest.
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

    /// The universe named in snapshots of this run.
    #[must_use]
    pub fn universe(&self) -> Universe {
        let rules = self.rules.get("name").and_then(Value::as_str).unwrap_or_default();
        Universe { id: self.universe_id.clone(), tick_delay_ms: 0, rules: rules.to_owned() }
    }

    /// Checks what can be checked without playing: values in their ranges, and the hash of the rules.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.seed > crate::draw::MAX_SEED {
            return Err(format!(
                "seed = {} is not allowed; allowed are 0 to {}",
                self.seed,
                crate::draw::MAX_SEED
            ));
        }
        if !(2..=MAX_SYSTEMS).contains(&self.systems) {
            return Err(format!(
                "systems = {} is not allowed; allowed are 2 to {MAX_SYSTEMS}",
                self.systems
            ));
        }
        if !(2..=MAX_STARTERS).contains(&self.factions) {
            return Err(format!(
                "factions = {} is not allowed; allowed are 2 to {MAX_STARTERS}",
                self.factions
            ));
        }
        let mut seated = [false; FACTION_IDS];
        for seat in &self.seats {
            if std::mem::replace(&mut seated[seat.faction.index()], true) {
                return Err(format!(
                    "seats names {} twice; allowed is one seat a faction",
                    seat.faction
                ));
            }
            seat.personality
                .check()
                .map_err(|error| format!("the seat of {}: {error}", seat.faction))?;
        }
        let found = rules_hash(&self.rules);
        if found != self.rules_hash {
            return Err(format!(
                "rules_hash = {} is not the hash of the rules, which is {found}",
                self.rules_hash
            ));
        }
        Ok(())
    }
}

pub(crate) fn rules_value(rules: &Rules) -> Value {
    // Names and integers alone: nothing that JSON could not hold.
    serde_json::to_value(rules).unwrap_or_default()
}

/// The SHA-256 of the canonical JSON of some rules.
#[must_use]
pub fn rules_hash(rules: &Value) -> Sha256 {
    let mut text = String::new();
    canonical(rules, &mut text);
    Sha256::of(&[text.as_bytes()])
}

/// JSON without blanks, the keys of each object in the order of their bytes.
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
