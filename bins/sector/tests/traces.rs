//! Telemetry of the services: traces from an order to the sockets, metrics, and no secret anywhere.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_kit::{Context, Limits, Problem, Response, Router, reply};
use process_kit::config::{Milliseconds, Seconds};
use process_kit::metrics::StoreMetrics;
use process_kit::trace::{Share, TraceOptions};
use process_kit::{CancellationToken, Handles, Metrics};
use sector_auth::{Key, Secret};
use sector_redis::{Place, StoreOptions, open};
use serde_json::{Value, json};
use store_testkit::{RedisServer, eventually};

const BOT_TOKEN: &str = "the token of the operator's bots";
/// On a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

type Spans = Arc<Mutex<Vec<Value>>>;

/// A collector of traces; says where it listens.
async fn collector(spans: Spans) -> String {
    async fn take(mut context: Context<Spans>) -> Result<Response, Problem> {
        let batch: Value = context.json(4 << 20).await?;
        for resource in batch["resourceSpans"].as_array().unwrap() {
            let service = &resource["resource"]["attributes"][0]["value"]["stringValue"];
            for span in resource["scopeSpans"][0]["spans"].as_array().unwrap() {
                let mut span = span.clone();
                span["service"] = service.clone();
                context.state().lock().unwrap().push(span);
            }
        }
        Ok(reply::text("{}"))
    }
    let listener = http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new(spans).route(http::Method::POST, "/v1/traces", take).build().unwrap();
    tokio::spawn(http_kit::serve(listener, routes, Limits::default(), CancellationToken::new()));
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_an_order_to_the_sockets() {
    let spans = Spans::default();
    let options = TraceOptions {
        otlp_endpoint: Some(collector(spans.clone()).await),
        trace_share: Share::default(),
    };
    let metrics = Metrics::of("tests", "0");
    let tracer = |service| process_kit::trace::begin(service, &options, &metrics).unwrap();
    let redis = RedisServer::start();
    let store = async || {
        let observer = Arc::new(StoreMetrics::new(&metrics));
        open(StoreOptions {
            observer: Some(observer),
            ..StoreOptions::new(Place::redis(redis.url()))
        })
        .await
        .unwrap()
    };
    let listen = async || http_kit::bind("127.0.0.1:0".parse().unwrap(), "--port").await.unwrap();
    let shutdown = CancellationToken::new();

    let worker = sim_worker::Config {
        tick_ms: Milliseconds(50),
        seed: Some(7),
        systems: 30,
        factions: 5,
        lease_ttl_ms: Milliseconds(60_000),
        order_block_ms: Milliseconds(1_000),
        reset_universe_on_start: true,
        event_stream_maxlen: 10_000,
        snapshot_every: 20,
        universe_pause_ms: Milliseconds(1_000),
        claim_idle_seconds: Seconds(600),
        autopilot_seconds: Seconds(30),
        victory_share_percent: 50,
        victory_presence_seconds: Seconds(60),
    };
    tokio::spawn(sim_worker::run(
        worker,
        store().await,
        sim_worker::Sources::system(),
        Handles::new(metrics.clone(), tracer("sim-worker"), shutdown.clone()),
    ));
    let listener = listen().await;
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut config =
        api::Config::new(&Secret::new("a secret of at least thirty-two bytes").unwrap()).unwrap();
    config.bot_api_token = Some(Secret::new(BOT_TOKEN).unwrap());
    let sectors = follow::Sectors::one(store().await, shutdown.clone());
    tokio::spawn(api::run(
        config,
        listener,
        sectors,
        Handles::new(metrics.clone(), tracer("api"), shutdown.clone()),
    ));
    let config = frontend::Config { api_url: url.parse().unwrap(), ..frontend::Config::default() };
    let sectors = follow::Sectors::one(store().await, shutdown.clone());
    sectors.home().follower().ready().await.unwrap();
    tokio::spawn(frontend::run(
        config,
        listen().await,
        sectors,
        Handles::new(metrics.clone(), tracer("frontend"), shutdown.clone()),
    ));

    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let http = reqwest::Client::new();
    let order = json!({ "orders": [{ "kind": "muster", "faction": "F1", "target_id": 3, "client_id": "traced" }] });
    eventually("the order is accepted", PATIENCE, async || {
        let request =
            http.post(format!("{url}/orders")).json(&order).header("x-bot-token", BOT_TOKEN);
        let answer = request
            .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"))
            .send()
            .await
            .unwrap();
        (answer.status().as_u16() == 202).then_some(())
    })
    .await;
    let names = [
        "POST /orders",
        "append to the order stream",
        "wait for the tick",
        "tick",
        "commit",
        "hand to the sockets",
    ];
    let ours = eventually("all spans arrive", PATIENCE, async || {
        let ours: Vec<Value> =
            spans.lock().unwrap().iter().filter(|span| span["traceId"] == trace).cloned().collect();
        names.iter().all(|name| ours.iter().any(|span| span["name"] == *name)).then_some(ours)
    })
    .await;
    let span = |name: &str| ours.iter().rfind(|span| span["name"] == name).unwrap();
    let parents = [
        ("append to the order stream", "POST /orders"),
        ("wait for the tick", "POST /orders"),
        ("tick", "POST /orders"),
        ("commit", "tick"),
        ("hand to the sockets", "tick"),
    ];
    assert_eq!(span("POST /orders")["parentSpanId"], "00f067aa0ba902b7");
    for (child, parent) in parents {
        assert_eq!(
            span(child)["parentSpanId"],
            span(parent)["spanId"],
            "{child} under {parent}: {ours:?}"
        );
    }
    let services = names.map(|name| span(name)["service"].as_str().unwrap().to_owned());
    assert_eq!(services, ["api", "api", "sim-worker", "sim-worker", "sim-worker", "frontend"]);
    assert!(!format!("{:?}", spans.lock().unwrap()).contains(BOT_TOKEN), "a token in a span");

    let text = metrics.text();
    for line in [
        "sector_worker_lease_held{sector=\"default\"} 1.0",
        "sector_worker_lease_transitions_total{sector=\"default\",to=\"held\"} 1",
        "sector_streams_clients 0.0",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}\n{text}");
    }
    for name in [
        "sector_worker_tick_phase_seconds_count{phase=\"battles\"}",
        "sector_worker_commits_total{result=\"committed\"}",
        "sector_worker_order_to_event_seconds_count",
        "sector_worker_snapshot_bytes{sector=\"default\"}",
        "sector_store_operation_seconds_count{operation=\"commit\"}",
        "sector_store_operation_seconds_count{operation=\"append_orders\"}",
    ] {
        let line = text
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap_or_else(|| panic!("{name}\n{text}"));
        assert!(line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() > 0.0, "{line}");
    }
    shutdown.cancel();
}

