//! The address of the client behind a connection, as seen by trusted proxies.
//!
//! Forwarding headers count only when the peer is in a trusted network. Read from the right, the first address that is not a
//! trusted proxy is the client; anything further left may be forged. `X-Forwarded-For` and `Forwarded` (RFC 7239) are both
//! supported. A proxy that writes one may pass the other through unchanged, so if both name a client, they must agree. If a
//! header is malformed or contradictory, the peer counts as the client: everyone behind that proxy then shares one quota,
//! which is never too generous.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What counts as one client: an IPv4 address, or an IPv6 /64 (the least a provider assigns to a customer).
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
        address => address,
    }
}

/// A text is not a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither a network nor an address.
    #[error("{0:?} is not a network: write 10.0.0.0/8, 2001:db8::/32 or one address")]
    Malformed(String),
    /// Bits beyond the prefix are set.
    #[error("{text:?} has bits set beyond its prefix: write {network}")]
    HostBits {
        /// The rejected text.
        text: String,
        /// The network that contains it.
        network: IpNet,
    },
}

/// A network (`10.0.0.0/8`, `2001:db8::/32`) or a single address.
fn parse_network(text: &str) -> Result<IpNet, NetworkError> {
    let network: IpNet = text
        .parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| NetworkError::Malformed(text.to_owned()))?;
    // 10.1.2.3/8 is probably a typo; don't guess what was meant.
    let whole = network.trunc();
    if whole == network {
        Ok(network)
    } else {
        Err(NetworkError::HostBits { text: text.to_owned(), network: whole })
    }
}

/// Networks of trusted proxies. Parses from a comma-separated list; the empty string is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Whether `address` belongs to a trusted proxy.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client of a request with these headers from `peer`.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        use Named::{Absent, Client, Proxy};
        let peer = peer.to_canonical();
        if !self.contain(peer) {
            return peer;
        }
        let by_list =
            self.named(headers, &X_FORWARDED_FOR, |line| Some(line.split(',').map(node).collect()));
        let by_standard = self.named(headers, &FORWARDED, forwarded);
        match (by_list, by_standard) {
            (Client(client), Absent | Proxy(_)) | (Absent | Proxy(_), Client(client)) => client,
            (Client(one), Client(other)) if one == other => one,
            (Proxy(outermost), Absent | Proxy(_)) | (Absent, Proxy(outermost)) => outermost,
            _ => peer,
        }
    }

    /// The client that one header names. Several lines of it count as one.
    fn named(
        &self,
        headers: &HeaderMap,
        name: &HeaderName,
        read: fn(&str) -> Option<Vec<Option<IpAddr>>>,
    ) -> Named {
        let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
        let mut named = Named::Absent;
        for line in lines.into_iter().rev() {
            let Some(nodes) = line.to_str().ok().and_then(read) else {
                return Named::Invalid;
            };
            for node in nodes.into_iter().rev() {
                match node {
                    // Ignore everything further left: the client may have forged it.
                    Some(address) if !self.contain(address) => return Named::Client(address),
                    Some(address) => named = Named::Proxy(address),
                    None => return Named::Invalid,
                }
            }
        }
        named
    }
}

impl FromStr for TrustedProxies {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|text| parse_network(text.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&list.join(","))
    }
}

/// The client that a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The rightmost address that is not a trusted proxy.
    Client(IpAddr),
    /// Trusted proxies only; this is the leftmost, where the request started.
    Proxy(IpAddr),
    /// There is no such header.
    Absent,
    /// Not a list of addresses.
    Invalid,
}

/// The `for=` addresses of one `Forwarded` line; `None` elements are not addresses. No list if a quoted string is not
/// closed, because then the elements cannot be told apart.
fn forwarded(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut elements = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in line.chars() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => elements.push(String::new()),
            _ => {}
        }
        let is_end = character == ',' && !is_quoted;
        if !is_end && let Some(element) = elements.last_mut() {
            element.push(character);
        }
    }
    (!is_quoted).then(|| elements.iter().map(|element| node_of(element)).collect())
}

/// The address of an element's only `for=`. Addresses contain neither `;` nor escapes, so quoting needs no further care.
fn node_of(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let (value, another) = (named.next()?, named.next());
    let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    if another.is_some() { None } else { node(value) }
}

