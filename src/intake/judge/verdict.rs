//! What a record may turn out to be, and how that is told.

use crate::codes::ProblemCode;
use std::borrow::Cow;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A row, whatever is wrong with it.
    Row,
    /// A row, unless a header comes next: then it is the title of another table ([`Doubt::LoneCell`]).
    RowOrTitle,
    /// No row for certain.
    Aside(Aside),
    /// No row if none follows, else a doubt ([`Aside::doubt`]).
    AsideAtEnd(Aside),
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
    /// It looks like the header of another table.
    OtherHeader,
    /// It has more cells than the header, and they are not what their columns hold.
    Shifted,
    /// The line below it seems to be the rest of one of its texts.
    CutOff,
    /// It stands below the header of another table, which is on this line.
    OtherTable(u64),
    /// It stands below the header once more, and below the title on this line.
    OtherSection(u64),
}

impl Aside {
    /// For scripts.
    pub(crate) const fn code(self) -> ProblemCode {
        match self {
            Self::Note => ProblemCode::Note,
            Self::Total => ProblemCode::Total,
            Self::HeaderAgain => ProblemCode::HeaderAgain,
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

    /// What it is where rows follow.
    pub(crate) const fn doubt(self) -> Doubt {
        match self {
            Self::Note => Doubt::LoneCell,
            Self::Total => Doubt::Total,
            Self::HeaderAgain => Doubt::OtherHeader,
        }
    }
}

impl Doubt {
    /// For scripts.
    pub(crate) const fn code(self) -> ProblemCode {
        match self {
            Self::LoneCell => ProblemCode::LoneCell,
            Self::Total => ProblemCode::PerhapsTotal,
            Self::OtherHeader => ProblemCode::OtherHeader,
            Self::Shifted => ProblemCode::Shifted,
            Self::CutOff => ProblemCode::CutOff,
            Self::OtherTable(_) => ProblemCode::OtherTable,
            Self::OtherSection(_) => ProblemCode::OtherSection,
        }
    }

    /// Returns the text for users. `noun` is the unit that the input counts: `line` or `row`.
    pub(crate) fn message(self, noun: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::LoneCell => {
                "one cell is filled: a note, a title or a row of which the rest is missing; correct or remove it"
            }
            Self::Total => {
                "looks like a total, by its label; remove it, or fill in what is missing"
            }
            Self::OtherHeader => {
                "looks like the header of another table; give each table a file of its own"
            }
            Self::Shifted => {
                "has a cell more than the header, and values that do not fit their columns: a delimiter too many?"
            }
            Self::CutOff => {
                "the line below it seems to be the rest of its last cell; a text of several lines has to stand in quotes"
            }
            Self::OtherTable(line) => {
                return Cow::Owned(format!(
                    "is below {noun} {line}, which looks like the header of another table; give each table a separate file"
                ));
            }
            Self::OtherSection(line) => {
                return Cow::Owned(format!(
                    "stands below the title on {noun} {line}, where the header comes once more; if these rows are meant too, remove \
                     that title"
                ));
            }
        })
    }
}
