//! Reads everything of a plan and sums it up: what `check` prints, and what `run` knows before it sends.
//!
//! In: a [`ReadPlan`]. Out: a [`Survey`], plain data of bounded size. Nothing is sent, stored or printed.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::civil::Date;

use crate::codes::ProblemCode;
use crate::entry::{Entry, Field, Position, RequestType};
use crate::intake::{
    self, ColumnUse, InputDigest, InputPlaces, Intake, IntakeError, Item, KEY_CONFLICTS_MAX,
    KeyConflicts, Offending, Problem, QUOTED_CHARS_MAX, RowPlaces, RowReading, Seen, Shape,
};
use crate::outcome::{Outcome, Tally};
use crate::plan::{DateOrder, ReadPlan};
use crate::received::{ColumnOrder, Found, Places, Received, ReceivedColumn};

/// Most groups of problems that are told apart; further ones are only counted.
pub const GROUPS_MAX: usize = 200;
/// Most places that are kept of each group.
pub const EXAMPLES_MAX: usize = 5;
/// Most repeats that are kept as examples: of those with the same content, and of those with other content.
pub const REPEATS_MAX: usize = 5;
/// Up to so many people are told apart; beyond it only requests are counted.
pub const PEOPLE_MAX: usize = 100_000;
/// Maximum number of addresses whose first name is remembered, as a digest. Further addresses are not compared.
pub const ADDRESSES_COMPARED_MAX: usize = 100_000;
/// Maximum number of words of a name that are compared.
const NAME_WORDS_MAX: usize = 4;
/// Minimum share of rows that look done, as one in this number, for the warning: fewer are a day's work.
const DONE_ONE_IN: u64 = 10;
/// Maximum number of readings of the inputs: one, and others while keys with a conflict are found.
const READINGS_MAX: u32 = 8;
/// Rows read between two looks at whether to stop.
const BATCH_ROWS: usize = 512;

/// What the inputs of a plan hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Each input, in the order of the plan.
    pub inputs: Vec<InputSurvey>,
    /// Over all inputs. A valid entry that repeats none counts as [`Outcome::NotSent`], so that the totals add up.
    pub tally: Tally,
    /// Entries that would be sent: valid, and the first of their import id.
    pub to_send: ToSend,
    /// The first entries that repeat an earlier one and say the same.
    pub repeats: Vec<Repeat>,
    /// The first entries that have the key of an earlier one and say something else: only that one is sent.
    pub changed: Vec<Repeat>,
    /// Among them, how old they are; none when the job names no column for that.
    pub received: Option<Received>,
    /// What is wrong, the most frequent first. A row's problem counts once, however many entries the row makes.
    pub problems: Groups,
    /// What Concord may take amiss, the most frequent first.
    pub warnings: Groups,
    /// The keys that name different people or request types: none of their rows is sent.
    pub key_conflicts: Arc<KeyConflicts>,
    /// Set when a row repeats an earlier row, or has nearly its key. Then every reading has to compare the rows.
    pub has_repeats: bool,
}

impl Survey {
    /// Returns the set with which a later reading of the same inputs compares keys.
    ///
    /// If no row repeats an earlier one, the set keeps no keys: the digest of the input proves that it has not changed.
    pub fn seen(&self) -> Seen {
        let known = Arc::clone(&self.key_conflicts);
        let seen = if self.has_repeats {
            Seen::with_conflicts(known)
        } else {
            Seen::of_unrepeated(known)
        };
        seen.naming(self.places())
    }
}

/// Entries that would be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ToSend {
    /// How many there are.
    pub count: u64,
    /// Among them, how many of each request.
    pub by_request: [(RequestType, u64); RequestType::ALL.len()],
    /// Among them, those with `preverified` false: Concord writes to these people.
    pub contacted: u64,
    /// How many people those are, told apart by address, else by number, else by id; none beyond [`PEOPLE_MAX`].
    pub people: Option<u64>,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputSurvey {
    /// As the user gave it.
    pub name: String,
    /// Its size and SHA-256.
    pub digest: InputDigest,
    /// How it was understood.
    pub shape: Shape,
    /// What the rules do with its columns.
    pub columns: ColumnUse,
    /// Of this input alone.
    pub tally: Tally,
    /// The order of its received dates; none when the job names no column for them.
    pub date_order: Option<ColumnOrder>,
}

