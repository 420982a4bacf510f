//! The connection for short commands, and what its errors mean.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tokio::time::{sleep, timeout};

use crate::error::{Error, Result};

/// How long making a connection may take.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Pauses between attempts to connect again: from the first to the longest.
const RECONNECT_DELAY: Duration = Duration::from_millis(50);
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(500);
/// Pauses before each repetition of a read that failed for want of a connection.
const READ_RETRY_DELAYS: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(100)];

/// Runs scripts and commands within a time limit.
#[derive(Clone)]
pub(super) struct Connection {
    manager: ConnectionManager,
    limit: Duration,
}

impl Connection {
    pub(super) async fn open(client: &Client, limit: Duration) -> Result<Self> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(limit))
            .set_min_delay(RECONNECT_DELAY)
            .set_max_delay(RECONNECT_DELAY_MAX)
            .set_number_of_retries(2);
        let manager = ConnectionManager::new_with_config(client.clone(), config)
            .await
            .map_err(|error| from_redis("connecting to Redis", error))?;
        Ok(Self { manager, limit })
    }

    /// Runs a script that writes, once.
    pub(super) async fn write<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        let mut manager = self.manager.clone();
        self.within(doing, script.invoke_async(&mut manager)).await
    }

    /// Runs a command that writes, once.
    pub(super) async fn write_command<T: FromRedisValue>(&self, doing: &'static str, command: &Cmd) -> Result<T> {
        let mut manager = self.manager.clone();
        self.within(doing, command.query_async(&mut manager)).await
    }

    /// Runs a script that only reads, again when the connection was at fault.
    pub(super) async fn read<T: FromRedisValue>(
        &self,
        doing: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T> {
        let mut delays = READ_RETRY_DELAYS.into_iter();
        loop {
            match (self.write(doing, script).await, delays.next()) {
                (Err(error), Some(delay)) if error.is_unavailable() => sleep(delay).await,
                (result, _) => return result,
            }
        }
    }

    /// Runs a command that only reads, again when the connection was at fault.
    pub(super) async fn read_command<T: FromRedisValue>(&self, doing: &'static str, command: &Cmd) -> Result<T> {
        let mut delays = READ_RETRY_DELAYS.into_iter();
        loop {
            match (self.write_command(doing, command).await, delays.next()) {
                (Err(error), Some(delay)) if error.is_unavailable() => sleep(delay).await,
                (result, _) => return result,
            }
        }
    }

    async fn within<T>(&self, doing: &'static str, work: impl Future<Output = redis::RedisResult<T>>) -> Result<T> {
        match timeout(self.limit, work).await {
            Ok(result) => result.map_err(|error| from_redis(doing, error)),
            Err(elapsed) => Err(Error::unavailable(doing, elapsed)),
        }
    }
}

/// Runs a script on a connection that is not managed.
pub(super) async fn run<T: FromRedisValue>(
    connection: &mut (impl ConnectionLike + Send),
    command: &Cmd,
    doing: &'static str,
) -> Result<T> {
    let result = command.query_async(connection).await;
    result.map_err(|error| from_redis(doing, error))
}

/// Sorts an error of Redis or of the way to it by what the caller can do.
pub(super) fn from_redis(doing: &'static str, error: RedisError) -> Error {
    match error.kind() {
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
            let message = format!(
                "Redis refuses this user ({doing}): {error}; check the user and password in the URL, and the user's rights"
            );
            Error::config_because(message, error)
        }
        ErrorKind::InvalidClientConfig => {
            let message = format!("the Redis URL cannot be used: {error}");
            Error::config_because(message, error)
        }
        // Redis says "ERR" of damage our scripts run into, and of one thing that passes.
        ErrorKind::Server(ServerErrorKind::ResponseError)
            if error.detail().is_some_and(|text| text.contains("max number of clients")) =>
        {
            Error::unavailable(doing, error)
        }
        ErrorKind::UnexpectedReturnType | ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::ResponseError) => {
            Error::corrupt(format!("state in Redis ({doing})"), error.to_string())
        }
        _ => match error.code() {
            Some("WRONGTYPE") => Error::corrupt(format!("state in Redis ({doing})"), error.to_string()),
            Some("NOAUTH" | "WRONGPASS") => {
                let message =
                    format!("Redis refuses this user ({doing}): {error}; check the user and password in the URL");
                Error::config_because(message, error)
            }
            _ => Error::unavailable(doing, error),
        },
    }
}
