//! A running sector, tick by tick: a mirror that follows the event stream.
//!
//! It begins with the snapshot and goes on with the entries after it. When the connection is cut it goes on from where
//! it was; when the events are not kept any more or do not fit, or the sector was restored from a backup, it begins again
//! with a snapshot; when a new universe begins it shows that one. So whoever reads it sees ticks in their order, each exact, and never one twice.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use sector_sim::{Board, Event, FactionId, Map, Mirror, Rules, Turn, View};

use crate::backoff::Backoff;
use crate::entry::{Entry, Message};
use crate::error::{Error, Result};
use crate::session::{Client, Position};

/// How many entries are asked for at once, at most.
const ENTRIES_AT_ONCE: u32 = 100;
/// The shortest wait before a mirror that did not fit is begun again.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait between attempts to reach a sector that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// The ticks of a running sector. Made by [`Client::ticks`].
#[derive(Debug)]
pub struct Ticks {
    client: Client,
    poll: Duration,
    mirror: Option<Following>,
    waiting: VecDeque<Entry>,
    more_waits: bool,
    backoff: Backoff,
    /// The tick that was yielded last, and its universe.
    seen: Option<(String, u64)>,
    /// The incarnation of the sector that was followed last.
    incarnation: Option<String>,
}

#[derive(Debug)]
struct Following {
    mirror: Mirror,
    rules: Rules,
    /// The last entry that was received.
    position: Position,
    /// When the newest tick was received.
    received: Instant,
}

/// A tick of a running sector, and the sector as it is after it.
#[derive(Clone, Copy, Debug)]
pub struct Tick<'a> {
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

    /// What became of the orders of a faction that took effect in this tick.
    pub fn outcomes(&self, faction: FactionId) -> impl Iterator<Item = &'a Event> + use<'a> {
        self.events().iter().filter(move |event| match event {
            Event::OrderApplied { faction: by, .. } | Event::OrderRefused { faction: by, .. } => *by == faction,
            _ => false,
        })
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

    /// Until when orders should be sent to reach the next tick, by the pace of the sector; their way takes some of
    /// that time.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.received + Duration::from_millis(self.mirror.universe().tick_delay_ms)
    }
}

impl Client {
    /// Follows the sector from its present tick on. Each request for events waits up to `poll` (at most 30 s) for the
    /// next one.
    #[must_use]
    pub fn ticks(&self, poll: Duration) -> Ticks {
        Ticks {
            client: self.clone(),
            poll: poll.min(Duration::from_secs(30)),
            mirror: None,
            waiting: VecDeque::new(),
            more_waits: false,
            backoff: Backoff::new(Duration::from_millis(100), LONGEST_PAUSE),
            seen: None,
            incarnation: None,
        }
    }
}

impl Ticks {
    /// The next tick; none is left out as long as the sector keeps its events. Waits for as long as the sector is away
    /// or paused. May be dropped while it waits, without loss.
    ///
    /// # Errors
    /// Those that waiting does not mend, such as [`Error::Rules`], [`Error::Mismatch`] and [`Error::Refused`].
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

    fn is_unseen(&self) -> bool {
        let (Some(following), seen) = (&self.mirror, &self.seen) else { return false };
        let (universe, tick) = (&following.mirror.universe().id, following.mirror.board().tick());
        seen.as_ref().is_none_or(|(seen, last)| seen != universe || *last != tick)
    }

    fn show(&mut self) -> Result<Tick<'_>> {
        let Some(following) = &self.mirror else {
            return Err(Error::Mismatch { url: self.client.url().into(), detail: "there is no snapshot".into() });
        };
        let (universe, number) = (following.mirror.universe().id.clone(), following.mirror.board().tick());
        let before = self.seen.as_ref().filter(|(seen, _)| *seen == universe).map(|(_, last)| *last);
        let missed = before.map_or(0, |last| number.saturating_sub(last + 1));
        self.seen = Some((universe, number));
        Ok(Tick {
            mirror: &following.mirror,
            rules: &following.rules,
            missed,
            is_new_universe: before.is_none(),
            received: following.received,
        })
    }

    /// Takes the next entry; a snapshot where there is none to go on from, and new entries where none are left.
    async fn go_on(&mut self) -> Result<()> {
        let taken = if self.mirror.is_none() {
            self.begin().await
        } else if let Some(entry) = self.waiting.pop_front() {
            self.apply(entry)
        } else {
            self.receive().await
        };
        match taken {
            Err(error @ (Error::HistoryTrimmed(_) | Error::Mirror(_))) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "beginning again with a snapshot");
                self.restart();
                self.backoff.wait(Some(SHORTEST_PAUSE)).await;
                Ok(())
            }
            Err(error) if error.is_retryable() || matches!(error, Error::Server(_)) => {
                if self.backoff.attempts() == 0 {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the sector is away; trying again");
                }
                self.backoff.wait(error.retry_after()).await;
                Ok(())
            }
            taken => taken,
        }
    }

    fn restart(&mut self) {
        self.mirror = None;
        self.waiting.clear();
        self.more_waits = false;
    }

    async fn begin(&mut self) -> Result<()> {
        let (snapshot, position) = self.client.snapshot_at().await?;
        let before = self.incarnation.replace(position.incarnation.clone());
        if before.is_some_and(|before| before != position.incarnation) {
            tracing::warn!("the sector was restored from a backup");
            self.seen = None;
        }
        self.follow(Mirror::new(&snapshot)?, position)?;
        self.is_back();
        Ok(())
    }

    fn follow(&mut self, mirror: Mirror, position: Position) -> Result<()> {
        let name = &mirror.universe().rules;
        let rules = Rules::classic();
        if *name != rules.name {
            return Err(Error::Rules { name: name.clone() });
        }
        self.mirror = Some(Following { mirror, rules, position, received: Instant::now() });
        Ok(())
    }

    async fn receive(&mut self) -> Result<()> {
        let Some(following) = &mut self.mirror else { return Ok(()) };
        let wait = if self.more_waits { Duration::ZERO } else { self.poll };
        let page = self.client.attempt_events(&following.position, ENTRIES_AT_ONCE, wait).await?;
        following.position.after = page.next;
        self.more_waits = page.events.len() >= ENTRIES_AT_ONCE as usize;
        self.waiting.extend(page.events);
        self.is_back();
        Ok(())
    }

    fn is_back(&mut self) {
        if self.backoff.attempts() > 0 {
            tracing::info!("the sector is back");
        }
        self.backoff.reset();
    }

    fn apply(&mut self, entry: Entry) -> Result<()> {
        let Some(following) = &mut self.mirror else { return Ok(()) };
        match entry.message {
            Message::Delta(delta) => {
                following.mirror.apply(&delta)?;
                following.received = Instant::now();
                Ok(())
            }
            Message::Snapshot(snapshot) => {
                let position = following.position.clone();
                self.follow(Mirror::new(&snapshot)?, position)
            }
            Message::RunEnd(_) | Message::Unknown { .. } => Ok(()),
        }
    }
}