/// An entry that has the key of an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Its row.
    pub position: Position,
    /// The row of the earlier one.
    pub of: Position,
    /// Their key; none without key columns.
    pub key: Option<RepeatedKey>,
}

/// A key, as far as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RepeatedKey {
    /// It says nothing of the person.
    Plain(String),
    /// It does.
    Personal(Offending),
}

/// Problems or warnings, grouped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// The groups, the most frequent first.
    pub groups: Vec<Group>,
    /// Problems beyond [`GROUPS_MAX`] groups.
    pub ungrouped: u64,
}

/// Problems of one code in one column; those of an unmapped request are told apart by the value as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The problems' code.
    pub code: ProblemCode,
    /// The input's column.
    pub column: Option<String>,
    /// The API's property.
    pub field: Option<Field>,
    /// The message of the first of them.
    pub message: String,
    /// All of them have this message.
    pub is_uniform: bool,
    /// How many there are.
    pub count: u64,
    /// The first few.
    pub examples: Vec<Example>,
}

/// One problem of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Where it is.
    pub position: Position,
    /// Its message.
    pub message: String,
    /// The value that it is about.
    pub value: Option<Offending>,
}

impl Group {
    /// The request word without a meaning that it is about; none where it is about something else, or about what is no word.
    pub(crate) fn word(&self) -> Option<&str> {
        let value = self.examples.first()?.value.as_ref()?;
        let is_word = !value.is_telling() && value.plain().chars().count() <= QUOTED_CHARS_MAX;
        (matches!(
            self.code,
            ProblemCode::UnmappedRequest | ProblemCode::UndecidedRequest
        ) && is_word)
            .then(|| value.plain())
    }

    /// The line that gives that word a meaning in the job file.
    pub(crate) fn line_of_word(&self, place: &str) -> Option<String> {
        let word = intake::quoted_toml(self.word()?);
        Some(format!(
            "{word} = \"…\",  # {}: {place}",
            crate::numbers::grouped(self.count)
        ))
    }
}

impl Example {
    fn of(problem: &Problem) -> Self {
        Self {
            position: problem.position,
            message: problem.message.clone(),
            value: problem.value.clone(),
        }
    }
}

impl Groups {
    /// How many problems there are.
    pub fn count(&self) -> u64 {
        self.ungrouped + self.groups.iter().map(|group| group.count).sum::<u64>()
    }

    /// Drops the warning of rows that look done where few of these entries have it.
    pub(crate) fn keep_many_done(&mut self, entries: u64) {
        self.groups.retain(|group| {
            group.code != ProblemCode::LooksDone || group.count * DONE_ONE_IN >= entries
        });
    }

    /// The most frequent first.
    pub(crate) fn sort(&mut self) {
        self.groups
            .sort_by_key(|group| std::cmp::Reverse(group.count));
    }

    pub(crate) fn add(&mut self, problem: &Problem) {
        let by_message = matches!(
            problem.code,
            ProblemCode::UnmappedRequest | ProblemCode::UndecidedRequest
        );
        let known = self.groups.iter().position(|group| {
            group.code == problem.code
                && group.column == problem.column
                && group.field == problem.field
                && (!by_message || group.message == problem.message)
        });
        match known {
            Some(index) => {
                let group = &mut self.groups[index];
                group.count += 1;
                group.is_uniform &= group.message == problem.message;
                if group.examples.len() < EXAMPLES_MAX {
                    group.examples.push(Example::of(problem));
                }
            }
            None if self.groups.len() < GROUPS_MAX => self.groups.push(Group {
                code: problem.code,
                column: problem.column.clone(),
                field: problem.field,
                message: problem.message.clone(),
                is_uniform: true,
                count: 1,
                examples: vec![Example::of(problem)],
            }),
            None => self.ungrouped += 1,
        }
    }
}

