//! Renders events in English.

use crate::board::Board;
use crate::event::{Cause, Event};
use crate::ids::{FactionId, SystemId};
use crate::map::Map;
use crate::order::OrderKind;

/// One sentence for an event, with the names of this sector.
#[must_use]
pub fn narrate(map: &Map, board: &Board, event: &Event) -> String {
    let system =
        |id: &SystemId| map.sites().get(id.index()).map_or("an unknown system", |site| &site.name);
    let faction =
        |id: &FactionId| board.faction(*id).map_or("an unknown faction", |faction| &faction.name);
    match event {
        Event::Launched { fleet, faction: owner, from, to, .. } => {
            format!(
                "Fleet {fleet} of {} leaves {} for {}.",
                faction(owner),
                system(from),
                system(to)
            )
        }
        Event::Arrived { fleet, faction: owner, system: at } => {
            format!("Fleet {fleet} of {} reaches {}.", faction(owner), system(at))
        }
        Event::Battle { system: at, attacker, defender, winner, attack, defence, .. } => {
            let (attack, defence) = (strength(*attack), strength(*defence));
            let (attacking, defending) = (faction(attacker), faction(defender));
            if winner == attacker {
                format!("{attacking} ({attack}) crushes {defending} ({defence}) at {}.", system(at))
            } else {
                format!(
                    "{defending} ({defence}) throws back {attacking} ({attack}) at {}.",
                    system(at)
                )
            }
        }
        Event::OccupationStarted { system: at, faction: by } => {
            format!("{} occupies {}.", faction(by), system(at))
        }
        Event::OccupationLost { system: at, faction: by } => {
            format!("{} loses its hold on {}.", faction(by), system(at))
        }
        Event::Captured { system: at, faction: by, from: Some(from) } => {
            format!("{} takes {} from {}.", faction(by), system(at), faction(from))
        }
        Event::Captured { system: at, faction: by, from: None } => {
            format!("{} claims {}.", faction(by), system(at))
        }
        Event::Rebelled { system: at, from, to } => {
            format!("{} rises against {} and joins {}.", system(at), faction(from), faction(to))
        }
        Event::Seceded { system: at, from, to } => {
            format!("{} breaks away from {} under {}.", system(at), faction(from), faction(to))
        }
        Event::FleetBuilt { fleet, faction: owner, system: at, strength: built } => {
            format!(
                "{} musters fleet {fleet} ({}) at {}.",
                faction(owner),
                strength(*built),
                system(at)
            )
        }
        Event::OrderApplied { faction: by, kind, fleet: Some(fleet), .. } => {
            format!("{}: fleet {fleet} obeys the order to {}.", faction(by), verb(*kind))
        }
        Event::OrderApplied { faction: by, kind, fleet: None, .. } => {
            format!("{}: the order to {} is carried out.", faction(by), verb(*kind))
        }
        Event::OrderRefused { faction: by, kind, code, .. } => {
            format!(
                "{}: the order to {} is refused: {}.",
                faction(by),
                verb(*kind),
                code.sentence()
            )
        }
        Event::Eliminated { faction: lost } => format!("{} is no more.", faction(lost)),
        Event::RunEnded { winner: Some(winner), cause } => {
            let winner = faction(winner);
            match cause {
                Cause::Domination => format!("{winner} dominates the sector. The war is over."),
                Cause::LastStanding => format!("{winner} alone is left. The war is over."),
                Cause::TickLimit => format!("Exhaustion ends the war. {winner} holds the most."),
            }
        }
        Event::RunEnded { winner: None, .. } => "Nobody is left. The war is over.".to_owned(),
    }
}

const fn verb(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Move => "move",
        OrderKind::Cancel => "halt",
        OrderKind::Muster => "muster",
        OrderKind::Focus => "change focus",
    }
}

/// A strength in thousands with one decimal: 12 345 is `12.3k`.
fn strength(milli: i64) -> String {
    format!("{}.{}k", milli / 1000, milli % 1000 / 100)
}
