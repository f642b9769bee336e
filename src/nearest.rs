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
