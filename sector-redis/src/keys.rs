//! Keys of a sector in Redis, with type, writer and lifetime.
//!
//! Names below are the defaults; `sector:` is [`KeyNames::prefix`]. With a
//! [`sector_id`](KeyNames::sector_id) every name begins with `{id}:`, so that all keys of a sector
//! share one slot of a cluster and one script can use them all. A cluster would spread the keys of a
//! sector without an id over its nodes, so it requires an id.
//!
//! Only [`REGISTRY`] is shared: the set of all sectors of this Redis, where services find them.
//! Opening a store adds its id, or [`DEFAULT_SECTOR`] for the sector without one.
//!
//! | key                     | type   | holds                                              | written by  | lives                       |
//! |-------------------------|--------|----------------------------------------------------|-------------|-----------------------------|
//! | `sector:format`         | string | version of this layout, a space, the incarnation   | opening     | for ever                    |
//! | `sector:world`          | hash   | the newest commit, where the checkpoint stands, and its sum | commit | for ever, overwritten  |
//! | `sector:snapshot`       | string | the newest checkpoint, JSON                        | commit      | for ever, overwritten       |
//! | `sector:events`         | stream | `type`, `data`, `sum`; ids `n-0`                   | commit      | the last `event_maxlen`     |
//! | `sector:orders`         | stream | per batch: `of` (universe, player, time, source), then `order` (its sum, its body) per order; the id is that of the last batch | append | until a checkpoint has them |
//! | `sector:orders:last`    | string | number of the last order entry                     | append      | for ever                    |
//! | `sector:client-ids`     | hash   | player, client id → order entry                    | append      | the universe                |
//! | `sector:lease`          | string | `epoch holder`                                     | worker      | the lease's life            |
//! | `sector:lease:epoch`    | string | the last epoch given                               | worker      | for ever                    |
//! | `sector:seats`          | hash   | faction → since, player; player → seen, faction    | claims      | the universe                |
//! | `sector:records`        | list   | replay records of the running universe, by tick, sealed | commit      | the universe                |
//! | `sector:replay:<u>`     | list   | the same of finished universe `u`                  | commit      | the last `keep_runs` runs   |
//! | `sector:runs`           | list   | finished universes, newest first                   | commit      | the last `keep_runs` runs   |
//! | `sector:runs:summaries` | hash   | universe → summary                                 | commit      | the last `keep_runs` runs   |
//! | `sector:runs:headers`   | hash   | universe → replay header, the running one too      | commit      | as the records              |
//! | `sector:awards`         | hash   | `[universe, faction, award]` → body                | commit, api | for ever                    |
//! | `sector:outcomes`       | stream | `player`, `body`, `sum`; ids those of the order entries | commit | the newest `outcomes_kept`  |
//! | `sector:outcomes:of`    | zset   | player, order entry; all of score 0                | commit      | with the outcome            |
//! | `sector:sessions`       | hash   | id → end, owner, body (sealed)                     | api         | until its end, or removed   |
//! | `sector:sessions:ends`  | zset   | id by its end, ms since 1970                       | api         | with the document           |
//! | `sector:sessions:owners` | zset  | owner, id; all of score 0                          | api         | with the document           |
//! | `sector:keys`, `:ends`, `:owners` | | as the sessions                                 | api         | until its end, or removed   |
//! | `sector:replies`, `:ends`, `:owners` | | as the sessions                              | api         | until its end, or removed   |
//! | `sector:keys:networks`, `:ends`, `:owners` | | as the sessions                       | api         | with the key                |
//! | `sector:audit`          | list   | the audit log, by number, sealed                   | api         | for ever                    |
//! | `sector:control`        | hash   | `paused`, `restart`, `restart_seed`, `restart_last`, `backup_at_ms`, `backup_tick` | api, commit | until changed               |
//! | `sector:restoring:<r>:<n>` | any | what restore `r` has prepared so far               | restore     | an hour, or until renamed   |
//! | `sector:nonces:used`, `:ends`, `:owners` | | used login nonces and operator codes, as the sessions | api | until its end    |
//! | `sector:nonces:traces`, `:notes` | hash | value of a pool by its key                 | api, worker | until taken or expired      |
//! | `sector:nonces:traces:ends`, `:notes:ends` | zset | its key by its expiry, ms since 1970 | api, worker | with the value       |
//! | `sectors`               | set    | the sectors of this Redis                          | opening     | for ever                    |
//!
//! A sum is the XXH3 of the payload before it, as 16 hex digits. Sealed values begin with their sum.

