//! What a history consists of: drawn from a seed, and made smaller when it fails.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use concord_import::internals::plan::{DoubtPolicy, Mark};
use concord_import::internals::sandbox::{Listing, Order, Reads, TextMatch};
use fastrand::Rng;

/// How far the server's clock may be from ours where its answers show it, and how far behind where they do not.
const SKEW_MAX_S: i64 = 1_800;
const SKEW_UNSEEN_MAX_S: i64 = 600;
/// Items of a page where a project is large: as few as leave room for the overlap of pages.
const SMALL_PAGE: usize = 40;
/// Requests that are read in one go where a list is too long for that: more than are created in two seconds.
const LIST_ITEMS_MAX: usize = 300;

/// What can happen to one exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// 408, 500, 502, 503 or 504, and nothing was created.
    ErrorBefore,
    /// The same, and it was created.
    ErrorAfter,
    /// The same, and it will be created within the settle time.
    ErrorLate,
    /// 429 or 503 with or without `Retry-After`; surely not created.
    Busy,
    /// 421 or 425; surely not created.
    Unread,
    ResetBefore,
    ResetAfter,
    ResetLate,
    NoConnection,
    HangBefore,
    HangAfter,
    HangLate,
    /// The request takes long to arrive, perhaps longer than anybody waits.
    Slow,
    /// 201 and no JSON.
    Garbage,
    /// 201 that breaks off.
    Cut,
    /// 201 without a body.
    EmptyCreated,
    /// 201 that tells of another request.
    OtherEcho,
    /// 201 that shows the notes in another form.
    NormalisedEcho,
    /// 422, as if the server did not like it this time.
    Refused,
    /// 401, as if the key were withdrawn for a moment.
    KeyRefused,
    /// 200, 202 or 204, and it was created.
    AcceptedAfter,
    /// The same, and it will be created, perhaps long after the settle time.
    AcceptedLate,
    /// 409, and nothing was created.
    ConflictBefore,
    /// 409, and it was created.
    ConflictAfter,
    ListError,
    /// 403, 404 or 405, as if the list were forbidden for a moment.
    ListRefused,
    ListBusy,
    ListReset,
    ListHang,
    ListGarbage,
    ListCut,
}

impl Fault {
    pub(super) const ALL: [Self; 31] = [
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::ErrorLate,
        Self::Busy,
        Self::Unread,
        Self::ResetBefore,
        Self::ResetAfter,
        Self::ResetLate,
        Self::NoConnection,
        Self::HangBefore,
        Self::HangAfter,
        Self::HangLate,
        Self::Slow,
        Self::Garbage,
        Self::Cut,
        Self::EmptyCreated,
        Self::OtherEcho,
        Self::NormalisedEcho,
        Self::Refused,
        Self::KeyRefused,
        Self::AcceptedAfter,
        Self::AcceptedLate,
        Self::ConflictBefore,
        Self::ConflictAfter,
        Self::ListError,
        Self::ListRefused,
        Self::ListBusy,
        Self::ListReset,
        Self::ListHang,
        Self::ListGarbage,
        Self::ListCut,
    ];

    /// Whether who meets it knows that nothing was created.
    pub(super) const fn surely_not_created(self) -> bool {
        matches!(
            self,
            Self::Busy
                | Self::Unread
                | Self::NoConnection
                | Self::Refused
                | Self::KeyRefused
                | Self::ConflictBefore
        )
    }

    pub(super) const fn is_of_list(self) -> bool {
        matches!(
            self,
            Self::ListError
                | Self::ListRefused
                | Self::ListBusy
                | Self::ListReset
                | Self::ListHang
                | Self::ListGarbage
                | Self::ListCut
        )
    }
}

/// What is wrong with a row until somebody corrects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Email,
    Wish,
}

/// One row of the source. The same number may come twice: a repeated key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) n: u32,
    pub(super) wish: &'static str,
    pub(super) flaw: Option<Flaw>,
    /// Its content changes in the source at some time.
    pub(super) changes: bool,
    /// At that time it comes to ask for more than before.
    pub(super) grows: bool,
    /// Its key is that of another row, and it is of another person.
    pub(super) is_twin: bool,
}

/// Difference between the number of a twin's person and the number of its row.
pub(super) const TWIN: u32 = 1_000;

