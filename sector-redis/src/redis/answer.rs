//! What Redis and the way to it say when they refuse, and what that means for the caller.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, ErrorKind, FromRedisValue, RedisError, ServerErrorKind};

use crate::error::{Error, Result, Source};

/// The code with which our scripts refuse a store that is not marked as ours.
const UNMARKED: &str = "UNMARKED";

/// Runs one command on a connection that is used for little else.
pub(super) async fn only<T: FromRedisValue>(
    connection: &mut (impl ConnectionLike + Send),
    command: &Cmd,
    doing: &'static str,
) -> Result<T> {
    command.query_async(connection).await.map_err(|error| from_redis(doing, error))
}

/// Whether our scripts found no mark: Redis was emptied. Nothing was done then.
pub(super) fn is_unmarked(error: &Error) -> bool {
    from_server(error).is_some_and(|error| error.code() == Some(UNMARKED))
}

/// Whether the node we spoke to is not, or no longer, the one that holds the sector. Nothing was
/// done then.
pub(super) fn is_elsewhere(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::Moved | ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown
        )
    )
}

/// Whether the connection is of no more use.
pub(super) fn is_cut(error: &RedisError) -> bool {
    is_elsewhere(error)
        || error.is_io_error()
        || error.is_connection_dropped()
        || error.is_unrecoverable_error()
}

/// Whether the connection was cut before the answer, so that a write may or may not have happened.
/// Where time ran out instead, asking again would take as long.
pub(super) fn is_reply_lost(error: &Error) -> bool {
    from_server(error).is_some_and(|error| {
        !error.is_timeout() && (error.is_io_error() || error.is_connection_dropped())
    })
}

/// The error of Redis, or of the way to it, behind one of ours.
fn from_server(error: &Error) -> Option<&RedisError> {
    let (Error::Unavailable { source, .. } | Error::Config { source, .. }) = error else {
        return None;
    };
    source.as_ref()?.downcast_ref()
}

/// An error of a call that many wait for: each caller gets it.
pub(super) struct SharedError {
    error: Error,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl SharedError {
    pub(super) fn new(mut error: Error) -> Self {
        let source = match &mut error {
            Error::Unavailable { source, .. } | Error::Config { source, .. } => {
                source.take().map(Arc::from)
            }
            _ => None,
        };
        Self { error, source }
    }

    pub(super) fn copy(&self) -> Error {
        let source = self.source.clone().map(|source| Box::new(source) as Source);
        match &self.error {
            Error::Unavailable { doing, detail, .. } => {
                Error::Unavailable { doing, detail: detail.clone(), source }
            }
            Error::Config { message, .. } => Error::Config { message: message.clone(), source },
            Error::Corrupt { what, detail } => Error::corrupt(what, detail),
            other => Error::corrupt("answer of Redis", other.to_string()),
        }
    }

    pub(super) fn for_each<T>(&self, count: usize) -> Vec<Result<T>> {
        (0..count).map(|_| Err(self.copy())).collect()
    }
}

/// Sorts an error of Redis or of the way to it by what the caller can do.
pub(super) fn from_redis(doing: &'static str, error: RedisError) -> Error {
    if let Some(detail) = passing(&error) {
        let detail = format!("{detail} ({error})");
        return Error::unavailable_because(doing, detail, error);
    }
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
        ErrorKind::Server(ServerErrorKind::CrossSlot) => {
            let message =
                "this Redis is a cluster and the sector's keys do not share a slot; set SECTOR_ID"
                    .to_owned();
            Error::config_because(message, error)
        }
        ErrorKind::UnexpectedReturnType
        | ErrorKind::Parse
        | ErrorKind::Server(ServerErrorKind::ResponseError) => {
            Error::corrupt(format!("state in Redis ({doing})"), error.to_string())
        }
        _ => match error.code() {
            Some("WRONGTYPE") => {
                Error::corrupt(format!("state in Redis ({doing})"), error.to_string())
            }
            Some("NOAUTH" | "WRONGPASS") => {
                let message = format!(
                    "Redis refuses this user ({doing}): {error}; check the user and password in the URL"
                );
                Error::config_because(message, error)
            }
            _ => Error::unavailable(doing, error),
        },
    }
}

/// What Redis refuses for a while, in plain words.
fn passing(error: &RedisError) -> Option<&'static str> {
    use ServerErrorKind as Kind;
    match error.kind() {
        ErrorKind::Server(Kind::BusyLoading) => Some("Redis is loading its data"),
        ErrorKind::Server(Kind::ReadOnly) => Some("this Redis is a replica and takes no writes"),
        ErrorKind::Server(Kind::MasterDown) => Some("this Redis is a replica without its master"),
        ErrorKind::Server(Kind::ClusterDown) => {
            Some("the cluster does not serve the sector's keys")
        }
        ErrorKind::Server(Kind::Moved | Kind::Ask | Kind::TryAgain) => {
            Some("the sector's keys are moving to another node of the cluster")
        }
        // Redis says "ERR" of damage our scripts run into, and of one thing that passes.
        ErrorKind::Server(Kind::ResponseError)
            if error.detail().is_some_and(|text| text.contains("max number of clients")) =>
        {
            Some("Redis has as many clients as it takes")
        }
        _ => match error.code()? {
            "OOM" => Some("Redis is full: it has reached maxmemory"),
            "MISCONF" => Some("Redis refuses writes because it cannot write to its disk"),
            "NOREPLICAS" => Some("Redis refuses writes for want of replicas"),
            "BUSY" => Some("Redis is busy with a script"),
            UNMARKED => Some("Redis was emptied"),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a server says, as the client reads it.
    fn said(line: &str) -> RedisError {
        let value = redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).unwrap();
        value.extract_error().unwrap_err()
    }

    #[test]
    fn what_passes_is_unavailable_in_plain_words() {
        for (line, words) in [
            ("OOM command not allowed when used memory > 'maxmemory'.", "full"),
            ("LOADING Redis is loading the dataset in memory", "loading its data"),
            ("READONLY You can't write against a read only replica.", "replica"),
            (
                "MISCONF Errors writing to the AOF file: No space left on device",
                "cannot write to its disk",
            ),
            ("MASTERDOWN Link with MASTER is down", "without its master"),
            ("NOREPLICAS Not enough good replicas to write.", "replicas"),
            ("BUSY Redis is busy running a script.", "busy"),
            ("CLUSTERDOWN The cluster is down", "does not serve"),
            ("TRYAGAIN Multiple keys request during rehashing of slot", "moving"),
            ("MOVED 7 127.0.0.1:7001", "moving"),
            ("ERR max number of clients reached", "as many clients"),
            ("UNMARKED the store is not marked as ours", "emptied"),
        ] {
            let error = from_redis("trying", said(line));
            assert!(error.is_unavailable() && error.to_string().contains(words), "{line}: {error}");
            assert!(!is_reply_lost(&error), "{line} is an answer");
        }
    }

    #[test]
    fn what_does_not_pass_is_not() {
        for line in [
            "NOAUTH Authentication required.",
            "NOPERM no permission",
            "WRONGPASS invalid",
            "CROSSSLOT Keys",
        ] {
            assert!(matches!(from_redis("trying", said(line)), Error::Config { .. }), "{line}");
        }
        for line in
            ["WRONGTYPE Operation against a key", "ERR value is not an integer or out of range"]
        {
            assert!(matches!(from_redis("trying", said(line)), Error::Corrupt { .. }), "{line}");
        }
    }
}
