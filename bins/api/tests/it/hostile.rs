//! Runs requests in text form, from the fuzzer and its corpus, through the whole API without a
//! socket.
//!
//! A script has up to [`REQUESTS_MAX`] requests, separated by lines of `===`. A request is its
//! method and path, one header per line, an empty line, and the body. `$name` stands for the field
//! of that name in the newest response that has one. Further variables: `$player` and `$admin`
//! (access tokens), `$key` (a bot key), `$bots` (the bot token), `$address`, and `$signature` (of
//! the newest `message`).
//!
//! # Invariants
//! For any input: nothing panics, no response is a server fault, every error is a problem of the
//! catalogue, and every response is documented.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use api::Config;
use follow::{Followed, Follower, Sectors};
use http::{HeaderName, HeaderValue, Method, Uri};
use http_body_util::BodyExt;
use http_kit::{Request, body};
use process_kit::CancellationToken;
use sector_auth::{Key, Secret, Timestamp};
use sector_redis::{Commit, NewEvent, StoreOptions};
use sector_sim::replay::journal::{Header, Record};
use sector_sim::world::Size;
use sector_sim::{Delta, Rules, Snapshot, Universe, World};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use crate::conformance;
use crate::reply::Reply;

/// Maximum number of requests in a script: enough for a login, a key, orders and their receipt.
const REQUESTS_MAX: usize = 16;
/// Maximum number of headers sent with a request: a few more than the server allows.
const HEADERS_MAX: usize = 128;
/// Maximum response time, except for long polls.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time until the client gives up on a long poll or an endless stream.
const STAY: Duration = Duration::from_millis(50);
const BOTS: &str = "the bots' own token";
/// The one-time code of the operator.
const NOW_MS: u64 = 1_795_334_400_000;

/// A request and its response.
pub(crate) struct Heard {
    pub(crate) method: Method,
    pub(crate) path: String,
    /// `None` if the client left first.
    pub(crate) reply: Option<Reply>,
}

/// Runs a script against a new sector; fails the test if an invariant is broken.
pub(crate) fn hear(script: &[u8]) -> Vec<Heard> {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    });
    RUNTIME.block_on(async {
        let mut client = Client::begin().await;
        for (name, number) in [("player", 1), ("admin", 200), ("key", 2)] {
            if contains(script, format!("${name}").as_bytes()) {
                client.log_in(name, number).await;
            }
        }
        let mut heard = Vec::new();
        for text in parts(script, b"\n===\n").into_iter().take(REQUESTS_MAX) {
            heard.extend(client.say(&text).await);
        }
        client.shutdown.cancel();
        heard
    })
}

