//! The main loop: receive a tick, call the strategies, send their orders.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use process_kit::Handles;
use sector_client::{Client, Delivery, Patience, Scene, Tick};
use sector_sim::{FactionId, Order, Rules};

use crate::claims::Claims;
use crate::config::Config;
use crate::error::Error;
use crate::meter::Meter;
use crate::seats::{Decided, Seats};
use crate::share::{RANKS, Share};
use crate::work::Work;

/// Shortest time limit of a delivery. The limit is two ticks if that is longer; then the orders are
/// stale.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(2);
/// Part of a tick by which a claim is delayed per rank: longer than the difference in arrival of a
/// tick between workers, and short enough for the last rank to be in time.
const STEP_OF_TICK: u32 = 20;
/// Longest delay per rank.
const LONGEST_STEP: Duration = Duration::from_millis(50);
/// Part of a tick to wait for strategies, so that most orders are sent together.
const TOGETHER: u32 = 4;
/// Shortest pause before a retry.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Plays every living faction that no human has claimed, until `shutdown`. Waits while the API is
/// unavailable.
///
/// # Errors
/// [`Error::Config`] for invalid options, [`Error::Token`] if the API rejects the token,
/// [`Error::Api`] if the server is not a sector or has another version.
pub async fn run(config: Config, handles: impl Into<Handles<usize>>) -> Result<(), Error> {
    run_counted(config, handles, Arc::default()).await
}

/// As [`run`], with counts.
///
/// # Errors
/// As [`run`].
pub async fn run_counted(
    config: Config,
    handles: impl Into<Handles<usize>>,
    work: Arc<Work>,
) -> Result<(), Error> {
    let Handles { metrics, limits, shutdown, .. } = handles.into();
    let client = client(&config)?;
    let (all, own) =
        (config.bot_strategy.clone(), config.bot_strategies.clone().unwrap_or_default());
    let seating = move |rules: &Rules, faction: FactionId| {
        own.of(faction).unwrap_or(&all).sit(rules.personality(faction.index()))
    };
    let name = getrandom::u64().map_err(|error| Error::Random(error.to_string()))?;
    let claims = Claims::default();
    let max_orders = Arc::new(AtomicUsize::new(config.bot_max_orders));
    let bound = Arc::clone(&max_orders);
    limits.listen(move |max| bound.store(*max, Ordering::Relaxed));
    let meter = Meter::new(&metrics);
    // Not ready until the first tick.
    meter.is_playing(false);
    let worker = Worker {
        client: &client,
        claims: &claims,
        seats: Seats::new(Box::new(seating), max_orders),
        share: Share::new(name),
        work: &work,
        meter: &meter,
        took_over: BTreeSet::new(),
        is_failing: false,
    };
    let strategies = config.bot_strategies.as_ref().map(tracing::field::display);
    tracing::info!(url = client.url(), strategy = %config.bot_strategy, strategies, "bots started");
    tokio::select! {
        biased;
        () = shutdown.cancelled() => Ok(()),
        played = worker.play(config.bot_event_block_ms.duration()) => played,
        never = claims.watch(&client, config.bot_poll_interval.duration()) => match never {},
    }
}

fn client(config: &Config) -> Result<Client, Error> {
    let refused = |option| {
        move |error: sector_client::Error| Error::Config { option, detail: error.to_string() }
    };
    // If the client retried, its orders would look like those of another worker: retry here.
    let patience = Patience { attempts: 1, ..Patience::default() };
    let client =
        Client::with_patience(&config.bot_api_url, patience).map_err(refused("BOT_API_URL"))?;
    client.with_bot_token(&config.bot_api_token).map_err(refused("BOT_API_TOKEN"))
}

/// Orders of a faction in a tick.
struct Hand {
    faction: FactionId,
    rank: u32,
    /// Tick of the call.
    tick: u64,
    /// Orders; the first one is the claim to the turn.
    orders: Vec<Order>,
}

/// State of the main loop.
struct Worker<'a> {
    client: &'a Client,
    claims: &'a Claims,
    seats: Seats,
    share: Share,
    work: &'a Work,
    meter: &'a Meter,
    /// Factions that this worker tries to take over.
    took_over: BTreeSet<FactionId>,
    is_failing: bool,
}

/// The current tick.
struct Present {
    universe: String,
    tick_time: Duration,
    received: Instant,
}

