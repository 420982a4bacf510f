//! Sessions: kept in the store and renewed with single-use refresh tokens.
//!
//! # Invariants
//! - An access token is valid only while its session exists. Each request checks that, from a cache
//!   that is at most [`REMEMBERED_MS`] old: a session ended here ends at once, one ended by another
//!   process within that time.
//! - A refresh token is derived from the signing secret, the session and its generation, which grows
//!   with each renewal. Only digests are stored. For [`GRACE_MS`] after its first use a token returns
//!   the same successor again, because a response may have been lost or two tabs renew at once. Used
//!   later, or two generations late, someone has a copy, and the session ends.

use sector_wire::Code;

use http_kit::Problem;
use sector_auth::{Address, Grant, OpaqueKind, OpaqueToken, Role, SecretHash, TokenId};
use sector_redis::{Document, Shelf};
use serde::{Deserialize, Serialize};

use crate::request::problems::of_store;
use crate::state::Api;
use sector_wire::TokenAnswer;

/// How long an existing session or key is cached, in milliseconds.
pub(crate) const REMEMBERED_MS: u64 = 1_000;
/// How long after its first use a refresh token returns its successor again, in milliseconds.
const GRACE_MS: u64 = 10_000;
/// Maximum attempts to renew a session that others renew at the same time.
const ATTEMPTS: usize = 3;

/// A session as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    role: Role,
    since_ms: u64,
    /// Generation of the newest refresh token. Sessions of earlier versions have none.
    #[serde(default)]
    generation: u32,
    /// Digest of the newest refresh token.
    refresh: SecretHash,
    /// Digest of the one before.
    before: Option<SecretHash>,
    /// First use of the one before.
    refreshed_at_ms: u64,
}

/// Begins a session. Returns its first access and refresh tokens.
pub(crate) async fn begin(api: &Api, address: Address, role: Role) -> Result<TokenAnswer, Problem> {
    let (now_ms, id) = (api.now().unix_ms(), TokenId::from_random_bytes(random()?));
    let refresh = api.derived.refresh_token(id, 0);
    let session = Session {
        role,
        since_ms: now_ms,
        generation: 0,
        refresh: refresh.hash(),
        before: None,
        refreshed_at_ms: now_ms,
    };
    let document = document(api, id, address, &session)?;
    if !api.home().insert_document(Shelf::Sessions, &document, now_ms).await.map_err(of_store)? {
        return Err(Problem::internal("duplicate session id"));
    }
    answer(api, address, role, &refresh)
}

/// Renews the session of a refresh token and replaces the token.
///
/// # Errors
/// 401 `refresh_token_unknown`, `refresh_token_reused`, or a code for a malformed token; 409 `refresh_token_busy`.
pub(crate) async fn renew(api: &Api, presented: &str) -> Result<TokenAnswer, Problem> {
    let presented = OpaqueToken::parse(OpaqueKind::Refresh, presented)
        .map_err(|error| Problem::unauthorized(error.code(), format!("{error}.")))?;
    let id = presented.id();
    for _ in 0..ATTEMPTS {
        let now_ms = api.now().unix_ms();
        let known = api
            .home()
            .document(Shelf::Sessions, &id.to_string(), now_ms)
            .await
            .map_err(of_store)?;
        let Some(known) = known else {
            return Err(unknown("This session has ended or never existed: log in again."));
        };
        let session: Session = serde_json::from_str(&known.body).map_err(Problem::internal)?;
        let address: Address = known
            .owner
            .parse()
            .map_err(|error: sector_auth::AuthError| Problem::internal(error))?;
        let role = role_of(api, address, session.role);
        if presented.matches(&session.refresh) {
            let generation = session.generation.saturating_add(1);
            let refresh = api.derived.refresh_token(id, generation);
            let next = Session {
                generation,
                refresh: refresh.hash(),
                before: Some(session.refresh),
                refreshed_at_ms: now_ms,
                role,
                ..session
            };
            let document = document(api, id, address, &next)?;
            let replaced =
                api.home().replace_document(Shelf::Sessions, &known.body, &document, now_ms).await;
            if replaced.map_err(of_store)? {
                return answer(api, address, role, &refresh);
            }
            // Another request renewed or ended the session meanwhile.
            continue;
        }
        let is_previous = session.before.is_some_and(|before| presented.matches(&before));
        if is_previous && now_ms.saturating_sub(session.refreshed_at_ms) < GRACE_MS {
            let successor = api
                .derived
                .refresh_tokens(id, session.generation)
                .find(|successor| successor.matches(&session.refresh));
            return match successor {
                Some(successor) => answer(api, address, role, &successor),
                // Another server made the successor, with a signing secret that this one lacks.
                None => Err(busy()),
            };
        }
        let generation = api.derived.generation(&presented);
        if is_previous || generation.is_some_and(|generation| generation < session.generation) {
            end(api, id).await?;
            tracing::warn!(
                session = %id, generation, newest = session.generation,
                "refresh token reused, session ended"
            );
            return Err(Problem::unauthorized(
                Code::RefreshTokenReused,
                "This refresh token was already used, so someone may have a copy: the session has been ended, log in again.",
            ));
        }
        return Err(unknown("This is not a refresh token of its session: log in again."));
    }
    Err(busy())
}