impl Row {
    /// The number of its person.
    pub(super) const fn person(&self) -> u32 {
        if self.is_twin { self.n + TWIN } else { self.n }
    }

    /// What it asks for at some time.
    pub(super) const fn wish_in(&self, life: &Life) -> &'static str {
        if self.grows && life.is_changed {
            "Both"
        } else {
            self.wish
        }
    }

    /// The names and kinds of the requests it makes then.
    pub(super) fn requests_in(&self, life: &Life) -> Vec<(String, &'static str)> {
        let key = format!("T-{}", self.n);
        match self.wish_in(life) {
            "Both" => ["view", "delete"]
                .map(|request| (format!("{key} // {request}"), request))
                .to_vec(),
            "Access" => vec![(key, "view")],
            _ => vec![(key, "delete")],
        }
    }
}

/// When a process dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Crash {
    /// So long after its start.
    AtTime(Duration),
    /// Before or after a piece of blocking work: a read, a commit, a write.
    AtStep(u32),
    /// When a request is about to leave.
    BeforeExchange(u32),
    /// When the server has acted and the answer is under way.
    BeforeAnswer(u32),
    /// When the import is polled for the so-manieth time.
    AtPoll(u32),
}

/// When a process stands still for a while: suspended, stopped, or its machine asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stall {
    pub(super) at: StallAt,
    pub(super) length: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StallAt {
    /// Before or after a piece of blocking work.
    Step(u32),
    /// So long after its start.
    Time(Duration),
}

/// What the job says of doubt and marks in all runs of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Regime {
    /// Marks, and each run looks up or holds as it likes.
    Marked,
    /// Marks; what is in doubt and not found is never sent again.
    Hold,
    /// Marks; what is in doubt and cannot be looked up is sent again.
    Resend,
    /// No marks.
    Unmarked,
}

impl Regime {
    pub(super) const fn mark(self) -> Mark {
        match self {
            Self::Unmarked => Mark::None,
            _ => Mark::Notes,
        }
    }

    pub(super) const fn in_doubt(self, drawn: DoubtPolicy) -> DoubtPolicy {
        match self {
            Self::Marked => drawn,
            Self::Hold => DoubtPolicy::Hold,
            Self::Resend => DoubtPolicy::Resend,
            Self::Unmarked => DoubtPolicy::LookUp,
        }
    }
}

/// Others who use the same project.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Strangers {
    /// Of their doing something before an exchange reaches the server.
    pub(super) odds: f64,
    /// They write into requests that exist, ours among them.
    pub(super) edit: bool,
    /// They put many of their own away, which then are no longer listed.
    pub(super) archive: bool,
}

/// How the list keeps to what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Honest,
    /// Every page is the first.
    IgnoresOffset,
    /// Counts no further.
    CapsTotal(usize),
}

/// One start of the command, until its end or its death.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are drawn and simplified independently"
)]
pub(super) struct Life {
    /// Which rows are in its inputs.
    pub(super) inputs: Vec<Range<usize>>,
    pub(super) is_corrected: bool,
    pub(super) is_changed: bool,
    pub(super) limit: Option<u64>,
    pub(super) in_doubt: DoubtPolicy,
    pub(super) crash: Option<Crash>,
    pub(super) stall: Option<Stall>,
    /// Somebody starts the command a second time, so long after the first start.
    pub(super) second: Option<(Duration, Box<Life>)>,
    /// Somebody interrupts it so long after its start.
    pub(super) interruption: Option<Duration>,
    /// From its end to the next start.
    pub(super) pause: Duration,
    /// The list leaves out requests that are known to exist, once there are any.
    pub(super) list_omits: bool,
    /// After a power loss: the lock files are gone, and half a transaction stands in the write-ahead log.
    pub(super) is_power_lost: bool,
}

