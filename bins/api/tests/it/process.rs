//! The program: invalid settings are refused with one sentence.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use sector_auth::Key;
use serde_json::{Value, json};
use store_testkit::RedisServer;

fn start(environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_api"))
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn there_is_no_default_secret() {
    let output = start(&[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    let sentence =
        "api: missing setting: set JWT_SECRET (or --jwt-secret): Secret that signs login tokens";
    assert!(text.starts_with(sentence) && text.lines().count() == 1, "{text}");

    let output = start(&[("JWT_SECRET", "hunter2")]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--jwt-secret") && text.contains("at least 32"), "{text}");
}

/// Error output of the program with invalid settings.
fn refusal(environment: &[(&str, &str)]) -> String {
    let good = [("JWT_SECRET", "a secret of at least thirty-two bytes"), ("PORT", "0")];
    let output = start(&[&good, environment].concat());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    assert!(text.starts_with("api: "), "{text}");
    text
}

#[test]
fn guessable_secrets_are_refused() {
    for (secret, why) in [
        ("please-changeme-please-changeme-please-changeme", "placeholder"),
        ("0123456789abcdef0123456789abcdef", "128 bits"),
    ] {
        let text = refusal(&[("JWT_SECRET", secret)]);
        assert!(
            text.contains("JWT_SECRET") && text.contains(why) && text.contains("openssl rand"),
            "{text}"
        );
        assert!(!text.contains(secret), "{text}");
    }
    let text = refusal(&[("BOT_API_TOKEN", "your-secret-token")]);
    assert!(text.contains("BOT_API_TOKEN") && text.contains("placeholder"), "{text}");
}

#[test]
fn a_uri_and_domain_that_differ_are_refused() {
    for (domain, uri) in
        [("sector.example", "https://www.sector.example"), ("localhost:9000", "localhost:9000")]
    {
        let text = refusal(&[("AUTH_DOMAIN", domain), ("AUTH_URI", uri)]);
        assert!(
            text.contains("AUTH_DOMAIN") && text.contains("AUTH_URI") && text.contains(uri),
            "{text}"
        );
    }
}

#[test]
fn an_unreachable_open_or_volatile_redis_is_refused() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = refusal(&[("REDIS_URL", &format!("redis://{free}"))]);
    assert!(text.contains("REDIS_URL") && text.contains("start Redis"), "{text}");
    let text = refusal(&[("REDIS_URL", "redis://192.0.2.1:6379")]);
    assert!(text.contains("REDIS_URL") && text.contains("no password"), "{text}");
    let server = RedisServer::start_with(&["--appendonly", "no"]);
    let text = refusal(&[("REDIS_URL", &server.url())]);
    assert!(text.contains("appendonly yes") && text.contains("--dev"), "{text}");
    let server = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let text = refusal(&[("REDIS_URL", &server.url())]);
    assert!(text.contains("maxmemory-policy noeviction"), "{text}");
}

/// A Redis whose clock is an hour ahead: a proxy changes the time in its replies.
fn an_hour_ahead(redis: &str) -> std::net::SocketAddr {
    let socket = redis.strip_prefix("redis+unix://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), UnixStream::connect(&socket).unwrap());
            let (mut asking, mut asked) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut asking, &mut asked));
            std::thread::spawn(move || {
                let mut buffer = [0; 64 << 10];
                loop {
                    let read = server.read(&mut buffer).unwrap_or(0);
                    if read == 0 || client.write_all(&later(&buffer[..read])).is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// Answers of Redis, with every time an hour later: an array of two texts, the first of ten digits.
fn later(answers: &[u8]) -> Vec<u8> {
    const BEFORE: &[u8] = b"*2\r\n$10\r\n";
    let mut answers = answers.to_vec();
    for at in 0..answers.len().saturating_sub(BEFORE.len() + 10) {
        let seconds = at + BEFORE.len()..at + BEFORE.len() + 10;
        if answers[at..].starts_with(BEFORE)
            && let Ok(time) = str::from_utf8(&answers[seconds.clone()]).unwrap().parse::<u64>()
        {
            answers[seconds].copy_from_slice((time + 3_600).to_string().as_bytes());
        }
    }
    answers
}

#[test]
fn a_clock_that_differs_is_refused() {
    let redis = RedisServer::start();
    let text = refusal(&[("REDIS_URL", &format!("redis://{}", an_hour_ahead(&redis.url())))]);
    assert!(text.contains("s ahead of that of this machine") && text.contains("NTP"), "{text}");
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = start(&[("JWT_SECRET", "a secret of at least thirty-two bytes"), ("PORT", &port)]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains(&format!("port {port} is already in use")) && text.contains("--port"),
        "{text}"
    );
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
}

/// A running program and its log.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_api"));
        let mut child = command
            .env_clear()
            .envs(environment.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// The log up to a line with these words.
    fn until(&mut self, words: &str) -> String {
        let mut log = String::new();
        loop {
            assert_ne!(
                self.log.read_line(&mut log).unwrap(),
                0,
                "the program ended without {words}: {log}"
            );
            if log.lines().last().is_some_and(|line| line.contains(words)) {
                return log;
            }
        }
    }

    fn signal(&self, signal: &str) {
        let told =
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole response to a request.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// Status and JSON of the response to a POST.
fn post(address: &str, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(address).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn replicas_accept_the_nonces_and_sessions_of_each_other_once() {
    let redis = RedisServer::start();
    let addresses: Vec<(Running, String)> = [(); 2]
        .map(|()| {
            let mut api = Running::start(&[
                ("JWT_SECRET", "a secret of at least thirty-two bytes"),
                ("PORT", "0"),
                ("REDIS_URL", &redis.url()),
                ("NO_COLOR", "1"),
            ]);
            let log = api.until("API listening");
            let address = log.split("address=").nth(1).unwrap().split_whitespace().next().unwrap();
            let address = address.to_owned();
            (api, address)
        })
        .into();
    let [(_, one), (_, other)] = addresses.as_slice() else { panic!("two were started") };
    for number in 1..5 {
        let key = Key::from_random_bytes([number; 32]).unwrap();
        let address = json!({"address": key.address().to_string()});
        let (status, asked) = post(one, "/auth/nonce", &address);
        assert_eq!(status, 200, "{asked}");
        let message = asked["message"].as_str().unwrap();
        let signed = json!({"message": message, "signature": key.sign_message(message)});
        let (status, login) = post(other, "/auth/verify", &signed);
        assert_eq!(status, 200, "{login}");
        for replica in [one, other] {
            let (status, problem) = post(replica, "/auth/verify", &signed);
            assert_eq!((status, &problem["code"]), (401, &json!("nonce_unknown")));
        }
        let token = json!({"refresh_token": login["refresh_token"]});
        let successors = [one, other].map(|replica| post(replica, "/auth/refresh", &token));
        assert!(successors.iter().all(|(status, _)| *status == 200), "{successors:?}");
        assert_eq!(successors[0].1["refresh_token"], successors[1].1["refresh_token"]);
    }
}

#[test]
fn sighup_changes_limits_and_a_bad_file_changes_nothing() {
    let redis = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings");
    std::fs::write(&file, "LIMIT_READS=500\n").unwrap();
    let mut api = Running::start(&[
        ("JWT_SECRET", "a secret of at least thirty-two bytes"),
        ("PORT", "0"),
        ("REDIS_URL", &redis.url()),
        ("RELOAD_FILE", file.to_str().unwrap()),
        ("LIMIT_READS", "400"),
        ("NO_COLOR", "1"),
    ]);
    let log = api.until("API listening");
    let address =
        log.split("address=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let quota = |reads: u32| {
        let answer = get(&address, "/snapshot");
        assert!(answer.contains(&format!("\"reads\";q={reads};w=60")), "{answer}");
    };
    quota(500);
    std::fs::write(&file, "LIMIT_READS=0\n").unwrap();
    api.signal("-HUP");
    let log = api.until("reload failed, settings unchanged");
    assert!(
        log.contains("LIMIT_READS: invalid value '0'") && log.contains("from 1 to 100000"),
        "{log}"
    );
    quota(500);
    std::fs::write(&file, "LIMIT_READS=2\nWS_MAX_CLIENTS=7\n").unwrap();
    api.signal("-HUP");
    let log = api.until("settings reloaded");
    for changed in [
        "setting=\"LIMIT_READS\" before=\"500\" now=\"2\"",
        "setting=\"WS_MAX_CLIENTS\" before=\"1000\" now=\"7\"",
    ] {
        assert!(log.contains(changed), "{changed}: {log}");
    }
    let answers = [(); 3].map(|()| get(&address, "/snapshot"));
    assert!(answers[2].starts_with("HTTP/1.1 429 "), "{answers:?}");
    // The value of the environment.
    std::fs::write(&file, "").unwrap();
    api.signal("-HUP");
    api.until("settings reloaded");
    quota(400);
}
