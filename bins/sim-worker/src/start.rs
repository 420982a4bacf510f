//! The worker as a process of its own: health listener, waiting for the frontend, one sector or several.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_kit::{BoxError, Client, ClientOptions, bind};
use process_kit::trace::TraceOptions;
use process_kit::{CancellationToken, Handles, MetricsOptions, Service, ServiceError};
use sector_redis::Backoff;

use crate::config::Options;
use crate::error::Error;
use crate::health::serve_health;
use crate::reign::run_at;
use crate::several::run_several;
use crate::sources::Sources;
use crate::status::Post;

impl Service for Options {
    const NAME: &'static str = "sim-worker";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    type Limits = ();

    fn limits(&self) {}

    fn metrics(&self) -> &MetricsOptions {
        &self.metrics
    }

    fn traces(&self) -> Option<&TraceOptions> {
        Some(&self.traces)
    }

    fn check(&self) -> Result<(), BoxError> {
        Ok(self.worker.check()?)
    }

    async fn run(self, handles: Handles) -> Result<(), BoxError> {
        let posts = Post::all(self.sectors().sectors());
        let Some(port) = self.health_port else { return work(self, posts, handles).await };
        let listener = bind(SocketAddr::new(self.bind, port), "--health-port").await?;
        let stop_listening = CancellationToken::new();
        let health = tokio::spawn(serve_health(posts.clone(), listener, stop_listening.clone()));
        let worked = work(self, posts, handles).await;
        stop_listening.cancel();
        health.await??;
        worked
    }
}

async fn work(options: Options, posts: Vec<Arc<Post>>, handles: Handles) -> Result<(), BoxError> {
    let mut store = options.store.clone();
    // With a single sector, fail on an unusable store before waiting for the frontend.
    let only = match posts.as_slice() {
        [post] => {
            store.keys.sector_id = post.id().cloned();
            Some((post.clone(), store.open(&handles.metrics).await?))
        }
        _ => None,
    };
    if options.wait_for_frontend {
        let limit = Duration::from_secs(options.wait_for_frontend_seconds);
        let wait = tokio::time::timeout(limit, frontend(&options.frontend_health_url));
        tokio::select! {
            () = handles.shutdown.cancelled() => return Ok(()),
            waited = wait => if waited.is_err() {
                tracing::warn!(url = options.frontend_health_url, "frontend not up, starting without it");
            },
        }
    }
    let (config, sources) = (options.worker, Sources::system());
    match only {
        Some((post, store)) => run_at(config, store, sources, post, handles).await?,
        None => {
            let store = store.options(&handles.metrics);
            match run_several(config, store, posts, sources, handles).await {
                // Only when no store can be opened at the start.
                Err(Error::Store(error)) => return Err(ServiceError::of_store(error).into()),
                worked => worked?,
            }
        }
    }
    Ok(())
}

/// Returns once the frontend is up.
async fn frontend(url: &str) {
    let client = Client::new(&ClientOptions::default());
    let mut backoff = Backoff::default();
    while !client.get(url).await.is_ok_and(|response| response.status().is_success()) {
        backoff.wait().await;
    }
}
