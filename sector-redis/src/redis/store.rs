//! [`Store`] over the scripts.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::{Client, IntoConnectionInfo, Script, ScriptInvocation, Value, cmd};
use tokio::task::AbortHandle;

use super::connection::Connection;
use super::follower::{Newest, follow};
use super::options::RedisOptions;
use super::reply::{Entry, next, next_number, number, unexpected};
use super::scripts::Scripts;
use crate::commit::{
    Award, Checkpoint, Commit, Committed, Head, Lease, Previous, Run, check_ttl, cursor_out_of_range, universe_taken,
};
use crate::embedded::MAX_NONCES;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::order::{OrderBatch, OrderEntry, Receipt, check_name};
use crate::seat::{Claim, ClaimOutcome, lapsed, touch_resolution_ms};
use crate::store::{Durability, MAX_READ, RestartRequest, Store};
use crate::stream::{Event, StreamId, check_readable};
use crate::wait::Growth;

/// The version of the key layout.
const FORMAT: &str = "1";

/// A sector's state in Redis.
pub struct RedisStore {
    connection: Connection,
    keys: Keys,
    scripts: Scripts,
    newest: Arc<Newest>,
    follower: AbortHandle,
    keep_runs: usize,
    durability: Durability,
}

impl RedisStore {
    /// Connects, and checks that the keys are ours.
    ///
    /// # Errors
    /// [`Unavailable`](Error::Unavailable) when Redis does not answer (yet);
    /// [`Config`](Error::Config) when the URL or the user is wrong, or the keys are another's.
    pub async fn connect(options: &RedisOptions, keep_runs: usize) -> Result<Self> {
        let keys = Keys::new(&options.names)?;
        let client = options
            .url
            .as_str()
            .into_connection_info()
            .and_then(Client::open)
            .map_err(|error| {
                // The error of a bad URL does not repeat it, which may hold a password.
                let message = format!(
                    "the Redis URL cannot be used: {error}; expected redis://[user:password@]host[:port][/database] or redis+unix:///path"
                );
                Error::config_because(message, error)
            })?;
        let connection = Connection::open(&client, options.command_timeout).await?;
        // Before anything longer: to one who may not come in, Redis answers long commands with a
        // protocol error that says nothing of passwords.
        connection.read_command::<()>("opening the store", &cmd("PING")).await?;
        let scripts = Scripts::new();
        check_format(&connection, &scripts, &keys).await?;
        let durability = durability(&connection).await?;
        let newest = Arc::new(Newest::new());
        let follower = tokio::spawn(follow(client, keys.clone(), newest.clone())).abort_handle();
        Ok(Self { connection, keys, scripts, newest, follower, keep_runs: keep_runs.max(1), durability })
    }

