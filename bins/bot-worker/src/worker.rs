//! The loop: a tick comes, the strategies are asked, their orders go out.

use std::time::Duration;

use sector_client::{Client, Tick};
use sector_sim::{FactionId, Order, Rules, strategy};
use service::CancellationToken;

use crate::claims::Claims;
use crate::config::Config;
use crate::error::Error;
use crate::seats::Seats;

/// The least time for which a delivery is tried; beyond that and two ticks its orders have grown old.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(2);

/// Plays every living faction that no human has claimed, until `shutdown`. An API that is away is waited for.
///
/// # Errors
/// [`Error::Config`] for options that cannot be, [`Error::Token`] when the API does not take the token,
/// [`Error::Api`] when something else than a sector answers, or one of another version.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    let client = client(&config)?;
    let name = config.bot_strategy.clone();
    let seat = move |rules: &Rules, faction: FactionId| strategy(&name, rules.personality(faction.index()));
    // An unknown name is found out here and not in the first tick.
    if let Err(error) = strategy(&config.bot_strategy, Rules::classic().personality(0)) {
        return Err(Error::Config { option: "BOT_STRATEGY", detail: error.to_string() });
    }
    let seating = move |rules: &Rules, faction| seat(rules, faction).unwrap_or_else(|_| Box::new(sector_sim::Idle));
    let seats = Seats::new(Box::new(seating), config.bot_max_orders);
    let claims = Claims::default();
    tracing::info!(url = client.url(), strategy = config.bot_strategy, "the bots play");
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        played = play(&client, config.bot_event_block_ms.duration(), seats, &claims) => played,
        never = claims.watch(&client, config.bot_poll_interval.duration()) => match never {},
    }
}

fn client(config: &Config) -> Result<Client, Error> {
    let refused = |option| move |error: sector_client::Error| Error::Config { option, detail: error.to_string() };
    let client = Client::new(&config.bot_api_url).map_err(refused("BOT_API_URL"))?;
    client.with_bot_token(&config.bot_api_token).map_err(refused("BOT_API_TOKEN"))
}

async fn play(client: &Client, poll: Duration, mut seats: Seats, claims: &Claims) -> Result<(), Error> {
    let mut ticks = client.ticks().poll_wait(poll);
    let mut is_failing = false;
    loop {
        let tick = ticks.newest().await.map_err(Error::Api)?;
        // Nobody is played before it is known whom humans play.
        let Some(humans) = claims.humans(tick.universe_id()) else { continue };
        if tick.board().result().is_some() {
            continue;
        }
        let orders = seats.orders(tick.mirror, tick.rules, &tick.turn(), &humans);
        if orders.is_empty() {
            continue;
        }
        let limit = Duration::from_millis(tick.mirror.universe().tick_delay_ms) * 2;
        let error = match tokio::time::timeout(limit.max(SHORTEST_DELIVERY), send(client, &tick, &orders, claims)).await
        {
            Ok(Ok(())) => {
                is_failing = false;
                continue;
            }
            Ok(Err(error @ (sector_client::Error::Unauthorized(_) | sector_client::Error::Forbidden(_)))) => {
                return Err(Error::Token(error));
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        if !is_failing {
            let error = error.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(error, tick = tick.number(), "the orders of a tick are lost");
            is_failing = true;
        }
    }
}

async fn send(client: &Client, tick: &Tick<'_>, orders: &[Order], claims: &Claims) -> sector_client::Result<()> {
    let delivery = client.deliver(orders).await?;
    for refused in delivery.refused {
        let faction = refused.order.faction;
        if refused.code == "faction_claimed" {
            claims.note(tick.universe_id(), faction);
        } else {
            tracing::debug!(%faction, code = refused.code, detail = refused.detail, "an order was not accepted");
        }
    }
    Ok(())
}
