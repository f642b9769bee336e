//! What a record below the header is: a row, or a note, a total or a header that was repeated.
//!
//! It goes by the record alone, by what the columns hold in the first records and by which of those are sums of others
//! (`sums`), so that the same record is judged the same wherever it stands. What is set aside for certain is told as a
//! warning; what may be a row or not is a problem of that row. A record with an email address is always a row. Nothing is
//! allocated for a row.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::kind::{Kind, is_phone, kind};
use super::sums;
use super::table::{PROBLEM_COLUMN, Table, folded_space};

/// Longest text that may be the label of a total, in bytes.
const LABEL_BYTES_MAX: usize = 64;
/// So many words in a cell that stands alone are a note.
const NOTE_WORDS_MIN: usize = 6;
/// A total that has texts too has so many numbers.
const AMOUNTS_MIN: usize = 2;
/// A column whose texts have so many words on average holds prose.
const PROSE_WORDS_MIN: usize = 4;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A row, whatever is wrong with it.
    Row,
    /// No row for certain.
    Aside(Aside),
    /// Perhaps no row.
    Doubtful(Doubt),
}

/// What is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    /// A note below the table or between its rows.
    Note,
    /// A total.
    Total,
    /// The header once more.
    HeaderAgain,
}

/// What may be a row or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// One cell in a table of several.
    LoneCell,
    /// It looks like a total.
    Total,
    /// Its numbers are the sums of other records'.
    Sum,
    /// It looks like the header of another table.
    OtherHeader,
    /// It has more cells than the header, and they are not what their columns hold.
    Shifted,
}

impl Aside {
    /// For scripts.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Total => "total",
            Self::HeaderAgain => "header_again",
        }
    }

    /// For people.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Note => {
                "set aside as a note: one cell is filled, with a text that is no value of its column"
            }
            Self::Total => "set aside as a total: a label such as `Total`, and numbers",
            Self::HeaderAgain => "set aside: it is the header once more",
        }
    }
}

impl Doubt {
    /// For scripts.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::LoneCell => "lone_cell",
            Self::Total => "perhaps_total",
            Self::Sum => "perhaps_sum",
            Self::OtherHeader => "other_header",
            Self::Shifted => "shifted",
        }
    }

    /// For people.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::LoneCell => {
                "one cell is filled: a note, a title or a row of which the rest is missing; correct or remove it"
            }
            Self::Total => "looks like a total; remove it, or fill what is missing",
            Self::Sum => {
                "its numbers are what rows below or above it add up to: a total, it seems; remove it if it is"
            }
            Self::OtherHeader => {
                "looks like the header of another table; give each table a file of its own"
            }
            Self::Shifted => {
                "has a cell more than the header, and values that do not fit their columns: a delimiter too many?"
            }
        }
    }
}

/// Judges the records below a header.
#[derive(Clone, Debug, Default)]
pub(crate) struct Judge {
    /// The cells of each record of the header.
    headers: Vec<Vec<String>>,
    columns: Vec<Column>,
    /// Of each record of the sample that is a sum of others.
    sums: HashSet<u64>,
    sets_aside: bool,
    /// Most rows fill several cells.
    is_wide: bool,
    /// Holds the problems of an earlier run, which say nothing of the row.
    problem: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    /// What most of its cells are, where that is more than text.
    typed: Option<Kind>,
    is_prose: bool,
    is_mostly_filled: bool,
    is_mostly_empty: bool,
}

