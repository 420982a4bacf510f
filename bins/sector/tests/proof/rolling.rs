//! Every service restarted in turn under load, as a rollout does: no order is lost, and nobody is
//! away for long.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use sector_redis::{Place, StoreOptions, open};
use store_testkit::RedisServer;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::books::Books;
use crate::load::Load;
use crate::services::{Service, free_port};

/// A service that is asked to end has ended within this.
const END: Duration = Duration::from_secs(10);
/// No client is away, and nobody waits for a tick, for longer than this.
const AWAY: Duration = Duration::from_secs(2);
/// A service that is started is ready within this, on a machine that has other things to do.
const READY: Duration = Duration::from_secs(30);
/// How long everything runs under load before the next service is restarted.
const LOAD: Duration = Duration::from_millis(700);
/// How soon a client comes back, at most; spread, so that not all come at once.
const COME_BACK_MS: u64 = 250;

/// What stands before two copies of a service: a connection goes to the next one that takes it.
async fn balance(ports: [u16; 2]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let next = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let first = next.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                for attempt in 0..ports.len() {
                    let port = ports[(first + attempt) % ports.len()];
                    if let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await {
                        // It ends when either side does; that is no fault here.
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                        return;
                    }
                }
            });
        }
    });
    address
}

/// What a spectator went through.
#[derive(Debug, Default)]
struct Seen {
    ticks: u64,
    longest_gap: Duration,
    /// How often it was told that the service restarts.
    restarts: u32,
    /// How often a connection ended without a word.
    broken: u32,
}

/// Watches the sector until `is_over`, and comes back whenever the connection ends.
async fn watch(
    number: u64,
    frontend: SocketAddr,
    is_over: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
) {
    let mut last: Option<Instant> = None;
    while !is_over.load(Ordering::Relaxed) {
        if let Ok((mut socket, _)) =
            tokio_tungstenite::connect_async(format!("ws://{frontend}/ws")).await
        {
            let mut is_told = false;
            while let Ok(Some(Ok(message))) = timeout(AWAY * 2, socket.next()).await {
                match message {
                    Message::Text(_) => {
                        let mut seen = seen.lock().unwrap();
                        seen.ticks += 1;
                        let now = Instant::now();
                        seen.longest_gap =
                            seen.longest_gap.max(last.map_or(Duration::ZERO, |last| now - last));
                        last = Some(now);
                    }
                    Message::Close(frame) => {
                        is_told = frame.is_some_and(|frame| frame.code == CloseCode::Restart);
                    }
                    _ => {}
                }
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
            }
            let mut seen = seen.lock().unwrap();
            *(if is_told { &mut seen.restarts } else { &mut seen.broken }) += 1;
        }
        sleep(Duration::from_millis(number * 97 % COME_BACK_MS)).await;
    }
}

/// Asks the API every few milliseconds; says for how long it did not answer at most.
async fn ask(api: SocketAddr, is_over: Arc<AtomicBool>) -> Duration {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().unwrap();
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    while !is_over.load(Ordering::Relaxed) {
        if http
            .get(format!("http://{api}/factions"))
            .send()
            .await
            .is_ok_and(|response| response.status().is_success())
        {
            longest = longest.max(last.elapsed());
            last = Instant::now();
        }
        sleep(Duration::from_millis(20)).await;
    }
    longest.max(last.elapsed())
}

async fn is_ready(port: u16) {
    let began = Instant::now();
    let url = format!("http://127.0.0.1:{port}/readyz");
    while !reqwest::get(&url).await.is_ok_and(|response| response.status().is_success()) {
        assert!(began.elapsed() < READY, "{url} does not become ready");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rolling_restarts_lose_no_order_and_keep_nobody_waiting() {
    let redis = RedisServer::start_with(&["--appendfsync", "always"]);
    let url = redis.url();
    let ports: [u16; 6] = std::array::from_fn(|_| free_port());
    let text = ports.map(|port| port.to_string());
    let worker = |port: usize| {
        let options = "--tick-ms 50 --systems 8 --factions 3 --seed 5 --universe-pause-ms 100 --event-stream-maxlen 10000000";
        let all = options.split(' ').chain(["--health-port", text[port].as_str()]);
        Service::new("sim-worker", &format!("worker {port}"), &url, &all.collect::<Vec<_>>())
    };
    let api = balance([ports[2], ports[3]]).await;
    let frontend = balance([ports[4], ports[5]]).await;
    let api_url = format!("http://{api}");
    let mut services = [
        worker(0),
        worker(1),
        Service::new("api", "api 0", &url, &["--port", &text[2]]),
        Service::new("api", "api 1", &url, &["--port", &text[3]]),
        Service::new("frontend", "frontend 0", &url, &["--port", &text[4], "--api-url", &api_url]),
        Service::new("frontend", "frontend 1", &url, &["--port", &text[5], "--api-url", &api_url]),
    ];
    for (service, port) in services.iter_mut().zip(ports) {
        service.start();
        is_ready(port).await;
    }
    let is_over = Arc::<AtomicBool>::default();
    let load = Load::start(&api_url, 3, Duration::from_millis(10));
    let spectators: Vec<(Arc<Mutex<Seen>>, JoinHandle<()>)> = (0..6)
        .map(|number| {
            let seen = Arc::<Mutex<Seen>>::default();
            (seen.clone(), tokio::spawn(watch(number, frontend, is_over.clone(), seen)))
        })
        .collect();
    let asking = tokio::spawn(ask(api, is_over.clone()));

    let mut ends = Vec::new();
    for (service, port) in services.iter_mut().zip(ports) {
        sleep(LOAD).await;
        ends.push((service.name.clone(), service.stop().await));
        service.start();
        is_ready(port).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let told = load.stop().await;
    let unanswered = asking.await.unwrap();
    let mut seen = Vec::new();
    for (one, watching) in spectators {
        watching.await.unwrap();
        seen.push(std::mem::take(&mut *one.lock().unwrap()));
    }
    let store = open(StoreOptions::new(Place::redis(url))).await.unwrap();
    let began = Instant::now();
    while store.order_backlog().await.unwrap() > 0 {
        assert!(began.elapsed() < READY, "orders are left over");
        sleep(Duration::from_millis(20)).await;
    }
    for service in &mut services {
        service.stop().await;
    }

    println!("ended: {ends:.1?}; the API was away for {unanswered:.1?}; spectators: {seen:.1?}");
    let books = Books::audit(&store).await;
    let receipts = told.receipts.lock().unwrap().clone();
    books.compare(&receipts);
    assert!(receipts.len() > 50, "hardly any orders were accepted");
    for (name, took) in ends {
        assert!(took <= END, "{name} took {took:.1?} to end");
    }
    assert!(unanswered <= AWAY, "the API did not answer for {unanswered:.1?}");
    for one in seen {
        assert!(one.ticks > 20 && one.longest_gap <= AWAY, "{one:?}");
        assert_eq!(one.broken, 0, "{one:?}");
    }
}
