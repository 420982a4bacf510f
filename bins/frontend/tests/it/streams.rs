//! `/ws`: entries, their order, and the end of the stream.

use std::time::{Duration, Instant};

use frontend::{Config, Pace};
use futures_util::SinkExt;
use sector_redis::StreamId;
use sector_sim::{Delta, Mirror, Snapshot};
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Frontend, Received, patiently};

fn mirror_of(received: &Received) -> Mirror {
    assert_eq!(received.kind, "snapshot");
    let snapshot: Snapshot = serde_json::from_value(received.data.clone()).unwrap();
    Mirror::new(&snapshot).unwrap()
}

fn apply(mirror: &mut Mirror, received: &Received) {
    assert_eq!(received.kind, "delta");
    mirror.apply(&serde_json::from_value::<Delta>(received.data.clone()).unwrap()).unwrap();
}

fn with_pace(pace: Pace) -> Config {
    Config { pace, ..Config::default() }
}

#[tokio::test]
async fn a_snapshot_then_every_tick_in_order_lead_to_the_same_world() {
    let (frontend, mut sector) = Frontend::with_sector(Config::default()).await;
    sector.tick().await;
    let mut socket = frontend.socket("/ws").await;
    let first = socket.entry().await;
    let mut mirror = mirror_of(&first);
    let mut position = first.id;
    for _ in 0..40 {
        sector.tick().await;
    }
    while position < sector.newest {
        let next = socket.entry().await;
        assert_eq!(next.id, position.next());
        apply(&mut mirror, &next);
        position = next.id;
    }
    assert_eq!((mirror.digest(), mirror.snapshot()), (sector.world.digest(), sector.snapshot()));
    // A new universe begins in the same stream.
    let sector = sector.begin_anew("u-2", 8).await;
    let begun = socket.entry().await;
    assert_eq!((begun.id, begun.data["universe_id"].as_str()), (sector.newest, Some("u-2")));
    assert_eq!(mirror_of(&begun).digest(), sector.world.digest());
    frontend.stop().await;
}

#[tokio::test]
async fn clients_resume_or_get_a_snapshot_if_they_cannot() {
    let pace = Pace { behind_max: 4, ..Pace::default() };
    let (frontend, mut sector) = Frontend::with_sector(with_pace(pace)).await;
    for _ in 0..20 {
        sector.tick().await;
    }
    // Wait until the frontend has seen the events.
    patiently(async { while frontend.get("/health", &[]).await.json()["tick"] != 20 {} }).await;
    // A resuming client gets all events, even more than a slow client may fall behind.
    let incarnation = sector.store.incarnation().await.unwrap();
    let after = |id: u64| format!("/ws?after={id}-0&incarnation={incarnation}");
    for id in [0, 3, 20] {
        let mut socket = frontend.socket(&after(id)).await;
        for number in id + 1..=21 {
            let entry = socket.entry().await;
            assert_eq!(entry.id, StreamId::new(number));
            assert_eq!(entry.kind, if number == 1 { "snapshot" } else { "delta" });
        }
    }
    let mut up_to_date = frontend.socket(&after(21)).await;
    // An id that was never issued: from another sector.
    let mut foreign = frontend.socket(&after(9_000)).await;
    assert_eq!(foreign.entry().await.kind, "snapshot");
    sector.tick().await;
    for socket in [&mut up_to_date, &mut foreign] {
        let entry = socket.entry().await;
        assert_eq!((entry.id, entry.kind.as_str()), (StreamId::new(22), "delta"));
    }
    let health = frontend.get("/health", &[]).await.json();
    assert_eq!(health["resyncs"], 0, "none of them was slow");
    frontend.stop().await;
}

