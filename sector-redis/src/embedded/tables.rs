//! The tables of the embedded store, and opening a database that holds them.
//!
//! | table       | key                        | value                                              | lives                     |
//! |-------------|----------------------------|----------------------------------------------------|---------------------------|
//! | `meta`      | `format`, `incarnation`    | [`FORMAT`], the incarnation's number               | for ever                  |
//! | `counters`  | [`EPOCH`] and its like     | the last number given                              | for ever                  |
//! | `lease`     | –                          | holder, epoch, end by the store's clock            | until the process ends    |
//! | `world`     | –                          | [`World`]: the newest committed tick               | for ever, overwritten     |
//! | `checkpoint`| –                          | universe, tick, event id, cursor, snapshot         | for ever, overwritten     |
//! | `orders`    | entry number               | universe, player, source, time, bodies             | until a checkpoint has it |
//! | `client_ids`| player, client id          | entry number                                       | the universe              |
//! | `events`    | event number               | kind, data                                         | `event_maxlen`            |
//! | `headers`   | universe                   | replay header                                      | universe; finished: as run|
//! | `records`   | universe, tick             | replay record                                      | universe; finished: as run|
//! | `runs`      | run number                 | universe, summary                                  | the last `keep_runs`      |
//! | `seats`     | faction                    | player, since                                      | the universe              |
//! | `players`   | player                     | faction, seen                                      | the universe              |
//! | `outcomes`  | entry number               | player, body                                       | `outcomes_kept`           |
//! | `player_outcomes` | player, entry number | –                                                  | with the outcome          |
//! | `sessions`, `keys`, `replies`, `key_networks`, `used` | id | owner, end (the largest number: none), body        | until its end             |
//! | `sessions_ends` and so on | end, id      | –                                                  | with the document         |
//! | `sessions_owners` and so on | owner, id  | end                                                | with the document         |
//! | `audit`     | number                     | body                                               | for ever                  |
//! | `awards`    | universe, faction, award   | body                                               | for ever                  |
//! | `control`   | `paused`, `restart`        | number and seed (paused: 1, none)                  | until changed             |
//!
//! Bodies (but those of awards), data, records and the snapshot are sealed: with their checksum in front.
//!
//! Pools are kept in memory: traces and notes do not outlive the process.

use redb::{
    Database, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    WriteTransaction,
};

use crate::document::Shelf;
use crate::error::{Error, Result};
use crate::ids::UniverseId;
use crate::incarnation::Incarnation;

/// The version of this layout.
pub(super) const FORMAT: u64 = 2;
/// The version before, which had neither incarnation nor checksums and is otherwise the same.
const FORMAT_BEFORE: u64 = 1;
const INCARNATION: &str = "incarnation";

pub(super) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(super) const COUNTERS: TableDefinition<'_, &str, u64> = TableDefinition::new("counters");
pub(super) const LEASE: TableDefinition<'_, (), (&str, u64, u64)> = TableDefinition::new("lease");
type WorldRow = (&'static str, u64, &'static str, u64, u64, u64, u64, bool);
pub(super) const WORLD: TableDefinition<'_, (), WorldRow> = TableDefinition::new("world");
type CheckpointRow = (&'static str, u64, u64, u64, &'static str);
pub(super) const CHECKPOINT: TableDefinition<'_, (), CheckpointRow> =
    TableDefinition::new("checkpoint");
type OrderRow = (&'static str, &'static str, &'static str, u64, Vec<&'static str>);
pub(super) const ORDERS: TableDefinition<'_, u64, OrderRow> = TableDefinition::new("orders");
pub(super) const CLIENT_IDS: TableDefinition<'_, (&str, &str), u64> =
    TableDefinition::new("client_ids");
pub(super) const EVENTS: TableDefinition<'_, u64, (&str, &str)> = TableDefinition::new("events");
pub(super) const HEADERS: TableDefinition<'_, &str, &str> = TableDefinition::new("headers");
pub(super) const RECORDS: TableDefinition<'_, (&str, u64), &str> = TableDefinition::new("records");
pub(super) const RUNS: TableDefinition<'_, u64, (&str, &str)> = TableDefinition::new("runs");
pub(super) const SEATS: TableDefinition<'_, &str, (&str, u64)> = TableDefinition::new("seats");
pub(super) const PLAYERS: TableDefinition<'_, &str, (&str, u64)> = TableDefinition::new("players");
pub(super) const AWARDS: TableDefinition<'_, (&str, &str, &str), &str> =
    TableDefinition::new("awards");
