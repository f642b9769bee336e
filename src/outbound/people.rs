//! Whether a listed request is an entry's when it bears no mark (`mark = "none"`): told by person, request
//! type and time.
//!
//! It errs on one side only. What fits in everything that is shown may be believed when it is the only one;
//! what fits in part, or shows nothing to tell it by, makes the entry stay in doubt; and two entries of one run
//! with the same person and request type are never told apart.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use uuid::Uuid;

use super::look::{HITS_MAX, Hits, Look};
use super::shown;
use crate::ambiguity::Ambiguity;
use crate::entry::{Entry, Field, RequestBody};

/// How far Concord's clock may be from ours, either way.
pub(super) const CLOCK_MARGIN: Duration = Duration::from_mins(10);
/// A `requestDate` before this (March 1973) is no number of milliseconds; nothing is concluded from it then.
pub(super) const PLAUSIBLE_MS_MIN: i64 = 100_000_000_000;
/// So many requests and persons of a run are remembered; beyond it, nothing found is believed.
const REMEMBERED_MAX: usize = 1 << 20;

/// An entry to be found without a mark.
pub(super) struct Person {
    body: RequestBody,
    /// In milliseconds since 1970, with the margin. There is no other end: what is listed was made by now, and
    /// a clock that runs ahead of ours must not hide it.
    from_ms: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Fits,
    /// It may be, or may not.
    Alike,
    Other,
}

impl Person {
    /// An entry that may exist since then.
    pub(super) fn new(entry: &Entry, since: SystemTime) -> Self {
        Self {
            body: entry.body.clone(),
            from_ms: ms(since - CLOCK_MARGIN),
        }
    }

    /// Adds a listed request to the hits, if it is or may be this one's.
    pub(super) fn meet(&self, item: &Value, hits: &mut Hits) {
        match self.fit(item) {
            Fit::Fits => hits.take_fitting(item),
            Fit::Alike => hits.take_alike(item),
            Fit::Other => {}
        }
    }

    fn fit(&self, item: &Value) -> Fit {
        let date = item.get("requestDate").and_then(Value::as_i64);
        let date = date.filter(|date| *date >= PLAUSIBLE_MS_MIN);
        if date.is_some_and(|date| date < self.from_ms) {
            return Fit::Other;
        }
        let differing = shown::differing_fields(item, &self.body);
        if differing.contains(&Field::Request) {
            return Fit::Other;
        }
        let mut compared = shown::SHOWN_IDENTIFIERS
            .into_iter()
            .filter(|field| shown::is_comparable(item, &self.body, *field))
            .peekable();
        if compared.peek().is_none() {
            return Fit::Alike;
        }
        let is_person = compared.any(|field| !differing.contains(&field));
        match (is_person, differing.is_empty()) {
            (true, true) => Fit::Fits,
            (true, false) => Fit::Alike,
            (false, _) if shown::has_phone_of(item, &self.body) => Fit::Alike,
            (false, _) => Fit::Other,
        }
    }
}

fn ms(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Who is under way in this run, and what is accounted for.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    /// How many entries under way have this person and request type.
    under_way: HashMap<u64, u32>,
    /// Persons and request types of entries that stayed in doubt.
    unresolved: HashSet<u64>,
    /// Requests that are known to be another entry's.
    accounted: HashSet<Uuid>,
    is_full: bool,
}

/// An entry among those under way, until dropped.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    people: &'a People,
    names: Vec<u64>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let mut told = self.people.told();
        for name in &self.names {
            if let Some(count) = told.under_way.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    told.under_way.remove(name);
                }
            }
        }
    }
}

