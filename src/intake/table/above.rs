//! Looks for a table among the records above a header: its rows must not be skipped as titles are.

use super::super::dialect::DELIMITERS;
use super::super::kind::{Kind, is_phone, kind};
use super::Look;

/// Fewest consecutive records of equal width that make a table.
const TABLE_RECORDS_MIN: usize = 2;
/// Fewest words of a cell that is a sentence, not a name or a label.
const SENTENCE_WORDS_MIN: usize = 4;

/// First words of labels that exports write above a table, in lower case: `Report,July 2026`.
/// A longer word that begins with one of them counts too: `Exported by`, `Reporting period`.
const LABELS: [&str; 72] = [
    "abfrage",
    "account",
    "agent",
    "angemeldet",
    "anzahl",
    "author",
    "autor",
    "benutzer",
    "bericht",
    "brand",
    "business",
    "client",
    "company",
    "contact",
    "count",
    "created",
    "criteria",
    "currency",
    "data",
    "date",
    "datum",
    "department",
    "description",
    "division",
    "document",
    "end ",
    "entity",
    "erstellt",
    "erzeugt",
    "export",
    "fecha",
    "file",
    "filter",
    "filtro",
    "filtre",
    "firma",
    "from",
    "generat",
    "group",
    "informe",
    "language",
    "last ",
    "number of",
    "office",
    "organi",
    "period",
    "prepared",
    "printed",
    "processed",
    "project",
    "query",
    "queue",
    "rapport",
    "record",
    "region",
    "report",
    "request",
    "rows",
    "run ",
    "search",
    "site",
    "sort",
    "source",
    "start",
    "status",
    "subject",
    "system",
    "team",
    "time",
    "total",
    "updated",
    "zeitraum",
];
/// Labels that count as whole words only, since names of people begin with them.
const WHOLE_LABELS: [&str; 16] = [
    "bis", "by", "closed", "for", "name", "note", "open", "owner", "page", "sheet", "title", "to",
    "user", "version", "view", "von",
];

impl Look<'_> {
    /// Returns the first and last record of a table above the header, if there is one.
    pub(super) fn table_above(&self, header: usize) -> Option<(usize, usize)> {
        let mut first = 0;
        while first < header {
            let filled = &self.filled[first..header];
            let count = filled.iter().take_while(|filled| **filled > 1).count();
            let block = first..first + count;
            let is_table = count >= TABLE_RECORDS_MIN
                && (block.start + 1..block.end).any(|record| self.is_as_wide(record - 1, record))
                && !self.is_details(block.clone());
            if is_table {
                return Some((block.start, block.end - 1));
            }
            first = block.end + 1;
        }
        self.addresses_above(header)
    }

    /// Returns the first and last record above the header that has an email address as a cell, and is no label with its value.
    fn addresses_above(&self, header: usize) -> Option<(usize, usize)> {
        let is_of_somebody = |record: &usize| {
            self.sample[*record].iter().any(|cell| has_address(cell))
                && !self.is_details(*record..record + 1)
        };
        let first = (0..header).find(is_of_somebody)?;
        let last = (first..header).rfind(is_of_somebody)?;
        Some((first, last))
    }

    /// Returns whether two records begin in the same column, and have as many cells or as many up to their last value.
    fn is_as_wide(&self, one: usize, other: usize) -> bool {
        let is_filled = |kind: &Kind| *kind != Kind::Blank;
        let first = |record: usize| self.kinds[record].iter().position(is_filled);
        let last = |record: usize| self.kinds[record].iter().rposition(is_filled);
        let is_as_long = self.sample[one].len() == self.sample[other].len();
        first(one) == first(other) && (is_as_long || last(one) == last(other))
    }

    /// Returns whether most of these records are a label and its value, or a sentence about the report.
    fn is_details(&self, records: std::ops::Range<usize>) -> bool {
        let count = records.len();
        let details = records.filter(|&record| {
            let cells = &self.sample[record];
            let mut filled = cells.iter().filter(|cell| !cell.is_empty());
            let Some(first) = filled.next() else {
                return false;
            };
            let is_of_somebody = |cell: &String| kind(cell) == Kind::Email || is_phone(cell);
            let is_sentence = first.split_whitespace().count() >= SENTENCE_WORDS_MIN
                && !cells.iter().any(is_of_somebody);
            is_marked_label(first) || is_sentence || self.filled[record] == 2 && is_label(first)
        });
        details.count() * 2 > count
    }
}

