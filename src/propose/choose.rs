//! Which column is for what: where header and values agree, and only one can be meant.

use super::headers::{COUNTS_ROWS, Families, Role, SAYS_REQUEST_TYPE, Said, Whose, read};
use super::kinds::{self, looks_personal};
use super::profile::{Column, Followed, Profile, Word};
use super::requests::{self, Sense as Dictionary};
use super::sources::{self, Source};
use super::{
    Choice, DoneColumn, Fields, Preverified, Proposal, RequestWord, Sense, VerifiedColumn,
};
use crate::intake::status::{is_done, status_kind};
use crate::intake::words::{are, words};
use crate::intake::{Shape, folded, is_region};
use crate::numbers::grouped;
use crate::plan::Reading;

/// Longest value of a key column, in characters: what is longer is text.
const KEY_CHARS_MAX: usize = 64;
/// A column whose header names the row's id is proposed as key though a tenth of its rows repeat an earlier one.
const KEY_REPEATS_ONE_IN: u64 = 10;
/// Minimum number of rows for one repeat to count as an accident.
const KEY_ROWS_BESIDE_REPEAT_MIN: u64 = 4;
/// Minimum number of rows for one repeat to count as an accident, if the header does not name the row's id.
const KEY_ROWS_BESIDE_REPEAT_UNNAMED_MIN: u64 = 20;
/// Minimum number of rows for a column to be the key only because its values are unique. With fewer rows its header has
/// to name the row's id.
const KEY_ROWS_MIN: u64 = 5;
/// Minimum number of rows for few addresses to count as an agent's or a mailbox's.
const FEW_ADDRESSES_ROWS_MIN: u64 = 10;
/// Number of rows for each address that is too high for requests of different people.
const ROWS_AN_ADDRESS_MAX: u64 = 5;
/// Minimum number of different addresses for a shared name or id to be telling.
const ADDRESSES_TELLING_MIN: u64 = 3;

/// Words that say that a person was verified, and that one was not.
const VERIFIED: &[&str] = &[
    "verified",
    "yes",
    "true",
    "confirmed",
    "complete",
    "completed",
    "passed",
    "approved",
    "done",
    "ja",
    "oui",
    "si",
    "sim",
    "verifiziert",
    "bestatigt",
    "gepruft",
    "verifie",
    "verifiee",
    "verificado",
    "verificada",
    "verificato",
    "verificata",
    "geverifieerd",
];
const NOT_VERIFIED: &[&str] = &[
    "no",
    "false",
    "unverified",
    "not verified",
    "pending",
    "in progress",
    "failed",
    "not started",
    "nein",
    "non",
    "nao",
    "nee",
    "nicht verifiziert",
    "ausstehend",
    "offen",
    "non verifie",
    "en attente",
    "no verificado",
    "pendiente",
    "nao verificado",
    "pendente",
    "non verificato",
    "in attesa",
    "niet geverifieerd",
    "in behandeling",
];
/// Countries by name, as far as they are written out in exports; two letters are taken as they are.
const REGIONS: &[(&str, &[&str])] = &[
    ("GB", &["united kingdom", "uk", "great britain", "england"]),
    ("US", &["united states", "united states of america", "usa"]),
    ("DE", &["germany", "deutschland", "allemagne"]),
    ("FR", &["france", "frankreich"]),
    ("ES", &["spain", "espana"]),
    ("IT", &["italy", "italia"]),
    ("PT", &["portugal"]),
    ("BR", &["brazil", "brasil"]),
    ("NL", &["netherlands", "the netherlands", "nederland"]),
    ("BE", &["belgium", "belgie", "belgique"]),
    ("AT", &["austria", "osterreich"]),
    ("CH", &["switzerland", "schweiz", "suisse", "svizzera"]),
    ("IE", &["ireland"]),
    ("CA", &["canada"]),
    ("AU", &["australia"]),
    ("MX", &["mexico"]),
];

const EMPTY: &str = "empty in this file";
pub(super) const NONE_CERTAIN: &str = "no column is it for certain";
const CHOOSE_ONE: &str = "choose one: more than one may be meant";
const UNDECIDED: &str = "whose address is meant is not decided";
const OF_ACCOUNT: &str =
    "of an account: uncomment it if that is the customer's own, not a company's or an agent's";
const OF_COMPANY: &str = "of a company or an account, which may have many people";
/// Longest word that is shown though its meaning is not certain, in words: what is longer may tell a person's story.
const SHOWN_WORDS_MAX: usize = 8;

/// What a property wants of its column.
struct Wanted {
    roles: &'static [Role],
    /// The values of a column that are of the right kind.
    count: fn(&Column) -> u64,
    what: &'static str,
    /// The columns of a known source, best first.
    of_source: fn(&Source) -> &[String],
    /// Values alone make it worth a comment.
    by_values: bool,
    /// Share of different values, relative to that of different addresses, at which values do not belong to the owners
    /// of the addresses.
    shared: (u64, u64),
}

