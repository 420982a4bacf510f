//! A running sector: board, rules and the incremental bookkeeping that makes the cost of a tick
//! follow activity.
//!
//! `Work` is derived from the board, the map and the rules and is not part of the state.
//! [`World::restore`] rebuilds it from a snapshot; a restored world continues exactly like the
//! original.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::bits::Bits;
use crate::board::{Board, Faction, Fleet, Place, Slot};
use crate::digest::{Digest, Hashes};
use crate::ids::{FACTION_IDS, FactionId, FleetId, SystemId};
use crate::map::{Map, MapError, Planner};
use crate::names::faction_name;
use crate::rules::{Rules, RulesError};
use crate::snapshot::{AMOUNT_MAX, Snapshot, SnapshotError, contradiction};
use crate::step::Report;

/// Reason why a world cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Invalid rules.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// The map cannot be generated.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The snapshot cannot be resumed.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The seed is too large.
    #[error("seed = {0} is not allowed; allowed are 0 to 9007199254740991")]
    Seed(u64),
}

/// Size of a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Number of systems, 2 to 200,000.
    pub systems: u32,
    /// Number of starting factions, 2 to 64.
    pub factions: u8,
}

impl Size {
    /// Default size of these rules.
    #[must_use]
    pub fn standard(rules: &Rules) -> Size {
        Size { systems: rules.map.systems as u32, factions: rules.map.factions as u8 }
    }
}

/// A sector with its rules.
#[derive(Clone, Debug)]
pub struct World {
    pub(crate) rules: Arc<Rules>,
    pub(crate) map: Arc<Map>,
    pub(crate) board: Board,
    pub(crate) work: Work,
    pub(crate) report: Report,
}

/// Derived data kept between ticks to find what may change.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// Systems whose state may have changed in this tick.
    pub(crate) touched: Bits,
    /// Systems that may still change without outside influence.
    pub(crate) awake: Bits,
    /// Systems with foreign fleets or an occupation.
    pub(crate) watched: Bits,
    /// Systems where a fleet appeared since the last battles.
    pub(crate) arrived: Bits,
    /// Systems where a fleet appeared since fleets last merged.
    pub(crate) crowded: Bits,
    /// Fleets, by slot, whose strength may change through upkeep.
    pub(crate) unrested: Bits,
    /// Fleets, by slot, that may have changed in this tick.
    pub(crate) touched_fleets: Bits,
    /// Fleets removed since the start of the tick.
    pub(crate) removed: Vec<(FleetId, Slot)>,
    /// Fleets on lanes by arrival tick, modulo the length of the list.
    pub(crate) arrivals: Vec<Vec<Slot>>,
    /// Fleets at a system that have a route to follow.
    pub(crate) ready: Vec<Slot>,
    /// Systems captured in this tick: new and previous owner.
    pub(crate) captures: Vec<(SystemId, FactionId, Option<FactionId>)>,
    /// Factions, as a bit set, whose systems must all be re-evaluated.
    pub(crate) wake: u128,
    /// Factions, as a bit set, whose economy must be recomputed.
    pub(crate) stirred: u128,
    /// Contribution of each system to its owner's economy.
    pub(crate) outputs: Vec<i64>,
    /// Sum of the contributions of each faction's systems.
    pub(crate) faction_outputs: [i64; FACTION_IDS],
    /// Total value of all systems.
    pub(crate) total_value: i64,
    pub(crate) hashes: Hashes,
    pub(crate) planner: Planner,
    /// Scratch lists, reused to avoid allocations.
    pub(crate) list: Vec<u32>,
    pub(crate) route: Vec<SystemId>,
    pub(crate) sides: Vec<Side>,
    pub(crate) builders: Vec<(SystemId, u8)>,
    pub(crate) eliminated: Vec<(u32, FactionId)>,
    #[cfg(feature = "parallel")]
    pub(crate) ahead: crate::step::Ahead,
    #[cfg(feature = "parallel")]
    pub(crate) derived: Vec<crate::step::Derived>,
    #[cfg(feature = "parallel")]
    pub(crate) fleet_hashes: Vec<u64>,
}

/// The fleets of one faction at one system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    pub(crate) strength: i64,
    pub(crate) faction: FactionId,
    /// Lowest id of its fleets at the system.
    first: FleetId,
}

