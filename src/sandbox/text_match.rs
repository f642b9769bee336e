//! Whether a request passes a text filter of a list, in each of the ways that the server may turn out to have.
//!
//! ASCII letters are folded where case does not matter; others are compared as they are.

use super::config::{Listing, TextMatch};
use super::store::Stored;

/// Whether the field of that name matches. What a sandbox never has (sessions, resolutions) matches nothing.
pub(super) fn matches(stored: &Stored, name: &str, filter: &str, listing: Listing) -> bool {
    if listing.text_match == TextMatch::Ignored {
        return true;
    }
    let body = &stored.body;
    let is_match =
        |text: Option<&str>| text.is_some_and(|text| text_matches(text, filter, listing));
    match name {
        "concordId" => is_match(Some(&stored.concord_id.to_string())),
        "domain" => is_match(body.domain.as_deref()),
        "notes" => is_match(body.notes.as_deref()),
        "requestDetails" => is_match(stored.request_details_text().as_deref()),
        "userEmail" => is_match(body.user_email.as_deref()),
        "text" => {
            let texts = [
                &body.domain,
                &body.notes,
                &body.user_email,
                &body.user_first_name,
                &body.user_last_name,
                &body.user_phone_number,
            ];
            texts.into_iter().any(|text| is_match(text.as_deref()))
                || is_match(stored.request_details_text().as_deref())
        }
        _ => false,
    }
}

fn text_matches(text: &str, filter: &str, listing: Listing) -> bool {
    let (text, filter) = (text.as_bytes(), filter.as_bytes());
    let is_same = |part: &[u8]| {
        if listing.is_case_sensitive {
            part == filter
        } else {
            part.eq_ignore_ascii_case(filter)
        }
    };
    match listing.text_match {
        TextMatch::Ignored => true,
        TextMatch::Exact => is_same(text),
        TextMatch::Prefix => text.get(..filter.len()).is_some_and(is_same),
        TextMatch::Substring => {
            let Some(&first) = filter.first() else {
                return true;
            };
            let (lower, upper) = if listing.is_case_sensitive {
                (first, first)
            } else {
                (first.to_ascii_lowercase(), first.to_ascii_uppercase())
            };
            memchr::memchr2_iter(lower, upper, text)
                .filter_map(|at| text.get(at..at + filter.len()))
                .any(is_same)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text_match: TextMatch, is_case_sensitive: bool, filter: &str) -> bool {
        let listing = Listing {
            text_match,
            is_case_sensitive,
            ..Listing::default()
        };
        text_matches("Straße [ref AB-1] ab", filter, listing)
    }

    #[test]
    fn each_way_of_matching_matches_its_own() {
        use TextMatch::{Exact, Ignored, Prefix, Substring};
        for (how, is_case_sensitive, filter, expected) in [
            (Substring, false, "ab-1", true),
            (Substring, true, "ab-1", false),
            (Substring, true, "AB-1", true),
            (Substring, false, "", true),
            (Substring, false, "ab ", false),
            (Substring, false, "STRAßE", true),
            (Prefix, false, "straße [", true),
            (Prefix, false, "[ref", false),
            (Exact, false, "straße [REF ab-1] AB", true),
            (Exact, true, "straße [REF ab-1] AB", false),
            (Exact, false, "Straße", false),
            (Ignored, true, "no such thing", true),
        ] {
            assert_eq!(
                found(how, is_case_sensitive, filter),
                expected,
                "{how:?} {filter}"
            );
        }
    }
}
