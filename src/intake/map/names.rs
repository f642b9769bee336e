//! A person's name in one cell, divided into given and family name where that is certain.
//!
//! Certain is: `Last, First`; two words; a given name, then initials or particles (`van der`), then one word. Titles
//! before and suffixes after a name are left out, and told. Everything else is not divided: it goes whole into the first
//! name, with a warning. No word is ever made up, turned round or dropped otherwise.

use std::borrow::Cow;

use super::Remark;
use crate::codes::ProblemCode;
use crate::intake::text::Words;

/// Before a name.
const TITLES: [&str; 22] = [
    "mr",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "prof",
    "professor",
    "sir",
    "madam",
    "dame",
    "rev",
    "herr",
    "frau",
    "mme",
    "mlle",
    "monsieur",
    "madame",
    "sra",
    "srta",
    "dott",
    "mevr",
];
/// After a name.
const SUFFIXES: [&str; 12] = [
    "jr", "sr", "jnr", "snr", "ii", "iii", "iv", "phd", "md", "esq", "dds", "mba",
];
/// Between given and family name, and part of the latter.
const PARTICLES: [&str; 30] = [
    "van", "von", "vom", "zu", "zum", "zur", "der", "den", "de", "del", "della", "dello", "degli",
    "di", "da", "das", "do", "dos", "du", "des", "la", "las", "le", "los", "ter", "ten", "te",
    "al", "el", "bin",
];
/// Several people, or none.
const NO_PERSON: [&str; 20] = [
    "and", "und", "et", "y", "e", "i", "en", "&", "+", "or", "inc", "ltd", "llc", "gmbh", "ag",
    "corp", "plc", "co", "bv", "sa",
];

static ALL_TITLES: Words<22> = Words::of(TITLES);
static ALL_SUFFIXES: Words<12> = Words::of(SUFFIXES);
static ALL_PARTICLES: Words<30> = Words::of(PARTICLES);
static NOBODY: Words<20> = Words::of(NO_PERSON);
/// All that are no names, or not always.
static NO_NAMES: Words<84> = Words::of_all(&[&TITLES, &SUFFIXES, &PARTICLES, &NO_PERSON]);

const UNDIVIDED: Remark = Remark(
    ProblemCode::NameUndivided,
    "cannot be divided with certainty, so all of it is sent as the first name; `Last, First` would tell, or a column for each",
);
const SHORTENED: Remark = Remark(
    ProblemCode::NameWithoutTitle,
    "has a title before or a suffix after the name, which is not sent",
);

/// A name, divided as far as that is certain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Name<'t> {
    /// The given names, or all of it.
    pub(crate) first: Option<Cow<'t, str>>,
    /// The family name.
    pub(crate) last: Option<Cow<'t, str>>,
    /// What is to be told.
    pub(crate) remark: Option<Remark>,
}

impl Name<'_> {
    /// The same, whatever becomes of the text.
    pub(crate) fn into_owned<'t>(self) -> Name<'t> {
        let owned = |part: Option<Cow<'_, str>>| part.map(|part| Cow::Owned(part.into_owned()));
        Name {
            first: owned(self.first),
            last: owned(self.last),
            remark: self.remark,
        }
    }
}

/// Divides a name.
pub(crate) fn divide(name: &str) -> Name<'_> {
    divide_plain(name).unwrap_or_else(|| divide_any(name))
}

/// Divides `Last, First` and `First Last` where each word is one of ASCII letters that means nothing else: most are so.
fn divide_plain(name: &str) -> Option<Name<'_>> {
    let (mut word, mut words, mut comma) = (0, 0, None);
    for (at, byte) in name.bytes().chain([b' ']).enumerate() {
        if byte.is_ascii_alphabetic() || matches!(byte, b'\'' | b'-') {
            continue;
        }
        match byte {
            // Behind a comma.
            b' ' if at == word && comma == Some(at.wrapping_sub(1)) => {}
            b' ' | b',' if at > word && !NO_NAMES.have(&name[word..at]) => words += 1,
            _ => return None,
        }
        if byte == b',' && comma.replace(at).is_some() {
            return None;
        }
        word = at + 1;
    }
    let (first, last) = match comma {
        Some(comma) => (name[comma + 1..].strip_prefix(' ')?, &name[..comma]),
        // A single letter is an initial.
        None => name
            .split_once(' ')
            .filter(|(_, last)| words == 2 && last.len() > 1)?,
    };
    (!first.is_empty()).then_some(Name {
        first: Some(first.into()),
        last: Some(last.into()),
        remark: None,
    })
}

