//! Text for people, laid out as wide as the terminal is: paragraphs of toned words, wrapped with a hanging indent.
//!
//! Whatever comes in is made harmless before tones are put around it, so that a page may be printed as it is.

use console::Style;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use crate::sanitize::harmless;

/// A terminal that is narrower is taken for this wide: longer words would stand alone in any case.
const WIDTH_MIN: usize = 40;
/// Lines are not made longer than this on a wider terminal: they would be hard to read.
const WIDTH_MAX: usize = 120;

/// How lines begin that are commands to copy.
const COMMANDS: [&str; 2] = ["concord-import ", "… | concord-import "];
/// Where the last column of a table begins at most.
const COLUMN_MAX: usize = 32;

/// How a piece of text stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// As everything else.
    Plain,
    /// What a section is about.
    Title,
    /// What has to be done something about.
    Bad,
    /// What is worth a look.
    Doubtful,
    /// All is well.
    Good,
    /// What is said besides.
    Faint,
}

/// What the page is printed on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Paper {
    /// In columns; none: lines are not wrapped.
    pub(super) width: Option<usize>,
    /// Tones become colours.
    pub(super) has_colours: bool,
}

/// One paragraph.
#[derive(Clone, Debug, Default)]
struct Paragraph {
    /// Columns before the first line, and before the others.
    indent: (usize, usize),
    pieces: Vec<(Tone, String)>,
    /// Never wrapped: to be copied.
    is_verbatim: bool,
}

/// Paragraphs, one below the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    paragraphs: Vec<Paragraph>,
}

impl Page {
    /// A page of text that is laid out already. A line hangs where its last column begins; commands are not wrapped.
    pub(super) fn of_text(text: &str) -> Self {
        let mut page = Self::default();
        for line in text.lines() {
            let told = line.trim_start();
            let first = line.len() - told.len();
            if first > 0 && COMMANDS.iter().any(|begin| told.starts_with(begin)) {
                page.verbatim(first, told);
            } else {
                let column = told
                    .char_indices()
                    .filter(|(at, c)| *c != ' ' && told[..*at].ends_with("  "))
                    .map(|(at, _)| at)
                    .take_while(|at| *at < COLUMN_MAX)
                    .last();
                let others = first + column.unwrap_or(0);
                page.begin(first, others).add(Tone::Plain, told);
            }
        }
        page
    }

    /// Begins a paragraph, `first` columns in; its other lines begin `others` columns in.
    pub(super) fn begin(&mut self, first: usize, others: usize) -> &mut Self {
        self.paragraphs.push(Paragraph {
            indent: (first, others),
            ..Paragraph::default()
        });
        self
    }

    /// A line that is not wrapped, for a command to copy.
    pub(super) fn verbatim(&mut self, indent: usize, text: impl Into<String>) -> &mut Self {
        self.paragraphs.push(Paragraph {
            indent: (indent, indent),
            pieces: vec![(Tone::Plain, text.into())],
            is_verbatim: true,
        });
        self
    }

    /// Adds to the paragraph.
    pub(super) fn add(&mut self, tone: Tone, text: impl Into<String>) -> &mut Self {
        if self.paragraphs.is_empty() {
            self.begin(0, 0);
        }
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.pieces.push((tone, text.into()));
        }
        self
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> &mut Self {
        self.begin(0, 0)
    }

    /// The whole as text, without a line break at its end.
    pub(super) fn render(&self, paper: Paper) -> String {
        let width = paper.width.map(|width| width.clamp(WIDTH_MIN, WIDTH_MAX));
        let lines = self
            .paragraphs
            .iter()
            .map(|paragraph| paragraph.render(width, paper.has_colours));
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Paragraph {
    fn render(&self, width: Option<usize>, has_colours: bool) -> String {
        let mut text = String::new();
        for (tone, piece) in &self.pieces {
            let piece = harmless(piece).replace(['\n', '\t'], " ");
            let words = piece.trim_matches(' ');
            let (before, after) = piece.split_once(words).unwrap_or_default();
            text += before;
            text += &toned(*tone, words, has_colours);
            text += after;
        }
        let (first, others) = (" ".repeat(self.indent.0), " ".repeat(self.indent.1));
        match width.filter(|_| !self.is_verbatim) {
            None => (first + &text).trim_end_matches(' ').to_owned(),
            Some(width) => textwrap::fill(
                &text,
                Options::new(width)
                    .initial_indent(&first)
                    .subsequent_indent(&others)
                    .break_words(false)
                    .word_separator(WordSeparator::AsciiSpace)
                    .word_splitter(WordSplitter::NoHyphenation)
                    .wrap_algorithm(WrapAlgorithm::FirstFit),
            ),
        }
    }
}

fn toned(tone: Tone, text: &str, has_colours: bool) -> String {
    if !has_colours || text.is_empty() {
        return text.to_owned();
    }
    let style = Style::new().force_styling(true);
    let style = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Title => style.bold(),
        Tone::Bad => style.red().bold(),
        Tone::Doubtful => style.yellow(),
        Tone::Good => style.green(),
        Tone::Faint => style.dim(),
    };
    style.apply_to(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let mut page = Page::default();
        page.begin(2, 6);
        page.add(Tone::Bad, "  3  ").add(
            Tone::Plain,
            "column `E\u{1b}[31m-mail`: has no `@`; an address is wanted\nhere",
        );
        page
    }

    #[test]
    fn lines_wrap_where_they_have_to_and_hang() {
        let wrapped = page().render(Paper {
            width: Some(40),
            has_colours: false,
        });
        assert_eq!(
            wrapped,
            "    3  column `E\u{fffd}[31m-mail`: has no `@`;\n      an address is wanted here"
        );
        assert!(!page().render(Paper::default()).contains('\n'));
    }

    #[test]
    fn text_that_is_laid_out_hangs_by_its_columns_and_leaves_commands_whole() {
        let command = format!("  concord-import run {} --yes", "a".repeat(50));
        let text =
            format!("\n  in doubt         12  may exist in Concord: look before\nNext:\n{command}");
        let paper = Paper {
            width: Some(40),
            has_colours: false,
        };
        assert_eq!(
            Page::of_text(&text).render(paper),
            format!(
                "\n  in doubt         12  may exist in\n                       Concord: look\n                       before\n\
                 Next:\n{command}"
            )
        );
        assert_eq!(Page::of_text(&text).render(Paper::default()), text);
        let odd = "target       project 1 at\n             http://127.0.0.1";
        assert_eq!(
            Page::of_text(&odd.replace("\n             ", " ")).render(paper),
            odd
        );
    }

    #[test]
    fn tones_are_colours_only_where_there_are_any() {
        let coloured = page().render(Paper {
            width: None,
            has_colours: true,
        });
        assert_eq!(coloured.matches('\u{1b}').count(), 3, "{coloured:?}");
        assert!(
            coloured.starts_with("    \u{1b}[31m\u{1b}[1m3\u{1b}[0m  column"),
            "{coloured:?}"
        );
        assert!(!page().render(Paper::default()).contains('\u{1b}'));
    }

    #[test]
    fn a_word_that_is_too_long_stands_alone() {
        let mut page = Page::default();
        page.begin(0, 2)
            .add(Tone::Plain, format!("a {} b", "x".repeat(60)));
        let text = page.render(Paper {
            width: Some(40),
            has_colours: false,
        });
        assert_eq!(text, format!("a\n  {}\n  b", "x".repeat(60)));
    }
}
