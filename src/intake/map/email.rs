//! The address in a cell: what people and programs put around it, taken off where that is certain.
//!
//! Whether what is left is an address is for `validate::email` to say. Nothing here repeats a part of it.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizer;

use super::Remark;
use super::damage;
use crate::intake::validate::email::is_plain;

const CLEANED: Remark = Remark(
    "email_cleaned",
    "has something around the address (a name and <…>, mailto:, quotes, an apostrophe, a ; or , at its end, characters that \
     nobody sees): only the address is sent",
);
const IN_ASCII: Remark = Remark(
    "email_domain_in_ascii",
    "has a domain with letters outside ASCII, which is sent in the form that mail systems use (xn--…)",
);
const SEVERAL: Remark = Remark(
    "email_several",
    "holds several addresses; one request is for one person: keep the one that is meant",
);
const LINK: Remark = Remark(
    "not_email",
    "is a mailto: link with more than an address in it; an address like name@example.com is wanted",
);
const DOMAIN: Remark = Remark(
    "not_email",
    "has a domain outside ASCII that is none, or that can be read in more than one way; write it as xn--…, or as it is \
     registered",
);

/// The address in the text and what was done to it, or what is wrong.
pub(crate) fn read(text: Cow<'_, str>) -> Result<(Cow<'_, str>, Vec<Remark>), Remark> {
    if is_plain(&text) {
        return Ok((text, Vec::new()));
    }
    let visible = damage::visible(&text).into_owned();
    let bare = unwrapped(&visible)?;
    if pieces(bare) > 1 {
        return Err(SEVERAL);
    }
    let mut remarks = Vec::new();
    if bare != &*text {
        remarks.push(CLEANED);
    }
    match bare.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => {
            remarks.push(IN_ASCII);
            let domain = in_ascii(domain).ok_or(DOMAIN)?;
            Ok((format!("{local}@{domain}").into(), remarks))
        }
        _ if remarks.is_empty() => Ok((text, remarks)),
        _ => Ok((bare.to_owned().into(), remarks)),
    }
}

/// Without what certainly is no part of the address.
fn unwrapped(text: &str) -> Result<&str, Remark> {
    let text = text.trim_end_matches([';', ',', ' ']).trim();
    let text = match text
        .strip_suffix('>')
        .and_then(|rest| rest.rsplit_once('<'))
    {
        Some((name, address)) => {
            let address = address.trim();
            // A name may be the address once more, and nothing else with an @.
            if name.contains('@')
                && !name
                    .trim()
                    .trim_matches(['"', '\''])
                    .eq_ignore_ascii_case(address)
            {
                return Err(SEVERAL);
            }
            address
        }
        None => text,
    };
    let text = match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            let rest = &text[7..];
            if rest.contains(['?', '%']) {
                return Err(LINK);
            }
            rest
        }
        _ => text,
    };
    let quotes = [
        ('\'', '\''),
        ('"', '"'),
        ('\u{2018}', '\u{2019}'),
        ('\u{201c}', '\u{201d}'),
    ];
    for (open, close) in quotes {
        let inner = text
            .strip_prefix(open)
            .and_then(|rest| rest.strip_suffix(close));
        if let Some(inner) = inner {
            return Ok(inner.trim());
        }
    }
    // Addresses may begin with an apostrophe; those in spreadsheets do because a cell was marked as text.
    Ok(text.strip_prefix(['\'', '\u{2019}']).unwrap_or(text).trim())
}

/// How many pieces of a list have an `@`. Those within quotes do not count.
fn pieces(text: &str) -> usize {
    if text.starts_with('"') {
        return 1;
    }
    text.split(|c: char| matches!(c, ';' | ',' | '|' | '/' | '&') || c.is_whitespace())
        .filter(|piece| piece.contains('@'))
        .count()
}

/// A domain in the form that mail systems use (RFC 5890), when it is written in the one form that stands for it.
fn in_ascii(domain: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    let (shown, no_fault) = idna::domain_to_unicode(&ascii);
    let written = ComposingNormalizer::new_nfc()
        .normalize(&domain.to_lowercase())
        .into_owned();
    (no_fault.is_ok() && shown == written).then_some(ascii)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(text: &str) -> Result<(String, Vec<&'static str>), &'static str> {
        match read(text.into()) {
            Ok((address, remarks)) => Ok((
                address.into_owned(),
                remarks.iter().map(|remark| remark.0).collect(),
            )),
            Err(remark) => Err(remark.0),
        }
    }

    #[test]
    fn what_stands_around_an_address_is_taken_off_and_told() {
        for text in [
            "Ann Lee <ann@example.com>",
            "\"Lee, Ann\" <ann@example.com>",
            "ann@example.com <ann@example.com>",
            "<ann@example.com>",
            "mailto:ann@example.com",
            "MAILTO:ann@example.com",
            "Ann <mailto:ann@example.com>",
            "'ann@example.com",
            "'ann@example.com'",
            "\u{201c}ann@example.com\u{201d}",
            "ann@example.com;",
            "ann@example.com, ",
            "\u{feff}ann@exam\u{200b}ple.com",
        ] {
            assert_eq!(
                made(text),
                Ok(("ann@example.com".to_owned(), vec!["email_cleaned"])),
                "{text}"
            );
        }
        for whole in [
            "ann@example.com",
            "o'hara@example.com",
            "\"a b\"@example.com",
            "A@Example.COM",
            "zoë@example.com",
        ] {
            assert_eq!(made(whole), Ok((whole.to_owned(), vec![])), "{whole}");
        }
    }

    #[test]
    fn several_addresses_are_never_one() {
        for text in [
            "a@example.com; b@example.com",
            "a@example.com,b@example.com",
            "a@example.com b@example.com",
            "a@example.com / b@example.com",
            "a@example.com\nb@example.com",
            "a@example.com <b@example.com>",
            "Ann <a@example.com>, Bo <b@example.com>",
            "a@example.com or b@example.com",
        ] {
            assert_eq!(made(text), Err("email_several"), "{text}");
        }
        assert_eq!(made("mailto:a@example.com?subject=x"), Err("not_email"));
        assert_eq!(made("mailto:a%40b@example.com"), Err("not_email"));
    }

    #[test]
    fn internationalised_domains_become_ascii_where_they_have_one_reading() {
        assert_eq!(
            made("a@bücher.example"),
            Ok((
                "a@xn--bcher-kva.example".to_owned(),
                vec!["email_domain_in_ascii"]
            ))
        );
        assert_eq!(made("a@BU\u{308}CHER.example"), made("a@bücher.example"));
        for doubtful in [
            "a@\u{ff45}xample.com",
            "a@example\u{3002}com",
            "a@bü cher.example",
            "a@-ü.example",
            "a@ü..example",
        ] {
            assert_eq!(made(doubtful), Err("not_email"), "{doubtful}");
        }
    }
}
