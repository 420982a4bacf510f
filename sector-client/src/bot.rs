//! A strategy that plays one faction of a running sector.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use sector_sim::{FactionId, Order, Strategy};

use crate::error::{Error, Result};
use crate::live::Tick;
use crate::orders::{ORDERS_MAX, number_orders};
use crate::scene::Scene;
use crate::session::Client;
use crate::thinker::Thinker;

/// Shortest time limit of a delivery. The limit is two ticks if that is longer; then the orders are
/// stale.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(2);
/// Time between two calls that keep the seat.
const KEEP_INTERVAL: Duration = Duration::from_secs(10);

/// A strategy that plays one faction of a running sector.
pub struct Bot {
    client: Client,
    faction: FactionId,
    thinker: Thinker,
    claims: bool,
    /// Whether to claim the faction before the next turn.
    is_to_claim: bool,
    /// When the seat was last kept.
    kept: Option<Instant>,
    summary: Summary,
}

/// Counts of a bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Ticks for which the strategy was called.
    pub turns: u64,
    /// Ticks for which the strategy was not called.
    pub missed: u64,
    /// Orders accepted by the sector.
    pub accepted: u64,
    /// Orders not accepted by the sector.
    pub refused: u64,
    /// Orders that the sector may or may not have accepted: it became unavailable, took too long,
    /// or the bot was stopped before the response.
    pub unsure: u64,
    /// Orders applied by a tick.
    pub applied: u64,
    /// Orders refused by a tick.
    pub failed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { turns, missed, accepted, refused, unsure, applied, failed } = self;
        write!(
            formatter,
            "{turns} turns ({missed} ticks missed), {accepted} orders accepted ({applied} applied, {failed} refused by a tick), {refused} not accepted"
        )?;
        if *unsure > 0 {
            write!(formatter, ", {unsure} possibly lost")?;
        }
        Ok(())
    }
}

impl Bot {
    /// A bot that claims the faction in every universe, for the player that the client is logged in
    /// as.
    #[must_use]
    pub fn new(client: &Client, faction: FactionId, strategy: Box<dyn Strategy>) -> Bot {
        let thinker = Thinker::new(strategy);
        Bot {
            client: client.clone(),
            faction,
            thinker,
            claims: true,
            is_to_claim: false,
            kept: None,
            summary: Summary::default(),
        }
    }

    /// A bot that plays without claiming: for a client with a bot key or bot token.
    #[must_use]
    pub fn unclaimed(client: &Client, faction: FactionId, strategy: Box<dyn Strategy>) -> Bot {
        Bot { claims: false, ..Bot::new(client, faction, strategy) }
    }

    /// Plays until `shutdown`: calls the strategy for the newest tick, and sends its orders. The
    /// strategy runs on its own thread; ticks that arrive while it is running are skipped, except
    /// for the newest. Waits while the sector is unavailable.
    ///
    /// # Errors
    /// Permanent errors: [`Error::Refused`] if the faction is another player's,
    /// [`Error::Forbidden`], [`Error::Unauthorized`], [`Error::Strategy`] if the strategy panics,
    /// and those of [`crate::Ticks::next`].
    pub async fn run(&mut self, shutdown: impl Future<Output = ()>) -> Result<Summary> {
        tokio::select! {
            biased;
            () = shutdown => Ok(self.summary),
            played = self.play() => match played? {},
        }
    }

    async fn play(&mut self) -> Result<Infallible> {
        let mut ticks = self.client.ticks();
        let mut newest = None;
        loop {
            let scene = match newest.take() {
                Some(scene) => scene,
                None => self.look(&ticks.newest().await?, None),
            };
            let view = scene.view(self.faction);
            if scene.mirror().board().result().is_some()
                || view.faction().is_none_or(|faction| !faction.alive)
            {
                continue;
            }
            if !self.claim_if_due().await? {
                continue;
            }
            self.keep_if_due().await;
            self.summary.turns += 1;
            self.summary.missed += scene.turn().missed;
            let (universe, tick, tick_time) =
                (scene.universe_id().to_owned(), scene.number(), scene.tick_time());
            let mut thought = self.thinker.ask(scene, self.faction);
            // Keep reading ticks, or the server would close the stream as too slow.
            let mut orders = loop {
                tokio::select! {
                    biased;
                    orders = thought.orders() => break orders?,
                    tick = ticks.newest() => newest = Some(self.look(&tick?, newest.take())),
                }
            };
            number_orders(&universe, tick, &mut orders);
            self.send_all(&orders, tick, tick_time).await?;
        }
    }

