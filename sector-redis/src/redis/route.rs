//! The way to the node that holds a sector: one server, the owner of a slot of a cluster, or the
//! master that sentinels name.
//!
//! All keys of a sector lie in one slot, so that in a cluster, too, one connection to one node
//! serves it. Who that is, is asked anew with every connection: a slot that moved or a master that
//! was replaced is found by connecting again.

use std::collections::BTreeSet;
use std::time::Duration;

use parking_lot::Mutex;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, FromRedisValue,
    IntoConnectionInfo, RedisError, Value, cmd,
};

use super::answer::{from_redis, only};
use crate::error::{Error, Result};

/// How long making one connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Most commands on their way over one connection; further ones wait for room.
const MAX_IN_FLIGHT: usize = 1_024;
/// The port of Redis, and of its sentinels, where a URL names none.
const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26_379;
const EXPECTED: &str = "expected redis://[user:password@]host[:port][/database], redis+unix:///path, \
     redis-cluster://[user:password@]host[:port],… or redis-sentinel://[user:password@]host[:port],…/master[/database]";

/// The way to the node of a sector.
pub(super) enum Route {
    /// One server, whatever happens.
    Server(ConnectionInfo),
    /// The node of a cluster that owns a key's slot; any node that is up tells which.
    Cluster { template: ConnectionInfo, nodes: Mutex<Vec<Address>> },
    /// The master under this name; any sentinel that is up tells where.
    /// The sentinels themselves are asked without a user.
    Sentinel {
        template: ConnectionInfo,
        sentinels: Vec<Address>,
        plain: ConnectionInfo,
        master: String,
    },
}

type Address = (String, u16);

impl Route {
    /// The way that a URL names.
    ///
    /// # Errors
    /// [`Error::Config`], which does not repeat the URL: it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let refused = |detail: String| {
            Error::config(format!("the Redis URL cannot be used: {detail}; {EXPECTED}"))
        };
        if url.starts_with("rediss:") || url.starts_with("valkeys:") {
            return Err(refused("this program speaks no TLS to Redis".into()));
        }
        if let Some(rest) = url.strip_prefix("redis-cluster://") {
            let (user, nodes) = split_user(rest);
            let nodes = addresses(nodes.trim_end_matches('/'), REDIS_PORT).map_err(refused)?;
            return Ok(Self::Cluster { template: template(&user, "")?, nodes: Mutex::new(nodes) });
        }
        if let Some(rest) = url.strip_prefix("redis-sentinel://") {
            let (user, rest) = split_user(rest);
            let mut parts = rest.split('/');
            let sentinels =
                addresses(parts.next().unwrap_or_default(), SENTINEL_PORT).map_err(refused)?;
            let master = parts.next().filter(|name| !name.is_empty());
            let master = master.ok_or_else(|| refused("it names no master".into()))?.to_owned();
            let template = template(&user, parts.next().unwrap_or_default())?;
            return Ok(Self::Sentinel {
                template,
                sentinels,
                plain: self::template("", "")?,
                master,
            });
        }
        Ok(Self::Server(info(url)?))
    }

    /// Refuses a network connection without a password: anyone who reaches that Redis could change the sector.
    ///
    /// # Errors
    /// [`Error::Config`], saying what to set.
    pub(super) fn check_guarded(&self) -> Result<()> {
        let (info, hosts): (_, Vec<&str>) = match self {
            Self::Server(info) => (info, host(info.addr()).into_iter().collect()),
            Self::Cluster { template, nodes } => {
                let nodes = nodes.lock();
                return guarded(template, nodes.iter().map(|(host, _)| host.as_str()));
            }
            Self::Sentinel { template, sentinels, .. } => {
                (template, sentinels.iter().map(|(host, _)| host.as_str()).collect())
            }
        };
        guarded(info, hosts.into_iter())
    }

    /// Whether it may lead to another node tomorrow.
    pub(super) fn may_move(&self) -> bool {
        !matches!(self, Self::Server(_))
    }

    /// Whether it leads into a cluster.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self, Self::Cluster { .. })
    }

    /// A connection to the node that holds `key`, with a limit for each of its commands.
    pub(super) async fn connect(
        &self,
        key: &str,
        limit: Duration,
    ) -> Result<MultiplexedConnection> {
        match self {
            Self::Server(info) => connect(info, limit).await,
            Self::Cluster { template, nodes } => {
                let known = nodes.lock().clone();
                let (owner, all) = owner_by(&known, template, key).await?;
                // Named first: the one that owned the slot last is the likeliest to answer.
                let mut found = vec![owner.clone()];
                found.extend(all);
                found.extend(known);
                let mut seen = BTreeSet::new();
                found.retain(|node| seen.insert(node.clone()));
                *nodes.lock() = found;
                connect(&at(&owner, template), limit).await
            }
            Self::Sentinel { template, sentinels, plain, master } => {
                let address = master_by(sentinels, plain, master).await?;
                let mut connection = connect(&at(&address, template), limit).await?;
                check_master(&mut connection).await?;
                Ok(connection)
            }
        }
    }
}

