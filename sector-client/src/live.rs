//! A running sector, tick by tick: a mirror that follows the events.
//!
//! It begins with the snapshot and goes on with the entries after it. When the connection is cut it goes on from where
//! it was; when the events are not kept any more or do not fit, or the sector was restored from a backup, it begins again
//! with a snapshot; when a new universe begins it shows that one, under the rules that the sector publishes for it. So
//! a reader sees every tick in order, exactly once.
//!
//! The events come over one stream (Server-Sent Events), where a server offers one: that saves a request a tick, and a
//! tick arrives sooner by the time that a request takes. Where no stream is available (a proxy that buffers responses, a
//! server with all its streams taken) they are asked for by long poll, until another attempt at the stream.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sector_sim::{Board, Event, FactionId, FleetId, Map, Mirror, Rules, Turn, View};

use crate::backoff::Backoff;
use crate::calls::rules_of;
use crate::entry::{Entry, Message, UntakenOrder};
use crate::error::{Error, Result};
use crate::scene::Scene;
use crate::session::{Client, Position};
use crate::stream::{Heard, Stream};

/// How many entries are asked for at once, at most.
const ENTRIES_AT_ONCE: u32 = 100;
/// The shortest wait before a mirror that did not fit is begun again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait between attempts to reach a sector that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How long a request for events waits where there is no stream.
const POLL_WAIT: Duration = Duration::from_secs(10);
/// The longest that a server lets a request for events wait.
const POLL_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long events are polled before the stream is tried again.
const POLL_INSTEAD: Duration = Duration::from_secs(60);
/// How often the server hears of a player who only listens, so that it does not take the seat for abandoned: half of
/// what may be set at least as the time for that.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// Most outcomes that are kept of ticks that are passed over.
const PASSED_MAX: usize = 10_000;

/// How the events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// By event stream, with long polling as a fallback.
    Stream,
    /// By long poll: each request waits so long (at most 30 s) for the next event.
    LongPoll(Duration),
}

/// The ticks of a running sector. Made by [`Client::ticks`].
#[derive(Debug)]
pub struct Ticks {
    client: Client,
    transport: Transport,
    stream: Option<Stream>,
    /// Until when events are polled because there is no stream.
    polled_until: Option<Instant>,
    /// How long a request for events waits.
    poll_wait: Duration,
    mirror: Option<Following>,
    /// The last entry that was received, and the incarnation.
    position: Option<Position>,
    waiting: VecDeque<(Entry, Option<Position>)>,
    more_waits: bool,
    backoff: Backoff,
    /// The tick that was yielded last, and its universe.
    seen: Option<(String, u64)>,
    /// The incarnation of the sector that was followed last.
    incarnation: Option<String>,
    /// The rules of the universe that was followed last.
    rules: Option<(String, Arc<Rules>)>,
    /// What is told with the next tick besides what it tells itself.
    aside: Aside,
    sign_of_life: Instant,
}

/// What happened besides the tick that is shown.
#[derive(Debug, Default)]
struct Aside {
    /// Whether it was shown.
    is_told: bool,
    /// The outcomes of orders in ticks that were passed over.
    passed: Vec<OrderOutcome>,
    /// Orders that no tick could take.
    untaken: Vec<UntakenOrder>,
}

#[derive(Debug)]
struct Following {
    /// Shared with the scenes that were made of it.
    mirror: Arc<Mirror>,
    /// Its rules, once they are known.
    rules: Option<Arc<Rules>>,
    /// When the newest tick was received.
    received: Instant,
}

/// Outcome of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderOutcome {
    /// The tick that carried it out or refused it, or whose commit passed it.
    pub tick: u64,
    /// Whom it was for.
    pub faction: FactionId,
    /// Its `client_id`, if it had one.
    pub client_id: Option<Box<str>>,
    /// The fleet that obeys, if it was carried out and concerns one.
    pub fleet: Option<FleetId>,
    /// Why it was refused: a code such as `not_owner`, or of one that no tick could take `run_over`,
    /// `faction_claimed` or `unreadable`. Nothing if it was carried out.
    pub refused: Option<String>,
}

impl OrderOutcome {
    /// Whether it was carried out.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.refused.is_none()
    }

    /// What an event of a tick says about an order, if it does.
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
                let code = code
                    .as_ref()
                    .and_then(serde_json::Value::as_str)
                    .unwrap_or("refused")
                    .to_owned();
                let (client_id, refused) = (client_id.clone(), Some(code));
                Some(OrderOutcome { tick, faction: *faction, client_id, fleet: None, refused })
            }
            _ => None,
        }
    }
}

/// A tick of a running sector, and the sector as it is after it.
#[derive(Clone, Copy)]
pub struct Tick<'a> {
    client: &'a Client,
    aside: &'a Aside,
    shared: (&'a Arc<Mirror>, &'a Arc<Rules>),
    /// The sector.
    pub mirror: &'a Mirror,
    /// The rules it lives by.
    pub rules: &'a Rules,
    /// How many ticks have passed unseen since the last one that was yielded.
    pub missed: u64,
    /// Whether this is the first tick that is seen of its universe, or since the sector was restored from a backup.
    pub is_new_universe: bool,
    /// When the tick was received.
    pub received: Instant,
}

