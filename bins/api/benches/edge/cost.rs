//! CPU time of a request: in its client, in the server and in Redis.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use crate::load::{CONNECTIONS, Until, get, load, post};
use crate::redis_benchmark;
use crate::servers::Servers;

/// Requests per measurement; each connection stays within the quota of its address.
const TIMES: u64 = 1_600 * CONNECTIONS as u64;

/// Serves until its input ends; prints its address.
pub(crate) async fn serve() {
    let mut servers = Servers::start().await;
    let Servers { api, bare, bare_empty, tag, redis, .. } = &servers;
    println!("{api} {bare} {bare_empty} {tag} {} {}", redis.process_id(), redis.url());
    let mut line = String::new();
    // A line starts the ticks; end of input stops the server.
    while tokio::task::block_in_place(|| std::io::stdin().read_line(&mut line)).unwrap() > 0 {
        servers.begin_to_tick();
    }
    servers.stop().await;
}

/// Sends `count` requests.
pub(crate) async fn ask(what: &str, address: SocketAddr, times: u64, tag: &str) {
    let each = Until::Asked(times / CONNECTIONS as u64);
    let base = std::process::id() as usize % 200 * CONNECTIONS;
    match what {
        "snapshot" => load(address, each, |index, _| get(base + index, "")).await,
        "304" => load(address, each, |index, _| get(base + index, tag)).await,
        "orders" => load(address, each, |index, number| post(base + index, number)).await,
        _ => panic!("`snapshot`, `304` or `orders`"),
    };
    // The parent reads this process's CPU time before closing its input.
    println!("asked");
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}

/// Prints the CPU time of each kind of request by process.
pub(crate) async fn cost() {
    let mut server = Command::new(std::env::current_exe().unwrap())
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let [api, bare, bare_empty, tag, redis, url] = line.split_whitespace().collect::<Vec<_>>()[..]
    else {
        panic!("not what a server says: {line}");
    };
    let redis_id = redis.parse().unwrap();
    println!(
        "microseconds of processor time a request, {TIMES} requests over {CONNECTIONS} connections"
    );
    println!("{:<36} {:>8} {:>8} {:>8}", "", "client", "server", "Redis");
    let row = |name: &str, what: &str, address: &str| {
        let before = [server.id(), redis_id].map(used_ns);
        let mut asking = Command::new(std::env::current_exe().unwrap())
            .args(["ask", what, address, &TIMES.to_string(), tag])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let client = done(&mut asking);
        let after = [server.id(), redis_id].map(used_ns);
        let each = |ns: u64| ns as f64 / TIMES as f64 / 1e3;
        let (ours, redis) = (each(after[0] - before[0]), each(after[1] - before[1]));
        println!("{name:<36} {:>8.1} {ours:>8.1} {redis:>8.1}", each(client));
    };
    // The first requests fill caches.
    row("warming up", "snapshot", api);
    row("GET /snapshot, bare server", "snapshot", bare);
    row("GET /snapshot", "snapshot", api);
    row("GET /snapshot 304, bare server", "304", bare_empty);
    row("GET /snapshot 304", "304", api);
    writeln!(server.stdin.as_ref().unwrap(), "tick").unwrap();
    row("POST /orders", "orders", api);
    let before = used_ns(redis_id);
    redis_benchmark(url, TIMES);
    let each = (used_ns(redis_id) - before) as f64 / TIMES as f64 / 1e3;
    println!("{:<36} {:>8} {:>8} {each:>8.1}", "XADD by redis-benchmark", "", "");
    server.stdin.take();
    server.wait().unwrap();
}

/// Waits for the client to finish; returns its CPU time.
fn done(asking: &mut Child) -> u64 {
    let mut said = String::new();
    BufReader::new(asking.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let used = used_ns(asking.id());
    // The client exits when its input ends.
    asking.stdin.take();
    assert!(asking.wait().unwrap().success());
    used
}

/// CPU time of a process, all threads together.
fn used_ns(process: u32) -> u64 {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    threads
        .map(|thread| std::fs::read_to_string(thread.unwrap().path().join("schedstat")).unwrap())
        .map(|text| text.split(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}