fn key(number: u8) -> Key {
    Key::from_random_bytes([number; 32]).unwrap()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn parts(mut text: &[u8], separator: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some(at) = text.windows(separator.len()).position(|window| window == separator) {
        found.push(text[..at].to_vec());
        text = &text[at + separator.len()..];
    }
    found.push(text.to_vec());
    found
}

/// A client with its own sector.
struct Client<S> {
    service: S,
    known: BTreeMap<String, String>,
    shutdown: CancellationToken,
}

impl Client<()> {
    /// A sector with one finished run and one in progress.
    async fn begin() -> Client<
        impl Service<Request, Response = http_kit::Response, Error = std::convert::Infallible> + Clone,
    > {
        let store = sector_redis::open(StoreOptions::memory()).await.unwrap();
        let lease =
            store.acquire_lease("hostile", Duration::from_secs(3_600)).await.unwrap().unwrap();
        for commit in PAST.iter() {
            store.commit(&Commit { lease: lease.clone(), ..commit.clone() }).await.unwrap();
        }
        let shutdown = CancellationToken::new();
        let follower = Follower::spawn(store.clone(), shutdown.clone());
        follower.ready().await.unwrap();
        follower.caught_up(PATIENCE).await.unwrap();
        let sectors = Sectors::new(Followed::new(None, store, follower), None, shutdown.clone());
        let secret = Secret::new("a secret of at least thirty-two bytes").unwrap();
        let mut config = Config::new(&secret).unwrap();
        config.bot_api_token = Some(Secret::new(BOTS).unwrap());
        config.admin_addresses.0.push(key(200).address());
        let clock = Arc::new(|| Timestamp::from_unix_ms(NOW_MS));
        let service = api::enclosed(config, sectors, clock, shutdown.clone()).unwrap();
        let code = api::operator_code(&secret, Timestamp::from_unix_ms(NOW_MS)).unwrap();
        let address = key(1).address().to_string();
        let known = [("bots", BOTS.to_owned()), ("address", address), ("operator_code", code)];
        let known = known.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
        Client { service, known, shutdown }
    }
}

impl<S> Client<S>
where
    S: Service<Request, Response = http_kit::Response, Error = std::convert::Infallible> + Clone,
{
    /// Logs in and stores the token under this name; for `key`, creates a bot key and stores that.
    async fn log_in(&mut self, name: &str, number: u8) {
        let address = key(number).address();
        let ask = format!(
            "POST /auth/nonce\ncontent-type: application/json\n\n{{\"address\":\"{address}\"}}"
        );
        self.say(ask.as_bytes()).await;
        let signature = key(number).sign_message(&self.known["message"]);
        let verify = format!(
            "POST /auth/verify\ncontent-type: application/json\n\n{{\"message\":\"$message\",\"signature\":\"{signature}\"}}"
        );
        self.say(verify.as_bytes()).await;
        if name == "key" {
            let ask = "POST /keys\nauthorization: Bearer $token\ncontent-type: application/json\n\n{\"label\":\"of a script\",\"verbs\":[\"orders\",\"read\"]}";
            self.say(ask.as_bytes()).await;
            assert!(self.known.contains_key("key"));
        } else {
            self.known.insert(name.to_owned(), self.known["token"].clone());
        }
    }

    /// Sends a request; `None` if no HTTP client could send it.
    async fn say(&mut self, text: &[u8]) -> Option<Heard> {
        let text = self.filled(text);
        let request = request(&text)?;
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let waits = request.uri().query().is_some_and(|query| query.contains("wait_ms"));
        let patience = if waits { STAY } else { PATIENCE };
        let Ok(response) = timeout(patience, self.service.clone().oneshot(request)).await else {
            assert!(waits, "{method} {path} is not answered");
            return Some(Heard { method, path, reply: None });
        };
        let (parts, mut body) = response.unwrap().into_parts();
        let is_endless =
            parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let mut bytes = Vec::new();
        let read = async {
            while let Some(frame) = body.frame().await {
                match frame {
                    Ok(frame) => bytes.extend(frame.into_data().into_iter().flatten()),
                    Err(error) => panic!("{method} {path} breaks off: {error}"),
                }
            }
        };
        let read = timeout(if is_endless { STAY } else { PATIENCE }, read).await;
        assert!(is_endless || read.is_ok(), "{method} {path} does not end");
        if method == Method::HEAD {
            // No connection sends this.
            bytes.clear();
        }
        let reply = Reply { status: parts.status.as_u16(), headers: parts.headers, body: bytes };
        assert!(reply.status < 500, "{method} {path}: {reply:?}");
        conformance::check(&method, &path, &reply);
        if let Ok(Value::Object(fields)) = serde_json::from_slice(&reply.body) {
            let texts = fields
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
            self.known.extend(texts);
        }
        Some(Heard { method, path, reply: Some(reply) })
    }

    /// The text with its variables replaced.
    fn filled(&self, mut text: &[u8]) -> Vec<u8> {
        let mut filled = Vec::with_capacity(text.len());
        while let Some(at) = text.iter().position(|byte| *byte == b'$') {
            filled.extend_from_slice(&text[..at]);
            text = &text[at + 1..];
            let end = text
                .iter()
                .position(|byte| !byte.is_ascii_lowercase() && *byte != b'_')
                .unwrap_or(text.len());
            let name = String::from_utf8_lossy(&text[..end]);
            match self.known(&name) {
                Some(known) => {
                    filled.extend_from_slice(known.as_bytes());
                    text = &text[end..];
                }
                None => filled.push(b'$'),
            }
        }
        filled.extend_from_slice(text);
        filled
    }

    fn known(&self, name: &str) -> Option<String> {
        match name {
            // Only used within JSON.
            "message" => self.known.get("message").map(|message| message.replace('\n', "\\n")),
            "signature" => self.known.get("message").map(|message| key(1).sign_message(message)),
            name => self.known.get(name).cloned(),
        }
    }
}

/// Parses a request as a connection would pass it on.
fn request(text: &[u8]) -> Option<Request> {
    let (head, content) = match text.windows(2).position(|window| window == b"\n\n") {
        Some(at) => (&text[..at], &text[at + 2..]),
        None => (text, &[][..]),
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = lines.next()?;
    let space = first.iter().position(|byte| *byte == b' ')?;
    let method = Method::from_bytes(&first[..space]).ok()?;
    let uri: Uri = first[space + 1..].try_into().ok()?;
    let mut request = Request::new(body::full(content.to_vec()));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert("content-length", content.len().into());
    for line in lines.take(HEADERS_MAX) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..colon]);
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Some(request)
}

