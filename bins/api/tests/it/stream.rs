//! Live events over one connection (SSE).

use follow::{Followed, Sectors};
use http::{Method, Request};
use http_body_util::BodyExt;
use http_kit::{Body, body};
use process_kit::CancellationToken;
use serde_json::Value;
use store_testkit::eventually;
use tower::ServiceExt;

use crate::harness::{PATIENCE, Sector, config};

/// An event stream, read event by event.
struct Listener {
    body: Body,
    text: String,
}

/// A received event.
#[derive(Debug)]
struct Heard {
    id: String,
    data: Value,
}

impl Listener {
    async fn open(sector: &Sector, query: &str, last: Option<&str>) -> Self {
        let mut request = sector.request(Method::GET, &format!("/events/stream{query}"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = sector.open(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { body: response.into_body(), text: String::new() }
    }

    /// The next event; `None` when the stream ends.
    async fn next(&mut self) -> Option<Heard> {
        let next = async {
            loop {
                while let Some(end) = self.text.find("\n\n") {
                    let block: String = self.text.drain(..end + 2).collect();
                    let field = |name: &str| {
                        let line = block.lines().find(|line| line.starts_with(name))?;
                        Some(line[name.len()..].trim_start().to_owned())
                    };
                    if let Some(data) = field("data:") {
                        return Some(Heard {
                            id: field("id:").unwrap(),
                            data: serde_json::from_str(&data).unwrap(),
                        });
                    }
                }
                let bytes = self.body.frame().await?.unwrap().into_data().unwrap();
                self.text.push_str(std::str::from_utf8(&bytes).unwrap());
            }
        };
        tokio::time::timeout(PATIENCE, next).await.expect("the stream says something")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_begins_with_a_snapshot_and_resumes_after_a_cut() {
    let mut sector = Sector::start().await;
    let mut listener = Listener::open(&sector, "", None).await;
    let first = listener.next().await.unwrap();
    assert_eq!((&first.data["type"], &first.data["data"]["tick"]), (&"snapshot".into(), &0.into()));
    assert_eq!(format!("\"{}\"", first.id), sector.get("/snapshot").await.header("etag").unwrap());
    sector.tick(&[]).await;
    sector.tick(&[]).await;
    let second = listener.next().await.unwrap();
    assert_eq!((&second.data["type"], &second.data["data"]["tick"]), (&"delta".into(), &1.into()));
    drop(listener);

    sector.tick(&[]).await;
    let ticks = async |mut listener: Listener, count: usize| {
        let mut ticks = Vec::new();
        for _ in 0..count {
            let heard = listener.next().await.unwrap();
            assert_eq!(heard.data["type"], "delta");
            ticks.push(heard.data["data"]["tick"].as_u64().unwrap());
        }
        ticks
    };
    assert_eq!(ticks(Listener::open(&sector, "", Some(&second.id)).await, 2).await, [2, 3]);
    let (after, incarnation) = second.id.split_once('.').unwrap();
    let query = format!("?after={after}&incarnation={incarnation}");
    assert_eq!(ticks(Listener::open(&sector, &query, None).await, 2).await, [2, 3]);
    // Last-Event-ID takes precedence over the query.
    assert_eq!(
        ticks(Listener::open(&sector, "?after=1-0", Some(&second.id)).await, 2).await,
        [2, 3]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_cannot_resume_get_a_snapshot() {
    let mut sector = Sector::start().await;
    sector.tick(&[]).await;
    for (query, last) in [
        ("?after=99-0", None),
        ("?after=1-0&incarnation=00000000deadbeef", None),
        ("?after=1-0", None),
        ("", Some("1-0.00000000deadbeef")),
        // Ids of other servers: an EventSource would repeat them forever.
        ("", Some("42")),
        ("", Some("1-0")),
        ("", Some("x")),
        ("", Some("1-0.")),
        ("", Some("1-0.zz")),
    ] {
        let first = Listener::open(&sector, query, last).await.next().await.unwrap();
        assert_eq!(first.data["type"], "snapshot", "{query} {last:?}");
        assert_eq!(first.data["data"]["tick"], 1);
    }
    sector.get("/events/stream?after=1").await.problem(400, "bad_event_id");
    for query in ["incarnation=1", "since=1-0"] {
        sector.get(&format!("/events/stream?{query}")).await.problem(400, "invalid_query");
    }
    let empty = Sector::empty(config()).await;
    empty.get("/events/stream").await.problem(503, "no_universe");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_falls_behind_gets_a_snapshot() {
    let mut sector = Sector::start().await;
    // Without a connection, whose buffers would hold unread events.
    let home = Followed::new(None, sector.store.clone(), sector.follower.clone());
    let shutdown = CancellationToken::new();
    let sectors = Sectors::new(home, None, shutdown.clone());
    let service = api::enclosed(config(), sectors, api::system_clock(), shutdown).unwrap();
    let request = Request::get("/events/stream").body(body::empty()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    let mut listener = Listener { body: response.into_body(), text: String::new() };
    assert_eq!(listener.next().await.unwrap().data["type"], "snapshot");
    for _ in 0..256 {
        sector.tick(&[]).await;
    }
    for tick in 1..=256 {
        let delta = listener.next().await.unwrap().data;
        assert_eq!((&delta["type"], &delta["data"]["tick"]), (&"delta".into(), &tick.into()));
    }
    for _ in 0..257 {
        sector.tick(&[]).await;
    }
    let resync = listener.next().await.unwrap().data;
    assert_eq!((&resync["type"], &resync["data"]["tick"]), (&"snapshot".into(), &513.into()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_limited_per_client_and_end_with_the_service() {
    let sector = Sector::start().await;
    let mut listeners = Vec::new();
    for _ in 0..20 {
        listeners.push(Listener::open(&sector, "", None).await);
    }
    let answer = sector.get("/events/stream").await;
    answer.problem(429, "too_many_streams");
    assert_eq!(answer.header("retry-after"), Some("5"));
    // A client that leaves frees its slot once the server notices.
    listeners.pop();
    let another = eventually("a free slot", PATIENCE, async || {
        let response = sector.open(sector.request(Method::GET, "/events/stream")).await;
        (response.status() == 200)
            .then(|| Listener { body: response.into_body(), text: String::new() })
    });
    listeners.push(another.await);

    sector.shut_down();
    for mut listener in listeners {
        while listener.next().await.is_some() {}
    }
    sector.stop().await;
}
