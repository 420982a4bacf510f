//! What is said of a tick beside its map.

use sector_sim::replay::Replay;
use sector_sim::{Event, World, narrate};

/// A strength in thousands, with one digit behind the point.
pub(crate) fn thousands(milli: i64) -> String {
    format!("{}.{}k", milli / 1000, milli % 1000 / 100)
}

/// The words to a picture.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    universe: String,
    tick: u64,
    last_tick: u64,
    seed: u64,
    rules: String,
    digest: String,
    /// What happened in the tick, the most notable first.
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

    /// The first line.
    pub(crate) fn title(&self) -> String {
        format!("Sector {} · tick {} of {}", self.universe, self.tick, self.last_tick)
    }

    /// The second.
    pub(crate) fn details(&self) -> String {
        format!("seed {} · rules {} · digest {}", self.seed, self.rules, self.digest)
    }
}