/// The machine of an address; none for a socket of this one.
fn host(address: &ConnectionAddr) -> Option<&str> {
    match address {
        ConnectionAddr::Tcp(host, _) => Some(host),
        ConnectionAddr::TcpTls { host, .. } => Some(host),
        _ => None,
    }
}

fn guarded<'a>(info: &ConnectionInfo, mut hosts: impl Iterator<Item = &'a str>) -> Result<()> {
    let is_here = |host: &str| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    if info.redis_settings().password().is_some() {
        return Ok(());
    }
    match hosts.find(|host| !is_here(host)) {
        None => Ok(()),
        Some(host) => Err(Error::config(format!(
            "the Redis URL names no password, and {host} is another machine: give Redis a user and put it into the URL \
             (--redis-url, REDIS_URL), redis://user:password@{host}; or accept that with --dev, for trying things out"
        ))),
    }
}

/// User and password as written, and what follows them.
fn split_user(rest: &str) -> (String, &str) {
    match rest.rsplit_once('@') {
        Some((user, rest)) => (format!("{user}@"), rest),
        None => (String::new(), rest),
    }
}

/// `host[:port]` by `host[:port]`, separated by commas; an IPv6 address stands in brackets.
fn addresses(text: &str, default_port: u16) -> Result<Vec<Address>, String> {
    let one = |text: &str| {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| format!("{port:?} is not a port"))?)
            }
            _ => (text, default_port),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            Err("a host is missing".to_owned())
        } else {
            Ok((host.to_owned(), port))
        }
    };
    text.split(',').map(one).collect()
}

fn info(url: &str) -> Result<ConnectionInfo> {
    url.into_connection_info().map_err(|error| {
        // The error of a bad URL does not repeat it.
        Error::config_because(format!("the Redis URL cannot be used: {error}; {EXPECTED}"), error)
    })
}

/// How to connect to any node: as to one server that a URL names, at another address.
fn template(user: &str, database: &str) -> Result<ConnectionInfo> {
    info(&format!("redis://{user}host/{database}"))
}

fn at((host, port): &Address, template: &ConnectionInfo) -> ConnectionInfo {
    template.clone().set_addr(ConnectionAddr::Tcp(host.clone(), *port))
}

fn connected(error: RedisError) -> Error {
    from_redis("connecting to Redis", error)
}

async fn connect(info: &ConnectionInfo, limit: Duration) -> Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(limit))
        .set_concurrency_limit(MAX_IN_FLIGHT);
    let client = Client::open(info.clone()).map_err(connected)?;
    client.get_multiplexed_async_connection_with_config(&config).await.map_err(connected)
}

