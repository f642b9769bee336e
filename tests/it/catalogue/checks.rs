//! What a check says of a whole input, and what comes next: a real report by the binary for each.

use super::given::{assert_nobody_is_shown, lay_out};
use crate::cli::{Place, code, stderr, stdout};

/// Rows below `Ticket,Email,Wish`, and what is told of them.
struct Example {
    title: &'static str,
    rows: &'static str,
    /// Lines of the job file's `[fields]`.
    fields: &'static str,
    args: &'static [&'static str],
    exit_code: i32,
    found: &'static str,
    /// What to do.
    wanted: &'static str,
}

const GOOD: &str = "T-1,jane@example.com,Access\n";

const fn example(
    title: &'static str,
    rows: &'static str,
    exit_code: i32,
    [found, wanted]: [&'static str; 2],
) -> Example {
    Example {
        title,
        rows,
        fields: "",
        args: &["check"],
        exit_code,
        found,
        wanted,
    }
}

#[rustfmt::skip]
const EXAMPLES: &[Example] = &[
    example("all is right", GOOD, 0, ["to send 1 valid", "Next: send "]),
    example("there is nothing", "", 0, ["0 rows", "There is nothing to send"]),
    example("one of two is wrong", "T-1,jane@example.com,Access\nT-2,nobody,Access\n", 1, ["invalid 1 never sent", "Or send the valid request now"]),
    example("all are wrong", "T-2,nobody,Access\n", 1, ["invalid 1 never sent", "follow the arrows above"]),
    example("a word that is nearly known", "T-1,jane@example.com,Acess\n", 1, ["1 word without a meaning", "like `Access`?"]),
    example("a row that repeats another", "T-1,jane@example.com,Access\nT-1,jane@example.com,Access\n", 0, ["with the same content: sent once", "Next: send"]),
    example("a row that repeats another's key", "T-1,jane@example.com,Access\nT-1,Jane@example.com,Access\n", 0, ["with other content than the earlier row", "choose a `key` in [input]"]),
    example("a key of two people", "T-1,jane@example.com,Access\nT-1,joe@example.com,Access\n", 1, ["names different people or request types", "give each row its own key in the rejects"]),
    Example {
        fields: "request = { column = \"Wish\", values = { \"Access\" = \"?\" } }",
        ..example("a word that is left open", GOOD, 1, ["leaves open", "until then nothing is sent"])
    },
    Example {
        fields: "preverified = { value = false }",
        ..example("people who are written to", GOOD, 0, ["Concord most likely mails or texts them", "Next: send "])
    },
    Example {
        args: &["check", "--show-values"],
        ..example("values as they are", GOOD, 0, ["PERSONAL DATA", "keep it out of logs and tickets"])
    },
];

impl Example {
    fn read_aloud(&self, place: &Place) -> String {
        let Self {
            title,
            found,
            wanted,
            ..
        } = self;
        let content = format!("Ticket,Email,Wish\n{}", self.rows);
        lay_out(place, "a.csv", content.as_bytes(), "", self.fields);
        let output = place.run(&[self.args, &["a.csv", "--job", "job.toml"]].concat());
        let told = stderr(&output) + &stdout(&output);
        assert_eq!(code(&output), self.exit_code, "{title}: {told}");
        assert_nobody_is_shown(title, &told);
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [found, wanted] {
            let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                words.contains(&part),
                "{title}: `{part}` is not told: {told}"
            );
        }
        format!("## {title}\n{}\n\n", told.trim())
    }
}

/// All of them.
pub(super) fn read_aloud() -> String {
    let place = Place::new();
    EXAMPLES
        .iter()
        .map(|example| example.read_aloud(&place))
        .collect()
}
