//! The nearest right name to one that is not known.
//!
//! Says nothing when nothing is near: a wrong guess costs more than none.

use strsim::damerau_levenshtein;

/// Shorter names than this are part of too many others for that to mean anything.
const CONTAINED_CHARS_MIN: usize = 4;

/// The candidate that was most likely meant: one typing slip away for each three letters, or else
/// one that contains what was found (`email`: `userEmail`) or is contained in it (`request_type`: `request`).
pub(crate) fn nearest<'c>(
    found: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let found = plain(found);
    let candidates: Vec<(&str, String)> = candidates
        .into_iter()
        .map(|candidate| (candidate, plain(candidate)))
        .collect();
    let by_slips = candidates
        .iter()
        .map(|(candidate, plain)| (damerau_levenshtein(&found, plain), *candidate, plain.len()))
        .filter(|(slips, _, length)| *slips <= (found.len().min(*length) / 3).max(1))
        .min_by_key(|(slips, _, _)| *slips)
        .map(|(_, candidate, _)| candidate);
    by_slips.or_else(|| {
        candidates
            .iter()
            .find(|(_, plain)| contains(plain, &found) || contains(&found, plain))
            .map(|(candidate, _)| *candidate)
    })
}

/// Returns how a name that looks like another differs from it: by an invisible character, or by one that looks like
/// another. None if the difference is visible.
pub(crate) fn hidden_difference(wanted: &str, found: &str) -> Option<String> {
    let of_found: Vec<char> = found.chars().collect();
    let differs = of_found
        .iter()
        .position(|c| !c.is_ascii() && !wanted.contains(*c))?;
    let character = of_found[differs];
    let code = u32::from(character);
    let place = differs + 1;
    let without: String = of_found.iter().filter(|c| **c != character).collect();
    let alike = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    if is_unseen(character) && alike(&without) == alike(wanted) {
        return Some(format!(
            "its character {place} is U+{code:04X}, which is invisible"
        ));
    }
    if character.is_whitespace() && alike(found) == alike(wanted) {
        return Some(format!(
            "its character {place} is U+{code:04X}, which looks like a blank"
        ));
    }
    let is_alone = of_found.iter().filter(|c| !c.is_ascii()).count() == 1;
    let is_as_long = of_found.len() == wanted.chars().count();
    let others_agree = of_found
        .iter()
        .zip(wanted.chars())
        .all(|(found, wanted)| *found == character || *found == wanted);
    (is_alone && is_as_long && others_agree).then(|| {
        format!("its character {place} is U+{code:04X}, which is another letter than it seems")
    })
}

/// Characters without width: joiners, marks of direction, soft hyphens, byte order marks, combining accents.
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
    )
}

fn contains(whole: &str, part: &str) -> bool {
    part.len() >= CONTAINED_CHARS_MIN && whole.contains(part)
}

/// Without what people vary freely: case, `_`, `-` and spaces.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Field;

    #[test]
    fn it_names_what_nobody_sees() {
        for (found, told) in [
            (
                "\u{200b}Email",
                Some("character 1 is U+200B, which is invisible"),
            ),
            (
                "E\u{ad}mail",
                Some("character 2 is U+00AD, which is invisible"),
            ),
            (
                "\u{415}mail",
                Some("character 1 is U+0415, which is another letter than it seems"),
            ),
            ("Emails", None),
            ("E-Mail", None),
            ("Émail address", None),
        ] {
            let found = hidden_difference("Email", found);
            assert_eq!(found.is_some(), told.is_some(), "{found:?}");
            assert!(found.unwrap_or_default().contains(told.unwrap_or_default()));
        }
        let blank = hidden_difference("Request type", "Request\u{a0}type");
        assert!(blank.is_some_and(|told| told.contains("U+00A0, which looks like a blank")));
    }

    #[test]
    fn it_finds_what_people_mean() {
        let fields = || Field::ALL.into_iter().map(Field::name);
        for (found, meant) in [
            ("userMail", Some("userEmail")),
            ("email", Some("userEmail")),
            ("phone", Some("userPhoneNumber")),
            ("user_first_name", Some("userFirstName")),
            ("first_name", Some("userFirstName")),
            ("request_type", Some("request")),
            ("verified", Some("preverified")),
            ("details", Some("requestDetails")),
            ("ip", None),
            ("colour", None),
        ] {
            assert_eq!(nearest(found, fields()), meant, "{found}");
        }
    }
}
