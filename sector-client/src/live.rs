//! A running sector, tick by tick: a mirror that follows the events.
//!
//! Starts with a snapshot and applies the entries after it. After a lost connection it resumes from
//! its position. If the events are no longer kept or do not fit, or the sector was restored from a
//! backup, it starts over from a snapshot. When a new universe begins, it follows that one, under
//! the rules that the sector publishes for it. So a reader sees every tick in order, exactly once.
//!
//! Events come over one stream (Server-Sent Events), which saves a request per tick and its delay.
//! While no stream is available (a proxy buffers responses, or the server's streams are all in
//! use), it polls instead, and then tries the stream again.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sector_sim::{Board, Event, FactionId, FleetId, Map, Mirror, Rules, Turn, View};

use crate::backoff::Backoff;
use crate::entry::{Entry, Message, UntakenOrder};
use crate::error::{Error, Result};
use crate::rules;
use crate::scene::Scene;
use crate::session::{Client, Position};
use crate::stream::{Heard, Stream};

/// Largest number of entries per request.
const ENTRIES_AT_ONCE: u32 = 100;
/// Shortest pause before starting over from a snapshot.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Longest pause between attempts to reach an unavailable sector.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long a request for events waits when polling.
const POLL_WAIT: Duration = Duration::from_secs(10);
/// Longest time that a server lets a request for events wait.
const POLL_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long to poll before trying the stream again.
const POLL_INSTEAD: Duration = Duration::from_secs(60);
/// How often a player who only listens contacts the server, so that it keeps the claim: half of the
/// shortest idle time that a server can be configured with.
const KEEP_CLAIM: Duration = Duration::from_secs(5);
/// Largest number of outcomes kept of skipped ticks.
const SKIPPED_MAX: usize = 10_000;

/// How to receive events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By event stream, with long polling as a fallback.
    Stream,
    /// By long polling: each request waits this long (at most 30 s) for the next event.
    LongPoll(Duration),
}

/// The ticks of a running sector. Made by [`Client::ticks`].
#[derive(Debug)]
pub struct Ticks {
    client: Client,
    transport: Transport,
    stream: Option<Stream>,
    /// End of polling while no stream is available.
    polled_until: Option<Instant>,
    /// How long a request for events waits when polling.
    poll_wait: Duration,
    mirror: Option<Following>,
    /// Position of the last entry received.
    position: Option<Position>,
    /// Entries received but not applied.
    waiting: VecDeque<(Entry, Option<Position>)>,
    /// Whether more entries may have arrived.
    more_waits: bool,
    backoff: Backoff,
    /// Universe and number of the last tick returned.
    seen: Option<(String, u64)>,
    /// Incarnation of the store.
    incarnation: Option<String>,
    /// Rules of the universe followed last.
    rules: Option<(String, Arc<Rules>)>,
    aside: Aside,
    claim_kept: Instant,
}

/// What happened since the last tick returned, besides the tick itself.
#[derive(Debug, Default)]
struct Aside {
    /// Whether it was returned.
    is_returned: bool,
    /// Outcomes of orders in skipped ticks.
    skipped: Vec<OrderOutcome>,
    /// Accepted orders that no tick could apply.
    untaken: Vec<UntakenOrder>,
}

#[derive(Debug)]
struct Following {
    /// Shared with scenes.
    mirror: Arc<Mirror>,
    /// Rules of the universe, once known.
    rules: Option<Arc<Rules>>,
    /// Time at which the newest tick was received.
    received: Instant,
}

/// Outcome of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderOutcome {
    /// Tick that applied or refused the order, or whose commit recorded the refusal.
    pub tick: u64,
    /// Faction of the order.
    pub faction: FactionId,
    /// `client_id` of the order, if any.
    pub client_id: Option<Box<str>>,
    /// Fleet that acts on the order, if any.
    pub fleet: Option<FleetId>,
    /// Code of the refusal, such as `not_owner`; `run_over`, `faction_claimed` or `unreadable` if
    /// no tick could apply the order. `None` if it was applied.
    pub refused: Option<String>,
}

impl OrderOutcome {
    /// Whether the order was applied.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.refused.is_none()
    }

    /// The outcome in an event, if it is about an order.
    fn of(tick: u64, event: &Event) -> Option<OrderOutcome> {
        match event {
            Event::OrderApplied { faction, fleet, client_id, .. } => Some(OrderOutcome {
                tick,
                faction: *faction,
                client_id: client_id.clone(),
                fleet: *fleet,
                refused: None,
            }),
            Event::OrderRefused { faction, code, client_id, .. } => {
                let code = serde_json::to_value(code).ok();
                let code = code.as_ref().and_then(serde_json::Value::as_str).unwrap_or("refused");
                let (client_id, refused) = (client_id.clone(), Some(code.to_owned()));
                Some(OrderOutcome { tick, faction: *faction, client_id, fleet: None, refused })
            }
            _ => None,
        }
    }
}

