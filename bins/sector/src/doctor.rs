//! `sector doctor`: checks the store and services of a sector. Every finding that is not ok says
//! what to do.

mod services;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "doctor/without_tls.rs"]
mod tls;

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use process_kit::KeyConfig;
use sector_auth::Secret;
use sector_redis::archive::Archive;
use sector_redis::{Dump, Durability, RedisReport};
use sector_sim::Snapshot;
use serde::Serialize;

use crate::backup::proof;
use crate::backup::target::Target;
use crate::tool::{Error, block_on, say};

/// Largest accepted clock difference between Redis and this machine: leases expire by the clock of
/// Redis.
const SKEW_MS_MAX: u64 = 1_000;
/// Largest accepted order backlog.
const BACKLOG_MAX: u64 = 1_000;
/// Largest accepted age of the last backup.
const BACKUP_AGE_MS_MAX: u64 = 24 * 3_600_000;
/// Shortest and longest time to watch a sector tick.
const WATCH_MIN: Duration = Duration::from_secs(1);
const WATCH_MAX: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Data directory of the sector; its process must be stopped
    #[arg(long, value_name = "DIR", conflicts_with = "redis", required_unless_present_any = ["redis", "api", "frontend", "worker"])]
    data: Option<PathBuf>,
    /// Redis of the sector: `redis://…`, `redis+unix:///path`, `redis-cluster://…` or
    /// `redis-sentinel://…`
    #[arg(long, env = "REDIS_URL", hide_env_values = true, value_name = "URL")]
    redis: Option<Secret>,
    #[command(flatten)]
    keys: KeyConfig,
    /// API to check, such as `http://127.0.0.1:8000` or `https://sector.your-name.org/api`
    #[arg(long, value_name = "URL")]
    api: Vec<String>,
    /// Frontend to check, such as `http://127.0.0.1:9000` or `https://sector.your-name.org`
    #[arg(long, value_name = "URL")]
    frontend: Vec<String>,
    /// Worker to check, by its health port, such as `http://127.0.0.1:9200`
    #[arg(long, value_name = "URL")]
    worker: Vec<String>,
    /// PEM file of certificate authorities to trust for `https://`, in addition to the public ones
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Warn,
    Fail,
}

/// Result of one check.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    status: Status,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    todo: Option<&'static str>,
}

#[derive(Serialize)]
struct Report<'a> {
    ok: bool,
    findings: &'a [Finding],
}

#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, Status::Ok, detail, None);
    }

    fn warn(&mut self, check: &'static str, detail: impl Into<String>, todo: &'static str) {
        self.add(check, Status::Warn, detail, Some(todo));
    }

    fn fail(&mut self, check: &'static str, detail: impl Into<String>, todo: &'static str) {
        self.add(check, Status::Fail, detail, Some(todo));
    }

    fn add(
        &mut self,
        check: &'static str,
        status: Status,
        detail: impl Into<String>,
        todo: Option<&'static str>,
    ) {
        self.0.push(Finding { check, status, detail: detail.into(), todo });
    }
}

pub(crate) fn doctor(options: &Options) -> Result<(), Error> {
    let trust = tls::Trust::new(options.ca.as_deref())?;
    block_on(async {
        let mut findings = Findings::default();
        if options.data.is_some() || options.redis.is_some() {
            let (data, redis) = (options.data.clone(), options.redis.clone());
            check_store(&Target { data, redis, keys: options.keys.clone() }, &mut findings).await;
        }
        for (check, urls) in
            [("api", &options.api), ("frontend", &options.frontend), ("worker", &options.worker)]
        {
            for url in urls {
                services::check(check, url, &trust, &mut findings).await;
            }
        }
        let findings = findings.0;
        let failed = findings.iter().filter(|finding| finding.status == Status::Fail).count();
        if options.json {
            say(&serde_json::to_string_pretty(&Report { ok: failed == 0, findings: &findings })?)?;
        } else {
            for Finding { check, status, detail, todo } in &findings {
                let status = match status {
                    Status::Ok => "ok  ",
                    Status::Warn => "warn",
                    Status::Fail => "FAIL",
                };
                say(&format!("{status}  {check:<12} {detail}"))?;
                if let Some(todo) = todo {
                    say(&format!("{:19}{todo}", ""))?;
                }
            }
        }
        match failed {
            0 => Ok(()),
            failed => Err(format!("{failed} of {} checks failed", findings.len()).into()),
        }
    })
}