/// Everything that a whole sector writes while somebody logs in, is renewed, issues a key and gives
/// orders; and that its log and its traces lead to each other.
#[tokio::test(flavor = "multi_thread")]
async fn log_and_traces_of_a_whole_sector_hold_no_secret_even_when_they_tell_everything() {
    let spans = Spans::default();
    let collector = collector(spans.clone()).await;
    let jwt_secret = "8b1f0c52d7e96a3480f1b2c3d4e5f60718293a4b5c6d7e8f9001122334455667";
    let ports = [
        "--api-port",
        "0",
        "--frontend-port",
        "0",
        "--minter-port",
        "0",
        "--tick-ms",
        "50",
        "--log",
        "trace",
    ];
    let mut child = Command::new(env!("CARGO_BIN_EXE_sector"))
        .args(["up", "--show-operator-link"])
        .args(ports)
        .args(["--otlp-endpoint", &collector])
        .env("JWT_SECRET", jwt_secret)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let stderr = child.stderr.take().unwrap();
    let reading = std::thread::spawn(move || {
        BufReader::new(stderr).lines().map_while(Result::ok).collect::<Vec<String>>().join("\n")
    });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let url = lines.find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some("API"))
            .then(|| words.next().and_then(|url| url.strip_suffix("/health")).map(str::to_owned))?
    });
    let url = url.unwrap();
    let code = lines
        .find_map(|line| line.split_once("#operator=").map(|(_, code)| code.to_owned()))
        .unwrap();

    let http = reqwest::Client::new();
    let mut secrets = vec![jwt_secret.to_owned(), code];
    let post = async |path: &str, body: Value, token: Option<&str>| -> Value {
        let mut request = http.post(format!("{url}{path}")).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.json().await.unwrap_or_default();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    };
    eventually("a universe starts", PATIENCE, async || {
        let answer = http.get(format!("{url}/factions")).send().await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let key = Key::from_random_bytes([7; 32]).unwrap();
    let address = key.address().to_string();
    let nonce = post("/auth/nonce", json!({ "address": address }), None).await;
    let message = nonce["message"].as_str().unwrap();
    let signature = key.sign_message(message);
    let signed = json!({ "message": message, "signature": signature });
    let login = post("/auth/verify", signed, None).await;
    let token = login["token"].as_str().unwrap().to_owned();
    let refresh = login["refresh_token"].as_str().unwrap().to_owned();
    post("/factions/claim", json!({ "faction": "F1" }), Some(&token)).await;
    let order = json!({ "orders": [{ "kind": "muster", "faction": "F1", "target_id": 3 }] });
    post("/orders", order.clone(), Some(&token)).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let traced = http.post(format!("{url}/orders")).json(&order).bearer_auth(&token);
    let traced = traced.header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = traced.header("x-request-id", "the-traced-one").send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 202);
    let parts = ["POST /orders", "wait for the tick", "tick", "commit", "hand to the sockets"];
    eventually("all spans arrive", PATIENCE, async || {
        let spans = spans.lock().unwrap();
        let has =
            |part: &str| spans.iter().any(|span| span["traceId"] == trace && span["name"] == part);
        parts.iter().all(|part| has(part)).then_some(())
    })
    .await;
    let issued = post(
        "/keys",
        json!({ "label": "spy", "verbs": ["read", "orders"], "expires_in": 3_600 }),
        Some(&token),
    )
    .await;
    let bot_key = issued["key"].as_str().unwrap().to_owned();
    post("/orders", order, Some(&bot_key)).await;
    let renewed = post("/auth/refresh", json!({ "refresh_token": refresh }), None).await;
    secrets.extend([signature, token, refresh, bot_key]);
    secrets.push(renewed["token"].as_str().unwrap().to_owned());
    secrets.push(renewed["refresh_token"].as_str().unwrap().to_owned());
    // It ends by itself, so that all it had to say is read.
    let signalled = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert!(child.wait().unwrap().success());
    let log = reading.join().unwrap();
    for part in ["TRACE", "/auth/verify", "/orders", "/keys", "answered"] {
        assert!(log.contains(part), "{part} is not logged: {log}");
    }
    // From a line to the trace, and back.
    for part in ["answered", "committed a tick with traced orders", "traced event sent to clients"]
    {
        let line = log.lines().find(|line| line.contains(part) && line.contains(trace));
        assert!(
            line.is_some_and(|line| line.contains("trace_id=")),
            "{part} does not name the trace: {log}"
        );
    }
    assert!(
        log.lines().any(|line| line.contains(trace) && line.contains("id=\"the-traced-one\"")),
        "{log}"
    );
    let told = format!("{:?}", spans.lock().unwrap());
    assert!(told.contains("http.request.id") && told.contains("the-traced-one"), "{told}");
    for secret in secrets {
        // Of a token its signature, of others a part that is long enough to be none of chance.
        let part = &secret[secret.len().saturating_sub(24)..];
        let line = log.lines().find(|line| line.contains(part));
        assert!(line.is_none(), "a secret in the log: {}", line.unwrap_or_default());
        assert!(!told.contains(part), "a secret in a trace: {told}");
    }
}
