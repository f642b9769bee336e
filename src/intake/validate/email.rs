//! Whether an address is one that the published format `email` takes, and what is wrong with one that is not.
//!
//! That format is a mailbox of RFC 5321 (4.1.2): a dot-atom or a quoted string, `@`, and a domain or an address literal,
//! all ASCII. Of a domain two labels at least are wanted, of letters, digits and inner hyphens: a domain without a dot takes
//! no mail (RFC 7085), and is nearly always one that was not written to its end. Comments and folding white space, which
//! belong to messages and not to mailboxes, are refused; so is all that RFC 5322 calls obsolete. What is right, and
//! will likely be refused or never be delivered, is for [`unusual`] to tell. No answer holds a part of the address.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Longest part before the `@` that mail systems take (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_LIKELY_MAX: usize = 64;
/// Longest label of a domain (RFC 1035, 2.3.4).
const LABEL_BYTES_LIKELY_MAX: usize = 63;

/// Whether it is an address of which nothing is to be said, by one look at each byte: most are.
pub(crate) fn is_plain(address: &str) -> bool {
    let Some(at) = memchr::memchr(b'@', address.as_bytes()) else {
        return false;
    };
    let (local, domain) = (&address.as_bytes()[..at], &address.as_bytes()[at + 1..]);
    let mut before = b'.';
    for &byte in local {
        let is_right = is_plain_in_local(byte) || byte == b'.' && before != b'.';
        if !is_right {
            return false;
        }
        before = byte;
    }
    if before == b'.' || local.len() > LOCAL_BYTES_LIKELY_MAX {
        return false;
    }
    let (mut before, mut label_start) = (b'.', 0);
    for (at, &byte) in domain.iter().enumerate() {
        let is_right = match byte {
            b'.' => {
                let is_label = at - label_start <= LABEL_BYTES_LIKELY_MAX;
                label_start = at + 1;
                is_label && before != b'.' && before != b'-'
            }
            b'-' => before != b'.',
            byte => ALPHANUMERIC[usize::from(byte)],
        };
        if !is_right {
            return false;
        }
        before = byte;
    }
    let top = &domain[label_start..];
    label_start > 0
        && before != b'-'
        && top.len() <= LABEL_BYTES_LIKELY_MAX
        && top.first().is_some_and(u8::is_ascii_alphabetic)
}

fn is_plain_in_local(byte: u8) -> bool {
    ALPHANUMERIC[usize::from(byte)] || matches!(byte, b'_' | b'-' | b'+')
}

/// Which bytes are letters and digits: asked of each byte of each address.
static ALPHANUMERIC: [bool; 256] = {
    let mut are = [false; 256];
    let mut byte = 0;
    while byte < u8::MAX {
        are[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    are
};

/// What is wrong with the address, or `None` when it is well-formed.
pub(crate) fn fault(address: &str) -> Option<&'static str> {
    if is_plain(address) {
        return None;
    }
    any_fault(address)
}

fn any_fault(address: &str) -> Option<&'static str> {
    let Some((local, domain)) = divided(address) else {
        return Some("has no `@`");
    };
    if !is_quoted(local) {
        if address.contains(char::is_whitespace) {
            return Some("has a space within");
        }
        if local.contains('@') {
            return Some("has more than one `@`");
        }
    }
    local_fault(local).or_else(|| {
        if domain.starts_with('[') {
            literal_fault(domain)
        } else {
            domain_fault(domain)
        }
    })
}

/// Why an address that is right by the published format will likely be of no use.
pub(crate) fn unusual(address: &str) -> Option<&'static str> {
    if is_plain(address) {
        return None;
    }
    anything_unusual(address)
}

fn anything_unusual(address: &str) -> Option<&'static str> {
    let (local, domain) = divided(address)?;
    if is_quoted(local) || domain.starts_with('[') {
        return Some(
            "is of a rare form (quotes before the `@`, or a numeric address after it); Concord likely refuses it",
        );
    }
    if local.len() > LOCAL_BYTES_LIKELY_MAX
        || domain
            .split('.')
            .any(|label| label.len() > LABEL_BYTES_LIKELY_MAX)
    {
        return Some(
            "has a longer part (64 before the `@`, 63 between dots) than mail systems take",
        );
    }
    let top = domain.rsplit('.').next().unwrap_or_default();
    if top.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("has a domain that ends in a number, which none does: no mail will arrive");
    }
    None
}

/// The parts before and after the `@` that divides them: none that stands in quotes or in brackets does.
fn divided(address: &str) -> Option<(&str, &str)> {
    address.rsplit_once('@')
}

fn is_quoted(local: &str) -> bool {
    local.len() > 1 && local.starts_with('"') && local.ends_with('"')
}

fn local_fault(local: &str) -> Option<&'static str> {
    if local.is_empty() {
        return Some("has nothing before the `@`");
    }
    if !local.is_ascii() {
        return Some("has a character outside ASCII before the `@`");
    }
    if is_quoted(local) {
        return quoted_fault(&local.as_bytes()[1..local.len() - 1]);
    }
    if local.split('.').any(str::is_empty) {
        return Some("has a dot at an edge of, or two dots within, the part before the `@`");
    }
    if !local.bytes().all(|byte| byte == b'.' || is_atom(byte)) {
        return Some("has a character before the `@` that addresses do not have");
    }
    None
}

