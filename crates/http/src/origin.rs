//! Origins of web pages: which may open a WebSocket or call the API. Browsers let any page open a WebSocket anywhere, so the
//! server must check `Origin`.

use std::fmt;
use std::str::FromStr;

use http::Uri;
use http::uri::Authority;

/// Scheme, host and port of a page, as browsers send them in `Origin`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

/// Allowed origins. Parses from a comma-separated list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origins {
    is_any: bool,
    listed: Vec<Origin>,
}

impl Origin {
    fn default_port(is_https: bool) -> u16 {
        if is_https { 443 } else { 80 }
    }

    /// Whether `host` (the `Host` header) is this origin.
    fn is_same_host(&self, host: &str) -> bool {
        host.parse::<Authority>().is_ok_and(|authority| {
            authority.host().eq_ignore_ascii_case(&self.host)
                && authority.port_u16().unwrap_or(Self::default_port(self.is_https)) == self.port
        })
    }
}

impl Origins {
    /// All origins.
    #[must_use]
    pub fn any() -> Self {
        Self { is_any: true, listed: Vec::new() }
    }

    /// Whether all origins are allowed.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.is_any
    }

    /// Whether no origin is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_any && self.listed.is_empty()
    }

    /// Whether `origin` is allowed by its own name.
    #[must_use]
    pub fn list(&self, origin: &str) -> bool {
        self.is_any || origin.parse().is_ok_and(|origin| self.listed.contains(&origin))
    }

    /// Whether a page from `origin` may connect to `host`: its own host or a listed origin. Clients without an origin are not
    /// browsers and always may.
    #[must_use]
    pub fn allow(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        if self.is_any {
            return true;
        }
        let Some(origin) = origin else { return true };
        let Ok(origin) = origin.parse::<Origin>() else { return false };
        self.listed.contains(&origin) || host.is_some_and(|host| origin.is_same_host(host))
    }
}

/// A text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an origin such as https://example.org or http://localhost:5173")]
pub struct OriginError(String);

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refused = || OriginError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused()),
        };
        let authority = uri
            .authority()
            .filter(|authority| !authority.as_str().contains('@'))
            .ok_or_else(refused)?;
        // `http` parses an absent path as a slash; an origin has neither.
        if uri.path_and_query().is_some_and(|path| path.as_str() != "/") || text.ends_with('/') {
            return Err(refused());
        }
        // `http` treats an invalid port as absent.
        if authority.port_u16().is_none() && authority.as_str() != authority.host() {
            return Err(refused());
        }
        let port = authority.port_u16().unwrap_or(Self::default_port(is_https));
        Ok(Self { is_https, host: authority.host().to_ascii_lowercase(), port })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}://{}", if self.is_https { "https" } else { "http" }, self.host)?;
        if self.port == Self::default_port(self.is_https) {
            Ok(())
        } else {
            write!(formatter, ":{}", self.port)
        }
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self { is_any: false, listed: origins.into_iter().collect() }
    }
}

impl FromStr for Origins {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::parse::<Origin>)
            .collect()
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any {
            return formatter.write_str("*");
        }
        let parts: Vec<String> = self.listed.iter().map(ToString::to_string).collect();
        formatter.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_host_and_listed_origins_are_allowed() {
        let none = Origins::default();
        assert!(none.allow(None, Some("sector:9000")));
        assert!(none.allow(Some("http://sector:9000"), Some("SECTOR:9000")));
        assert!(none.allow(Some("https://sector"), Some("sector:443")));
        assert!(none.allow(Some("http://[::1]:9000"), Some("[::1]:9000")));
        for (origin, host) in [
            ("http://sector:9001", "sector:9000"),
            ("https://sector", "sector:80"),
            ("http://sector.evil.example", "sector"),
            ("http://evil.example", "sector"),
            ("null", "sector"),
            ("", "sector"),
            ("http://sector:9000/", "sector:9000"),
            ("http://me@sector:9000", "sector:9000"),
        ] {
            assert!(!none.allow(Some(origin), Some(host)), "{origin} to {host}");
        }
        assert!(!none.allow(Some("http://sector"), None));
        let some: Origins = " https://Other.example, http://localhost:5173,".parse().unwrap();
        assert_eq!(some.to_string(), "https://other.example,http://localhost:5173");
        assert!(some.allow(Some("https://other.example"), Some("sector")));
        assert!(some.allow(Some("https://other.example:443"), Some("sector")));
        assert!(!some.allow(Some("http://other.example"), Some("sector")));
        assert!(Origins::any().allow(Some("null"), None));
        assert_eq!(Origins::any().to_string(), "*");
    }

    #[test]
    fn an_invalid_entry_is_named() {
        assert_eq!("".parse::<Origins>().unwrap(), Origins::default());
        for bad in [
            "*",
            "example.org",
            "ftp://example.org",
            "https://example.org/path",
            "https://example.org:99999",
        ] {
            let error =
                format!("https://good.example,{bad}").parse::<Origins>().unwrap_err().to_string();
            assert!(error.contains(bad), "{bad}: {error}");
        }
    }
}
