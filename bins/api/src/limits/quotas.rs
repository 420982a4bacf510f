//! Rate limits of the API.
//!
//! Clients without credentials are counted by address (IPv6 by /64), players by wallet, bot keys by
//! key. In addition, everything from one address counts against ten times the read limit, so many
//! wallets gain nothing. The operator's bots have their own quota.

use clap::Args;
use http_kit::client_slots::{CLIENTS_MAX, CLIENTS_PER_ADDRESS_MAX};
use http_kit::context::REQUEST_ID_HEADER;
use http_kit::quota::{BURST_MAX, Gate, Key, Quota, Scope};
use http_kit::{Arrival, Context, Problem, Request, Response, Routes, SetupError};
use process_kit::config::integer;

use crate::identity::access::Class;
use crate::identity::caller::{Caller, Person};
use crate::state::Api;

/// Seconds in which a quota refills.
const WINDOW_S: u32 = 60;
/// Limit of an address, in multiples of the anonymous read limit.
const ADDRESS_FACTOR: u32 = 10;
/// Limit of the operator's bots, in multiples of a player's order limit: enough for 64 factions at
/// ten ticks per second.
const SERVICE_FACTOR: u32 = 50;

/// Requests per minute of one client, by kind, and limits of WebSockets.
#[derive(Debug, Clone, Args)]
pub struct QuotaConfig {
    /// Read requests per minute of one client
    #[arg(long, env = "LIMIT_READS", default_value_t = 3_000, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_reads: u32,
    /// Order requests per minute of one player or key
    #[arg(long, env = "LIMIT_ORDERS", default_value_t = 1_200, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_orders: u32,
    /// Other writes per minute of one client, such as claims and keys
    #[arg(long, env = "LIMIT_WRITES", default_value_t = 120, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_writes: u32,
    /// Login requests per minute of one address
    #[arg(long, env = "LIMIT_LOGINS", default_value_t = 120, value_parser = integer(1..=100_000u32), value_name = "NUMBER")]
    pub limit_logins: u32,
    /// Most open WebSockets
    #[arg(long, env = "WS_MAX_CLIENTS", default_value_t = CLIENTS_MAX, value_parser = integer(1..=100_000usize), value_name = "NUMBER")]
    pub ws_max_clients: usize,
    /// Most open WebSockets of one address (IPv6: one /64)
    #[arg(long, env = "WS_MAX_PER_ADDRESS", default_value_t = CLIENTS_PER_ADDRESS_MAX, value_parser = integer(1..=100_000usize), value_name = "NUMBER")]
    pub ws_max_per_address: usize,
}

/// Kind of caller, for quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Anonymous,
    Player,
    Key,
    Service,
}

/// Class of a request and kind of its caller.
pub(crate) type Measure = (Class, Who);