fn unknown(detail: &str) -> Problem {
    Problem::unauthorized(Code::RefreshTokenUnknown, detail)
}

fn busy() -> Problem {
    Problem::conflict(
        Code::RefreshTokenBusy,
        "Another request is renewing the same session: try again.",
    )
}

/// Checks that the session of a token still exists.
///
/// # Errors
/// 401 `session_ended`; 503 while the store is unavailable.
pub(crate) async fn check(api: &Api, id: TokenId) -> Result<(), Problem> {
    let now_ms = api.now().unix_ms();
    if api.standing_sessions.get(&id, now_ms).is_some() {
        return Ok(());
    }
    let known =
        api.home().document(Shelf::Sessions, &id.to_string(), now_ms).await.map_err(of_store)?;
    if known.is_none() {
        return Err(Problem::unauthorized(
            Code::SessionEnded,
            "You have signed out, or the session has expired.",
        ));
    }
    api.standing_sessions.put(id, (), now_ms);
    Ok(())
}

/// Ends a session. Returns the number of sessions ended, 0 or 1.
pub(crate) async fn end(api: &Api, id: TokenId) -> Result<u64, Problem> {
    let removed =
        api.home().remove_document(Shelf::Sessions, &id.to_string()).await.map_err(of_store);
    api.standing_sessions.forget(&id);
    Ok(u64::from(removed?.is_some()))
}

/// Ends all sessions of an address. Returns the number of sessions ended.
pub(crate) async fn end_all(api: &Api, address: Address) -> Result<u64, Problem> {
    let ended = api
        .home()
        .remove_documents_of(Shelf::Sessions, &address.to_checksum())
        .await
        .map_err(of_store);
    api.standing_sessions.forget_all();
    ended
}

/// The role by the current configuration. The local operator, who has no address, keeps the role of
/// the login.
fn role_of(api: &Api, address: Address, then: Role) -> Role {
    if address == Address::ZERO { then } else { api.role(address) }
}

fn document(
    api: &Api,
    id: TokenId,
    address: Address,
    session: &Session,
) -> Result<Document, Problem> {
    let ttl_ms = api.config.session_ttl_seconds.0.saturating_mul(1_000);
    Ok(Document {
        id: id.to_string(),
        owner: address.to_checksum(),
        body: serde_json::to_string(session).map_err(Problem::internal)?,
        ends_at_ms: Some(session.refreshed_at_ms.saturating_add(ttl_ms)),
    })
}

fn answer(
    api: &Api,
    address: Address,
    role: Role,
    refresh: &OpaqueToken,
) -> Result<TokenAnswer, Problem> {
    let ttl_seconds = api.config.jwt_ttl_seconds.0;
    let grant = Grant {
        subject: address,
        role,
        session_id: refresh.id(),
        token_id: TokenId::from_random_bytes(random()?),
        ttl_seconds,
    };
    Ok(TokenAnswer {
        token: api.tokens.issue(&grant, api.now()).map_err(Problem::internal)?,
        expires_in: ttl_seconds,
        refresh_token: refresh.expose(),
        refresh_expires_in: api.config.session_ttl_seconds.0,
    })
}

/// Random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(bytes)
}
