//! Keys with which a player lets bots play.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::generated::types;
use crate::session::{Client, Repeat};

/// What a bot with a key may do: read and give orders.
pub const BOT_VERBS: [&str; 2] = ["read", "orders"];

impl Client {
    /// The keys that the player has issued and not revoked. Their secrets are not shown again.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] before a login.
    pub async fn keys(&self) -> Result<Vec<types::ListedKey>> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.keys()).await?.keys)
    }

    /// Issues a key, under which a bot may do what the verbs say ([`BOT_VERBS`] to play) for the faction that the
    /// player holds. Its secret is in the answer and nowhere else: [`Client::bot_key`] takes it.
    ///
    /// # Errors
    /// [`Error::Credential`] for a label without 1 to 40 characters, [`Error::Refused`] for verbs that there are not.
    pub async fn issue_key(
        &self,
        label: &str,
        verbs: &[&str],
        life: Option<Duration>,
    ) -> Result<types::IssuedKey> {
        let label = label
            .parse()
            .map_err(|error| Error::Credential(format!("the label of a key is {error}")))?;
        let verbs = verbs.iter().map(|verb| (*verb).to_owned()).collect();
        let body = types::KeyRequest { label, verbs, expires_in: life.map(|life| life.as_secs()) };
        let api = self.api();
        // Another attempt would issue another key.
        self.call(Repeat::No, || api.issue_key(&body)).await
    }

    /// Revokes a key, by its id.
    ///
    /// # Errors
    /// [`Error::Refused`] when the player has no such key.
    pub async fn revoke_key(&self, id: &str) -> Result<()> {
        let api = self.api();
        self.call(Repeat::No, || api.revoke_key(id)).await.map(drop)
    }
}