/// History of the sector: a finished run, and three ticks of the next. Computed once.
static PAST: LazyLock<Vec<Commit>> = LazyLock::new(|| {
    let mut commits = Vec::new();
    for (id, seed) in [("u-1", 7), ("u-2", 8)] {
        let universe = Universe { id: id.to_owned(), tick_delay_ms: 300, rules: "classic".into() };
        let size = Size { systems: 12, factions: 3 };
        let mut world = World::with_size(Rules::classic().into(), seed, size).unwrap();
        let commit = |world: &World, record| Commit {
            lease_ttl: Duration::from_secs(3_600),
            universe: id.into(),
            tick: world.tick(),
            digest: world.digest().to_string(),
            record,
            ..Commit::default()
        };
        let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
        let snapshot = serde_json::to_string(&snapshot).unwrap();
        commits.push(Commit {
            events: vec![NewEvent { kind: "snapshot".into(), data: snapshot.clone() }],
            checkpoint: Some(snapshot),
            begin: Some(serde_json::to_string(&Header::of(id, &world)).unwrap()),
            ..commit(&world, String::new())
        });
        for _ in 0..3 {
            world.step(&[]);
            let delta = Delta::of(id, &world).narrated(world.map(), world.board());
            commits.push(Commit {
                events: vec![NewEvent {
                    kind: "delta".into(),
                    data: serde_json::to_string(&delta).unwrap(),
                }],
                ..commit(&world, serde_json::to_string(&Record::of(&world, &[])).unwrap())
            });
        }
        if id == "u-1" {
            world.step(&[]);
            let summary = serde_json::json!({
                "universe_id": id, "seed": seed, "systems": 12, "factions": 3, "ticks": world.tick(), "winner": "F1",
                "winner_name": "The first", "cause": "domination", "digest": world.digest().to_string(), "ended_at_ms": NOW_MS,
                "players": [{"faction": "F1", "player": key(1).address().to_string()}],
            });
            let record = serde_json::to_string(&Record::of(&world, &[])).unwrap();
            commits.push(Commit { finished: Some(summary.to_string()), ..commit(&world, record) });
        }
    }
    commits
});

/// Replays the corpus of the fuzzer.
#[test]
fn the_corpus_breaks_no_invariant_and_reaches_every_route() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/api");
    let mut heard = Vec::new();
    for file in std::fs::read_dir(corpus).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        heard.extend(hear(&std::fs::read(path).unwrap()));
    }
    for route in api::declared() {
        let answered: Vec<u16> = heard
            .iter()
            .filter(|heard| heard.method == route.method && is_of(&heard.path, &route.path))
            .filter_map(|heard| heard.reply.as_ref().map(|reply| reply.status))
            .collect();
        // Count only routes that admitted a caller.
        assert!(
            answered.iter().any(|status| *status < 400),
            "{} {}: {answered:?}",
            route.method,
            route.path
        );
    }
}

#[cfg(test)]
fn is_of(path: &str, template: &str) -> bool {
    let (mine, theirs): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), template.split('/').collect());
    mine.len() == theirs.len()
        && mine.iter().zip(&theirs).all(|(mine, theirs)| theirs.starts_with('{') || mine == theirs)
}