impl<'a> Tick<'a> {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.mirror.board().tick()
    }

    /// The universe.
    #[must_use]
    pub fn universe_id(&self) -> &'a str {
        &self.mirror.universe().id
    }

    /// Systems and lanes.
    #[must_use]
    pub fn map(&self) -> &'a Map {
        self.mirror.map()
    }

    /// The state.
    #[must_use]
    pub fn board(&self) -> &'a Board {
        self.mirror.board()
    }

    /// What happened in it.
    #[must_use]
    pub fn events(&self) -> &'a [Event] {
        self.mirror.board().events()
    }

    /// What has become of orders for a faction since the tick that was yielded before: those that this tick carried
    /// out or refused, those of ticks that were passed over, and those of this client that no tick could take.
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
        let passed = self.aside.passed.iter().cloned();
        let taken = self.events().iter().filter_map(move |event| OrderOutcome::of(tick, event));
        passed.chain(untaken).chain(taken).filter(move |outcome| outcome.faction == faction)
    }

    /// Accepted orders of anybody that no tick could take, since the tick that was yielded before.
    #[must_use]
    pub fn untaken(&self) -> &'a [UntakenOrder] {
        &self.aside.untaken
    }

    /// The sector from the seat of a faction, as strategies see it.
    #[must_use]
    pub fn view(&self, me: FactionId) -> View<'a> {
        self.mirror.view(self.rules, me)
    }

    /// What strategies are told besides.
    #[must_use]
    pub fn turn(&self) -> Turn {
        Turn { tick: self.number(), missed: self.missed }
    }

    /// The sector as it is, to keep while the ticks go on: for a [`crate::Thinker`].
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

    /// Until when orders should be sent to reach the next tick, by the pace of the sector; their way takes some of
    /// that time.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.received + Duration::from_millis(self.mirror.universe().tick_delay_ms)
    }
}

impl std::fmt::Debug for Tick<'_> {
    /// Without the sector, which is long.
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

impl Client {
    /// Follows the sector from its present tick on, over a stream of events.
    #[must_use]
    pub fn ticks(&self) -> Ticks {
        self.ticks_by(Transport::Stream)
    }

    /// Follows the sector from its present tick on.
    #[must_use]
    pub fn ticks_by(&self, transport: Transport) -> Ticks {
        let poll_wait = match transport {
            Transport::Stream => POLL_WAIT,
            Transport::LongPoll(wait) => wait,
        };
        Ticks {
            client: self.clone(),
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
            sign_of_life: Instant::now(),
        }
    }
}

impl Ticks {
    /// The same, but a request for events, where there is no stream, waits so long (at most 30 s).
    #[must_use]
    pub fn poll_wait(self, wait: Duration) -> Ticks {
        Ticks { poll_wait: wait.min(POLL_WAIT_MAX), ..self }
    }

