//! Endpoints, one file per resource. The table declares access and quota of each.

use crate::identity::access::{Access, Class, Declaration, Scope};
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
/// A key that may give orders keeps the seat, too.
const KEEP: Declaration = declare(Access::Orders, Class::Write, Scope::Sector);
const RECEIPTS: Declaration = declare(Access::Receipts, Class::Read, Scope::Sector);
const ORDERS: Declaration = declare(Access::Orders, Class::Orders, Scope::Sector);
/// Executes orders on a copy of the sector, which is expensive: uses the quota of orders.
const CHECK: Declaration = declare(Access::Anyone, Class::Orders, Scope::Sector);
const ADMIN: Declaration = declare(Access::Admin, Class::Admin, Scope::Sector);
const AUDIT: Declaration = declare(Access::Admin, Class::Admin, Scope::Service);

/// Lists each endpoint once. Method and path come from the handler's `utoipa::path`, which is the
/// only place that names them.
macro_rules! endpoints {
    ($($declaration:ident $module:ident::$handler:ident,)*) => {
        /// All endpoints.
        pub(crate) fn table() -> Table {
            pastey::paste! {
                Table::default()
                    $(.route::<$module::[<__path_ $handler>], _, _>($declaration, $module::$handler))*
            }
        }

        /// The operations of all endpoints and the types that they use.
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($($module::$handler),*))]
        pub(crate) struct Operations;
    };
}

endpoints! {
    PROBE health::health,
    PROBE health::livez,
    PROBE health::readyz,
    DOCUMENT openapi::document,
    DOCUMENT docs::docs,
    DOCUMENT sectors::list,
    LOGIN auth::nonce,
    LOGIN auth::verify,
    LOGIN auth::operator,
    LOGIN auth::refresh,
    SESSION auth::logout,
    SESSION auth::logout_all,
    SESSION keys::list,
    SESSION keys::issue,
    SESSION keys::revoke,
    OWN me::me,
    READ status::status,
    READ rules::rules,
    READ systems::system,
    READ factions::list,
    READ factions::one,
    SEAT factions::claim,
    SEAT factions::release,
    KEEP factions::keep,
    READ snapshot::snapshot,
    READ events::events,
    READ stream::stream,
    READ socket::open,
    ORDERS orders::give,
    RECEIPTS receipts::mine,
    RECEIPTS receipts::one,
    CHECK checks::check,
    READ runs::list,
    READ runs::one,
    READ runs::replay,
    READ leaderboard::leaderboard,
    ADMIN admin::restart,
    ADMIN admin::bots_only,
    ADMIN admin::paused,
    ADMIN admin::pause,
    AUDIT admin::audit,
}
