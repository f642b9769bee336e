//! What a text looks like by its words alone: the label of a total, the beginning of a note, a title, a code.

use super::super::kind::{Kind, kind};
use super::super::text::Words;

/// Longest text that may be the label of a total, in bytes.
const LABEL_BYTES_MAX: usize = 64;

/// Whether a text that stands alone may be the title of what is below it. Marks of pages are none.
pub(super) fn is_title(text: &str) -> bool {
    const PAGES: [&str; 8] = [
        "page ",
        "seite ",
        "página ",
        "pagina ",
        "strona ",
        "sida ",
        "side ",
        "страница ",
    ];
    let text = text.trim();
    let is_page = |word: &&str| {
        text.get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word))
            && text[word.len()..].starts_with(|c: char| c.is_ascii_digit())
    };
    kind(text) == Kind::Text && !is_code(text) && !PAGES.iter().any(is_page)
}

/// Whether the text is a single word with a digit in it, as keys are.
pub(super) fn is_code(text: &str) -> bool {
    !text.contains(char::is_whitespace) && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// How much a text looks like the label of a total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    None,
    /// It begins or ends with such a word.
    Perhaps,
    /// It is nothing else.
    Total,
}

pub(super) fn total_label(text: &str) -> Label {
    static WORDS: Words<26> = Words::of([
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
    ]);
    static BESIDE: Words<6> = Words::of(["grand", "sub", "overall", "général", "general", "sub-"]);
    if text.len() > LABEL_BYTES_MAX {
        return Label::None;
    }
    let is_word = |word: &str| {
        let is_known = || {
            let lower = word.to_lowercase();
            WORDS.iter().any(|known| known == lower)
        };
        WORDS.have(word) || !word.is_ascii() && is_known()
    };
    let mut words = text
        .split(|c: char| !c.is_alphabetic() && c != '-')
        .filter(|word| !word.is_empty())
        .peekable();
    let Some(&first) = words.peek() else {
        return Label::None;
    };
    let (mut any, mut all, mut last) = (false, true, false);
    for word in words {
        last = is_word(word) || word.eq_ignore_ascii_case("sub-total");
        any |= last;
        all &= last || BESIDE.have(word);
    }
    if any && all {
        Label::Total
    } else if any && (is_word(first) || last) {
        Label::Perhaps
    } else {
        Label::None
    }
}

/// Whether a text begins as notes do.
pub(super) fn starts_as_note(text: &str) -> bool {
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