/// An address with or without port; IPv6 with a port is in brackets.
fn node(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let without_brackets =
        || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    text.parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
        .or_else(without_brackets)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn networks_contain_their_addresses() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/8", "::10.1.2.3", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::1", "::1", true),
        ] {
            let parsed: TrustedProxies = network.parse().unwrap();
            assert_eq!(parsed.contain(ip(address)), expected, "{address} in {network}");
        }
    }

    #[test]
    fn invalid_networks_are_rejected_with_their_text() {
        for text in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/8/8",
        ] {
            let error = text.parse::<TrustedProxies>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        assert!(
            "10.1.2.3/8"
                .parse::<TrustedProxies>()
                .unwrap_err()
                .to_string()
                .contains("write 10.0.0.0/8")
        );
        assert!("10.0.0.0/8,".parse::<TrustedProxies>().is_err());
        assert_eq!("".parse::<TrustedProxies>().unwrap(), TrustedProxies::default());
    }

    #[test]
    fn trusted_proxies_are_a_clap_option() {
        #[derive(Debug, Parser)]
        struct Options {
            #[arg(long, default_value = "")]
            trusted_proxies: TrustedProxies,
        }
        let options =
            Options::try_parse_from(["service", "--trusted-proxies", "10.0.0.0/8, ::1"]).unwrap();
        assert_eq!(options.trusted_proxies.to_string(), "10.0.0.0/8,::1/128");
        assert_eq!(
            Options::try_parse_from(["service"]).unwrap().trusted_proxies,
            TrustedProxies::default()
        );
        let error =
            Options::try_parse_from(["service", "--trusted-proxies", "10.0.0.0/8,my-proxy"])
                .unwrap_err();
        assert!(error.to_string().contains("my-proxy"), "{error}");
    }

    #[test]
    fn only_trusted_proxies_count() {
        let trusted: TrustedProxies = "10.0.0.0/8,::1".parse().unwrap();
        let (outside, proxy) = ("198.51.100.9", "10.0.0.1");
        for (peer, lines, expected) in [
            // Anyone can send a header.
            (outside, &["x-forwarded-for: 192.0.2.1"][..], outside),
            (outside, &["forwarded: for=192.0.2.1"], outside),
            ("::ffff:198.51.100.9", &["x-forwarded-for: 192.0.2.1"], outside),
            // A proxy's header counts; the client may have written its left part.
            (proxy, &[], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: 127.0.0.1, 10.9.9.9, 192.0.2.1"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: <script>, 192.0.2.1"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: 203.0.113.5,192.0.2.1 , 10.0.0.2,10.0.0.3"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: 203.0.113.5", "x-forwarded-for: 192.0.2.1"], "192.0.2.1"),
            ("::ffff:10.0.0.1", &["x-forwarded-for: ::ffff:192.0.2.1"], "192.0.2.1"),
            ("::1", &["x-forwarded-for: 2001:db8::7"], "2001:db8::7"),
            (proxy, &["x-forwarded-for: 192.0.2.1:4711"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: [2001:db8::7]:4711"], "2001:db8::7"),
            (proxy, &["x-forwarded-for: [2001:db8::7]"], "2001:db8::7"),
            // Proxies only: the leftmost.
            (proxy, &["x-forwarded-for: 10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // The entry of the nearest proxy is not an address.
            (proxy, &["x-forwarded-for: "], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, "], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, unknown"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, 10.0.0.2, 192.0.2"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1 192.0.2.2"], proxy),
            (proxy, &["x-forwarded-for: [192.0.2.1]"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1\u{ff}"], proxy),
            // RFC 7239.
            (proxy, &["forwarded: for=192.0.2.1"], "192.0.2.1"),
            (
                proxy,
                &["forwarded: for=203.0.113.5, For=192.0.2.1;proto=https;by=10.0.0.1"],
                "192.0.2.1",
            ),
            (proxy, &["forwarded: by=10.0.0.1; for=\"[2001:db8::7]:4711\""], "2001:db8::7"),
            (proxy, &["forwarded: for=\"192.0.2.1:80\", for=10.0.0.2"], "192.0.2.1"),
            (proxy, &["forwarded: host=\"a, for=203.0.113.5\";for=192.0.2.1"], "192.0.2.1"),
            (proxy, &["forwarded: host=\"\\\", for=203.0.113.5\";for=192.0.2.1"], "192.0.2.1"),
            (proxy, &["forwarded: for=unknown"], proxy),
            (proxy, &["forwarded: for=_hidden, for=192.0.2.1"], "192.0.2.1"),
            (proxy, &["forwarded: for=192.0.2.1, for=_hidden"], proxy),
            (proxy, &["forwarded: for=192.0.2.1;for=192.0.2.2"], proxy),
            (proxy, &["forwarded: proto=https"], proxy),
            (proxy, &["forwarded: for=\"203.0.113.5, for=192.0.2.1"], proxy),
            (proxy, &["forwarded: for=\"192.0.2.1"], proxy),
            // One header that the proxy writes, and one that it passes through.
            (proxy, &["x-forwarded-for: 192.0.2.1", "forwarded: for=203.0.113.5"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1", "forwarded: for=192.0.2.1"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: 10.0.0.2", "forwarded: for=192.0.2.1"], "192.0.2.1"),
            (proxy, &["x-forwarded-for: 192.0.2.1", "forwarded: nonsense"], proxy),
        ] {
            let headers: HeaderMap = lines.iter().map(|line| line.split_once(": ").unwrap()).fold(
                HeaderMap::new(),
                |mut headers, (name, value)| {
                    headers.append(
                        HeaderName::try_from(name).unwrap(),
                        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                    );
                    headers
                },
            );
            assert_eq!(trusted.client(ip(peer), &headers), ip(expected), "{peer} {lines:?}");
        }
    }

    #[test]
    fn an_ipv6_client_is_a_64() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.7"));
    }
}