#[tokio::test]
async fn history_that_was_trimmed_is_replaced_by_a_snapshot() {
    let frontend = Frontend::start(Config::default()).await;
    // Trimmed before the frontend sees it: nothing older is in its memory either.
    let store = frontend.store.clone();
    let mut sector = crate::harness::Sector::begin(store.clone(), "u-1", 7).await;
    for _ in 0..9 {
        sector.tick().await;
    }
    sector.tick_told(Vec::new(), Some(2)).await;
    frontend.stop().await;
    let incarnation = store.incarnation().await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = process_kit::CancellationToken::new();
    let running = tokio::spawn(frontend::run(
        Config::default(),
        listener,
        follow::Sectors::one(store, shutdown.clone()),
        shutdown.clone(),
    ));
    let (mut socket, _) = patiently(tokio_tungstenite::client_async(
        format!("ws://{address}/ws?after=2-0&incarnation={incarnation}"),
        tokio::net::TcpStream::connect(address).await.unwrap(),
    ))
    .await
    .unwrap();
    let Some(Ok(Message::Text(text))) = patiently(futures_util::StreamExt::next(&mut socket)).await
    else {
        panic!()
    };
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&value["type"], &value["id"]),
        (&"snapshot".into(), &sector.newest.to_string().into())
    );
    shutdown.cancel();
    patiently(running).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_slow_client_gets_a_snapshot_instead_of_a_queue() {
    let pace = Pace { behind_max: 4, ..Pace::default() };
    let (frontend, mut sector) = Frontend::with_sector(with_pace(pace)).await;
    // Small buffers, so that the server has to wait for the reader.
    let stream = TcpSocket::new_v4().unwrap();
    stream.set_recv_buffer_size(4_096).unwrap();
    let stream = stream.connect(frontend.address).await.unwrap();
    let mut slow = frontend.socket_over(stream, "/ws", &[]).await.unwrap();
    let first = slow.entry().await;
    let mut mirror = mirror_of(&first);
    let mut quick = frontend.socket("/ws").await;
    assert_eq!(quick.entry().await.id, first.id);
    let mut position = first.id;
    // 16 MB, more than the socket buffers hold.
    for _ in 0..32 {
        sector.tick_told(vec!["x".repeat(1 << 19)], None).await;
        let entry = quick.entry().await;
        assert_eq!(entry.id, position.next());
        position = entry.id;
    }
    let mut jumped = 0;
    let mut position = first.id;
    while position < sector.newest {
        let entry = slow.entry().await;
        if entry.kind == "snapshot" {
            assert!(entry.id > position.next(), "a snapshot without need");
            mirror = mirror_of(&entry);
            jumped += 1;
        } else {
            assert_eq!(entry.id, position.next());
            apply(&mut mirror, &entry);
        }
        position = entry.id;
    }
    assert_eq!((jumped, mirror.digest()), (1, sector.world.digest()));
    assert_eq!(frontend.get("/health", &[]).await.json()["resyncs"], 1);
    frontend.stop().await;
}

#[tokio::test]
async fn clients_that_do_not_answer_pings_are_closed() {
    let pace = Pace {
        ping: Duration::from_millis(20),
        silence: Duration::from_millis(300),
        ..Pace::default()
    };
    let (frontend, sector) = Frontend::with_sector(with_pace(pace)).await;
    let mut alive = frontend.socket("/ws").await;
    assert_eq!(alive.entry().await.id, sector.newest);
    let mut mute = frontend.socket("/ws").await;
    // Reading the raw stream answers no ping.
    let opened = Instant::now();
    let mut bytes = Vec::new();
    let alive_reads = async {
        let mut pings = 0;
        while pings < 40 {
            match patiently(futures_util::StreamExt::next(&mut alive.inner)).await {
                Some(Ok(Message::Ping(_))) => pings += 1,
                other => panic!("{other:?}"),
            }
        }
    };
    let (read, ()) =
        tokio::join!(patiently(mute.inner.get_mut().read_to_end(&mut bytes)), alive_reads);
    read.unwrap();
    assert!(opened.elapsed() >= Duration::from_millis(300));
    // 1008 in a close frame, and before it pings.
    let close = bytes
        .windows(4)
        .position(|window| window[0] == 0x88 && window[2..4] == 1_008_u16.to_be_bytes());
    let ping = bytes.windows(2).position(|window| window == [0x89, 0x00]);
    assert!(ping.unwrap() < close.unwrap());
    frontend.stop().await;
}