impl Worker<'_> {
    async fn play(mut self, poll_wait: Duration) -> Result<(), Error> {
        let mut ticks = self.client.ticks().poll_wait(poll_wait);
        let mut present = None;
        loop {
            let first = tokio::select! {
                biased;
                tick = ticks.newest() => {
                    present = self.begin(&tick.map_err(Error::Api)?).or(present);
                    None
                }
                decided = self.seats.decided(), if self.seats.is_thinking() => decided,
            };
            let Some(present) = &present else { continue };
            let hands = self.gather(present, first).await;
            self.deliver(present, hands).await?;
        }
    }

    /// Calls the strategies of the factions to play, if any.
    fn begin(&mut self, tick: &Tick<'_>) -> Option<Present> {
        // Play no faction before the claims are known.
        let humans = self.claims.humans(tick.universe_id())?;
        if self.seats.begin(tick.universe_id()) {
            self.share.begin_universe();
            self.took_over.clear();
        }
        if tick.board().result().is_some() {
            self.seats.end();
            return None;
        }
        self.meter.is_playing(!self.is_failing);
        self.meter.missed.inc_by(tick.turn().missed);
        let scene = tick.scene();
        for faction in
            tick.board().factions().iter().filter(|faction| faction.alive).map(|faction| faction.id)
        {
            if humans.contains(&faction) {
                self.seats.leave(faction);
            } else {
                self.ask(tick, &scene, faction);
            }
        }
        Work::add(&self.work.ticks, 1);
        let (tick_time, received) = (scene.tick_time(), scene.received());
        Some(Present { universe: scene.universe_id().to_owned(), tick_time, received })
    }

    /// Calls the strategy of a faction, unless another worker plays it.
    fn ask(&mut self, tick: &Tick<'_>, scene: &Scene, faction: FactionId) {
        let number = tick.number();
        for outcome in tick.outcomes(faction) {
            if let Some(given) =
                outcome.client_id.and_then(|id| given_in(&id, tick.universe_id(), faction))
            {
                self.share.heard(faction, given, number);
            }
        }
        let was_standby = self.share.is_standby(faction);
        if !self.share.plays(faction, number) {
            self.seats.leave(faction);
            return;
        }
        if self.seats.ask(scene.clone(), faction) {
            if was_standby {
                self.took_over.insert(faction);
            }
            Work::add(&self.work.asked, 1);
            self.meter.decisions.inc();
        }
    }

    /// Collects the orders of strategies that return within a part of the tick.
    async fn gather(&mut self, present: &Present, first: Option<Decided>) -> Vec<Hand> {
        let is_late = first.is_some();
        let mut hands: Vec<Hand> =
            first.into_iter().filter_map(|decided| self.hand(decided)).collect();
        let until = (present.received + present.tick_time / TOGETHER).into();
        while let Ok(Some(decided)) = tokio::time::timeout_at(until, self.seats.decided()).await {
            hands.extend(self.hand(decided));
        }
        if !is_late {
            self.meter.decision_seconds.observe(present.received.elapsed().as_secs_f64());
            Work::longest(&self.work.decided_us, present.received.elapsed());
        }
        hands.sort_by_key(|hand| hand.rank);
        hands
    }

    fn hand(&mut self, Decided { faction, tick, orders }: Decided) -> Option<Hand> {
        let took_over = self.took_over.remove(&faction);
        if orders.is_empty() {
            self.share.quiet(faction, tick, took_over);
            return None;
        }
        Some(Hand { faction, rank: self.share.rank(faction), tick, orders })
    }

    /// Delivers orders, rank by rank, until they are stale.
    async fn deliver(&mut self, present: &Present, hands: Vec<Hand>) -> Result<(), Error> {
        let Some(tick) = hands.iter().map(|hand| hand.tick).max() else { return Ok(()) };
        let step = (present.tick_time / STEP_OF_TICK).min(LONGEST_STEP);
        let limit = (present.tick_time * 2).max(SHORTEST_DELIVERY);
        let deadline = Instant::now() + limit;
        let sending = async {
            for rank in 0..RANKS {
                let hands: Vec<&Hand> = hands.iter().filter(|hand| hand.rank == rank).collect();
                if !hands.is_empty() {
                    tokio::time::sleep_until((present.received + step * rank).into()).await;
                    self.deliver_rank(present, &hands).await?;
                }
            }
            Ok(())
        };
        let sent = tokio::time::timeout_at(deadline.into(), sending).await;
        let error = match sent {
            Ok(Ok(())) => {
                self.is_failing = false;
                Work::longest(&self.work.delivered_us, present.received.elapsed());
                return Ok(());
            }
            Ok(Err(
                error
                @ (sector_client::Error::Unauthorized(_) | sector_client::Error::Forbidden(_)),
            )) => {
                return Err(Error::Token(error));
            }
            Ok(Err(error)) => Some(error),
            Err(_) => None,
        };
        self.meter.orders("lost", hands.iter().map(|hand| hand.orders.len()).sum());
        // They may have been accepted.
        for hand in &hands {
            self.share.won(hand.faction, hand.tick);
        }
        if !self.is_failing {
            let error = error.as_ref().map(|error| error as &dyn std::error::Error);
            tracing::warn!(error, tick, "orders lost");
            self.is_failing = true;
            self.meter.is_playing(false);
        }
        Ok(())
    }

    /// Claims the turns, and sends the remaining orders of the turns that this worker won.
    async fn deliver_rank(
        &mut self,
        present: &Present,
        hands: &[&Hand],
    ) -> sector_client::Result<()> {
        let claims: Vec<Order> =
            hands.iter().filter_map(|hand| hand.orders.first().cloned()).collect();
        let (delivery, is_repeated) = self.send(present, &claims).await?;
        let mut rest = Vec::new();
        for hand in hands {
            let claim = hand.orders.first().and_then(|order| order.client_id.as_deref());
            let is_of_another = delivery.duplicates.iter().any(|id| Some(id.as_str()) == claim);
            // After a retry, the duplicate may be this worker's own order.
            if is_of_another && !is_repeated {
                self.share.lost(hand.faction, hand.tick);
                self.seats.leave(hand.faction);
                Work::add(&self.work.lost, 1);
                continue;
            }
            self.share.won(hand.faction, hand.tick);
            Work::add(&self.work.won, 1);
            let is_claimed = |order: &Order| order.faction == hand.faction;
            let claimed = delivery.refused.iter().find(|refused| is_claimed(&refused.order));
            if claimed.is_none_or(|refused| refused.code != "faction_claimed") {
                rest.extend(hand.orders.iter().skip(1).cloned());
            }
        }
        self.send(present, &rest).await.map(drop)
    }

    /// Sends orders, with retries while the sector is unavailable. Returns whether there was a
    /// retry.
    async fn send(
        &mut self,
        present: &Present,
        orders: &[Order],
    ) -> sector_client::Result<(Delivery, bool)> {
        let mut is_repeated = false;
        let delivery = loop {
            match self.client.deliver(orders).await {
                Err(error) if error.is_retryable() => {
                    is_repeated = true;
                    // Random, so that workers do not retry at the same time. The deadline of the
                    // tick ends the loop.
                    let pause =
                        RETRY_PAUSE + Duration::from_millis(getrandom::u64().unwrap_or(0) % 100);
                    tokio::time::sleep(error.retry_after().unwrap_or_default().max(pause)).await;
                }
                delivery => break delivery?,
            }
        };
        Work::add(
            &self.work.accepted,
            delivery.accepted - delivery.duplicates.len().min(delivery.accepted),
        );
        self.meter.orders("accepted", delivery.accepted);
        self.meter.orders("refused", delivery.refused.len());
        for refused in &delivery.refused {
            let faction = refused.order.faction;
            if refused.code == "faction_claimed" {
                self.claims.note(&present.universe, faction);
            } else {
                tracing::debug!(%faction, code = refused.code, detail = refused.detail, "order not accepted");
            }
        }
        Ok((delivery, is_repeated))
    }
}

/// The tick in a `client_id` of the form universe-tick-faction-number.
fn given_in(client_id: &str, universe: &str, faction: FactionId) -> Option<u64> {
    let mut parts = client_id.strip_prefix(universe)?.strip_prefix('-')?.split('-');
    let given = parts.next()?.parse().ok()?;
    (parts.next()?.parse().ok() == Some(faction)).then_some(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_ids_contain_the_tick() {
        let faction = FactionId::starter(1).unwrap();
        assert_eq!(given_in("u-1a-2b-417-F2-0", "u-1a-2b", faction), Some(417));
        for other in ["u-1a-2b-417-F1-0", "u-1a-2c-417-F2-0", "mine", "u-1a-2b-x-F2-0", ""] {
            assert_eq!(given_in(other, "u-1a-2b", faction), None, "{other}");
        }
    }
}