    /// Counts the outcomes of a tick. `before` is a skipped tick.
    fn look(&mut self, tick: &Tick<'_>, before: Option<Scene>) -> Scene {
        self.count_outcomes(tick);
        self.is_to_claim |= tick.is_new_universe && self.claims;
        match before.filter(|_| !tick.is_new_universe) {
            Some(before) => tick.scene().with_missed(before.turn().missed + 1 + tick.missed),
            None => tick.scene(),
        }
    }

    /// Claims the faction if necessary. Returns whether it can be played.
    async fn claim_if_due(&mut self) -> Result<bool> {
        if !self.is_to_claim {
            return Ok(true);
        }
        match self.client.claim(self.faction).await {
            Ok(_) => {
                self.is_to_claim = false;
                Ok(true)
            }
            Err(error) if error.is_temporary() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "claim delayed");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the seat of a strategy that gives few orders. A failure is not the bot's end: its orders
    /// keep the seat as well.
    async fn keep_if_due(&mut self) {
        if self.kept.is_some_and(|kept| kept.elapsed() < KEEP_INTERVAL) {
            return;
        }
        self.kept = Some(Instant::now());
        let kept = tokio::time::timeout(SHORTEST_DELIVERY, self.client.keep()).await;
        if let Ok(Err(error)) = kept {
            tracing::debug!(error = &error as &dyn std::error::Error, "seat not kept");
        }
    }

    /// Sends the orders of a tick, until they are stale.
    async fn send_all(&mut self, orders: &[Order], tick: u64, tick_time: Duration) -> Result<()> {
        let limit = (tick_time * 2).max(SHORTEST_DELIVERY);
        for batch in orders.chunks(ORDERS_MAX) {
            // Unsure until the response, and finally if this future is dropped: they may have
            // arrived.
            let count = batch.len() as u64;
            self.summary.unsure += count;
            let sent = tokio::time::timeout(limit, self.send(batch)).await;
            match sent {
                Ok(Ok(())) => {
                    self.summary.unsure -= count;
                    continue;
                }
                Ok(Err(error))
                    if error.is_retryable()
                        || matches!(error, Error::Server(_) | Error::Refused(_)) =>
                {
                    tracing::warn!(error = &error as &dyn std::error::Error, "orders lost");
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => tracing::warn!(tick, "orders not accepted in time"),
            }
            // The remaining batches would be even later.
            break;
        }
        Ok(())
    }

    async fn send(&mut self, orders: &[Order]) -> Result<()> {
        let delivery = self.client.deliver(orders).await?;
        self.summary.accepted += delivery.accepted as u64;
        self.summary.refused += delivery.refused.len() as u64;
        for refused in &delivery.refused {
            tracing::debug!(code = refused.code, detail = refused.detail, "order not accepted");
        }
        // The claim expired while the sector was unavailable. A player who claimed the faction
        // meanwhile keeps it.
        self.is_to_claim |= self.claims
            && delivery.refused.iter().any(|refused| refused.code == "not_your_faction");
        Ok(())
    }

    fn count_outcomes(&mut self, tick: &Tick<'_>) {
        for outcome in tick.outcomes(self.faction) {
            let count = if outcome.is_applied() {
                &mut self.summary.applied
            } else {
                &mut self.summary.failed
            };
            *count += 1;
        }
    }
}

impl fmt::Debug for Bot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Bot")
            .field("faction", &self.faction)
            .field("strategy", &self.thinker.name())
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