/// All that is decided before a history begins. The draws within it come from `draws`.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) draws: u64,
    pub(super) rows: Vec<Row>,
    /// Whether the notes hold anything besides the mark.
    pub(super) has_notes: bool,
    pub(super) faults: Vec<Fault>,
    /// Of an exchange being struck by one of the faults.
    pub(super) odds: f64,
    /// A time in which nobody is served: its start and length, since the first start.
    pub(super) outage: Option<(Duration, Duration)>,
    pub(super) listing: Listing,
    pub(super) reads: Reads,
    pub(super) regime: Regime,
    pub(super) strangers: Option<Strangers>,
    /// Requests of strangers that are there from the start.
    pub(super) prefilled: usize,
    /// Items of a page that is asked for.
    pub(super) page_items: usize,
    /// Requests of a list that are read in one go.
    pub(super) list_items: usize,
    pub(super) manner: Manner,
    /// The server's answers have a `Date`.
    pub(super) has_date: bool,
    /// The server tells to come again in minutes rather than seconds.
    pub(super) is_patient: bool,
    /// The server gives no more items in a page than that.
    pub(super) page_max: usize,
    /// How far the server's clock is ahead of ours, in seconds.
    pub(super) skew_s: i64,
    pub(super) concurrency: u32,
    pub(super) settle: Duration,
    /// The longest that one piece of blocking work takes.
    pub(super) work_max: Duration,
    pub(super) lives: Vec<Life>,
}

const TEXT_MATCHES: [TextMatch; 4] = [
    TextMatch::Substring,
    TextMatch::Exact,
    TextMatch::Prefix,
    TextMatch::Ignored,
];

fn ms(rng: &mut Rng, range: std::ops::RangeInclusive<u64>) -> Duration {
    Duration::from_millis(rng.u64(range))
}

