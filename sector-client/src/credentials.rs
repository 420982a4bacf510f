//! Who the client says it is, and how much it may ask: set on login and by answers, minded by every request.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use crate::generated;
use crate::quota::Quotas;

const BOT_TOKEN: HeaderName = HeaderName::from_static("x-bot-token");

/// The header that says who asks, shared by the clones of a client. `Debug` shows nothing of it.
#[derive(Clone, Default)]
pub struct Credentials {
    header: Arc<RwLock<Option<(HeaderName, HeaderValue)>>>,
    quotas: Arc<Quotas>,
}

impl Credentials {
    /// From now on the holder of a token from a login. False if the text cannot stand in a header.
    pub(crate) fn set_bearer(&self, token: &str) -> bool {
        self.set(AUTHORIZATION, &format!("Bearer {token}"))
    }

    /// From now on the bot with this token. False if the text cannot stand in a header.
    pub(crate) fn set_bot(&self, token: &str) -> bool {
        self.set(BOT_TOKEN, token)
    }

    /// From now on nobody in particular.
    pub(crate) fn clear(&self) {
        *self.header.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set(&self, name: HeaderName, value: &str) -> bool {
        let Ok(mut value) = HeaderValue::from_str(value) else { return false };
        value.set_sensitive(true);
        *self.header.write().unwrap_or_else(PoisonError::into_inner) = Some((name, value));
        true
    }

    /// Whether a player asks, by a login or a bot key.
    pub(crate) fn are_of_player(&self) -> bool {
        self.header().is_some_and(|(name, _)| name == AUTHORIZATION)
    }

    /// The header that says who asks.
    pub(crate) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        self.header.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether `other` says the same.
    pub(crate) fn snapshot(&self) -> Option<HeaderValue> {
        self.header().map(|(_, value)| value)
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
    fn nothing_of_the_token_is_shown() {
        let credentials = Credentials::default();
        assert_eq!(format!("{credentials:?}"), "Credentials(none)");
        assert!(credentials.set_bearer("hunter2"));
        assert_eq!(format!("{credentials:?}"), "Credentials(authorization)");
        assert_eq!(format!("{:?}", credentials.snapshot()), "Some(Sensitive)");
        assert!(!credentials.set_bot("line\nbreak"));
    }
}
