//! The kept connection for short commands.
//!
//! One task keeps it: it connects, waits until somebody finds the connection cut, and connects
//! again, with exponential backoff and full jitter. A command that finds no connection waits for
//! the attempt that is under way, within its own limit, and is refused at once while Redis is known
//! to be away. What is sent is sent once: only reads, and writes that Redis has certainly not
//! carried out, are sent again here.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, FromRedisValue, Script, ScriptInvocation, ServerErrorKind};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

use super::answer::{from_redis, is_cut, is_elsewhere};
use super::route::Route;
use crate::backoff::Backoff;
use crate::error::{Error, Result};

/// Pauses before connecting again: at most this at first, and at most this later.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A connection that lasted this long was a good one: the pauses begin anew.
const GOOD_LIFE: Duration = Duration::from_secs(1);
/// Pauses before each repetition of a read that failed for want of a connection.
const READ_PAUSES: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(100)];
/// How often a command follows a sector that moved to another node.
const MOST_MOVES: u32 = 3;

/// The pauses between attempts to reach Redis, of this connection and of the follower's.
pub(super) fn pauses() -> Backoff {
    Backoff::new(FIRST_PAUSE, LONGEST_PAUSE)
}

/// Runs scripts and commands within a time limit.
pub(super) struct Link {
    shared: Arc<Shared>,
    keeper: AbortHandle,
}

struct Shared {
    route: Arc<Route>,
    /// Any key of the sector.
    key: String,
    limit: Duration,
    state: watch::Sender<State>,
}

/// What is sent to Redis.
#[derive(Clone, Copy)]
pub(super) enum Work<'a> {
    Script(&'a ScriptInvocation<'a>),
    /// A script, and the command that runs it.
    Prepared(&'a Script, &'a Cmd),
    Command(&'a Cmd),
}

#[derive(Clone)]
enum State {
    Connecting,
    Up { connection: MultiplexedConnection, number: u64 },
    Away { why: Arc<str> },
}

impl Link {
    /// Connects once; later losses are made good.
    pub(super) async fn open(route: Arc<Route>, key: &str, limit: Duration) -> Result<Self> {
        let connection = route.connect(key, limit).await?;
        let state = watch::Sender::new(State::Up { connection, number: 0 });
        let shared = Arc::new(Shared { route, key: key.to_owned(), limit, state });
        let keeper = tokio::spawn(keep(shared.clone())).abort_handle();
        Ok(Self { shared, keeper })
    }

    /// Does what writes, once.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        doing: &'static str,
        work: Work<'_>,
    ) -> Result<T> {
        self.run(doing, work).await
    }

    /// Runs a command that writes, once.
    pub(super) async fn write_command<T: FromRedisValue>(
        &self,
        doing: &'static str,
        command: &Cmd,
    ) -> Result<T> {
        self.run(doing, Work::Command(command)).await
    }

    /// Runs a script that does no harm when run again, again when the connection was at fault.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        self.patiently(doing, Work::Script(script)).await
    }

    /// Runs a command that only reads, again when the connection was at fault.
    pub(super) async fn read_command<T: FromRedisValue>(
        &self,
        doing: &'static str,
        command: &Cmd,
    ) -> Result<T> {
        self.patiently(doing, Work::Command(command)).await
    }

    async fn patiently<T: FromRedisValue>(&self, doing: &'static str, work: Work<'_>) -> Result<T> {
        let mut pauses = READ_PAUSES.into_iter();
        loop {
            match (self.run(doing, work).await, pauses.next()) {
                (Err(error), Some(pause)) if error.is_unavailable() => sleep(pause).await,
                (result, _) => return result,
            }
        }
    }

    async fn run<T: FromRedisValue>(&self, doing: &'static str, work: Work<'_>) -> Result<T> {
        let mut used = None;
        match timeout(self.shared.limit, self.run_unlimited(doing, work, &mut used)).await {
            Ok(result) => result,
            Err(elapsed) => {
                // It may be a peer that is gone without a word: others shall not wait for it, too.
                if let Some(number) = used {
                    self.shared.cut(number);
                }
                Err(Error::unavailable(doing, elapsed))
            }
        }
    }

    /// `used` becomes the number of the connection that the work is on.
    async fn run_unlimited<T: FromRedisValue>(
        &self,
        doing: &'static str,
        work: Work<'_>,
        used: &mut Option<u64>,
    ) -> Result<T> {
        let mut moves = 0;
        loop {
            let (mut connection, number) = self.shared.connection(doing).await?;
            *used = Some(number);
            let answer = match work {
                Work::Script(script) => script.invoke_async(&mut connection).await,
                Work::Prepared(script, command) => match command.query_async(&mut connection).await
                {
                    Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                        match script.load_async(&mut connection).await {
                            Ok(_) => command.query_async(&mut connection).await,
                            Err(error) => Err(error),
                        }
                    }
                    answer => answer,
                },
                Work::Command(command) => command.query_async(&mut connection).await,
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if is_cut(&error) || error.is_timeout() {
                self.shared.cut(number);
            }
            if !is_elsewhere(&error) || moves == MOST_MOVES {
                return Err(from_redis(doing, error));
            }
            if !self.shared.route.may_move() {
                return Err(stays(doing, error));
            }
            moves += 1;
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Shared {
    /// The connection, once there is one; an error at once while Redis is known to be away.
    async fn connection(&self, doing: &'static str) -> Result<(MultiplexedConnection, u64)> {
        let mut states = self.state.subscribe();
        loop {
            match states.borrow_and_update().clone() {
                State::Up { connection, number } => return Ok((connection, number)),
                State::Away { why } => return Err(Error::unavailable(doing, why.to_string())),
                State::Connecting => {}
            }
            if states.changed().await.is_err() {
                return Err(Error::unavailable(doing, "the store is closed"));
            }
        }
    }

    /// Gives the connection with this number up, if it is still in use.
    fn cut(&self, number: u64) {
        self.state.send_if_modified(|state| {
            let in_use = matches!(state, State::Up { number: current, .. } if *current == number);
            if in_use {
                *state = State::Connecting;
            }
            in_use
        });
    }
}

/// Connects again whenever the connection is cut; ends with the link.
async fn keep(shared: Arc<Shared>) {
    let mut states = shared.state.subscribe();
    let mut pauses = pauses();
    let mut number = 0;
    loop {
        let since = Instant::now();
        let cut = states.wait_for(|state| !matches!(state, State::Up { .. })).await.map(drop);
        if cut.is_err() {
            return;
        }
        if since.elapsed() >= GOOD_LIFE {
            pauses.reset();
        } else {
            pauses.wait().await;
        }
        loop {
            match shared.route.connect(&shared.key, shared.limit).await {
                Ok(connection) => {
                    number += 1;
                    shared.state.send_replace(State::Up { connection, number });
                    break;
                }
                Err(error) => {
                    tracing::debug!(%error, "Redis is away");
                    let why = match error {
                        Error::Unavailable { detail, .. } => detail,
                        other => other.to_string(),
                    };
                    shared.state.send_replace(State::Away { why: why.into() });
                }
            }
            pauses.wait().await;
        }
    }
}

/// One server that is not the one for the sector's keys.
fn stays(doing: &'static str, error: redis::RedisError) -> Error {
    if error.redirect_node().is_none() {
        return from_redis(doing, error);
    }
    let message = "this Redis is a node of a cluster; name it as redis-cluster://host:port, and set SECTOR_ID";
    Error::config_because(message, error)
}