/// Of what stands between the quotes: `qcontentSMTP`.
fn quoted_fault(content: &[u8]) -> Option<&'static str> {
    let mut bytes = content.iter();
    while let Some(byte) = bytes.next() {
        let is_right = match byte {
            b'\\' => matches!(bytes.next(), Some(b' '..=b'~')),
            b'"' => false,
            byte => matches!(byte, b' '..=b'~'),
        };
        if !is_right {
            return Some("has quotes before the `@` with something that cannot stand in them");
        }
    }
    None
}

/// `[192.0.2.1]`, `[IPv6:2001:db8::1]`
fn literal_fault(domain: &str) -> Option<&'static str> {
    let inner = domain
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let is_address = inner.is_some_and(|inner| match inner.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => inner[5..].parse::<Ipv6Addr>().is_ok(),
        _ => inner.parse::<Ipv4Addr>().is_ok(),
    });
    (!is_address).then_some("has brackets after the `@` with no numeric address in them")
}

fn domain_fault(domain: &str) -> Option<&'static str> {
    if domain.is_empty() {
        return Some("has nothing after the `@`");
    }
    if !domain.contains('.') {
        return Some("has no dot after the `@`");
    }
    for label in domain.split('.') {
        if label.is_empty() {
            return Some("has a dot at an edge of, or two dots within, the part after the `@`");
        }
        if !label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        {
            return Some("has a character after the `@` that domains do not have");
        }
        if label.starts_with('-') || label.ends_with('-') {
            return Some("has a hyphen at the edge of a part of its domain");
        }
    }
    None
}

const fn is_atom(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'/'
                | b'='
                | b'?'
                | b'^'
                | b'_'
                | b'`'
                | b'{'
                | b'|'
                | b'}'
                | b'~'
                | b'-'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn of_a_plain_address_a_closer_look_says_nothing_either(
            address in r"[a-zA-Z0-9._+-]{1,4}@[a-z0-9.-]{1,6}[.][a-z0-9-]{1,3}|[a-zA-Z0-9._@+'-]{0,12}",
        ) {
            if is_plain(&address) {
                prop_assert_eq!(any_fault(&address), None);
                prop_assert_eq!(anything_unusual(&address), None);
            }
        }
    }

    #[test]
    fn common_addresses_are_plain() {
        for address in [
            "ann.o+tag@example.com",
            "a_b-c@sub.example.org",
            "1@a1.b-c.de",
        ] {
            assert!(is_plain(address), "{address}");
        }
    }

    #[test]
    fn takes_mailboxes_at_two_labels_or_more() {
        for good in [
            "a@b.c",
            "first.last+tag@sub.example.org",
            "o'hara@example.com",
            "x@xn--bcher-kva.example",
            "{weird}!#$%&*/=?^_`|~-@1.2",
            "\"a\"@example.com",
            "\"a@b c\"@example.com",
            "\"\\\"\"@example.com",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
        ] {
            assert_eq!(fault(good), None, "{good}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (bad, says) in [
            ("anonymous", "no `@`"),
            ("a b@example.com", "space"),
            ("a@b@example.com", "more than one"),
            ("@example.com", "nothing before"),
            ("a..b@example.com", "two dots within, the part before"),
            ("\"a\"b@example.com", "before the `@` that addresses"),
            ("\"@example.com", "before the `@` that addresses"),
            ("\"a\"b\"@example.com", "cannot stand in them"),
            ("\"a\\\"@example.com", "cannot stand in them"),
            ("\"\u{7f}\"@example.com", "cannot stand in them"),
            ("zoë@example.com", "outside ASCII"),
            ("a@", "nothing after"),
            ("a@localhost", "no dot after"),
            ("a@example..com", "two dots within, the part after"),
            ("a@exa_mple.com", "after the `@` that domains"),
            ("a@-example.com", "hyphen"),
            ("a@[192.0.2]", "no numeric address"),
            ("a@[IPv6:1::2::3]", "no numeric address"),
            ("a@[192.0.2.1", "no numeric address"),
        ] {
            let fault = fault(bad).unwrap_or_default();
            assert!(fault.contains(says), "{bad}: {fault}");
        }
    }

    #[test]
    fn tells_what_is_right_and_of_no_use() {
        assert_eq!(unusual("a@example.com"), None);
        assert!(unusual("\"a\"@example.com").is_some_and(|told| told.contains("rare")));
        assert!(unusual("a@[192.0.2.1]").is_some_and(|told| told.contains("rare")));
        let local = format!("{}@example.com", "a".repeat(65));
        assert!(unusual(&local).is_some() && unusual(&local[1..]).is_none());
        let label = format!("a@{}.com", "b".repeat(64));
        assert!(unusual(&label).is_some());
    }
}
