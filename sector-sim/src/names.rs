//! Names of systems and factions, and the colours of factions.
//!
//! Names are composed of the project's own syllables and words, unique within a sector, and
//! determined by the seed.

mod words;

use xxhash_rust::xxh3::xxh3_64;

use crate::draw::{Draw, Purpose};
use crate::ids::{FactionId, FactionKind};

/// Draws for one name before a number is appended.
const DRAWS: u32 = 12;

/// Unique names for the systems of a sector, ordered by id. The names of a smaller sector with the
/// same seed are a prefix of those of a larger one.
pub(crate) fn system_names(seed: u64, systems: u32) -> Vec<Box<str>> {
    let mut draw = Draw::new(seed, 0, Purpose::Names, 0);
    let mut taken = Taken::new(systems as usize);
    let mut name = String::new();
    for _ in 0..systems {
        draw_unused_name(&mut draw, &mut taken, &mut name);
    }
    taken.names
}

/// Names in use, in order, with a hash table to look them up.
struct Taken {
    names: Vec<Box<str>>,
    /// Position of each name, from 1, in an open-addressing hash table.
    slots: Vec<u32>,
}

impl Taken {
    /// For up to this many names.
    fn new(names: usize) -> Taken {
        Taken { names: Vec::with_capacity(names), slots: vec![0; (names * 2).next_power_of_two()] }
    }

    /// Adds a name; `false` if it is already in use.
    fn take(&mut self, name: &str) -> bool {
        let mask = self.slots.len() - 1;
        let mut slot = xxh3_64(name.as_bytes()) as usize & mask;
        while let Some(known) = self.names.get((self.slots[slot] as usize).wrapping_sub(1)) {
            if **known == *name {
                return false;
            }
            slot = (slot + 1) & mask;
        }
        self.names.push(name.into());
        self.slots[slot] = self.names.len() as u32;
        true
    }
}

/// Draws an unused name; `name` is scratch memory.
fn draw_unused_name(draw: &mut Draw, taken: &mut Taken, name: &mut String) {
    for tries in 0..DRAWS {
        draw_name(draw, tries, name);
        if taken.take(name) {
            return;
        }
    }
    for number in 2_u32.. {
        if taken.take(&format!("{name} {number}")) {
            return;
        }
    }
}

/// Draws a name into `name`. After more failed tries names are longer, and more of them are
/// possible.
fn draw_name(draw: &mut Draw, tries: u32, name: &mut String) {
    let mut pick = |list: &[&'static str]| {
        list.get(draw.below(list.len() as u64) as usize).copied().unwrap_or_default()
    };
    let first = pick(words::FIRST_SYLLABLES);
    let middle = if tries > 3 { pick(words::MIDDLE_SYLLABLES) } else { "" };
    let last = pick(words::LAST_SYLLABLES);
    let forms: &[&'static str] = if tries > 5 { &["place", "epithet"] } else { FORMS };
    let parts: [&str; 5] = match pick(forms) {
        "long" => [first, pick(words::MIDDLE_SYLLABLES), pick(words::LAST_SYLLABLES), "", ""],
        "compound" => [pick(words::COMPOUND_FIRST), pick(words::COMPOUND_LAST), "", "", ""],
        "place" => [first, middle, last, " ", pick(words::PLACES)],
        "epithet" => [pick(words::EPITHETS), " ", first, middle, last],
        _ => [first, middle, last, "", ""],
    };
    name.clear();
    parts.into_iter().for_each(|part| name.push_str(part));
}

/// Forms of names; repeated entries are more likely.
const FORMS: &[&str] =
    &["short", "short", "short", "short", "long", "compound", "place", "epithet"];

/// Name of a faction, unique in its sector.
///
/// ```
/// use sector_sim::FactionId;
/// use sector_sim::names::faction_name;
/// assert_eq!(faction_name(7, FactionId::LEAGUE), "League of Independents");
/// ```
#[must_use]
pub fn faction_name(seed: u64, id: FactionId) -> String {
    let (epithets, nouns, index): (&[&str], &[&str], usize) = match id.kind() {
        FactionKind::League => return "League of Independents".to_owned(),
        FactionKind::Starter => (&words::STARTER_EPITHETS, &words::STARTER_NOUNS, id.index()),
        FactionKind::Splinter => (
            &words::SPLINTER_EPITHETS,
            &words::SPLINTER_NOUNS,
            id.index() - FactionId::LEAGUE.index() - 1,
        ),
    };
    // Each epithet once, so that all names differ; nouns repeat.
    let shuffled = |list: &[&'static str], entity| {
        let mut list = list.to_vec();
        Draw::new(seed, 0, Purpose::Names, entity).shuffle(&mut list);
        list[index % list.len()]
    };
    format!("{} {}", shuffled(epithets, 1), shuffled(nouns, 2))
}

/// Colour of a faction as `#rrggbb`, unique per id. The first eight are distinguishable with the
/// common kinds of colour blindness; all stand out on a nearly black background. The League is a
/// greyish white.
#[must_use]
pub fn faction_color(id: FactionId) -> &'static str {
    words::COLORS.get(id.index()).copied().unwrap_or("#d8d8d0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all_factions() -> Vec<FactionId> {
        let starters = (0..crate::ids::MAX_STARTERS).filter_map(FactionId::starter);
        let splinters = (0..crate::ids::MAX_SPLINTERS).filter_map(FactionId::splinter);
        starters.chain([FactionId::LEAGUE]).chain(splinters).collect()
    }

    fn count_different<T: Ord>(items: impl IntoIterator<Item = T>) -> usize {
        items.into_iter().collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn the_largest_sector_has_different_names() {
        let names = system_names(5, crate::map::MAX_SYSTEMS);
        assert_eq!(count_different(&names), crate::map::MAX_SYSTEMS as usize);
        let readable = |name: &str| {
            name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ')
        };
        assert!(names.iter().all(|name| readable(name)));
        assert_eq!(names[..100], system_names(5, 100));
        assert_ne!(names[..100], system_names(6, 100));
    }

    #[test]
    fn a_name_that_is_taken_too_often_gets_a_number() {
        let draw = Draw::new(1, 0, Purpose::Names, 9);
        let mut taken = Taken::new(20);
        let (mut last, mut memory) = (String::new(), String::new());
        // Take every name that the next draws would give.
        let mut coming = draw.clone();
        for tries in 0..DRAWS {
            draw_name(&mut coming, tries, &mut last);
            taken.take(&last);
        }
        for number in [2, 3] {
            draw_unused_name(&mut draw.clone(), &mut taken, &mut memory);
            assert_eq!(
                taken.names.last().map(|name| &**name),
                Some(format!("{last} {number}").as_str())
            );
        }
    }

    #[test]
    fn factions_have_different_names() {
        for seed in 0..100 {
            let names = all_factions().into_iter().map(|id| faction_name(seed, id));
            assert_eq!(count_different(names), crate::ids::FACTION_IDS);
        }
    }

    #[test]
    fn factions_have_different_colors_that_stand_out() {
        let colors: Vec<&str> = all_factions().into_iter().map(faction_color).collect();
        assert_eq!(count_different(&colors), crate::ids::FACTION_IDS);
        for color in colors {
            let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6).unwrap();
            let parts: Vec<u32> = (0..3)
                .map(|part| u32::from_str_radix(&digits[part * 2..part * 2 + 2], 16).unwrap())
                .collect();
            assert!(parts[0] * 3 + parts[1] * 6 + parts[2] > 900, "{color} is too dark");
        }
        assert_eq!(faction_color(FactionId::LEAGUE), "#d8d8d0");
    }
}
