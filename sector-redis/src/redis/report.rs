//! What Redis says of itself: how durable it is, and whether it keeps all keys.

use redis::cmd;

use super::link::Link;
use super::options::RedisOptions;
use super::route::Route;
use crate::error::{Error, Result};
use crate::report::RedisReport;
use crate::store::Durability;

/// The one policy that drops no key.
const NO_EVICTION: &str = "noeviction";
/// How far the clock of Redis may be from this machine's. Seats and logins are counted in tens of seconds at the least;
/// a machine that is merely busy is not off by so much.
const MOST_SKEW_MS: u64 = 10_000;

impl RedisReport {
    /// Asks the Redis of these options, without opening a store.
    ///
    /// # Errors
    /// As connecting: [`Unavailable`](Error::Unavailable), or [`Config`](Error::Config) with what
    /// to change.
    pub async fn of(options: &RedisOptions) -> Result<Self> {
        let keys = crate::keys::Keys::new(&options.names)?;
        let route = std::sync::Arc::new(Route::parse(&options.url)?);
        Self::ask(&Link::open(route, &keys.world, options.command_timeout).await?).await
    }

    pub(super) async fn ask(link: &Link) -> Result<Self> {
        let doing = "asking Redis for its settings";
        let info = told(link.read_command::<String>(doing, &cmd("INFO")).await)?;
        let fsync = cmd("CONFIG").arg("GET").arg("appendfsync").to_owned();
        let fsync = told(link.read_command::<Vec<String>>(doing, &fsync).await)?;
        let time: Option<(i64, i64)> = told(link.read_command(doing, &cmd("TIME")).await)?;
        let here_ms = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok();
        let here_ms = here_ms.and_then(|since| i64::try_from(since.as_millis()).ok());
        let clock_ahead_ms =
            time.zip(here_ms).map(|((s, us), here_ms)| s * 1_000 + us / 1_000 - here_ms);
        Ok(Self::read(
            &info.unwrap_or_default(),
            fsync.and_then(|pair| pair.into_iter().nth(1)),
            clock_ahead_ms,
        ))
    }

    fn read(info: &str, appendfsync: Option<String>, clock_ahead_ms: Option<i64>) -> Self {
        let field = |name: &str| {
            let mut lines = info.lines();
            lines.find_map(|line| {
                line.trim_end().strip_prefix(name)?.strip_prefix(':').map(str::to_owned)
            })
        };
        let number = |name: &str| field(name).and_then(|text| text.parse().ok());
        let durability = match (field("aof_enabled").as_deref(), appendfsync.as_deref()) {
            (Some("0"), _) => Durability::RedisVolatile,
            (Some("1"), Some("always")) => Durability::RedisAlways,
            (Some("1"), Some(_)) => Durability::RedisEverySecond,
            _ => Durability::Unknown,
        };
        Self {
            durability,
            appendfsync,
            maxmemory_policy: field("maxmemory_policy"),
            maxmemory: number("maxmemory"),
            used_memory: number("used_memory"),
            last_write_ok: field("aof_last_write_status").map(|status| status == "ok"),
            version: field("valkey_version").or_else(|| field("redis_version")),
            clock_ahead_ms,
        }
    }

    /// Refuses a Redis whose clock and this machine's tell different times: leases end by the one, seats and logins by
    /// the other.
    ///
    /// # Errors
    /// [`Config`](Error::Config), saying what to set.
    pub fn check_clock(&self) -> Result<()> {
        match self.clock_ahead_ms {
            Some(ahead) if ahead.unsigned_abs() > MOST_SKEW_MS => Err(Error::config(format!(
                "the clock of Redis is {} s {} that of this machine, at most {} s are allowed: set both by NTP; \
                 or accept that with --dev, for trying things out",
                ahead.unsigned_abs() / 1_000,
                if ahead > 0 { "ahead of" } else { "behind" },
                MOST_SKEW_MS / 1_000,
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses a Redis that may forget what it has acknowledged, or does not say.
    ///
    /// # Errors
    /// [`Config`](Error::Config), saying what to set.
    pub fn check_durable(&self) -> Result<()> {
        let refused = |what: &str, todo: &str| {
            Err(Error::config(format!(
                "{what}: {todo}; or accept that with --dev, for trying things out"
            )))
        };
        match self.durability {
            Durability::RedisVolatile => {
                return refused(
                    "this Redis keeps no log, so a restart of it loses accepted orders and committed ticks",
                    "set `appendonly yes` (and `appendfsync always` or `everysec`) in redis.conf",
                );
            }
            Durability::Unknown => {
                return refused(
                    "this Redis does not tell whether it keeps a log",
                    "allow the user of the URL the commands `info` and `config|get`",
                );
            }
            _ => {}
        }
        match self.maxmemory_policy.as_deref() {
            Some(NO_EVICTION) => Ok(()),
            Some(policy) => refused(
                &format!("this Redis drops keys when it is full (maxmemory-policy {policy})"),
                "set `maxmemory-policy noeviction` in redis.conf",
            ),
            None => refused(
                "this Redis does not tell whether it drops keys when it is full",
                "allow the user of the URL the command `info`",
            ),
        }
    }
}

/// What a user may not ask is left out; a Redis that is away is an error.
fn told<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_unavailable() => Err(error),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "# Server\r\nredis_version:7.0.15\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n";

    fn refusal(info: &str, fsync: Option<&str>) -> String {
        let report = RedisReport::read(info, fsync.map(str::to_owned), None);
        report.check_durable().expect_err("it was accepted").to_string()
    }

    #[test]
    fn clocks_that_differ_are_refused() {
        let report = |ahead| RedisReport::read(GOOD, Some("always".into()), ahead);
        for fine in [None, Some(0), Some(-10_000), Some(10_000)] {
            report(fine).check_clock().unwrap();
        }
        for (ahead, words) in [(10_001, "10 s ahead of"), (-3_600_000, "3600 s behind")] {
            let message = report(Some(ahead)).check_clock().unwrap_err().to_string();
            assert!(
                message.contains(words) && message.contains("NTP") && message.contains("--dev"),
                "{message}"
            );
        }
    }

    #[test]
    fn only_what_keeps_everything_is_accepted() {
        for (fsync, durability) in
            [("always", Durability::RedisAlways), ("everysec", Durability::RedisEverySecond)]
        {
            let report = RedisReport::read(GOOD, Some(fsync.into()), None);
            assert_eq!(report.durability, durability);
            assert_eq!(report.version.as_deref(), Some("7.0.15"));
            report.check_durable().unwrap();
        }
        assert!(refusal(GOOD, None).contains("config|get"));
        assert!(refusal("", Some("always")).contains("info"));
        assert!(
            refusal(&GOOD.replace("aof_enabled:1", "aof_enabled:0"), Some("always"))
                .contains("appendonly yes")
        );
        let evicting = GOOD.replace("noeviction", "allkeys-lru");
        assert!(refusal(&evicting, Some("always")).contains("maxmemory-policy allkeys-lru"));
        assert!(refusal(&GOOD.replace("maxmemory_policy", "x"), Some("always")).contains("info"));
    }
}