pub(super) const CONTROL: TableDefinition<'_, &str, (u64, Option<u64>)> =
    TableDefinition::new("control");

pub(super) const OUTCOMES: TableDefinition<'_, u64, (&str, &str)> =
    TableDefinition::new("outcomes");
pub(super) const PLAYER_OUTCOMES: TableDefinition<'_, (&str, u64), ()> =
    TableDefinition::new("player_outcomes");
pub(super) const AUDIT: TableDefinition<'_, u64, &str> = TableDefinition::new("audit");

/// The tables of a shelf: documents, their ids by end, their ids by owner.
pub(super) struct ShelfTables {
    pub(super) documents: TableDefinition<'static, &'static str, (&'static str, u64, &'static str)>,
    pub(super) ends: TableDefinition<'static, (u64, &'static str), ()>,
    pub(super) owners: TableDefinition<'static, (&'static str, &'static str), u64>,
}

/// Where the documents of a shelf are.
pub(super) fn of_shelf(shelf: Shelf) -> ShelfTables {
    let [documents, ends, owners] = match shelf {
        Shelf::Sessions => ["sessions", "sessions_ends", "sessions_owners"],
        Shelf::Keys => ["keys", "keys_ends", "keys_owners"],
        Shelf::Replies => ["replies", "replies_ends", "replies_owners"],
        Shelf::KeyNetworks => ["key_networks", "key_networks_ends", "key_networks_owners"],
        Shelf::Used => ["used", "used_ends", "used_owners"],
    };
    ShelfTables {
        documents: TableDefinition::new(documents),
        ends: TableDefinition::new(ends),
        owners: TableDefinition::new(owners),
    }
}

/// Counter: the last lease epoch.
pub(super) const EPOCH: &str = "epoch";
/// Counter: the last order entry.
pub(super) const ORDER: &str = "order";
/// Counter: the last event.
pub(super) const EVENT: &str = "event";
/// Counter: the last run listed.
pub(super) const RUN: &str = "run";
/// Counter: the last restart request.
pub(super) const RESTART: &str = "restart";

/// The newest committed tick, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct World {
    pub(super) universe: UniverseId,
    pub(super) tick: u64,
    pub(super) digest: String,
    pub(super) cursor: u64,
    pub(super) epoch: u64,
    /// The last event before this commit's own.
    pub(super) events_before: u64,
    /// The last event.
    pub(super) event: u64,
    pub(super) finished: bool,
}

impl World {
    pub(super) fn read(table: &impl ReadableTable<(), WorldRow>) -> Result<Option<Self>> {
        Ok(table.get(())?.map(|row| {
            let (universe, tick, digest, cursor, epoch, events_before, event, finished) =
                row.value();
            Self {
                universe: universe.into(),
                tick,
                digest: digest.to_owned(),
                cursor,
                epoch,
                events_before,
                event,
                finished,
            }
        }))
    }

    pub(super) fn write(&self, txn: &WriteTransaction) -> Result<()> {
        let row = (
            self.universe.as_str(),
            self.tick,
            self.digest.as_str(),
            self.cursor,
            self.epoch,
            self.events_before,
            self.event,
            self.finished,
        );
        txn.open_table(WORLD)?.insert((), row)?;
        Ok(())
    }
}

/// The last number given out under `counter`; 0 before the first.
pub(super) fn counter(table: &impl ReadableTable<&'static str, u64>, name: &str) -> Result<u64> {
    Ok(table.get(name)?.map_or(0, |guard| guard.value()))
}

/// Gives out the next number.
pub(super) fn next_number(txn: &WriteTransaction, name: &'static str) -> Result<u64> {
    let mut table = txn.open_table(COUNTERS)?;
    let number = counter(&table, name)? + 1;
    table.insert(name, number)?;
    Ok(number)
}

