//! Redis as it is shipped: with its configuration, and with a user for each service.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tempfile::TempDir;

use super::RedisServer;

/// What this server decides for itself.
const OWN: [&str; 3] = ["port", "dir", "aclfile"];

/// The secrets of a deployment, made by the script that makes them there.
#[derive(Debug)]
pub(super) struct Users(TempDir);

/// Those that run at the same time share them, since making them takes longer than starting a server.
static SHARED: Mutex<Weak<Users>> = Mutex::new(Weak::new());

impl Users {
    fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock();
        shared.upgrade().unwrap_or_else(|| {
            let users = Arc::new(Self::new());
            *shared = Arc::downgrade(&users);
            users
        })
    }

    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let mut script = Command::new("sh");
        script.arg(shipped("scripts/secrets.sh")).arg(directory.path()).stdout(Stdio::null());
        assert!(script.status().is_ok_and(|status| status.success()), "the secrets can be made");
        Self(directory)
    }

    fn list(&self) -> PathBuf {
        self.0.path().join("redis/users.acl")
    }

    /// The password in the URL that the script wrote for a user.
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    fn password(&self, user: &str) -> String {
        let url = std::fs::read_to_string(self.0.path().join(user).join("redis_url"))
            .expect("the user has a URL");
        let password = url
            .trim()
            .strip_prefix(&format!("redis://{user}:"))
            .and_then(|rest| rest.split('@').next());
        password.expect("the URL has a password").to_owned()
    }
}

fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

impl RedisServer {
    /// Starts a server with the `redis.conf` and the users that are shipped, but for where it lives, and for its fsync:
    /// that of every second, so that tests are not as slow as the disk.
    ///
    /// # Panics
    /// When redis-server is not installed or does not come up.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot have its server must fail loudly")]
    pub fn start_as_shipped() -> Self {
        let users = Users::shared();
        let settings = std::fs::read_to_string(shipped("k8s/base/redis/redis.conf"))
            .expect("redis.conf is there");
        let mut arguments = Vec::new();
        for line in settings.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (name, value) = line.split_once(' ').expect("a setting has a value");
            if !OWN.contains(&name) {
                arguments.extend([format!("--{name}"), value.trim_matches('"').to_owned()]);
            }
        }
        arguments.extend(["--appendfsync".to_owned(), "everysec".to_owned()]);
        arguments.extend(["--aclfile".to_owned(), users.list().display().to_string()]);
        let mut server =
            Self::start_with(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        server.users = Some(users);
        server
    }

    /// The URL of a user of a server [as shipped](Self::start_as_shipped): `api`, `sim-worker`, `frontend`,
    /// `nft-minter` or `operator`.
    ///
    /// # Panics
    /// When the server has no such user.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that names a user wrongly must fail loudly")]
    pub fn url_of(&self, user: &str) -> String {
        let users = self.users.as_ref().expect("the server has users");
        format!("{}?user={user}&pass={}", self.url(), users.password(user))
    }
}
