//! Finds what divides the lines of an input that was read as a single column.
//!
//! A list of addresses is a table of one column. `ID¤Name¤Email` is not: if it were read as one, every value would be
//! lost without a message.

use super::dialect::written;
use super::error::IntakeError;
use super::kind::{Kind, kind};

/// The fewest blanks between columns that are aligned with blanks.
const ALIGNED_BLANKS: &str = "  ";
/// Characters that names and addresses hold, so that they divide nothing.
const WITHIN_VALUES: &str = "@._-'\"()+";
/// Minimum number of colons on a line for them to count as delimiters: a label has one, a time has two.
const COLONS_MIN: usize = 3;

/// The delimiter that the lines seem to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Divided {
    /// A character that occurs equally often on the header and on most lines.
    By(char),
    /// The same, within one cell in quotes.
    ByWithinQuotes(char),
    /// Runs of blanks that align the columns.
    Aligned,
    /// Single blanks, with an address on every line.
    ByBlanks,
}

/// Finds the delimiter of the lines. The header is the first line, or the second below a title. `is_whole`: the cells
/// are in quotes or in a workbook, so usual delimiters within them are text.
pub(crate) fn find(lines: &[&str], is_whole: bool) -> Option<Divided> {
    let below = |from: usize| lines.get(from..).and_then(<[&str]>::split_first);
    let (header, rows) = below(0)?;
    let found = divided(header, rows, is_whole);
    if found.is_some() || rows.len() < 3 {
        return found;
    }
    let (header, rows) = below(1)?;
    let is_name = |piece: &str| kind(piece) == Kind::Text;
    // The first row of a list may be `Access/Copy` like the other rows, and is then no header.
    divided(header, rows, false).filter(|found| {
        matches!(found, Divided::By(c) if (!c.is_ascii_graphic() || matches!(c, '^' | '~')) && header.split(*c).all(is_name))
    })
}

fn divided(header: &str, rows: &[&str], is_whole: bool) -> Option<Divided> {
    let header = header.trim();
    if rows.is_empty() {
        return None;
    }
    let mut best = None;
    for c in header.chars() {
        let count = header.matches(c).count();
        let is_alike = |row: &&&str| row.matches(c).count() == count;
        let alike = rows.iter().filter(is_alike).count();
        let is_delimiter = matches!(c, ',' | ';' | '\t' | '|');
        let may_divide = !c.is_alphanumeric()
            && c != ' '
            && !WITHIN_VALUES.contains(c)
            && (c != ':' || count >= COLONS_MIN)
            && (is_whole || !is_delimiter);
        if may_divide && are_names(&header.split(c)) && is_most(alike, rows.len()) {
            best = best.max(Some((alike, count, c)));
        }
    }
    if let Some((.., c)) = best {
        let is_usual = matches!(c, ',' | ';' | '\t' | '|');
        return Some(if is_usual {
            Divided::ByWithinQuotes(c)
        } else {
            Divided::By(c)
        });
    }
    let aligned = rows
        .iter()
        .filter(|row| row.trim().contains(ALIGNED_BLANKS));
    if header.contains(ALIGNED_BLANKS) && aligned.count() * 2 >= rows.len() {
        return Some(Divided::Aligned);
    }
    let words = header.split_whitespace().count();
    let has_address = |row: &&&str| {
        let mut own = row.split_whitespace();
        own.clone().count() > 1
            && own.any(|word| kind(word) == Kind::Email && !word.contains(['<', ':']))
    };
    if words < 2 || !is_most(rows.iter().filter(has_address).count(), rows.len()) {
        return None;
    }
    let is_as_many = |row: &&str| row.split(' ').count() == words;
    Some(if rows.iter().all(is_as_many) {
        Divided::ByBlanks
    } else {
        Divided::Aligned
    })
}

/// Returns whether all pieces of a header are names, each another.
fn are_names<'a>(pieces: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
    pieces.clone().enumerate().all(|(index, piece)| {
        !piece.trim().is_empty() && !pieces.clone().take(index).any(|earlier| earlier == piece)
    })
}

fn is_most(part: usize, all: usize) -> bool {
    part > 0 && part * 4 >= all * 3
}

