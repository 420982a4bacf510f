//! `sector doctor`: looks at the store of a sector and says what is well, what may go wrong, and what to do.

mod services;
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
use crate::backup::target::{self, Target};
use crate::output::{Error, say};

/// Clock skew that is worth a warning, since leases depend on the clock.
const MOST_SKEW_MS: u64 = 1_000;
/// Backlog that is worth a warning.
const MOST_WAITING: u64 = 1_000;
/// Age of a backup that is worth a warning.
const BACKUP_AGE_MS: u64 = 24 * 3_600_000;
/// Minimum and maximum time to watch a ticking sector.
const SHORTEST_LOOK: Duration = Duration::from_secs(1);
const LONGEST_LOOK: Duration = Duration::from_secs(30);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Data directory of the sector
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
    /// Health port of a sim-worker to check: `http://127.0.0.1:9200`
    #[arg(long, value_name = "URL")]
    worker: Vec<String>,
    /// PEM file with additional certificate authorities for `https://`
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Print JSON
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

/// One finding.
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
        self.0.push(Finding { check, status: Status::Ok, detail: detail.into(), todo: None });
    }

    fn warn(&mut self, check: &'static str, detail: impl Into<String>, todo: &'static str) {
        self.0.push(Finding {
            check,
            status: Status::Warn,
            detail: detail.into(),
            todo: Some(todo),
        });
    }

    fn fail(&mut self, check: &'static str, detail: impl Into<String>, todo: &'static str) {
        self.0.push(Finding {
            check,
            status: Status::Fail,
            detail: detail.into(),
            todo: Some(todo),
        });
    }
}