impl Scenario {
    #[expect(clippy::too_many_lines, reason = "one line for each fault")]
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rows = rows(&mut rng);
        let chance = rng.f64();
        let faults = Fault::ALL
            .into_iter()
            .filter(|_| rng.f64() < chance)
            .collect();
        let settle = ms(&mut rng, 100..=8_000);
        let lag = match rng.u8(..8) {
            0..5 => Duration::ZERO,
            // Just at the end of the settle time.
            5 => settle,
            _ => Duration::from_millis(rng.u64(0..=settle_ms(settle))),
        };
        let reads = [
            Reads::Forbidden403,
            Reads::NotFound404,
            Reads::MethodNotAllowed405,
        ];
        let regime = match rng.u8(..16) {
            0 => Regime::Hold,
            1 | 2 => Regime::Resend,
            3 | 4 => Regime::Unmarked,
            _ => Regime::Marked,
        };
        // What is sent again after long waits is looked for by dates.
        let (is_large, is_patient) = match regime {
            Regime::Resend => (rng.u8(..4) > 0, rng.bool()),
            _ => (rng.u8(..3) == 0, rng.u8(..12) == 0),
        };
        let has_strangers = rng.bool();
        let has_date = rng.u8(..4) > 0;
        let manner = match (regime, rng.u8(..12)) {
            (Regime::Marked | Regime::Hold, 0) => Manner::IgnoresOffset,
            (_, 1) => Manner::CapsTotal(rng.usize(2..=100)),
            _ => Manner::Honest,
        };
        let pages = if is_large {
            [1_000, 1_000, 1_000, 25]
        } else {
            [1_000, 1_000, 7, 2]
        };
        let page_max = pages[rng.usize(..4)];
        let is_too_long = is_large && rng.u8(..3) == 0;
        let manner = match manner {
            // A list of which the whole seems to be on its first page is not read further.
            Manner::CapsTotal(cap) if cap == page_max => Manner::CapsTotal(cap + 1),
            manner => manner,
        };
        Self {
            draws: seed,
            regime,
            strangers: has_strangers.then(|| Strangers {
                odds: [0.05, 0.2, 0.5][rng.usize(..3)],
                // Without marks nothing but the content tells what is whose.
                edit: regime != Regime::Unmarked && rng.bool(),
                archive: is_large && rng.u8(..3) == 0,
            }),
            prefilled: if is_too_long {
                rng.usize(LIST_ITEMS_MAX + 80..=LIST_ITEMS_MAX * 2)
            } else if is_large {
                rng.usize(90..=280)
            } else {
                [0, 0, 3][rng.usize(..3)]
            },
            page_items: if is_large { SMALL_PAGE } else { usize::MAX },
            list_items: if is_too_long {
                LIST_ITEMS_MAX
            } else {
                usize::MAX
            },
            manner,
            has_date,
            is_patient,
            has_notes: rng.u8(..4) > 0,
            faults,
            odds: [0.02, 0.1, 0.3, 0.6][rng.usize(..4)],
            outage: (rng.u8(..6) == 0)
                .then(|| (ms(&mut rng, 0..=20_000), ms(&mut rng, 0..=90_000))),
            listing: Listing {
                text_match: TEXT_MATCHES[rng.usize(..TEXT_MATCHES.len())],
                is_case_sensitive: rng.bool(),
                order: [Order::NewestFirst, Order::OldestFirst][rng.usize(..2)],
                lag,
                ..Listing::default()
            },
            reads: match rng.u8(..12) {
                0 => reads[rng.usize(..reads.len())],
                _ => Reads::Allowed,
            },
            page_max,
            skew_s: match rng.u8(..4) {
                0 if has_date => rng.i64(-SKEW_MAX_S..=SKEW_MAX_S),
                0 | 1 => rng.i64(-SKEW_UNSEEN_MAX_S..=SKEW_MAX_S),
                // As far behind as it may be.
                2 if has_date => -SKEW_MAX_S,
                2 => -SKEW_UNSEEN_MAX_S,
                _ => 0,
            },
            concurrency: rng.u32(1..=8),
            settle,
            work_max: ms(&mut rng, 0..=40),
            lives: lives(&mut rng, regime, rows.len()),
            rows,
        }
    }

    /// How late something may be created after its answer was lost, so that it is listed when the settle time ends.
    pub(super) fn latest(&self) -> Duration {
        self.settle.saturating_sub(self.listing.lag)
    }

    /// Whether what is in doubt can be settled by looking.
    pub(super) fn can_look_up(&self) -> bool {
        self.reads == Reads::Allowed && self.manner != Manner::IgnoresOffset
    }

    /// The rows of one of a life's inputs, as they stand in the source then.
    pub(super) fn csv(&self, life: &Life, input: usize) -> String {
        let mut csv = crate::support::HEADER.to_owned();
        for row in self.rows_of(life, input) {
            let person = if row.changes && life.is_changed {
                "Person" // other content, the same person
            } else {
                "person"
            };
            let number = row.person();
            let (email, wish) = match row.flaw.filter(|_| !life.is_corrected) {
                None => (format!("{person}{number}@example.com"), row.wish_in(life)),
                Some(Flaw::Email) => (format!("{person}{number}"), row.wish_in(life)),
                Some(Flaw::Wish) => (format!("{person}{number}@example.com"), "Sing"),
            };
            csv += &format!("T-{},{email},{wish}\n", row.n);
        }
        csv
    }

    /// The numbers of keys that name two people in the inputs of a life: none of their rows is sent.
    pub(super) fn conflicts(&self, life: &Life) -> BTreeSet<u32> {
        let rows = (0..life.inputs.len()).flat_map(|input| self.rows_of(life, input));
        let known = rows.filter(|row| life.is_corrected || row.flaw != Some(Flaw::Email));
        let mut people: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for row in known {
            people.entry(row.n).or_default().insert(row.person());
        }
        let several = people.into_iter().filter(|(_, people)| people.len() > 1);
        several.map(|(n, _)| n).collect()
    }

    pub(super) fn rows_of(&self, life: &Life, input: usize) -> &[Row] {
        let range = &life.inputs[input];
        let end = range.end.min(self.rows.len());
        &self.rows[range.start.min(end)..end]
    }

    /// Scenarios in whose project less happens.
    fn with_a_simpler_project(&self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut change = |change: &dyn Fn(&mut Self)| {
            let mut smaller = self.clone();
            change(&mut smaller);
            all.push(smaller);
        };
        if self.strangers.is_some() {
            change(&|it| it.strangers = None);
        }
        if let Some(Strangers { edit, archive, .. }) = self.strangers {
            let with = |it: &mut Self, edit, archive| {
                it.strangers = it.strangers.map(|strangers| Strangers {
                    edit,
                    archive,
                    ..strangers
                });
            };
            if edit {
                change(&|it| with(it, false, archive));
            }
            if archive {
                change(&|it| with(it, edit, false));
            }
        }
        if self.prefilled > 0 {
            change(&|it| it.prefilled = 0);
        }
        if self.list_items < usize::MAX {
            change(&|it| it.list_items = usize::MAX);
        }
        if self.manner != Manner::Honest {
            change(&|it| it.manner = Manner::Honest);
        }
        if self.is_patient {
            change(&|it| it.is_patient = false);
        }
        all
    }

    /// Scenarios that are a little simpler.
    #[expect(clippy::too_many_lines, reason = "one line for each fault")]
    pub(super) fn smaller(&self) -> Vec<Self> {
        let mut all = self.with_a_simpler_project();
        let mut change = |change: &dyn Fn(&mut Self)| {
            let mut smaller = self.clone();
            change(&mut smaller);
            all.push(smaller);
        };
        for at in 0..self.lives.len() {
            change(&|it| drop(it.lives.remove(at)));
            if self.lives[at].second.is_some() {
                change(&|it| it.lives[at].second = None);
            }
        }
        if !self.faults.is_empty() {
            let half = self.faults.len() / 2;
            change(&|it| it.faults.truncate(half));
            change(&|it| drop(it.faults.drain(..it.faults.len() - half)));
        }
        for parts in [2, 4] {
            let part = self.rows.len() / parts;
            for from in (0..parts).map(|n| n * part).filter(|_| part > 1) {
                change(&|it| drop(it.rows.drain(from..from + part)));
            }
        }
        for at in 0..self.faults.len() {
            change(&|it| _ = it.faults.remove(at));
        }
        for at in 0..self.rows.len().min(16) {
            change(&|it| _ = it.rows.remove(at));
        }
        for at in 0..self.lives.len() {
            let life = &self.lives[at];
            if life.crash.is_some() {
                change(&|it| it.lives[at].crash = None);
            }
            if life.stall.is_some() {
                change(&|it| it.lives[at].stall = None);
            }
            if life.interruption.is_some() {
                change(&|it| it.lives[at].interruption = None);
            }
            if life.limit.is_some() {
                change(&|it| it.lives[at].limit = None);
            }
            if life.list_omits {
                change(&|it| it.lives[at].list_omits = false);
            }
            if life.is_power_lost {
                change(&|it| it.lives[at].is_power_lost = false);
            }
            if life.in_doubt != DoubtPolicy::LookUp {
                change(&|it| it.lives[at].in_doubt = DoubtPolicy::LookUp);
            }
            if life.inputs != only(0..self.rows.len()) {
                change(&|it| it.lives[at].inputs = only(0..it.rows.len()));
            }
            if !life.pause.is_zero() {
                change(&|it| it.lives[at].pause = Duration::ZERO);
            }
        }
        if self.outage.is_some() {
            change(&|it| it.outage = None);
        }
        if self.skew_s != 0 {
            change(&|it| it.skew_s = 0);
        }
        if self.page_max < 1_000 {
            change(&|it| it.page_max = 1_000);
        }
        if !self.work_max.is_zero() {
            change(&|it| it.work_max = Duration::ZERO);
        }
        if self.concurrency > 1 {
            change(&|it| it.concurrency = 1);
        }
        if !self.listing.lag.is_zero() {
            change(&|it| it.listing.lag = Duration::ZERO);
        }
        if self.listing.text_match != TextMatch::Substring {
            change(&|it| it.listing.text_match = TextMatch::Substring);
        }
        all
    }
}

