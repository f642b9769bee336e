//! Reads everything of a plan and sums it up: what `check` prints, and what `run` knows before it sends.
//!
//! In: a [`ReadPlan`]. Out: a [`Survey`], plain data of bounded size. Nothing is sent, stored or printed.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use crate::entry::{Entry, Field, Position, RequestType};
use crate::intake::{
    self, ColumnUse, InputDigest, Intake, IntakeError, Item, Offending, Problem, RowReading, Seen,
    Shape,
};
use crate::outcome::{Outcome, Tally};
use crate::plan::ReadPlan;

/// Most groups of problems that are told apart; further ones are only counted.
pub const GROUPS_MAX: usize = 200;
/// Most places that are kept of each group.
pub const EXAMPLES_MAX: usize = 5;
/// Most repeats that are kept as examples: of those with the same content, and of those with other content.
pub const REPEATS_MAX: usize = 5;
/// Up to so many people are told apart; beyond it only requests are counted.
pub const PEOPLE_MAX: usize = 100_000;
/// Rows read between two looks at whether to stop.
const BATCH_ROWS: usize = 512;

/// What the inputs of a plan hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Each input, in the order of the plan.
    pub inputs: Vec<InputSurvey>,
    /// Over all inputs. A valid entry that repeats none counts as [`Outcome::NotSent`], so that the totals add up.
    pub tally: Tally,
    /// Entries that would be sent: valid, and the first of their import id.
    pub valid: u64,
    /// Among them, how many of each request.
    pub by_request: [(RequestType, u64); RequestType::ALL.len()],
    /// Among them, those with `preverified` false: Concord writes to these people.
    pub contacted: u64,
    /// How many people those are, told apart by address, else by number, else by id; none beyond [`PEOPLE_MAX`].
    pub people: Option<u64>,
    /// The first entries that repeat an earlier one and say the same.
    pub repeats: Vec<Repeat>,
    /// The first entries that have the key of an earlier one and say something else: only that one is sent.
    pub changed: Vec<Repeat>,
    /// What is wrong, the most frequent first. A row's problem counts once, however many entries the row makes.
    pub problems: Groups,
    /// What Concord may take amiss, the most frequent first.
    pub warnings: Groups,
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
    pub code: &'static str,
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

    fn add(&mut self, problem: &Problem) {
        let by_message = problem.code == "unmapped_request";
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

/// Reads all inputs of a plan. `watch` is called every few hundred rows, and may break off: then there is no survey.
pub fn survey(
    plan: &ReadPlan,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Option<Survey>, IntakeError> {
    let mut survey = Survey {
        inputs: Vec::with_capacity(plan.inputs.len()),
        tally: Tally::default(),
        valid: 0,
        by_request: RequestType::ALL.map(|request| (request, 0)),
        contacted: 0,
        people: None,
        repeats: Vec::new(),
        changed: Vec::new(),
        problems: Groups::default(),
        warnings: Groups::default(),
    };
    // All are opened first, so that a fault of the last shows before the first has been read for minutes.
    for input in 0..plan.inputs.len() {
        Intake::open(plan, input, false)?;
    }
    let mut seen = Seen::new();
    let mut people = People::default();
    for input in 0..plan.inputs.len() {
        let mut intake = Intake::open(plan, input, false)?;
        let mut tally = Tally::default();
        let digest = loop {
            let batch = intake.next_batch(&mut seen, BATCH_ROWS)?;
            for row in &batch {
                survey.add(row, &mut tally, &mut people);
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
        survey.inputs.push(InputSurvey {
            name: plan.inputs[input].name.clone(),
            digest,
            shape: intake.shape().clone(),
            columns: {
                let shape = intake.shape();
                intake::uses(&shape.columns, shape.format, &plan.rules)
            },
            tally,
        });
    }
    survey.people = people.count();
    if plan.rules.key.is_empty() && survey.valid > 0 {
        survey.warnings.groups.push(no_key(survey.valid));
    }
    for groups in [&mut survey.problems, &mut survey.warnings] {
        groups
            .groups
            .sort_by_key(|group| std::cmp::Reverse(group.count));
    }
    Ok(Some(survey))
}

/// What follows for so many entries when their content is all that identifies them.
fn no_key(count: u64) -> Group {
    Group {
        code: "no_key",
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
    fn add(&mut self, row: &RowReading, of_input: &mut Tally, people: &mut People) {
        for tally in [&mut self.tally, &mut *of_input] {
            tally.rows += 1;
            tally.skipped_rows += u64::from(row.items.is_empty());
            for item in &row.items {
                tally.add(outcome(item), None);
                tally.changed += u64::from(matches!(item, Item::Repeat { changed: true, .. }));
            }
        }
        for item in &row.items {
            match item {
                Item::Entry(entry) => self.add_entry(entry, people),
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

    fn add_entry(&mut self, entry: &Entry, people: &mut People) {
        self.valid += 1;
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
struct People {
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

    fn count(&self) -> Option<u64> {
        self.known.as_ref().map(|known| known.len() as u64)
    }
}

fn outcome(item: &Item) -> Outcome {
    match item {
        Item::Entry(_) => Outcome::NotSent,
        Item::Repeat { .. } => Outcome::Duplicate,
        Item::Invalid { .. } => Outcome::Invalid,
    }
}