/// What the first node that answers says of the owner of a key's slot; the last error if none does.
async fn owner_by(
    nodes: &[Address],
    template: &ConnectionInfo,
    key: &str,
) -> Result<(Address, Vec<Address>)> {
    let mut last = Error::config("the Redis URL names no host");
    for node in nodes {
        match owner_of(&at(node, template), key).await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// What the first sentinel that answers says; the last error if none does.
async fn master_by(
    sentinels: &[Address],
    template: &ConnectionInfo,
    master: &str,
) -> Result<Address> {
    let mut last = Error::config("the Redis URL names no host");
    for sentinel in sentinels {
        match master_of(&at(sentinel, template), master).await {
            Ok(answer) => return Ok(answer),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The owner of a key's slot, and all masters, as this node sees them.
async fn owner_of(node: &ConnectionInfo, key: &str) -> Result<(Address, Vec<Address>)> {
    let doing = "asking the cluster for its nodes";
    let mut connection = connect(node, CONNECT_TIMEOUT).await?;
    let slot: Result<u64> =
        only(&mut connection, cmd("CLUSTER").arg("KEYSLOT").arg(key), doing).await;
    let slot = slot.map_err(|error| match error {
        Error::Corrupt { detail, .. } if detail.contains("cluster support disabled") => {
            Error::config("the Redis URL names a cluster, but that Redis is not one; name it as redis://host:port")
        }
        other => other,
    })?;
    let ranges: Vec<Value> = only(&mut connection, cmd("CLUSTER").arg("SLOTS"), doing).await?;
    let mut owner = None;
    let mut all = Vec::new();
    for range in ranges {
        let refused =
            || Error::corrupt("the cluster's answer", "a range of slots is not as documented");
        let Value::Array(mut parts) = range else { return Err(refused()) };
        if parts.len() < 3 {
            return Err(refused());
        }
        let Value::Array(master) = parts.swap_remove(2) else { return Err(refused()) };
        let bound = |index: usize| u64::from_redis_value_ref(&parts[index]).map_err(|_| refused());
        let within = (bound(0)?..=bound(1)?).contains(&slot);
        let host = master
            .first()
            .and_then(|host| String::from_redis_value_ref(host).ok())
            .unwrap_or_default();
        let port = master
            .get(1)
            .and_then(|port| u16::from_redis_value_ref(port).ok())
            .ok_or_else(refused)?;
        // A node that does not know its own address leaves it out.
        let host = match (host.as_str(), node.addr()) {
            ("" | "?", ConnectionAddr::Tcp(asked, _)) => asked.clone(),
            _ => host,
        };
        if within {
            owner = Some((host.clone(), port));
        }
        all.push((host, port));
    }
    let owner = owner.ok_or_else(|| {
        Error::unavailable(doing, format!("no node serves slot {slot} of {key:?}"))
    })?;
    Ok((owner, all))
}

async fn master_of(sentinel: &ConnectionInfo, master: &str) -> Result<Address> {
    let doing = "asking the sentinels for the master";
    let mut connection = connect(sentinel, CONNECT_TIMEOUT).await?;
    let command = cmd("SENTINEL").arg("get-master-addr-by-name").arg(master).to_owned();
    let found: Option<(String, u16)> = only(&mut connection, &command, doing).await?;
    found.ok_or_else(|| {
        Error::config(format!(
            "the sentinels know no master {master:?}; name the one they watch, or have them watch it"
        ))
    })
}

/// A sentinel may not know yet that a master has become a replica.
async fn check_master(connection: &mut MultiplexedConnection) -> Result<()> {
    let doing = "connecting to Redis";
    let role: Vec<Value> = only(connection, &cmd("ROLE"), doing).await?;
    let role =
        role.first().and_then(|role| String::from_redis_value_ref(role).ok()).unwrap_or_default();
    if role == "master" {
        return Ok(());
    }
    Err(Error::unavailable(
        doing,
        format!("the sentinels name a {role}, not a master; they are about to change that"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> String {
        match Route::parse(url) {
            Err(Error::Config { message, .. }) => message,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("{url:?} was taken"),
        }
    }

    #[test]
    fn a_redis_on_another_machine_wants_a_password() {
        for fine in [
            "redis://127.0.0.1:6379",
            "redis://localhost",
            "redis://[::1]:6379",
            "redis+unix:///run/redis.sock",
            "redis://api:p@redis:6379",
            "redis-cluster://:p@a,b",
            "redis-sentinel://127.0.0.1/main",
        ] {
            Route::parse(fine)
                .unwrap_or_else(|error| panic!("{fine}: {error}"))
                .check_guarded()
                .unwrap();
        }
        for open in [
            "redis://redis:6379",
            "redis://10.0.0.7",
            "redis-cluster://127.0.0.1,redis-2",
            "redis-sentinel://a/main",
        ] {
            let message = Route::parse(open).unwrap().check_guarded().unwrap_err().to_string();
            assert!(
                message.contains("REDIS_URL")
                    && message.contains("password")
                    && message.contains("--dev"),
                "{message}"
            );
        }
    }

    #[test]
    fn urls_lead_where_they_say() {
        let Ok(Route::Cluster { nodes, template }) =
            Route::parse("redis-cluster://u:p%40x@a:1,b,[::1]:3/")
        else {
            panic!("not a cluster");
        };
        let nodes = nodes.into_inner();
        assert_eq!(nodes, [("a".into(), 1), ("b".into(), 6379), ("::1".into(), 3)]);
        assert_eq!(
            (template.redis_settings().username(), template.redis_settings().password()),
            (Some("u"), Some("p@x"))
        );
        let Ok(Route::Sentinel { sentinels, master, template, .. }) =
            Route::parse("redis-sentinel://:p@a,b:2/main/4")
        else {
            panic!("not sentinels");
        };
        assert_eq!(sentinels, [("a".into(), 26_379), ("b".into(), 2)]);
        assert_eq!(
            (master.as_str(), template.redis_settings().password(), template.redis_settings().db()),
            ("main", Some("p"), 4)
        );
        assert!(matches!(Route::parse("redis://a"), Ok(Route::Server(_))));
        assert!(matches!(Route::parse("redis+unix:///a.sock"), Ok(Route::Server(_))));
    }

    #[test]
    fn bad_urls_are_refused_without_the_password() {
        for url in [
            "",
            "http://u:hidden@a",
            "redis-cluster://u:hidden@",
            "redis-cluster://u:hidden@a,,b",
            "redis-cluster://u:hidden@a:port",
            "redis-sentinel://u:hidden@a",
            "redis-sentinel://u:hidden@a/",
            "redis-sentinel://u:hidden@a/main/x",
            "rediss://u:hidden@a",
        ] {
            let message = refusal(url);
            assert!(
                message.contains("redis-cluster://") && !message.contains("hidden"),
                "{url}: {message}"
            );
        }
    }
}