pub(crate) fn doctor(options: &Options) -> Result<(), Error> {
    let trust = tls::Trust::new(options.ca.as_deref())?;
    target::block_on(async {
        let mut findings = Findings::default();
        if options.data.is_some() || options.redis.is_some() {
            let (data, redis) = (options.data.clone(), options.redis.clone());
            look(&Target { data, redis, keys: options.keys.clone() }, &mut findings).await;
        }
        for (check, urls) in
            [("api", &options.api), ("frontend", &options.frontend), ("worker", &options.worker)]
        {
            for url in urls {
                services::look(check, url, &trust, &mut findings).await;
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

async fn look(target: &Target, findings: &mut Findings) {
    let place = target.place();
    let todo = if target.data.is_some() {
        "stop the process that has the directory, or name the right one"
    } else {
        "start Redis, or look at --redis and --sector-id"
    };
    match sector_redis::exists(&place).await {
        Ok(true) => {}
        Ok(false) => {
            return findings.fail(
                "store",
                format!("{target} is not there: nothing was found"),
                todo,
            );
        }
        Err(error) => return findings.fail("store", target.explain(error).to_string(), todo),
    }
    let store = match target.open_existing().await {
        Ok(store) => store,
        Err(error) => return findings.fail("store", error.to_string(), todo),
    };
    match store.incarnation().await {
        Ok(incarnation) => {
            findings.ok("store", format!("{target} answers, incarnation {incarnation}"));
        }
        Err(error) => return findings.fail("store", error.to_string(), todo),
    }
    match store.redis_report() {
        Some(report) => look_at_redis(report, findings),
        None => findings.ok("durability", "what is answered is on the disk"),
    }
    if let Err(error) = look_at_sector(&*store, findings).await {
        findings.fail(
            "sector",
            error.to_string(),
            "restore a backup, or begin anew under another SECTOR_ID",
        );
    }
    look_at_backup(&*store, findings).await;
}

fn look_at_redis(report: &RedisReport, findings: &mut Findings) {
    let version = report.version.as_deref().unwrap_or("of an untold version");
    match report.durability {
        Durability::RedisAlways => {
            findings.ok("durability", format!("Redis {version}: what is answered is on the disk"));
        }
        Durability::RedisVolatile => findings.fail(
            "durability",
            format!("Redis {version} keeps no log: a restart of it loses accepted orders"),
            "set `appendonly yes` and `appendfsync always` or `everysec` in redis.conf",
        ),
        Durability::RedisEverySecond => {
            findings.ok(
                "durability",
                format!("Redis {version}: a crash of its machine may lose up to two seconds"),
            );
        }
        _ => findings.fail(
            "durability",
            format!("Redis {version} does not tell whether it keeps a log"),
            "allow the user of the URL the commands `info` and `config|get`",
        ),
    }
    match report.last_write_ok {
        Some(false) => findings.fail(
            "log",
            "the last write of the log did not reach the disk",
            "make room on the disk of Redis, and look at its log",
        ),
        _ => findings.ok("log", "its last write was well"),
    }
    match report.maxmemory_policy.as_deref() {
        Some("noeviction") => findings.ok("eviction", "a full Redis refuses; it drops nothing"),
        policy => findings.fail(
            "eviction",
            format!(
                "a full Redis may drop keys: maxmemory-policy {}",
                policy.unwrap_or("is not told")
            ),
            "set `maxmemory-policy noeviction` in redis.conf",
        ),
    }
    match (report.used_memory, report.maxmemory) {
        (Some(used), Some(most)) if most > 0 => {
            let percent = used.saturating_mul(100) / most;
            let detail = format!("{used} of {most} bytes are in use, {percent} %");
            let todo = "raise maxmemory, or lower EVENT_STREAM_MAXLEN";
            match percent {
                0..80 => findings.ok("memory", detail),
                80..98 => findings.warn("memory", detail, todo),
                _ => findings.fail("memory", detail, todo),
            }
        }
        (Some(used), Some(_)) => {
            findings.ok("memory", format!("{used} bytes are in use, of as many as there are"));
        }
        _ => findings.warn(
            "memory",
            "it is not told",
            "allow the user of the URL the command `info`",
        ),
    }
    match report.clock_ahead_ms {
        Some(ahead) if ahead.unsigned_abs() <= MOST_SKEW_MS => {
            findings.ok(
                "clock",
                format!("Redis and this machine differ by {} ms", ahead.unsigned_abs()),
            );
        }
        Some(ahead) => findings.warn(
            "clock",
            format!("Redis is {ahead} ms ahead of this machine"),
            "set both clocks by NTP; leases end by that of Redis",
        ),
        None => findings.warn(
            "clock",
            "Redis does not tell the time",
            "allow the user of the URL the command `time`",
        ),
    }
}

async fn look_at_sector(store: &dyn Archive, findings: &mut Findings) -> Result<(), Error> {
    let lease = store.lease_held().await?;
    match &lease {
        Some(lease) => findings.ok(
            "lease",
            format!(
                "{} holds it, epoch {}, for {} ms unless renewed",
                lease.holder, lease.epoch, lease.left_ms
            ),
        ),
        None if store.redis_report().is_some() => {
            findings.warn("lease", "no worker holds it: nothing ticks", "start a sim-worker");
        }
        None => findings.ok("lease", "nobody holds it: the sector is stopped"),
    }
    let Some(dump) = store.dump().await? else {
        findings.warn("universe", "there is none yet", "start a sim-worker, or restore a backup");
        return Ok(());
    };
    let world = &dump.world;
    let state = match (world.finished, dump.control.paused) {
        (true, _) => ", its run has ended",
        (false, true) => ", paused",
        (false, false) => "",
    };
    findings.ok(
        "universe",
        format!("{}, tick {}, digest {}{state}", world.universe, world.tick, world.digest),
    );
    match dump.check().map_err(Error::from).and_then(|()| proof::play(&dump, false)) {
        Ok(ticks) => findings.ok("records", format!("the {ticks} ticks since the checkpoint lead to that digest")),
        Err(error) => findings.fail(
            "records",
            error.to_string(),
            "start the version that wrote them, restore a backup, or begin anew under another SECTOR_ID",
        ),
    }
    if lease.is_some() && state.is_empty() {
        look_at_ticks(store, &dump, findings).await?;
    }
    let waiting = store.order_backlog().await?;
    let detail = format!("{waiting} entries wait for the worker");
    if waiting <= MOST_WAITING || world.finished {
        findings.ok("orders", detail);
    } else {
        findings.warn(
            "orders",
            detail,
            "see whether the worker runs and keeps its pace; give it a faster machine",
        );
    }
    Ok(())
}

/// Watches the ticks for a while.
async fn look_at_ticks(
    store: &dyn Archive,
    dump: &Dump,
    findings: &mut Findings,
) -> Result<(), Error> {
    let snapshot: Snapshot = serde_json::from_str(&dump.checkpoint.snapshot)?;
    let delay = Duration::from_millis(snapshot.tick_delay_ms.max(1));
    let since = Instant::now();
    let Some(first) = store.head().await? else { return Ok(()) };
    tokio::time::sleep((delay * 5).clamp(SHORTEST_LOOK, LONGEST_LOOK)).await;
    let Some(last) = store.head().await? else { return Ok(()) };
    let due = u64::try_from(since.elapsed().as_millis() / delay.as_millis())?;
    let passed = last.tick.saturating_sub(first.tick);
    let detail = format!("{passed} of {due} due ticks came in {} ms", since.elapsed().as_millis());
    if last.universe != first.universe || last.finished || passed * 10 >= due * 8 {
        findings.ok("ticks", detail);
    } else if passed > 0 {
        findings.warn(
            "ticks",
            detail,
            "the machine or Redis is too slow: raise TICK_MS, or see what else runs there",
        );
    } else {
        findings.fail("ticks", detail, "look at the log of the worker that holds the lease");
    }
    Ok(())
}

async fn look_at_backup(store: &dyn Archive, findings: &mut Findings) {
    let todo = "run `sector backup create`, and keep the file on another machine";
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    match store.last_backup().await {
        Ok(Some(note)) => {
            let age_ms = now_ms.saturating_sub(note.at_ms);
            let detail = format!("of tick {}, {} minutes ago", note.tick, age_ms / 60_000);
            if age_ms <= BACKUP_AGE_MS {
                findings.ok("backup", detail);
            } else {
                findings.warn("backup", detail, todo);
            }
        }
        Ok(None) => findings.warn("backup", "there was none", todo),
        Err(error) => findings.fail("backup", error.to_string(), "see the lines above"),
    }
}
