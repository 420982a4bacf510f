//! Access to each route: the table in docs/reference/api.md, with each cell tested.

use std::path::Path;

use api::{Access, Class, Declared, Scope};
use sector_auth::Role;
use serde_json::json;

use crate::harness::{BOT_TOKEN, Reply, Sector};

/// Environment variable that rewrites the committed table.
const UPDATE: &str = "UPDATE_DOCS";
const BEGIN: &str = "<!-- The table of routes begins; it is generated. -->\n";
const END: &str = "<!-- The table of routes ends. -->";
const PLAYER: u8 = 1;
const ADMIN: u8 = 200;
/// Codes for callers without access.
const KEEPS_OUT: [&str; 3] = ["unauthenticated", "not_a_player", "not_admin"];

/// Callers with their credentials.
struct Callers {
    player: String,
    key: String,
    admin: String,
}

impl Callers {
    async fn of(sector: &Sector) -> Self {
        let player = sector.log_in(PLAYER).await;
        let ask = json!({"label": "of the table", "verbs": ["orders", "read"]});
        let issued = sector.post_as(&player, "/keys", &ask).await;
        assert_eq!(issued.status, 200, "{issued:?}");
        let key = issued.json()["key"].as_str().unwrap().to_owned();
        Self { player, key, admin: sector.log_in(ADMIN).await }
    }

    fn sign(&self, role: Role, request: http::request::Builder) -> http::request::Builder {
        let bearer = match role {
            Role::Anonymous => return request,
            Role::BotService => return request.header("x-bot-token", BOT_TOKEN),
            Role::Player => &self.player,
            Role::BotKey => &self.key,
            Role::Admin => &self.admin,
        };
        request.header("authorization", format!("Bearer {bearer}"))
    }
}

/// The code for this role, or `None` if it has access.
fn kept_out_by(access: Access, role: Role) -> Option<(u16, &'static str)> {
    match (access.allows(role), role, access) {
        (true, ..) => None,
        (false, Role::Anonymous, _) => Some((401, "unauthenticated")),
        (false, _, Access::Admin) => Some((403, "not_admin")),
        (false, ..) => Some((403, "not_a_player")),
    }
}

fn path(route: &Declared) -> String {
    let id = if route.path.starts_with("/factions") { "F1" } else { "1" };
    let parts = route.path.split('/').map(|part| if part.starts_with('{') { id } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_admits_exactly_the_declared_callers() {
    let sector = Sector::start().await;
    let mut callers = Callers::of(&sector).await;
    let mut tried = 0;
    for route in api::declared() {
        for role in Role::ALL {
            if route.path.starts_with("/auth/logout") {
                // A caller who signed out cannot try the next route.
                callers = Callers::of(&sector).await;
            }
            let request = callers.sign(role, sector.request(route.method.clone(), &path(&route)));
            tried += 1;
            if route.path == "/events/stream" {
                // The stream never ends.
                assert_eq!(sector.open(request).await.status(), 200, "{role}");
                continue;
            }
            judge(&route, role, &sector.send(request, "").await);
        }
    }
    assert_eq!(tried, api::declared().len() * Role::ALL.len());
}

fn judge(route: &Declared, role: Role, reply: &Reply) {
    let name = format!("{} {} as {role}", route.method, route.path);
    if let Some((status, code)) = kept_out_by(route.declaration.access, role) {
        reply.problem(status, code);
        return;
    }
    // Other errors, such as a missing body or an unknown id, do not matter here.
    assert!(reply.status < 500 && reply.status != 405, "{name}: {reply:?}");
    if reply.status >= 400 {
        let code = reply.json()["code"].as_str().unwrap().to_owned();
        assert!(!KEEPS_OUT.contains(&code.as_str()), "{name}: {code}");
    }
}

/// Each route, and each role that may use it.
fn table() -> String {
    let mut text = String::from(
        "| Route | anonymous | player | bot key | bot service | admin | Quota | Of a sector |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for Declared { method, path, declaration } in api::declared() {
        let roles = Role::ALL.map(|role| if declaration.access.allows(role) { "yes" } else { "" });
        let quota = match declaration.class {
            Class::Probe => "address",
            Class::Login => "logins",
            Class::Read => "reads",
            Class::Write | Class::Admin => "writes",
            Class::Orders => "orders",
        };
        let scope = if declaration.scope == Scope::Sector { "yes" } else { "" };
        text.push_str(&format!(
            "| `{method} {path}` | {} | {quota} | {scope} |\n",
            roles.join(" | ")
        ));
    }
    text
}

#[test]
fn the_table_matches_the_code() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/api.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) =
        text.split_once(BEGIN).expect("docs/reference/api.md marks where its table begins");
    let (_, after) =
        rest.split_once(END).expect("docs/reference/api.md marks where its table ends");
    let fresh = format!("{before}{BEGIN}\n{}\n{END}{after}", table());
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&file, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap();
    assert!(
        committed == fresh,
        "docs/reference/api.md is stale: write it anew with {UPDATE}=1 cargo test -p api the_table"
    );
}