const EMAIL: Wanted = Wanted {
    roles: &[Role::Email, Role::Person],
    count: |column| column.emails,
    what: "e-mail addresses",
    of_source: |source| &source.email,
    by_values: true,
    shared: (0, 1),
};
const PHONE: Wanted = Wanted {
    roles: &[Role::Phone],
    count: Column::phones,
    what: "phone numbers",
    of_source: |source| &source.phone,
    by_values: false,
    shared: (1, 2),
};
const FULL_NAME: Wanted = Wanted {
    roles: &[Role::FullName, Role::Name, Role::Person],
    count: |column| column.names,
    what: "names",
    of_source: |source| &source.name_column,
    by_values: false,
    shared: (1, 2),
};
const FIRST_NAME: Wanted = Wanted {
    roles: &[Role::FirstName],
    of_source: |_| &[],
    // Many people have the same first name.
    shared: (1, 10),
    ..FULL_NAME
};
const LAST_NAME: Wanted = Wanted {
    roles: &[Role::LastName],
    ..FIRST_NAME
};
const USER_ID: Wanted = Wanted {
    roles: &[Role::UserId],
    count: |column| column.ids,
    what: "ids",
    of_source: |_| &[],
    by_values: false,
    shared: (9, 10),
};

const ONE_ROW: &str = "a single row does not show whether it identifies one";
const FEW_ROWS: &str = "differs in each row, as anything does in so few";

/// The columns of the key, why they are, and what else may be.
type KeyChoice = (Vec<usize>, String, Vec<(Vec<usize>, String)>);

/// All that is chosen from.
struct Table<'t> {
    profile: &'t Profile,
    said: &'t [Said],
    source: Option<&'static Source>,
}

/// The columns that are compared with each other, chosen by their headers.
pub(super) fn followed(names: &[String]) -> Followed {
    let said: Vec<Said> = names.iter().map(|name| read(name)).collect();
    let best = |role| {
        let ranked = said
            .iter()
            .enumerate()
            .filter(|(_, said)| said.whose != Whose::Other);
        // The column of the person comes before the sender's.
        let ranked = ranked.filter_map(|(index, said)| {
            Some((!said.families.names_person(), said.rank(role)?, index))
        });
        ranked.min().map(|(.., index)| index)
    };
    let with_any = |roles: &[Role]| -> Vec<usize> {
        let has = |said: &Said| roles.iter().any(|role| said.rank(*role).is_some());
        (0..said.len()).filter(|index| has(&said[*index])).collect()
    };
    Followed {
        together: match (best(Role::Received), best(Role::Email)) {
            (Some(received), Some(email)) if received != email => vec![received, email],
            _ => Vec::new(),
        },
        names: with_any(&[
            Role::FullName,
            Role::Name,
            Role::FirstName,
            Role::LastName,
            Role::Person,
        ]),
        addresses: with_any(&[Role::Email, Role::Person]),
    }
}

/// A column whose name is a person's value: then the first row was taken for a header.
pub(super) fn is_no_header(profile: &Profile) -> Option<usize> {
    profile.columns.iter().position(|column| {
        let kinds = kinds::of(&column.name);
        kinds.is_email || kinds.is_mailbox || kinds.is_international_phone
    })
}

/// Chooses for everything.
pub(super) fn all(input: String, shape: Shape, profile: Profile, refused: u64) -> Proposal {
    let said: Vec<Said> = profile
        .columns
        .iter()
        .map(|column| read(&column.name))
        .collect();
    let names: Vec<String> = profile
        .columns
        .iter()
        .map(|column| column.name.clone())
        .collect();
    let table = Table {
        profile: &profile,
        said: &said,
        source: sources::of(&names),
    };
    let email = table.person(&EMAIL, None);
    let mut fields = Fields {
        phone: table.person(&PHONE, Some(&email)),
        first_name: table.person(&FIRST_NAME, Some(&email)),
        last_name: table.person(&LAST_NAME, Some(&email)),
        full_name: table.person(&FULL_NAME, Some(&email)),
        user_id: table.user_id(&email),
        email,
        request: table.request(),
        received: table.received(),
    };
    table.share_names(&mut fields);
    let region = table.region(&mut fields);
    let (key, key_why, key_others) = table.key(fields.email.taken);
    let source = table.source;
    let verified_by = table.verified_by();
    let done = table.done(&fields);
    let (request_words, words_masked) = match fields.request.taken {
        Some(column) => request_words(&profile.columns[column]),
        None => (Vec::new(), 0),
    };
    Proposal {
        input,
        shape,
        told: Reading::default(),
        refused,
        organization: None,
        project: None,
        key,
        key_why,
        key_others,
        region,
        fields,
        request_words,
        words_masked,
        preverified: Preverified::Undecided,
        verified_by,
        done,
        profile,
        said,
        source,
    }
}

