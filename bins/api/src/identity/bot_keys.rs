//! Keys that players issue for their bots, so that a bot never needs a wallet.
//!
//! Only the digest of a key is stored. A key acts for the faction that its player holds in the
//! current universe, within its permissions.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use sector_wire::Code;

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
/// When to try again if there is no room for keys, in seconds.
const KEYS_FULL_RETRY_SECONDS: u64 = 3_600;
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
/// 409 `too_many_keys` if the owner or the client's network has the maximum; 503 `keys_full`.
pub(crate) async fn issue(
    api: &Api,
    owner: Address,
    client: Option<IpAddr>,
    label: String,
    verbs: Scopes,
    ttl_seconds: u64,
) -> Result<(OpaqueToken, Listed), Problem> {
    let now_ms = api.now().unix_ms();
    let secret =
        OpaqueToken::new(OpaqueKind::BotKey, TokenId::from_random_bytes(random()?), random()?);
    let key = BotKey { label, verbs, since_ms: now_ms, used_ms: None, hash: secret.hash() };
    let ends_at_ms = Some(now_ms.saturating_add(ttl_seconds.saturating_mul(1_000)));
    let document = document(&secret.id().to_string(), owner, ends_at_ms, &key)?;
    // A network has a share of the room, however many players it logs in.
    let share = Document {
        owner: api.derived.pseudonym(&site(client)),
        body: String::new(),
        ..document.clone()
    };
    let store = api.home();
    if !store.insert_document(Shelf::KeyNetworks, &share, now_ms).await.map_err(no_room)? {
        return Err(Problem::internal("duplicate key id"));
    }
    match store.insert_document(Shelf::Keys, &document, now_ms).await {
        Ok(true) => Ok((secret, Listed { id: document.id, ends_at_ms, key })),
        refused => {
            if let Err(error) = store.remove_document(Shelf::KeyNetworks, &document.id).await {
                tracing::debug!(%error, "share of a refused key stays taken until it expires");
            }
            Err(refused.map_or_else(no_room, |_| Problem::internal("duplicate key id")))
        }
    }
}

/// The network that a client belongs to: an IPv4 address or an IPv6 /48.
fn site(client: Option<IpAddr>) -> String {
    match client.map(|client| client.to_canonical()) {
        Some(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80).to_string(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        None => String::new(),
    }
}

/// The problem of a store that cannot take a key.
fn no_room(error: StoreError) -> Problem {
    match error {
        StoreError::Full { shelf: Shelf::Keys, owner: Some(_), limit } => Problem::conflict(
            Code::TooManyKeys,
            format!("You have {limit} keys, the maximum: revoke one first."),
        ),
        StoreError::Full { owner: Some(_), limit, .. } => Problem::conflict(
            Code::TooManyKeys,
            format!(
                "Your network has {limit} keys, the maximum: revoke one, or wait until one expires."
            ),
        ),
        StoreError::Full { .. } => Problem::unavailable(
            Code::KeysFull,
            "This server has its maximum number of keys: try again later.",
            KEYS_FULL_RETRY_SECONDS,
        )
        .with_source(error),
        error => of_store(error),
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
    for shelf in [Shelf::Keys, Shelf::KeyNetworks] {
        api.home().remove_document(shelf, &id.to_string()).await.map_err(of_store)?;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_store_is_a_problem_of_its_own() {
        for (error, status, code) in [
            (Shelf::Keys.full(Some("o")), 409, "too_many_keys"),
            (Shelf::KeyNetworks.full(Some("o")), 409, "too_many_keys"),
            (Shelf::Keys.full(None), 503, "keys_full"),
            (Shelf::KeyNetworks.full(None), 503, "keys_full"),
        ] {
            let response = no_room(error).into_response(None);
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503, "{code}");
        }
        assert_eq!(no_room(Shelf::Keys.full(None)).code(), "keys_full");
    }

    #[test]
    fn a_network_is_an_ipv4_address_or_a_site() {
        let site = |text: &str| site(Some(text.parse().unwrap()));
        assert_eq!(site("2001:db8:1:2::3"), site("2001:db8:1:ff00::9"));
        assert_ne!(site("2001:db8:1::1"), site("2001:db8:2::1"));
        assert_eq!(site("::ffff:192.0.2.1"), site("192.0.2.1"));
        assert_ne!(site("192.0.2.1"), site("192.0.2.2"));
    }
}