    fn invoke<'a>(&self, script: &'a Script, keys: &[&str]) -> ScriptInvocation<'a> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        invocation
    }

    /// A script on the world and the seats, whose first argument is the universe.
    fn on_seats<'a>(&self, script: &'a Script, universe: &str) -> ScriptInvocation<'a> {
        let mut invocation = self.invoke(script, &[&self.keys.world, &self.keys.seats]);
        invocation.arg(universe);
        invocation
    }

    /// Entries of a stream after `after`, exactly, or the refusal.
    async fn read_stream(
        &self,
        stream: &'static str,
        key: [&str; 2],
        field: &str,
        after: StreamId,
        count: usize,
    ) -> Result<Vec<Entry>> {
        let mut script = self.invoke(&self.scripts.stream_read, &key);
        script.arg(field).arg(after.number()).arg(count);
        let (last, before, entries): (String, String, Vec<Value>) =
            self.connection.read("reading a stream", &script).await?;
        if !before.is_empty() {
            let last = StreamId::new(number(stream, &last)?);
            let kept_after = StreamId::new(number(stream, &before)?);
            check_readable(stream, after, kept_after, last)?;
            let detail = format!("{stream} after {after} are missing");
            return Err(unexpected(stream, detail));
        }
        let entries = entries.into_iter();
        entries.map(|entry| Entry::read(stream, entry)).collect()
    }

    async fn read_orders(&self, cursor: StreamId, count: usize) -> Result<Vec<OrderEntry>> {
        let keys = [self.keys.orders.as_str(), &self.keys.last_order];
        let entries = self.read_stream("orders", keys, "", cursor, count).await?;
        entries.into_iter().map(Entry::into_order).collect()
    }

    async fn read_events(&self, after: StreamId, count: usize) -> Result<Vec<Event>> {
        let keys = [self.keys.events.as_str(), &self.keys.world];
        let entries = self.read_stream("events", keys, "event", after, count).await?;
        entries.into_iter().map(Entry::into_event).collect()
    }

    /// The runs that must go when one more is listed, oldest last.
    async fn runs_to_drop(&self) -> Result<Vec<String>> {
        let command = cmd("LRANGE").arg(&self.keys.runs).arg(self.keep_runs - 1).arg(-1).to_owned();
        self.connection.read_command("reading runs", &command).await
    }

    async fn commit_script(&self, commit: &Commit, ttl_ms: u64) -> Result<ScriptInvocation<'_>> {
        let keys = &self.keys;
        let replay = keys.replay(&commit.universe);
        let mut script = self.invoke(
            &self.scripts.commit,
            &[
                &keys.world,
                &keys.lease,
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
                &replay,
            ],
        );
        script
            .arg(token(&commit.lease))
            .arg(ttl_ms)
            .arg(commit.lease.epoch)
            .arg(&commit.universe)
            .arg(commit.tick)
            .arg(&commit.digest)
            .arg(commit.cursor.number())
            .arg(&commit.record);
        for optional in [&commit.begin, &commit.finished, &commit.checkpoint] {
            script.arg(u8::from(optional.is_some())).arg(optional.as_deref().unwrap_or_default());
        }
        script
            .arg(text_or_empty(commit.event_maxlen))
            .arg(text_or_empty(commit.restart_served))
            .arg(self.keep_runs)
            .arg(commit.events.len());
        for event in &commit.events {
            script.arg(&event.kind).arg(&event.data);
        }
        script.arg(commit.awards.len());
        for award in &commit.awards {
            script.arg(award_field(award)?).arg(&award.body);
        }
        if commit.finished.is_some() {
            for universe in self.runs_to_drop().await? {
                script.key(keys.replay(&universe)).arg(universe);
            }
        }
        Ok(script)
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

async fn check_format(connection: &Connection, scripts: &Scripts, keys: &Keys) -> Result<()> {
    let mut script = scripts.open.prepare_invoke();
    for key in keys.fixed() {
        script.key(key);
    }
    script.arg(FORMAT);
    let answer: Vec<String> = connection.read("opening the store", &script).await?;
    match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["ok"] => Ok(()),
        ["format", format] => Err(Error::config(format!(
            "the keys in Redis have format {format}, this version reads format {FORMAT}; start the version that wrote them, or choose another key prefix"
        ))),
        ["foreign", key] => Err(Error::config(format!(
            "the key {key:?} in Redis is in use by something else; choose other key names, or another database"
        ))),
        _ => Err(unexpected("format", format!("{answer:?}"))),
    }
}

/// What Redis says of its log; a user who may not ask gets the careful answer.
async fn durability(connection: &Connection) -> Result<Durability> {
    let info = cmd("INFO").arg("persistence").to_owned();
    let info: String = match connection.read_command("asking for durability", &info).await {
        Ok(info) => info,
        Err(error) if error.is_unavailable() => return Err(error),
        Err(_) => return Ok(Durability::Unknown),
    };
    if info.lines().any(|line| line.trim() == "aof_enabled:0") {
        return Ok(Durability::RedisVolatile);
    }
    let fsync = cmd("CONFIG").arg("GET").arg("appendfsync").to_owned();
    let fsync = connection.read_command::<Vec<String>>("asking for durability", &fsync);
    Ok(match fsync.await {
        Ok(pair) if pair.last().is_some_and(|value| value == "always") => Durability::RedisAlways,
        Ok(_) => Durability::RedisEverySecond,
        Err(error) if error.is_unavailable() => return Err(error),
        Err(_) => Durability::Unknown,
    })
}