/// A single input.
pub(super) fn only(rows: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(rows).collect()
}

fn settle_ms(settle: Duration) -> u64 {
    u64::try_from(settle.as_millis()).expect("seconds")
}

fn rows(rng: &mut Rng) -> Vec<Row> {
    let count = match rng.u8(..16) {
        0..2 => rng.usize(0..=2),
        2..15 => rng.usize(3..=16),
        // More than are claimed at once.
        _ => rng.usize(40..=90),
    };
    let rows = (1..=count).map(|at| {
        let at = u32::try_from(at).expect("few");
        let n = match rng.u8(..12) {
            0 => rng.u32(1..=at),
            _ => at,
        };
        let flaw = match rng.u8(..16) {
            0 => Some(Flaw::Email),
            1 => Some(Flaw::Wish),
            _ => None,
        };
        Row {
            n,
            is_twin: n != at && rng.u8(..3) == 0,
            // What a row asks for is part of what it is.
            wish: ["Erase", "Access", "Both"][n as usize % 3],
            flaw,
            changes: rng.u8(..8) == 0,
            grows: rng.u8(..6) == 0,
        }
    });
    let mut rows: Vec<_> = rows.collect();
    // That the request of one of two people is not taken for the other's is known where both are in the inputs, or one
    // of them can be read.
    let twins: BTreeSet<_> = rows
        .iter()
        .filter(|row| row.is_twin)
        .map(|row| row.n)
        .collect();
    for row in rows.iter_mut().filter(|row| twins.contains(&row.n)) {
        row.flaw = row.flaw.filter(|flaw| *flaw != Flaw::Email);
    }
    rows
}