impl Judge {
    /// Learns from the sample in which the table was found. Without `sets_aside` every record is a row, if its values do
    /// not seem to be in the wrong columns.
    pub(crate) fn new(sample: &[Vec<String>], table: &Table, sets_aside: bool) -> Self {
        let rows_from = table.header + table.header_records;
        let header = &sample[table.header.min(sample.len())..rows_from.min(sample.len())];
        let headers = header
            .iter()
            .filter(|record| record.iter().any(|cell| !cell.trim().is_empty()))
            .map(|record| record.iter().map(|cell| folded_space(cell)).collect())
            .collect();
        let filled =
            |record: &Vec<String>| record.iter().filter(|cell| !cell.trim().is_empty()).count();
        let below = &sample[rows_from.min(sample.len())..];
        let rows: Vec<&Vec<String>> = below.iter().filter(|record| filled(record) > 1).collect();
        let columns = (0..table.columns.len())
            .map(|column| learned(&rows, column))
            .collect();
        let problem = table.columns.iter().position(|name| name == PROBLEM_COLUMN);
        // Rejects are without the rows that add up to them.
        let sums = if sets_aside && problem.is_none() {
            sums::find(below)
        } else {
            Vec::new()
        };
        let wide = rows.iter().filter(|record| filled(record) > 2).count();
        Self {
            headers,
            columns,
            sums: sums
                .into_iter()
                .map(|record| fingerprint(below[record].len(), |column| &below[record][column]))
                .collect(),
            sets_aside,
            is_wide: wide * 2 > rows.len(),
            problem,
        }
    }

    /// What a record of so many cells is.
    pub(crate) fn judge<'a>(&self, count: usize, cell: impl Fn(usize) -> &'a str) -> Verdict {
        let cell = |column: usize| {
            if Some(column) == self.problem {
                ""
            } else {
                cell(column)
            }
        };
        if self.is_shifted(count, &cell) {
            return Verdict::Doubtful(Doubt::Shifted);
        }
        if !self.sets_aside {
            return Verdict::Row;
        }
        let mut filled = (0..count).filter(|&column| !cell(column).trim().is_empty());
        let Some(first) = filled.next() else {
            return Verdict::Row;
        };
        let label = cell(first).trim();
        if filled.next().is_none() {
            return self.lone(first, label);
        }
        if self
            .headers
            .iter()
            .any(|header| is_header(header, count, &cell))
        {
            return Verdict::Aside(Aside::HeaderAgain);
        }
        let rest = || (first + 1..count).map(|column| kind(cell(column)));
        let is_sums = || {
            rest().all(|kind| {
                matches!(
                    kind,
                    Kind::Blank | Kind::Missing | Kind::Number | Kind::Year
                )
            }) && rest().any(|kind| matches!(kind, Kind::Number | Kind::Year))
        };
        let adds_up = || !self.sums.is_empty() && self.sums.contains(&fingerprint(count, cell));
        match total_label(label) {
            Label::Total if is_sums() => return Verdict::Aside(Aside::Total),
            Label::Perhaps if is_sums() && adds_up() => return Verdict::Aside(Aside::Total),
            Label::Perhaps if is_sums() => return Verdict::Doubtful(Doubt::Total),
            Label::Total | Label::Perhaps if self.has_amounts(count, &cell) => {
                return Verdict::Doubtful(Doubt::Total);
            }
            Label::None if adds_up() => return Verdict::Doubtful(Doubt::Sum),
            _ => {}
        }
        let lacks_first = first > 0
            && self
                .columns
                .first()
                .is_some_and(|column| column.is_mostly_filled);
        if lacks_first && kind(label) == Kind::Number && is_sums() {
            return Verdict::Doubtful(Doubt::Total);
        }
        if self.is_other_header(count, &cell) {
            return Verdict::Doubtful(Doubt::OtherHeader);
        }
        Verdict::Row
    }

    /// Whether several numbers stand where numbers should, and nothing in the record is somebody's.
    fn has_amounts<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let mut amounts = 0;
        for (column, known) in self.columns.iter().enumerate().take(count) {
            let found = kind(cell(column));
            if matches!(found, Kind::Email | Kind::Url | Kind::Date) || is_phone(cell(column)) {
                return false;
            }
            amounts += usize::from(found == Kind::Number && known.typed == Some(Kind::Number));
        }
        amounts >= AMOUNTS_MIN
    }

    /// Whether a record with more cells than the header seems to have its values in the wrong columns.
    fn is_shifted<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let known = self.columns.iter().enumerate();
        count > self.columns.len()
            && known.into_iter().any(|(column, known)| {
                let found = kind(cell(column));
                match found {
                    Kind::Blank => known.is_mostly_filled && Some(column) != self.problem,
                    Kind::Missing => false,
                    _ => known.is_mostly_empty || known.typed.is_some_and(|typed| typed != found),
                }
            })
    }

    /// A record with a single filled cell.
    fn lone(&self, column: usize, text: &str) -> Verdict {
        let columns = self.columns.len();
        if columns < 2 || kind(text) != Kind::Text || is_code(text) {
            return Verdict::Row;
        }
        let starts = starts_as_note(text);
        if columns == 2 || !self.is_wide {
            return if starts {
                Verdict::Doubtful(Doubt::LoneCell)
            } else {
                Verdict::Row
            };
        }
        let is_long = text.split_whitespace().count() >= NOTE_WORDS_MIN;
        let is_total = total_label(text) != Label::None;
        let is_prose = self
            .columns
            .get(column)
            .is_some_and(|column| column.is_prose);
        if column == 0 && !is_prose && (starts || is_long || is_total) {
            return Verdict::Aside(Aside::Note);
        }
        Verdict::Doubtful(Doubt::LoneCell)
    }

    /// Whether texts stand where numbers, dates and addresses should, in most columns.
    fn is_other_header<'a>(&self, count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
        let mut texts = 0;
        for (column, known) in self.columns.iter().enumerate().take(count) {
            if known.typed.is_none() {
                continue;
            }
            let text = cell(column).trim();
            if text
                .bytes()
                .any(|byte| byte.is_ascii_digit() || byte == b'@')
            {
                return false;
            }
            match kind(text) {
                Kind::Blank => {}
                Kind::Text => texts += 1,
                _ => return false,
            }
        }
        let filled = (0..count)
            .filter(|&column| !cell(column).trim().is_empty())
            .count();
        texts >= 2 && filled * 3 >= self.columns.len() * 2
    }
}

