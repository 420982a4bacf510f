//! Digest of a whole state.
//!
//! The digest is the wrapping sum of one hash per system, fleet and faction, and one for the rest,
//! so a tick only has to rehash what it changed. Each hash is XXH3 (64 bit) over little-endian
//! words that start with the kind and id of the entity. The digest detects faults, not forgery: use
//! the hashes of replays as proof.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_64;

use crate::board::{Board, Faction, Fleet, Place, System};
use crate::ids::{FACTION_IDS, FactionId, SystemId};
use crate::map::Map;

/// Digest of a state; 16 hexadecimal digits on the wire.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(value_type = String, examples("0123456789abcdef")))]
pub struct Digest(pub u64);

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// Not a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a digest must be 16 hexadecimal digits")]
pub struct BadDigest;

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Digest, BadDigest> {
        if text.len() != 16 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(BadDigest);
        }
        u64::from_str_radix(text, 16).map(Digest).map_err(|_| BadDigest)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Words of 64 bits, hashed as little-endian bytes.
struct Words<const N: usize> {
    bytes: [[u8; 8]; N],
    length: usize,
}

impl<const N: usize> Words<N> {
    fn new(kind: u64) -> Words<N> {
        Words { bytes: [[0; 8]; N], length: 0 }.with(kind)
    }

    fn with(mut self, word: u64) -> Words<N> {
        if let Some(bytes) = self.bytes.get_mut(self.length) {
            *bytes = word.to_le_bytes();
        }
        self.length += 1;
        self
    }

    fn signed(self, word: i64) -> Words<N> {
        self.with(word as u64)
    }

    fn faction(self, faction: Option<FactionId>) -> Words<N> {
        self.with(faction.map_or(0, |faction| faction.index() as u64 + 1))
    }

    fn system(self, system: Option<SystemId>) -> Words<N> {
        self.with(system.map_or(0, |system| u64::from(system.0) + 1))
    }

    fn hash(&self) -> u64 {
        debug_assert_eq!(self.length, N);
        xxh3_64(self.bytes.as_flattened())
    }
}

pub(crate) fn system_hash(id: SystemId, system: &System) -> u64 {
    Words::<14>::new(1)
        .with(u64::from(id.0))
        .faction(system.owner)
        .signed(system.garrison)
        .signed(system.stability)
        .signed(system.unrest)
        .signed(system.heat)
        .signed(system.reclaim_cooldown)
        .signed(system.maturity)
        .with(system.focus as u64)
        .faction(system.occupation_faction)
        .signed(system.occupation_progress)
        .faction(system.siege_owner)
        .signed(system.siege_strength)
        .hash()
}

/// Hash of a whole route in travel order, in chunks that each include the hash of the previous
/// ones.
fn route_hash(mut route: impl Iterator<Item = SystemId>) -> u64 {
    const SYSTEMS: usize = 28;
    let mut hash = 0u64;
    loop {
        let mut bytes = [0; 16 + 4 * SYSTEMS];
        bytes[..8].copy_from_slice(&2u64.to_le_bytes());
        bytes[8..16].copy_from_slice(&hash.to_le_bytes());
        let mut end = 16;
        for system in route.by_ref().take(SYSTEMS) {
            bytes[end..end + 4].copy_from_slice(&system.0.to_le_bytes());
            end += 4;
        }
        if end == 16 {
            return hash;
        }
        hash = xxh3_64(&bytes[..end]);
    }
}

pub(crate) fn fleet_hash(fleet: &Fleet) -> u64 {
    let (a, b, departed, arrives) = match fleet.place {
        Place::At(system) => (Some(system), None, 0, 0),
        Place::Lane { from, to, departed, arrives } => (Some(from), Some(to), departed, arrives),
    };
    let route = route_hash(fleet.route());
    Words::<10>::new(3)
        .with(u64::from(fleet.id.0))
        .faction(Some(fleet.owner))
        .signed(fleet.strength)
        .signed(fleet.max_strength)
        .system(a)
        .system(b)
        .with(departed)
        .with(arrives)
        .with(route)
        .hash()
}

fn faction_hash(faction: &Faction) -> u64 {
    Words::<13>::new(4)
        .faction(Some(faction.id))
        .with(u64::from(faction.alive))
        .faction(faction.parent)
        .system(faction.home)
        .system(faction.muster)
        .signed(faction.build_stock)
        .signed(faction.economy)
        .signed(faction.systems)
        .signed(faction.value)
        .signed(faction.fleets)
        .signed(faction.strength)
        .signed(faction.domination_ticks)
        .hash()
}

