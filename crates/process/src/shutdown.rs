//! The shutdown token of a process.

use tokio::signal::unix::{SignalKind, signal};

pub use tokio_util::sync::CancellationToken;
pub use tokio_util::task::TaskTracker;

use crate::error::ServiceError;

/// A token that is cancelled by SIGINT (Ctrl-C) or SIGTERM. A second signal exits at once with
/// status 130.
///
/// # Errors
/// [`ServiceError::Signals`] if the system refuses the signal handlers.
pub fn shutdown_on_signals() -> Result<CancellationToken, ServiceError> {
    let listen = |kind| signal(kind).map_err(|source| ServiceError::Signals { source });
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    tokio::spawn(async move {
        for is_second in [false, true] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if is_second {
                std::process::exit(130);
            }
            tracing::info!("shutting down, send a second signal to exit at once");
            token.cancel();
        }
    });
    Ok(shutdown)
}
