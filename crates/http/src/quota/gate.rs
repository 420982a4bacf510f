//! The quotas of each class of requests.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;

use http::{Extensions, HeaderValue};
use tokio::time::Instant;

use super::bucket::{BURST_MAX, KEYS_MAX, Quotas, WINDOW_S_MAX};
use super::headers::{Answer, Standing, policy};
use parking_lot::Mutex;

use crate::arrival::Arrival;
use crate::client_address::network;
use crate::error::SetupError;
use crate::problem::Problem;

/// One limit: `burst` units at once, refilled evenly over `window_s`. Twenty at once and five per
/// second is `burst: 20, window_s: 4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Name in headers and errors: letters, digits, `-` and `_`. Classes that use the same quota
    /// share its buckets.
    pub name: &'static str,
    /// What is counted together.
    pub scope: Scope,
    /// Units of a full bucket: 1 to [`BURST_MAX`].
    pub burst: u32,
    /// Seconds to fill an empty bucket: 1 to [`WINDOW_S_MAX`].
    pub window_s: u32,
}

/// Wider IPv6 networks that are counted too: prefix lengths, and multiples of the quota of a /64.
const WIDE: [(u32, u32); 2] = [(56, 4), (48, 16)];

/// What a quota counts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Requests of one IPv4 address or IPv6 /64. A /56 may use four times as much in total, a /48
    /// sixteen times: a site has that many /64s to choose from.
    Ip,
    /// Requests of one player.
    Address,
    /// Requests with one key.
    Key,
}

/// An identity of the client. Quotas with another scope than a request's keys don't count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key<'a> {
    /// Address of the client.
    Ip(IpAddr),
    /// The player's address, in any case.
    Address(&'a str),
    /// Id of the key.
    Key(&'a str),
}

impl Key<'_> {
    fn scope(self) -> Scope {
        match self {
            Self::Ip(_) => Scope::Ip,
            Self::Address(_) => Scope::Address,
            Self::Key(_) => Scope::Key,
        }
    }
}

/// The quotas of all request classes. `C` is the service's class type.
pub struct Gate<C> {
    classes: Vec<Class<C>>,
    /// One lock, so that a request is counted by all its quotas at once. Held for about a
    /// microsecond.
    counts: Mutex<Counts>,
    began: Instant,
    /// Two, for 128 bits: colliding names cannot be found.
    hashers: [RandomState; 2],
}

/// A class of requests.
#[derive(Debug)]
struct Class<C> {
    class: C,
    /// Indices of its quotas in [`Counts`].
    places: Vec<usize>,
}

/// State that changes.
#[derive(Debug, Default)]
struct Counts {
    quotas: Vec<Quota>,
    /// Buckets of each quota.
    buckets: Vec<Quotas>,
    /// Buckets of each quota for the networks of [`WIDE`].
    wide: Vec<[Quotas; WIDE.len()]>,
    /// Policy header of each class if all its quotas count, which is nearly always.
    policies: Vec<HeaderValue>,
}

impl<C: Copy + PartialEq + fmt::Debug> Gate<C> {
    /// A gate for these classes; each quota stores at most [`KEYS_MAX`] keys.
    ///
    /// # Errors
    /// [`SetupError::Quota`] for a duplicate class, conflicting quotas with one name, and invalid
    /// numbers or names.
    pub fn new(classes: &[(C, &[Quota])]) -> Result<Self, SetupError> {
        let mut known: Vec<Class<C>> = Vec::new();
        let mut counts = Counts::default();
        for (class, quotas) in classes {
            if known.iter().any(|known| known.class == *class) {
                let detail = "duplicate class".to_owned();
                return Err(SetupError::Quota { name: format!("{class:?}"), detail });
            }
            let places =
                quotas.iter().map(|quota| counts.place(quota)).collect::<Result<_, _>>()?;
            known.push(Class { class: *class, places });
            counts.policies.push(policy(*quotas));
        }
        let hashers = [RandomState::new(), RandomState::new()];
        Ok(Self { classes: known, counts: Mutex::new(counts), began: Instant::now(), hashers })
    }

