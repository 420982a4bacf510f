//! Names that players choose and others see, such as labels of keys.
//!
//! A name must look like what it is: no characters that are invisible or change the direction of
//! text, and no posing as the operator.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Maximum length of a name, in characters.
pub(crate) const NAME_CHARACTERS_MAX: usize = 40;
/// Combining marks in a row; more cover the lines above and below.
const MARKS_MAX: usize = 3;
/// Words that only the operator may use, anywhere in a name.
const OFFICIAL: [&str; 4] = ["operator", "official", "administrator", "moderator"];
/// Words that only the operator may use, alone.
const OFFICIAL_WORDS: [&str; 4] = ["admin", "admins", "system", "sector"];

/// What is wrong with a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("the name must have 1 to {NAME_CHARACTERS_MAX} characters")]
    Length,
    #[error("the name must not begin or end with a space")]
    Spaces,
    #[error("the character U+{:04X} is not allowed: it is invisible, or has no fixed look", u32::from(*.0))]
    Character(char),
    #[error(
        "the name must not begin with a combining mark, or have more than {MARKS_MAX} in a row"
    )]
    Marks,
    #[error("only the operator may use names such as operator, official, admin, system or sector")]
    Official,
}

/// Checks a name.
pub(crate) fn check(name: &str) -> Result<(), NameError> {
    if !(1..=NAME_CHARACTERS_MAX).contains(&name.chars().count()) {
        return Err(NameError::Length);
    }
    if let Some(hidden) = name.chars().find(|character| !is_visible(*character)) {
        return Err(NameError::Character(hidden));
    }
    if name.starts_with(' ') || name.ends_with(' ') {
        return Err(NameError::Spaces);
    }
    let mut marks = MARKS_MAX;
    for character in name.chars() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MARKS_MAX {
            return Err(NameError::Marks);
        }
    }
    if is_official(name) { Err(NameError::Official) } else { Ok(()) }
}

/// Whether a character is drawn, and the same everywhere. The space is the only one without ink.
fn is_visible(character: char) -> bool {
    use GeneralCategory as Category;
    match character {
        ' ' => true,
        // Letters and symbols without ink, and marks without an effect of their own.
        '\u{115f}'
        | '\u{1160}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{2800}'
        | '\u{034f}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{1d159}'
        | '\u{e0100}'..='\u{e01ef}' => false,
        _ => !matches!(
            character.general_category(),
            Category::Control
                | Category::Format
                | Category::Surrogate
                | Category::PrivateUse
                | Category::Unassigned
                | Category::LineSeparator
                | Category::ParagraphSeparator
                | Category::SpaceSeparator
                | Category::EnclosingMark
        ),
    }
}

fn is_mark(character: char) -> bool {
    matches!(
        character.general_category(),
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark
    )
}

/// Whether a name looks like that of the operator, in any case, spacing or look-alike spelling.
fn is_official(name: &str) -> bool {
    let skeleton: String = name.chars().flat_map(char::to_lowercase).filter_map(skeleton).collect();
    let squeezed: String = skeleton.split_whitespace().collect();
    let same = |word: &str| word.chars().filter_map(self::skeleton).collect::<String>();
    OFFICIAL.iter().any(|word| squeezed.contains(&same(word)))
        || OFFICIAL_WORDS.iter().any(|word| {
            let word = same(word);
            squeezed == word || skeleton.split_whitespace().any(|part| part == word)
        })
}

/// The character that this lower-case one looks like: a letter, or a space for what separates words.
/// Marks look like nothing.
fn skeleton(character: char) -> Option<char> {
    let letter = |first: u32, base: u32| char::from_u32(u32::from(b'a') + (first - base) % 26);
    Some(match character {
        // Mathematical, full-width and circled letters; digits of the first two look like digits.
        '\u{1d400}'..='\u{1d6a3}' => letter(u32::from(character), 0x1d400).map_or(character, fold),
        '\u{ff41}'..='\u{ff5a}' => letter(u32::from(character), 0xff41).map_or(character, fold),
        '\u{24d0}'..='\u{24e9}' => letter(u32::from(character), 0x24d0).map_or(character, fold),
        '\u{1f110}'..='\u{1f129}' => letter(u32::from(character), 0x1f110).map_or(character, fold),
        '\u{1f130}'..='\u{1f149}' => letter(u32::from(character), 0x1f130).map_or(character, fold),
        '\u{1f150}'..='\u{1f169}' => letter(u32::from(character), 0x1f150).map_or(character, fold),
        '\u{1f170}'..='\u{1f189}' => letter(u32::from(character), 0x1f170).map_or(character, fold),
        _ if is_mark(character) => return None,
        _ => fold(character),
    })
}

