//! The program: what it refuses to start with, in one sentence.

use std::net::TcpListener;
use std::process::{Command, Output};

use sector_redis::testkit::RedisServer;

fn start(environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_api")).env_clear().envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn there_is_no_default_secret() {
    let output = start(&[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    let sentence = "api: a setting is missing: set JWT_SECRET (or --jwt-secret): Secret that signs login tokens";
    assert!(text.starts_with(sentence) && text.lines().count() == 1, "{text}");

    let output = start(&[("JWT_SECRET", "hunter2")]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--jwt-secret") && text.contains("at least 32"), "{text}");
}

/// What the program says to settings it does not start with.
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
fn secrets_that_could_be_guessed_are_refused() {
    for (secret, why) in [
        ("please-changeme-please-changeme-please-changeme", "placeholder"),
        ("0123456789abcdef0123456789abcdef", "128 bits"),
    ] {
        let text = refusal(&[("JWT_SECRET", secret)]);
        assert!(text.contains("JWT_SECRET") && text.contains(why) && text.contains("openssl rand"), "{text}");
        assert!(!text.contains(secret), "{text}");
    }
    let text = refusal(&[("BOT_API_TOKEN", "your-secret-token")]);
    assert!(text.contains("BOT_API_TOKEN") && text.contains("placeholder"), "{text}");
}

#[test]
fn a_site_of_two_names_is_refused() {
    for (domain, uri) in [("sector.example", "https://www.sector.example"), ("localhost:9000", "localhost:9000")] {
        let text = refusal(&[("AUTH_DOMAIN", domain), ("AUTH_URI", uri)]);
        assert!(text.contains("AUTH_DOMAIN") && text.contains("AUTH_URI") && text.contains(uri), "{text}");
    }
}

#[test]
fn a_redis_that_is_away_open_or_forgetful_is_refused() {
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

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let output = start(&[("JWT_SECRET", "a secret of at least thirty-two bytes"), ("PORT", &port)]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains(&format!("port {port} is already in use")) && text.contains("--port"), "{text}");
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
}