async fn check_store(target: &Target, findings: &mut Findings) {
    let place = target.place();
    let todo = if target.data.is_some() {
        "stop the process that uses the directory, or correct --data"
    } else {
        "start Redis, or correct --redis and --sector-id"
    };
    match sector_redis::exists(&place).await {
        Ok(true) => {}
        Ok(false) => {
            return findings.fail("store", format!("{target} does not exist"), todo);
        }
        Err(error) => return findings.fail("store", target.explain(error).to_string(), todo),
    }
    let store = match target.open_existing().await {
        Ok(store) => store,
        Err(error) => return findings.fail("store", error.to_string(), todo),
    };
    match store.incarnation().await {
        Ok(incarnation) => {
            findings.ok("store", format!("{target} is readable, incarnation {incarnation}"));
        }
        Err(error) => return findings.fail("store", error.to_string(), todo),
    }
    match store.redis_report() {
        Some(report) => check_redis(report, findings),
        None => findings.ok("durability", "acknowledged orders are on disk"),
    }
    if let Err(error) = check_sector(&*store, findings).await {
        findings.fail(
            "sector",
            error.to_string(),
            "restore a backup, or start a new sector with another SECTOR_ID",
        );
    }
    check_backup(&*store, findings).await;
}

fn check_redis(report: &RedisReport, findings: &mut Findings) {
    let version = report.version.as_deref().unwrap_or("(unknown version)");
    match report.durability {
        Durability::RedisAlways => {
            findings.ok("durability", format!("Redis {version}: acknowledged orders are on disk"));
        }
        Durability::RedisVolatile => findings.fail(
            "durability",
            format!("Redis {version} has no append-only file: a restart loses accepted orders"),
            "set `appendonly yes` and `appendfsync always` or `everysec` in redis.conf",
        ),
        Durability::RedisEverySecond => {
            findings.ok(
                "durability",
                format!(
                    "Redis {version}: a crash of its machine can lose up to two seconds of orders"
                ),
            );
        }
        _ => findings.fail(
            "durability",
            format!("cannot read whether Redis {version} has an append-only file"),
            "allow the commands `info` and `config|get` for the user in the URL",
        ),
    }
    match report.last_write_ok {
        Some(false) => findings.fail(
            "log",
            "the last write to the append-only file failed",
            "free space on the disk of Redis, and check its log",
        ),
        _ => findings.ok("log", "the last write to the append-only file succeeded"),
    }
    match report.maxmemory_policy.as_deref() {
        Some("noeviction") => {
            findings.ok("eviction", "a full Redis rejects writes and evicts nothing");
        }
        policy => findings.fail(
            "eviction",
            format!(
                "a full Redis can evict keys: maxmemory-policy is {}",
                policy.unwrap_or("unknown")
            ),
            "set `maxmemory-policy noeviction` in redis.conf",
        ),
    }
    match (report.used_memory, report.maxmemory) {
        (Some(used), Some(most)) if most > 0 => {
            let percent = used.saturating_mul(100) / most;
            let detail = format!("{used} of {most} bytes in use ({percent} %)");
            let todo = "raise maxmemory, or lower EVENT_STREAM_MAXLEN";
            match percent {
                0..80 => findings.ok("memory", detail),
                80..98 => findings.warn("memory", detail, todo),
                _ => findings.fail("memory", detail, todo),
            }
        }
        (Some(used), Some(_)) => {
            findings.ok("memory", format!("{used} bytes in use, no limit"));
        }
        _ => findings.warn(
            "memory",
            "cannot read the memory usage",
            "allow the command `info` for the user in the URL",
        ),
    }
    match report.clock_ahead_ms {
        Some(ahead) if ahead.unsigned_abs() <= SKEW_MS_MAX => {
            findings.ok(
                "clock",
                format!("Redis and this machine differ by {} ms", ahead.unsigned_abs()),
            );
        }
        Some(ahead) => findings.warn(
            "clock",
            format!("Redis is {ahead} ms ahead of this machine"),
            "synchronize both clocks by NTP; leases expire by that of Redis",
        ),
        None => findings.warn(
            "clock",
            "cannot read the time of Redis",
            "allow the command `time` for the user in the URL",
        ),
    }
}