fn rest_hash(board: &Board) -> u64 {
    let (winner, cause, ended) = match board.result {
        Some(outcome) => (outcome.winner, outcome.cause as u64 + 1, outcome.tick),
        None => (None, 0, 0),
    };
    Words::<7>::new(5)
        .with(board.seed)
        .with(board.tick)
        .with(u64::from(board.next_fleet_id.0))
        .faction(winner)
        .with(cause)
        .with(ended)
        .hash()
}

fn map_hash(map: &Map) -> u64 {
    let mut sum = 0u64;
    for (index, site) in map.sites().iter().enumerate() {
        let hash = Words::<7>::new(6)
            .with(index as u64)
            .with(u64::from(site.x))
            .with(u64::from(site.y))
            .with(u64::from(site.value))
            .with(site.kind as u64)
            .with(xxh3_64(site.name.as_bytes()))
            .hash();
        sum = sum.wrapping_add(hash);
    }
    for lane in map.lanes() {
        let hash = Words::<4>::new(7)
            .with(u64::from(lane.a.0))
            .with(u64::from(lane.b.0))
            .with(u64::from(lane.ticks))
            .hash();
        sum = sum.wrapping_add(hash);
    }
    sum
}

/// Digest of a board, computed from scratch.
#[must_use]
pub fn digest_of(map: &Map, board: &Board) -> Digest {
    let systems = board
        .systems
        .iter()
        .enumerate()
        .map(|(index, system)| system_hash(SystemId(index as u32), system));
    let fleets = board.fleets.iter().map(fleet_hash);
    let factions = board.factions.iter().map(faction_hash);
    let sum = systems.chain(fleets).chain(factions).fold(map_hash(map), u64::wrapping_add);
    Digest(sum.wrapping_add(rest_hash(board)))
}

/// Hashes that add up to a world's digest; a tick replaces only those that changed.
#[derive(Clone, Debug)]
pub(crate) struct Hashes {
    sum: u64,
    systems: Vec<u64>,
    fleets: Vec<u64>,
    factions: [u64; FACTION_IDS],
}

impl Hashes {
    pub(crate) fn new(map: &Map) -> Hashes {
        Hashes {
            sum: map_hash(map),
            systems: vec![0; map.len()],
            fleets: Vec::new(),
            factions: [0; FACTION_IDS],
        }
    }

    pub(crate) fn grow_fleets(&mut self, slots: usize) {
        if slots > self.fleets.len() {
            self.fleets.resize(slots, 0);
        }
    }

    fn replace(sum: &mut u64, known: &mut u64, new: u64) -> bool {
        let before = std::mem::replace(known, new);
        *sum = sum.wrapping_sub(before).wrapping_add(new);
        before != new
    }

    /// Updates the hash of a system. Returns whether it changed.
    pub(crate) fn system(&mut self, id: SystemId, hash: u64) -> bool {
        Hashes::replace(&mut self.sum, &mut self.systems[id.index()], hash)
    }

    /// Updates the hash of the fleet in a slot, 0 if removed. Returns whether it changed.
    pub(crate) fn fleet(&mut self, slot: u32, hash: u64) -> bool {
        Hashes::replace(&mut self.sum, &mut self.fleets[slot as usize], hash)
    }

    /// Updates the hash of a faction. Returns whether it changed.
    pub(crate) fn faction(&mut self, faction: &Faction) -> bool {
        Hashes::replace(
            &mut self.sum,
            &mut self.factions[faction.id.index()],
            faction_hash(faction),
        )
    }

    /// Digest, after all changed hashes were updated.
    pub(crate) fn digest(&self, board: &Board) -> Digest {
        Digest(self.sum.wrapping_add(rest_hash(board)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Routes that differ in one system, in order or in length have different words, also at
        /// chunk boundaries.
        #[test]
        fn different_routes_have_different_words(route in proptest::collection::vec(0..50u32, 0..90), at in 0..90usize) {
            let hash = |route: &[u32]| route_hash(route.iter().copied().map(SystemId));
            let known = hash(&route);
            prop_assert_eq!(known == 0, route.is_empty());
            let mut longer = route.clone();
            longer.insert(at % (route.len() + 1), 0);
            prop_assert_ne!(hash(&longer), known);
            if !route.is_empty() {
                let mut other = route.clone();
                other[at % route.len()] ^= 1;
                prop_assert_ne!(hash(&other), known);
                let mut turned = route.clone();
                turned.rotate_left(1);
                prop_assert_eq!(hash(&turned) == known, turned == route);
            }
        }
    }
}
