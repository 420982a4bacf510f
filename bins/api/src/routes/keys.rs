//! `/keys`: keys that a player issues for bots.

use http_kit::{FieldError, Problem, Response, reply};
use sector_auth::{AuthError, Scopes, Timestamp, TokenId};

use crate::identity::bot_keys::{
    Listed, issue as issue_key, list as keys_of, revoke as revoke_key,
};
use crate::identity::names;
use crate::request::call::Call;
use crate::request::problems::invalid_body;
use sector_wire::{IssuedKey, KeyList, KeyRequest, KeyRevoked, ListedKey};

/// Maximum body, in bytes.
const BODY_BYTES_MAX: usize = 1_024;
/// Minimum and maximum lifetime, in seconds: a minute and a year.
const LIFE_SECONDS: std::ops::RangeInclusive<u64> = 60..=31_536_000;

/// Lifetime without `expires_in`, in seconds: 30 days.
const LIFE_SECONDS_DEFAULT: u64 = 2_592_000;

/// Issue a key for a bot.
///
/// The bot sends it as `Authorization: Bearer sector_key_…` and has the key's permissions for the
/// faction that you hold in the current universe. The key is shown once; only a digest of it is
/// stored.
#[utoipa::path(
    post,
    path = "/keys",
    operation_id = "issue_key",
    tag = "players",
    security(("bearer" = [])),
    request_body(content = KeyRequest, example = json!({"label": "night watch", "verbs": ["read", "orders"], "expires_in": 604_800})),
    responses(
        (status = 200, description = "The key; shown only once.", body = IssuedKey),
        (status = 409, description = "`too_many_keys`: you have 20, the maximum, or your network has 500."),
        (status = 413, description = "`payload_too_large`: more than 1024 bytes."),
        (status = 503, description = "`keys_full`: the server has its maximum number of keys."),
    )
)]
pub(crate) async fn issue(mut call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let KeyRequest { label, verbs, expires_in } = call.json(BODY_BYTES_MAX).await?;
    names::check(&label).map_err(|error| {
        let shown: String = label.chars().take(names::NAME_CHARACTERS_MAX).collect();
        let allowed = "1 to 40 visible characters, not like a name of the operator";
        invalid_body(FieldError::new("label", shown, allowed, format!("{error}.")))
    })?;
    let verbs =
        Scopes::from_words(verbs.iter().map(String::as_str)).map_err(|error: AuthError| {
            let shown = verbs
                .iter()
                .take(8)
                .map(|verb| verb.chars().take(20).collect::<String>())
                .collect::<Vec<_>>();
            invalid_body(FieldError::new(
                "verbs",
                shown,
                "one or both of read and orders",
                format!("{error}."),
            ))
        })?;
    if let Some(seconds) = expires_in.filter(|seconds| !LIFE_SECONDS.contains(seconds)) {
        let detail = "Invalid lifetime.";
        return Err(invalid_body(FieldError::new(
            "expires_in",
            seconds,
            "60 to 31536000 seconds, or absent",
            detail,
        )));
    }
    let (owner, client) = (call.person()?.address, call.client_address());
    let life_seconds = expires_in.unwrap_or(LIFE_SECONDS_DEFAULT);
    let (secret, listed) =
        issue_key(call.state(), owner, client, label, verbs, life_seconds).await?;
    reply::json(&IssuedKey { key: secret.expose(), listed: shown(listed) })
}

/// Your keys.
#[utoipa::path(
    get,
    path = "/keys",
    operation_id = "keys",
    tag = "players",
    security(("bearer" = [])),
    responses((status = 200, description = "Your keys, without their secrets.", body = KeyList))
)]
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let keys = keys_of(call.state(), call.person()?.address).await?;
    reply::json(&KeyList { keys: keys.into_iter().map(shown).collect() })
}

/// Revoke a key.
///
/// Takes effect at once here, and within a second on other replicas of the service.
#[utoipa::path(
    delete,
    path = "/keys/{id}",
    operation_id = "revoke_key",
    tag = "players",
    security(("bearer" = [])),
    params(("id" = String, Path, description = "Key id: 32 hexadecimal digits.")),
    responses(
        (status = 200, description = "Revoked.", body = KeyRevoked),
        (status = 400, description = "`invalid_path`."),
        (status = 404, description = "`unknown_key`: you have no key with this id."),
    )
)]
pub(crate) async fn revoke(call: Call) -> Result<Response, Problem> {
    call.query(&[])?;
    let id: TokenId = call.parameter_as("id", "32 lower-case hexadecimal digits")?;
    revoke_key(call.state(), call.person()?.address, id).await?;
    reply::json(&KeyRevoked { revoked: id.to_string() })
}

fn shown(listed: Listed) -> ListedKey {
    let time = |ms: u64| Timestamp::from_unix_ms(ms).to_string();
    ListedKey {
        id: listed.id,
        label: listed.key.label,
        verbs: listed.key.verbs.verbs().map(|verb| verb.to_string()).collect(),
        issued_at: time(listed.key.since_ms),
        expires_at: listed.ends_at_ms.map(time),
        used_at: listed.key.used_ms.map(time),
    }
}
