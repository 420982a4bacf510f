//! Logins that last: a session in the store, renewed by a refresh token that works once.
//!
//! # Invariants
//! - A token holds no longer than its session: every request with one asks whether that still stands, of a memory that
//!   is at most [`REMEMBERED_MS`] old. Ended here, it is ended here at once; elsewhere within that time.
//! - Of a refresh token only the digest is kept. It is replaced with every renewal. For [`GRACE_MS`] the one before still
//!   works, since a response may have been lost; after that, using it means that someone has a copy, and the session ends.

use sector_wire::Code;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http_kit::Problem;
use sector_auth::{Address, Grant, OpaqueKind, OpaqueToken, Role, SecretHash, TokenId};
use sector_redis::{Document, Shelf};
use serde::{Deserialize, Serialize};

use crate::request::problems::of_store;
use crate::state::Api;
use sector_wire::TokenAnswer;

/// For how long it is taken for certain that a session, or a key, still stands.
pub(crate) const REMEMBERED_MS: u64 = 1_000;
/// For how long the last refresh token works beside its successor.
const GRACE_MS: u64 = 10_000;
/// Most sessions and keys that are remembered; about 100 bytes each.
const REMEMBERED_MAX: usize = 10_000;
/// How often a renewal that met another one is tried.
const ATTEMPTS: usize = 3;

/// What is kept of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Session {
    role: Role,
    since_ms: u64,
    refresh: SecretHash,
    before: Option<SecretHash>,
    refreshed_at_ms: u64,
}

/// What was seen to stand, and when.
#[derive(Debug)]
pub(crate) struct Standing<T> {
    seen: Mutex<HashMap<TokenId, (u64, T)>>,
}

impl<T> Default for Standing<T> {
    fn default() -> Self {
        Self { seen: Mutex::default() }
    }
}

impl<T: Clone> Standing<T> {
    /// What stood a short while ago.
    pub(crate) fn get(&self, id: TokenId, now_ms: u64) -> Option<T> {
        self.lock()
            .get(&id)
            .filter(|(at_ms, _)| now_ms.saturating_sub(*at_ms) < REMEMBERED_MS)
            .map(|(_, it)| it.clone())
    }

    /// Remembers that it stands.
    pub(crate) fn put(&self, id: TokenId, it: T, now_ms: u64) {
        let mut seen = self.lock();
        if seen.len() >= REMEMBERED_MAX {
            seen.retain(|_, (at_ms, _)| now_ms.saturating_sub(*at_ms) < REMEMBERED_MS);
            if seen.len() >= REMEMBERED_MAX {
                seen.clear();
            }
        }
        seen.insert(id, (now_ms, it));
    }

    /// It has ended.
    pub(crate) fn forget(&self, id: TokenId) {
        self.lock().remove(&id);
    }

    /// Anything may have ended.
    pub(crate) fn forget_all(&self) {
        self.lock().clear();
    }

    // Nobody panics while the lock is held.
    fn lock(&self) -> MutexGuard<'_, HashMap<TokenId, (u64, T)>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Begins a session; its first token and refresh token.
pub(crate) async fn begin(api: &Api, address: Address, role: Role) -> Result<TokenAnswer, Problem> {
    let (now_ms, id) = (api.now().unix_ms(), TokenId::from_random_bytes(random()?));
    let refresh = OpaqueToken::new(OpaqueKind::Refresh, id, random()?);
    let session = Session {
        role,
        since_ms: now_ms,
        refresh: refresh.hash(),
        before: None,
        refreshed_at_ms: now_ms,
    };
    let document = document(api, id, address, &session)?;
    if !api.home().insert_document(Shelf::Sessions, &document, now_ms).await.map_err(of_store)? {
        return Err(Problem::internal("two sessions drew the same random id"));
    }
    answer(api, address, role, &refresh)
}

/// Goes on with the session of a refresh token, which is replaced.
///
/// # Errors
/// 401 `refresh_token_unknown`, `refresh_token_reused` and those of its form.
pub(crate) async fn renew(api: &Api, presented: &str) -> Result<TokenAnswer, Problem> {
    let refused = |code, detail: &str| Err(Problem::unauthorized(code, detail));
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
            return refused(
                Code::RefreshTokenUnknown,
                "This session has ended or never was: sign in again.",
            );
        };
        let session: Session = serde_json::from_str(&known.body).map_err(Problem::internal)?;
        let address: Address = known
            .owner
            .parse()
            .map_err(|error: sector_auth::AuthError| Problem::internal(error))?;
        let is_late = session.before.is_some_and(|before| presented.matches(&before));
        if !presented.matches(&session.refresh) {
            if !is_late {
                return refused(
                    Code::RefreshTokenUnknown,
                    "This is not the refresh token of its session: sign in again.",
                );
            }
            if now_ms.saturating_sub(session.refreshed_at_ms) >= GRACE_MS {
                end(api, id).await?;
                tracing::warn!(session = %id, "a used refresh token was presented again; its session is ended");
                return refused(
                    Code::RefreshTokenReused,
                    "This refresh token was used before, so somebody has a copy: the session is ended, sign in again.",
                );
            }
        }
        let refresh = OpaqueToken::new(OpaqueKind::Refresh, id, random()?);
        let next = Session {
            refresh: refresh.hash(),
            before: Some(presented.hash()),
            refreshed_at_ms: now_ms,
            role: role_of(api, address, session.role),
            ..session
        };
        let document = document(api, id, address, &next)?;
        let replaced =
            api.home().replace_document(Shelf::Sessions, &known.body, &document, now_ms).await;
        if replaced.map_err(of_store)? {
            return answer(api, address, next.role, &refresh);
        }
    }
    Err(Problem::conflict(
        Code::RefreshTokenBusy,
        "The same session is being renewed by others: try again.",
    ))
}

/// Whether the session of a token still stands.
///
/// # Errors
/// 401 `session_ended`; 503 while the store is away.
pub(crate) async fn check(api: &Api, id: TokenId) -> Result<(), Problem> {
    let now_ms = api.now().unix_ms();
    if api.standing_sessions.get(id, now_ms).is_some() {
        return Ok(());
    }
    let known =
        api.home().document(Shelf::Sessions, &id.to_string(), now_ms).await.map_err(of_store)?;
    if known.is_none() {
        return Err(Problem::unauthorized(
            Code::SessionEnded,
            "You have signed out, or the session has run out.",
        ));
    }
    api.standing_sessions.put(id, (), now_ms);
    Ok(())
}

/// Ends one session; how many were ended.
pub(crate) async fn end(api: &Api, id: TokenId) -> Result<u64, Problem> {
    let removed =
        api.home().remove_document(Shelf::Sessions, &id.to_string()).await.map_err(of_store);
    api.standing_sessions.forget(id);
    Ok(u64::from(removed?.is_some()))
}

/// Ends all sessions of somebody; how many there were.
pub(crate) async fn end_all(api: &Api, address: Address) -> Result<u64, Problem> {
    let ended = api
        .home()
        .remove_documents_of(Shelf::Sessions, &address.to_checksum())
        .await
        .map_err(of_store);
    api.standing_sessions.forget_all();
    ended
}

/// The role is that of the configuration, not of the day of the login. The local operator has no address to look up.
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

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(error.to_string()))?;
    Ok(bytes)
}