/// The words of a request column with what they mean, and how many rows have one that is not shown.
pub(super) fn request_words(column: &Column) -> (Vec<RequestWord>, u64) {
    let (personal, shown): (Vec<Word>, Vec<Word>) = column
        .words()
        .unwrap_or_default()
        .into_iter()
        .partition(|word| is_hidden(&word.text));
    let words = shown.into_iter().map(|word| RequestWord {
        sense: match requests::sense(&word.text) {
            Dictionary::Requests(requests) => Sense::Requests(requests),
            Dictionary::Open(why) => Sense::Undecided(why),
            Dictionary::Unknown => Sense::Undecided(""),
        },
        word,
    });
    (words.collect(), personal.iter().map(|word| word.rows).sum())
}

/// Whether a word may tell of a person: by its form, or as a sentence that is no known request.
fn is_hidden(text: &str) -> bool {
    let is_certain = matches!(requests::sense(text), Dictionary::Requests(_));
    looks_personal(text) || !is_certain && text.split_whitespace().count() > SHOWN_WORDS_MAX
}

/// Rows whose word means one thing only.
fn certain_rows(column: &Column) -> u64 {
    let words = column.words().unwrap_or_default();
    let certain = words
        .iter()
        .filter(|word| matches!(requests::sense(&word.text), Dictionary::Requests(_)));
    certain.map(|word| word.rows).sum()
}

