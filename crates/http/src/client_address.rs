//! Whom a request comes from: the peer, or whoever a trusted proxy says is behind it.
//!
//! Headers are believed only from a peer in the configured networks, and only as far as trusted
//! proxies wrote them: from the right, the first address that is no trusted proxy is the client.
//! Whatever a client writes there itself stands further left. `X-Forwarded-For` and `Forwarded`
//! (RFC 7239) are both understood; a proxy that writes one of them may pass the other on as the
//! client sent it, so that both must name the same client if both name one. Whenever something is
//! malformed, or no address, or in contradiction, the peer counts: everybody behind that proxy is
//! then one client, which is never more than they should have.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::header::{FORWARDED, HeaderName};
use http::{HeaderMap, HeaderValue};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A network: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cidr {
    address: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Whether the address is in it. IPv4 in IPv6's clothes (`::ffff:…`) is IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && first_of(address, self.prefix) == self.address
    }
}

/// The first address of the network of this length around `address`.
fn first_of(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(prefix.into())).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

/// What counts as one client: the IPv4 address, or the IPv6 /64, which is the least that a customer
/// gets.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => first_of(IpAddr::V6(address), 64),
        address => address,
    }
}

impl FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse =
            || format!("{text:?} is no network: write 10.0.0.0/8, 2001:db8::/32 or one address");
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            // Of digits alone: no sign.
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().ok().filter(|prefix| *prefix <= bits).ok_or_else(refuse)?
            }
            Some(_) => return Err(refuse()),
            None => bits,
        };
        // 10.1.2.3/8 is most likely a slip, and what was meant is not for us to guess.
        let first = first_of(address, prefix);
        if first == address {
            Ok(Self { address, prefix })
        } else {
            Err(format!("{text:?} has bits beyond its prefix: write {first}/{prefix}"))
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

/// Networks whose proxies are believed. Parses from a list with commas; empty: none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustedProxies(Vec<Cidr>);

impl TrustedProxies {
    /// Whether the address is a trusted proxy's.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Whom a request with these headers over a connection from `peer` comes from.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        use Named::{Client, Nobody, Proxy};
        let peer = peer.to_canonical();
        if !self.contain(peer) {
            return peer;
        }
        let by_list =
            self.named(headers, &X_FORWARDED_FOR, |line| Some(line.split(',').map(node).collect()));
        let by_standard = self.named(headers, &FORWARDED, forwarded);
        match (by_list, by_standard) {
            (Client(client), Nobody | Proxy(_)) | (Nobody | Proxy(_), Client(client)) => client,
            (Client(one), Client(other)) if one == other => one,
            (Proxy(outermost), Nobody | Proxy(_)) | (Nobody, Proxy(outermost)) => outermost,
            _ => peer,
        }
    }

    /// Whom one header names; several of its lines are read as one.
    fn named(
        &self,
        headers: &HeaderMap,
        name: &HeaderName,
        read: fn(&str) -> Option<Vec<Option<IpAddr>>>,
    ) -> Named {
        let lines: Vec<&HeaderValue> = headers.get_all(name).iter().collect();
        let mut named = Named::Nobody;
        for line in lines.into_iter().rev() {
            let Some(nodes) = line.to_str().ok().and_then(read) else {
                return Named::Nonsense;
            };
            for node in nodes.into_iter().rev() {
                match node {
                    // What stands further left is not looked at: the client may have written it.
                    Some(address) if !self.contain(address) => return Named::Client(address),
                    Some(address) => named = Named::Proxy(address),
                    None => return Named::Nonsense,
                }
            }
        }
        named
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(|network| network.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
}

impl FromIterator<Cidr> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = Cidr>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

impl fmt::Display for TrustedProxies {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        formatter.write_str(&list.join(","))
    }
}

/// Whom a header names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// The last address that is no trusted proxy's.
    Client(IpAddr),
    /// Trusted proxies alone; this is the outermost, where the request began.
    Proxy(IpAddr),
    /// The header is not there.
    Nobody,
    /// Something else than addresses.
    Nonsense,
}

/// The addresses of `for=` in one line of `Forwarded`; none where it is no address. No list at all
/// if a quotation does not end, because then nobody can say where an element does.
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

/// The address of the one `for=` among an element's pairs. No address holds a `;` or an escape, so
/// quotations need no further care.
fn node_of(element: &str) -> Option<IpAddr> {
    let mut named = element.split(';').filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then_some(value)
    });
    let (value, another) = (named.next()?, named.next());
    let value = value.strip_prefix('"').map_or(Some(value), |rest| rest.strip_suffix('"'))?;
    if another.is_some() { None } else { node(value) }
}

/// An address, with or without port; IPv6 with a port is in brackets.
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
    fn networks_contain_what_they_should() {
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
            let parsed: Cidr = network.parse().unwrap();
            assert_eq!(parsed.contains(ip(address)), expected, "{address} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "localhost",
            "10.0.0.0/8/8",
        ] {
            let error = text.parse::<Cidr>().unwrap_err();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
        assert!("10.1.2.3/8".parse::<Cidr>().unwrap_err().contains("write 10.0.0.0/8"));
        assert!("10.0.0.0/8,".parse::<TrustedProxies>().is_err());
        assert_eq!("".parse::<TrustedProxies>().unwrap(), TrustedProxies::default());
    }

    #[test]
    fn it_is_an_option_like_any_other() {
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
    fn only_trusted_proxies_are_believed() {
        let trusted: TrustedProxies = "10.0.0.0/8,::1".parse().unwrap();
        let (outside, proxy) = ("198.51.100.9", "10.0.0.1");
        for (peer, lines, expected) in [
            // Anybody can write a header.
            (outside, &["x-forwarded-for: 192.0.2.1"][..], outside),
            (outside, &["forwarded: for=192.0.2.1"], outside),
            ("::ffff:198.51.100.9", &["x-forwarded-for: 192.0.2.1"], outside),
            // A proxy's word counts, of which the client wrote the left part.
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
            // Proxies all the way: where it began.
            (proxy, &["x-forwarded-for: 10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // What the nearest proxy should have written is no address.
            (proxy, &["x-forwarded-for: "], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, "], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, unknown"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1, 10.0.0.2, 192.0.2"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1 192.0.2.2"], proxy),
            (proxy, &["x-forwarded-for: [192.0.2.1]"], proxy),
            (proxy, &["x-forwarded-for: 192.0.2.1\u{ff}"], proxy),
            // The standard's form.
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
            // One that the proxy writes, and one that it let through.
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
    fn an_ipv6_client_is_its_64() {
        assert_eq!(network(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("::ffff:192.0.2.7")), ip("192.0.2.7"));
        assert_eq!(network(ip("192.0.2.7")), ip("192.0.2.7"));
    }
}
