//! The loop: a tick comes, the strategies are asked, their orders go out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sector_client::{Client, Delivery, Patience, Tick};
use sector_sim::{FactionId, Order, Rules};
use service::CancellationToken;

use crate::claims::Claims;
use crate::config::Config;
use crate::error::Error;
use crate::meter::Meter;
use crate::seats::Seats;
use crate::share::{RANKS, Share};
use crate::work::Work;

/// The least time for which a delivery is tried; beyond that and two ticks its orders have grown old.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(2);
/// The part of a tick by which a claim is held back for each rank: more than by which a tick reaches one worker before
/// another, and little enough that the last rank is in good time.
const STEP_OF_TICK: u32 = 20;
/// The longest such part.
const LONGEST_STEP: Duration = Duration::from_millis(50);
/// The shortest pause before orders are sent again.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Plays every living faction that no human has claimed, until `shutdown`. An API that is away is waited for.
///
/// # Errors
/// [`Error::Config`] for options that cannot be, [`Error::Token`] when the API does not take the token,
/// [`Error::Api`] when something else than a sector answers, or one of another version.
pub async fn run(config: Config, shutdown: CancellationToken) -> Result<(), Error> {
    run_counted(config, shutdown, Arc::default()).await
}

/// As [`run`], and counts what it does.
///
/// # Errors
/// As [`run`].
pub async fn run_counted(config: Config, shutdown: CancellationToken, work: Arc<Work>) -> Result<(), Error> {
    let client = client(&config)?;
    let (all, own) = (config.bot_strategy.clone(), config.bot_strategies.clone().unwrap_or_default());
    let seating = move |rules: &Rules, faction: FactionId| {
        own.of(faction).unwrap_or(&all).sit(rules.personality(faction.index()))
    };
    let name = getrandom::u64().map_err(|error| Error::Random(error.to_string()))?;
    let claims = Claims::default();
    let max_orders = Arc::new(AtomicUsize::new(config.bot_max_orders));
    let bound = Arc::clone(&max_orders);
    config.max_orders.listen(move |max| bound.store(*max, Ordering::Relaxed));
    let meter = Meter::new(&config.metrics);
    // Until the first tick comes.
    meter.is_playing(false);
    let worker = Worker {
        client: &client,
        claims: &claims,
        seats: Seats::new(Box::new(seating), max_orders),
        share: Share::new(name),
        work: &work,
        meter: &meter,
        is_failing: false,
    };
    let strategies = config.bot_strategies.as_ref().map(tracing::field::display);
    tracing::info!(url = client.url(), strategy = %config.bot_strategy, strategies, "the bots play");
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        played = worker.play(config.bot_event_block_ms.duration()) => played,
        never = claims.watch(&client, config.bot_poll_interval.duration()) => match never {},
    }
}

fn client(config: &Config) -> Result<Client, Error> {
    let refused = |option| move |error: sector_client::Error| Error::Config { option, detail: error.to_string() };
    // An order that is repeated by the client cannot be told from one that another worker gave: it is repeated here.
    let patience = Patience { attempts: 1, ..Patience::default() };
    let client = Client::with_patience(&config.bot_api_url, patience).map_err(refused("BOT_API_URL"))?;
    client.with_bot_token(&config.bot_api_token).map_err(refused("BOT_API_TOKEN"))
}

/// A faction's orders of a tick.
struct Hand {
    faction: FactionId,
    rank: u32,
    /// The first, which is the claim to the turn, and the rest.
    orders: Vec<Order>,
}

/// What plays.
struct Worker<'a> {
    client: &'a Client,
    claims: &'a Claims,
    seats: Seats,
    share: Share,
    work: &'a Work,
    meter: &'a Meter,
    is_failing: bool,
}

