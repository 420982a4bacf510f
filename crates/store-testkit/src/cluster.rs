//! A private Redis Cluster for tests.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redis::{Client, Connection, RedisResult, Value, cmd};
use tempfile::TempDir;

/// How long the nodes may take to agree.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// Three masters on loopback that share the slots. They end with this value.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Node>,
    _directory: TempDir,
    arguments: Vec<String>,
}

#[derive(Debug)]
struct Node {
    process: Child,
    port: u16,
    bus_port: u16,
    directory: std::path::PathBuf,
}

impl RedisCluster {
    /// Starts three nodes with `appendfsync everysec`, and waits until every slot is served.
    ///
    /// # Panics
    /// When redis-server is not installed, or the nodes do not come to terms.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts three nodes with further command line arguments, which win over the usual ones.
    ///
    /// # Panics
    /// When redis-server is not installed, or the nodes do not come to terms.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot have its servers must fail loudly")]
    pub fn start_with(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let directory = TempDir::new().expect("a temporary directory can be made");
        let mut ports = free_ports(6).into_iter();
        let mut nodes = Vec::new();
        while let (Some(port), Some(bus_port)) = (ports.next(), ports.next()) {
            let directory = directory.path().join(port.to_string());
            std::fs::create_dir(&directory).expect("a directory can be made");
            nodes.push(Node {
                process: spawn(port, bus_port, &directory, &arguments),
                port,
                bus_port,
                directory,
            });
        }
        let cluster = Self { nodes, _directory: directory, arguments };
        let share = SLOTS.div_ceil(3);
        for (index, node) in (0..).zip(&cluster.nodes) {
            let (first, last) = (index * share, ((index + 1) * share).min(SLOTS) - 1);
            node.ask::<()>(cmd("CLUSTER").arg("ADDSLOTSRANGE").arg(first).arg(last));
            // Epochs that differ, so that the nodes agree at once on who owns what.
            node.ask::<()>(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(index + 1));
        }
        for other in &cluster.nodes[1..] {
            cluster.nodes[0].ask::<()>(
                cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(other.port).arg(other.bus_port),
            );
        }
        cluster.wait_until_agreed();
        cluster
    }

    /// The URL to open a store with: all nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis-cluster://{}", nodes.join(","))
    }

    /// The URL of one node, as of a server of its own.
    ///
    /// # Panics
    /// When there are fewer nodes.
    #[must_use]
    pub fn node_url(&self, index: usize) -> String {
        format!("redis://127.0.0.1:{}", self.nodes[index].port)
    }

    /// The index of the node that owns a key's slot.
    ///
    /// # Panics
    /// When no node does.
    #[must_use]
    #[expect(clippy::panic, reason = "a test must fail loudly")]
    pub fn owner(&self, key: &str) -> usize {
        for (index, node) in self.nodes.iter().enumerate() {
            let mut connection = node.connect();
            if cmd("TYPE").arg(key).query::<String>(&mut connection).is_ok() {
                return index;
            }
        }
        panic!("no node serves {key:?}")
    }

    /// Moves the slot of `key`, and the keys in it, to another node, as resharding does.
    ///
    /// # Panics
    /// When a node refuses.
    #[expect(clippy::expect_used, reason = "a test must fail loudly")]
    pub fn move_slot(&self, key: &str, to: usize) {
        let from = &self.nodes[self.owner(key)];
        let to = &self.nodes[to];
        let slot: u16 = from.ask(cmd("CLUSTER").arg("KEYSLOT").arg(key));
        let (from_id, to_id): (String, String) =
            (from.ask(cmd("CLUSTER").arg("MYID")), to.ask(cmd("CLUSTER").arg("MYID")));
        to.ask::<()>(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("IMPORTING").arg(&from_id));
        from.ask::<()>(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("MIGRATING").arg(&to_id));
        loop {
            let keys: Vec<String> =
                from.ask(cmd("CLUSTER").arg("GETKEYSINSLOT").arg(slot).arg(100));
            if keys.is_empty() {
                break;
            }
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(to.port).arg("").arg(0).arg(5_000).arg("KEYS").arg(keys);
            let moved: RedisResult<Value> = migrate.query(&mut from.connect());
            moved.expect("the keys can be moved");
        }
        for node in [to, from].into_iter().chain(&self.nodes) {
            node.ask::<()>(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg("NODE").arg(&to_id));
        }
    }

    /// Kills one node as a crash would.
    ///
    /// # Panics
    /// When there are fewer nodes.
    pub fn kill(&mut self, index: usize) {
        self.nodes[index].kill();
    }

    /// Starts a node again on the data it left, and waits until every slot is served.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn restart(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.kill();
        node.process = spawn(node.port, node.bus_port, &node.directory, &self.arguments);
        self.wait_until_agreed();
    }

    #[expect(clippy::panic, reason = "a test that cannot have its servers must fail loudly")]
    fn wait_until_agreed(&self) {
        let started = Instant::now();
        let agreed = |node: &Node| {
            // A node that loads its data refuses even that.
            let info: RedisResult<String> = cmd("CLUSTER").arg("INFO").query(&mut node.connect());
            let info = info.unwrap_or_default();
            let told = |line: &str| info.lines().any(|found| found.trim_end() == line);
            told("cluster_state:ok")
                && told("cluster_known_nodes:3")
                && told("cluster_slots_ok:16384")
        };
        while !self.nodes.iter().all(agreed) {
            if started.elapsed() > START_LIMIT {
                panic!("the cluster did not come up");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Node {
    #[expect(clippy::panic, reason = "a test that cannot have its server must fail loudly")]
    fn connect(&self) -> Connection {
        let started = Instant::now();
        loop {
            let client = Client::open(format!("redis://127.0.0.1:{}", self.port));
            match client
                .and_then(|client| client.get_connection_with_timeout(Duration::from_secs(5)))
            {
                Ok(connection) => return connection,
                Err(error) if started.elapsed() > START_LIMIT => {
                    panic!("a node did not come up: {error}")
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    #[expect(clippy::panic, reason = "a test that cannot have its server must fail loudly")]
    fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> T {
        let answer = command.query(&mut self.connect());
        answer.unwrap_or_else(|error| panic!("a node of the cluster refuses {command:?}: {error}"))
    }

    fn kill(&mut self) {
        // Both fail only when it is dead already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for RedisCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
    }
}

/// Ports that nobody listens on now.
#[expect(clippy::expect_used, reason = "a test that cannot have its servers must fail loudly")]
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port is free")).collect();
    listeners
        .iter()
        .map(|listener| listener.local_addr().expect("it has an address").port())
        .collect()
}

#[expect(clippy::panic, reason = "a test that cannot have its server must fail loudly")]
fn spawn(port: u16, bus_port: u16, directory: &std::path::Path, arguments: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--cluster-port", &bus_port.to_string()])
        .args(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"])
        .args(["--save", "", "--appendonly", "yes", "--dir"])
        .arg(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("these tests need redis-server in the PATH (Debian: apt-get install redis-server): {error}")
        })
}
