//! Kinds of systems: relic, forge and hive worlds.
//!
//! They are drawn among all systems except the homes, as many per 30 systems as the rules say,
//! rounded. Then they are swapped with normal systems until the zones of the homes have about the
//! same share.

use crate::draw::Draw;
use crate::ids::SystemId;
use crate::map::Kind;
use crate::map::zones::{Zones, extremes};
use crate::rules::MapRules;

/// Weight of a kind when zones are compared: roughly its extra yield, in tenths.
const fn weight(kind: Kind) -> u32 {
    match kind {
        Kind::Normal => 0,
        Kind::Relic => 8,
        Kind::Forge => 4,
        Kind::Hive => 2,
    }
}

/// Kind of each system.
pub(super) fn kinds(
    systems: u32,
    homes: &[SystemId],
    zones: &Zones,
    rules: &MapRules,
    draw: &mut Draw,
) -> Vec<Kind> {
    let mut kinds = vec![Kind::Normal; systems as usize];
    let mut open: Vec<u32> =
        (0..systems).filter(|system| !homes.contains(&SystemId(*system))).collect();
    draw.shuffle(&mut open);
    let mut open = open.into_iter();
    let shares = [
        (Kind::Relic, rules.relics_per_30),
        (Kind::Forge, rules.forges_per_30),
        (Kind::Hive, rules.hives_per_30),
    ];
    for (kind, per_30) in shares {
        let count = (u64::from(systems) * per_30.unsigned_abs() + 15) / 30;
        for system in open.by_ref().take(count as usize) {
            kinds[system as usize] = kind;
        }
    }
    even_out(&mut kinds, homes, zones);
    kinds
}

/// Swaps two systems of different zones as long as that reduces the difference between the richest
/// and the poorest zone.
fn even_out(kinds: &mut [Kind], homes: &[SystemId], zones: &Zones) {
    for _ in 0..zones.homes * 4 {
        let kind = |index: usize| kinds[zones.systems[index] as usize];
        let spread = |sums: &[u32]| {
            let (least, most) = extremes(sums);
            sums[most] - sums[least]
        };
        let sums = zones.sums((0..zones.systems.len()).map(|index| weight(kind(index))));
        let (poorest, richest) = extremes(&sums);
        let only = |inside: usize, outside: usize| {
            (0..zones.systems.len()).filter(move |index| {
                let mask = zones.members[*index];
                mask >> inside & 1 == 1
                    && mask >> outside & 1 == 0
                    && !homes.contains(&SystemId(zones.systems[*index]))
            })
        };
        let mut best = (spread(&sums), None);
        for from in only(richest, poorest).filter(|index| kind(*index) != Kind::Normal) {
            for to in
                only(poorest, richest).filter(|index| weight(kind(*index)) < weight(kind(from)))
            {
                let moved = weight(kind(from)) - weight(kind(to));
                let mut after = sums.clone();
                for (home, sum) in after.iter_mut().enumerate() {
                    *sum = *sum + moved * (zones.members[to] >> home & 1) as u32
                        - moved * (zones.members[from] >> home & 1) as u32;
                }
                if spread(&after) < best.0 {
                    best = (spread(&after), Some((from, to)));
                }
            }
        }
        let (_, Some((from, to))) = best else { return };
        kinds.swap(zones.systems[from] as usize, zones.systems[to] as usize);
    }
}