    /// Takes over the limits of `other`; each bucket keeps its fraction.
    ///
    /// # Errors
    /// [`SetupError::Quota`] if the gates differ in more than numbers; then nothing changes.
    pub fn adopt(&self, other: Self) -> Result<(), SetupError> {
        let Counts { quotas, policies, .. } = other.counts.into_inner();
        let mut counts = self.counts.lock();
        let shape = |quotas: &[Quota]| {
            quotas.iter().map(|quota| (quota.name, quota.scope)).collect::<Vec<_>>()
        };
        let places = |classes: &[Class<C>]| {
            classes.iter().map(|class| (class.class, class.places.clone())).collect::<Vec<_>>()
        };
        if shape(&quotas) != shape(&counts.quotas)
            || places(&other.classes) != places(&self.classes)
        {
            let detail = "only the numbers of quotas can change".to_owned();
            return Err(SetupError::Quota { name: "all".to_owned(), detail });
        }
        counts.buckets.iter_mut().zip(&quotas).for_each(|(buckets, quota)| buckets.resize(quota));
        for (wide, quota) in counts.wide.iter_mut().zip(&quotas) {
            wide.iter_mut().zip(wider(quota)).for_each(|(buckets, quota)| buckets.resize(&quota));
        }
        (counts.quotas, counts.policies) = (quotas, policies);
        Ok(())
    }

    /// The quotas of one class.
    #[must_use]
    pub fn quotas_of(&self, class: C) -> Vec<Quota> {
        let places =
            self.classes.iter().find(|known| known.class == class).map(|known| &known.places);
        let counts = self.counts.lock();
        places
            .into_iter()
            .flatten()
            .filter_map(|place| counts.quotas.get(*place).copied())
            .collect()
    }

