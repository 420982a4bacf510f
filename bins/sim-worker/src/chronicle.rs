//! What a run leaves behind: the event of its end, its summary and its award.

use sector_redis::{Award, Claim, UniverseId};
use sector_sim::World;
use sector_sim::snapshot::RunEnd;
use sector_wire::{RunDocument, RunPlayer, SeatFault, UnratedReason, VICTORY, Victory, began_ms};
use serde::Serialize;

use crate::config::Config;
use crate::error::Error;

/// Least number of players in a rated game.
const OPPONENTS_MIN: usize = 2;

/// Texts committed with the last tick of a run.
pub(crate) struct Ending {
    pub(crate) run_end: String,
    pub(crate) summary: String,
    pub(crate) awards: Vec<Award>,
}

/// What a seat needs to count.
pub(crate) struct Demands {
    /// Absence after which a claim lapses, in milliseconds.
    pub(crate) idle_ms: u64,
    /// Longest absence at the end of the run, in milliseconds.
    pub(crate) away_ms: u64,
    /// Least share of the run, per mille.
    pub(crate) share: u32,
}

impl Demands {
    pub(crate) fn of(config: &Config) -> Demands {
        Demands {
            idle_ms: config.claim_idle_seconds.0.saturating_mul(1_000),
            away_ms: config.victory_presence_seconds.0.saturating_mul(1_000),
            share: u32::from(config.victory_share_percent) * 10,
        }
    }

    /// A seat as the record of a run shows it that lasted from `began_ms` to `ended_ms`.
    fn judge(&self, seat: &Claim, began_ms: u64, ended_ms: u64) -> RunPlayer {
        let held = ended_ms.saturating_sub(seat.since_ms.max(began_ms));
        let lasted = ended_ms.saturating_sub(began_ms).max(1);
        let share = u32::try_from(held.saturating_mul(1_000) / lasted).unwrap_or(u32::MAX);
        let share = if seat.since_ms <= began_ms { 1_000 } else { share };
        let away = ended_ms.saturating_sub(seat.seen_ms);
        let reason = if away >= self.idle_ms {
            Some(SeatFault::Lapsed)
        } else if share < self.share {
            Some(SeatFault::HeldTooBriefly)
        } else if away > self.away_ms {
            Some(SeatFault::AwayAtTheEnd)
        } else {
            None
        };
        RunPlayer {
            faction: seat.faction.clone(),
            player: seat.player.clone(),
            since_ms: Some(seat.since_ms),
            seen_ms: Some(seat.seen_ms),
            share: Some(share),
            counts: reason.is_none(),
            reason,
        }
    }
}

/// The ending of a run, if it has ended. `seats` are all claims, lapsed ones included.
pub(crate) fn ending(
    universe: &UniverseId,
    world: &World,
    next_universe_in_ms: u64,
    ended_at_ms: u64,
    seats: &[Claim],
    demands: &Demands,
) -> Result<Option<Ending>, Error> {
    let Some(run_end) = RunEnd::of(universe, world, Some(next_universe_in_ms)) else {
        return Ok(None);
    };
    let RunEnd { winner, cause, tick, .. } = run_end;
    let name = winner
        .and_then(|winner| world.board().faction(winner))
        .map(|faction| faction.name.to_string());
    let began_ms = began_ms(universe.as_str()).unwrap_or(ended_at_ms);
    let players: Vec<RunPlayer> =
        seats.iter().map(|seat| demands.judge(seat, began_ms, ended_at_ms)).collect();
    let is_rated = players.iter().filter(|seat| seat.counts).count() >= OPPONENTS_MIN;
    let (seed, digest) = (world.board().seed(), world.digest().to_string());
    let summary = RunDocument {
        universe_id: universe.to_string(),
        running: false,
        seed,
        systems: count(world.map().len()),
        factions: count(world.map().homes().len()),
        ticks: tick,
        winner,
        winner_name: name,
        cause: Some(cause),
        digest,
        ended_at_ms: Some(ended_at_ms),
        rated: Some(is_rated),
        unrated_reason: (!is_rated).then_some(UnratedReason::TooFewPlayers),
        players,
    };
    let award = |victory: Victory| {
        Ok::<_, Error>(Award {
            universe: universe.clone(),
            faction: winner.map(|winner| winner.to_string()).unwrap_or_default(),
            award: VICTORY.to_owned(),
            body: text(&victory)?,
        })
    };
    let awards = summary.victory().into_iter().map(award).collect::<Result<_, _>>()?;
    Ok(Some(Ending { run_end: text(&run_end)?, summary: text(&summary)?, awards }))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// What the engine writes as JSON: deltas and snapshots, several times as fast as through `serde_json`.
///
/// # Errors
/// [`Error::NotUtf8`] if it is not text: a fault of the engine, and nothing may be committed then.
pub(crate) fn written(write: impl FnOnce(&mut Vec<u8>)) -> Result<String, Error> {
    let mut json = Vec::new();
    write(&mut json);
    Ok(String::from_utf8(json)?)
}

/// A value as JSON.
///
/// # Errors
/// [`Error::Json`] when it cannot be written: nothing may be committed then.
pub(crate) fn text(value: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMANDS: Demands = Demands { idle_ms: 600_000, away_ms: 60_000, share: 500 };

    /// The fault of a seat in a run from 1,000 s to 2,000 s.
    fn fault(since_s: u64, seen_s: u64) -> Option<SeatFault> {
        let seat = Claim {
            faction: "F1".into(),
            player: "p".into(),
            since_ms: since_s * 1_000,
            seen_ms: seen_s * 1_000,
        };
        let judged = DEMANDS.judge(&seat, 1_000_000, 2_000_000);
        assert_eq!(judged.counts, judged.reason.is_none());
        judged.reason
    }

    #[test]
    fn only_a_player_who_held_the_seat_long_enough_and_is_there_wins() {
        assert_eq!(fault(1_000, 2_000), None);
        assert_eq!(fault(1_500, 1_940), None);
        assert_eq!(fault(1_501, 2_000), Some(SeatFault::HeldTooBriefly));
        assert_eq!(fault(1_997, 2_000), Some(SeatFault::HeldTooBriefly));
        assert_eq!(fault(1_000, 1_939), Some(SeatFault::AwayAtTheEnd));
        assert_eq!(fault(1_000, 1_401), Some(SeatFault::AwayAtTheEnd));
        assert_eq!(fault(1_000, 1_400), Some(SeatFault::Lapsed));
    }

    #[test]
    fn an_id_says_when_the_universe_began() {
        assert_eq!(began_ms("u-19ab2c3d4e5-0badf00d"), Some(0x19a_b2c3_d4e5));
        assert_eq!(began_ms("u-1"), None);
    }
}