impl People {
    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an entry is under way.
    pub(super) fn enter(&self, entry: &Entry) -> UnderWay<'_> {
        let names = names(&entry.body);
        let mut told = self.told();
        for name in &names {
            *told.under_way.entry(*name).or_default() += 1;
        }
        UnderWay {
            people: self,
            names,
        }
    }

    /// Notes that a request is an entry's.
    pub(super) fn account(&self, id: Uuid) {
        let told = &mut *self.told();
        told.is_full |= told.accounted.len() >= REMEMBERED_MAX;
        if !told.is_full {
            told.accounted.insert(id);
        }
    }

    /// Notes that an entry stays in doubt: whatever is found of its person may be its own.
    pub(super) fn leave_unresolved(&self, entry: &Entry) {
        let told = &mut *self.told();
        told.is_full |= told.unresolved.len() >= REMEMBERED_MAX;
        if !told.is_full {
            told.unresolved.extend(names(&entry.body));
        }
    }

    /// What the hits of a whole list say of an entry that is told by its person. Nothing is awaited between
    /// looking at what is accounted for and at who is under way, so that no answer can come between.
    pub(super) fn judge(&self, entry: &Entry, mut hits: Hits) -> Look {
        let told = self.told();
        hits.fitting.retain(|id, _| !told.accounted.contains(id));
        hits.alike.retain(|id| !told.accounted.contains(id));
        let is_shared = names(&entry.body).iter().any(|name| {
            told.unresolved.contains(name) || told.under_way.get(name).is_some_and(|n| *n > 1)
        });
        let (fitting, alike) = (hits.fitting.len(), hits.alike.len());
        let ambiguity = match (fitting, alike) {
            _ if hits.are_more => Ambiguity::Many {
                known_max: HITS_MAX,
            },
            (0, 0) => return Look::NotFound,
            (1, 0) if is_shared => Ambiguity::Shared,
            (1, 0) if told.is_full => Ambiguity::Forgotten {
                remembered_max: REMEMBERED_MAX,
            },
            (1, 0) => return hits.by_mark(entry),
            _ => Ambiguity::Several { fitting, alike },
        };
        Look::Ambiguous(ambiguity.into())
    }
}