/// A tick of a running sector, and the state after it.
#[derive(Clone, Copy)]
pub struct Tick<'a> {
    client: &'a Client,
    aside: &'a Aside,
    shared: (&'a Arc<Mirror>, &'a Arc<Rules>),
    /// State of the sector.
    pub mirror: &'a Mirror,
    /// Rules of the universe.
    pub rules: &'a Rules,
    /// Number of ticks skipped since the last one returned.
    pub missed: u64,
    /// Whether this is the first tick of its universe, or the first since the sector was restored
    /// from a backup.
    pub is_new_universe: bool,
    /// Time at which the tick was received.
    pub received: Instant,
}

impl<'a> Tick<'a> {
    /// Number of the tick.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.mirror.board().tick()
    }

    /// Id of the universe.
    #[must_use]
    pub fn universe_id(&self) -> &'a str {
        &self.mirror.universe().id
    }

    /// Systems and lanes.
    #[must_use]
    pub fn map(&self) -> &'a Map {
        self.mirror.map()
    }

    /// State of systems, fleets and factions.
    #[must_use]
    pub fn board(&self) -> &'a Board {
        self.mirror.board()
    }

    /// Events of the tick.
    #[must_use]
    pub fn events(&self) -> &'a [Event] {
        self.mirror.board().events()
    }

    /// Outcomes of a faction's orders since the last tick returned: in this tick, in skipped ticks,
    /// and those of this client's orders that no tick could apply.
    pub fn outcomes(&self, faction: FactionId) -> impl Iterator<Item = OrderOutcome> + use<'a> {
        let (tick, client) = (self.number(), self.client);
        let untaken = self.aside.untaken.iter().filter_map(move |order| {
            let faction = client.sent().faction(order.client_id.as_deref()?)?;
            let client_id = order.client_id.as_deref().map(Box::from);
            Some(OrderOutcome {
                tick,
                faction,
                client_id,
                fleet: None,
                refused: Some(order.code.clone()),
            })
        });
        let skipped = self.aside.skipped.iter().cloned();
        let taken = self.events().iter().filter_map(move |event| OrderOutcome::of(tick, event));
        skipped.chain(untaken).chain(taken).filter(move |outcome| outcome.faction == faction)
    }

    /// Accepted orders of all players that no tick could apply, since the last tick returned.
    #[must_use]
    pub fn untaken(&self) -> &'a [UntakenOrder] {
        &self.aside.untaken
    }

    /// View of a faction, for strategies.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'a> {
        self.mirror.view(self.rules, me)
    }

    /// Tick number and missed ticks, for strategies.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn { tick: self.number(), missed: self.missed }
    }

    /// The state after the tick, to keep while following goes on, for example for a
    /// [`crate::Thinker`].
    #[must_use]
    pub fn scene(&self) -> Scene {
        let (mirror, rules) = self.shared;
        Scene {
            mirror: Arc::clone(mirror),
            rules: Arc::clone(rules),
            turn: self.turn(),
            received: self.received,
        }
    }

    /// Expected time of the next tick. Orders for it must arrive before, so send them earlier.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.received + Duration::from_millis(self.mirror.universe().tick_delay_ms)
    }
}

impl std::fmt::Debug for Tick<'_> {
    /// Without the state, which is long.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Tick")
            .field("universe", &self.universe_id())
            .field("number", &self.number())
            .field("missed", &self.missed)
            .field("is_new_universe", &self.is_new_universe)
            .finish_non_exhaustive()
    }
}

impl Ticks {
    pub(crate) fn new(client: Client, transport: Transport) -> Ticks {
        let poll_wait = match transport {
            Transport::Stream => POLL_WAIT,
            Transport::LongPoll(wait) => wait,
        };
        Ticks {
            client,
            transport,
            poll_wait: poll_wait.min(POLL_WAIT_MAX),
            stream: None,
            polled_until: None,
            mirror: None,
            position: None,
            waiting: VecDeque::new(),
            more_waits: false,
            backoff: Backoff::new(Duration::from_millis(100), LONGEST_PAUSE),
            seen: None,
            incarnation: None,
            rules: None,
            aside: Aside::default(),
            claim_kept: Instant::now(),
        }
    }