impl Side {
    /// Fills `sides` with the factions of these fleets, which must be ordered by id. Strongest side
    /// first; ties go to the side with the lowest fleet id.
    pub(crate) fn line_up<'a>(sides: &mut Vec<Side>, fleets: impl Iterator<Item = &'a Fleet>) {
        sides.clear();
        for fleet in fleets {
            match sides.iter_mut().find(|side| side.faction == fleet.owner) {
                Some(side) => side.strength = side.strength.saturating_add(fleet.strength),
                None => sides.push(Side {
                    strength: fleet.strength,
                    faction: fleet.owner,
                    first: fleet.id,
                }),
            }
        }
        sides.sort_unstable_by_key(|side| (Reverse(side.strength), side.first));
    }
}

impl Work {
    fn new(map: &Map) -> Work {
        let systems = map.len();
        let longest = map.lanes().iter().map(|lane| usize::from(lane.ticks)).max().unwrap_or(1);
        // A power of two, so that the arrival list is found without a division.
        let wheel = (longest + 1).next_power_of_two();
        Work {
            touched: Bits::new(systems),
            awake: Bits::new(systems),
            watched: Bits::new(systems),
            arrived: Bits::new(systems),
            crowded: Bits::new(systems),
            unrested: Bits::default(),
            touched_fleets: Bits::default(),
            removed: Vec::new(),
            arrivals: vec![Vec::new(); wheel],
            ready: Vec::new(),
            captures: Vec::new(),
            wake: 0,
            stirred: u128::MAX,
            outputs: vec![0; systems],
            faction_outputs: [0; FACTION_IDS],
            total_value: map.sites().iter().map(|site| i64::from(site.value)).sum(),
            hashes: Hashes::new(map),
            planner: Planner::new(systems),
            list: Vec::new(),
            route: Vec::new(),
            sides: Vec::new(),
            builders: Vec::new(),
            eliminated: Vec::new(),
            #[cfg(feature = "parallel")]
            ahead: crate::step::Ahead::default(),
            #[cfg(feature = "parallel")]
            derived: Vec::new(),
            #[cfg(feature = "parallel")]
            fleet_hashes: Vec::new(),
        }
    }
}

impl World {
    /// A new sector of the default size.
    ///
    /// # Errors
    /// [`WorldError`] for invalid rules or a seed above [`crate::draw::MAX_SEED`].
    pub fn new(rules: Arc<Rules>, seed: u64) -> Result<World, WorldError> {
        let size = Size::standard(&rules);
        World::with_size(rules, seed, size)
    }

    /// A new sector of the given size.
    ///
    /// # Errors
    /// [`WorldError`] for invalid rules, an invalid size or a seed above [`crate::draw::MAX_SEED`].
    pub fn with_size(rules: Arc<Rules>, seed: u64, size: Size) -> Result<World, WorldError> {
        rules.check()?;
        if seed > crate::draw::MAX_SEED {
            return Err(WorldError::Seed(seed));
        }
        let map = Arc::new(Map::generate(&rules.map, seed, size.systems, size.factions)?);
        let mut board = Board::new(seed, map.len());
        for (system, site) in board.systems.iter_mut().zip(map.sites()) {
            system.stability = rules.start.stability;
            system.garrison = rules.start.neutral_garrison_per_value * i64::from(site.value);
        }
        let mut world =
            World { work: Work::new(&map), rules, map, board, report: Report::default() };
        world.found_starters();
        world.rebuild();
        Ok(world)
    }

    fn found_starters(&mut self) {
        let start = self.rules.start.clone();
        // The first fleets get their ids in system order, not in faction order.
        let seats = (0..crate::ids::MAX_STARTERS).filter_map(FactionId::starter);
        let mut homes: Vec<(SystemId, FactionId)> =
            self.map.homes().iter().copied().zip(seats).collect();
        homes.sort_unstable();
        for (home, id) in homes {
            let mut faction = Faction::new(id, faction_name(self.board.seed, id).into());
            faction.home = Some(home);
            self.board.put_faction(faction);
            let system = &mut self.board.systems[home.index()];
            system.owner = Some(id);
            system.garrison = start.home_garrison;
            system.maturity = start.home_maturity;
            let fleet = self.board.next_fleet_id;
            self.board.next_fleet_id = FleetId(fleet.0 + 1);
            self.board.fleets.insert(Fleet {
                id: fleet,
                owner: id,
                strength: start.fleet,
                max_strength: start.fleet,
                place: Place::At(home),
                route: Vec::new(),
            });
        }
    }

