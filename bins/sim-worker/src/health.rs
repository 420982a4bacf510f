//! The health listener: `/livez`, `/readyz` and `/health`.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use http_kit::{Context, Health, Limits, Problem, Response, Router, SetupError};
use process_kit::CancellationToken;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::status::{Duty, Post};

const NAME: &str = env!("CARGO_PKG_NAME");
const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Timeout for a store's answer to a health check.
const STORE_LIMIT: Duration = Duration::from_secs(1);
/// Only probes and operators connect here.
const CONNECTIONS_MAX: usize = 64;

/// All sectors of the worker.
struct State(Vec<Arc<Post>>);

/// Serves on `listener` until `shutdown`.
///
/// # Errors
/// [`SetupError`] when the routes contradict each other.
pub async fn serve_health(
    posts: Vec<Arc<Post>>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), SetupError> {
    let routes = Router::new(State(posts))
        .route(Method::GET, "/livez", live)
        .route(Method::GET, "/readyz", ready)
        .route(Method::GET, "/health", health)
        .build()?;
    let limits = Limits {
        connections_max: CONNECTIONS_MAX,
        requests_max: CONNECTIONS_MAX,
        ..Limits::default()
    };
    http_kit::serve(listener, routes, limits, shutdown).await;
    Ok(())
}

async fn live(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    Health::ok(NAME, VERSION).respond()
}

async fn ready(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    judge(context.state()).await.respond()
}

async fn health(context: Context<State>) -> Result<Response, Problem> {
    context.query(&[])?;
    let sectors: Vec<Value> = context.state().0.iter().map(|post| describe(post)).collect();
    judge(context.state()).await.with("sectors", sectors).respond()
}

/// Healthy if every sector is held or on standby, and its store answers.
async fn judge(state: &State) -> Health {
    let mut stores = JoinSet::new();
    for post in &state.0 {
        let name = post.name().to_owned();
        match (post.duty(), post.store()) {
            // Details go to the log only: they may name hosts.
            (Duty::Failed { .. }, _) => return failing(&name, "failed; see the log"),
            (Duty::Starting, _) | (_, None) => return failing(&name, "is being opened"),
            (Duty::StandingBy | Duty::Held { .. }, Some(store)) => {
                stores.spawn(async move {
                    let answers =
                        matches!(tokio::time::timeout(STORE_LIMIT, store.ping()).await, Ok(Ok(())));
                    (name, answers)
                });
            }
        }
    }
    while let Some(answered) = stores.join_next().await {
        match answered {
            Ok((_, true)) => {}
            Ok((name, false)) => return failing(&name, "has a store that does not answer"),
            Err(error) => {
                tracing::error!(%error, "cannot check the store");
                return Health::failing(NAME, VERSION, "cannot check the store");
            }
        }
    }
    Health::ok(NAME, VERSION)
}

fn failing(sector: &str, what: &str) -> Health {
    Health::failing(NAME, VERSION, format!("sector {sector} {what}"))
}

/// `{"sector":…,"state":…,"held":…,"epoch":…,"universe_id":…,"tick":…,"last_tick_ms_ago":…}`;
/// unknown fields are left out.
fn describe(post: &Post) -> Value {
    let mut fields = Map::new();
    let mut field = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let duty = post.duty();
    let (state, epoch) = match &duty {
        Duty::Starting => ("starting", None),
        Duty::StandingBy => ("standing_by", None),
        Duty::Held { epoch } => ("held", Some(*epoch)),
        Duty::Failed { .. } => ("failed", None),
    };
    field("sector", post.name().into());
    field("state", state.into());
    field("held", epoch.is_some().into());
    if let Some(epoch) = epoch {
        field("epoch", epoch.into());
    }
    if let Some(last) = post.last_tick() {
        field("universe_id", last.universe.as_str().into());
        field("tick", last.tick.into());
        field("last_tick_ms_ago", u64::try_from(last.age.as_millis()).unwrap_or(u64::MAX).into());
    }
    Value::Object(fields)
}
