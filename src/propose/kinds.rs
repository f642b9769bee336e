//! What kind of thing a single value is, by its form alone.

use std::net::IpAddr;

use crate::intake::text::Words;
use crate::intake::{Address, DateRead, Phone, address, date, phone};

/// Longest text that is looked at as a date, a name, an id or a number, in bytes.
const FORM_BYTES_MAX: usize = 64;
/// Minimum number of digits of a telephone number.
const PHONE_DIGITS_MIN: usize = 5;
/// Minimum number of digits of a telephone number with its area code.
const LONG_PHONE_DIGITS_MIN: usize = 7;
/// Most words of a person's name.
const NAME_WORDS_MAX: usize = 5;
/// Words in the names of programs and desks, which no person has.
static MACHINES: Words<20> = Words::of([
    "admin",
    "administrator",
    "anonymous",
    "api",
    "automatic",
    "automation",
    "bot",
    "chatbot",
    "daemon",
    "helpdesk",
    "integration",
    "mailer",
    "noreply",
    "robot",
    "servicedesk",
    "support",
    "system",
    "unknown",
    "webhook",
    "workflow",
]);
/// As many digits in a short text are more likely a number of a person than a part of a word.
const PERSONAL_DIGITS_MIN: usize = 5;

/// What a value can be. More than one may be true of it.
#[expect(
    clippy::struct_excessive_bools,
    reason = "kinds are not exclusive: `PR-1` is an id and a name of nothing"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    /// An address of a person, as `check` takes it.
    pub(crate) is_email: bool,
    /// An address of a mailing list, a function or a machine.
    pub(crate) is_mailbox: bool,
    /// A telephone number that `check` takes whatever the region is.
    pub(crate) is_international_phone: bool,
    /// A telephone number of which `check` needs the region.
    pub(crate) is_local_phone: bool,
    /// A telephone number with as many digits as one with its area code: shorter ones may be ids.
    pub(crate) is_long_phone: bool,
    /// A day with its month and year; not a bare number, which may be anything.
    pub(crate) is_date: bool,
    /// A number that spreadsheets and machines have for a day.
    pub(crate) is_day_number: bool,
    /// A date that is another day with the day first than with the month first, or in one of the two orders alone.
    pub(crate) order: Option<Order>,
    pub(crate) is_number: bool,
    pub(crate) is_flag: bool,
    pub(crate) is_name: bool,
    /// Without spaces and with a digit: what machines tell things by.
    pub(crate) is_id: bool,
    pub(crate) is_link: bool,
}

/// What a date says of the order of day and month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
    Either,
}

/// Looks at a trimmed value.
pub(crate) fn of(text: &str) -> Kinds {
    let address = address(text);
    let (is_email, is_mailbox) = (address == Address::Person, address == Address::Mailbox);
    let is_link = text.starts_with("http://") || text.starts_with("https://");
    if is_email || is_mailbox || is_link || text.len() > FORM_BYTES_MAX {
        return Kinds {
            is_email,
            is_mailbox,
            is_link,
            ..Kinds::default()
        };
    }
    let day = date(text, None);
    let is_bare = is_number(text);
    let is_date = !is_bare && !matches!(day, DateRead::Blank | DateRead::Unreadable);
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    let is_network = is_network(text);
    let is_phone = !is_date && !is_network && digits >= PHONE_DIGITS_MIN;
    let judged = is_phone.then(|| phone(text, None));
    Kinds {
        is_email: false,
        is_mailbox: false,
        is_international_phone: matches!(judged, Some(Phone::International(..))),
        is_local_phone: matches!(judged, Some(Phone::AsWritten(..))),
        is_long_phone: digits >= LONG_PHONE_DIGITS_MIN
            && matches!(
                judged,
                Some(Phone::International(..) | Phone::AsWritten(..))
            ),
        is_date,
        is_day_number: is_bare && matches!(day, DateRead::Day(_)),
        order: order(day),
        is_number: is_bare,
        is_flag: matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "yes" | "no"
        ),
        is_name: is_name(text),
        is_id: !is_date && !is_network && digits > 0 && is_one_word(text),
        is_link: false,
    }
}

/// Whether a text may tell of a person by its form: then it is not shown.
pub(crate) fn looks_personal(text: &str) -> bool {
    text.contains('@') || text.bytes().filter(u8::is_ascii_digit).count() >= PERSONAL_DIGITS_MIN
}

/// Returns whether a text has no spaces but those between thousands: `2 553`.
fn is_one_word(text: &str) -> bool {
    let mut groups = text.split(char::is_whitespace);
    let first = groups.next().unwrap_or_default();
    let is_digits =
        |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let mut rest = groups.peekable();
    rest.peek().is_none()
        || is_digits(first)
            && first.len() <= 3
            && !first.starts_with('0')
            && rest.all(|group| group.len() == 3 && is_digits(group))
}

