//! Small words that several messages share.

/// A number and what it counts, in the singular where it is one: `1 row`, `2 rows`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    match (count, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{count} {stem}ies"),
        (_, None) => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0, 1, 2].map(|n| counted(n, "entry")),
            ["0 entries", "1 entry", "2 entries"]
        );
        assert_eq!(counted(1, "row"), "1 row");
        assert_eq!(counted(7, "row"), "7 rows");
    }
}