/// How far a survey has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Which input is being read, from 0.
    pub input: usize,
    /// Rows read so far, of all inputs.
    pub rows: u64,
    /// How much has been read of this input, in bytes.
    pub bytes: u64,
}

/// Reads all inputs of a plan, `today` (by UTC). `watch` is called every few hundred rows, and may break off: then there is no survey.
///
/// A conflict is known only once both of its rows were read. So if there are conflicts, the inputs are read twice.
pub fn survey(
    plan: &ReadPlan,
    today: Date,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Survey>, IntakeError> {
    // All are opened first, so that a fault of the last shows before the first has been read for minutes.
    let mut places = Vec::with_capacity(plan.inputs.len());
    for input in 0..plan.inputs.len() {
        places.push(RowPlaces::of(Intake::open(plan, input, false)?.shape()));
    }
    let places: InputPlaces = places.into_iter().collect();
    let seen = Seen::new().naming(places.clone());
    let Some((survey, found)) = read_all(plan, today, watch, seen)? else {
        return Ok(None);
    };
    if found.is_no_key() {
        return Err(no_key_columns(plan, &found));
    }
    let mut known = Arc::new(found);
    let mut survey = survey;
    // Where rows are refused, others are compared with each other for the first time.
    let mut is_complete = known.is_empty();
    for _ in 1..READINGS_MAX {
        if is_complete {
            break;
        }
        let seen = Seen::with_conflicts(Arc::clone(&known)).naming(places.clone());
        let Some((again, more)) = read_all(plan, today, watch, seen)? else {
            return Ok(None);
        };
        survey = again;
        is_complete = more.is_empty();
        Arc::make_mut(&mut known).extend(more);
    }
    Ok(Some(Survey {
        key_conflicts: known,
        ..survey
    }))
}

fn no_key_columns(plan: &ReadPlan, found: &KeyConflicts) -> IntakeError {
    let columns = plan.rules.key.iter();
    IntakeError::NoKey {
        columns: columns.map(|name| name.trim().to_owned()).collect(),
        keys: found.keys(),
        conflicts: found.count() as u64,
        unique: Vec::new(),
    }
}

/// Reads all inputs once, and returns the conflicts.
fn read_all(
    plan: &ReadPlan,
    today: Date,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    mut seen: Seen,
) -> Result<Option<(Survey, KeyConflicts)>, IntakeError> {
    let mut survey = Survey {
        received: plan.rules.received.as_ref().map(|_| Received::default()),
        ..Survey::default()
    };
    let mut people = People::default();
    let mut names = Names::default();
    for input in 0..plan.inputs.len() {
        let mut intake = Intake::open(plan, input, false)?;
        let mut tally = Tally::default();
        let mut dates = plan
            .rules
            .received
            .as_ref()
            .map(|_| ReceivedColumn::new(today));
        let digest = loop {
            let batch = intake.next_batch(&mut seen, BATCH_ROWS)?;
            if seen.found().count() > KEY_CONFLICTS_MAX {
                return Err(no_key_columns(plan, seen.found()));
            }
            for row in &batch {
                survey.add(row, &mut tally, &mut people);
                survey.add_names(row, &mut names);
                if let (Some(dates), Some(read)) = (&mut dates, row.received) {
                    let sent = row
                        .items
                        .iter()
                        .filter(|item| matches!(item, Item::Entry(_)));
                    let text = row.unreadable_date.as_ref();
                    dates.add(read, text, sent.count() as u64, row.position);
                }
            }
            let progress = Progress {
                input,
                rows: survey.tally.rows,
                bytes: intake.bytes_read(),
            };
            if watch(progress).is_break() {
                return Ok(None);
            }
            if batch.is_empty()
                && let Some(digest) = intake.digest()
            {
                break digest;
            }
        };
        let (date_order, received) = dates.map(ReceivedColumn::finish).unzip();
        if let (Some(sum), Some(received)) = (&mut survey.received, &received) {
            sum.extend(received);
        }
        survey.inputs.push(InputSurvey {
            name: plan.inputs[input].name.clone(),
            digest,
            shape: intake.shape().clone(),
            columns: {
                let shape = intake.shape();
                intake::uses(&shape.columns, shape.format, &plan.rules)
            },
            tally,
            date_order,
        });
    }
    survey.to_send.people = people.count();
    survey.add_findings(plan);
    survey.has_repeats = seen.has_hits();
    Ok(Some((survey, seen.into_found())))
}

const SEVERAL_NAMES_TEXT: &str = "has another name in an earlier row: if these are several people, the address is not that of \
     each of them (a list, a shared mailbox, an agent), and Concord takes them for one person";
const DATES_AMBIGUOUS: &str = "each date can be read with the day first and with the month first, and nothing in the column decides: set \
     date_order = \"dmy\" or \"mdy\" under [input] in the job file";
const DATES_CONTRADICTORY: &str = "one of these dates has the day first, and the other the month first: set date_order = \"dmy\" or \
     \"mdy\" under [input] in the job file (dates that do not fit are then told as warnings), or correct them";
const RECEIVED_BLANK: &str =
    "is blank, so it is not known whether the request is overdue; it is sent all the same";
const RECEIVED_UNREADABLE: &str = "is not a date that is known, so it is not known whether the request is overdue; it is sent all the same. \
     Clear are 2026-12-31, 31.12.2026, 31-Dec-2026 and December 31, 2026";
const RECEIVED_FUTURE: &str = "is a day to come: is the date right, and the order of its numbers?";
const RECEIVED_ANCIENT: &str =
    "is a day before 1990: is the date right, and the order of its numbers?";

/// An order of dates, as the job file says it, with an example.
pub(crate) const fn described(order: DateOrder) -> &'static str {
    match order {
        DateOrder::DayFirst => "dmy (31/12/2026)",
        DateOrder::MonthFirst => "mdy (12/31/2026)",
        DateOrder::YearFirst => "ymd (26/12/31)",
    }
}

