//! The whole sector out of Redis, and into it.
//!
//! Reading is one script. Writing goes to keys of its own first, in pieces, which end by themselves
//! when the restore does not come to its end; one script then looks whether the sector is empty and
//! gives all of them their names at once.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use redis::{FromRedisValue, Value, cmd};

use super::link::Link;
use super::options::RedisOptions;
use super::orders::orders_after;
use super::reply::{
    Entry, event_sum, incarnation, next, next_number, number, order_of, order_sum, outcome_sum,
    unexpected,
};
use super::route::Route;
use super::runs::{award_field, award_of};
use super::seats::claims_of;
use super::shelves::{audit_entry, document_of, row_of};
use super::store::{FORMAT, RedisStore};
use crate::archive::{
    Archive, CheckpointDump, ClientId, ControlDump, Dump, EPOCH_GAP, LeaseHeld, ReplayDump,
    WorldDump, at_work, occupied,
};
use crate::document::Shelf;
use crate::error::{Error, Result};
use crate::incarnation::Incarnation;
use crate::keys::Keys;
use crate::order::OrderEntry;
use crate::outcome::Outcome;
use crate::report::RedisReport;
use crate::seal;
use crate::store::BackupNote;
use crate::stream::{Event, StreamId};

/// How long a prepared key lives after it was last written to.
const PREPARED_MS: u64 = 3_600_000;
/// The most arguments and bytes of one piece; Lua takes some thousand arguments.
const PIECE_ARGUMENTS: usize = 1_000;
const PIECE_BYTES: usize = 1 << 20;

/// Whether there is a sector under these names.
pub(crate) async fn exists(options: &RedisOptions) -> Result<bool> {
    let keys = Keys::new(&options.names)?;
    let link =
        Link::open(Arc::new(Route::parse(&options.url)?), &keys.world, options.command_timeout)
            .await?;
    link.read_command::<()>("looking for the sector", &cmd("PING")).await?;
    link.read_command("looking for the sector", cmd("EXISTS").arg(&keys.format)).await
}

#[async_trait]
impl Archive for RedisStore {
    async fn dump(&self) -> Result<Option<Dump>> {
        let keys = &self.keys;
        let script = self.reads(
            &self.scripts.dump,
            &[
                &keys.world,
                &keys.snapshot,
                &keys.format,
                &keys.events,
                &keys.orders,
                &keys.last_order,
                &keys.client_ids,
                &keys.epoch,
                &keys.seats,
                &keys.records,
                &keys.runs,
                &keys.run_summaries,
                &keys.run_headers,
                &keys.awards,
                &keys.control,
                &keys.outcomes,
                &keys.shelf(Shelf::Keys).documents,
                &keys.audit,
            ],
        );
        let parts: Vec<Value> = self.link.read("reading the whole sector", &script).await?;
        if parts.is_empty() {
            return Ok(None);
        }
        let mut dump = Parts(parts.into_iter()).dump(&keys.snapshot)?;
        // The newest run's replay is needed; of the others, what is gone was dropped meanwhile.
        let mut kept = Vec::new();
        for (index, mut replay) in dump.replays.into_iter().enumerate() {
            if replay.summary.is_some() {
                let command =
                    cmd("LRANGE").arg(keys.replay(&replay.universe)).arg(0).arg(-1).to_owned();
                let sealed: Vec<String> =
                    self.link.read_command("reading a replay", &command).await?;
                replay.records = records(&replay.universe, sealed)?;
            }
            if index == 0 || !replay.records.is_empty() {
                kept.push(replay);
            }
        }
        dump.replays = kept;
        Ok(Some(dump))
    }

    async fn restore(&self, dump: &Dump) -> Result<Incarnation> {
        dump.check()?;
        let new = Incarnation::random()?;
        // What is there already need not be staged against; the script at the end looks again.
        self.place(&[], dump, new, true).await?;
        let pairs = self.prepare(dump, new).await?;
        self.place(&pairs, dump, new, false).await?;
        Ok(new)
    }

    async fn lease_held(&self) -> Result<Option<LeaseHeld>> {
        let script = self.reads(&self.scripts.lease_look, &[&self.keys.lease]);
        let (token, left_ms): (Option<String>, i64) =
            self.link.read("reading the lease", &script).await?;
        let Some(token) = token else { return Ok(None) };
        let (epoch, holder) =
            token.split_once(' ').ok_or_else(|| unexpected("lease", token.clone()))?;
        let left_ms = u64::try_from(left_ms).unwrap_or(u64::MAX);
        Ok(Some(LeaseHeld { holder: holder.to_owned(), epoch: number("epoch", epoch)?, left_ms }))
    }

