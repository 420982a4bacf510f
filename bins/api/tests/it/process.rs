//! The program: what it refuses to start with, in one sentence.

use std::net::TcpListener;
use std::process::{Command, Output};

fn start(environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_api")).env_clear().envs(environment.iter().copied()).output().unwrap()
}

#[test]
fn there_is_no_default_secret() {
    let output = start(&[]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--jwt-secret"), "{text}");

    let output = start(&[("JWT_SECRET", "hunter2")]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("--jwt-secret") && text.contains("at least 32"), "{text}");
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
