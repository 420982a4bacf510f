//! Keys that players issue for their bots, so that a bot never needs a wallet.
//!
//! Only the digest of a key is stored. A key acts for the faction that its player holds in the
//! current universe, within its permissions.

use sector_wire::Code;
use std::collections::HashMap;

use http_kit::Problem;
use sector_auth::{Address, OpaqueKind, OpaqueToken, Role, Scopes, SecretHash, TokenId, Verb};
use sector_redis::{Document, Error as StoreError, Shelf};
use serde::{Deserialize, Serialize};

use crate::identity::caller::{KeyInUse, Person};
use crate::identity::names;
use crate::identity::sessions::random;
use crate::request::problems::of_store;
use crate::state::Api;

/// Minimum time between two updates of a key's last use, in milliseconds.
const NOTE_MS: u64 = 60_000;
/// How long after its last use a key counts as playing its player's faction, in milliseconds.
const PLAYS_MS: u64 = 10 * 60_000;
/// How long the label of the key that plays a faction is cached, in milliseconds.
pub(crate) const LABEL_REMEMBERED_MS: u64 = 5_000;

/// A key as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BotKey {
    pub(crate) label: String,
    pub(crate) verbs: Scopes,
    pub(crate) since_ms: u64,
    pub(crate) used_ms: Option<u64>,
    hash: SecretHash,
}

/// A key with its id and expiry.
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) ends_at_ms: Option<u64>,
    pub(crate) key: BotKey,
}

/// Issues a key. Returns the secret, to be shown once, and the stored key.
///
/// # Errors
/// 409 `too_many_keys`.
pub(crate) async fn issue(
    api: &Api,
    owner: Address,
    label: String,
    verbs: Scopes,
    ttl_seconds: Option<u64>,
) -> Result<(OpaqueToken, Listed), Problem> {
    let now_ms = api.now().unix_ms();
    let secret =
        OpaqueToken::new(OpaqueKind::BotKey, TokenId::from_random_bytes(random()?), random()?);
    let key = BotKey { label, verbs, since_ms: now_ms, used_ms: None, hash: secret.hash() };
    let ends_at_ms =
        ttl_seconds.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1_000)));
    let document = document(&secret.id().to_string(), owner, ends_at_ms, &key)?;
    match api.home().insert_document(Shelf::Keys, &document, now_ms).await {
        Ok(true) => Ok((secret, Listed { id: document.id, ends_at_ms, key })),
        Ok(false) => Err(Problem::internal("duplicate key id")),
        Err(StoreError::Full { owner: Some(_), limit, .. }) => Err(Problem::conflict(
            Code::TooManyKeys,
            format!("You have {limit} keys, the maximum: revoke one first."),
        )),
        Err(error) => Err(of_store(error)),
    }
}

/// Keys of an owner, ordered by id.
pub(crate) async fn list(api: &Api, owner: Address) -> Result<Vec<Listed>, Problem> {
    let now_ms = api.now().unix_ms();
    let documents = api
        .home()
        .documents_of(Shelf::Keys, &owner.to_checksum(), now_ms)
        .await
        .map_err(of_store)?;
    documents
        .into_iter()
        .map(|document| {
            let key = serde_json::from_str(&document.body).map_err(Problem::internal)?;
            Ok(Listed { id: document.id, ends_at_ms: document.ends_at_ms, key })
        })
        .collect()
}

/// Revokes a key of this owner.
///
/// # Errors
/// 404 `unknown_key`.
pub(crate) async fn revoke(api: &Api, owner: Address, id: TokenId) -> Result<(), Problem> {
    let now_ms = api.now().unix_ms();
    let known =
        api.home().document(Shelf::Keys, &id.to_string(), now_ms).await.map_err(of_store)?;
    if known.is_none_or(|document| document.owner != owner.to_checksum()) {
        return Err(Problem::not_found(Code::UnknownKey, "You have no key with this id."));
    }
    api.home().remove_document(Shelf::Keys, &id.to_string()).await.map_err(of_store)?;
    api.standing_keys.forget(&id);
    Ok(())
}