async fn check_sector(store: &dyn Archive, findings: &mut Findings) -> Result<(), Error> {
    let lease = store.lease_held().await?;
    match &lease {
        Some(lease) => findings.ok(
            "lease",
            format!(
                "held by {}, epoch {}, expires in {} ms unless renewed",
                lease.holder, lease.epoch, lease.left_ms
            ),
        ),
        None if store.redis_report().is_some() => {
            findings.warn(
                "lease",
                "no worker holds the lease: the sector does not tick",
                "start a sim-worker",
            );
        }
        None => findings.ok("lease", "not held: the sector is stopped"),
    }
    let Some(dump) = store.dump().await? else {
        findings.warn("universe", "no universe yet", "start a sim-worker, or restore a backup");
        return Ok(());
    };
    let world = &dump.world;
    let state = match (world.finished, dump.control.paused) {
        (true, _) => ", run finished",
        (false, true) => ", paused",
        (false, false) => "",
    };
    findings.ok(
        "universe",
        format!("{}, tick {}, digest {}{state}", world.universe, world.tick, world.digest),
    );
    match dump.check().map_err(Error::from).and_then(|()| proof::play(&dump, false)) {
        Ok(ticks) => findings.ok("records", format!("replaying {ticks} ticks since the checkpoint gives the same digest")),
        Err(error) => findings.fail(
            "records",
            error.to_string(),
            "start the version that wrote them, restore a backup, or start a new sector with another SECTOR_ID",
        ),
    }
    if lease.is_some() && state.is_empty() {
        check_ticks(store, &dump, findings).await?;
    }
    let waiting = store.order_backlog().await?;
    let detail = format!("backlog of {waiting} order entries");
    if waiting <= BACKLOG_MAX || world.finished {
        findings.ok("orders", detail);
    } else {
        findings.warn(
            "orders",
            detail,
            "check that the worker runs and keeps its pace; use a faster machine",
        );
    }
    Ok(())
}

/// Compares the rate of ticks with the configured one.
async fn check_ticks(
    store: &dyn Archive,
    dump: &Dump,
    findings: &mut Findings,
) -> Result<(), Error> {
    let snapshot: Snapshot = serde_json::from_str(&dump.checkpoint.snapshot)?;
    let delay = Duration::from_millis(snapshot.tick_delay_ms.max(1));
    let since = Instant::now();
    let Some(first) = store.head().await? else { return Ok(()) };
    tokio::time::sleep((delay * 5).clamp(WATCH_MIN, WATCH_MAX)).await;
    let Some(last) = store.head().await? else { return Ok(()) };
    let due = u64::try_from(since.elapsed().as_millis() / delay.as_millis())?;
    let passed = last.tick.saturating_sub(first.tick);
    let detail = format!("{passed} of {due} due ticks in {} ms", since.elapsed().as_millis());
    if last.universe != first.universe || last.finished || passed * 10 >= due * 8 {
        findings.ok("ticks", detail);
    } else if passed > 0 {
        findings.warn(
            "ticks",
            detail,
            "the machine or Redis is too slow: raise TICK_MS, or check what else runs there",
        );
    } else {
        findings.fail("ticks", detail, "check the log of the worker that holds the lease");
    }
    Ok(())
}

async fn check_backup(store: &dyn Archive, findings: &mut Findings) {
    let todo = "run `sector backup create`, and store the file on another machine";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    match store.last_backup().await {
        Ok(Some(note)) => {
            let age_ms = now_ms.saturating_sub(note.at_ms);
            let detail = format!("tick {}, {} minutes ago", note.tick, age_ms / 60_000);
            if age_ms <= BACKUP_AGE_MS_MAX {
                findings.ok("backup", detail);
            } else {
                findings.warn("backup", detail, todo);
            }
        }
        Ok(None) => findings.warn("backup", "no backup was made", todo),
        Err(error) => findings.fail("backup", error.to_string(), "see the lines above"),
    }
}
