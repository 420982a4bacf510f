//! Runs Schemathesis against the API of a running sector: requests generated from the document, as
//! a player and as an admin. `cargo xtask schemathesis` installs and starts it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::harness::{Sector, config};

/// Environment variable with the path of the program.
const PROGRAM: &str = "SCHEMATHESIS";
/// Number of generated requests per operation.
const EXAMPLES: &str = "SCHEMATHESIS_EXAMPLES";
/// Checks on every response.
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
async fn generated_requests_get_documented_responses() {
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
    // Schemathesis writes files to its working directory.
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