#[tokio::test]
async fn long_messages_of_a_client_are_refused() {
    let (frontend, sector) = Frontend::with_sector(Config::default()).await;
    let mut socket = frontend.socket("/ws").await;
    assert_eq!(socket.entry().await.id, sector.newest);
    socket.inner.send(Message::text("hello")).await.unwrap();
    socket.inner.send(Message::text("x".repeat(16 << 10))).await.unwrap();
    socket.inner.send(Message::text("x".repeat((16 << 10) + 1))).await.unwrap();
    assert_eq!(socket.close_code().await, Some(1009));
    // A close frame is answered, and the slot is freed.
    let mut polite = frontend.socket("/ws").await;
    polite.inner.close(None).await.unwrap();
    while let Some(Ok(_)) = patiently(futures_util::StreamExt::next(&mut polite.inner)).await {}
    patiently(async {
        while frontend.get("/health", &[]).await.json()["clients"] != 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    frontend.stop().await;
}

#[tokio::test]
async fn a_shutdown_closes_every_socket_with_1012_without_waiting() {
    let (frontend, sector) = Frontend::with_sector(Config::default()).await;
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let mut socket = frontend.socket("/ws").await;
        assert_eq!(socket.entry().await.id, sector.newest);
        sockets.push(socket);
    }
    // This client never reads, so it never answers the close frame.
    let deaf = frontend.socket("/ws").await;
    let began = Instant::now();
    let (_, codes) = tokio::join!(frontend.stop(), async {
        let mut codes = Vec::new();
        for socket in &mut sockets {
            codes.push(socket.close_code().await);
        }
        codes
    });
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(codes, vec![Some(1012); 20]);
    drop(deaf);
}

#[tokio::test]
async fn after_a_restore_a_resuming_client_gets_a_snapshot() {
    let (frontend, mut sector) = Frontend::with_sector(Config::default()).await;
    sector.tick().await;
    patiently(async { while frontend.get("/health", &[]).await.json()["tick"] != 1 {} }).await;
    let mut watching = frontend.socket("/ws").await;
    let known = watching.entry().await.data["incarnation"].as_str().unwrap().to_owned();
    assert_eq!(known, sector.store.incarnation().await.unwrap().to_string());
    let resume = |incarnation: &str| format!("/ws?after=1-0&incarnation={incarnation}");
    assert_eq!(frontend.socket(&resume(&known)).await.entry().await.kind, "delta");

    sector.store.release_lease(&sector.lease).await.unwrap();
    let renewed = sector.store.renew_incarnation().await.unwrap().to_string();
    sector.lease =
        sector.store.acquire_lease("test", Duration::from_secs(3_600)).await.unwrap().unwrap();
    sector.tick().await;
    let given = watching.snapshot().await;
    assert_eq!(given.data["incarnation"], renewed.as_str());
    let mut stale = frontend.socket(&resume(&known)).await;
    assert_eq!(stale.snapshot().await.data["incarnation"], renewed.as_str());
    // Only clients that name the current incarnation resume where they were.
    let entry = frontend.socket(&resume(&renewed)).await.entry().await;
    assert_eq!((entry.id, entry.kind.as_str()), (StreamId::new(2), "delta"));
    frontend.socket("/ws?after=1-0").await.snapshot().await;
    let refusal = frontend.try_socket("/ws?after=1-0&incarnation=xyz", &[]).await.unwrap_err();
    assert_eq!(refusal.code(), (400, "invalid_query"));
    frontend.stop().await;
}
