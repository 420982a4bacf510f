//! Names of systems and factions, and the colours of factions.
//!
//! Names are put together from syllables and words of our own; a sector never uses one twice. They follow from the
//! seed alone.

mod words;

use xxhash_rust::xxh3::xxh3_64;

use crate::draw::{Draw, Purpose};
use crate::ids::{FactionId, FactionKind};

/// Draws for one name before a number is put behind it.
const DRAWS: u32 = 12;

/// Different names for the systems of a sector, in the order of their ids. The names of a smaller sector of the same
/// seed are the first of those of a larger one.
pub(crate) fn system_names(seed: u64, systems: u32) -> Vec<Box<str>> {
    let mut draw = Draw::new(seed, 0, Purpose::Names, 0);
    let mut taken = Taken::new(systems as usize);
    let mut name = String::new();
    for _ in 0..systems {
        draw_unused_name(&mut draw, &mut taken, &mut name);
    }
    taken.names
}

/// The names that are in use, in the order in which they were taken, and a table to find them by their hashes.
struct Taken {
    names: Vec<Box<str>>,
    /// The place of each name, from 1, at the slot of its hash or the next free one.
    slots: Vec<u32>,
}

impl Taken {
    /// For up to so many names.
    fn new(names: usize) -> Taken {
        Taken { names: Vec::with_capacity(names), slots: vec![0; (names * 2).next_power_of_two()] }
    }

    /// Takes a name, unless it is taken already.
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

/// Takes a name that nobody has; `name` is memory for it.
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

/// Puts a name into `name`: longer and of more possible ones the more often short ones were taken.
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

/// The forms of names, each as often as it is listed.
const FORMS: &[&str] =
    &["short", "short", "short", "short", "long", "compound", "place", "epithet"];

/// The name of a faction; different for every id of a sector.
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
    // Every epithet once, so that no two names are alike; nouns come round again.
    let shuffled = |list: &[&'static str], entity| {
        let mut list = list.to_vec();
        Draw::new(seed, 0, Purpose::Names, entity).shuffle(&mut list);
        list[index % list.len()]
    };
    format!("{} {}", shuffled(epithets, 1), shuffled(nouns, 2))
}

/// The colour of a faction as `#rrggbb`, different for every id. The first eight can be told apart with the common
/// kinds of colour blindness; all stand out from a nearly black ground. The League is a greyish white.
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
        // Everything that the next draws would bring is taken.
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