/// What follows for so many entries when their content is all that identifies them.
fn no_key(count: u64) -> Group {
    Group {
        code: ProblemCode::NoKey,
        column: None,
        field: None,
        message: "no column identifies the row: after any change to it or to `[fields]` it makes a new request, also when it \
                  was imported before; name one under [input]: key = [\"…\"]"
            .to_owned(),
        is_uniform: true,
        count,
        examples: Vec::new(),
    }
}

impl Survey {
    /// Returns the ways to name the rows of each input.
    pub fn places(&self) -> InputPlaces {
        self.inputs
            .iter()
            .map(|input| RowPlaces::of(&input.shape))
            .collect()
    }

    /// Adds the findings that depend on all rows, and sorts all of them.
    fn add_findings(&mut self, plan: &ReadPlan) {
        self.tell_of_dates(plan);
        self.tell_of_undecided(plan);
        self.tell_of_preverified(plan);
        self.tell_of_filters(plan);
        let count = self.to_send.count;
        self.warnings.keep_many_done(count);
        if plan.rules.key.is_empty() && count > 0 {
            self.warnings.groups.push(no_key(count));
        }
        self.problems.sort();
        self.warnings.sort();
    }

    /// What the received dates are like: an open order is a problem, since nothing is sent before it is told; all else
    /// is a warning, since the dates themselves are not sent.
    fn tell_of_dates(&mut self, plan: &ReadPlan) {
        let (Some(rule), Some(received)) = (&plan.rules.received, &self.received) else {
            return;
        };
        let group = |code, message: &str, places: &Places| Group {
            code,
            column: Some(rule.column.trim().to_owned()),
            field: None,
            message: message.to_owned(),
            is_uniform: true,
            count: places.count,
            examples: {
                let first = places.first.iter().take(EXAMPLES_MAX);
                let examples = first.map(|found| Example {
                    position: found.position,
                    message: message.to_owned(),
                    value: found.value.clone(),
                });
                examples.collect()
            },
        };
        let warnings = [
            (ProblemCode::ReceivedBlank, RECEIVED_BLANK, &received.blank),
            (
                ProblemCode::ReceivedUnreadable,
                RECEIVED_UNREADABLE,
                &received.unreadable,
            ),
            (
                ProblemCode::ReceivedFuture,
                RECEIVED_FUTURE,
                &received.future,
            ),
            (
                ProblemCode::ReceivedAncient,
                RECEIVED_ANCIENT,
                &received.ancient,
            ),
        ];
        for (code, message, places) in warnings {
            if places.count > 0 {
                self.warnings.groups.push(group(code, message, places));
            }
        }
        for input in &self.inputs {
            let (message, places) = match &input.date_order {
                Some(ColumnOrder::Ambiguous(places)) => (DATES_AMBIGUOUS, places.clone()),
                Some(ColumnOrder::Contradictory {
                    day_first,
                    month_first,
                }) => {
                    let first = [day_first, month_first]
                        .map(|place| Found::at(*place))
                        .into();
                    (DATES_CONTRADICTORY, Places { count: 2, first })
                }
                _ => continue,
            };
            self.problems
                .groups
                .push(group(ProblemCode::DateOrder, message, &places));
        }
    }

