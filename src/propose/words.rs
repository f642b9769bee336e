//! The words of a header or a value, so that what people mean alike compares alike.
//!
//! `E-Mail-Adresse`, `emailAdresse` and `e mail adresse` are the words `email` and `adresse`: folded, without accents,
//! taken apart at punctuation and where a small letter meets a capital. Words are compared whole, never in part.

use icu_normalizer::DecomposingNormalizer;

use crate::intake::folded;

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = folded(&apart(text)).into_owned();
    let plain: String = DecomposingNormalizer::new_nfd()
        .normalize(&folded)
        .chars()
        .filter(|c| !is_accent(*c))
        .collect();
    let mut words: Vec<String> = Vec::new();
    for word in plain.split(|c: char| !c.is_alphanumeric()) {
        match words.last_mut() {
            _ if word.is_empty() => {}
            Some(before) if before == "e" && word.starts_with("mail") => before.push_str(word),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// Whether the words hold this phrase: its words, one after the other.
pub(crate) fn holds(words: &[String], phrase: &str) -> bool {
    let phrase: Vec<&str> = phrase.split(' ').collect();
    words.windows(phrase.len()).any(|found| found == phrase)
}

/// Whether the words are this phrase and no more.
pub(crate) fn are(words: &[String], phrase: &str) -> bool {
    words.iter().map(String::as_str).eq(phrase.split(' '))
}

/// Combining marks, as decomposition leaves them behind their letter.
pub(crate) const fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// `requesterEmail` as `requester Email`, `DSARType` as `DSAR Type`.
fn apart(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut apart = String::with_capacity(text.len() + 8);
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|before| chars[before]);
        let after = chars.get(index + 1);
        let begins = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        // `E-Mails`, `IDs`: an `s` behind capitals is no word of its own.
        let is_plural =
            after == Some(&'s') && chars.get(index + 2).is_none_or(|c| !c.is_alphanumeric());
        if begins && !is_plural {
            apart.push(' ');
        }
        apart.push(c);
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        words(text).join(" ")
    }

    #[test]
    fn headers_are_taken_apart_as_people_read_them() {
        assert_eq!(joined("E-Mail-Adresse"), "email adresse");
        assert_eq!(joined("SuppliedEmail"), "supplied email");
        assert_eq!(joined("requester.email"), "requester email");
        assert_eq!(joined("Prénom"), "prenom");
        assert_eq!(joined("DSARType__c"), "dsar type c");
        assert_eq!(joined("Date/Time\n Opened "), "date time opened");
        assert_eq!(joined("Größe LÖSCHUNG"), "grosse loschung");
        assert_eq!(joined("Ticket ID"), "ticket id");
        assert_eq!(joined("eMail"), "email");
    }

    #[test]
    fn words_are_compared_whole() {
        assert!(holds(&words("Requester email"), "email"));
        assert!(!holds(&words("Emailed on"), "email"));
        assert!(are(&words("Created-at"), "created at"));
        assert!(!are(&words("Created at (UTC)"), "created at"));
    }
}
