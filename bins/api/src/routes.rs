//! Every endpoint: one file a resource. The table says who may use it, and how often.

use http::Method;

use crate::access::{Access, Class, Declaration, Scope};
use crate::table::Table;

pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod checks;
pub(crate) mod docs;
pub(crate) mod events;
pub(crate) mod factions;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod leaderboard;
pub(crate) mod me;
pub(crate) mod openapi;
pub(crate) mod orders;
pub(crate) mod receipts;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod sectors;
pub(crate) mod snapshot;
pub(crate) mod socket;
pub(crate) mod status;
pub(crate) mod stream;
pub(crate) mod systems;

const fn declare(access: Access, class: Class, scope: Scope) -> Declaration {
    Declaration { access, class, scope }
}

const PROBE: Declaration = declare(Access::Probe, Class::Probe, Scope::Service);
const DOCUMENT: Declaration = declare(Access::Probe, Class::Read, Scope::Service);
const LOGIN: Declaration = declare(Access::Probe, Class::Login, Scope::Service);
const READ: Declaration = declare(Access::Anyone, Class::Read, Scope::Sector);
const OWN: Declaration = declare(Access::Own, Class::Read, Scope::Sector);
const SESSION: Declaration = declare(Access::Player, Class::Write, Scope::Service);
const SEAT: Declaration = declare(Access::Player, Class::Write, Scope::Sector);
const RECEIPTS: Declaration = declare(Access::Receipts, Class::Read, Scope::Sector);
const ORDERS: Declaration = declare(Access::Orders, Class::Orders, Scope::Sector);
/// Carries orders out in a copy of the sector, which is work: counted as orders are.
const CHECK: Declaration = declare(Access::Anyone, Class::Orders, Scope::Sector);
const ADMIN: Declaration = declare(Access::Admin, Class::Admin, Scope::Sector);
const AUDIT: Declaration = declare(Access::Admin, Class::Admin, Scope::Service);

/// All endpoints.
pub(crate) fn table() -> Table {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    const DELETE: Method = Method::DELETE;
    Table::default()
        .route(GET, "/health", PROBE, health::health)
        .route(GET, "/livez", PROBE, health::livez)
        .route(GET, "/readyz", PROBE, health::readyz)
        .route(GET, "/openapi.json", DOCUMENT, openapi::document)
        .route(GET, "/docs", DOCUMENT, docs::docs)
        .route(GET, "/sectors", DOCUMENT, sectors::list)
        .route(POST, "/auth/nonce", LOGIN, auth::nonce)
        .route(POST, "/auth/verify", LOGIN, auth::verify)
        .route(POST, "/auth/operator", LOGIN, auth::operator)
        .route(POST, "/auth/refresh", LOGIN, auth::refresh)
        .route(POST, "/auth/logout", SESSION, auth::logout)
        .route(POST, "/auth/logout-all", SESSION, auth::logout_all)
        .route(GET, "/keys", SESSION, keys::list)
        .route(POST, "/keys", SESSION, keys::issue)
        .route(DELETE, "/keys/{id}", SESSION, keys::revoke)
        .route(GET, "/me", OWN, me::me)
        .route(GET, "/", READ, status::status)
        .route(GET, "/rules", READ, rules::rules)
        .route(GET, "/systems/{id}", READ, systems::system)
        .route(GET, "/factions", READ, factions::list)
        .route(GET, "/factions/{id}", READ, factions::one)
        .route(POST, "/factions/claim", SEAT, factions::claim)
        .route(DELETE, "/factions/claim", SEAT, factions::release)
        .route(GET, "/snapshot", READ, snapshot::snapshot)
        .route(GET, "/events", READ, events::events)
        .route(GET, "/events/stream", READ, stream::stream)
        .route(GET, "/ws", READ, socket::open)
        .route(POST, "/orders", ORDERS, orders::give)
        .route(GET, "/orders", RECEIPTS, receipts::mine)
        .route(GET, "/orders/{receipt}", RECEIPTS, receipts::one)
        .route(POST, "/orders/check", CHECK, checks::check)
        .route(GET, "/runs", READ, runs::list)
        .route(GET, "/runs/{universe}", READ, runs::one)
        .route(GET, "/runs/{universe}/replay", READ, runs::replay)
        .route(GET, "/leaderboard", READ, leaderboard::leaderboard)
        .route(POST, "/admin/restart", ADMIN, admin::restart)
        .route(POST, "/admin/bots-only", ADMIN, admin::bots_only)
        .route(GET, "/admin/pause", ADMIN, admin::paused)
        .route(POST, "/admin/pause", ADMIN, admin::pause)
        .route(GET, "/admin/audit", AUDIT, admin::audit)
}