impl Table<'_> {
    fn columns(&self) -> impl Iterator<Item = (usize, &Column, &Said)> {
        let columns = self.profile.columns.iter().zip(self.said).enumerate();
        columns.map(|(index, (column, said))| (index, column, said))
    }

    /// Which of these columns is the one that this source has for it.
    fn of_source(&self, phrases: fn(&Source) -> &[String], among: &[usize]) -> Option<usize> {
        let phrases = phrases(self.source?);
        let is =
            |index: usize, phrase: &str| are(&words(&self.profile.columns[index].name), phrase);
        phrases
            .iter()
            .find_map(|phrase| among.iter().copied().find(|index| is(*index, phrase)))
    }

    /// The column of a property of the person; with the choice of the address, that of the owner of the address.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each reason not to take a column"
    )]
    fn person(&self, wanted: &Wanted, address: Option<&Choice>) -> Choice {
        let mut good: Vec<usize> = Vec::new();
        let mut others: Vec<(usize, String)> = Vec::new();
        let mut of_source = Vec::new();
        for (index, column, said) in self.columns() {
            let count = (wanted.count)(column);
            let agrees = column.are_mostly(count);
            let role = wanted
                .roles
                .iter()
                .find_map(|role| Some((*role, said.rank(*role)?)))
                // A column of addresses whose header names the data subject, such as `Identifier of the data subject`.
                .or((wanted.by_values && agrees && said.names_subject())
                    .then_some((Role::Email, 1)));
            let is_named = self.of_source(wanted.of_source, &[index]).is_some();
            match role {
                // A bare `Requester` may hold anything, a `From` anybody.
                Some((Role::Person, _)) if !agrees => {}
                Some((Role::Person, 1)) => {
                    others.push((index, format!("holds {}; whose?", wanted.what)));
                }
                Some(_) if said.whose == Whose::Other && !agrees => {}
                Some(_) if said.whose == Whose::Other => {
                    let why = if said.is_of_account {
                        OF_ACCOUNT
                    } else {
                        "its header says that it is somebody else's"
                    };
                    others.push((index, why.to_owned()));
                }
                Some(_) | None if address.is_none() && self.has_few_addresses(column, said) => {
                    others.push((index, few_addresses(column)));
                }
                Some(_) if agrees => good.push(index),
                Some(_) | None
                    if address.is_none() && column.are_mostly(column.emails + column.mailboxes) =>
                {
                    others.push((index, mailboxes(column)));
                }
                Some(_) if column.filled == 0 => others.push((index, EMPTY.to_owned())),
                Some(_) => others.push((index, not_all(column, count, wanted.what))),
                None if is_named && agrees => of_source.push(index),
                None if wanted.by_values && agrees => others.push((
                    index,
                    match said.whose {
                        Whose::Other => format!(
                            "holds {}; its header says that they are somebody else's",
                            wanted.what
                        ),
                        _ => format!("holds {}; its header does not say whose", wanted.what),
                    },
                )),
                None => {}
            }
        }
        if let Some(address) = address {
            for list in [&mut good, &mut of_source] {
                list.retain(|index| {
                    let why = self.why_not_of_owner(*index, wanted, address);
                    let is_of_owner = why.is_none();
                    others.extend(why.map(|why| (*index, why)));
                    is_of_owner
                });
            }
        }
        // The data subject's own column cannot be taken, so that any other may be another person's.
        let is_unfit = address.is_none()
            && others
                .iter()
                .any(|(index, why)| self.said[*index].names_subject() && why != EMPTY);
        let (taken, rest, is_doubtful) = self.one(wanted, address.is_some(), &good, &of_source);
        let is_doubtful = is_doubtful || is_unfit;
        let taken = taken.filter(|_| !is_doubtful);
        let rest = rest.iter().filter(|index| Some(**index) != taken);
        let rest: Vec<_> = rest
            .map(|index| (*index, self.share(*index, wanted)))
            .collect();
        let why = match taken {
            Some(index) => self.share(index, wanted),
            None if rest.len() > 1 || is_doubtful && !rest.is_empty() => CHOOSE_ONE.to_owned(),
            None if others.iter().all(|(_, why)| why == EMPTY) => String::new(),
            None => NONE_CERTAIN.to_owned(),
        };
        if taken.is_none() {
            others.splice(0..0, rest);
        }
        Choice { taken, why, others }
    }

    /// Chooses among the columns that fit, by the headers and by what the known source has for it. Returns the column,
    /// those that may be meant, and whether another column than these may be.
    fn one(
        &self,
        wanted: &Wanted,
        has_address: bool,
        good: &[usize],
        of_source: &[usize],
    ) -> (Option<usize>, Vec<usize>, bool) {
        let those = |is: fn(&Said) -> bool| -> Vec<usize> {
            let good = good.iter().copied();
            good.filter(|index| is(&self.said[*index])).collect()
        };
        let subjects = those(Said::names_subject);
        let requesters = those(|said| said.whose == Whose::Requester && !said.families.is_weak());
        let named = match (&subjects[..], &requesters[..]) {
            ([_, ..], _) => &subjects,
            ([], [_, ..]) => &requesters,
            _ => good,
        };
        let fitting: Vec<usize> = good.iter().chain(of_source).copied().collect();
        let preset = self.of_source(wanted.of_source, &fitting);
        let preset = preset.filter(|preset| subjects.is_empty() || subjects.contains(preset));
        if has_address {
            let only = match named[..] {
                [one] => Some(one),
                _ => None,
            };
            return (preset.or(only), named.to_vec(), false);
        }
        let (taken, pool) = self.one_address(preset, named, &fitting);
        let is_doubtful = taken.is_some_and(|taken| {
            preset == Some(taken)
                && self.said[taken].families == Families::UNSAID
                && self.has_unnamed_addresses(taken)
        });
        (taken, pool, is_doubtful)
    }

    /// Returns whether a column whose header does not say what it is for has other addresses than the taken one.
    fn has_unnamed_addresses(&self, taken: usize) -> bool {
        self.columns().any(|(index, column, said)| {
            index != taken
                && said.whose != Whose::Other
                && said.rank(Role::Email).is_none()
                && column.are_mostly(column.emails)
                && !self.has_few_addresses(column, said)
                && !self.profile.are_same(index, taken)
        })
    }

    /// Chooses the column of addresses among those that fit: the known source's own column, if there is one, otherwise the
    /// only column that names the person. Returns it, or the columns that may be meant.
    fn one_address(
        &self,
        preset: Option<usize>,
        named: &[usize],
        fitting: &[usize],
    ) -> (Option<usize>, Vec<usize>) {
        let filled = |index: usize| self.profile.columns[index].filled;
        let mut pool = named.to_vec();
        if let Some(preset) = preset.filter(|preset| !named.contains(preset)) {
            // The source's own column is that of whoever sent the form: a column that names another person wins.
            let is_person = |index: &usize| self.said[*index].families.names_person();
            if !named.iter().any(is_person) {
                pool.push(preset);
            }
        }
        let first = preset.filter(|preset| pool.contains(preset));
        let mut taken = match (first, &pool[..]) {
            (_, [one]) => Some(*one),
            (Some(first), _) => {
                let are_alike = pool
                    .iter()
                    .all(|index| *index == first || self.profile.are_same(first, *index));
                let fullest = pool.iter().fold(first, |best, index| {
                    if filled(*index) > filled(best) {
                        *index
                    } else {
                        best
                    }
                });
                are_alike.then_some(fullest)
            }
            (None, _) => None,
        };
        // Rows without the person's own address have another, which may be another person's.
        if let Some(index) = taken
            && (self.source.is_some() || self.said[index].names_subject())
        {
            let fuller = fitting
                .iter()
                .copied()
                .filter(|other| filled(*other) > filled(index) && !pool.contains(other));
            let fuller: Vec<usize> = fuller.collect();
            if !fuller.is_empty() {
                taken = None;
                pool.extend(fuller);
            }
        }
        (taken, pool)
    }

    /// Returns why a column may not belong to the person whose address is taken: by the headers, and by values that are
    /// the same for different addresses.
    fn why_not_of_owner(&self, index: usize, wanted: &Wanted, address: &Choice) -> Option<String> {
        let own = self.said[index].families;
        let Some(owner) = address.taken else {
            let is_open = address.others.iter().any(|(_, why)| why != EMPTY);
            let mut addresses = address
                .others
                .iter()
                .map(|(other, _)| &self.said[*other])
                .filter(|said| said.whose != Whose::Other);
            let may_differ = address.why == CHOOSE_ONE
                && (self.source.is_some() || addresses.any(|said| said.families != own));
            let is_of_refused = address
                .others
                .iter()
                .any(|(other, why)| self.said[*other].families == own && why != EMPTY);
            let is_named = own != Families::UNSAID;
            return if may_differ
                || is_open && wanted.what == USER_ID.what
                || is_named && is_of_refused
            {
                Some(UNDECIDED.to_owned())
            } else if own.is_weak() {
                Some(format!("the {}'s, who may be an agent", own.name()))
            } else {
                None
            };
        };
        if index == owner {
            return None;
        }
        let (column, addresses) = (&self.profile.columns[index], &self.profile.columns[owner]);
        let (part, whole) = wanted.shared;
        let is_shared = addresses.different() >= ADDRESSES_TELLING_MIN
            && column.different() * addresses.differing.rows * whole
                <= addresses.different() * column.differing.rows * part;
        if is_shared && column.differing.rows > 0 {
            return Some(format!(
                "the same {} for different addresses: an agent's, a program's or a company's?",
                wanted.what
            ));
        }
        let of_owner = self.said[owner].families;
        // Two words for persons in one input are two persons, unless nearly all names say otherwise.
        let resemble = if own.is_weak() && of_owner != Families::UNSAID {
            Profile::resemble_mostly
        } else {
            Profile::resemble
        };
        if own == of_owner || resemble(self.profile, index, owner) {
            return None;
        }
        if of_owner == Families::UNSAID {
            let is_other = own.is_weak() || self.source.is_some() && own.names_subject();
            return is_other.then(|| {
                format!(
                    "the {}'s, who may be another person than the owner of the address",
                    own.name()
                )
            });
        }
        Some(if own == Families::UNSAID {
            format!(
                "its header does not say whose; the address is the {}'s",
                of_owner.name()
            )
        } else {
            format!(
                "the {}'s; the address is the {}'s",
                own.name(),
                of_owner.name()
            )
        })
    }

    /// Returns whether a column has so few addresses that they are an agent's. The requester's column does not count as
    /// such, unless another column names the person for whom the request was made.
    fn has_few_addresses(&self, column: &Column, said: &Said) -> bool {
        let is_certain = said.whose == Whose::Requester && !said.families.is_weak();
        let names_another = |(_, other, said): (usize, &Column, &Said)| {
            other.filled > 0 && said.families.names_beneficiary()
        };
        let is_exempt = is_certain && !self.columns().any(names_another);
        let rows = column.differing.rows;
        !is_exempt
            && column.are_mostly(column.emails)
            && rows >= FEW_ADDRESSES_ROWS_MIN
            && column.different() * ROWS_AN_ADDRESS_MAX <= rows
    }

    fn share(&self, index: usize, wanted: &Wanted) -> String {
        let column = &self.profile.columns[index];
        let (count, filled) = ((wanted.count)(column), column.filled);
        let of = of_rows(column.filled, self.profile.rows);
        if count == filled {
            return of;
        }
        format!(
            "{of}, {} of them not {}",
            grouped(filled - count),
            wanted.what
        )
    }

    fn user_id(&self, address: &Choice) -> Choice {
        let mut choice = self.person(&USER_ID, Some(address));
        let is_company = |index: usize| {
            self.of_source(|source| &source.company_id, &[index])
                .is_some()
        };
        if let Some(taken) = choice.taken.filter(|taken| is_company(*taken)) {
            choice.taken = None;
            NONE_CERTAIN.clone_into(&mut choice.why);
            choice.others.insert(0, (taken, String::new()));
        }
        for (index, why) in &mut choice.others {
            if is_company(*index) {
                OF_COMPANY.clone_into(why);
            }
        }
        choice.others.retain(|(_, why)| why != EMPTY);
        let filled = self.columns().filter(|(_, column, _)| column.filled > 0);
        for (index, _, said) in filled {
            let why = if said.rank(Role::ToolUserId).is_some() && said.whose == Whose::Requester {
                "the ticketing tool's own id of the person: only if Concord knows persons by it"
            } else if said.rank(Role::CompanyId).is_some() {
                OF_COMPANY
            } else if said.rank(Role::NetworkId).is_some() {
                "of a device, a connection or a message, not of a person"
            } else {
                continue;
            };
            if choice.others.iter().all(|(other, _)| *other != index) {
                choice.others.push((index, why.to_owned()));
            }
        }
        choice
    }

    /// One column for the whole name, or one for each part; `Nom` beside `Prénom` is the family name.
    fn share_names(&self, fields: &mut Fields) {
        let whole = fields.full_name.taken;
        let is_name = |index: usize| {
            let said = &self.said[index];
            said.rank(Role::Name).is_some() && said.rank(Role::FullName).is_none()
        };
        match (fields.first_name.taken, fields.last_name.taken, whole) {
            (None, None, _) => {}
            (Some(_), None, Some(whole)) if is_name(whole) => {
                fields.last_name = std::mem::take(&mut fields.full_name);
            }
            (None, Some(_), Some(whole)) if is_name(whole) => {
                fields.first_name = std::mem::take(&mut fields.full_name);
            }
            _ => fields.full_name = rejected(&fields.full_name),
        }
        if fields.full_name.taken.is_some() {
            fields.first_name = rejected(&fields.first_name);
            fields.last_name = rejected(&fields.last_name);
        }
    }

    /// The region of numbers without their country, where a column says it. Without it, they are not taken.
    fn region(&self, fields: &mut Fields) -> Option<(String, usize)> {
        let index = fields.phone.taken?;
        let phone = &self.profile.columns[index];
        if phone.international_phones == phone.filled {
            return None;
        }
        let region = self.columns().find_map(|(index, column, said)| {
            said.rank(Role::Country)
                .filter(|_| said.whose != Whose::Other)?;
            let is_whole = column.filled == self.profile.rows;
            let [only] = &column.words().filter(|_| is_whole)?[..] else {
                return None;
            };
            Some((region_of(&only.text)?, index))
        });
        if region.is_none() {
            let local = phone.filled - phone.international_phones;
            fields.phone.taken = None;
            fields.phone.why = String::from("say in [input] region in which country it is dialled");
            let why = format!(
                "{} of {} numbers lack `+` and their country",
                grouped(local),
                grouped(phone.filled)
            );
            fields.phone.others.insert(0, (index, why));
        }
        region
    }

    fn received(&self) -> Choice {
        let mut ranked: Vec<(u8, usize)> = Vec::new();
        let mut others = Vec::new();
        for (index, column, said) in self.columns() {
            match said.rank(Role::Received) {
                Some(rank)
                    if said.whose != Whose::Other
                        && column.are_mostly(column.dates + column.day_numbers) =>
                {
                    ranked.push((rank, index));
                }
                _ => {}
            }
        }
        ranked.sort_unstable();
        let all: Vec<usize> = ranked.iter().map(|(_, index)| *index).collect();
        let best = ranked.first().map(|(rank, _)| *rank);
        let best: Vec<usize> = ranked
            .iter()
            .filter(|(rank, _)| Some(*rank) == best)
            .map(|(_, index)| *index)
            .collect();
        let taken = self
            .of_source(|source| &source.received, &all)
            .or(match best[..] {
                [one] => Some(one),
                _ => None,
            });
        if taken.is_none() {
            others.extend(best.iter().map(|index| (*index, "a date".to_owned())));
        }
        let why = match taken {
            None if !others.is_empty() => {
                "choose one: more than one may be when the person asked".to_owned()
            }
            _ => String::new(),
        };
        Choice { taken, why, others }
    }

    /// The column that says what is asked for.
    fn request(&self) -> Choice {
        let mut good: Vec<(u8, usize)> = Vec::new();
        let mut others: Vec<(usize, String)> = Vec::new();
        for (index, column, said) in self.columns() {
            let certain = certain_rows(column);
            let Some(rank) = said.rank(Role::Request) else {
                if column.are_mostly(certain) {
                    others.push((
                        index,
                        "its values are requests; its header does not say so".to_owned(),
                    ));
                }
                continue;
            };
            if said.whose == Whose::Other || column.filled == 0 {
                continue;
            }
            let says_so = rank == SAYS_REQUEST_TYPE;
            let Some(words) = column.words() else {
                if says_so {
                    others.push((
                        index,
                        "too many different values, or too long ones, to give each a meaning"
                            .to_owned(),
                    ));
                }
                continue;
            };
            let repeats = words.len() as u64 * 3 <= column.filled;
            if certain * 2 >= column.filled || says_so && (certain > 0 || repeats) {
                good.push((rank, index));
            } else if says_so {
                others.push((
                    index,
                    "none of its values is a request that is known".to_owned(),
                ));
            }
        }
        let best = good.iter().map(|(rank, _)| *rank).min();
        let best: Vec<usize> = good
            .iter()
            .filter(|(rank, _)| Some(*rank) == best)
            .map(|(_, index)| *index)
            .collect();
        match best[..] {
            [one] => Choice {
                taken: Some(one),
                why: of_rows(self.profile.columns[one].filled, self.profile.rows),
                others: Vec::new(),
            },
            [] => Choice {
                taken: None,
                why: "no column was recognised as what each row asks for".to_owned(),
                others,
            },
            _ => Choice {
                taken: None,
                why: "choose one: more than one may be what each row asks for".to_owned(),
                others: best
                    .iter()
                    .map(|index| (*index, "its values are requests".to_owned()))
                    .collect(),
            },
        }
    }

    /// The key, why it is, and what else may be. `address` is the column of the person's address.
    #[expect(
        clippy::too_many_lines,
        reason = "the possible keys, in the order of preference"
    )]
    fn key(&self, address: Option<usize>) -> KeyChoice {
        let rows = self.profile.rows;
        let mut ranked: Vec<(u8, usize)> = Vec::new();
        let mut others: Vec<(Vec<usize>, String)> = Vec::new();
        for (index, column, said) in self.columns() {
            let may_be = said.whose != Whose::Other
                && column.filled > 0
                && column.chars_max <= KEY_CHARS_MAX
                && column.structures == 0
                && !column.are_mostly(column.dates)
                && said.rank(Role::NetworkId).is_none();
            let is_counter = column.counts_up() && rows > 1;
            match said.rank(Role::Key).filter(|_| may_be) {
                // A ticket number is preferred to a column that counts the rows of an export.
                Some(rank @ (0 | 1)) if is_counter && self.may_be_key(index, rank) => {
                    ranked.push((COUNTS_ROWS, index));
                }
                Some(rank) if self.may_be_key(index, rank) => ranked.push((rank, index)),
                Some(0 | 1) if rows == 1 => others.push((vec![index], ONE_ROW.to_owned())),
                Some(0 | 1) => others.push((vec![index], uniqueness(column, rows))),
                Some(_) if is_counter && self.is_unique(column) => {
                    others.push((
                        vec![index],
                        "counts the rows: another file may begin at 1 again".to_owned(),
                    ));
                }
                Some(_) if rows < KEY_ROWS_MIN && self.is_unique(column) => {
                    others.push((vec![index], FEW_ROWS.to_owned()));
                }
                None if may_be
                    && rows >= KEY_ROWS_MIN
                    && self.is_almost_unique(column)
                    && column.are_mostly(column.ids)
                    && !is_of_person(column, said) =>
                {
                    let why = if is_counter {
                        "counts the rows: another file may begin at 1 again".to_owned()
                    } else {
                        format!("{}; its header names no id", uniqueness(column, rows))
                    };
                    others.push((vec![index], why));
                }
                _ => {}
            }
        }
        ranked.sort_unstable();
        let good: Vec<usize> = ranked.iter().map(|(_, index)| *index).collect();
        let certain: Vec<usize> = ranked
            .iter()
            .filter(|(rank, _)| *rank < COUNTS_ROWS)
            .map(|(_, index)| *index)
            .collect();
        let taken = self
            .of_source(|source| &source.key, &certain)
            .or(certain.first().copied())
            .or(good.first().copied());
        if let Some(index) = taken {
            let column = &self.profile.columns[index];
            let mut why = uniqueness(column, rows);
            if column.counts_up() && rows > 1 {
                why += "; it counts up from 1, so never use this job for another list that does";
            }
            return (vec![index], why, others);
        }
        let together = &self.profile.differing_together;
        if rows > 0 && together.rows == rows && together.repeats == 0 {
            let why = format!("{} of {} rows differ in both", grouped(rows), grouped(rows));
            let is_of_person =
                address.is_some_and(|address| self.profile.together.contains(&address));
            let is_form = self
                .source
                .is_some_and(|source| source.name == "Google Forms");
            if is_form && is_of_person {
                return (self.profile.together.clone(), why, others);
            }
            others.push((self.profile.together.clone(), why));
        }
        let mut unique = self.columns().filter(|(index, column, _)| {
            column.are_mostly(column.emails)
                && self.is_unique(column)
                && address.is_none_or(|address| address == *index)
        });
        if let Some((index, column, _)) = unique.next() {
            let why = format!(
                "{}; a later request of the same person would be taken for this one and not be sent",
                uniqueness(column, rows)
            );
            others.push((vec![index], why));
        }
        (Vec::new(), String::new(), others)
    }

    fn is_unique(&self, column: &Column) -> bool {
        let followed = &column.differing;
        column.filled == self.profile.rows
            && followed.rows == column.filled
            && followed.repeats == 0
    }

    /// Returns whether a column is unique. One repeat among many rows is allowed: it is most likely an accident.
    fn is_almost_unique(&self, column: &Column) -> bool {
        let followed = &column.differing;
        column.filled == self.profile.rows
            && followed.rows == column.filled
            && (followed.repeats == 0
                || followed.repeats == 1 && followed.rows >= KEY_ROWS_BESIDE_REPEAT_UNNAMED_MIN)
    }

    /// Returns whether a column may be the key. A header that names the row's id may have a few repeats and blanks; any other
    /// has to be unique in more than a few rows.
    fn may_be_key(&self, index: usize, rank: u8) -> bool {
        let column = &self.profile.columns[index];
        let rows = self.profile.rows;
        let followed = &column.differing;
        let is_accident = followed.repeats == 1 && followed.rows >= KEY_ROWS_BESIDE_REPEAT_MIN;
        let is_followed = followed.rows > 0
            && (followed.repeats * KEY_REPEATS_ONE_IN <= followed.rows || is_accident);
        let is_filled = (rows - column.filled) * KEY_REPEATS_ONE_IN <= rows;
        match rank {
            0 => is_followed && is_filled,
            1 => {
                let is_known = rows > 1 || self.of_source(|source| &source.key, &[index]).is_some();
                let is_id = column.are_mostly(column.ids) || column.are_mostly(column.numbers);
                is_known && is_id && is_followed && is_filled
            }
            COUNTS_ROWS => rows >= KEY_ROWS_MIN && self.is_unique(column) && !column.counts_up(),
            _ => rows >= KEY_ROWS_MIN && self.is_almost_unique(column),
        }
    }

    /// Returns the column with the status of the case, if some of its values say that the case is done.
    fn done(&self, fields: &Fields) -> Option<DoneColumn> {
        let mut found: Option<(bool, DoneColumn)> = None;
        for (index, column, said) in self.columns() {
            let Some(kind) = status_kind(&column.name) else {
                continue;
            };
            if fields.request.taken == Some(index) || said.rank(Role::Verified).is_some() {
                continue;
            }
            let words: Vec<(Word, bool)> = column
                .words()
                .unwrap_or_default()
                .into_iter()
                .filter(|word| !is_hidden(&word.text))
                .map(|word| {
                    let is_done = is_done(kind, &word.text);
                    (word, is_done)
                })
                .collect();
            let has_open = words.iter().any(|(_, is_done)| !is_done);
            if words.iter().all(|(_, is_done)| !is_done) {
                continue;
            }
            if found.as_ref().is_none_or(|(known, _)| has_open && !known) {
                found = Some((
                    has_open,
                    DoneColumn {
                        column: index,
                        words,
                    },
                ));
            }
        }
        found.map(|(_, found)| found)
    }

    /// Returns the column that says who was verified.
    fn verified_by(&self) -> Option<VerifiedColumn> {
        let (index, column, known, unknown) =
            self.columns().find_map(|(index, column, said)| {
                said.rank(Role::Verified)
                    .filter(|_| said.whose != Whose::Other)?;
                let mut known = Vec::new();
                let mut unknown = Vec::new();
                for word in column.words()? {
                    let said = words(&word.text);
                    let is = |list: &[&str]| list.iter().any(|phrase| are(&said, phrase));
                    match (is(VERIFIED), is(NOT_VERIFIED)) {
                        (true, _) => known.push((word, true)),
                        (_, true) => known.push((word, false)),
                        _ => unknown.push(word),
                    }
                }
                (!known.is_empty()).then_some((index, column, known, unknown))
            })?;
        let not_verified = known.iter().filter(|(_, yes)| !yes);
        Some(VerifiedColumn {
            column: index,
            not_verified: not_verified.map(|(word, _)| word.rows).sum(),
            words: if column.flags == column.filled {
                Vec::new()
            } else {
                known
            },
            unknown,
        })
    }
}