use std::collections::BTreeSet;

use crate::document::Shelf;
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::sector_id::SectorId;

/// The key of the set of all sectors.
pub const REGISTRY: &str = "sectors";
/// Name of the sector without an id in [`REGISTRY`]; not a valid [`SectorId`].
pub const DEFAULT_SECTOR: &str = "(default)";

/// Key names that an operator can choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNames {
    /// The event stream (`EVENT_STREAM`).
    pub event_stream: String,
    /// The order stream (`ORDER_STREAM`).
    pub order_stream: String,
    /// The newest checkpoint (`SNAPSHOT_KEY`).
    pub snapshot_key: String,
    /// Prefix of all other names, before a colon.
    pub prefix: String,
    /// The sector's id, which puts all its keys into one slot of a cluster.
    pub sector_id: Option<SectorId>,
}

impl Default for KeyNames {
    fn default() -> Self {
        Self {
            event_stream: "sector:events".into(),
            order_stream: "sector:orders".into(),
            snapshot_key: "sector:snapshot".into(),
            prefix: "sector".into(),
            sector_id: None,
        }
    }
}

/// The keys themselves.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) format: String,
    pub(crate) world: String,
    pub(crate) snapshot: String,
    pub(crate) events: String,
    pub(crate) orders: String,
    pub(crate) last_order: String,
    pub(crate) client_ids: String,
    pub(crate) lease: String,
    pub(crate) epoch: String,
    pub(crate) seats: String,
    pub(crate) records: String,
    pub(crate) runs: String,
    pub(crate) run_summaries: String,
    pub(crate) run_headers: String,
    pub(crate) awards: String,
    pub(crate) control: String,
    nonces: [[String; 2]; Pool::ALL.len()],
    pub(crate) outcomes: String,
    pub(crate) outcomes_of: String,
    pub(crate) audit: String,
    sessions: ShelfKeys,
    bot_keys: ShelfKeys,
    replies: ShelfKeys,
    key_networks: ShelfKeys,
    used: ShelfKeys,
    replay: String,
}

/// The keys of a shelf of documents.
#[derive(Clone, Debug)]
pub(crate) struct ShelfKeys {
    pub(crate) documents: String,
    pub(crate) ends: String,
    pub(crate) owners: String,
}

impl ShelfKeys {
    fn new(documents: &str) -> Self {
        let of = |what: &str| format!("{documents}:{what}");
        Self { documents: documents.to_owned(), ends: of("ends"), owners: of("owners") }
    }

    /// The keys in the order of the scripts.
    pub(crate) fn all(&self) -> [&str; 3] {
        [&self.documents, &self.ends, &self.owners]
    }
}