    async fn note_backup(&self, note: BackupNote) -> Result<()> {
        let mut script = self.writes(&self.scripts.backup_note, &[&self.keys.control]);
        script.arg(note.at_ms).arg(note.tick);
        self.write_again("noting the backup", &script).await
    }

    fn redis_report(&self) -> Option<&RedisReport> {
        Some(self.report())
    }
}

impl RedisStore {
    pub(super) async fn backup_noted(&self) -> Result<Option<BackupNote>> {
        let command =
            cmd("HMGET").arg(&self.keys.control).arg("backup_at_ms").arg("backup_tick").to_owned();
        let (at_ms, tick): (Option<u64>, Option<u64>) =
            self.link.read_command("reading the last backup", &command).await?;
        Ok(at_ms.zip(tick).map(|(at_ms, tick)| BackupNote { at_ms, tick }))
    }

    /// Writes all of it to keys of its own; returns each with the key it is for.
    async fn prepare(&self, dump: &Dump, new: Incarnation) -> Result<Vec<(String, String)>> {
        let mut pairs = Vec::new();
        for (number, Content { key, command, rows }) in
            contents(&self.keys, dump)?.into_iter().enumerate()
        {
            let prepared = self.keys.prepared(&new.to_string(), number);
            for piece in pieces(command, rows) {
                let mut script = self.writes(&self.scripts.restore_stage, &[&prepared]);
                script.arg(command).arg(PREPARED_MS).arg(piece);
                // Sent once: a piece whose answer was lost ends the restore, which has changed nothing yet.
                self.write::<()>("preparing a restore", &script).await?;
            }
            pairs.push((prepared, key));
        }
        Ok(pairs)
    }

    /// Gives the prepared keys their names. With nothing prepared it only looks: the mark stays.
    async fn place(
        &self,
        pairs: &[(String, String)],
        dump: &Dump,
        new: Incarnation,
        looks: bool,
    ) -> Result<()> {
        let keys = &self.keys;
        let [documents, ends, owners] = keys.shelf(Shelf::Keys).all();
        let empty = [
            &*keys.world,
            &keys.snapshot,
            &keys.events,
            &keys.orders,
            &keys.last_order,
            &keys.client_ids,
            &keys.seats,
            &keys.records,
            &keys.runs,
            &keys.run_summaries,
            &keys.run_headers,
            &keys.awards,
            &keys.control,
            &keys.outcomes,
            &keys.outcomes_of,
            &keys.audit,
            documents,
            ends,
            owners,
        ];
        let mut script =
            self.writes(&self.scripts.restore, &[&keys.format, &keys.lease, &keys.epoch]);
        for key in empty {
            script.key(key);
        }
        for (prepared, key) in pairs {
            script.key(prepared).key(key);
        }
        script
            .arg(format!("{FORMAT} {new}"))
            .arg(dump.last_epoch + EPOCH_GAP)
            .arg(empty.len())
            .arg(u8::from(looks));
        let answer: Vec<String> = self.write_again("restoring the sector", &script).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["ok"] => Ok(()),
            ["lease", token] => {
                Err(at_work(token.split_once(' ').map_or(token, |(_, holder)| holder)))
            }
            ["world", universe, tick] => {
                Err(occupied(&format!("it holds tick {tick} of universe {universe:?}")))
            }
            ["key", key] => Err(occupied(&format!("the key {key:?} is there"))),
            ["gone", key] => Err(Error::unavailable(
                "restoring the sector",
                format!("the prepared key {key:?} is gone again; nothing was changed"),
            )),
            _ => Err(unexpected("restore", format!("{answer:?}"))),
        }
    }
}

fn control_rows(control: &ControlDump) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut put = |field: &str, value: String| rows.push(vec![field.to_owned(), value]);
    if control.paused {
        put("paused", "1".into());
    }
    if let Some(number) = control.restart {
        put("restart", number.to_string());
    }
    if let Some(seed) = control.restart_seed {
        put("restart_seed", seed.to_string());
    }
    if control.last_restart > 0 {
        put("restart_last", control.last_restart.to_string());
    }
    rows
}