/// Whether a column is one of the person rather than of the row.
fn is_of_person(column: &Column, said: &Said) -> bool {
    let of_person = [Role::Email, Role::Phone, Role::UserId, Role::ToolUserId];
    column.are_mostly(column.emails)
        || column.are_mostly(column.international_phones)
        || of_person.into_iter().any(|role| said.rank(role).is_some())
}

/// Returns the columns that a choice did not take, with the reasons.
fn rejected(choice: &Choice) -> Choice {
    let others = choice.others.iter().filter(|(_, why)| why != EMPTY);
    Choice {
        others: others.cloned().collect(),
        ..Choice::default()
    }
}

fn few_addresses(column: &Column) -> String {
    format!(
        "{} different addresses in {} rows: an agent's or a mailbox's?",
        grouped(column.different()),
        grouped(column.differing.rows)
    )
}

fn mailboxes(column: &Column) -> String {
    format!(
        "{} of {} are addresses of a list or a function (privacy, via …), not of a person",
        grouped(column.mailboxes),
        grouped(column.filled)
    )
}

fn not_all(column: &Column, count: u64, what: &str) -> String {
    if count == 0 {
        return format!("none of its {} values are {what}", grouped(column.filled));
    }
    format!(
        "only {} of {} values are {what}",
        grouped(count),
        grouped(column.filled)
    )
}