impl Divided {
    /// Returns the refusal of an input of delimited text.
    pub(crate) fn refusal(self, input: &str, line: u64) -> IntakeError {
        let (what, hint) = match self {
            Self::By(c) if c.is_ascii() => {
                let delimiter = written(u8::try_from(c).unwrap_or(b'?'));
                (
                    format!(
                        "is a single cell, and nearly every line has the same number of `{delimiter}`"
                    ),
                    format!(
                        "set delimiter = \"{delimiter}\" in the job file's [input] (or \",\" if the file has only one column)"
                    ),
                )
            }
            Self::By(c) => (
                format!("is a single cell, and nearly every line has the same number of `{c}`"),
                format!(
                    "export the file with a comma, semicolon or tab between the cells, since `{c}` cannot be read as a delimiter \
                     (or set delimiter = \",\" in the job file's [input] if the file has only one column)"
                ),
            ),
            Self::ByWithinQuotes(c) => (
                format!(
                    "is a single cell in quotes with `{}` in it, and so is nearly every line",
                    shown(c)
                ),
                "export the file again without quotes around whole lines, or remove these quotes in a text editor".to_owned(),
            ),
            Self::Aligned => (
                "is a single cell: the columns seem to be aligned with blanks".to_owned(),
                "export the file as CSV, with a comma between the cells (or set delimiter = \",\" in the job file's [input] if the \
                 file has only one column)"
                    .to_owned(),
            ),
            Self::ByBlanks => (
                "is a single cell, and every line has the same number of words, one of them an address".to_owned(),
                "set delimiter = \" \" in the job file's [input] (or \",\" if the file has only one column)".to_owned(),
            ),
        };
        IntakeError::Header {
            input: input.to_owned(),
            line,
            what,
            hint,
        }
    }

    /// Returns the refusal of a sheet of a workbook.
    pub(crate) fn refusal_of_sheet(self, input: &str, row: u64) -> IntakeError {
        let what = match self {
            Self::By(c) | Self::ByWithinQuotes(c) => format!(
                "is a single cell with `{}` in it, and so is nearly every row: one cell holds the whole row",
                shown(c)
            ),
            Self::Aligned | Self::ByBlanks => {
                "is a single cell, and blanks seem to divide it and every row".to_owned()
            }
        };
        IntakeError::SheetHeader {
            input: input.to_owned(),
            row,
            what,
            hint: "divide the column in the spreadsheet program (in Excel: Data, Text to Columns), or give the text file that was \
                   opened there"
                .to_owned(),
        }
    }
}

/// A character as a message shows it.
fn shown(c: char) -> String {
    u8::try_from(c).map_or_else(|_| c.to_string(), written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<Divided> {
        find(&text.lines().collect::<Vec<_>>(), false)
    }

    #[test]
    fn what_stands_equally_often_on_every_line_divides_it() {
        for (text, divided) in [
            (
                "ID¤Name¤Email\n1¤Ann¤a@example.com\n2¤Bob¤b@example.com",
                Divided::By('¤'),
            ),
            (
                "ID§Email\n1§a@example.com\n2§b@example.com\n\u{a9} Ops\n3§c@example.com\n4§d@example.com",
                Divided::By('§'),
            ),
            (
                "Requests of July\nID¦Email\n1¦a@example.com\n2¦b@example.com",
                Divided::By('¦'),
            ),
            (
                "ID#Email\n1#a@example.com\n2#b@example.com",
                Divided::By('#'),
            ),
            (
                "ID   Name     Email\n1    Ann Lee  a@example.com\n2    Bob      b@example.com",
                Divided::Aligned,
            ),
            (
                "ID Email\n1 a@example.com\n2 b@example.com",
                Divided::ByBlanks,
            ),
            (
                "ID Name Email\n1 Ann Lee a@example.com\n2 Bob b@example.com",
                Divided::Aligned,
            ),
        ] {
            assert_eq!(found(text), Some(divided), "{text}");
        }
        let quoted = ["ID,Email", "1,a@example.com", "2,b@example.com"];
        assert_eq!(find(&quoted, true), Some(Divided::ByWithinQuotes(',')));
        assert_eq!(find(&quoted, false), None);
    }

    #[test]
    fn a_list_is_divided_by_nothing() {
        for text in [
            "Email\na@example.com\nb@example.org\n",
            "E-mail\nann-lee@example.com\nbob-roe@example.com",
            "User_id\na_1\nb_2",
            "Requester email\nAnn Lee <a@example.com>\nBob Roe <b@example.com>",
            "Full name\nAnn Lee\nBob Roe\nCho Poe",
            "Ticket #\n#1\n#2\n#3",
            "Page\nhttps://www.example.com/a\nhttps://www.example.com/b\nhttps://www.example.com/c\nhttps://www.example.com/d",
            "Wish\nAccess/Copy\nAccess/Copy\nAccess/Copy\nAccess/Copy",
            "Remark: what?\nCalled: yes\nCalled: no",
            "Email",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
