//! Schemathesis against the API over a ticking sector: requests that it makes up from the document, as a player and as
//! an admin. It is brought and started by `cargo xtask schemathesis`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::harness::{Sector, config};

/// Names the program to start; it is not part of the workspace.
const PROGRAM: &str = "SCHEMATHESIS";
/// How many requests it makes up for each operation.
const EXAMPLES: &str = "SCHEMATHESIS_EXAMPLES";
/// What must hold of every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
                      response_schema_conformance,unsupported_method";
/// These end the session or pause the sector, so they come last, by themselves.
const LAST: &str = "^(/auth/logout|/auth/logout-all|/admin/pause)$";
/// Time between ticks.
const TICK: Duration = Duration::from_millis(100);

/// The program, which ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes and a program from elsewhere: cargo xtask schemathesis"]
async fn every_request_that_the_document_allows_is_answered_as_it_says() {
    let program = std::env::var_os(PROGRAM).expect("SCHEMATHESIS names the program");
    let mut config = config();
    for limit in [
        &mut config.quotas.limit_reads,
        &mut config.quotas.limit_orders,
        &mut config.quotas.limit_writes,
        &mut config.quotas.limit_logins,
    ] {
        *limit = 100_000;
    }
    let mut sector = Sector::empty(config).await;
    sector.begin("u-1", 7).await;
    // It keeps notes where it runs.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("openapi.json"), api::openapi().unwrap()).unwrap();
    for (role, number) in [("player", 1), ("admin", 200)] {
        for (which, choice) in
            [("all but the last", "--exclude-path-regex"), ("the last", "--include-path-regex")]
        {
            let token = sector.log_in(number).await;
            let claim = json!({"faction": "F1"});
            sector.post_as(&token, "/factions/claim", &claim).await;
            println!("\n== as {role}: {which}");
            let mut running: Running = Command::new(&program)
                .current_dir(folder.path())
                .args(["run", "openapi.json"])
                .args([
                    "--url",
                    &sector.url(),
                    "--header",
                    &format!("Authorization: Bearer {token}"),
                ])
                .args([choice, LAST, "--checks", CHECKS, "--max-examples"])
                .arg(std::env::var(EXAMPLES).unwrap_or_else(|_| "25".to_owned()))
                .args([
                    "--phases",
                    "examples,coverage,fuzzing,stateful",
                    "--seed",
                    "1",
                    "--workers",
                    "2",
                ])
                .args([
                    "--request-timeout",
                    "45",
                    "--generation-database",
                    "none",
                    "--no-color",
                    "--continue-on-failure",
                ])
                .stdin(Stdio::null())
                .spawn()
                .map(Running)
                .unwrap();
            let status = loop {
                match running.0.try_wait().unwrap() {
                    Some(status) => break status,
                    None => tokio::time::sleep(TICK).await,
                }
                sector.tick(&[]).await;
            };
            assert!(status.success(), "as {role}, {which}: {status}");
            let alive = sector.send(sector.request(Method::GET, "/health"), "").await;
            assert_eq!(alive.status, 200, "{alive:?}");
        }
    }
}