/// What a person and a request type are told by, each in sixty-four bits: one for each identifier.
fn names(body: &RequestBody) -> Vec<u64> {
    let name = |kind: Field, value: &str| {
        let mut hasher = DefaultHasher::new();
        (body.request().name(), kind.name(), value).hash(&mut hasher);
        hasher.finish()
    };
    let id = body.concord_id().map(|id| id.to_string());
    let email = body.user_email().map(str::to_ascii_lowercase);
    let phone = body.user_phone_number().map(shown::last_digits);
    [
        id.map(|id| name(Field::ConcordId, &id)),
        email.map(|email| name(Field::UserEmail, &email)),
        phone.map(|phone| name(Field::UserPhoneNumber, &phone)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::codes::OutcomeCode;
    use crate::entry::{Fingerprint, ImportId, Position, SourceKey};
    use crate::intake::validate::validate;

    const DATE_MS: i64 = 1_700_000_000_000;

    fn entry(n: u128, body: &Value) -> Entry {
        Entry {
            position: Position {
                input: 1,
                row: 1,
                line: 2,
            },
            other_id: None,
            import_id: ImportId(Uuid::from_u128(n)),
            row_key: None,
            key: SourceKey {
                text: n.to_string(),
                is_personal: false,
                normal_text: None,
            },
            fingerprint: Fingerprint(0),
            source_row: None,
            body: validate(body).unwrap_or_else(|_| panic!("valid: {body}")),
        }
    }

    fn ada() -> Value {
        json!({"request": "delete", "userEmail": "ada@example.com", "userPhoneNumber": "+442079460018",
            "userLastName": "Byron", "preverified": true})
    }

    fn person(body: &Value) -> Person {
        let mut person = Person::new(&entry(1, body), SystemTime::now());
        person.from_ms = DATE_MS;
        person
    }

    fn shown() -> Value {
        json!({"id": Uuid::from_u128(9), "request": "delete", "requestDate": DATE_MS, "preverified": true,
            "user": {"email": "Ada@Example.com", "phoneNumber": "+442079460018", "lastName": "Byron"}})
    }

    fn with(mut item: Value, pointer: &str, value: Value) -> Value {
        *item.pointer_mut(pointer).expect("it is there") = value;
        item
    }

    #[test]
    fn what_fits_in_all_that_is_shown_fits_and_what_fits_in_part_is_alike() {
        let ada = person(&ada());
        let bare = json!({"id": Uuid::from_u128(9), "request": "delete", "requestDate": DATE_MS});
        for (item, expected) in [
            (shown(), Fit::Fits),
            (with(shown(), "/user/phoneNumber", json!(null)), Fit::Fits),
            (
                with(shown(), "/user/lastName", json!("Lovelace")),
                Fit::Alike,
            ),
            (
                with(shown(), "/user/email", json!("b@example.com")),
                Fit::Alike,
            ),
            (with(shown(), "/preverified", json!(false)), Fit::Alike),
            (
                with(
                    with(shown(), "/user/email", json!("b@example.com")),
                    "/user/phoneNumber",
                    json!("020 7946 0018"),
                ),
                Fit::Alike,
            ),
            (
                with(
                    with(shown(), "/user/email", json!("b@example.com")),
                    "/user/phoneNumber",
                    json!("+442079460019"),
                ),
                Fit::Other,
            ),
            (with(shown(), "/request", json!("view")), Fit::Other),
            (
                with(shown(), "/requestDate", json!(DATE_MS - 1)),
                Fit::Other,
            ),
            (with(shown(), "/requestDate", json!(DATE_MS + 1)), Fit::Fits),
            // Seconds, or a text: nothing can be said of its time.
            (
                with(shown(), "/requestDate", json!(1_700_000_000)),
                Fit::Fits,
            ),
            (
                with(shown(), "/requestDate", json!("2020-01-01")),
                Fit::Fits,
            ),
            (bare, Fit::Alike),
        ] {
            assert_eq!(ada.fit(&item), expected, "{item}");
        }
        let by_id = person(&json!({"request": "delete", "userId": "u-1"}));
        assert_eq!(by_id.fit(&shown()), Fit::Alike);
    }

    fn hits(person: &Person, items: &[Value]) -> Hits {
        let mut hits = Hits::default();
        for item in items {
            person.meet(item, &mut hits);
        }
        hits
    }

    #[test]
    fn only_the_one_request_that_nobody_else_can_have_made_is_believed() {
        let (ada_1, ada_2) = (entry(1, &ada()), entry(2, &ada()));
        let found = || hits(&person(&ada()), &[shown()]);
        let is_found = |look: &Look| matches!(look, Look::Found { .. });

        let people = People::default();
        let first = people.enter(&ada_1);
        assert!(is_found(&people.judge(&ada_1, found())));
        assert_eq!(people.judge(&ada_1, Hits::default()), Look::NotFound);

        let second = people.enter(&ada_2);
        assert!(!is_found(&people.judge(&ada_1, found())));
        drop(second);
        assert!(is_found(&people.judge(&ada_1, found())));

        people.leave_unresolved(&ada_2);
        assert!(!is_found(&people.judge(&ada_1, found())));

        let people = People::default();
        people.account(Uuid::from_u128(9));
        assert_eq!(people.judge(&ada_1, found()), Look::NotFound);
        drop(first);
    }

    #[test]
    fn more_than_one_leaves_the_doubt_and_says_how_many() {
        let other = with(shown(), "/id", json!(Uuid::from_u128(10)));
        let look =
            People::default().judge(&entry(1, &ada()), hits(&person(&ada()), &[shown(), other]));
        let Look::Ambiguous(reason) = look else {
            panic!("{look:?}")
        };
        assert_eq!(reason.code, OutcomeCode::Ambiguous.into());
        assert!(
            reason.message.starts_with("2 requests"),
            "{}",
            reason.message
        );
    }
}
