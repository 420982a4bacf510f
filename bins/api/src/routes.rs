//! Every endpoint: one file a resource.

use http::Method;
use service::Router;

use crate::state::Api;

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod events;
pub(crate) mod factions;
pub(crate) mod health;
pub(crate) mod me;
pub(crate) mod openapi;
pub(crate) mod orders;
pub(crate) mod snapshot;

/// All endpoints over this state.
pub(crate) fn router(api: Api) -> Router<Api> {
    Router::new(api)
        .route(Method::GET, "/health", health::health)
        .route(Method::GET, "/livez", health::livez)
        .route(Method::GET, "/readyz", health::readyz)
        .route(Method::POST, "/auth/nonce", auth::nonce)
        .route(Method::POST, "/auth/verify", auth::verify)
        .route(Method::POST, "/auth/operator", auth::operator)
        .route(Method::GET, "/me", me::me)
        .route(Method::GET, "/factions", factions::list)
        .route(Method::POST, "/factions/claim", factions::claim)
        .route(Method::DELETE, "/factions/claim", factions::release)
        .route(Method::GET, "/snapshot", snapshot::snapshot)
        .route(Method::GET, "/events", events::events)
        .route(Method::POST, "/orders", orders::give)
        .route(Method::POST, "/admin/restart", admin::restart)
        .route(Method::POST, "/admin/bots-only", admin::bots_only)
        .route(Method::GET, "/admin/pause", admin::paused)
        .route(Method::POST, "/admin/pause", admin::pause)
        .route(Method::GET, "/openapi.json", openapi::document)
}
