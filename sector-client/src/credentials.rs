//! Credentials and quotas, applied to every request: logins set the credentials, responses the
//! quotas.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::generated;
use crate::quota::Quotas;

const BOT_TOKEN: HeaderName = HeaderName::from_static("x-bot-token");

/// The header with the credentials, shared by the clones of a client. `Debug` does not show its
/// value.
#[derive(Clone, Default)]
pub struct Credentials {
    header: Arc<RwLock<Option<(HeaderName, HeaderValue)>>>,
    quotas: Arc<Quotas>,
}

impl Credentials {
    /// Uses the token of a login, or a bot key. Returns false if a header cannot contain it.
    pub(crate) fn set_bearer(&self, token: &str) -> bool {
        self.set(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// Uses the token of the sector's own bots. Returns false if a header cannot contain it.
    pub(crate) fn set_bot(&self, token: &str) -> bool {
        self.set(BOT_TOKEN, token)
    }

    /// Removes the credentials.
    pub(crate) fn clear(&self) {
        *self.header.write() = None;
    }

    fn set(&self, name: HeaderName, value: &str) -> bool {
        let Ok(mut value) = HeaderValue::from_str(value) else { return false };
        value.set_sensitive(true);
        *self.header.write() = Some((name, value));
        true
    }

    /// Whether these are the credentials of a player: a login or a bot key.
    pub(crate) fn are_of_player(&self) -> bool {
        self.header().is_some_and(|(name, _)| name == AUTHORIZATION)
    }

    /// The header with the credentials.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.header.read().clone()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.header();
        let kind = header.as_ref().map_or("none", |(name, _)| name.as_str());
        write!(formatter, "Credentials({kind})")
    }
}

impl ClientHooks<Credentials> for generated::Client {
    async fn pre<E>(
        &self,
        request: &mut reqwest::Request,
        info: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        if let Some((name, value)) = self.inner.header() {
            request.headers_mut().insert(name, value);
        }
        self.inner.quotas.wait(info.operation_id).await;
        Ok(())
    }

    async fn post<E>(
        &self,
        result: &reqwest::Result<reqwest::Response>,
        info: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        if let Ok(response) = result {
            self.inner.quotas.learn(info.operation_id, response.headers());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_token() {
        let credentials = Credentials::default();
        assert_eq!(format!("{credentials:?}"), "Credentials(none)");
        assert!(credentials.set_bearer("hunter2"));
        assert_eq!(format!("{credentials:?}"), "Credentials(authorization)");
        assert_eq!(format!("{:?}", credentials.header()), "Some((\"authorization\", Sensitive))");
        assert!(!credentials.set_bot("line\nbreak"));
    }
}