/// What one key is to hold: the command that writes it, and its arguments, row by row.
struct Content {
    key: String,
    command: &'static str,
    rows: Vec<Vec<String>>,
}

/// All keys of a dump that are not empty.
fn contents(keys: &Keys, dump: &Dump) -> Result<Vec<Content>> {
    let mut contents = Vec::new();
    let mut put = |command, key: &str, rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            contents.push(Content { key: key.to_owned(), command, rows });
        }
    };
    put("HSET", &keys.world, world_rows(dump));
    put("SET", &keys.snapshot, vec![vec![dump.checkpoint.snapshot.clone()]]);
    put("SET", &keys.last_order, vec![vec![dump.last_order.number().to_string()]]);
    put("XADD", &keys.events, dump.events.iter().map(event_row).collect());
    put("XADD", &keys.orders, dump.orders.iter().map(order_row).collect());
    let client_ids = dump.client_ids.iter();
    let client_ids = client_ids.map(|row| {
        vec![format!("{}\x1f{}", row.player, row.client_id), row.entry.number().to_string()]
    });
    put("HSET", &keys.client_ids, client_ids.collect());
    let seats = dump.seats.iter().flat_map(|seat| {
        [
            vec![format!("f\x1f{}", seat.faction), format!("{} {}", seat.since_ms, seat.player)],
            vec![format!("p\x1f{}", seat.player), format!("{} {}", seat.seen_ms, seat.faction)],
        ]
    });
    put("HSET", &keys.seats, seats.collect());
    let awards = dump.awards.iter().map(|award| Ok(vec![award_field(award)?, award.body.clone()]));
    put("HSET", &keys.awards, awards.collect::<Result<_>>()?);
    put("HSET", &keys.control, control_rows(&dump.control));
    put("XADD", &keys.outcomes, dump.outcomes.iter().map(outcome_row).collect());
    let of_players = dump.outcomes.iter().map(|Outcome { id, player, .. }| {
        // As the commit writes it: 16 digits, so that their order is that of the numbers.
        vec!["0".to_owned(), format!("{player}\x1f{:016}", id.number())]
    });
    put("ZADD", &keys.outcomes_of, of_players.collect());
    let shelf = keys.shelf(Shelf::Keys);
    put(
        "HSET",
        &shelf.documents,
        dump.keys.iter().map(|key| vec![key.id.clone(), row_of(key)]).collect(),
    );
    let ends = dump.keys.iter().map(|key| {
        let end = key.ends_at_ms.map_or_else(|| "+inf".to_owned(), |end| end.to_string());
        vec![end, key.id.clone()]
    });
    put("ZADD", &shelf.ends, ends.collect());
    let owners =
        dump.keys.iter().map(|key| vec!["0".to_owned(), format!("{}\x1f{}", key.owner, key.id)]);
    put("ZADD", &shelf.owners, owners.collect());
    put("RPUSH", &keys.audit, dump.audit.iter().map(|body| vec![seal::seal(body)]).collect());
    let headers =
        dump.replays.iter().map(|replay| vec![replay.universe.to_string(), replay.header.clone()]);
    put("HSET", &keys.run_headers, headers.collect());
    let runs: Vec<_> = dump.replays.iter().filter(|replay| replay.summary.is_some()).collect();
    put("RPUSH", &keys.runs, runs.iter().map(|run| vec![run.universe.to_string()]).collect());
    let summaries = runs
        .iter()
        .map(|run| vec![run.universe.to_string(), run.summary.clone().unwrap_or_default()]);
    put("HSET", &keys.run_summaries, summaries.collect());
    for replay in &dump.replays {
        let key = match replay.summary {
            Some(_) => keys.replay(&replay.universe),
            None => keys.records.clone(),
        };
        put("RPUSH", &key, replay.records.iter().map(|record| vec![seal::seal(record)]).collect());
    }
    Ok(contents)
}

fn world_rows(dump: &Dump) -> Vec<Vec<String>> {
    let (world, checkpoint) = (&dump.world, &dump.checkpoint);
    let fields = [
        ("universe", world.universe.to_string()),
        ("tick", world.tick.to_string()),
        ("digest", world.digest.clone()),
        ("cursor", world.cursor.number().to_string()),
        ("epoch", world.epoch.to_string()),
        ("events_before", world.events_before.number().to_string()),
        ("event", world.event_id.number().to_string()),
        ("finished", u8::from(world.finished).to_string()),
        ("checkpoint_tick", checkpoint.tick.to_string()),
        ("checkpoint_event", checkpoint.event_id.number().to_string()),
        ("checkpoint_cursor", checkpoint.cursor.number().to_string()),
        ("checkpoint_sum", seal::sum(&checkpoint.snapshot)),
    ];
    fields.map(|(field, value)| vec![field.to_owned(), value]).to_vec()
}