/// What the lease key holds while `lease` is held.
fn token(lease: &Lease) -> String {
    format!("{} {}", lease.epoch, lease.holder)
}

fn lost(lease: &Lease) -> Error {
    Error::LeaseLost { holder: lease.holder.clone(), epoch: lease.epoch }
}

fn text_or_empty(number: Option<u64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// The field of an award: its three names, so that no two awards share one.
fn award_field(award: &Award) -> Result<String> {
    serde_json::to_string(&(&award.universe, &award.faction, &award.award))
        .map_err(|error| unexpected("award", error.to_string()))
}

fn award_of(field: &str, body: String) -> Result<Award> {
    let (universe, faction, award) =
        serde_json::from_str(field).map_err(|error| unexpected("award", error.to_string()))?;
    Ok(Award { universe, faction, award, body })
}

fn committed(answer: &[String], repeated: bool) -> Result<Committed> {
    let [_, before, last] = answer else {
        return Err(unexpected("commit", format!("{answer:?}")));
    };
    let (before, last) = (number("event", before)?, number("event", last)?);
    Ok(Committed { event_ids: (before + 1..=last).map(StreamId::new).collect(), repeated })
}

/// The refusal of a commit that does not follow what the script found.
fn conflict(commit: &Commit, found: &[String]) -> Error {
    let [_, universe, tick, finished] = found else {
        return unexpected("commit", format!("{found:?}"));
    };
    let tick = match number("tick", tick) {
        Ok(tick) => tick,
        Err(error) => return error,
    };
    let previous = (!universe.is_empty()).then_some(Previous { universe, tick, finished: finished == "1" });
    match commit.check_follows(previous.as_ref()) {
        Err(error) => error,
        Ok(()) => unexpected("commit", format!("{found:?}")),
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<Option<Lease>> {
        check_name("lease holder", holder)?;
        let keys = [self.keys.lease.as_str(), &self.keys.epoch];
        let mut script = self.invoke(&self.scripts.lease_acquire, &keys);
        script.arg(holder).arg(check_ttl(ttl)?);
        let epoch: Option<u64> = self.connection.write("taking the lease", &script).await?;
        Ok(epoch.map(|epoch| Lease { holder: holder.to_owned(), epoch }))
    }

    async fn renew_lease(&self, lease: &Lease, ttl: Duration) -> Result<()> {
        let mut script = self.invoke(&self.scripts.lease_renew, &[&self.keys.lease]);
        script.arg(token(lease)).arg(check_ttl(ttl)?);
        let renewed: u64 = self.connection.write("renewing the lease", &script).await?;
        if renewed == 1 { Ok(()) } else { Err(lost(lease)) }
    }

    async fn release_lease(&self, lease: &Lease) -> Result<()> {
        let mut script = self.invoke(&self.scripts.lease_release, &[&self.keys.lease]);
        script.arg(token(lease));
        self.connection.write("releasing the lease", &script).await
    }

    async fn append_orders(&self, batch: &OrderBatch) -> Result<Receipt> {
        batch.check()?;
        let keys = &self.keys;
        let names = [&*keys.world, &keys.orders, &keys.last_order, &keys.client_ids];
        let mut script = self.invoke(&self.scripts.orders_append, &names);
        script.arg(&batch.universe).arg(&batch.player).arg(&batch.source).arg(batch.at_ms);
        for order in &batch.orders {
            script.arg(order.client_id.as_deref().unwrap_or_default()).arg(&order.body);
        }
        let mut answer: Vec<String> = self.connection.write("appending orders", &script).await?;
        let wrong = |current| Error::WrongUniverse { given: batch.universe.clone(), current };
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["none"] => Err(wrong(None)),
            ["other", running] => Err(wrong(Some(running.to_owned()))),
            ["ok", entry, ..] => {
                Ok(Receipt { id: StreamId::new(number("order", entry)?), duplicates: answer.split_off(2) })
            }
            _ => Err(unexpected("order stream", format!("{answer:?}"))),
        }
    }

    async fn orders_after(&self, cursor: StreamId, count: usize, wait: Duration) -> Result<Vec<OrderEntry>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.order, wait);
        loop {
            growth.mark();
            let found = self.read_orders(cursor, count).await?;
            if !found.is_empty() || !growth.next().await {
                return Ok(found);
            }
        }
    }

    async fn order_backlog(&self) -> Result<u64> {
        let doing = "counting orders";
        let cursor = cmd("HGET").arg(&self.keys.world).arg("cursor").to_owned();
        let cursor: Option<String> = self.connection.read_command(doing, &cursor).await?;
        let last = cmd("GET").arg(&self.keys.last_order).to_owned();
        let last: Option<String> = self.connection.read_command(doing, &last).await?;
        let cursor = number("cursor", cursor.as_deref().unwrap_or("0"))?;
        let last = number("last order", last.as_deref().unwrap_or("0"))?;
        Ok(last.saturating_sub(cursor))
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed> {
        commit.check()?;
        let script = self.commit_script(commit, check_ttl(commit.lease_ttl)?).await?;
        let answer: Vec<String> = self.connection.write("committing a tick", &script).await?;
        match answer.first().map_or("", String::as_str) {
            "ok" => committed(&answer, false),
            "repeat" => committed(&answer, true),
            "lease" => Err(lost(&commit.lease)),
            "tick" => Err(conflict(commit, &answer)),
            "taken" => Err(universe_taken(&commit.universe)),
            "cursor" => Err(cursor_out_of_range(commit.cursor)),
            _ => Err(unexpected("state", answer.join(" "))),
        }
    }

    async fn head(&self) -> Result<Option<Head>> {
        let keys = [self.keys.world.as_str(), &self.keys.control];
        let script = self.invoke(&self.scripts.head, &keys);
        let (row, paused): (Vec<Option<String>>, u8) = self.connection.read("reading the head", &script).await?;
        let mut row = row.into_iter();
        let Some(universe) = row.next().flatten() else {
            return Ok(None);
        };
        let what = "world";
        Ok(Some(Head {
            universe,
            tick: next_number(what, &mut row)?,
            digest: next(what, &mut row)?,
            cursor: StreamId::new(next_number(what, &mut row)?),
            epoch: next_number(what, &mut row)?,
            event_id: StreamId::new(next_number(what, &mut row)?),
            finished: next(what, &mut row)? == "1",
            paused: paused == 1,
        }))
    }

    async fn checkpoint(&self) -> Result<Option<Checkpoint>> {
        let keys = [self.keys.world.as_str(), &self.keys.snapshot];
        let script = self.invoke(&self.scripts.checkpoint, &keys);
        let (row, snapshot): (Vec<Option<String>>, Option<String>) =
            self.connection.read("reading the checkpoint", &script).await?;
        let mut row = row.into_iter();
        let Some(universe) = row.next().flatten() else {
            return Ok(None);
        };
        let what = "checkpoint";
        Ok(Some(Checkpoint {
            universe,
            tick: next_number(what, &mut row)?,
            event_id: StreamId::new(next_number(what, &mut row)?),
            cursor: StreamId::new(next_number(what, &mut row)?),
            snapshot: snapshot.ok_or_else(|| unexpected(what, "the snapshot key is missing"))?,
        }))
    }

    async fn records(&self, universe: &str, from_tick: u64, count: usize) -> Result<Vec<(u64, String)>> {
        let replay = self.keys.replay(universe);
        let keys = [self.keys.world.as_str(), &self.keys.records, &replay];
        let mut script = self.invoke(&self.scripts.records, &keys);
        // Redis counts list entries in signed numbers; no list is longer than that.
        let from = from_tick.min(i64::MAX as u64 - MAX_READ as u64);
        let to = from + count.clamp(1, MAX_READ) as u64 - 1;
        script.arg(universe).arg(from).arg(to);
        let records: Vec<String> = self.connection.read("reading records", &script).await?;
        Ok((from..).zip(records).collect())
    }

    async fn replay_header(&self, universe: &str) -> Result<Option<String>> {
        let command = cmd("HGET").arg(&self.keys.run_headers).arg(universe).to_owned();
        self.connection.read_command("reading a replay header", &command).await
    }

    async fn runs(&self, count: usize) -> Result<Vec<Run>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let keys = [self.keys.runs.as_str(), &self.keys.run_summaries];
        let mut script = self.invoke(&self.scripts.runs, &keys);
        script.arg(count.min(MAX_READ));
        let row: Vec<String> = self.connection.read("reading runs", &script).await?;
        let mut row = row.into_iter();
        let mut runs = Vec::new();
        while let (Some(universe), Some(summary)) = (row.next(), row.next()) {
            runs.push(Run { universe, summary });
        }
        Ok(runs)
    }

    async fn events_after(&self, after: StreamId, count: usize, wait: Duration) -> Result<Vec<Event>> {
        let count = count.clamp(1, MAX_READ);
        let mut growth = Growth::watch(&self.newest.event, wait);
        loop {
            growth.mark();
            let found = self.read_events(after, count).await?;
            if !found.is_empty() || !growth.next().await {
                return Ok(found);
            }
        }
    }

    async fn claim(
        &self,
        universe: &str,
        faction: &str,
        player: &str,
        now_ms: u64,
        idle_ms: u64,
    ) -> Result<ClaimOutcome> {
        check_name("faction", faction)?;
        check_name("player", player)?;
        let mut script = self.on_seats(&self.scripts.seat_claim, universe);
        script.arg(faction).arg(player).arg(now_ms).arg(idle_ms);
        let answer: Vec<String> = self.connection.write("claiming a faction", &script).await?;
        match answer.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["claimed"] => Ok(ClaimOutcome::Claimed),
            ["taken"] => Ok(ClaimOutcome::TakenByOther),
            ["holds", held] => Ok(ClaimOutcome::AlreadyHolds(held.to_owned())),
            ["universe"] => Ok(ClaimOutcome::WrongUniverse),
            _ => Err(unexpected("seats", format!("{answer:?}"))),
        }
    }

    async fn release(&self, universe: &str, player: &str) -> Result<Option<String>> {
        let mut script = self.on_seats(&self.scripts.seat_release, universe);
        script.arg(player);
        self.connection.write("releasing a claim", &script).await
    }

    async fn release_all(&self, universe: &str) -> Result<u64> {
        let script = self.on_seats(&self.scripts.seat_release_all, universe);
        self.connection.write("releasing all claims", &script).await
    }

    async fn claims(&self, universe: &str, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
        let script = self.on_seats(&self.scripts.seat_list, universe);
        let row: Vec<String> = self.connection.read("reading claims", &script).await?;
        claims_of(row, now_ms, idle_ms)
    }

    async fn touch(&self, universe: &str, player: &str, now_ms: u64, idle_ms: u64) -> Result<Option<String>> {
        let mut script = self.on_seats(&self.scripts.seat_touch, universe);
        script.arg(player).arg(now_ms).arg(idle_ms).arg(touch_resolution_ms(idle_ms));
        self.connection.write("noting a player", &script).await
    }

    async fn put_nonce(&self, key: &str, value: &str, ttl: Duration) -> Result<()> {
        check_name("nonce key", key)?;
        let keys = [self.keys.nonces.as_str(), &self.keys.nonce_ends];
        let mut script = self.invoke(&self.scripts.nonce_put, &keys);
        let ttl_ms = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        script.arg(key).arg(value).arg(ttl_ms).arg(MAX_NONCES);
        self.connection.write("keeping a nonce", &script).await
    }

    async fn take_nonce(&self, key: &str) -> Result<Option<String>> {
        let keys = [self.keys.nonces.as_str(), &self.keys.nonce_ends];
        let mut script = self.invoke(&self.scripts.nonce_take, &keys);
        script.arg(key);
        self.connection.write("taking a nonce", &script).await
    }

    async fn set_paused(&self, paused: bool) -> Result<()> {
        let mut command = cmd(if paused { "HSET" } else { "HDEL" });
        command.arg(&self.keys.control).arg("paused");
        if paused {
            command.arg(1);
        }
        self.connection.write_command("pausing", &command).await
    }

    async fn paused(&self) -> Result<bool> {
        let command = cmd("HEXISTS").arg(&self.keys.control).arg("paused").to_owned();
        self.connection.read_command("reading the pause", &command).await
    }

    async fn request_restart(&self, seed: Option<u64>) -> Result<RestartRequest> {
        let mut script = self.invoke(&self.scripts.restart_request, &[&self.keys.control]);
        script.arg(text_or_empty(seed));
        let number = self.connection.write("asking for a restart", &script).await?;
        Ok(RestartRequest { number, seed })
    }

    async fn restart_request(&self) -> Result<Option<RestartRequest>> {
        let command = cmd("HMGET").arg(&self.keys.control).arg("restart").arg("restart_seed").to_owned();
        let (request, seed): (Option<u64>, Option<u64>) =
            self.connection.read_command("reading the restart request", &command).await?;
        Ok(request.map(|number| RestartRequest { number, seed }))
    }

    async fn record_award(&self, award: &Award) -> Result<bool> {
        award.check()?;
        let command = cmd("HSETNX").arg(&self.keys.awards).arg(award_field(award)?).arg(&award.body).to_owned();
        self.connection.write_command("recording an award", &command).await
    }

    async fn awards(&self, universe: Option<&str>) -> Result<Vec<Award>> {
        let command = cmd("HGETALL").arg(&self.keys.awards).to_owned();
        let row: Vec<String> = self.connection.read_command("reading awards", &command).await?;
        let mut row = row.into_iter();
        let mut awards = Vec::new();
        while let (Some(field), Some(body)) = (row.next(), row.next()) {
            let award = award_of(&field, body)?;
            if universe.is_none_or(|universe| universe == award.universe) {
                awards.push(award);
            }
        }
        awards.sort();
        Ok(awards)
    }

    async fn ping(&self) -> Result<()> {
        self.connection.write_command("ping", &cmd("PING")).await
    }

    fn durability(&self) -> Durability {
        self.durability
    }
}

/// Both directions of the seats, as stored, into the claims that have not lapsed.
fn claims_of(row: Vec<String>, now_ms: u64, idle_ms: u64) -> Result<Vec<Claim>> {
    let what = "seats";
    let refused = || unexpected(what, "a row is not a time with a name");
    let mut by_faction = Vec::new();
    let mut seen = std::collections::HashMap::new();
    let mut row = row.into_iter();
    while let (Some(field), Some(value)) = (row.next(), row.next()) {
        let (time, name) = value.split_once(' ').ok_or_else(refused)?;
        let time = number(what, time)?;
        match field.split_once('\x1f').ok_or_else(refused)? {
            ("f", faction) => by_faction.push((faction.to_owned(), name.to_owned(), time)),
            ("p", player) => {
                seen.insert(player.to_owned(), time);
            }
            _ => return Err(refused()),
        }
    }
    by_faction.sort();
    let mut claims = Vec::new();
    for (faction, player, since_ms) in by_faction {
        let seen_ms = *seen.get(&player).ok_or_else(refused)?;
        if !lapsed(seen_ms, now_ms, idle_ms) {
            claims.push(Claim { faction, player, since_ms, seen_ms });
        }
    }
    Ok(claims)
}
