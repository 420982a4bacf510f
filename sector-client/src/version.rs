//! Checks that the server is a sector of a version that this SDK supports.

use serde::Deserialize;

use crate::error::{Error, Result};
use crate::session::{Client, Repeat};

/// Version of this SDK.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Largest part of a response that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 10;
/// Name of the API service.
const SERVICE: &str = "api";

/// Whether an SDK and a server of these versions are compatible. By semantic versioning they are if
/// the first number that is not 0 is the same; later numbers may differ.
///
/// ```
/// use sector_client::is_compatible;
/// assert!(is_compatible("0.1.0", "0.1.9") && is_compatible("1.4.0", "1.0.2"));
/// assert!(!is_compatible("0.1.0", "0.2.0") && !is_compatible("1.0.0", "2.0.0"));
/// ```
#[must_use]
pub fn is_compatible(sdk: &str, server: &str) -> bool {
    era(sdk).is_some_and(|sdk| Some(sdk) == era(server))
}

/// The numbers that must be equal: those up to the first that is not 0.
fn era(version: &str) -> Option<(u64, u64, u64)> {
    let release = version.split(['-', '+']).next()?;
    let mut numbers = release.split('.').map(|number| number.parse::<u64>().ok());
    match (numbers.next()??, numbers.next()??, numbers.next()??) {
        (0, 0, patch) => Some((0, 0, patch)),
        (0, minor, _) => Some((0, minor, 0)),
        (major, ..) => Some((major, 0, 0)),
    }
}

/// The response of every version of a sector at its root.
#[derive(Deserialize)]
struct Root {
    service: String,
    version: String,
}

impl Client {
    /// Checks that the server is a sector of a compatible version. Retries while the server is
    /// unavailable, as calls do.
    pub(crate) async fn check_server(&self) -> Result<()> {
        self.retry(Repeat::Yes, || self.within(self.patience().answer, self.ask_root())).await
    }

    async fn ask_root(&self) -> Result<()> {
        let unreachable = |source| Error::unreachable(self.url(), source);
        let asked =
            self.api().client.get(format!("{}/", self.url())).header("accept", "application/json");
        let mut response = asked.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                break;
            }
        }
        match serde_json::from_slice::<Root>(&body) {
            Ok(root) if root.service == SERVICE && is_compatible(VERSION, &root.version) => Ok(()),
            Ok(root) if root.service == SERVICE => Err(Error::Version {
                url: self.url().to_owned(),
                server: root.version,
                sdk: VERSION,
            }),
            Ok(root) => Err(self
                .not_a_sector(format!("a service that calls itself {:?}", shown(&root.service)))),
            // From a proxy or the API: the sector is unavailable, or the rate limit is exceeded.
            Err(_) if Error::is_passing(status) => Err(Error::of_answer(status, &headers, &body)),
            // Problem documents of the API have a code.
            Err(_) if Error::is_of_sector(&body) => Err(Error::of_answer(status, &headers, &body)),
            Err(_) => {
                let kind = headers.get("content-type").and_then(|kind| kind.to_str().ok());
                let kind =
                    kind.map_or("no content type", |kind| kind.split(';').next().unwrap_or(kind));
                Err(self.not_a_sector(format!("{} with {}", status.as_u16(), shown(kind))))
            }
        }
    }

    fn not_a_sector(&self, found: String) -> Error {
        Error::NotASector { url: self.url().to_owned(), found }
    }

    /// The most specific error: an invalid response may come from a sector of another version.
    pub(crate) async fn explained(&self, error: Error) -> Error {
        match error {
            Error::Mismatch { .. } | Error::Snapshot(_) => match self.ask_root().await {
                Err(cause @ (Error::Version { .. } | Error::NotASector { .. })) => cause,
                _ => error,
            },
            error => error,
        }
    }
}

/// The first 60 characters, without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_is_not_zero_must_match() {
        for (one, other, same) in [
            ("0.1.0", "0.1.0", true),
            ("0.1.0", "0.1.12-beta.1+abc", true),
            ("0.1.0", "0.2.0", false),
            ("0.1.0", "1.1.0", false),
            ("0.0.1", "0.0.2", false),
            ("1.0.0", "1.9.3", true),
            ("2.0.0", "1.0.0", false),
            ("1.0", "1.0", false),
            ("one", "one", false),
        ] {
            assert_eq!(is_compatible(one, other), same, "{one} {other}");
        }
        assert!(is_compatible(VERSION, VERSION));
    }
}