    /// Words that the job file leaves open are told also when no row has them: a run would refuse.
    fn tell_of_undecided(&mut self, plan: &ReadPlan) {
        for word in plan.rules.undecided() {
            let message = intake::undecided(word);
            let is_told = |group: &Group| {
                group.code == ProblemCode::UndecidedRequest && group.message == message
            };
            if !self.problems.groups.iter().any(is_told) {
                self.problems.groups.push(Group {
                    code: ProblemCode::UndecidedRequest,
                    column: None,
                    field: Some(Field::Request),
                    message,
                    is_uniform: true,
                    count: 1,
                    examples: Vec::new(),
                });
            }
        }
    }

    /// Adds a problem for an open `preverified`, since nothing is sent before it is decided.
    fn tell_of_preverified(&mut self, plan: &ReadPlan) {
        if plan.rules.leaves_preverified_open() {
            self.problems.groups.push(Group {
                code: ProblemCode::UndecidedPreverified,
                column: None,
                field: Some(Field::Preverified),
                message: intake::PREVERIFIED_UNDECIDED.to_owned(),
                is_uniform: true,
                count: 1,
                examples: Vec::new(),
            });
        }
    }

    /// Returns whether the job file leaves `preverified` open.
    pub(crate) fn leaves_preverified_open(&self) -> bool {
        let mut groups = self.problems.groups.iter();
        groups.any(|group| group.code == ProblemCode::UndecidedPreverified)
    }

    /// Adds a warning for an address that has several names.
    fn add_names(&mut self, row: &RowReading, names: &mut Names) {
        // All entries of a row have the same person.
        let entry = row.items.iter().find_map(|item| match item {
            Item::Entry(entry) | Item::Repeat { entry, .. } => Some(entry),
            Item::Invalid { .. } => None,
        });
        let Some(entry) = entry else { return };
        let Some(email) = entry.body.user_email() else {
            return;
        };
        // The name before the address: `Ann Ahl <desk@example.com>`.
        let mut warnings = row.warnings.iter();
        let cleaned = warnings.find(|one| one.code == ProblemCode::EmailCleaned);
        let cell = cleaned
            .and_then(|one| one.value.as_ref())
            .map(Offending::plain);
        let displayed = cell.and_then(|cell| cell.split_once('<'));
        if names.is_another(entry, displayed.map(|(name, _)| name)) {
            self.warnings.add(&Problem {
                position: row.position,
                column: None,
                field: Some(Field::UserEmail),
                code: ProblemCode::SeveralNames,
                message: SEVERAL_NAMES_TEXT.to_owned(),
                value: Some(Offending::new(email)),
            });
        }
    }