/// The gate with these limits.
///
/// # Errors
/// [`SetupError::Quota`] for limits out of range.
pub(crate) fn gate(config: &QuotaConfig) -> Result<Gate<Measure>, SetupError> {
    let quota = |name, scope, burst| Quota { name, scope, burst, window_s: WINDOW_S };
    let all = quota("address", Scope::Ip, config.limit_reads.saturating_mul(ADDRESS_FACTOR));
    let logins = quota("logins", Scope::Ip, config.limit_logins);
    let reads = quota("reads", Scope::Ip, config.limit_reads);
    let anonymous_writes = quota("anonymous-writes", Scope::Ip, config.limit_writes);
    let player_reads = quota("player-reads", Scope::Address, config.limit_reads);
    let orders = quota("orders", Scope::Address, config.limit_orders);
    let writes = quota("writes", Scope::Address, config.limit_writes);
    let key_reads = quota("key-reads", Scope::Key, config.limit_reads);
    let key_orders = quota("key-orders", Scope::Key, config.limit_orders);
    let service = quota(
        "service",
        Scope::Key,
        config.limit_orders.saturating_mul(SERVICE_FACTOR).min(BURST_MAX),
    );

    let mut classes: Vec<(Measure, Vec<Quota>)> = Vec::new();
    for class in Class::ALL {
        let (nobody, player) = match class {
            Class::Probe => (None, None),
            Class::Login => (Some(logins), Some(logins)),
            Class::Read => (Some(reads), Some(player_reads)),
            Class::Orders => (Some(anonymous_writes), Some(orders)),
            Class::Write | Class::Admin => (Some(anonymous_writes), Some(writes)),
        };
        let key = match class {
            Class::Read => Some(key_reads),
            Class::Orders => Some(key_orders),
            Class::Probe | Class::Login | Class::Write | Class::Admin => nobody,
        };
        let with_all = |quota: Option<Quota>| quota.into_iter().chain([all]).collect();
        classes.push(((class, Who::Anonymous), with_all(nobody)));
        classes.push(((class, Who::Player), with_all(player)));
        classes.push(((class, Who::Key), with_all(key)));
        classes.push(((class, Who::Service), vec![service]));
    }
    let classes: Vec<(Measure, &[Quota])> =
        classes.iter().map(|(measure, quotas)| (*measure, quotas.as_slice())).collect();
    Gate::new(&classes)
}

/// Counts a request; `caller` is `None` with invalid credentials.
///
/// # Errors
/// 429 `rate_limited`.
pub(crate) fn measure(
    context: &Context<Api>,
    class: Class,
    caller: Option<&Caller>,
) -> Result<(), Problem> {
    let gate = &context.state().gate;
    let ip = context.client_address().map(Key::Ip);
    let extensions = context.request().extensions();
    match caller {
        None | Some(Caller::Anonymous) => {
            gate.admit(extensions, (class, Who::Anonymous), ip.as_slice(), 1)
        }
        Some(Caller::Bot) => gate.admit(extensions, (class, Who::Service), &[Key::Key("bots")], 1),
        Some(Caller::Person(Person { key: Some(key), .. })) => {
            let id = key.id.to_string();
            let keys: Vec<Key<'_>> = ip.into_iter().chain([Key::Key(&id)]).collect();
            gate.admit(extensions, (class, Who::Key), &keys, 1)
        }
        Some(Caller::Person(person)) => {
            let player = person.player();
            let keys: Vec<Key<'_>> = ip.into_iter().chain([Key::Address(&player)]).collect();
            gate.admit(extensions, (class, Who::Player), &keys, 1)
        }
    }
}

/// Answers a request, and counts those without a route, such as unknown paths.
pub(crate) async fn measured(api: &Api, routes: &Routes<Api>, request: Request) -> Response {
    let arrival = request.extensions().get::<Arrival>().cloned();
    let request_id = request.headers().get(REQUEST_ID_HEADER).cloned();
    let response = routes.answer(request).await;
    let Some(arrival) = arrival.filter(|arrival| arrival.standing().is_none()) else {
        return response;
    };
    match api.gate.take((Class::Read, Who::Anonymous), &[Key::Ip(arrival.client())], 1) {
        Ok(standing) => {
            arrival.measured(standing);
            response
        }
        Err(problem) => problem.into_response(request_id.as_ref().and_then(|id| id.to_str().ok())),
    }
}

#[cfg(test)]
mod tests {
    use process_kit::config::defaults;

    use super::*;

    #[test]
    fn every_class_has_quotas_and_the_numbers_fit() {
        for limit in [1, 100_000] {
            let config = QuotaConfig {
                limit_reads: limit,
                limit_orders: limit,
                limit_writes: limit,
                limit_logins: limit,
                ..defaults(&[]).unwrap()
            };
            let gate = gate(&config).unwrap();
            for class in Class::ALL {
                for who in [Who::Anonymous, Who::Player, Who::Key, Who::Service] {
                    assert!(!gate.quotas_of((class, who)).is_empty(), "{class:?} {who:?}");
                }
            }
        }
    }
}
