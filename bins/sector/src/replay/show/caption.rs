//! Caption of a map.

use sector_sim::event::narrate;
use sector_sim::replay::Replay;
use sector_sim::{Event, World};

/// Caption of a map.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    universe: String,
    tick: u64,
    last_tick: u64,
    seed: u64,
    rules: String,
    digest: String,
    /// Events of the tick, notable ones first.
    pub(crate) events: Vec<String>,
}

impl Caption {
    pub(crate) fn of(replay: &Replay, world: &World) -> Caption {
        let header = replay.header();
        let board = world.board();
        let is_told = |event: &&Event| {
            event.is_notable()
                || matches!(
                    event,
                    Event::OccupationStarted { .. }
                        | Event::OccupationLost { .. }
                        | Event::FleetBuilt { .. }
                )
        };
        let mut told: Vec<&Event> = board.events().iter().filter(is_told).collect();
        told.sort_by_key(|event| !event.is_notable());
        Caption {
            universe: header.universe_id.clone(),
            tick: world.tick(),
            last_tick: replay.ticks().last().map_or(0, |tick| tick.tick),
            seed: header.seed,
            rules: world.rules().name.to_string(),
            digest: world.digest().to_string(),
            events: told.into_iter().map(|event| narrate(world.map(), board, event)).collect(),
        }
    }

    /// First line.
    pub(crate) fn title(&self) -> String {
        format!("Sector {} · tick {} of {}", self.universe, self.tick, self.last_tick)
    }

    /// Second line.
    pub(crate) fn details(&self) -> String {
        format!("seed {} · rules {} · digest {}", self.seed, self.rules, self.digest)
    }
}