    /// Sets how long a request for events waits when no stream is available (at most 30 s).
    #[must_use]
    pub fn poll_wait(self, wait: Duration) -> Ticks {
        Ticks { poll_wait: wait.min(POLL_WAIT_MAX), ..self }
    }

    /// The next tick; none is skipped as long as the sector keeps its events. Waits while the
    /// sector is unavailable or paused. Cancellation is safe.
    ///
    /// # Errors
    /// Permanent errors, such as [`Error::Rules`], [`Error::Version`] and [`Error::Unauthorized`].
    pub async fn next(&mut self) -> Result<Tick<'_>> {
        while !self.is_unseen() {
            self.advance().await?;
        }
        self.show()
    }

    /// The newest tick, skipping any others that have arrived: for callers that only need the
    /// current state. Waits as [`Ticks::next`] does. Cancellation is safe.
    ///
    /// # Errors
    /// As [`Ticks::next`].
    pub async fn newest(&mut self) -> Result<Tick<'_>> {
        while !self.is_unseen() || !self.waiting.is_empty() || self.more_waits {
            self.advance().await?;
        }
        self.show()
    }

    /// Whether events currently arrive over a stream.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        self.stream.is_some()
    }

    fn is_unseen(&self) -> bool {
        let (Some(following), seen) = (&self.mirror, &self.seen) else { return false };
        let (universe, tick) = (&following.mirror.universe().id, following.mirror.board().tick());
        following.rules.is_some()
            && seen.as_ref().is_none_or(|(seen, last)| seen != universe || *last != tick)
    }

    fn show(&mut self) -> Result<Tick<'_>> {
        let Some(Following { mirror, rules: Some(rules), received }) = &self.mirror else {
            return Err(Error::mismatch(self.client.url(), "no snapshot"));
        };
        let (universe, number) = (mirror.universe().id.as_str(), mirror.board().tick());
        let before =
            self.seen.as_ref().filter(|(seen, _)| *seen == universe).map(|(_, last)| *last);
        let missed = before.map_or(0, |last| number.saturating_sub(last + 1));
        match &mut self.seen {
            // Avoids another copy of the id.
            Some((seen, last)) if seen == universe => *last = number,
            seen => *seen = Some((universe.to_owned(), number)),
        }
        self.aside.is_returned = true;
        Ok(Tick {
            client: &self.client,
            aside: &self.aside,
            shared: (mirror, rules),
            mirror,
            rules,
            missed,
            is_new_universe: before.is_none(),
            received: *received,
        })
    }

    /// Takes one step: applies an entry, or requests rules, a snapshot or more entries.
    async fn advance(&mut self) -> Result<()> {
        let taken = if let Some((entry, position)) = self.waiting.pop_front() {
            self.apply(entry, position)
        } else if self.mirror.as_ref().is_some_and(|following| following.rules.is_none()) {
            self.request_rules().await
        } else if self.transport == Transport::Stream
            && self.polled_until.is_none_or(|until| Instant::now() >= until)
        {
            self.listen().await
        } else if self.mirror.is_none() {
            self.begin().await
        } else {
            self.poll().await
        };
        match taken {
            Err(error @ (Error::HistoryTrimmed(_) | Error::Mirror(_) | Error::Stream(_))) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "starting over from a snapshot"
                );
                self.restart();
                self.backoff.wait(Some(SHORTEST_PAUSE)).await;
                Ok(())
            }
            Err(error) if error.is_temporary() => {
                if self.backoff.attempts() == 0 {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "sector unavailable, retrying"
                    );
                }
                self.close_stream();
                self.backoff.wait(error.retry_after()).await;
                Ok(())
            }
            Err(error) => Err(self.client.explained(error).await),
            Ok(()) => Ok(()),
        }
    }

    fn restart(&mut self) {
        self.mirror = None;
        self.position = None;
        self.waiting.clear();
        self.close_stream();
    }

    fn close_stream(&mut self) {
        self.stream = None;
        self.more_waits = false;
    }

    async fn begin(&mut self) -> Result<()> {
        let (snapshot, position) = self.client.snapshot_once().await?;
        self.check_incarnation(&position);
        self.follow(Mirror::new(&snapshot)?);
        self.position = Some(position);
        self.note_success();
        Ok(())
    }

    /// Detects that the sector was restored from a backup.
    fn check_incarnation(&mut self, position: &Position) {
        if self.incarnation.as_ref() == Some(&position.incarnation) {
            return;
        }
        if self.incarnation.replace(position.incarnation.clone()).is_some() {
            tracing::warn!("sector restored from a backup");
            self.seen = None;
        }
    }

    fn follow(&mut self, mirror: Mirror) {
        let universe = &mirror.universe().id;
        let rules = self
            .rules
            .as_ref()
            .filter(|(known, _)| known == universe)
            .map(|(_, rules)| rules.clone());
        self.mirror = Some(Following { mirror: Arc::new(mirror), rules, received: Instant::now() });
    }

    /// Requests the rules of the universe.
    async fn request_rules(&mut self) -> Result<()> {
        let document = match self.client.rules_once().await {
            Err(Error::Refused(problem)) if problem.code == "run_over" => None,
            document => Some(document?),
        };
        let Some(following) = &mut self.mirror else { return Ok(()) };
        let universe = &following.mirror.universe().id;
        let Some(document) = document.filter(|document| document.universe_id == *universe) else {
            // The universe has just been replaced.
            self.restart();
            self.backoff.wait(Some(SHORTEST_PAUSE)).await;
            return Ok(());
        };
        let rules = Arc::new(rules::parse(document)?);
        self.rules = Some((universe.clone(), rules.clone()));
        following.rules = Some(rules);
        Ok(())
    }

    /// Reads the stream, or opens it.
    async fn listen(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else {
            self.more_waits = false;
            match Stream::open(&self.client, self.position.as_ref()).await {
                Ok(stream) => self.stream = Some(stream),
                Err(error) if Stream::is_unavailable(&error) => self.poll_instead(&error),
                Err(error) => return Err(error),
            }
            return Ok(());
        };
        if self.claim_kept.elapsed() >= KEEP_CLAIM && self.client.credentials().are_of_player() {
            self.claim_kept = Instant::now();
            self.client.keep_claim().await;
        }
        match stream.next(self.more_waits).await {
            Ok(Heard::Entry { entry, position, more_waits }) => {
                self.more_waits = more_waits;
                self.waiting.push_back((*entry, position));
                self.note_success();
            }
            Ok(Heard::Nothing) => self.more_waits = false,
            Ok(Heard::End) => {
                self.close_stream();
                self.backoff.wait(None).await;
            }
            Err(error) if Stream::is_unavailable(&error) => self.poll_instead(&error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn poll_instead(&mut self, error: &Error) {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "event stream unavailable, falling back to polling"
        );
        self.close_stream();
        self.polled_until = Some(Instant::now() + POLL_INSTEAD);
    }

    async fn poll(&mut self) -> Result<()> {
        let Some(position) = &mut self.position else {
            self.mirror = None;
            return Ok(());
        };
        let wait = if self.more_waits { Duration::ZERO } else { self.poll_wait };
        let page = self.client.events_once(position, ENTRIES_AT_ONCE, wait).await?;
        position.after = page.next;
        self.more_waits = page.events.len() >= ENTRIES_AT_ONCE as usize;
        self.waiting.extend(page.events.into_iter().map(|entry| (entry, None)));
        self.note_success();
        Ok(())
    }

    fn note_success(&mut self) {
        if self.backoff.attempts() > 0 {
            tracing::info!("sector available again");
        }
        self.backoff.reset();
    }

    fn apply(&mut self, entry: Entry, position: Option<Position>) -> Result<()> {
        if self.aside.is_returned {
            self.aside = Aside::default();
        } else if self.is_unseen()
            && matches!(entry.message, Message::Delta(_) | Message::Snapshot(_))
        {
            self.keep_outcomes();
        }
        if let Some(position) = position {
            self.check_incarnation(&position);
            self.position = Some(position);
        }
        match entry.message {
            Message::Delta(delta) => {
                let Some(following) = &mut self.mirror else { return Ok(()) };
                Arc::make_mut(&mut following.mirror).take(*delta)?;
                following.received = Instant::now();
            }
            Message::Snapshot(snapshot) => self.follow(Mirror::new(&snapshot)?),
            Message::OrdersRefused(refused) => self.aside.untaken.extend(refused.orders),
            Message::RunEnd(_) | Message::Unknown { .. } => {}
        }
        Ok(())
    }

    /// Keeps the outcomes of the current tick, which is about to be skipped.
    fn keep_outcomes(&mut self) {
        let Some(Following { mirror, .. }) = &self.mirror else { return };
        let (tick, skipped) = (mirror.board().tick(), &mut self.aside.skipped);
        skipped.extend(
            mirror.board().events().iter().filter_map(|event| OrderOutcome::of(tick, event)),
        );
        let old = skipped.len().saturating_sub(SKIPPED_MAX);
        skipped.drain(..old);
    }
}
