//! A program in a seat: messages, time limits and faults.
//! A late or invalid answer is tolerated a few times; that turn has no orders. A program that
//! exits, prints too much, or exceeds the tolerance is stopped, and its faction gives no more
//! orders. A program cannot end the game, delay it by more than its time per turn, or affect what
//! other players see.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use sector_client::stdio::{Begin, End, Message, PROTOCOL, Reply};
use sector_sim::rules::Personality;
use sector_sim::{Board, Delta, Event, FactionId, Order, Snapshot, Strategy, Turn, Universe, View};

use super::account::{Account, FaultKind};
use super::child::{Child, LINE_BYTES_MAX, Said, ending};
use super::program::{Limits, Program};
use super::stderr::speaks_of_memory;

/// Extra time for the first answer of a game, so that interpreters and libraries can start.
const STARTUP: Duration = Duration::from_secs(5);
/// Maximum number of orders per answer; more than players with 3,000 systems give.
const ORDERS_MAX: usize = 1_000;
/// Number of tolerated faults of a kind per game.
const FORGIVEN: u64 = 10;
/// Maximum length of a quoted line, in characters.
const SHOWN_CHARS: usize = 80;

/// A program and its seat.
pub(crate) struct Process {
    program: Program,
    limits: Limits,
    personality: Personality,
    universe: String,
    state: State,
    /// Last board sent to the program.
    shown: Option<Board>,
    /// Missed turns since the last answer in time.
    missed: u64,
    account: Account,
}

enum State {
    /// Not started yet.
    New,
    Playing(Child),
    /// Stopped, or the game is over.
    Out,
}

impl Process {
    /// A program for this seat; it starts with the first turn.
    pub(crate) fn new(
        program: &Program,
        limits: Limits,
        name: &str,
        seat: (FactionId, Personality),
    ) -> Process {
        let (faction, personality) = seat;
        Process {
            program: program.clone(),
            limits,
            personality,
            universe: String::new(),
            state: State::New,
            shown: None,
            missed: 0,
            account: Account::new(name, faction),
        }
    }

    /// Tells the program that the game is over, ends it, and returns its report.
    pub(crate) fn finish(&mut self, end: End) -> Account {
        if let State::Playing(child) = &mut self.state {
            child.tell(line(&Message::End(end)));
            child.leave();
            self.account.close(child.stderr());
        }
        self.state = State::Out;
        self.account.clone()
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.count_refused(view);
        let is_first = self.begin(view);
        let State::Playing(child) = &self.state else { return Vec::new() };
        let message = self.message(view, turn, is_first);
        self.missed += turn.missed;
        self.shown = Some(view.board.clone());
        self.account.turns += 1;
        let asked = Instant::now();
        child.tell(message);
        let budget = Duration::from_millis(self.limits.turn_ms)
            + if is_first { STARTUP } else { Duration::ZERO };
        self.answer(turn.tick, asked, asked + budget)
            .map(|reply| self.accept(turn.tick, reply))
            .unwrap_or_default()
    }

    /// Starts the program or a new game if needed. Returns whether this is the first turn of a
    /// game.
    fn begin(&mut self, view: &View<'_>) -> bool {
        let board = view.board;
        let goes_on = |shown: &Board| shown.seed() == board.seed() && shown.tick() < board.tick();
        match &self.state {
            State::Out => return false,
            State::Playing(_) if self.shown.as_ref().is_some_and(goes_on) => return false,
            State::Playing(_) => {}
            State::New => match Child::start(&self.program, &self.limits) {
                Ok(child) => self.state = State::Playing(child),
                Err(error) => {
                    let words = self.program.words().join(" ");
                    self.out(
                        board.tick(),
                        FaultKind::Crashed,
                        format!("cannot start {words}: {error}"),
                    );
                    return false;
                }
            },
        }
        self.universe = format!("seed-{}", board.seed());
        self.missed = 0;
        let begin = Begin {
            protocol: PROTOCOL,
            faction: view.me,
            universe: self.universe.clone(),
            seed: board.seed(),
            budget_ms: self.limits.turn_ms,
            personality: self.personality.clone(),
            rules: Arc::new(view.rules.clone()),
            snapshot: Box::new(self.snapshot(view)),
        };
        if let State::Playing(child) = &self.state {
            child.tell(line(&Message::Begin(Box::new(begin))));
        }
        true
    }

    fn snapshot(&self, view: &View<'_>) -> Snapshot {
        let universe = Universe {
            id: self.universe.clone(),
            tick_delay_ms: 0,
            rules: view.rules.name.clone(),
        };
        Snapshot::of(
            &universe,
            view.map,
            view.board,
            sector_sim::digest::digest_of(view.map, view.board),
        )
    }

