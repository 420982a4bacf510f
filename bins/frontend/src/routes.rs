//! What is answered where; one file a resource.

use http::Method;
use http_kit::{Router, Routes, SetupError};

use crate::meter;
use crate::state::State;

pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod preview;
pub(crate) mod proxy;
pub(crate) mod recording;
pub(crate) mod socket;
pub(crate) mod tail;

/// All routes; what has none is looked for among the files.
pub(crate) fn build(state: State) -> Result<Routes<State>, SetupError> {
    let requests = meter::requests(&state.config.metrics);
    Router::new(state)
        .measured(requests)
        .route(Method::GET, "/health", health::health)
        .route(Method::GET, "/livez", health::livez)
        .route(Method::GET, "/readyz", health::readyz)
        .route(Method::GET, "/ws", socket::open)
        .route(Method::GET, "/tail", tail::tail)
        .route(Method::GET, "/sectors/{sector}", files::page)
        .route(Method::GET, "/sectors/{sector}/", files::page)
        .route(Method::GET, "/sectors/{sector}/ws", socket::open)
        .route(Method::GET, "/sectors/{sector}/tail", tail::tail)
        .route(Method::GET, "/preview", preview::preview)
        .route(Method::GET, "/", recording::front)
        .route(Method::GET, "/watch", recording::page)
        .route(Method::GET, "/recording", recording::show)
        .route(Method::POST, "/recording", recording::change)
        .any("/api/{*rest}", proxy::pass_on)
        .fallback(files::file)
        .build()
}