    /// A filter that no row passes is perhaps mistyped.
    fn tell_of_filters(&mut self, plan: &ReadPlan) {
        let passed = self.to_send.count + self.tally.count(Outcome::Duplicate);
        if passed > 0 || self.tally.skipped_rows == 0 {
            return;
        }
        for filter in &plan.rules.filters {
            let words: Vec<_> = filter
                .values
                .iter()
                .map(|value| format!("`{value}`"))
                .collect();
            let message = format!(
                "no row passes `where`, which takes {} alone",
                words.join(" and ")
            );
            self.warnings.groups.push(Group {
                code: ProblemCode::NonePass,
                column: Some(filter.column.trim().to_owned()),
                field: None,
                message,
                is_uniform: true,
                count: 1,
                examples: Vec::new(),
            });
        }
    }

    /// What a person has to decide before anything can be sent, one sentence each.
    pub fn open_questions(&self, plan: &ReadPlan) -> Vec<String> {
        let words = plan.rules.undecided().into_iter().map(intake::undecided);
        let dates = self.inputs.iter().filter_map(|input| {
            let column = &plan.rules.received.as_ref()?.column;
            let why = match input.date_order.as_ref()? {
                ColumnOrder::Ambiguous(_) => DATES_AMBIGUOUS,
                ColumnOrder::Contradictory { .. } => DATES_CONTRADICTORY,
                _ => return None,
            };
            Some(format!("{}, column `{column}`: {why}", input.name))
        });
        let preverified = plan
            .rules
            .leaves_preverified_open()
            .then(|| format!("preverified {}", intake::PREVERIFIED_UNDECIDED));
        words.chain(preverified).chain(dates).collect()
    }

    fn add(&mut self, row: &RowReading, of_input: &mut Tally, people: &mut People) {
        for tally in [&mut self.tally, &mut *of_input] {
            tally.rows += 1;
            tally.skipped_rows += u64::from(row.items.is_empty());
            for item in &row.items {
                tally.add(outcome(item), None);
                tally.changed += u64::from(matches!(item, Item::Repeat { changed: true, .. }));
                tally.conflicts += u64::from(is_conflict(item));
            }
        }
        for item in &row.items {
            match item {
                Item::Entry(entry) => self.to_send.add(entry, people),
                Item::Repeat { entry, of, changed } => self.add_repeat(entry, *of, *changed),
                Item::Invalid { .. } => {}
            }
        }
        // All entries of a row have the same problems.
        if let Some(Item::Invalid { problems, .. }) = row.items.first() {
            for problem in problems {
                self.problems.add(problem);
            }
        }
        for warning in &row.warnings {
            self.warnings.add(warning);
        }
    }

    fn add_repeat(&mut self, entry: &Entry, of: Position, is_changed: bool) {
        let repeats = if is_changed {
            &mut self.changed
        } else {
            &mut self.repeats
        };
        if repeats.len() < REPEATS_MAX {
            let is_content = entry.other_id.is_none(); // only without key columns
            let key = match &entry.key {
                _ if is_content => None,
                key if key.is_personal => Some(RepeatedKey::Personal(Offending::new(&key.text))),
                key => Some(RepeatedKey::Plain(key.text.clone())),
            };
            repeats.push(Repeat {
                position: entry.position,
                of,
                key,
            });
        }
    }
}

impl Default for ToSend {
    fn default() -> Self {
        Self {
            count: 0,
            by_request: RequestType::ALL.map(|request| (request, 0)),
            contacted: 0,
            people: None,
        }
    }
}

