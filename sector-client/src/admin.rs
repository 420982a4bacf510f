//! What admins do.

#[expect(unused_imports, reason = "for the documentation")]
use crate::error::Error;
use crate::error::Result;
use crate::generated::types;
use crate::session::{Client, Repeat};

impl Client {
    /// Asks for a new universe, from this seed or a new one. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn restart(&self, seed: Option<u64>) -> Result<types::RestartAnswer> {
        let api = self.api();
        self.call(Repeat::No, || api.restart(seed, None)).await
    }

    /// Ends all claims, and says how many there were. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn bots_only(&self) -> Result<u64> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.bots_only(None)).await?.released)
    }

    /// Whether the sector stands still. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn is_paused(&self) -> Result<bool> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.paused()).await?.paused)
    }

    /// Lets the sector stand still or go on. For admins.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without the role.
    pub async fn set_paused(&self, paused: bool) -> Result<bool> {
        let api = self.api();
        Ok(self.call(Repeat::Yes, || api.pause(paused, None)).await?.paused)
    }
}