    /// Takes `cost` units from every quota of this class that counts one of these keys; from none
    /// if one of them does not hold enough.
    ///
    /// # Errors
    /// 429 `rate_limited` with all headers.
    pub fn take(&self, class: C, keys: &[Key<'_>], cost: u32) -> Result<Standing, Problem> {
        let standing = self.judge(class, keys, cost, self.now_ms())?;
        if standing.is_allowed() { Ok(standing) } else { Err(standing.refusal()) }
    }

    /// As [`Gate::take`], and stores the result in the request's [`Arrival`], from where
    /// [`crate::serve::serve`] writes it into any response, including timeouts and panics.
    ///
    /// # Errors
    /// As [`Gate::take`].
    pub fn admit(
        &self,
        request: &Extensions,
        class: C,
        keys: &[Key<'_>],
        cost: u32,
    ) -> Result<(), Problem> {
        let standing = self.judge(class, keys, cost, self.now_ms())?;
        let refusal = (!standing.is_allowed()).then(|| standing.refusal());
        if let Some(arrival) = request.get::<Arrival>() {
            arrival.measured(standing);
        }
        refusal.map_or(Ok(()), Err)
    }

    fn judge(
        &self,
        class: C,
        keys: &[Key<'_>],
        cost: u32,
        now_ms: u64,
    ) -> Result<Standing, Problem> {
        let Some(index) = self.classes.iter().position(|known| known.class == class) else {
            return Err(Problem::internal(format!("unknown quota class {class:?}")));
        };
        let places = &self.classes[index].places;
        let mut counts = self.counts.lock();
        let Counts { quotas, buckets, wide, policies } = &mut *counts;
        let mut charged_wide = Vec::new();
        let mut answers = Vec::with_capacity(places.len());
        for &place in places {
            let quota = quotas[place];
            for key in keys.iter().filter(|key| key.scope() == quota.scope) {
                let mut decision = buckets[place].look(self.number(*key), cost, now_ms);
                for (level, key) in networks(*key) {
                    let wider = wide[place][level].look(key, cost, now_ms);
                    if decision.allowed && !wider.allowed {
                        decision = wider;
                    }
                    charged_wide.push((place, level, key));
                }
                answers.push(Answer { quota, place, key: self.number(*key), decision });
            }
        }
        if answers.iter().all(|answer| answer.decision.allowed) {
            answers
                .iter()
                .for_each(|answer| buckets[answer.place].charge(answer.key, cost, now_ms));
            for (place, level, key) in charged_wide {
                wide[place][level].charge(key, cost, now_ms);
            }
        } else {
            // Nothing is taken, so the other quotas are unchanged.
            for answer in answers.iter_mut().filter(|answer| answer.decision.allowed) {
                answer.decision = buckets[answer.place].look(answer.key, 0, now_ms);
            }
        }
        let is_whole = answers.iter().map(|answer| &answer.place).eq(places);
        let policy = is_whole.then(|| policies[index].clone());
        drop(counts);
        Ok(Standing::new(answers, policy))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn number(&self, key: Key<'_>) -> u128 {
        let hash = |text: &str| {
            let [high, low] =
                [0, 1].map(|place: usize| u128::from(self.hashers[place].hash_one(text)));
            high << 64 | low
        };
        match key {
            Key::Ip(ip) => match network(ip) {
                IpAddr::V4(ip) => u128::from(ip.to_bits()),
                IpAddr::V6(ip) => ip.to_bits(),
            },
            Key::Address(text) => hash(&text.to_ascii_lowercase()),
            Key::Key(text) => hash(text),
        }
    }
}

/// The quotas of the networks of [`WIDE`].
fn wider(quota: &Quota) -> [Quota; WIDE.len()] {
    WIDE.map(|(_, factor)| Quota {
        burst: quota.burst.saturating_mul(factor).min(BURST_MAX),
        ..*quota
    })
}

/// The networks of [`WIDE`] that an IPv6 address lies in, by index.
fn networks(key: Key<'_>) -> impl Iterator<Item = (usize, u128)> {
    let ip = match key {
        Key::Ip(IpAddr::V6(ip)) if ip.to_ipv4_mapped().is_none() => Some(ip.to_bits()),
        _ => None,
    };
    ip.into_iter().flat_map(|bits| {
        WIDE.iter().enumerate().map(move |(level, (prefix, _))| {
            (level, bits >> (u128::BITS - prefix) << (u128::BITS - prefix))
        })
    })
}

impl Counts {
    /// The index of this quota, added if unknown.
    fn place(&mut self, quota: &Quota) -> Result<usize, SetupError> {
        let refuse =
            |detail: String| Err(SetupError::Quota { name: quota.name.to_owned(), detail });
        if !(1..=BURST_MAX).contains(&quota.burst) {
            return refuse(format!("burst must be from 1 to {BURST_MAX}"));
        }
        if !(1..=WINDOW_S_MAX).contains(&quota.window_s) {
            return refuse(format!("window must be from 1 to {WINDOW_S_MAX} s"));
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if quota.name.is_empty() || !quota.name.bytes().all(is_plain) {
            return refuse("the name must consist of letters, digits, - and _".to_owned());
        }
        match self.quotas.iter().position(|known| known.name == quota.name) {
            Some(place) if self.quotas[place] == *quota => Ok(place),
            Some(_) => refuse("another quota has this name".to_owned()),
            None => {
                self.quotas.push(*quota);
                self.buckets.push(Quotas::new(quota, KEYS_MAX));
                self.wide.push(wider(quota).map(|quota| Quotas::new(&quota, KEYS_MAX)));
                Ok(self.quotas.len() - 1)
            }
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Gate<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Gate").field("classes", &self.classes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::HeaderMap;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Class {
        Read,
        Write,
        Free,
        Unknown,
    }

    const ALL: Quota = Quota { name: "all", scope: Scope::Ip, burst: 10, window_s: 10 };
    const WRITES: Quota = Quota { name: "writes", scope: Scope::Address, burst: 2, window_s: 60 };
    const KEYS: Quota = Quota { name: "keys", scope: Scope::Key, burst: 5, window_s: 1 };

    fn gate() -> Gate<Class> {
        gate_of(ALL)
    }

    fn gate_of(all: Quota) -> Gate<Class> {
        Gate::new(&[
            (Class::Read, &[all]),
            (Class::Write, &[all, WRITES, KEYS]),
            (Class::Free, &[]),
        ])
        .unwrap()
    }

    fn ip(text: &str) -> Key<'static> {
        Key::Ip(text.parse().unwrap())
    }

    fn shown(standing: &Standing) -> [String; 2] {
        let mut headers = HeaderMap::new();
        standing.write(&mut headers);
        ["ratelimit-policy", "ratelimit"].map(|name| {
            headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn ipv6_is_counted_by_64_56_and_48() {
        let gate = gate();
        let client = |site: u32, block: u32, network: u32| {
            ip(&format!("2001:db8:{site:x}:{:x}::1", block << 8 | network))
        };
        // Ten of a /64, forty of a /56, 160 of a /48.
        let pass = |site, block, networks: u32| {
            let all = (0..networks).flat_map(|network| [client(site, block, network); 12]);
            all.filter(|key| gate.take(Class::Read, &[*key], 1).is_ok()).count()
        };
        assert_eq!(pass(1, 0, 1), 10);
        assert_eq!(pass(2, 0, 100), 40);
        assert_eq!((0..30).map(|block| pass(3, block, 20)).sum::<usize>(), 160);
        let refused = gate.take(Class::Read, &[client(3, 99, 0)], 1).unwrap_err();
        assert_eq!(refused.code(), "rate_limited");
        assert_eq!(pass(4, 0, 1), 10);
        // IPv4 in IPv6 is IPv4.
        let mapped = (0..20).map(|host| ip(&format!("::ffff:192.0.2.{host}")));
        assert_eq!(mapped.filter(|key| gate.take(Class::Read, &[*key], 10).is_ok()).count(), 20);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(pass(2, 0, 100), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_counted_by_all_its_quotas() {
        let gate = gate();
        let standing =
            gate.take(Class::Write, &[ip("192.0.2.7"), Key::Address("0xAb")], 1).unwrap();
        assert_eq!(
            shown(&standing),
            ["\"all\";q=10;w=10, \"writes\";q=2;w=60", "\"all\";r=9;t=1, \"writes\";r=1;t=30"]
                .map(str::to_owned)
        );
        gate.take(Class::Write, &[ip("192.0.2.7"), Key::Address("0xaB")], 1).unwrap();
        let problem =
            gate.take(Class::Write, &[ip("192.0.2.7"), Key::Address("0xab")], 1).unwrap_err();
        assert_eq!((problem.status().as_u16(), problem.code()), (429, "rate_limited"));
        assert_eq!(
            problem.detail(),
            "The quota \"writes\" of 2 in 60 s is used up; retry in 30 s."
        );
        let response = problem.into_response(None);
        assert_eq!(response.headers()["retry-after"], "30");
        assert_eq!(
            response.headers()["ratelimit-policy"],
            "\"all\";q=10;w=10, \"writes\";q=2;w=60"
        );
        // The refusal cost nothing; the refusing quota says when to retry.
        assert_eq!(response.headers()["ratelimit"], "\"all\";r=8;t=2, \"writes\";r=0;t=30");
        // Shared among classes of the quota only.
        assert_eq!(
            shown(&gate.take(Class::Read, &[ip("192.0.2.7")], 1).unwrap())[1],
            "\"all\";r=7;t=3"
        );
        assert_eq!(
            shown(&gate.take(Class::Read, &[ip("192.0.2.8")], 1).unwrap())[1],
            "\"all\";r=9;t=1"
        );
        tokio::time::advance(Duration::from_secs(30)).await;
        gate.take(Class::Write, &[ip("192.0.2.7"), Key::Address("0xab")], 1).unwrap();
    }

    #[test]
    fn retry_after_is_never_less_than_a_second() {
        let gate = gate();
        let retry =
            (0..6).find_map(|_| gate.take(Class::Write, &[Key::Key("k1")], 1).err()).unwrap();
        assert_eq!(retry.into_response(None).headers()["retry-after"], "1");
    }

    #[test]
    fn ipv6_is_counted_by_64_and_mapped_ipv4_as_ipv4() {
        let gate = gate();
        for (text, left) in [
            ("2001:db8:1:2::1", 9),
            ("2001:db8:1:2:ffff::9", 8),
            ("2001:db8:1:3::1", 9),
            ("192.0.2.7", 9),
            ("::ffff:192.0.2.7", 8),
        ] {
            let standing = gate.take(Class::Read, &[ip(text)], 1).unwrap();
            assert!(
                shown(&standing)[1].starts_with(&format!("\"all\";r={left};")),
                "{text}: {standing:?}"
            );
        }
    }

    #[test]
    fn a_class_without_quotas_is_free_and_an_unknown_one_is_internal() {
        let gate = gate();
        assert_eq!(
            shown(&gate.take(Class::Free, &[ip("192.0.2.7")], 1).unwrap()),
            [String::new(), String::new()]
        );
        assert_eq!(gate.take(Class::Unknown, &[], 1).unwrap_err().code(), "internal");
    }

    #[test]
    fn the_quota_state_is_stored_with_the_request() {
        let gate = gate();
        let mut request = Extensions::new();
        let arrival = Arrival::new(
            ([192, 0, 2, 7], 1).into(),
            [192, 0, 2, 7].into(),
            CancellationToken::new(),
        );
        request.insert(arrival.clone());
        assert!(arrival.standing().is_none());
        gate.admit(&request, Class::Write, &[Key::Address("0xab")], 2).unwrap();
        assert_eq!(shown(arrival.standing().unwrap())[1], "\"writes\";r=0;t=60");
        gate.admit(&Extensions::new(), Class::Write, &[Key::Address("0xab")], 2).unwrap_err();
    }

    #[tokio::test(start_paused = true)]
    async fn new_limits_apply_at_once_and_other_quotas_are_refused() {
        let gate = gate();
        for _ in 0..5 {
            gate.take(Class::Read, &[ip("192.0.2.7")], 1).unwrap();
        }
        gate.adopt(Gate::new(&[(Class::Read, &[ALL])]).unwrap()).unwrap_err();
        let more = Quota { burst: 20, ..ALL };
        gate.adopt(gate_of(more)).unwrap();
        // Half was used, and still is.
        let standing = gate.take(Class::Read, &[ip("192.0.2.7")], 1).unwrap();
        assert_eq!(shown(&standing), ["\"all\";q=20;w=10", "\"all\";r=9;t=6"].map(str::to_owned));
    }

    #[test]
    fn conflicts_and_invalid_numbers_are_found_at_startup() {
        let other = Quota { burst: 11, ..ALL };
        for (quotas, detail) in [
            (&[ALL, other][..], "another quota"),
            (&[Quota { burst: 0, ..ALL }], "from 1 to 1000000"),
            (&[Quota { window_s: 86_401, ..ALL }], "from 1 to 86400 s"),
            (&[Quota { name: "a\"b", ..ALL }], "letters"),
            (&[Quota { name: "", ..ALL }], "letters"),
        ] {
            let error = Gate::new(&[(Class::Read, quotas)]).unwrap_err().to_string();
            assert!(error.contains(detail), "{error}");
        }
        assert!(Gate::new(&[(Class::Read, &[ALL]), (Class::Read, &[ALL])]).is_err());
        assert_eq!(
            gate().quotas_of(Class::Write).iter().map(|quota| quota.name).collect::<Vec<_>>(),
            ["all", "writes", "keys"]
        );
    }
}