/// Identifies the player behind a key.
///
/// # Errors
/// 401 `key_unknown`, or a code for a malformed key; 503 while the store is unavailable.
pub(crate) async fn identify(api: &Api, presented: &str) -> Result<Person, Problem> {
    let presented = OpaqueToken::parse(OpaqueKind::BotKey, presented)
        .map_err(|error| Problem::unauthorized(error.code(), format!("{error}.")))?;
    let (id, now_ms) = (presented.id(), api.now().unix_ms());
    let known = match api.standing_keys.get(&id, now_ms) {
        Some(known) => known,
        None => match api
            .home()
            .document(Shelf::Keys, &id.to_string(), now_ms)
            .await
            .map_err(of_store)?
        {
            Some(known) => {
                let known = note(api, known, now_ms).await?;
                api.standing_keys.put(id, known.clone(), now_ms);
                known
            }
            None => return Err(unknown()),
        },
    };
    let (address, key) = known;
    if !presented.matches(&key.hash) {
        return Err(unknown());
    }
    Ok(Person {
        address,
        role: Role::BotKey,
        session: None,
        key: Some(KeyInUse { id, verbs: key.verbs }),
    })
}

fn unknown() -> Problem {
    Problem::unauthorized(Code::KeyUnknown, "This key was revoked, has expired or never existed.")
}

/// Updates the last use of a key, at most once per interval. Losing a race against another update is
/// fine.
async fn note(api: &Api, known: Document, now_ms: u64) -> Result<(Address, BotKey), Problem> {
    let mut key: BotKey = serde_json::from_str(&known.body).map_err(Problem::internal)?;
    let owner: Address =
        known.owner.parse().map_err(|error: sector_auth::AuthError| Problem::internal(error))?;
    if key.used_ms.is_none_or(|used_ms| now_ms.saturating_sub(used_ms) >= NOTE_MS) {
        key.used_ms = Some(now_ms);
        let noted = document(&known.id, owner, known.ends_at_ms, &key)?;
        if let Err(error) =
            api.home().replace_document(Shelf::Keys, &known.body, &noted, now_ms).await
        {
            tracing::debug!(%error, "cannot update the last use of a key");
        }
    }
    Ok((owner, key))
}

/// Labels of the keys that send orders for these players, by player. Players without one play by
/// hand.
pub(crate) async fn labels(
    api: &Api,
    players: &[String],
) -> Result<HashMap<String, String>, Problem> {
    let now_ms = api.now().unix_ms();
    let mut labels = HashMap::new();
    for player in players {
        let known = api.key_labels.get(player, now_ms);
        let label = match known {
            Some(label) => label,
            None => {
                let documents =
                    api.home().documents_of(Shelf::Keys, player, now_ms).await.map_err(of_store)?;
                let label = documents
                    .iter()
                    .filter_map(|document| serde_json::from_str::<BotKey>(&document.body).ok())
                    .filter(|key| key.verbs.allow(Verb::Orders))
                    .filter_map(|key| Some((key.used_ms?, key.label)))
                    .filter(|(used_ms, _)| now_ms.saturating_sub(*used_ms) < PLAYS_MS)
                    .max()
                    // Keys of earlier versions could have any label.
                    .map(|(_, label)| match names::check(&label) {
                        Ok(()) => label,
                        Err(_) => "bot".to_owned(),
                    });
                api.key_labels.put(player.clone(), label.clone(), now_ms);
                label
            }
        };
        if let Some(label) = label {
            labels.insert(player.clone(), label);
        }
    }
    Ok(labels)
}

fn document(
    id: &str,
    owner: Address,
    ends_at_ms: Option<u64>,
    key: &BotKey,
) -> Result<Document, Problem> {
    let body = serde_json::to_string(key).map_err(Problem::internal)?;
    Ok(Document { id: id.to_owned(), owner: owner.to_checksum(), body, ends_at_ms })
}
