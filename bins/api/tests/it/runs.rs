//! Finished runs, their replays, and the leaderboard.

use sector_redis::Award;
use sector_sim::order::Amount;
use sector_sim::replay::{Replay, verify};
use sector_sim::{Command, Order, SystemId};
use sector_wire::{Leaderboard, RunDocument, RunPage};
use serde_json::{Value, json};

use crate::harness::Sector;

async fn page(sector: &Sector, query: &str) -> (Vec<String>, Option<String>) {
    let answer = sector.get(&format!("/runs{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let page: RunPage = serde_json::from_slice(&answer.body).unwrap();
    (page.runs.into_iter().map(|run| run.universe_id).collect(), page.next)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_are_listed_newest_first_page_by_page() {
    let mut sector = Sector::start().await;
    assert_eq!(page(&sector, "").await, (vec![], None));
    for number in 1..=5 {
        sector.tick(&[]).await;
        sector.end().await;
        sector.begin(&format!("u-{}", number + 1), 7 + number).await;
    }
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(page(&sector, "").await, (named(&["u-5", "u-4", "u-3", "u-2", "u-1"]), None));
    assert_eq!(page(&sector, "?count=2").await, (named(&["u-5", "u-4"]), Some("u-4".to_owned())));
    assert_eq!(
        page(&sector, "?count=2&before=u-4").await,
        (named(&["u-3", "u-2"]), Some("u-2".to_owned()))
    );
    assert_eq!(page(&sector, "?count=2&before=u-2").await, (named(&["u-1"]), None));
    for query in ["?before=u-9", "?count=0", "?count=101", "?after=u-1"] {
        sector.get(&format!("/runs{query}")).await.problem(400, "invalid_query");
    }

    let run: RunDocument = serde_json::from_slice(&sector.get("/runs/u-3").await.body).unwrap();
    assert_eq!((run.universe_id.as_str(), run.running, run.ticks, run.seed), ("u-3", false, 2, 9));
    assert_eq!(run.winner.map(|winner| winner.to_string()).as_deref(), Some("F1"));
    sector.log_in_with(1, "F4").await;
    sector.tick(&[]).await;
    let run: RunDocument = serde_json::from_slice(&sector.get("/runs/u-6").await.body).unwrap();
    assert_eq!((run.running, run.ticks, run.winner, run.cause), (true, 1, None, None));
    assert_eq!(
        (run.digest, run.systems, run.factions),
        (sector.world().digest().to_string(), 30, 5)
    );
    assert_eq!(run.players.iter().map(|seat| seat.faction.as_str()).collect::<Vec<_>>(), ["F4"]);
    sector.get("/runs/u-7").await.problem(404, "unknown_run");
    sector.get("/runs/u-7/replay").await.problem(404, "unknown_run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_verifies_during_and_after_the_run() {
    let mut sector = Sector::start().await;
    let origin = SystemId(sector.home(1));
    let target = sector.world().map().neighbours(origin)[0].system;
    let go = Command::Move { origin, target, fleet: None, amount: Amount::Fleet };
    let order = Order::new("F1".parse().unwrap(), go);
    sector.tick(&[order.clone(), order]).await;
    for _ in 0..1_200 {
        sector.tick(&[]).await;
    }
    let verified = async |sector: &Sector, ticks: usize| {
        let answer = sector.get("/runs/u-1/replay").await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/octet-stream"))
        );
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename=\"u-1.replay\"")
        );
        let replay = Replay::parse(&answer.body).unwrap();
        assert_eq!((replay.ticks().len(), replay.header().version), (ticks, 2));
        let outcomes: Vec<bool> = replay.ticks()[0].outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(outcomes, [true, false]);
        let verified = verify(&answer.body).unwrap();
        assert!(verified.complete);
        verified
    };
    let running = verified(&sector, 1_201).await;
    assert_eq!(running.digest, sector.world().digest());
    let before = sector.world().board().result();
    assert!(before.is_none());
    sector.begin("u-2", 8).await;
    // An aborted run is not kept.
    sector.get("/runs/u-1/replay").await.problem(404, "unknown_run");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_that_does_not_match_is_aborted() {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    // The harness ends the run without the engine, so the recorded digest is wrong.
    sector.tick_with_record(json!({"tick": 2, "orders": [], "digest": "0000000000000000"})).await;
    let mut body =
        sector.open(sector.request(http::Method::GET, "/runs/u-1/replay")).await.into_body();
    let read = async {
        use http_body_util::BodyExt;
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return true;
            }
        }
        false
    };
    assert!(
        tokio::time::timeout(crate::harness::PATIENCE, read).await.expect("it ends"),
        "it ended as if it were whole"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_leaderboard_counts_all_awards_and_games_of_kept_runs() {
    let mut sector = Sector::start().await;
    let seats = |pairs: &[(&str, &str)]| -> Value {
        pairs
            .iter()
            .map(|(faction, player)| json!({"faction": faction, "player": player}))
            .collect()
    };
    // F1 wins the runs that the harness ends.
    sector.end_with(seats(&[("F1", "0xA"), ("F2", "0xB")])).await;
    sector.begin("u-2", 8).await;
    sector.end_with(seats(&[("F1", "0xB"), ("F3", "0xA")])).await;
    sector.begin("u-3", 9).await;
    sector.end_with(seats(&[("F2", "0xC")])).await;
    let award = |universe: &str, award: &str, player: Value| {
        Award {
        universe: universe.into(),
        faction: "F1".into(),
        award: award.into(),
        body: json!({"name": "The first", "cause": "domination", "tick": 9, "seed": 7, "digest": "0", "player": player})
            .to_string(),
    }
    };
    for award in [
        award("u-1", "victory", json!("0xA")),
        award("u-2", "victory", json!("0xB")),
        award("u-3", "victory", json!(null)),
        award("u-0", "victory", json!("0xB")),
        award("u-1", "beauty", json!("0xC")),
    ] {
        sector.store.record_award(&award).await.unwrap();
    }
    let board: Leaderboard =
        serde_json::from_slice(&sector.get("/leaderboard").await.body).unwrap();
    assert_eq!((board.victories, board.computer_victories, board.runs_kept), (4, 1, 3));
    let told: Vec<_> = board
        .players
        .iter()
        .map(|leader| (leader.player.as_str(), leader.wins, leader.games, leader.games_won))
        .collect();
    assert_eq!(told, [("0xB", 2, 2, 1), ("0xA", 1, 2, 1), ("0xC", 0, 1, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_that_do_not_count_and_games_without_opponents_are_listed_apart() {
    let mut sector = Sector::start().await;
    let player = |faction: &str, player: &str, counts: bool| {
        let reason = (!counts).then_some("lapsed");
        json!({"faction": faction, "player": player, "since_ms": 1, "seen_ms": 2, "share": 900, "counts": counts, "reason": reason})
    };
    sector.end_with(json!([player("F1", "0xA", false), player("F2", "0xB", true)])).await;
    let run = sector.get("/runs/u-1").await.json();
    assert_eq!(
        (&run["players"][0]["counts"], &run["players"][0]["reason"]),
        (&json!(false), &json!("lapsed"))
    );
    for (universe, rated) in [("u-1", Some(false)), ("u-2", Some(true)), ("u-3", None)] {
        let mut body = json!({"name": "The first", "cause": "domination", "tick": 9, "seed": 7, "digest": "0", "player": "0xB"});
        if let Some(rated) = rated {
            body["rated"] = json!(rated);
        }
        let award = Award {
            universe: universe.into(),
            faction: "F2".into(),
            award: "victory".into(),
            body: body.to_string(),
        };
        sector.store.record_award(&award).await.unwrap();
    }
    let board: Leaderboard =
        serde_json::from_slice(&sector.get("/leaderboard").await.body).unwrap();
    assert_eq!(board.victories, 3);
    let [leader] = board.players.as_slice() else { panic!("{board:?}") };
    assert_eq!(
        (leader.player.as_str(), leader.wins, leader.unrated_wins, leader.games),
        ("0xB", 2, 1, 1)
    );
}

/// A download that is not read, with a small receive buffer, so that the server has to wait.
async fn unread(sector: &Sector, path: &str) -> (u16, tokio::net::TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address: std::net::SocketAddr = sector.url().replace("http://", "").parse().unwrap();
    let mut stream = socket.connect(address).await.unwrap();
    stream
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut head = [0; 12];
    tokio::time::timeout(crate::harness::PATIENCE, stream.read_exact(&mut head))
        .await
        .expect("it answers")
        .unwrap();
    (std::str::from_utf8(&head[9..]).unwrap().parse().unwrap(), stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_replays_run_at_once_and_stalled_readers_lose_their_slot() {
    let mut sector = Sector::start().await;
    // Random reasons, which do not compress: more than the socket buffers of four connections.
    let mut state = 7_u64;
    for _ in 0..400 {
        let orders: Vec<Order> = (0..100)
            .map(|_| {
                let reason: String = (0..120)
                    .map(|_| {
                        state = state
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        char::from(b'!' + (state >> 33) as u8 % 94)
                    })
                    .collect();
                let cancel = Command::Cancel { fleet: sector_sim::FleetId(u32::MAX) };
                Order { reason: Some(reason.into()), ..Order::new("F1".parse().unwrap(), cancel) }
            })
            .collect();
        sector.tick(&orders).await;
    }
    let path = "/runs/u-1/replay";
    let mut unreading = Vec::new();
    for _ in 0..4 {
        let (status, stream) = unread(&sector, path).await;
        assert_eq!(status, 200);
        unreading.push(stream);
    }
    let refused = sector.get(path).await;
    refused.problem(503, "too_many_replays");
    assert!(refused.header("retry-after").is_some());
    // Other requests are served, and stalled downloads end.
    assert_eq!(sector.get("/runs").await.status, 200);
    let free = async { while sector.get(path).await.status == 503 {} };
    tokio::time::timeout(crate::harness::PATIENCE, free).await.expect("a place is free again");
    drop(unreading);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_with_an_unsupported_rules_version_is_refused() {
    let mut sector = Sector::start().await;
    let known = sector_sim::rules::RULES_VERSION;
    sector.begin_under("u-2", 8, known + 1).await;
    sector.tick(&[]).await;
    let problem = sector.get("/runs/u-2/replay").await.problem(409, "foreign_rules");
    assert!(problem["detail"].as_str().unwrap().contains(&(known + 1).to_string()), "{problem}");
    sector.get("/rules").await.problem(409, "foreign_rules");
    let order = json!({"kind": "focus", "faction": "F1", "system_id": 0, "focus": "order"});
    sector.post("/orders/check", &json!({"orders": [order]})).await.problem(409, "foreign_rules");
    // Requests that need no rules still work.
    assert_eq!(sector.get("/runs/u-2").await.status, 200);
}
