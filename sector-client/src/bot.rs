//! A strategy that plays one faction of a running sector.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use sector_sim::{FactionId, Order, Strategy};

use crate::error::{Error, Result};
use crate::live::Tick;
use crate::orders::{ORDERS_MAX, number_orders};
use crate::scene::Scene;
use crate::session::Client;
use crate::thinker::Thinker;

/// The least time for which a delivery is tried; beyond that and two ticks its orders have grown old.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(2);

/// A strategy that plays one faction of a running sector.
pub struct Bot {
    client: Client,
    faction: FactionId,
    thinker: Thinker,
    claims: bool,
    /// Whether the faction is to be claimed before the next turn.
    is_to_claim: bool,
    summary: Summary,
}

/// What a bot has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Ticks for which the strategy was asked.
    pub turns: u64,
    /// Ticks that passed without it being asked.
    pub missed: u64,
    /// Orders that the sector accepted.
    pub accepted: u64,
    /// Orders that the sector did not accept.
    pub refused: u64,
    /// Orders of which it is not known whether the sector accepted them: it went away, or took too long, or the
    /// bot was stopped before it answered.
    pub unsure: u64,
    /// Orders that a tick carried out.
    pub applied: u64,
    /// Orders that a tick refused.
    pub failed: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { turns, missed, accepted, refused, unsure, applied, failed } = self;
        write!(
            formatter,
            "{turns} turns ({missed} ticks missed), {accepted} orders accepted ({applied} carried out, {failed} refused by the tick), {refused} not accepted"
        )?;
        if *unsure > 0 {
            write!(formatter, ", {unsure} lost on the way")?;
        }
        Ok(())
    }
}

impl Bot {
    /// A bot that claims the faction in every universe, as the player that the client is signed in as.
    #[must_use]
    pub fn new(client: &Client, faction: FactionId, strategy: Box<dyn Strategy>) -> Bot {
        let thinker = Thinker::new(strategy);
        Bot {
            client: client.clone(),
            faction,
            thinker,
            claims: true,
            is_to_claim: false,
            summary: Summary::default(),
        }
    }

    /// A bot that plays without a claim: for a client with a bot token.
    #[must_use]
    pub fn unclaimed(client: &Client, faction: FactionId, strategy: Box<dyn Strategy>) -> Bot {
        Bot { claims: false, ..Bot::new(client, faction, strategy) }
    }

    /// Plays until `shutdown`: asks the strategy once a tick, always about the newest one, and sends its orders. It thinks
    /// on a thread of its own; one that needs more than a tick is asked again about the newest tick then.
    ///
    /// # Errors
    /// Those that waiting does not mend: [`Error::Refused`] when the faction belongs to somebody else,
    /// [`Error::Forbidden`], [`Error::Unauthorized`], [`Error::Strategy`] when the strategy panics, and those of [`crate::Ticks::next`]. A sector that is away is
    /// waited for.
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
            self.summary.turns += 1;
            self.summary.missed += scene.turn().missed;
            let (universe, tick, tick_time) =
                (scene.universe_id().to_owned(), scene.number(), scene.tick_time());
            let mut thought = self.thinker.ask(scene, self.faction);
            // What comes meanwhile is not kept waiting: the server would take the stream for abandoned.
            let mut orders = loop {
                tokio::select! {
                    biased;
                    orders = thought.orders() => break orders?,
                    tick = ticks.newest() => newest = Some(self.look(&tick?, newest.take())),
                }
            };
            number_orders(&universe, tick, &mut orders);
            self.give(&orders, tick, tick_time).await?;
        }
    }

    /// Takes note of a tick; `before` is one that the strategy was not asked about.
    fn look(&mut self, tick: &Tick<'_>, before: Option<Scene>) -> Scene {
        self.count_outcomes(tick);
        self.is_to_claim |= tick.is_new_universe && self.claims;
        match before.filter(|_| !tick.is_new_universe) {
            Some(before) => tick.scene().with_missed(before.turn().missed + 1 + tick.missed),
            None => tick.scene(),
        }
    }

    /// Claims the faction if that is due; says whether it can be played.
    async fn claim_if_due(&mut self) -> Result<bool> {
        if !self.is_to_claim {
            return Ok(true);
        }
        match self.client.claim(self.faction).await {
            Ok(_) => {
                self.is_to_claim = false;
                Ok(true)
            }
            Err(error)
                if error.is_retryable()
                    || error.is_between_universes()
                    || matches!(error, Error::Server(_)) =>
            {
                tracing::warn!(error = &error as &dyn std::error::Error, "the claim has to wait");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Gives the orders of a tick, as long as they are fresh.
    async fn give(&mut self, orders: &[Order], tick: u64, tick_time: Duration) -> Result<()> {
        let limit = (tick_time * 2).max(SHORTEST_DELIVERY);
        for batch in orders.chunks(ORDERS_MAX) {
            // Until the sector has answered, and for good if this is dropped before: they may have arrived.
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
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the orders of a tick are lost"
                    );
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => tracing::warn!(tick, "the orders of a tick were not accepted in time"),
            }
            // The rest is older still.
            break;
        }
        Ok(())
    }

    async fn send(&mut self, orders: &[Order]) -> Result<()> {
        let delivery = self.client.deliver(orders).await?;
        self.summary.accepted += delivery.accepted as u64;
        self.summary.refused += delivery.refused.len() as u64;
        for refused in &delivery.refused {
            tracing::debug!(
                code = refused.code,
                detail = refused.detail,
                "an order was not accepted"
            );
        }
        // The claim lapsed while the sector was unavailable; a player who claimed the faction meanwhile keeps it.
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