/// Look-alikes of Latin letters among digits, signs, accented, Greek and Cyrillic letters.
fn fold(character: char) -> char {
    match character {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'α' | 'а' | 'ɑ' | '4' | '@' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' | 'с' | 'ϲ' | '¢' => 'c',
        'ď' | 'đ' | 'ԁ' | 'ɗ' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'е' | 'є' | 'ε' | '3' | '€' => 'e',
        'ƒ' | 'ſ' => 'f',
        'ì'..='ï'
        | 'ĩ'
        | 'ī'
        | 'ĭ'
        | 'į'
        | 'ı'
        | 'і'
        | 'ї'
        | 'ι'
        | 'l'
        | 'ł'
        | 'ӏ'
        | '1'
        | '!'
        | '|' => 'i',
        'м' | 'μ' => 'm',
        'ñ' | 'ń' | 'ņ' | 'ň' | 'п' | 'η' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'о' | 'ο' | 'σ' | 'ө' | 'օ' | '0' => 'o',
        'р' | 'ρ' => 'p',
        'ŕ' | 'ř' | 'ŗ' | 'г' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ѕ' | '5' | '$' => 's',
        'ţ' | 'ť' | 'ŧ' | 'т' | 'τ' | '7' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'υ' => 'u',
        'ν' | 'ѵ' => 'v',
        'у' | 'ý' | 'ÿ' | 'ү' | 'γ' => 'y',
        letter if letter.is_alphanumeric() => letter,
        _ => ' ',
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn honest_names_are_accepted() {
        for name in [
            "night watch",
            "F2",
            "Bot 7 (greedy)",
            "größer & schneller",
            "Zoë",
            "Ночной дозор",
            "夜警",
            "दिल्ली",
            "ไทย",
            "حارس الليل",
            "🚀",
            "a",
            "badminton",
            "eco-systems",
            "sectors 1 to 3",
            "co-op",
            "e\u{301}te\u{301}",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_hide_something_are_refused() {
        for hidden in [
            '\0',
            '\n',
            '\u{7f}',
            '\u{85}',
            '\u{a0}',
            '\u{ad}',
            '\u{34f}',
            '\u{61c}',
            '\u{115f}',
            '\u{1160}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2066}',
            '\u{2800}',
            '\u{3000}',
            '\u{3164}',
            '\u{e000}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{ffa0}',
            '\u{fff9}',
            '\u{ffff}',
            '\u{378}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}',
            '\u{e0101}',
            '\u{f0000}',
            '\u{10fffd}',
            '\u{20dd}',
        ] {
            for name in
                [hidden.to_string(), format!("night{hidden}watch"), format!("night watch{hidden}")]
            {
                assert_eq!(check(&name), Err(NameError::Character(hidden)), "{name:?}");
            }
        }
        assert_eq!(check(""), Err(NameError::Length));
        assert_eq!(check(&"x".repeat(41)), Err(NameError::Length));
        assert_eq!(check(" x"), Err(NameError::Spaces));
        assert_eq!(check("x "), Err(NameError::Spaces));
        assert_eq!(check("\u{301}x"), Err(NameError::Marks));
        assert_eq!(check("x\u{301}\u{302}\u{303}\u{304}"), Err(NameError::Marks));
    }

    #[test]
    fn names_that_pose_as_the_operator_are_refused() {
        for name in [
            "operator",
            "OPERATOR",
            "F2 · Operator (official)",
            "0perat0r",
            "о\u{440}erator",
            "O p e r a t o r",
            "the-official-one",
            "ADMIN",
            "Admin 2",
            "a.d.m.i.n",
            "аdmin",
            "ádmin",
            "ａｄｍｉｎ",
            "𝐚𝐝𝐦𝐢𝐧",
            "ⓐⓓⓜⓘⓝ",
            "a\u{301}dmin",
            "adm1n",
            "Administrator",
            "System",
            "5y5tem",
            "sector",
            "SECTOR: notice",
            "ЅЕСТОR",
            "moderator",
        ] {
            assert_eq!(check(name), Err(NameError::Official), "{name}");
        }
    }

    proptest! {
        /// What is accepted has nothing hidden in it, wherever it is put.
        #[test]
        fn no_hidden_character_is_accepted(before in "[a-z ]{0,6}", hidden in any::<char>(), after in "[a-z]{0,6}") {
            let name = format!("x{before}{hidden}{after}x");
            if check(&name).is_ok() {
                let category = hidden.general_category();
                prop_assert!(!hidden.is_control());
                prop_assert!(!matches!(
                    category,
                    GeneralCategory::Format | GeneralCategory::PrivateUse | GeneralCategory::Unassigned
                ), "{hidden:?}");
                prop_assert!(hidden == ' ' || !hidden.is_whitespace(), "{hidden:?}");
            }
        }

        /// Any case and any separators between the letters.
        #[test]
        fn no_spelling_of_the_operator_is_accepted(
            which in 0..OFFICIAL.len() + OFFICIAL_WORDS.len(),
            upper in any::<u32>(),
            separator in "[ ._\\-·/]{0,1}",
        ) {
            let word = OFFICIAL.iter().chain(&OFFICIAL_WORDS).nth(which).copied().unwrap_or_default();
            let spelled: Vec<String> = word
                .chars()
                .enumerate()
                .map(|(at, letter)| if upper >> at & 1 == 1 { letter.to_uppercase().to_string() } else { letter.to_string() })
                .collect();
            prop_assert_eq!(check(&spelled.join(&separator)), Err(NameError::Official));
        }

        #[test]
        fn nothing_panics(name in any::<String>()) {
            let _ = check(&name);
        }
    }
}
