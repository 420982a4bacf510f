//! Names of systems and factions, and the colours of factions.
//!
//! Names are put together from syllables and words of our own; a sector never uses one twice. They follow from the
//! seed alone. The word lists are in [`words`].

mod words;

use std::collections::BTreeSet;

use crate::{Draw, FactionId, FactionKind, Purpose};

/// Draws for one name before a number is put behind it.
const DRAWS: u32 = 12;

/// Different names for the systems of a sector, in the order of their ids. The names of a smaller sector of the same
/// seed are the first of those of a larger one.
pub(crate) fn system_names(seed: u64, systems: u32) -> Vec<Box<str>> {
    let mut draw = Draw::new(seed, 0, Purpose::Names, 0);
    let mut taken = BTreeSet::new();
    let mut names = Vec::with_capacity(systems as usize);
    for _ in 0..systems {
        let name = unused_name(&mut draw, &taken);
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

fn unused_name(draw: &mut Draw, taken: &BTreeSet<Box<str>>) -> Box<str> {
    let mut name = String::new();
    for tries in 0..DRAWS {
        name = system_name(draw, tries);
        if !taken.contains(name.as_str()) {
            return name.into();
        }
    }
    let numbered = (2_u32..).map(|number| format!("{name} {number}")).find(|name| !taken.contains(name.as_str()));
    numbered.unwrap_or(name).into()
}

/// A name, longer and of more possible ones the more often short ones were taken.
fn system_name(draw: &mut Draw, tries: u32) -> String {
    let mut pick =
        |list: &[&'static str]| list.get(draw.below(list.len() as u64) as usize).copied().unwrap_or_default();
    let short = pick(words::FIRST_SYLLABLES).to_owned();
    let long = |pick: &mut dyn FnMut(&[&'static str]) -> &'static str| {
        format!("{short}{}{}", pick(words::MIDDLE_SYLLABLES), pick(words::LAST_SYLLABLES))
    };
    let word = if tries > 3 { long(&mut pick) } else { format!("{short}{}", pick(words::LAST_SYLLABLES)) };
    let forms: &[&'static str] = if tries > 5 { &["place", "epithet"] } else { FORMS };
    match pick(forms) {
        "long" => long(&mut pick),
        "compound" => format!("{}{}", pick(words::COMPOUND_FIRST), pick(words::COMPOUND_LAST)),
        "place" => format!("{word} {}", pick(words::PLACES)),
        "epithet" => format!("{} {word}", pick(words::EPITHETS)),
        _ => word,
    }
}

/// The forms of names, each as often as it is listed.
const FORMS: &[&str] = &["short", "short", "short", "short", "long", "compound", "place", "epithet"];

/// The name of a faction; different for every id of a sector.
///
/// ```
/// use sector_sim::{FactionId, faction_name};
/// assert_eq!(faction_name(7, FactionId::LEAGUE), "League of Independents");
/// ```
#[must_use]
pub fn faction_name(seed: u64, id: FactionId) -> String {
    let (epithets, nouns, index): (&[&str], &[&str], usize) = match id.kind() {
        FactionKind::League => return "League of Independents".to_owned(),
        FactionKind::Starter => (&words::STARTER_EPITHETS, &words::STARTER_NOUNS, id.index()),
        FactionKind::Splinter => {
            (&words::SPLINTER_EPITHETS, &words::SPLINTER_NOUNS, id.index() - FactionId::LEAGUE.index() - 1)
        }
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

    fn all_factions() -> Vec<FactionId> {
        let starters = (0..crate::MAX_STARTERS).filter_map(FactionId::starter);
        let splinters = (0..crate::MAX_SPLINTERS).filter_map(FactionId::splinter);
        starters.chain([FactionId::LEAGUE]).chain(splinters).collect()
    }

    fn count_different<T: Ord>(items: impl IntoIterator<Item = T>) -> usize {
        items.into_iter().collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn the_largest_sector_has_different_names() {
        let names = system_names(5, crate::MAX_SYSTEMS);
        assert_eq!(count_different(&names), crate::MAX_SYSTEMS as usize);
        let readable = |name: &str| name.len() <= 32 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ');
        assert!(names.iter().all(|name| readable(name)));
        assert_eq!(names[..100], system_names(5, 100));
        assert_ne!(names[..100], system_names(6, 100));
    }

    #[test]
    fn a_name_that_is_taken_too_often_gets_a_number() {
        let draw = Draw::new(1, 0, Purpose::Names, 9);
        let mut taken: BTreeSet<Box<str>> = BTreeSet::new();
        let mut last = String::new();
        // Everything that the next draws would bring is taken.
        let mut coming = draw.clone();
        for tries in 0..DRAWS {
            last = system_name(&mut coming, tries);
            taken.insert(last.as_str().into());
        }
        assert_eq!(*unused_name(&mut draw.clone(), &taken), format!("{last} 2"));
        taken.insert(format!("{last} 2").into());
        assert_eq!(*unused_name(&mut draw.clone(), &taken), format!("{last} 3"));
    }

    #[test]
    fn factions_have_different_names() {
        for seed in 0..100 {
            let names = all_factions().into_iter().map(|id| faction_name(seed, id));
            assert_eq!(count_different(names), crate::FACTION_IDS);
        }
    }

    #[test]
    fn factions_have_different_colors_that_stand_out() {
        let colors: Vec<&str> = all_factions().into_iter().map(faction_color).collect();
        assert_eq!(count_different(&colors), crate::FACTION_IDS);
        for color in colors {
            let digits = color.strip_prefix('#').filter(|digits| digits.len() == 6).unwrap();
            let parts: Vec<u32> =
                (0..3).map(|part| u32::from_str_radix(&digits[part * 2..part * 2 + 2], 16).unwrap()).collect();
            assert!(parts[0] * 3 + parts[1] * 6 + parts[2] > 900, "{color} is too dark");
        }
        assert_eq!(faction_color(FactionId::LEAGUE), "#d8d8d0");
    }
}