fn divide_any<'t>(name: &str) -> Name<'t> {
    let whole: Vec<&str> = name.split_whitespace().collect();
    let undivided = Name {
        first: Some(whole.join(" ").into()).filter(|name: &Cow<'_, str>| !name.is_empty()),
        last: None,
        remark: Some(UNDIVIDED),
    };
    let sides: Vec<Vec<&str>> = name
        .split([',', '\u{ff0c}'])
        .map(|side| side.split_whitespace().collect())
        .collect();
    let (sides, is_shorter) = without_suffix(sides);
    let (mut words, is_titled) = match sides.as_slice() {
        [only] => without_title(only, 2),
        [last, first] if !is_doubtful(last) && !is_doubtful(first) => {
            let (first, is_titled) = without_title(first, 1);
            let (last, is_titled_last) = without_title(last, 1);
            return Name {
                first: joined(first),
                last: joined(last),
                remark: (is_shorter || is_titled || is_titled_last).then_some(SHORTENED),
            };
        }
        _ => return undivided,
    };
    if is_doubtful(words) || words.iter().any(|word| is_east_asian(word)) {
        return undivided;
    }
    let Some((given, mut rest)) = words.split_first() else {
        return undivided;
    };
    let mut first = (*given).to_owned();
    while let Some((initial, others)) = rest.split_first().filter(|(word, _)| is_initial(word)) {
        if others.is_empty() {
            return undivided;
        }
        first = format!("{first} {initial}");
        rest = others;
    }
    words = rest;
    let particles = words
        .iter()
        .take_while(|word| is_among(word, &ALL_PARTICLES))
        .count();
    let is_given = !is_among(given, &ALL_PARTICLES) && !is_among(given, &ALL_TITLES);
    if words.len() != particles + 1 || !is_given {
        return undivided;
    }
    Name {
        first: Some(first.into()),
        last: joined(words),
        remark: (is_shorter || is_titled).then_some(SHORTENED),
    }
}

/// Without `Jr.` and its like at the end, after a comma or not.
fn without_suffix(mut sides: Vec<Vec<&str>>) -> (Vec<Vec<&str>>, bool) {
    let mut is_shorter = false;
    while sides.len() > 1
        && sides.last().is_some_and(|side| {
            !side.is_empty() && side.iter().all(|word| is_among(word, &ALL_SUFFIXES))
        })
    {
        sides.pop();
        is_shorter = true;
    }
    if let [.., side] = sides.as_mut_slice() {
        while side.len() > 2
            && side
                .last()
                .is_some_and(|word| is_among(word, &ALL_SUFFIXES))
        {
            side.pop();
            is_shorter = true;
        }
    }
    (sides, is_shorter)
}

/// Without `Dr.` and its like, where so many words are left: `Mrs Smith` leaves open which name that is.
fn without_title<'w>(words: &'w [&'w str], left_min: usize) -> (&'w [&'w str], bool) {
    let titles = words
        .iter()
        .take_while(|word| is_among(word, &ALL_TITLES))
        .count();
    if titles > 0 && words.len() >= titles + left_min {
        (&words[titles..], true)
    } else {
        (words, false)
    }
}

fn joined<'t>(words: &[&str]) -> Option<Cow<'t, str>> {
    (!words.is_empty()).then(|| words.join(" ").into())
}

fn is_among<const N: usize>(word: &str, list: &Words<N>) -> bool {
    if word.contains('.') {
        list.have(&word.replace('.', ""))
    } else {
        list.have(word)
    }
}

fn is_initial(word: &str) -> bool {
    let letters = word.strip_suffix('.').unwrap_or(word);
    letters.chars().count() == 1 && letters.chars().all(char::is_uppercase)
}

fn is_doubtful(words: &[&str]) -> bool {
    let is_odd = |c: char| {
        c.is_numeric() || matches!(c, '@' | '&' | '/' | '(' | ')' | ';' | '"' | '<' | '>')
    };
    // A single capital is an initial, and no "y" or "e" between two names.
    words
        .iter()
        .any(|word| word.contains(is_odd) || is_among(word, &NOBODY) && !is_initial(word))
}

/// Written in a script in which the family name comes first, or does not.
fn is_east_asian(word: &str) -> bool {
    word.chars().any(|c| {
        matches!(
            c,
            '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3130}'..='\u{318f}' | '\u{3400}'..='\u{9fff}'
                | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}'
        )
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(name: &str) -> (Option<String>, Option<String>, Option<&'static str>) {
        let Name {
            first,
            last,
            remark,
        } = divide(name);
        let owned = |part: Option<Cow<'_, str>>| part.map(Cow::into_owned);
        (
            owned(first),
            owned(last),
            remark.map(|remark| remark.0.as_str()),
        )
    }

    fn divided(name: &str, first: &str, last: &str, remark: Option<&'static str>) {
        let expected = (Some(first.to_owned()), Some(last.to_owned()), remark);
        assert_eq!(parts(name), expected, "{name}");
    }

    #[test]
    fn what_is_certain_is_divided() {
        divided("Zoë Ångström", "Zoë", "Ångström", None);
        divided(
            "Garcia Lopez, Maria Jose",
            "Maria Jose",
            "Garcia Lopez",
            None,
        );
        divided("  Ann \u{a0}  Lee ", "Ann", "Lee", None);
        divided("John Q. Public", "John Q.", "Public", None);
        divided("J. R. R. Tolkien", "J. R. R.", "Tolkien", None);
        divided("John E Smith", "John E", "Smith", None);
        divided("Ludwig van Beethoven", "Ludwig", "van Beethoven", None);
        divided("Jan Van Der Berg", "Jan", "Van Der Berg", None);
        divided("Juan de la Cruz", "Juan", "de la Cruz", None);
        divided("van der Berg, Jan", "Jan", "van der Berg", None);
        divided(
            "Van Morrison, George Ivan",
            "George Ivan",
            "Van Morrison",
            None,
        );
        divided("山田, 太郎", "太郎", "山田", None);
        assert_eq!(parts("Smith,"), (None, Some("Smith".to_owned()), None));
    }

    #[test]
    fn titles_and_suffixes_are_left_out_and_told() {
        let told = Some("name_without_title");
        divided("Dr. Ann Lee", "Ann", "Lee", told);
        divided("Prof. Dr. Ann Lee", "Ann", "Lee", told);
        divided("Lee, Dr. Ann", "Ann", "Lee", told);
        divided("John Smith, Jr.", "John", "Smith", told);
        divided("John Smith Jr.", "John", "Smith", told);
        divided("Smith, John, Ph.D.", "John", "Smith", told);
    }

    #[test]
    fn what_is_not_certain_stays_whole() {
        for name in [
            "Cher",
            "Mrs Smith",
            "Mary Ann Evans",
            "Maria Garcia Lopez",
            "Maria de los Angeles Garcia",
            "Van Morrison Smith",
            "van Gogh",
            "山田 太郎",
            "김 민수",
            "Ann and Bo Lee",
            "Ann & Bo",
            "Acme, Inc.",
            "Smith, John, Mary",
            "ann@example.com",
            "Ann Lee (deceased)",
            "John Q.",
        ] {
            assert_eq!(
                parts(name),
                (Some(name.to_owned()), None, Some("name_undivided")),
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn plain_names_are_divided_as_any(
            name in "([A-Za-z'-]{1,6}|Dr|van|de|Ann|Lee|Q|Jr|and|y|E|[., é]){1,2}(,? |,)([A-Za-z'-]{1,6}|Dr|van|II|Ann|Q|co|[., ]){1,4}",
        ) {
            if let Some(plain) = divide_plain(&name) {
                prop_assert_eq!(plain, divide_any(&name));
            }
        }

        #[test]
        fn no_word_is_made_up(name in "[A-Za-zé.,' ]{0,40}|(Dr\\.|van|de|Ann|Lee|Q\\.|Jr|,| ){1,9}") {
            let Name { first, last, .. } = divide(&name);
            let had: Vec<&str> = name.split([',', ' ']).collect();
            for word in first.iter().chain(&last).flat_map(|part| part.split([',', ' '])) {
                prop_assert!(had.contains(&word), "{} of {}", word, name);
            }
        }
    }
}