impl Worker<'_> {
    async fn play(mut self, poll_wait: Duration) -> Result<(), Error> {
        let mut ticks = self.client.ticks().poll_wait(poll_wait);
        loop {
            let tick = ticks.newest().await.map_err(Error::Api)?;
            // Nobody is played before it is known whom humans play.
            let Some(humans) = self.claims.humans(tick.universe_id()) else { continue };
            if self.seats.begin(tick.universe_id()) {
                self.share.begin_universe();
            }
            if tick.board().result().is_some() {
                continue;
            }
            self.meter.is_playing(!self.is_failing);
            let began = Instant::now();
            let living = tick.board().factions().iter().filter(|faction| faction.alive).map(|faction| faction.id);
            let mut hands = Vec::new();
            for faction in living {
                if humans.contains(&faction) {
                    self.seats.leave(faction);
                } else {
                    hands.extend(self.decide(&tick, faction));
                }
            }
            self.meter.decision_seconds.observe(began.elapsed().as_secs_f64());
            self.meter.missed.inc_by(tick.turn().missed);
            Work::add(&self.work.ticks, 1);
            Work::longest(&self.work.decided_us, tick.received.elapsed());
            hands.sort_by_key(|hand| hand.rank);
            self.deliver(&tick, &hands).await?;
        }
    }

    /// Asks the strategy of a faction, unless another worker plays it.
    fn decide(&mut self, tick: &Tick<'_>, faction: FactionId) -> Option<Hand> {
        let number = tick.number();
        for outcome in tick.outcomes(faction) {
            if let Some(given) = outcome.client_id.and_then(|id| given_in(&id, tick.universe_id(), faction)) {
                self.share.heard(faction, given, number);
            }
        }
        let was_aside = self.share.is_aside(faction);
        if !self.share.plays(faction, number) {
            self.seats.leave(faction);
            return None;
        }
        Work::add(&self.work.asked, 1);
        self.meter.decisions.inc();
        let orders = self.seats.orders(tick.mirror, tick.rules, &tick.turn(), faction);
        if orders.is_empty() {
            self.share.quiet(faction, number, was_aside);
            return None;
        }
        Some(Hand { faction, rank: self.share.rank(faction), orders })
    }

    /// Delivers the orders of a tick, rank by rank, as long as they are fresh.
    async fn deliver(&mut self, tick: &Tick<'_>, hands: &[Hand]) -> Result<(), Error> {
        if hands.is_empty() {
            return Ok(());
        }
        let tick_time = Duration::from_millis(tick.mirror.universe().tick_delay_ms);
        let step = (tick_time / STEP_OF_TICK).min(LONGEST_STEP);
        let limit = (tick_time * 2).max(SHORTEST_DELIVERY);
        let deadline = Instant::now() + limit;
        let sending = async {
            for rank in 0..RANKS {
                let hands: Vec<&Hand> = hands.iter().filter(|hand| hand.rank == rank).collect();
                if !hands.is_empty() {
                    tokio::time::sleep_until((tick.received + step * rank).into()).await;
                    self.deliver_rank(tick, &hands).await?;
                }
            }
            Ok(())
        };
        let sent = tokio::time::timeout_at(deadline.into(), sending).await;
        let error = match sent {
            Ok(Ok(())) => {
                self.is_failing = false;
                Work::longest(&self.work.delivered_us, tick.received.elapsed());
                return Ok(());
            }
            Ok(Err(error @ (sector_client::Error::Unauthorized(_) | sector_client::Error::Forbidden(_)))) => {
                return Err(Error::Token(error));
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        self.meter.orders("lost", hands.iter().map(|hand| hand.orders.len()).sum());
        // They may have been accepted all the same.
        for hand in hands {
            self.share.won(hand.faction, tick.number());
        }
        if !self.is_failing {
            let error = error.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(error, tick = tick.number(), "the orders of a tick are lost");
            self.is_failing = true;
            self.meter.is_playing(false);
        }
        Ok(())
    }

    /// Claims the turns, and gives the rest of the orders of those that are this worker's.
    async fn deliver_rank(&mut self, tick: &Tick<'_>, hands: &[&Hand]) -> sector_client::Result<()> {
        let claims: Vec<Order> = hands.iter().filter_map(|hand| hand.orders.first().cloned()).collect();
        let (delivery, is_repeated) = self.send(tick, &claims).await?;
        let mut rest = Vec::new();
        for hand in hands {
            let claim = hand.orders.first().and_then(|order| order.client_id.as_deref());
            let is_of_another = delivery.duplicates.iter().any(|id| Some(id.as_str()) == claim);
            // After a failure the duplicate may be this worker's own.
            if is_of_another && !is_repeated {
                self.share.lost(hand.faction, tick.number());
                self.seats.leave(hand.faction);
                Work::add(&self.work.lost, 1);
                continue;
            }
            self.share.won(hand.faction, tick.number());
            Work::add(&self.work.won, 1);
            let is_claimed = |order: &Order| order.faction == hand.faction;
            let claimed = delivery.refused.iter().find(|refused| is_claimed(&refused.order));
            if claimed.is_none_or(|refused| refused.code != "faction_claimed") {
                rest.extend(hand.orders.iter().skip(1).cloned());
            }
        }
        self.send(tick, &rest).await.map(drop)
    }

    /// Sends orders, again while the sector is away; says whether it took more than one attempt.
    async fn send(&mut self, tick: &Tick<'_>, orders: &[Order]) -> sector_client::Result<(Delivery, bool)> {
        let mut is_repeated = false;
        let delivery = loop {
            match self.client.deliver(orders).await {
                Err(error) if error.is_retryable() => {
                    is_repeated = true;
                    // Not all workers at once; the deadline of the tick ends it.
                    let pause = RETRY_PAUSE + Duration::from_millis(getrandom::u64().unwrap_or(0) % 100);
                    tokio::time::sleep(error.retry_after().unwrap_or_default().max(pause)).await;
                }
                delivery => break delivery?,
            }
        };
        Work::add(&self.work.accepted, delivery.accepted - delivery.duplicates.len().min(delivery.accepted));
        self.meter.orders("accepted", delivery.accepted);
        self.meter.orders("refused", delivery.refused.len());
        for refused in &delivery.refused {
            let faction = refused.order.faction;
            if refused.code == "faction_claimed" {
                self.claims.note(tick.universe_id(), faction);
            } else {
                tracing::debug!(%faction, code = refused.code, detail = refused.detail, "an order was not accepted");
            }
        }
        Ok((delivery, is_repeated))
    }
}

/// The tick in which an order was given, if its number is that of a worker's: universe-tick-faction-number.
fn given_in(client_id: &str, universe: &str, faction: FactionId) -> Option<u64> {
    let mut parts = client_id.strip_prefix(universe)?.strip_prefix('-')?.split('-');
    let given = parts.next()?.parse().ok()?;
    (parts.next()?.parse().ok() == Some(faction)).then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_an_order_tells_when_it_was_given() {
        let faction = FactionId::starter(1).unwrap();
        assert_eq!(given_in("u-1a-2b-417-F2-0", "u-1a-2b", faction), Some(417));
        for other in ["u-1a-2b-417-F1-0", "u-1a-2c-417-F2-0", "mine", "u-1a-2b-x-F2-0", ""] {
            assert_eq!(given_in(other, "u-1a-2b", faction), None, "{other}");
        }
    }
}
