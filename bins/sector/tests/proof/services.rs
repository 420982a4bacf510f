//! The services as processes: started, stopped, killed, started again.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

/// A secret that all copies of the API share, so that a login outlives each of them.
const JWT_SECRET: &str = "a secret that is long enough for a test";

static BUILD: Once = Once::new();

/// The binary of a service: beside this test's own, brought up to date first.
fn binary(name: &str) -> PathBuf {
    let sector = PathBuf::from(env!("CARGO_BIN_EXE_sector"));
    BUILD.call_once(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args([
            "build",
            "--quiet",
            "--locked",
            "-p",
            "api",
            "-p",
            "sim-worker",
            "-p",
            "frontend",
        ]);
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the services cannot be built");
    });
    sector.with_file_name(name)
}

/// One service, running or not.
pub(crate) struct Service {
    pub(crate) name: String,
    binary: PathBuf,
    arguments: Vec<String>,
    child: Option<Child>,
    /// How often it was started.
    pub(crate) starts: u32,
}

impl Service {
    pub(crate) fn new(kind: &str, name: &str, redis: &str, arguments: &[&str]) -> Service {
        let mut all = vec!["--redis-url".to_owned(), redis.to_owned()];
        all.extend(arguments.iter().map(ToString::to_string));
        Service {
            name: name.to_owned(),
            binary: binary(kind),
            arguments: all,
            child: None,
            starts: 0,
        }
    }

    pub(crate) fn start(&mut self) {
        self.kill();
        self.starts += 1;
        let child = Command::new(&self.binary)
            .args(&self.arguments)
            .env("JWT_SECRET", JWT_SECRET)
            .env("LOG", std::env::var("PROOF_LOG").unwrap_or_else(|_| "error".to_owned()))
            .stdout(Stdio::null())
            .stderr(if std::env::var_os("PROOF_LOG").is_some() {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!("{} cannot be started: {error}", self.binary.display())
        }));
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It fails only when the process has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it as a supervisor does: SIGTERM, then wait. Returns how long that took.
    pub(crate) async fn stop(&mut self) -> Duration {
        let began = Instant::now();
        self.signal("TERM");
        let child = self.child.as_mut().expect("it runs");
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{} does not end", self.name);
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        assert!(status.success(), "{} ended with {status}", self.name);
        self.child = None;
        began.elapsed()
    }

    /// Restarts it if it has exited, as a supervisor does.
    pub(crate) fn keep_up(&mut self) -> bool {
        let ended = self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
        if ended {
            self.start();
        }
        ended
    }

    pub(crate) fn signal(&self, name: &str) {
        if let Some(id) = self.process_id() {
            signal(id, name);
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal by its name, such as `STOP`.
pub(crate) fn signal(process_id: u32, name: &str) {
    let status = Command::new("kill").args([format!("-{name}"), process_id.to_string()]).status();
    assert!(
        status.is_ok_and(|status| status.success()) || name == "CONT",
        "no process {process_id} to {name}"
    );
}

/// A port that is free now.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