impl Keys {
    /// # Errors
    /// [`Error::Config`] if a name is empty or contains braces, or two keys have the same name.
    pub(crate) fn new(names: &KeyNames) -> Result<Self> {
        let tag = names.sector_id.as_ref().map(|id| format!("{{{id}}}:")).unwrap_or_default();
        let chosen = |name: &str| format!("{tag}{name}");
        let own = |name: &str| format!("{tag}{}:{name}", names.prefix);
        let keys = Self {
            format: own("format"),
            world: own("world"),
            snapshot: chosen(&names.snapshot_key),
            events: chosen(&names.event_stream),
            orders: chosen(&names.order_stream),
            last_order: own("orders:last"),
            client_ids: own("client-ids"),
            lease: own("lease"),
            epoch: own("lease:epoch"),
            seats: own("seats"),
            records: own("records"),
            runs: own("runs"),
            run_summaries: own("runs:summaries"),
            run_headers: own("runs:headers"),
            awards: own("awards"),
            control: own("control"),
            nonces: Pool::ALL.map(|pool| {
                let values = own(&format!("nonces{}", pool.suffix()));
                let ends = format!("{values}:ends");
                [values, ends]
            }),
            outcomes: own("outcomes"),
            outcomes_of: own("outcomes:of"),
            audit: own("audit"),
            sessions: ShelfKeys::new(&own("sessions")),
            bot_keys: ShelfKeys::new(&own("keys")),
            replies: ShelfKeys::new(&own("replies")),
            key_networks: ShelfKeys::new(&own("keys:networks")),
            used: ShelfKeys::new(&own("nonces:used")),
            replay: own("replay:"),
        };
        for (what, name) in [
            ("event stream", &names.event_stream),
            ("order stream", &names.order_stream),
            ("snapshot key", &names.snapshot_key),
            ("key prefix", &names.prefix),
        ] {
            if name.is_empty() {
                return Err(Error::config(format!("the {what} has no name; give it one")));
            }
            // A brace would break the hash tag.
            if name.contains(['{', '}']) {
                return Err(Error::config(format!(
                    "the {what} is named {name:?}; allowed: any name without braces, which a sector id puts in front"
                )));
            }
        }
        let all = keys.fixed();
        let mut different = BTreeSet::new();
        for key in all {
            if !different.insert(key) || key.starts_with(&keys.replay) || key == REGISTRY {
                return Err(Error::config(format!(
                    "the key {key:?} would be used for two things; choose other names"
                )));
            }
        }
        Ok(keys)
    }

    /// All keys except the replays.
    pub(crate) fn fixed(&self) -> Vec<&str> {
        let mut keys: Vec<&str> = vec![
            &self.format,
            &self.world,
            &self.snapshot,
            &self.events,
            &self.orders,
            &self.last_order,
            &self.client_ids,
            &self.lease,
            &self.epoch,
            &self.seats,
            &self.records,
            &self.runs,
            &self.run_summaries,
            &self.run_headers,
            &self.awards,
            &self.control,
            &self.outcomes,
            &self.outcomes_of,
            &self.audit,
        ];
        keys.extend(self.nonces.as_flattened().iter().map(String::as_str));
        keys.extend(Shelf::ALL.iter().flat_map(|shelf| self.shelf(*shelf).all()));
        keys
    }

    /// The keys of a pool: values, and their expiry times.
    pub(crate) fn nonces(&self, pool: Pool) -> &[String; 2] {
        &self.nonces[pool as usize]
    }

    /// The keys of a shelf.
    pub(crate) fn shelf(&self, shelf: Shelf) -> &ShelfKeys {
        match shelf {
            Shelf::Sessions => &self.sessions,
            Shelf::Keys => &self.bot_keys,
            Shelf::Replies => &self.replies,
            Shelf::KeyNetworks => &self.key_networks,
            Shelf::Used => &self.used,
        }
    }

    /// A staged key of a restore; differs from all other keys.
    pub(crate) fn prepared(&self, restore: &str, number: usize) -> String {
        let stem = self.format.strip_suffix("format").unwrap_or(&self.format);
        format!("{stem}restoring:{restore}:{number}")
    }

    /// The replay records of a finished universe.
    pub(crate) fn replay(&self, universe: &str) -> String {
        format!("{}{universe}", self.replay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_plain_and_a_tag_marks_every_key() {
        let plain = Keys::new(&KeyNames::default()).unwrap();
        assert_eq!(plain.events, "sector:events");
        assert_eq!(plain.replay("u1"), "sector:replay:u1");
        let names = KeyNames { sector_id: Some("alpha".parse().unwrap()), ..KeyNames::default() };
        let tagged = Keys::new(&names).unwrap();
        assert_eq!(tagged.events, "{alpha}:sector:events");
        for key in tagged.fixed() {
            assert!(key.starts_with("{alpha}:"), "{key}");
        }
        assert!(tagged.replay("u1").starts_with("{alpha}:"));
    }

    #[test]
    fn names_that_clash_are_refused() {
        for event_stream in
            ["sector:orders", "sector:world", "sector:replay:x", "", "sectors", "{a}:events", "a}b"]
        {
            let names = KeyNames { event_stream: event_stream.into(), ..KeyNames::default() };
            assert!(Keys::new(&names).is_err(), "{names:?}");
        }
    }
}
