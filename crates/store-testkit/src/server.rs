//! A private redis-server for tests.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to answer its socket.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A redis-server of its own: on a Unix socket in a directory of its own, with the log on. It ends
/// with this value.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    directory: TempDir,
    arguments: Vec<String>,
    pub(super) users: Option<std::sync::Arc<super::users::Users>>,
}

impl RedisServer {
    /// Starts a server with `appendfsync everysec`.
    ///
    /// # Panics
    /// When redis-server is not installed or does not come up.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with further command line arguments, which win over the usual ones.
    ///
    /// # Panics
    /// When redis-server is not installed or does not come up.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    pub fn start_with(arguments: &[&str]) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        let mut server =
            Self { process: spawn(&directory, &arguments), directory, arguments, users: None };
        server.wait_until_up();
        server
    }

    /// Starts a server on a copy of this one's log, cut to so many bytes, as a crash of the machine may leave it.
    ///
    /// # Panics
    /// When the copy cannot be made or the server does not come up.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    pub fn start_on_cut_log(&self, length: u64) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let (from, to) =
            (self.directory.path().join("appendonlydir"), directory.path().join("appendonlydir"));
        std::fs::create_dir(&to).expect("a folder can be made");
        for file in std::fs::read_dir(from).expect("the log has a folder") {
            let file = file.expect("the folder can be read");
            std::fs::copy(file.path(), to.join(file.file_name())).expect("the log can be copied");
        }
        let log = to.join(self.log().file_name().expect("the log has a name"));
        let log =
            std::fs::OpenOptions::new().write(true).open(log).expect("the copy can be written");
        log.set_len(length).expect("the copy can be cut");
        let arguments = self.arguments.clone();
        let mut server =
            Self { process: spawn(&directory, &arguments), directory, arguments, users: None };
        server.wait_until_up();
        server
    }

    /// The URL to open a store with.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The number of its process, for signals.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The file that its log grows in.
    ///
    /// # Panics
    /// When there is no log.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    pub fn log(&self) -> PathBuf {
        let folder = self.directory.path().join("appendonlydir");
        let files = std::fs::read_dir(folder).expect("the log has a folder");
        let growing = files
            .filter_map(|file| Some(file.ok()?.path()))
            .filter(|path| path.to_string_lossy().ends_with(".incr.aof"));
        growing.max().expect("the log has a file that grows")
    }

    /// Truncates an unfinished write from the log, as an operator must before starting Redis after a crash of
    /// the machine. Redis itself cuts only to the last whole command, and when that is one of a transaction, the rest
    /// of the transaction is whatever is written next: at the start after that, half of what was cut is carried out.
    ///
    /// # Panics
    /// When redis-check-aof is not installed or cannot repair the log.
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    pub fn repair_log(&self) {
        let manifest = self.directory.path().join("appendonlydir/appendonly.aof.manifest");
        let mut check = Command::new("redis-check-aof");
        check.arg("--fix").arg(manifest).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut check = check.spawn().expect("redis-check-aof is installed");
        if let Some(mut answer) = check.stdin.take() {
            // It asks only when there is something to cut.
            let _ = answer.write_all(b"y\n");
        }
        assert!(check.wait().is_ok_and(|status| status.success()), "the log can be repaired");
    }

    /// Kills the server as a crash would, without a chance to write anything.
    pub fn kill(&mut self) {
        // Both fail only when it is dead already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it again on the data it left.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn restart(&mut self) {
        self.kill();
        self.process = spawn(&self.directory, &self.arguments);
        self.wait_until_up();
    }

    /// Starts it again on the data it left, and says whether it comes up or ends instead.
    pub fn comes_up(&mut self) -> bool {
        self.kill();
        self.process = spawn(&self.directory, &self.arguments);
        let started = Instant::now();
        while started.elapsed() < START_LIMIT {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return false;
            }
            // It listens before it has loaded its data, so that only an answer counts.
            let connection =
                redis::Client::open(self.url()).and_then(|client| client.get_connection());
            if connection
                .is_ok_and(|mut connection| redis::cmd("PING").query::<()>(&mut connection).is_ok())
            {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// Where it keeps its data.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    fn socket(&self) -> PathBuf {
        self.directory.path().join("redis.sock")
    }

    #[expect(clippy::panic, reason = "a test that cannot have its server must fail loudly")]
    fn wait_until_up(&mut self) {
        let started = Instant::now();
        while UnixStream::connect(self.socket()).is_err() {
            let ended = self.process.try_wait().ok().flatten();
            if ended.is_some() || started.elapsed() > START_LIMIT {
                panic!("redis-server did not come up (ended: {ended:?})");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

#[expect(clippy::panic, reason = "a test that cannot have its server must fail loudly")]
fn spawn(directory: &TempDir, arguments: &[String]) -> Child {
    let path = directory.path();
    Command::new("redis-server")
        .args(["--port", "0", "--save", "", "--appendonly", "yes"])
        .arg("--unixsocket")
        .arg(path.join("redis.sock"))
        .arg("--dir")
        .arg(path)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("these tests need redis-server in the PATH (Debian: apt-get install redis-server): {error}")
        })
}
