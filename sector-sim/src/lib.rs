//! The rules of a sector as a pure, deterministic simulation.
//!
//! A sector is a map of star systems joined by lanes, on which factions fight until one prevails. The same rules,
//! seed and orders give the same history, bit for bit, on every platform: there are no floats, clocks or input
//! and output in here, no threads unless asked for, and every random draw is a pure function of what it is for.
//!
//! ```
//! use sector_sim::{Mirror, Delta, Rules, Snapshot, Universe, World};
//!
//! let mut world = World::new(Rules::classic().into(), 7).unwrap();
//! let universe = Universe { id: "u-1".into(), tick_delay_ms: 300, rules: "classic".into() };
//! let snapshot = Snapshot::of(&universe, world.map(), world.board(), world.digest());
//!
//! // From a snapshot, follow by deltas.
//! let mut mirror = Mirror::new(&snapshot).unwrap();
//! for _ in 0..10 {
//!     world.step(&[]);
//!     mirror.apply(&Delta::of("u-1", &world)).unwrap();
//! }
//! assert_eq!(mirror.digest(), world.digest());
//! assert!(mirror.is_exact());
//! ```
//!
//! # Where to begin
//! | to | look at |
//! |---|---|
//! | run a sector tick by tick | [`World::step`], and [`World::step_watched`] for each phase |
//! | play a whole match in memory | [`Game`], with a [`strategy()`] in each seat |
//! | write a computer player | [`Strategy`], and the table at [`View`] of all that it can ask |
//! | record, read and verify a run | [`replay::Writer`], [`Replay`], [`verify`] |
//! | ask what would have been | [`Fork`] |
//! | trust a result | [`check_orders`] and [`check_game`]: the same run beside one that is saved and restored |
//! | sweep over rules | [`Rules::ranges`], [`Rules::set`], [`Rules::from_toml`] |
//! | show a sector elsewhere | [`Snapshot`], [`Delta`], [`Mirror`], [`narrate()`] |
//!
//! A study in a few lines: how often does the first faction win when it plays another style, on the same maps?
//!
//! ```
//! use sector_sim::{FactionId, Game, Rules, Size, World, strategy};
//!
//! let rules = Rules::classic();
//! let first = FactionId::starter(0).unwrap();
//! let wins = |style: &'static str| {
//!     let won = (0..4).filter(|&seed| {
//!         let size = Size { systems: 12, factions: 2 };
//!         let world = World::with_size(rules.clone().into(), seed, size).unwrap();
//!         let rules = rules.clone();
//!         let mut game = Game::new(world, Box::new(move |_, faction| {
//!             let name = if faction == first { style } else { "classic" };
//!             strategy(name, rules.personality(faction.index())).unwrap()
//!         }));
//!         game.play(2_000).is_some_and(|outcome| outcome.winner == Some(first))
//!     });
//!     won.count()
//! };
//! assert!(wins("idle") < wins("greedy"));
//! ```
//!
//! # On several threads
//! The engine computes on the thread that calls it. With the feature `parallel`, which is off by default, it uses the
//! threads of `rayon` for what is pure and large: on maps of 2 048 systems and more the players of a [`Game`] decide at
//! the same time, and the routes of a tick's orders are planned at the same time; where a tick changes that many systems
//! or fleets, they are hashed at the same time. Results are put in order by index, so that the history is the same, bit
//! for bit. It is for one large sector; many small ones are better played in parallel.

mod bits;
mod board;
mod check;
mod delta;
mod digest;
mod draw;
mod event;
mod fleets;
mod game;
mod ids;
mod json;
mod ledger;
mod map;
mod mirror;
mod names;
mod narrate;
mod order;
#[cfg(feature = "parallel")]
mod parallel;
pub mod replay;
mod route;
mod rules;
mod run_end;
mod snapshot;
mod step;
mod strategy;
mod units;
mod view;
mod world;

pub use board::{Board, Faction, HISTORY_LENGTH, Outcome, System};
pub use check::{
    CheckError, Checked, Checker, Comparison, Difference, Divergence, GameChecker, Plan,
    check_game, check_orders, delta_differences, snapshot_differences,
};
pub use delta::Delta;
pub use digest::{BadDigest, Digest, digest_of};
pub use draw::{Draw, Purpose, next_seed};
pub use event::{Cause, Event};
pub use fleets::{Fleet, Fleets, Place};
pub use game::{Fork, ForkError, Game, Seated, Seating};
pub use ids::{
    FACTION_IDS, FactionId, FactionKind, FleetId, MAX_SPLINTERS, MAX_STARTERS, SystemId,
    UnknownFactionId,
};
pub use map::{Kind, Lane, MAX_SYSTEMS, Map, MapError, Neighbour, SIDE, Site, UNREACHED};
pub use mirror::{Mirror, MirrorError};
pub use names::{faction_color, faction_name};
pub use narrate::narrate;
pub use order::{
    Amount, CLIENT_ID_MAX, Command, Focus, FormError, Order, OrderForm, OrderKind, REASON_MAX,
    Refusal,
};
pub use replay::journal::{REPLAY_FORMAT, REPLAY_VERSION, Record, read_header};
pub use replay::{Header, Replay, ReplayError, Verified, verify};
pub use route::Planner;
pub use rules::*;
pub use run_end::RunEnd;
pub use snapshot::{
    FactionForm, FleetForm, HistoryEntry, ResultForm, Snapshot, SnapshotError, SystemChange,
    SystemForm, Universe,
};
pub use step::{
    Phase, Report, attack_odds, economy, garrison_limit, output, rebellion_chance, weighed,
};
pub use strategy::{
    Classic, Greedy, Idle, Lookahead, Raider, Random, Reach, Reached, Resistance, STRATEGIES,
    Scout, Stack, Strategy, Style, StyleError, Turn, Turtle, UnknownStrategy, strategy,
};
pub use units::{ONE, ratio, scale};
pub use view::{BattlePreview, Threat, View};
pub use world::{Size, World, WorldError};

/// The greatest seed: 2^53 − 1, the greatest integer that every JSON reader holds exactly.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// The examples of the front page, so that they are run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct FrontPage;