/// Returns whether a cell is an email address, or contains one between delimiters of another table.
fn has_address(cell: &str) -> bool {
    let mut parts = cell.split(DELIMITERS.map(char::from));
    parts.any(|part| kind(part.trim()) == Kind::Email)
}

/// Returns whether a text is marked as a label or comment: `Period:`, `Exported by: Ops`, `# of July`.
fn is_marked_label(text: &str) -> bool {
    let is_word = |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | '(' | ')' | '-');
    let label = text.split_once([':', '：']).filter(|(label, rest)| {
        label.chars().all(is_word)
            && label.contains(char::is_alphabetic)
            && (rest.is_empty() || rest.starts_with(' '))
    });
    label.is_some() || text.starts_with(['#', '*']) || text.starts_with("//")
}

/// Returns whether a text begins as labels do.
fn is_label(text: &str) -> bool {
    let text = text.to_lowercase();
    kind(&text) == Kind::Text
        && (LABELS.iter().any(|label| text.starts_with(label))
            || WHOLE_LABELS.contains(&text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::super::{NoTable, Said, find};

    /// The records of the table above the header; none: the header is found.
    fn above(text: &str) -> Option<(usize, usize)> {
        let record = |line: &str| line.split('|').map(str::to_owned).collect();
        let records: Vec<Vec<String>> = text.lines().map(record).collect();
        match find(&records, Said::default()) {
            Ok(_) => None,
            Err(NoTable::Above { first, last, .. }) => Some((first, last)),
            Err(other) => panic!("{other:?}"),
        }
    }

    const BELOW: &str = "Ticket|Opened|Name|Email|Phone|Wish\n\
        T-1|2026-01-02|Ann|a@example.com|+44 20 7946 0018|view\n\
        T-2|2026-01-03|Bob|b@example.com|+44 20 7946 0019|view\n\
        T-3|2026-01-04|Cho|c@example.com|+44 20 7946 0020|view\n";

    #[test]
    fn rows_above_the_header_are_a_table() {
        for (text, place) in [
            (
                "Ticket|Email|Wish\n1|x@example.com|view\n2|y@example.com|view\n\n",
                (0, 2),
            ),
            (
                "Old requests\n\nEmail|Wish\nx@example.com|view\ny@example.com|view\n",
                (2, 4),
            ),
            ("Ann Lee|12 High Street\nBob Roe|3 Low Road\n", (0, 1)),
            (
                "Ann Lee|High Street|Leeds\nBob Roe|Low Road|York\n\n",
                (0, 1),
            ),
            ("Name|Address\nAnn Lee|x@example.com\n", (0, 1)),
            ("Ann Lee|x@example.com\n\nBob Roe|y@example.com\n\n", (0, 2)),
            ("x@example.com\ny@example.com\n\n", (0, 1)),
            ("Old requests\nT-9|x@example.com|view\n\n", (1, 1)),
            ("Ticket\tEmail\tWish\nT-9\tx@example.com\tview\n\n", (1, 1)),
            // As a spreadsheet writes it, with as many delimiters on each line.
            (
                "Ann Lee|12 High Street||||\nBob Roe|3 Low Road||||\n",
                (0, 1),
            ),
        ] {
            assert_eq!(above(&format!("{text}{BELOW}")), Some(place), "{text}");
        }
    }

    #[test]
    fn what_a_report_says_of_itself_is_none() {
        for text in [
            "Report|July 2026\nExported by|Ops\nFilter|All\n\n",
            "Report|July 2026||||\nExported by|ops@example.com||||\nFilter|All||||\n",
            "Brand:|Acme\nHandled in:|Leeds\nRows:|3\n",
            "Brand:|Acme|Handled in:|Leeds\nRows:|3|Seen:|2\n",
            "# Export of July| by Ops\n# all brands| all regions\n",
            "This list is confidential|do not forward\nIt was made for the audit|of 2026\n",
            "Privacy requests\nGenerated|2026-01-05\n\n",
            "Zeitraum|Juli 2026\nErstellt von|Ops\n",
            "Questions to privacy@example.com\nContact|privacy@example.com\n",
        ] {
            assert_eq!(above(&format!("{text}{BELOW}")), None, "{text}");
        }
    }
}
