//! The master that a real sentinel names.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::FromRedisValue;
use sector_redis::StreamId;
use store_testkit::RedisServer;
use tokio::time::{Instant, sleep};

use crate::cluster::free_port;
use crate::{begin, config_message, lease, open_url, order, tick};

/// A sentinel of its own; it ends with this value.
struct Sentinel {
    process: Child,
    port: u16,
    _directory: tempfile::TempDir,
}

impl Sentinel {
    async fn over(master_port: u16) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let path = directory.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {master_port} 1\n\
             sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n",
            directory.path().display()
        );
        std::fs::write(&path, text).unwrap();
        let process = Command::new("redis-server")
            .arg(&path)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let sentinel = Self { process, port, _directory: directory };
        let started = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "the sentinel did not come up");
            sleep(Duration::from_millis(5)).await;
        }
        sentinel
    }

    fn plain_url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn url(&self, master: &str) -> String {
        // The first one named is away: the next one is asked.
        format!("redis-sentinel://127.0.0.1:{},127.0.0.1:{}/{master}", free_port(), self.port)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn server(port: u16, more: &[&str]) -> RedisServer {
    let port = port.to_string();
    let mut arguments = vec!["--bind", "127.0.0.1", "--port", &port];
    arguments.extend(more);
    RedisServer::start_with(&arguments)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_master_is_found_and_found_again_after_a_failover() {
    let (master_port, replica_port) = (free_port(), free_port());
    let _master = server(master_port, &[]);
    let _replica = server(replica_port, &["--replicaof", &format!("127.0.0.1 {master_port}")]);
    let sentinel = Sentinel::over(master_port).await;
    let message = config_message(open_url(&sentinel.url("other")).await);
    assert!(message.contains("\"other\""), "{message}");

    let store = open_url(&sentinel.url("main")).await.unwrap();
    let lease = lease(&store).await;
    store.commit(&begin(&lease)).await.unwrap();

    // The replica must have caught up, and the sentinel must know it, before it is promoted.
    let (master_url, replica_url) =
        (format!("redis://127.0.0.1:{master_port}"), format!("redis://127.0.0.1:{replica_port}"));
    let caught_up = || {
        let world =
            |url: &str| ask::<Vec<String>>(url, redis::cmd("HGETALL").arg("sector:world")).ok();
        let lease = |url: &str| ask::<String>(url, redis::cmd("GET").arg("sector:lease")).ok();
        lease(&replica_url).is_some() && world(&replica_url) == world(&master_url)
    };
    eventually("the replica catches up", caught_up).await;
    let failover = || {
        ask::<()>(&sentinel.plain_url(), redis::cmd("SENTINEL").arg("failover").arg("main")).is_ok()
    };
    eventually("the failover begins", failover).await;
    // Nothing is written until the old master has stepped down: what it accepts meanwhile is lost,
    // which is why the documentation advises against failovers that nobody oversees.
    let role = |url: &str| {
        let role: redis::RedisResult<Vec<redis::Value>> = ask(url, &redis::cmd("ROLE"));
        role.ok().and_then(|role| String::from_redis_value_ref(role.first()?).ok())
    };
    eventually("the old master steps down", || role(&master_url).as_deref() == Some("slave")).await;
    eventually("the new one takes over", || role(&replica_url).as_deref() == Some("master")).await;

    let began = Instant::now();
    while let Err(error) = store.commit(&tick(&lease, 1)).await {
        assert!(error.is_unavailable(), "{error:?}");
        assert!(began.elapsed() < Duration::from_secs(5), "the new master was not found");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.append_orders(&order("a")).await.unwrap().id, StreamId::new(1));
    assert_eq!(
        open_url(&sentinel.url("main")).await.unwrap().head().await.unwrap().unwrap().tick,
        1
    );
    assert_eq!(open_url(&replica_url).await.unwrap().head().await.unwrap().unwrap().tick, 1);
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn ask<T: redis::FromRedisValue>(url: &str, command: &redis::Cmd) -> redis::RedisResult<T> {
    command.query(&mut redis::Client::open(url)?.get_connection()?)
}