    /// Resumes a sector from a snapshot.
    ///
    /// # Errors
    /// [`WorldError::Snapshot`] when the snapshot is inconsistent, does not match its digest or
    /// names other rules.
    pub fn restore(rules: Arc<Rules>, snapshot: &Snapshot) -> Result<World, WorldError> {
        rules.check()?;
        if snapshot.rules != rules.name {
            return Err(SnapshotError::Rules {
                snapshot: snapshot.rules.clone(),
                given: rules.name.clone(),
            }
            .into());
        }
        let (map, board) = snapshot.board()?;
        leaves_room(&board)?;
        let world = World::resume(rules, Arc::new(map), board);
        if world.digest() != snapshot.digest {
            return Err(
                SnapshotError::Digest { found: world.digest(), expected: snapshot.digest }.into()
            );
        }
        Ok(world)
    }

    /// Resumes from a state that is known to fit the map and the rules.
    pub(crate) fn resume(rules: Arc<Rules>, map: Arc<Map>, board: Board) -> World {
        let mut world =
            World { work: Work::new(&map), rules, map, board, report: Report::default() };
        world.rebuild();
        world
    }

    /// Recomputes all derived data from the state.
    fn rebuild(&mut self) {
        for faction in &mut self.board.factions {
            (faction.systems, faction.value, faction.fleets, faction.strength) = (0, 0, 0, 0);
        }
        for index in 0..self.board.systems.len() {
            let system = SystemId(index as u32);
            self.work.touched.insert(index);
            self.work.awake.insert(index);
            self.work.watched.insert(index);
            if let Some(owner) = self.board.systems[index].owner
                && let Some(faction) = self.board.faction_mut(owner)
            {
                faction.systems += 1;
                faction.value += i64::from(self.map.sites()[system.index()].value);
            }
        }
        let slots: Vec<Slot> = self.board.fleets.slots_by_id().collect();
        self.work.grow_fleets(self.board.fleets.slots());
        for slot in slots {
            let fleet = self.board.fleets.at_slot(slot).clone();
            if let Some(faction) = self.board.faction_mut(fleet.owner) {
                faction.fleets += 1;
                faction.strength = faction.strength.saturating_add(fleet.strength);
            }
            self.work.unrested.insert(slot as usize);
            self.work.touched_fleets.insert(slot as usize);
            match fleet.place {
                Place::At(system) => {
                    self.work.arrived.insert(system.index());
                    self.work.crowded.insert(system.index());
                    if !fleet.route.is_empty() {
                        self.work.ready.push(slot);
                    }
                }
                Place::Lane { arrives, .. } => self.work.await_arrival(slot, arrives),
            }
        }
        crate::step::close(self);
        self.report = Report { digest: self.report.digest, ..Report::default() };
    }

    /// Rules of the sector.
    #[must_use]
    pub fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// Systems and lanes.
    #[must_use]
    pub fn map(&self) -> &Arc<Map> {
        &self.map
    }

    /// Current state.
    #[must_use]
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// Ticks since the universe began.
    #[must_use]
    pub fn tick(&self) -> u64 {
        self.board.tick
    }

    /// Digest of the whole state: equal states have equal digests.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.report.digest
    }

    /// Report of the last step.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

impl Work {
    pub(crate) fn grow_fleets(&mut self, slots: usize) {
        self.unrested.grow(slots);
        self.touched_fleets.grow(slots);
        self.hashes.grow_fleets(slots);
    }

    pub(crate) fn await_arrival(&mut self, slot: Slot, tick: u64) {
        let index = self.arrivals_at(tick);
        self.arrivals[index].push(slot);
    }

    /// Index of the arrival list of a tick.
    pub(crate) fn arrivals_at(&self, tick: u64) -> usize {
        tick as usize & (self.arrivals.len() - 1)
    }
}

/// Rejects a state without headroom: fleets merge and stocks grow, so the sum of all amounts must
/// stay well below the limit of a delta.
fn leaves_room(board: &Board) -> Result<(), SnapshotError> {
    let fleets = board.fleets().iter().map(|fleet| fleet.max_strength);
    let systems = board.systems().iter().map(|system| system.garrison);
    let factions =
        board.factions().iter().flat_map(|faction| [faction.build_stock, faction.domination_ticks]);
    let total: i128 = fleets.chain(systems).chain(factions).map(i128::from).sum();
    if total > i128::from(AMOUNT_MAX / 2) {
        let most = AMOUNT_MAX / 2;
        return Err(contradiction(format!(
            "the sum of all amounts is {total}; allowed are 0 to {most}"
        )));
    }
    Ok(())
}