fn of_rows(count: u64, rows: u64) -> String {
    if count == rows {
        "in every row".to_owned()
    } else {
        format!("in {} of {} rows", grouped(count), grouped(rows))
    }
}

/// How unique a column is.
fn uniqueness(column: &Column, rows: u64) -> String {
    let followed = &column.differing;
    let mut text = format!(
        "{} of {} rows differ",
        grouped(followed.rows - followed.repeats),
        grouped(followed.rows)
    );
    if followed.rows < column.filled {
        text += ", the others were not compared";
    }
    match followed.repeats {
        0 => {}
        1 => text += "; 1 repeats an earlier one: `check` says whether it is the same request",
        repeats => {
            text += &format!(
                "; {} repeat an earlier one: `check` says whether they are the same requests",
                grouped(repeats)
            );
        }
    }
    if column.filled < rows {
        text += &format!(
            "; {} have none and cannot be imported",
            grouped(rows - column.filled)
        );
    }
    text
}

fn region_of(country: &str) -> Option<String> {
    let code = folded(country).to_uppercase();
    if is_region(&code) {
        return Some(code);
    }
    let said = words(country);
    let known = REGIONS
        .iter()
        .find(|(_, names)| names.iter().any(|name| are(&said, name)));
    known.map(|(code, _)| (*code).to_owned())
}