    fn message(&self, view: &View<'_>, turn: &Turn, is_first: bool) -> Arc<[u8]> {
        let (mut delta, mut snapshot) = (None, None);
        match &self.shown {
            _ if is_first => {}
            Some(shown) if shown.tick() + 1 == view.board.tick() => {
                let between = Delta::between(&self.universe, view.map, shown, view.board);
                delta = Some(Box::new(between.narrated(view.map, view.board)));
            }
            _ => snapshot = Some(Box::new(self.snapshot(view))),
        }
        let missed = self.missed + turn.missed;
        line(&Message::Turn(sector_client::stdio::Turn {
            tick: turn.tick,
            missed,
            delta,
            snapshot,
        }))
    }

    /// Waits for the answer to a turn. Records faults and keeps waiting until the time is up.
    fn answer(&mut self, tick: u64, asked: Instant, until: Instant) -> Option<Reply> {
        loop {
            let State::Playing(child) = &mut self.state else { return None };
            let said = child.listen(until);
            let fault = match said {
                // Too late, valid or not.
                Said::Line(_, when) if when > until => late(asked, until),
                Said::Line(line, when) => match Reply::parse(&line) {
                    Ok(reply) if reply.tick == tick => {
                        let us = when.saturating_duration_since(asked).as_micros();
                        self.account.turns_us.push((tick, u64::try_from(us).unwrap_or(u64::MAX)));
                        self.missed = 0;
                        return Some(reply);
                    }
                    // The late answer to a missed turn.
                    Ok(reply) if reply.tick < tick && tick - reply.tick <= self.missed => continue,
                    Ok(reply) => (FaultKind::Rubbish, format!("an answer for tick {}", reply.tick)),
                    Err(error) => {
                        (FaultKind::Rubbish, format!("invalid answer {}: {error}", shown(&line)))
                    }
                },
                Said::Nothing => late(asked, until),
                Said::TooLong => {
                    let what = format!("a line of more than {LINE_BYTES_MAX} bytes");
                    self.out(tick, FaultKind::Flooded, what);
                    return None;
                }
                Said::Ended => {
                    let (status, words) = child.leave();
                    let words = words.unwrap_or_default();
                    let kind = if speaks_of_memory(&words) {
                        FaultKind::Memory
                    } else {
                        FaultKind::Crashed
                    };
                    let said = if words.is_empty() { String::new() } else { format!(": {words}") };
                    self.out(tick, kind, format!("it {}{said}", ending(status)));
                    return None;
                }
            };
            let (kind, what) = fault;
            let is_late = kind == FaultKind::TimedOut;
            self.missed += u64::from(is_late);
            if self.account.times(kind) < FORGIVEN {
                self.account.blame(tick, kind, what, false);
            } else {
                self.out(tick, kind, what);
            }
            if is_late {
                return None;
            }
        }
    }

    fn accept(&mut self, tick: u64, mut reply: Reply) -> Vec<Order> {
        let given = reply.orders.len();
        if given > ORDERS_MAX {
            let what = format!("more than {ORDERS_MAX} orders (got {given}); the rest was dropped");
            self.account.blame(tick, FaultKind::Flooded, what, false);
            reply.orders.truncate(ORDERS_MAX);
        }
        let mut orders = Vec::with_capacity(reply.orders.len());
        for order in reply.orders(self.account.faction) {
            match order {
                Ok(order) => orders.push(order),
                Err(what) => self.account.malform(&what.to_string()),
            }
        }
        self.account.orders += orders.len() as u64;
        orders
    }

    /// Stops the program for the rest of the game.
    fn out(&mut self, tick: u64, kind: FaultKind, what: String) {
        self.account.blame(tick, kind, what, true);
        if let State::Playing(child) = &mut self.state {
            child.kill();
            let stderr = child.stderr();
            self.account.close(stderr);
        }
        self.state = State::Out;
    }

    fn count_refused(&mut self, view: &View<'_>) {
        for event in view.board.events() {
            if let Event::OrderRefused { faction, code, .. } = event
                && *faction == view.me
            {
                self.account.refuse(code.sentence());
            }
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Process").field("program", &self.program).finish_non_exhaustive()
    }
}

/// A program as a strategy; clones share the program.
#[derive(Clone, Debug)]
pub(crate) struct Chair(Arc<Mutex<Process>>);

impl Chair {
    pub(crate) fn new(process: Process) -> Chair {
        Chair(Arc::new(Mutex::new(process)))
    }

    pub(crate) fn process(&self) -> MutexGuard<'_, Process> {
        self.0.lock()
    }
}

impl Strategy for Chair {
    fn name(&self) -> &'static str {
        "exec"
    }

    fn orders(&mut self, view: &View<'_>, turn: &Turn) -> Vec<Order> {
        self.process().orders(view, turn)
    }
}

fn late(asked: Instant, until: Instant) -> (FaultKind, String) {
    let ms = until.saturating_duration_since(asked).as_millis();
    (FaultKind::TimedOut, format!("no answer within {ms} ms"))
}

/// A message as a line.
fn line(message: &Message) -> Arc<[u8]> {
    // Only names, integers and lists of them, which cannot fail.
    let mut text = serde_json::to_vec(message).unwrap_or_default();
    text.push(b'\n');
    text.into()
}

/// The start of a line, in quotes.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let cut: String = text.chars().take(SHOWN_CHARS).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{cut:?}{more}")
}