fn lives(rng: &mut Rng, regime: Regime, rows: usize) -> Vec<Life> {
    let (mut is_corrected, mut is_changed) = (false, false);
    let mut crashes = rng.usize(0..=4);
    let count = crashes.max(rng.usize(1..=2));
    let lives = (0..count).map(|_| {
        // The source stays as it was where a copy of its rejects was corrected.
        is_corrected = (is_corrected && rng.u8(..3) > 0) || rng.u8(..4) == 0;
        is_changed |= rng.u8(..4) == 0;
        let crash = (crashes > 0).then(|| crash(rng));
        crashes = crashes.saturating_sub(1);
        let mut life = life(rng, regime, rows);
        life.is_corrected = is_corrected;
        life.is_changed = is_changed;
        life.crash = crash;
        if rng.u8(..5) == 0 {
            life.second = Some(second(rng, regime, rows, &mut life));
        }
        life
    });
    lives.collect()
}

/// A start that nothing befalls.
fn life(rng: &mut Rng, regime: Regime, rows: usize) -> Life {
    Life {
        inputs: match rng.u8(..6) {
            0 => vec![0..rows / 2, rows / 3..rows],
            1 => only(0..rng.usize(0..=rows)),
            2 => only(rng.usize(0..=rows)..rows),
            _ => only(0..rows),
        },
        is_corrected: false,
        is_changed: false,
        limit: (rng.u8(..5) == 0).then(|| rng.u64(0..=8)),
        in_doubt: regime.in_doubt(match rng.u8(..10) {
            0 => DoubtPolicy::Hold,
            _ => DoubtPolicy::LookUp,
        }),
        crash: None,
        stall: (rng.u8(..12) == 0).then(|| stall(rng)),
        second: None,
        interruption: (rng.u8(..5) == 0).then(|| ms(rng, 0..=4_000)),
        pause: match rng.u8(..5) {
            0 => Duration::ZERO,
            1 => ms(rng, 0..=100),
            2 => ms(rng, 0..=10_000),
            3 => ms(rng, 0..=300_000),
            // Longer than any margin of dates.
            _ => ms(rng, 600_000..=3_000_000),
        },
        list_omits: rng.u8(..6) == 0,
        is_power_lost: rng.u8(..4) == 0,
    }
}

/// A second start beside a first one, which most often stands still then.
fn second(rng: &mut Rng, regime: Regime, rows: usize, first: &mut Life) -> (Duration, Box<Life>) {
    let after = if rng.u8(..4) == 0 {
        ms(rng, 0..=2_000)
    } else {
        first.limit = None;
        first.interruption = None;
        first.stall = Some(Stall {
            length: ms(rng, 100_000..=300_000),
            ..stall(rng)
        });
        // About when the lease runs out, and later.
        ms(rng, 80_000..=200_000)
    };
    let mut other = life(rng, regime, rows);
    other.is_corrected = first.is_corrected;
    other.is_changed = first.is_changed;
    if rng.u8(..4) > 0 {
        other.inputs.clone_from(&first.inputs);
        other.limit = None;
    }
    other.crash = (rng.u8(..4) == 0).then(|| crash(rng));
    (after, Box::new(other))
}

fn stall(rng: &mut Rng) -> Stall {
    Stall {
        at: if rng.bool() {
            StallAt::Step(rng.u32(1..=40))
        } else {
            StallAt::Time(ms(rng, 0..=8_000))
        },
        length: match rng.u8(..4) {
            0 => ms(rng, 0..=60_000),
            _ => ms(rng, 60_000..=300_000),
        },
    }
}

fn crash(rng: &mut Rng) -> Crash {
    // Early moments are as likely as late ones.
    let number = |rng: &mut Rng| {
        let most = 1 << rng.u32(0..=7);
        rng.u32(1..=most)
    };
    match rng.u8(..6) {
        0 => Crash::AtTime(ms(rng, 0..=30_000)),
        1 => Crash::AtTime(ms(rng, 0..=500)),
        2 => Crash::AtStep(number(rng)),
        3 => Crash::BeforeExchange(number(rng)),
        4 => Crash::BeforeAnswer(number(rng)),
        _ => Crash::AtPoll(number(rng)),
    }
}