/// Returns whether a text is an IP or MAC address, which identifies a device.
fn is_network(text: &str) -> bool {
    let is_mac = |separator: char| {
        let groups: Vec<&str> = text.split(separator).collect();
        let is_byte =
            |group: &&str| group.len() == 2 && group.bytes().all(|byte| byte.is_ascii_hexdigit());
        groups.len() == 6 && groups.iter().all(is_byte)
    };
    text.parse::<IpAddr>().is_ok() || is_mac(':') || is_mac('-')
}

const fn order(day: DateRead) -> Option<Order> {
    match day {
        DateRead::ByOrder {
            day_first: Some(_),
            month_first: None,
        } => Some(Order::DayFirst),
        DateRead::ByOrder {
            day_first: None,
            month_first: Some(_),
        } => Some(Order::MonthFirst),
        DateRead::ByOrder { .. } => Some(Order::Either),
        DateRead::Blank | DateRead::Unreadable | DateRead::Day(_) => None,
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_suffix('%').unwrap_or(digits);
    let mut groups = digits.split(['.', ',']);
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = groups
        .next()
        .is_some_and(|group| !group.is_empty() && is_digits(group));
    // Several signs divide thousands, but for the last; else it is a date or a version.
    let rest: Vec<&str> = groups.collect();
    let thousands = &rest[..rest.len().saturating_sub(1)];
    is_first
        && rest.iter().all(|group| is_digits(group))
        && thousands.iter().all(|group| group.len() == 3)
}

fn is_name(text: &str) -> bool {
    let words = text.split_whitespace().count();
    (1..=NAME_WORDS_MAX).contains(&words)
        && text.chars().filter(|c| c.is_alphabetic()).count() > 1
        && text
            .chars()
            .all(|c| c.is_alphabetic() || " .,'’-\u{a0}\u{300}\u{301}\u{308}".contains(c))
        && !text.split([' ', '-']).any(|word| MACHINES.have(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_known_in_the_forms_of_exports() {
        for date in [
            "2026-01-10",
            "2022-01-21 13:47:00",
            "2026-10-01T08:12:44Z",
            "04/08/2026",
            "21/01/2022 13:47",
            "11/May/24 03:26 PM",
            "2026/09/27 3:00:00 PM GMT+3",
            "1.2.2026",
            "1. März 2026",
            "May 3, 2026",
            "3 août 2026",
        ] {
            assert!(of(date).is_date, "{date}");
        }
        for other in [
            "T-1-2",
            "1.2",
            "+33 1 99 00 12 34",
            "12-45-99123",
            "soon",
            "10.0.0.1",
        ] {
            assert!(!of(other).is_date, "{other}");
        }
    }

    #[test]
    fn values_are_told_by_their_form() {
        assert!(of("a@example.com").is_email);
        assert!(of("+44 20 7946 0018").is_international_phone);
        for mailbox in ["privacy@example.org", "Al Roe via Desk <desk@example.org>"] {
            assert!(of(mailbox).is_mailbox && !of(mailbox).is_email, "{mailbox}");
        }
        assert!(of("Al Roe <al@example.org>").is_email);
        for network in [
            "192.168.10.25",
            "2001:db8::1",
            "00:1b:44:11:3a:b7",
            "00-1B-44-11-3A-B7",
        ] {
            let kinds = of(network);
            assert!(!kinds.is_id && !kinds.is_local_phone, "{network}");
        }
        for machine in ["Support Bot", "System", "Automation for Jira", "Chatbot"] {
            assert!(!of(machine).is_name, "{machine}");
        }
        assert!(of("020 7946 0112").is_local_phone && !of("020 7946 0112").is_international_phone);
        assert!(of("Amélie Dubois").is_name && of("O'Brien, Siobhán").is_name);
        assert!(!of("PR-1001").is_name && of("PR-1001").is_id);
        assert!(of("2 553").is_id && of("2\u{a0}553").is_id && !of("PR 1001").is_id);
        assert!(!of("020 7946 0112").is_id);
        assert!(of("Yes").is_flag && !of("maybe").is_flag);
        assert_eq!(of("21/01/2022").order, Some(Order::DayFirst));
        assert_eq!(of("01/21/2022").order, Some(Order::MonthFirst));
        assert_eq!(of("01/02/2022").order, Some(Order::Either));
        assert!(of("20260110").is_day_number && of("20260110").is_number);
        assert!(
            of("1,234,567.8").is_number && !of("21.01.2026").is_number && of("21.01.2026").is_date
        );
        assert!(of("3.14").is_number && of("26%").is_number && !of("A1").is_number);
        assert!(of("https://example.com/1").is_link);
        assert!(looks_personal("call 0207946") && !looks_personal("Art. 17"));
    }
}