    /// The next tick; none is left out as long as the sector keeps its events. Waits for as long as the sector is away
    /// or paused. May be dropped while it waits, without loss.
    ///
    /// # Errors
    /// Those that waiting does not mend, such as [`Error::Rules`], [`Error::Version`] and [`Error::Unauthorized`].
    pub async fn next(&mut self) -> Result<Tick<'_>> {
        while !self.is_unseen() {
            self.go_on().await?;
        }
        self.show()
    }

    /// The newest tick there is, past any that have come meanwhile: for those who act on the present alone. Waits as
    /// [`Ticks::next`] does, and may be dropped likewise.
    ///
    /// # Errors
    /// As [`Ticks::next`].
    pub async fn newest(&mut self) -> Result<Tick<'_>> {
        while !self.is_unseen() || !self.waiting.is_empty() || self.more_waits {
            self.go_on().await?;
        }
        self.show()
    }

    /// Whether the events come over a stream at present.
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
            return Err(Error::Mismatch {
                url: self.client.url().into(),
                detail: "there is no snapshot".into(),
            });
        };
        let (universe, number) = (mirror.universe().id.as_str(), mirror.board().tick());
        let before =
            self.seen.as_ref().filter(|(seen, _)| *seen == universe).map(|(_, last)| *last);
        let missed = before.map_or(0, |last| number.saturating_sub(last + 1));
        match &mut self.seen {
            // Without another copy of the name.
            Some((seen, last)) if seen == universe => *last = number,
            seen => *seen = Some((universe.to_owned(), number)),
        }
        self.aside.is_told = true;
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

    /// Takes the next entry; a snapshot where there is none to go on from, and new entries where none are left.
    async fn go_on(&mut self) -> Result<()> {
        let taken = if let Some((entry, position)) = self.waiting.pop_front() {
            self.apply(entry, position)
        } else if self.mirror.as_ref().is_some_and(|following| following.rules.is_none()) {
            self.learn_rules().await
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
                    "beginning again with a snapshot"
                );
                self.restart();
                self.backoff.wait(Some(SHORTEST_PAUSE)).await;
                Ok(())
            }
            Err(error)
                if error.is_retryable()
                    || error.is_between_universes()
                    || matches!(error, Error::Server(_)) =>
            {
                if self.backoff.attempts() == 0 {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the sector is away; trying again"
                    );
                }
                self.stream = None;
                self.more_waits = false;
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
        self.stream = None;
        self.waiting.clear();
        self.more_waits = false;
    }

    async fn begin(&mut self) -> Result<()> {
        let (snapshot, position) = self.client.snapshot_at().await?;
        self.is_of(&position);
        self.follow(Mirror::new(&snapshot)?);
        self.position = Some(position);
        self.is_back();
        Ok(())
    }

    /// Takes note of the incarnation of what comes.
    fn is_of(&mut self, position: &Position) {
        if self.incarnation.as_ref() == Some(&position.incarnation) {
            return;
        }
        if self.incarnation.replace(position.incarnation.clone()).is_some() {
            tracing::warn!("the sector was restored from a backup");
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

    /// Asks for the rules of the universe that is followed.
    async fn learn_rules(&mut self) -> Result<()> {
        let document = match self.client.rules_once().await {
            Err(Error::Refused(problem)) if problem.code == "run_over" => None,
            document => Some(document?),
        };
        let Some(following) = &mut self.mirror else { return Ok(()) };
        let universe = &following.mirror.universe().id;
        let Some(document) = document.filter(|document| document.universe_id == *universe) else {
            // It was replaced just now: the next one has come, or is about to.
            self.restart();
            self.backoff.wait(Some(SHORTEST_PAUSE)).await;
            return Ok(());
        };
        let rules = Arc::new(rules_of(document)?);
        self.rules = Some((universe.clone(), rules.clone()));
        following.rules = Some(rules);
        Ok(())
    }

    /// Reads the stream, and opens it before if it is not.
    async fn listen(&mut self) -> Result<()> {
        let Some(stream) = &mut self.stream else {
            self.more_waits = false;
            match Stream::open(&self.client, self.position.as_ref()).await {
                Ok(stream) => self.stream = Some(stream),
                Err(error) if Stream::cannot_be_had(&error) => self.poll_instead(&error),
                Err(error) => return Err(error),
            }
            return Ok(());
        };
        if self.sign_of_life.elapsed() >= SIGN_OF_LIFE && self.client.credentials().are_of_player()
        {
            self.sign_of_life = Instant::now();
            self.client.show_life().await;
        }
        match stream.next(self.more_waits).await {
            Ok(Heard::Entry { entry, position, more_waits }) => {
                self.more_waits = more_waits;
                self.waiting.push_back((*entry, position));
                self.is_back();
            }
            Ok(Heard::Nothing) => self.more_waits = false,
            Ok(Heard::End) => {
                self.stream = None;
                self.more_waits = false;
                self.backoff.wait(None).await;
            }
            Err(error) if Stream::cannot_be_had(&error) => self.poll_instead(&error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn poll_instead(&mut self, error: &Error) {
        tracing::warn!(
            error = error as &dyn std::error::Error,
            "no stream is to be had; asking for events instead"
        );
        self.stream = None;
        self.more_waits = false;
        self.polled_until = Some(Instant::now() + POLL_INSTEAD);
    }

    async fn poll(&mut self) -> Result<()> {
        let Some(position) = &mut self.position else {
            self.mirror = None;
            return Ok(());
        };
        let wait = if self.more_waits { Duration::ZERO } else { self.poll_wait };
        let page = self.client.attempt_events(position, ENTRIES_AT_ONCE, wait).await?;
        position.after = page.next;
        self.more_waits = page.events.len() >= ENTRIES_AT_ONCE as usize;
        self.waiting.extend(page.events.into_iter().map(|entry| (entry, None)));
        self.is_back();
        Ok(())
    }

    fn is_back(&mut self) {
        if self.backoff.attempts() > 0 {
            tracing::info!("the sector is back");
        }
        self.backoff.reset();
    }

    fn apply(&mut self, entry: Entry, position: Option<Position>) -> Result<()> {
        if self.aside.is_told {
            self.aside = Aside::default();
        } else if self.is_unseen()
            && matches!(entry.message, Message::Delta(_) | Message::Snapshot(_))
        {
            self.pass();
        }
        if let Some(position) = position {
            self.is_of(&position);
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

    /// Keeps the outcomes of the present tick, which nobody has seen and nobody will.
    fn pass(&mut self) {
        let Some(Following { mirror, .. }) = &self.mirror else { return };
        let (tick, passed) = (mirror.board().tick(), &mut self.aside.passed);
        passed.extend(
            mirror.board().events().iter().filter_map(|event| OrderOutcome::of(tick, event)),
        );
        let old = passed.len().saturating_sub(PASSED_MAX);
        passed.drain(..old);
    }
}