/// The newest committed tick, inside a write.
pub(super) fn world(txn: &WriteTransaction) -> Result<Option<World>> {
    World::read(&txn.open_table(WORLD)?)
}

/// The newest committed tick, inside a read.
pub(super) fn world_now(txn: &ReadTransaction) -> Result<Option<World>> {
    World::read(&txn.open_table(WORLD)?)
}

/// Refuses a database that is not ours or of another format; says whether it is new.
pub(super) fn check(txn: &ReadTransaction, place: &str) -> Result<bool> {
    let foreign = || {
        Error::config(format!(
            "{place} is a database of another program; name another data directory"
        ))
    };
    if txn.list_tables()?.next().is_none() {
        return Ok(true);
    }
    let meta = match txn.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Err(foreign()),
    };
    match meta.get("format")?.map(|guard| guard.value()) {
        Some(FORMAT | FORMAT_BEFORE) => Ok(false),
        Some(other) => Err(Error::config(format!(
            "{place} has format {other}, this version reads format {FORMAT} and what format {FORMAT_BEFORE} left; start the version that wrote it, or name another data directory"
        ))),
        None => Err(foreign()),
    }
}

/// Makes the tables of a new database, or refuses one that is not ours; ends any lease, since its
/// holder was in a process that is gone.
pub(super) fn prepare(database: &Database, place: &str) -> Result<()> {
    let is_new = check(&database.begin_read()?, place)?;
    let txn = database.begin_write()?;
    let known = txn.open_table(META)?.get(INCARNATION)?.is_some();
    if is_new || !known {
        txn.open_table(META)?.insert("format", FORMAT)?;
        set_incarnation(&txn, Incarnation::random()?)?;
    }
    txn.open_table(LEASE)?.remove(())?;
    // Opening a table for writing creates it; reads can then rely on it.
    txn.open_table(COUNTERS)?;
    txn.open_table(WORLD)?;
    txn.open_table(CHECKPOINT)?;
    txn.open_table(ORDERS)?;
    txn.open_table(CLIENT_IDS)?;
    txn.open_table(EVENTS)?;
    txn.open_table(HEADERS)?;
    txn.open_table(RECORDS)?;
    txn.open_table(RUNS)?;
    txn.open_table(SEATS)?;
    txn.open_table(PLAYERS)?;
    txn.open_table(AWARDS)?;
    txn.open_table(CONTROL)?;
    txn.open_table(OUTCOMES)?;
    txn.open_table(PLAYER_OUTCOMES)?;
    txn.open_table(AUDIT)?;
    for shelf in Shelf::ALL {
        let tables = of_shelf(shelf);
        txn.open_table(tables.documents)?;
        txn.open_table(tables.ends)?;
        txn.open_table(tables.owners)?;
    }
    txn.commit()?;
    Ok(())
}

/// The store's incarnation.
pub(super) fn incarnation(txn: &ReadTransaction) -> Result<Incarnation> {
    let number = txn.open_table(META)?.get(INCARNATION)?.map(|guard| guard.value());
    number.map(Incarnation::new).ok_or_else(|| Error::corrupt("data file", "it has no incarnation"))
}

pub(super) fn set_incarnation(txn: &WriteTransaction, incarnation: Incarnation) -> Result<()> {
    txn.open_table(META)?.insert(INCARNATION, incarnation.number())?;
    Ok(())
}

/// Engine errors: damage is for a person to look at, the rest may pass.
fn from_engine(error: redb::Error) -> Error {
    match error {
        redb::Error::Corrupted(detail) => Error::corrupt("data file", detail),
        // The engine stops at the first write that failed, for want of room as for worse.
        redb::Error::PreviousIo => {
            let detail = "an earlier write to the data file failed; it is opened again as soon as its disk can be written";
            Error::unavailable_because("embedded store", detail, error)
        }
        other => Error::unavailable("embedded store", other),
    }
}

macro_rules! engine_errors {
    ($($name:ident),*) => {$(
        impl From<redb::$name> for Error {
            fn from(error: redb::$name) -> Self {
                from_engine(error.into())
            }
        }
    )*};
}

engine_errors!(StorageError, TableError, TransactionError, CommitError);