fn event_row(event: &Event) -> Vec<String> {
    let sum = event_sum(&event.kind, &event.data);
    let id = event.id.to_string();
    [&*id, "type", &event.kind, "data", &event.data, "sum", &sum].map(str::to_owned).to_vec()
}

fn outcome_row(outcome: &Outcome) -> Vec<String> {
    let (id, sum) = (outcome.id.to_string(), outcome_sum(outcome));
    [&*id, "player", &outcome.player, "body", &outcome.body, "sum", &sum]
        .map(str::to_owned)
        .to_vec()
}

fn order_row(entry: &OrderEntry) -> Vec<String> {
    let OrderEntry { id, universe, player, source, at_ms, orders } = entry;
    let at_ms = at_ms.to_string();
    let mut row =
        vec![id.to_string(), "of".to_owned(), order_of(universe, player, source, &at_ms).concat()];
    for body in orders {
        let sum = order_sum(universe, player, source, &at_ms, body);
        row.extend(["order".to_owned(), sum + body]);
    }
    row
}

/// The arguments of a command, as many rows at once as it takes and as fit.
fn pieces(command: &str, rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let takes_many = matches!(command, "HSET" | "RPUSH" | "ZADD");
    let mut pieces: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for row in rows {
        let more: usize = row.iter().map(String::len).sum();
        match pieces.last_mut() {
            Some(piece)
                if takes_many
                    && piece.len() + row.len() <= PIECE_ARGUMENTS
                    && bytes + more <= PIECE_BYTES =>
            {
                piece.extend(row);
                bytes += more;
            }
            _ => {
                pieces.push(row);
                bytes = more;
            }
        }
    }
    pieces
}

/// What `dump.lua` answers, part by part.
struct Parts(std::vec::IntoIter<Value>);

impl Parts {
    fn part<T: FromRedisValue>(&mut self, what: &str) -> Result<T> {
        let value = self.0.next().ok_or_else(|| unexpected(what, "it was not answered"))?;
        T::from_redis_value(value).map_err(|error| unexpected(what, error.to_string()))
    }

    fn rows(&mut self, what: &str) -> Result<Vec<(String, String)>> {
        let row: Vec<String> = self.part(what)?;
        let mut row = row.into_iter();
        let mut rows = Vec::new();
        while let (Some(field), Some(value)) = (row.next(), row.next()) {
            rows.push((field, value));
        }
        Ok(rows)
    }

