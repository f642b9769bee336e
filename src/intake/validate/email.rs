//! Whether an address is one that Concord's schema takes, and what is wrong with one that is not.
//!
//! Agrees with the `email` format of ajv-formats, the validator that publishes such schemas: a dot-atom
//! (RFC 5322, 3.2.3), `@`, and at least two labels of letters, digits and inner hyphens (RFC 1035, 2.3.1), all ASCII.
//! Quoted local parts, address literals and comments are refused, lengths are not looked at. The answer never
//! holds a part of the address.

/// What is wrong with the address, or `None` when it is well-formed.
pub(crate) fn fault(address: &str) -> Option<&'static str> {
    let Some((local, domain)) = address.rsplit_once('@') else {
        return Some("has no `@`");
    };
    if address.contains(char::is_whitespace) {
        return Some("has a space within");
    }
    if local.contains('@') {
        return Some("has more than one `@`");
    }
    local_fault(local).or_else(|| domain_fault(domain))
}

fn local_fault(local: &str) -> Option<&'static str> {
    if local.is_empty() {
        return Some("has nothing before the `@`");
    }
    if local.split('.').any(str::is_empty) {
        return Some("has a dot at an edge of, or two dots within, the part before the `@`");
    }
    if !local.is_ascii() {
        return Some("has a character outside ASCII before the `@`");
    }
    if !local.bytes().all(|byte| byte == b'.' || is_atom(byte)) {
        return Some("has a character before the `@` that addresses do not have");
    }
    None
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
    use super::*;

    #[test]
    fn takes_dot_atoms_at_two_labels_or_more() {
        for good in [
            "a@b.c",
            "first.last+tag@sub.example.org",
            "o'hara@example.com",
            "x@xn--bcher-kva.example",
            "{weird}!#$%&*/=?^_`|~-@1.2",
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
            ("\"a\"@example.com", "before the `@` that addresses"),
            ("zoë@example.com", "outside ASCII"),
            ("a@", "nothing after"),
            ("a@localhost", "no dot after"),
            ("a@example..com", "two dots within, the part after"),
            ("a@exa_mple.com", "after the `@` that domains"),
            ("a@-example.com", "hyphen"),
            ("a@[192.0.2.1]", "after the `@` that domains"),
        ] {
            let fault = fault(bad).unwrap_or_default();
            assert!(fault.contains(says), "{bad}: {fault}");
        }
    }
}