/// What the rows of a sample hold in a column.
fn learned(rows: &[&Vec<String>], column: usize) -> Column {
    let (mut filled, mut words, mut texts) = (0, 0, 0);
    let mut counts = Kind::TYPED.map(|kind| (kind, 0));
    for text in rows.iter().filter_map(|record| record.get(column)) {
        let found = kind(text);
        filled += usize::from(found != Kind::Blank);
        if found == Kind::Text {
            texts += 1;
            words += text.split_whitespace().count();
        }
        for (known, count) in &mut counts {
            *count += usize::from(*known == found);
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    Column {
        typed: most
            .filter(|(_, count)| *count > 1 && count * 10 >= filled * 9)
            .map(|(kind, _)| kind),
        is_prose: texts > 0 && words >= texts * PROSE_WORDS_MIN,
        is_mostly_filled: filled > 1 && filled * 10 >= rows.len() * 9,
        is_mostly_empty: rows.len() > 1 && filled * 10 <= rows.len(),
    }
}

/// Whether a record is that header again.
fn is_header<'a>(header: &[String], count: usize, cell: &impl Fn(usize) -> &'a str) -> bool {
    let differs = |column: usize| {
        let text = if column < count { cell(column) } else { "" };
        let name = header.get(column).map_or("", String::as_str);
        text.trim() != name && folded_space(text) != name
    };
    // Most rows differ in their first cell, and are told by it without more ado.
    let may_be = header
        .iter()
        .position(|name| !name.is_empty())
        .is_some_and(|column| {
            column < count
                && cell(column).trim_start_matches('\u{feff}').trim().get(..1)
                    == header[column].get(..1)
        });
    may_be && !(0..count.max(header.len())).any(differs)
}

/// Stands for what a record's cells hold.
fn fingerprint<'a>(count: usize, cell: impl Fn(usize) -> &'a str) -> u64 {
    let mut hasher = DefaultHasher::new();
    let last = (0..count).rfind(|&column| !cell(column).trim().is_empty());
    for column in 0..last.map_or(0, |last| last + 1) {
        cell(column).trim().hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether the text is a single word with a digit in it, as keys are.
fn is_code(text: &str) -> bool {
    !text.contains(char::is_whitespace) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// How much a text looks like the label of a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    None,
    /// It begins or ends with such a word, or is `Average` or the like.
    Perhaps,
    /// It is nothing else.
    Total,
}

fn total_label(text: &str) -> Label {
    const WORDS: [&str; 26] = [
        "total",
        "totals",
        "subtotal",
        "sum",
        "summe",
        "gesamt",
        "gesamtsumme",
        "insgesamt",
        "zwischensumme",
        "totaal",
        "totale",
        "totali",
        "totaux",
        "somme",
        "suma",
        "razem",
        "celkem",
        "összesen",
        "итого",
        "всего",
        "yhteensä",
        "totalt",
        "toplam",
        "合計",
        "小計",
        "总计",
    ];
    const MEANS: [&str; 9] = [
        "average",
        "mean",
        "median",
        "durchschnitt",
        "mittelwert",
        "moyenne",
        "promedio",
        "gemiddelde",
        "media",
    ];
    const BESIDE: [&str; 6] = ["grand", "sub", "overall", "général", "general", "sub-"];
    if text.len() > LABEL_BYTES_MAX {
        return Label::None;
    }
    let is_word = |word: &str| {
        WORDS.iter().any(|known| {
            word.eq_ignore_ascii_case(known) || (!word.is_ascii() && word.to_lowercase() == *known)
        })
    };
    let mut words = text
        .split(|c: char| !c.is_alphabetic() && c != '-')
        .filter(|word| !word.is_empty())
        .peekable();
    let Some(&first) = words.peek() else {
        return Label::None;
    };
    let is_one_of =
        |words: &[&str], word: &str| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    let (mut any, mut all, mut last) = (false, true, false);
    let mut is_mean = true;
    for word in words {
        last = is_word(word) || word.eq_ignore_ascii_case("sub-total");
        any |= last;
        is_mean &= is_one_of(&MEANS, word);
        all &= last || is_one_of(&BESIDE, word);
    }
    if any && all {
        Label::Total
    } else if (any && (is_word(first) || last)) || is_mean {
        Label::Perhaps
    } else {
        Label::None
    }
}

/// Whether a text begins as notes do.
fn starts_as_note(text: &str) -> bool {
    const STARTS: [&str; 28] = [
        "source",
        "note",
        "footnote",
        "remark",
        "generated",
        "exported",
        "report",
        "printed",
        "downloaded",
        "end of",
        "disclaimer",
        "confidential",
        "copyright",
        "last updated",
        "as of",
        "page ",
        "quelle",
        "hinweis",
        "anmerkung",
        "stand:",
        "fuente",
        "fonte",
        "nota",
        "remarque",
        "bron:",
        "źródło",
        "* ",
        "© ",
    ];
    let is_mark = |rest: &str| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0
            && digits <= 2
            && rest[digits..]
                .trim_start_matches([')', ']', '/'])
                .starts_with(char::is_whitespace)
    };
    STARTS.iter().any(|start| {
        text.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    }) || text.starts_with(['*', '†', '‡', '#'])
        || text.strip_prefix(['(', '[', '\\']).is_some_and(is_mark)
}

#[cfg(test)]
mod tests {
    use super::super::table::{Said, find};
    use super::*;

    const TABLE: &str = "Ticket|Email|Wish|Due|Days\n\
        T-1|a@example.com|delete|2026-01-02|5\n\
        T-2|b@example.com|view|2026-01-02|3\n\
        T-3|c@example.com|view||4";

    fn judged(line: &str) -> Verdict {
        let record = |line: &str| line.split('|').map(str::to_owned).collect::<Vec<String>>();
        let sample: Vec<_> = TABLE.lines().map(record).collect();
        let table = find(&sample, Said::default()).expect("a table");
        let judge = Judge::new(&sample, &table, true);
        let cells = record(line);
        judge.judge(cells.len(), |column| &cells[column])
    }

    #[test]
    fn what_is_no_row_for_certain_is_set_aside() {
        for (line, aside) in [
            ("Source: the register||||", Aside::Note),
            ("* dates are those of receipt", Aside::Note),
            (
                "These rows were taken from the register of last year||||",
                Aside::Note,
            ),
            ("Total||||12", Aside::Total),
            ("|GRAND TOTAL||3|12", Aside::Total),
            ("Summe:||||12,5", Aside::Total),
            ("Total: 3 requests||||", Aside::Note),
            ("Ticket|Email|Wish|Due|Days", Aside::HeaderAgain),
        ] {
            assert_eq!(judged(line), Verdict::Aside(aside), "{line}");
        }
    }

    #[test]
    fn what_may_be_no_row_is_a_doubt() {
        for (line, doubt) in [
            ("Other people||||", Doubt::LoneCell),
            (
                "||Please forget all that you know about me||",
                Doubt::LoneCell,
            ),
            ("Total of 2025||||12", Doubt::Total),
            ("|||4|12", Doubt::Total),
            ("Name|Address|Kind|Date|Sum", Doubt::OtherHeader),
        ] {
            assert_eq!(judged(line), Verdict::Doubtful(doubt), "{line}");
        }
    }

    /// Every record below the header.
    fn judged_all(text: &str, sets_aside: bool) -> Vec<Verdict> {
        let sample: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split('|').map(str::to_owned).collect())
            .collect();
        let table = find(&sample, Said::default()).expect("a table");
        let judge = Judge::new(&sample, &table, sets_aside);
        let below = &sample[table.header + table.header_records..];
        let judged = below
            .iter()
            .map(|cells| judge.judge(cells.len(), |column| &cells[column]));
        judged.collect()
    }

    #[test]
    fn what_other_records_add_up_to_is_a_doubt_and_a_total_with_a_word() {
        let text = "Place|Code|Asked|Done\n\
            North|N|71402|9833\n\
            Aston|A|40117|5021\n\
            Barr|B|31285|4812\n\
            Total of all||71402|9833";
        let row = Verdict::Row;
        assert_eq!(
            judged_all(text, true),
            [
                Verdict::Doubtful(Doubt::Sum),
                row,
                row,
                Verdict::Aside(Aside::Total)
            ]
        );
        assert_eq!(judged_all(text, false), [row; 4]);
        let of_people = "Ticket|Email|Asked|Done\n\
            T-1|a@example.com|71402|9833\n\
            T-2|b@example.com|40117|5021\n\
            T-3|c@example.com|31285|4812";
        assert_eq!(judged_all(of_people, true), [row; 3]);
        let of_telephones = of_people
            .replace("@example.com", "")
            .replace("T-", "+44 20 7946 000");
        assert_eq!(judged_all(&of_telephones, true), [row; 3]);
    }

    #[test]
    fn a_total_may_have_units_and_a_person_its_name() {
        let text = "Name|Unit|Asked|Done\n\
            Total|days|11|4\n\
            Aston|days|7|3\n\
            Barr|days|9|8\n\
            Average||8|5.5";
        assert_eq!(
            judged_all(text, true),
            [
                Verdict::Doubtful(Doubt::Total),
                Verdict::Row,
                Verdict::Row,
                Verdict::Doubtful(Doubt::Total)
            ]
        );
        let of_people = "Name|Wish|Telephone|Number\n\
            Ann Total|view|020 7946 0018|4711\n\
            Aston|delete|020 7946 0019|4712\n\
            Barr|view|020 7946 0020|4713";
        assert_eq!(judged_all(of_people, true), [Verdict::Row; 3]);
    }

    #[test]
    fn what_may_be_sent_is_a_row() {
        for line in [
            "|a@example.com|||",
            "T-9||||",
            "|+44 20 7946 0018|||",
            "Total|a@example.com|||",
            "Summer|x|y|2026-01-02|4",
            "T-4|unknown|view||",
            "||||",
        ] {
            assert_eq!(judged(line), Verdict::Row, "{line}");
        }
    }
}