    fn dump(mut self, snapshot_key: &str) -> Result<Dump> {
        let (world, checkpoint, sum) = world_of(self.part("world")?)?;
        let snapshot: Option<String> = self.part("snapshot")?;
        let snapshot =
            snapshot.ok_or_else(|| unexpected("checkpoint", "the snapshot key is missing"))?;
        if let Some(sum) = sum {
            seal::check(|| format!("snapshot in Redis, key {snapshot_key:?},"), &snapshot, &sum)?;
        }
        let mark: Option<String> = self.part("format")?;
        let incarnation = incarnation(mark.as_deref())?
            .ok_or_else(|| unexpected("format", "it is not marked"))?;
        let events: Vec<Value> = self.part("events")?;
        let orders: Vec<Value> = self.part("orders")?;
        let last_order: Option<String> = self.part("last order")?;
        let client_ids =
            self.rows("client ids")?.into_iter().map(client_id_of).collect::<Result<_>>()?;
        let last_epoch: Option<String> = self.part("epoch")?;
        let seats = claims_of(self.part("seats")?, 0, u64::MAX)?;
        let running: Vec<String> = self.part("records")?;
        let runs: Vec<String> = self.part("runs")?;
        let summaries: HashMap<_, _> = self.rows("run summaries")?.into_iter().collect();
        let mut headers: HashMap<_, _> = self.rows("run headers")?.into_iter().collect();
        let mut awards = Vec::new();
        for (field, body) in self.rows("awards")? {
            awards.push(award_of(&field, body)?);
        }
        awards.sort();
        let control = control_of(&self.rows("control")?)?;
        let outcomes: Vec<Value> = self.part("outcomes")?;
        let bot_keys =
            self.rows("keys")?.into_iter().map(|(id, row)| document_of(Shelf::Keys, id, &row));
        let mut bot_keys = bot_keys.collect::<Result<Vec<_>>>()?;
        bot_keys.sort_by(|one, other| one.id.cmp(&other.id));
        let audit: Vec<String> = self.part("audit")?;
        let audit =
            (1..).zip(audit).map(|(number, body)| seal::unseal(|| audit_entry(number), body));
        let mut header = |universe: &str| {
            headers
                .remove(universe)
                .ok_or_else(|| unexpected("run headers", format!("{universe:?} is missing")))
        };
        let mut replays = Vec::new();
        if !world.finished {
            let (universe, header) = (world.universe.clone(), header(&world.universe)?);
            replays.push(ReplayDump {
                records: records(&universe, running)?,
                universe,
                summary: None,
                header,
            });
        }
        for universe in runs {
            let summary = Some(summaries.get(&universe).cloned().unwrap_or_default());
            replays.push(ReplayDump {
                header: header(&universe)?,
                universe: universe.into(),
                summary,
                records: Vec::new(),
            });
        }
        let read = |what| move |entry| Entry::read(what, entry);
        let orders = orders.into_iter().map(read("orders")).collect::<Result<_>>()?;
        Ok(Dump {
            incarnation,
            orders: orders_after(orders, checkpoint.cursor, usize::MAX)?,
            checkpoint: CheckpointDump { snapshot, ..checkpoint },
            last_epoch: number("epoch", last_epoch.as_deref().unwrap_or("0"))?,
            last_order: StreamId::new(number("last order", last_order.as_deref().unwrap_or("0"))?),
            control,
            events: events
                .into_iter()
                .map(read("events"))
                .map(|entry| entry?.into_event())
                .collect::<Result<_>>()?,
            client_ids,
            seats,
            awards,
            replays,
            outcomes: outcomes
                .into_iter()
                .map(read("outcomes"))
                .map(|entry| entry?.into_outcome())
                .collect::<Result<_>>()?,
            keys: bot_keys,
            audit: audit.collect::<Result<_>>()?,
            world,
        })
    }
}

/// The world hash: newest commit, checkpoint without its snapshot, sum of the snapshot.
fn world_of(row: Vec<Option<String>>) -> Result<(WorldDump, CheckpointDump, Option<String>)> {
    let what = "world";
    let mut row = row.into_iter();
    let world = WorldDump {
        universe: next(what, &mut row)?.into(),
        tick: next_number(what, &mut row)?,
        digest: next(what, &mut row)?,
        cursor: StreamId::new(next_number(what, &mut row)?),
        epoch: next_number(what, &mut row)?,
        events_before: StreamId::new(next_number(what, &mut row)?),
        event_id: StreamId::new(next_number(what, &mut row)?),
        finished: next(what, &mut row)? == "1",
    };
    let checkpoint = CheckpointDump {
        tick: next_number(what, &mut row)?,
        event_id: StreamId::new(next_number(what, &mut row)?),
        cursor: StreamId::new(next_number(what, &mut row)?),
        snapshot: String::new(),
    };
    Ok((world, checkpoint, row.next().flatten()))
}

fn client_id_of((field, entry): (String, String)) -> Result<ClientId> {
    let (player, client_id) =
        field.split_once('\x1f').ok_or_else(|| unexpected("client ids", format!("{field:?}")))?;
    let entry = StreamId::new(number("client id", &entry)?);
    Ok(ClientId { player: player.to_owned(), client_id: client_id.to_owned(), entry })
}

fn control_of(rows: &[(String, String)]) -> Result<ControlDump> {
    let value = |name: &str| {
        let row = rows.iter().find(|(field, _)| field == name);
        row.map(|(_, value)| number("control", value)).transpose()
    };
    Ok(ControlDump {
        paused: value("paused")?.is_some(),
        restart: value("restart")?,
        restart_seed: value("restart_seed")?,
        last_restart: value("restart_last")?.unwrap_or_default(),
    })
}

fn records(universe: &str, sealed: Vec<String>) -> Result<Vec<String>> {
    let what = |tick| move || format!("record of tick {tick} of universe {universe:?} in Redis");
    sealed.into_iter().enumerate().map(|(tick, record)| seal::unseal(what(tick), record)).collect()
}