impl ToSend {
    /// Counts one. How many `people` there are is asked at the end.
    pub(crate) fn add(&mut self, entry: &Entry, people: &mut People) {
        self.count += 1;
        if entry.body.contacts_the_person() {
            self.contacted += 1;
            people.add(entry);
        }
        for (request, count) in &mut self.by_request {
            *count += u64::from(*request == entry.body.request());
        }
    }
}

/// The people whom Concord writes to, by a digest each.
pub(crate) struct People {
    /// None once there are more than [`PEOPLE_MAX`].
    known: Option<HashSet<u64>>,
}

impl Default for People {
    fn default() -> Self {
        Self {
            known: Some(HashSet::new()),
        }
    }
}

impl People {
    fn add(&mut self, entry: &Entry) {
        let Some(known) = &mut self.known else {
            return;
        };
        let body = &entry.body;
        let mut hasher = DefaultHasher::new();
        if let Some(email) = body.user_email() {
            (Field::UserEmail, email.to_lowercase()).hash(&mut hasher);
        } else if let Some(number) = body.user_phone_number() {
            (Field::UserPhoneNumber, number).hash(&mut hasher);
        } else {
            (body.concord_id(), body.project_user_id(), body.user_id()).hash(&mut hasher);
        }
        known.insert(hasher.finish());
        if known.len() > PEOPLE_MAX {
            self.known = None;
        }
    }

    pub(crate) fn count(&self) -> Option<u64> {
        self.known.as_ref().map(|known| known.len() as u64)
    }
}

fn is_conflict(item: &Item) -> bool {
    match item {
        Item::Invalid { problems, .. } => problems
            .iter()
            .any(|one| one.code == ProblemCode::KeyConflict),
        Item::Entry(_) | Item::Repeat { .. } => false,
    }
}

/// The first name found with each address, as digests of its words.
#[derive(Default)]
struct Names {
    first: HashMap<u64, [u32; NAME_WORDS_MAX]>,
}

impl Names {
    /// Returns whether the entry has another name than the first row with its address. An entry without a
    /// name has the one `displayed` before the address. Initials, and names that one of
    /// the two rows lacks, are ignored.
    fn is_another(&mut self, entry: &Entry, displayed: Option<&str>) -> bool {
        let body = &entry.body;
        let Some(email) = body.user_email() else {
            return false;
        };
        let parts = body
            .user_first_name()
            .into_iter()
            .chain(body.user_last_name());
        let mut name = words_of_name(parts);
        if name == [0; NAME_WORDS_MAX] {
            name = words_of_name(displayed.into_iter());
        }
        if name == [0; NAME_WORDS_MAX] {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        email.to_lowercase().hash(&mut hasher);
        let address = hasher.finish();
        let Some(first) = self.first.get(&address) else {
            if self.first.len() < ADDRESSES_COMPARED_MAX {
                self.first.insert(address, name);
            }
            return false;
        };
        let is_within =
            |one: &[u32], other: &[u32]| one.iter().all(|word| *word == 0 || other.contains(word));
        !is_within(&name, first) && !is_within(first, &name)
    }
}

/// The digests of the first few words of a name, without initials; 0 where there are no more.
fn words_of_name<'t>(parts: impl Iterator<Item = &'t str>) -> [u32; NAME_WORDS_MAX] {
    let mut digests = [0; NAME_WORDS_MAX];
    let said = parts.flat_map(intake::words::words);
    let long = said.filter(|word| word.chars().count() > 1);
    for (digest, word) in digests.iter_mut().zip(long) {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        let [.., a, b, c, d] = hasher.finish().to_le_bytes();
        *digest = u32::from_le_bytes([a, b, c, d]).max(1);
    }
    digests
}

fn outcome(item: &Item) -> Outcome {
    match item {
        Item::Entry(_) => Outcome::NotSent,
        Item::Repeat { .. } => Outcome::Duplicate,
        Item::Invalid { .. } => Outcome::Invalid,
    }
}
