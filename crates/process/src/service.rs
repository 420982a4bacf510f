//! A service as a process of its own: from its options to its exit status.

use std::fmt;
use std::process::ExitCode;

use http_kit::BoxError;
use tokio_util::sync::CancellationToken;

use crate::metrics::{self, Metrics, MetricsOptions};
use crate::reload::{self, Changes, Reloadable};
use crate::shutdown::shutdown_on_signals;
use crate::trace::{self, TraceOptions, Tracer};
use crate::{arguments, telemetry};

/// Options of a service, and how to run it.
pub trait Service: Reloadable {
    /// Name of the service in errors, metrics and traces.
    const NAME: &'static str;
    /// Version of the service, usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// The limits that may change while the service runs.
    type Limits: 'static;

    /// The current limits.
    fn limits(&self) -> Self::Limits;

    /// Where to serve metrics.
    fn metrics(&self) -> &MetricsOptions;

    /// Where to send traces; none for a service without traces.
    fn traces(&self) -> Option<&TraceOptions> {
        None
    }

    /// Checks options that depend on each other.
    ///
    /// # Errors
    /// One sentence that names the options and what to set.
    fn check(&self) -> Result<(), BoxError> {
        Ok(())
    }

    /// Runs the service until `handles.shutdown`.
    fn run(
        self,
        handles: Handles<Self::Limits>,
    ) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// Run-time handles of a service. Its configuration holds plain data only.
pub struct Handles<L = ()> {
    /// Registry of the service's metrics.
    pub metrics: Metrics,
    /// Makes spans.
    pub tracer: Tracer,
    /// Reports new limits.
    pub limits: Changes<L>,
    /// Cancelled when the service should stop.
    pub shutdown: CancellationToken,
}

impl<L> Handles<L> {
    /// Handles with limits that never change.
    #[must_use]
    pub fn new(metrics: Metrics, tracer: Tracer, shutdown: CancellationToken) -> Self {
        Self { metrics, tracer, limits: Changes::default(), shutdown }
    }
}

impl<L> From<CancellationToken> for Handles<L> {
    /// Handles with metrics nobody reads, no traces, and limits that never change.
    fn from(shutdown: CancellationToken) -> Self {
        Self::new(Metrics::default(), Tracer::default(), shutdown)
    }
}

impl<L> Clone for Handles<L> {
    fn clone(&self) -> Self {
        Self {
            metrics: self.metrics.clone(),
            tracer: self.tracer.clone(),
            limits: self.limits.clone(),
            shutdown: self.shutdown.clone(),
        }
    }
}

impl<L> fmt::Debug for Handles<L> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handles").finish_non_exhaustive()
    }
}

/// Runs the service `S` with the options of this process; errors go to standard error.
#[must_use]
pub fn main<S: Service>() -> ExitCode {
    let options: S = arguments::parse();
    let ended = tokio::runtime::Runtime::new()
        .map_err(BoxError::from)
        .and_then(|runtime| runtime.block_on(start(options)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", S::NAME);
            ExitCode::FAILURE
        }
    }
}

async fn start<S: Service>(options: S) -> Result<(), BoxError> {
    telemetry::init(options.log())?;
    let limits = Changes::default();
    let reloaded = limits.clone();
    let options = reload::begin(options, move |options: &S| reloaded.tell(&options.limits()))?;
    options.check()?;
    let shutdown = shutdown_on_signals()?;
    let metrics = metrics::begin(S::NAME, S::VERSION, options.metrics(), &shutdown).await?;
    let tracer = match options.traces() {
        Some(options) => trace::begin(S::NAME, options, &metrics)?,
        None => Tracer::default(),
    };
    let handles = Handles { metrics, tracer: tracer.clone(), limits, shutdown };
    let ended = options.run(handles).await;
    tracer.flush().await;
    ended
}
