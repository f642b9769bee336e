//! One history: processes that start, die and start again, and what has to hold after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use concord_import::internals::check::survey;
use concord_import::internals::entry::{Field, ImportId, Names};
use concord_import::internals::event::{Event, Events};
use concord_import::internals::import::{ImportError, Imported, Importer};
use concord_import::internals::ledger::{Ledger, overview};
use concord_import::internals::machine::simulate;
use concord_import::internals::outbound::Outbound;
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::{
    DoubtPolicy, Mark, ReadPlan, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending, Target,
};
use concord_import::internals::stop::{StopCause, StopSignal};
use tempfile::TempDir;
use tokio::time::sleep;

use super::network::{Shared, TIMEOUT, number_in};
use super::scenario::{self, Crash, Fault, Life, Regime, Scenario, TWIN};
use crate::support::{ResultRow, read_plan};

/// A process that runs longer than this has lost its way.
const LIFE_MAX: Duration = Duration::from_hours(24);
/// Longer than any lease and any late commit.
const LONG: Duration = Duration::from_mins(10);

/// What is wrong with a history.
pub(super) type Wrong = String;

/// Fails with what is wrong, unless it holds.
macro_rules! hold {
    ($condition:expr, $($wrong:tt)+) => {
        if !$condition {
            return Err(format!($($wrong)+));
        }
    };
}

/// What there was in a history.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Played {
    /// Every exchange, with its time and what came of it.
    pub(super) exchanges: Vec<String>,
    /// Processes that died.
    pub(super) died: u64,
    /// Entries that were found after their answer, or their process, was lost.
    pub(super) recovered: u64,
}

/// A history under way.
struct History<'a> {
    scenario: &'a Scenario,
    world: Shared,
    folder: TempDir,
    ledger: PathBuf,
    ledgers: usize,
    /// The ids that results have told of, by import id: they can never change.
    told: BTreeMap<String, String>,
    /// Claims that those who died left open.
    open_claims: u64,
    /// Everything valid that was ever in an input, by import id: which request it is, and of which people.
    valid: BTreeMap<String, (Wanted, BTreeSet<u32>)>,
    played: Played,
}

/// How a process ended by itself.
struct Ended {
    imported: Result<Vec<Imported>, ImportError>,
    stop: Option<StopCause>,
}

/// What is told of entries while a process runs.
type Told = Arc<Mutex<BTreeMap<Outcome, u64>>>;

/// One process: what it is to do, and where.
struct Task<'a> {
    life: &'a Life,
    plan: ReadPlan,
    out_dirs: Vec<PathBuf>,
    told: Told,
}

/// What became of a process.
enum Way {
    Ended(Ended),
    Died,
}

/// Plays a history to its end.
pub(super) fn play(scenario: &Scenario) -> Result<Played, Wrong> {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    let folder = folder.expect("a folder");
    let mut history = History {
        scenario,
        world: Shared::new(scenario),
        ledger: folder.path().join("ledger-0"),
        ledgers: 1,
        folder,
        told: BTreeMap::new(),
        open_claims: 0,
        valid: BTreeMap::new(),
        played: Played::default(),
    };
    for (n, life) in scenario.lives.iter().enumerate() {
        history
            .live(life)
            .map_err(|wrong| format!("process {}: {wrong}", n + 1))?;
    }
    history
        .finish()
        .map_err(|wrong| format!("last process: {wrong}"))?;
    history.played.exchanges = std::mem::take(&mut history.world.lock().log);
    Ok(history.played)
}

impl History<'_> {
    fn live(&mut self, life: &Life) -> Result<(), Wrong> {
        let mut tasks = vec![self.task(life, 0)];
        if let Some((_, second)) = &life.second {
            tasks.push(self.task(second, 1));
        }
        let ways = self.run(&tasks)?;
        self.check_server()?;
        let told_before = self.told.clone();
        let is_alone = tasks.len() == 1;
        for (task, way) in tasks.iter().zip(ways) {
            match way {
                Some(Way::Ended(ended)) => {
                    self.check_ended(task, &ended, is_alone, &told_before)?;
                }
                Some(Way::Died) => {
                    self.played.died += 1;
                    self.check_died(task, is_alone)?;
                }
                None => {}
            }
        }
        let totals = overview(&self.ledger, 1).map(|overview| overview.totals);
        // A ledger whose first commit was never made is as good as none.
        self.open_claims = totals.unwrap_or_default().claimed;
        Ok(())
    }

    /// Everything works, everything is in the input, and nobody dies: now all of it has to be there.
    fn finish(&mut self) -> Result<(), Wrong> {
        self.world.lock().settle_down(LONG);
        let life = Life {
            inputs: scenario::only(0..self.scenario.rows.len()),
            is_corrected: true,
            is_changed: true,
            limit: None,
            in_doubt: self.scenario.regime.in_doubt(DoubtPolicy::LookUp),
            crash: None,
            stall: None,
            second: None,
            interruption: None,
            pause: LONG,
            list_omits: false,
            is_power_lost: false,
        };
        self.live(&life)?;
        hold!(!self.world.lock().is_coming(), "something is still coming");
        let rows = results(&self.out_dir(0, 0));
        let regime = self.scenario.regime;
        let may_doubt = match regime {
            Regime::Marked => !self.scenario.can_look_up(),
            Regime::Hold | Regime::Unmarked => true,
            Regime::Resend => false,
        };
        let conflicts = self.scenario.conflicts(&life);
        let is_conflict = |key: &str| conflicts.contains(&number_in(&ticket(key)));
        for row in &rows {
            let is_told = match row.outcome.as_str() {
                "created" | "duplicate" => true,
                "invalid" => is_conflict(&row.key) || self.is_of_another(row),
                "in_doubt" => may_doubt,
                _ => false,
            };
            hold!(is_told, "left over: {row:?}");
        }
        let there = self.held()?;
        let of_outcome = |outcome: &str| {
            let rows = rows.iter().filter(|row| row.outcome == outcome);
            rows.map(|row| Wanted {
                ticket: ticket(&row.key),
                request: row.request.clone(),
            })
            .collect::<BTreeSet<_>>()
        };
        let (told, doubted) = (of_outcome("created"), of_outcome("in_doubt"));
        let valid = self.valid.values().filter(|(wanted, people)| {
            // At most one of two people has a request: the one that was sent first.
            people.len() == 1 && !is_conflict(&wanted.ticket)
        });
        for (wanted, _) in valid {
            let is_doubted = doubted.contains(wanted);
            // Without a mark, another's request can be taken for one that was never made.
            let may_be_other = regime == Regime::Unmarked
                && self.scenario.strangers.is_some()
                && told.contains(wanted);
            hold!(
                there.contains_key(wanted) || is_doubted || may_be_other,
                "{wanted:?} is lost"
            );
            hold!(
                told.contains(wanted) || is_doubted,
                "{wanted:?} is not told of"
            );
        }
        if !self.scenario.draws.is_multiple_of(4) || !doubted.is_empty() {
            return Ok(());
        }
        let posts = self.posts();
        self.live(&life)
            .map_err(|wrong| format!("once more: {wrong}"))?;
        hold!(self.posts() == posts, "a finished import sent something");
        Ok(())
    }

    fn posts(&self) -> usize {
        let world = self.world.lock();
        world
            .log
            .iter()
            .filter(|line| line.contains(" POST "))
            .count()
    }

    fn out_dir(&self, process: usize, input: usize) -> PathBuf {
        self.folder.path().join(format!("out-{process}-{input}"))
    }

    /// Puts the inputs of a life at their places, and notes what is valid in them.
    fn task<'a>(&mut self, life: &'a Life, process: usize) -> Task<'a> {
        let mut paths = Vec::new();
        let conflicts = self.scenario.conflicts(life);
        for input in 0..life.inputs.len() {
            // Rows that a person has corrected are in a file of rejects.
            let stem = if life.is_corrected {
                "rejects"
            } else {
                "input"
            };
            let name = format!("{stem}-{process}-{input}.csv");
            let path = self.folder.path().join(name);
            std::fs::write(&path, self.scenario.csv(life, input)).expect("it can be written");
            paths.push(path);
            for row in self.scenario.rows_of(life, input) {
                let is_flawed = row.flaw.is_some() && !life.is_corrected;
                if is_flawed || conflicts.contains(&row.n) {
                    continue;
                }
                for (key, request) in row.requests_in(life) {
                    let id = ImportId::new(SANDBOX_PROJECT, &key).to_string();
                    let wanted = Wanted {
                        ticket: ticket(&key),
                        request: request.to_owned(),
                    };
                    let (_, people) = self.valid.entry(id).or_insert((wanted, BTreeSet::new()));
                    people.insert(row.person());
                }
            }
        }
        let mut plan = read_plan(&paths);
        plan.rules.mark = self.scenario.regime.mark();
        if !self.scenario.has_notes {
            plan.rules
                .fields
                .retain(|(field, _)| *field != Field::Notes);
        }
        Task {
            life,
            plan,
            out_dirs: (0..life.inputs.len())
                .map(|input| self.out_dir(process, input))
                .collect(),
            told: Told::default(),
        }
    }

    /// Runs processes until each has ended or died: on one machine, with one ledger. None: it did not come to begin.
    fn run(&mut self, tasks: &[Task<'_>]) -> Result<[Option<Way>; 2], Wrong> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let life = tasks[0].life;
        let run: Result<_, Wrong> = runtime.block_on(async {
            let totals = overview(&self.ledger, 1).map(|overview| overview.totals);
            let is_some_known = totals.unwrap_or_default().created > 0;
            self.world
                .begin(&self.ledger, life.list_omits && is_some_known);
            let mut first = pin!(self.lead(&tasks[0]));
            let mut second = pin!(async {
                match (&life.second, tasks.get(1)) {
                    (Some((after, _)), Some(task)) => {
                        sleep(*after).await;
                        Box::pin(self.lead(task)).await
                    }
                    _ => pending().await,
                }
            });
            let mut ways = [None, None];
            let mut is_waiting = [true, tasks.len() > 1];
            let mut has_died_last = false;
            while is_waiting != [false; 2] {
                let (process, way) = tokio::select! {
                    biased;
                    way = &mut first, if is_waiting[0] => (0, way?),
                    way = &mut second, if is_waiting[1] => (1, way?),
                };
                has_died_last = matches!(way, Way::Died);
                is_waiting[process] = false;
                ways[process] = Some(way);
                if has_died_last && life.is_power_lost && is_waiting[1 - process] {
                    is_waiting[1 - process] = false;
                    let mut world = self.world.lock();
                    // Unless it has not begun yet.
                    if world.has(1 - process) {
                        world.die(1 - process);
                        ways[1 - process] = Some(Way::Died);
                    }
                }
            }
            // Before anything is dropped: closing the ledger would tidy up, as no dying process does.
            let ledger = has_died_last.then(|| self.keep_what_is_synced(life));
            Ok((ways, ledger, self.world.lock().now()))
        });
        drop(runtime);
        let (ways, ledger, now) = run?;
        if let Some(ledger) = ledger {
            self.ledger = ledger;
            self.ledgers += 1;
        }
        self.world.lock().end(now, life.pause);
        Ok(ways)
    }

    /// One process, until it ends or dies.
    async fn lead(&self, task: &Task<'_>) -> Result<Way, Wrong> {
        let life = task.life;
        let (number, machine, died) = self.world.spawn(life);
        let time = async {
            match life.crash {
                Some(Crash::AtTime(time)) => sleep(time).await,
                _ => died.notified().await,
            }
        };
        let polls = match life.crash {
            Some(Crash::AtPoll(polls)) => polls,
            _ => u32::MAX,
        };
        let process = simulate(machine, self.process(number, task));
        let ended = tokio::select! {
            biased;
            () = time => None,
            ended = until_poll(polls, process) => ended.transpose()?,
            () = self.world.stall(number, life.stall) => None,
            () = sleep(LIFE_MAX) => return Err("it does not end".to_owned()),
        };
        Ok(ended.map_or_else(
            || {
                self.world.lock().die(number);
                Way::Died
            },
            Way::Ended,
        ))
    }

    /// The command, without its command line.
    async fn process(&self, number: usize, task: &Task<'_>) -> Result<Ended, Wrong> {
        let Task {
            life, plan, told, ..
        } = task;
        let target = Target {
            organization: SANDBOX_ORGANIZATION,
            project: SANDBOX_PROJECT,
            base_url: "http://127.0.0.1/privacy-v1".into(),
        };
        let sending = Sending {
            in_doubt: life.in_doubt,
            rate_per_s: 200.0,
            concurrency: self.scenario.concurrency.try_into().expect("not zero"),
            settle: self.scenario.settle,
            timeout: TIMEOUT,
            max_backoff: Duration::from_secs(4),
            give_up_after: if self.scenario.is_patient {
                Duration::from_hours(2)
            } else {
                Duration::from_mins(1)
            },
            ..Sending::default()
        };
        let told = Arc::clone(told);
        let events = Events::to(move |event| {
            if let Event::Settled { outcome, .. } = event {
                *told.lock().expect("no panic").entry(outcome).or_default() += 1;
            }
        });
        let stop = StopSignal::default();
        let mark = plan.rules.mark;
        let carrier = self.world.carrier(number);
        let seed = self.scenario.draws;
        let outbound = Outbound::simulated(&target, carrier, sending, mark, seed, &stop, &events);
        let ledger = Ledger::open(&self.ledger, &target);
        let importer = Importer {
            read: Arc::new(plan.clone()),
            sending,
            ledger: ledger.map_err(|error| error.to_string())?,
            outbound: Arc::new(outbound.expect("a client")),
            stop,
            events,
        };
        self.world.lock().note_wal();
        self.check_told(&importer.ledger).await?;
        let import = self.import_all(task, &importer);
        let interruption = async {
            match life.interruption {
                Some(moment) => sleep(moment).await,
                None => std::future::pending().await,
            }
            importer.stop.raise(StopCause::Interrupted);
            std::future::pending().await
        };
        let all = tokio::select! {
            biased;
            all = import => all,
            never = interruption => never,
        };
        importer.ledger.close().await;
        Ok(Ended {
            imported: all,
            stop: importer.stop.cause(),
        })
    }

    async fn import_all(
        &self,
        task: &Task<'_>,
        importer: &Importer,
    ) -> Result<Vec<Imported>, ImportError> {
        let survey = survey(&task.plan, crate::support::TODAY, &mut |_| {
            ControlFlow::Continue(())
        });
        let survey = survey.expect("it can be read").expect("not broken off");
        let mut left = task.life.limit.unwrap_or(u64::MAX);
        let mut seen = (survey.seen(), survey.seen());
        let mut all = Vec::new();
        for n in 0..survey.inputs.len() {
            let out_dir = &task.out_dirs[n];
            let (done, seen_so_far) = importer
                .import(&survey, n, out_dir, &mut left, seen)
                .await?;
            seen = seen_so_far;
            all.push(done);
        }
        Ok(all)
    }

    /// What a process that dies leaves of its ledger. Of a loss of power that is every commit that was answered for,
    /// and perhaps a part of what was written later. Returns where it is.
    fn keep_what_is_synced(&self, life: &Life) -> PathBuf {
        let text = |path: &Path| {
            let name = path.file_name().expect("a name");
            name.to_string_lossy().into_owned()
        };
        let name = text(&self.ledger);
        let kept = self.folder.path().join(format!("ledger-{}", self.ledgers));
        let with = |suffix: &str| {
            let mut path = kept.clone().into_os_string();
            path.push(suffix);
            PathBuf::from(path)
        };
        for file in std::fs::read_dir(self.folder.path()).expect("it can be read") {
            let path = file.expect("an entry").path();
            let file = text(&path);
            let Some(suffix) = file.strip_prefix(&name) else {
                continue;
            };
            let is_lost = suffix == "-shm" || (life.is_power_lost && suffix.starts_with("-run-"));
            if !is_lost {
                std::fs::copy(&path, with(suffix)).expect("copied");
            }
        }
        let wal = with("-wal");
        if let (true, Ok(mut bytes)) = (life.is_power_lost, std::fs::read(&wal)) {
            let mut world = self.world.lock();
            if let Some(end) = world.lost_from() {
                bytes.truncate(usize::try_from(end).expect("little"));
            }
            bytes.extend(world.torn());
            std::fs::write(&wal, bytes).expect("written");
        }
        kept
    }

    /// Whatever was shown as created stands in the ledger, with the same id.
    async fn check_told(&self, ledger: &Ledger) -> Result<(), Wrong> {
        let parse = |id: &String| Names {
            import_id: ImportId(id.parse().expect("an id")),
            other: None,
        };
        let names: Vec<_> = self.told.keys().map(parse).collect();
        let records = ledger.get(names).await.map_err(|error| error.to_string())?;
        for ((import_id, id), record) in self.told.iter().zip(records) {
            let receipt = record.and_then(|record| record.settled.receipt);
            let held = receipt.map(|receipt| receipt.id.to_string());
            hold!(
                held.as_ref() == Some(id),
                "{import_id} was shown as {id}, and the ledger has {held:?}"
            );
        }
        Ok(())
    }

    /// Our requests at the server, each of a valid entry, and none more often than the job allows.
    fn held(&self) -> Result<BTreeMap<Wanted, Vec<Held>>, Wrong> {
        let regime = self.scenario.regime;
        let mut by_wanted: BTreeMap<Wanted, Vec<Held>> = BTreeMap::new();
        let valid: BTreeSet<_> = self.valid.values().map(|(wanted, _)| wanted).collect();
        let mut people: BTreeMap<String, u32> = BTreeMap::new();
        let world = self.world.lock();
        let requests = world.requests();
        for stored in requests.iter().filter(|stored| world.is_ours(stored)) {
            let notes = stored.body.notes.clone().unwrap_or_default();
            let email = stored.body.user_email.clone().unwrap_or_default();
            let request = stored.body.request.clone();
            let person = number_in(&email);
            let wanted = Wanted {
                ticket: format!("T-{}", person % TWIN),
                request: request.clone(),
            };
            let first = *people.entry(wanted.ticket.clone()).or_insert(person);
            hold!(
                first == person,
                "{wanted:?} was created for {first} and for {person}"
            );
            let mark = notes
                .split_once("[ref ")
                .and_then(|(_, rest)| Some(rest.split_once(']')?.0.to_owned()));
            hold!(
                mark.is_some() == (regime.mark() == Mark::Notes),
                "a mark, or none: {notes}"
            );
            let meant = match &mark {
                Some(mark) => self.valid.get(mark).map(|(wanted, _)| wanted),
                None => valid.get(&wanted).copied(),
            };
            let Some(meant) = meant else {
                return Err(format!("it was never valid: {email} {notes}"));
            };
            hold!(*meant == wanted, "{meant:?} has {email}, {request}");
            let held = Held {
                id: stored.id.to_string(),
                request,
                person,
                mark,
            };
            let all = by_wanted.entry(wanted).or_default();
            all.push(held);
            let most = match regime {
                // As often as it was sent and who sent it could not know.
                Regime::Resend => world.doubts_of(person, &stored.body.request).max(1),
                _ => 1,
            };
            hold!(
                all.len() <= most as usize,
                "{meant:?} was created {} times",
                all.len()
            );
        }
        Ok(by_wanted)
    }

    /// Returns whether the key of a row is that of another person's request.
    fn is_of_another(&self, row: &ResultRow) -> bool {
        let known = self.valid.get(&row.import_id);
        row.error_code == "key_conflict" && known.is_some_and(|(_, people)| people.len() > 1)
    }

    /// What the server holds for a row: ours, and without marks what cannot be told from it.
    fn held_for(&self, row: &ResultRow, held: &BTreeMap<Wanted, Vec<Held>>) -> Vec<Held> {
        let wanted = self.valid.get(&row.import_id).map(|(wanted, _)| wanted);
        let all = wanted.and_then(|wanted| held.get(wanted)).into_iter();
        let is_its = |held: &&Held| held.mark.as_ref().is_none_or(|mark| *mark == row.import_id);
        let mut all: Vec<_> = all.flatten().filter(is_its).cloned().collect();
        if self.scenario.regime == Regime::Unmarked {
            let world = self.world.lock();
            let requests = world.requests();
            let others = requests.iter().filter(|stored| !world.is_ours(stored));
            all.extend(others.map(|stored| Held {
                id: stored.id.to_string(),
                request: stored.body.request.clone(),
                person: number_in(stored.body.user_email.as_deref().unwrap_or_default()),
                mark: None,
            }));
        }
        all
    }

    fn check_server(&self) -> Result<(), Wrong> {
        self.held()?;
        let world = self.world.lock();
        hold!(world.complaints.is_empty(), "{:?}", world.complaints);
        Ok(())
    }

    /// Nothing was shown before it was committed, and the growing results speak the truth.
    fn check_died(&mut self, task: &Task<'_>, is_alone: bool) -> Result<(), Wrong> {
        // A ledger whose first commit was never made is as good as none.
        let totals = overview(&self.ledger, 1).map(|overview| overview.totals);
        let totals = totals.unwrap_or_default();
        for (outcome, held) in [
            (Outcome::Created, totals.created),
            (Outcome::Rejected, totals.rejected),
            (Outcome::Failed, totals.failed),
        ] {
            let told = task.told.lock().expect("no panic");
            let shown = told.get(&outcome).copied().unwrap_or_default();
            // Another process may have tried again since.
            hold!(
                shown <= held || (outcome != Outcome::Created && !is_alone),
                "{shown} were shown as {outcome}, the ledger has {held}"
            );
        }
        for out_dir in &task.out_dirs {
            let rows = results(out_dir);
            self.check_rows(&rows, None)?;
        }
        Ok(())
    }

    fn check_ended(
        &mut self,
        task: &Task<'_>,
        ended: &Ended,
        is_alone: bool,
        told_before: &BTreeMap<String, String>,
    ) -> Result<(), Wrong> {
        let life = task.life;
        match &ended.stop {
            None
            | Some(StopCause::KeyRefused | StopCause::Interrupted | StopCause::Outage { .. }) => {}
            // It accepts the first request and shows no list: it may not be Concord.
            Some(StopCause::WrongServer { status: 200..=299 })
                if self.scenario.faults.contains(&Fault::ListGarbage) => {}
            Some(StopCause::Ledger { why, .. }) if life.stall.is_some() => {
                let is_known = why.contains("lease") || why.contains("no longer claimed");
                hold!(is_known, "stopped by {why}");
            }
            Some(cause) => return Err(format!("stopped by {cause}")),
        }
        let imported = ended.imported.as_ref().map_err(ToString::to_string)?;
        hold!(
            imported.len() == life.inputs.len(),
            "not all inputs were imported"
        );
        for (input, imported) in imported.iter().enumerate() {
            let rows = results(&task.out_dirs[input]);
            self.check_rows(&rows, is_alone.then_some(told_before))?;
            self.check_summary(task, input, imported, &rows)?;
            self.check_people(task, input, &rows)?;
            let is_complete = rows
                .iter()
                .all(|row| matches!(row.outcome.as_str(), "created" | "duplicate"));
            self.played.recovered += imported.summary.tally.recovered;
            let code = imported.summary.exit_code;
            let by_itself = u8::from(!is_complete);
            let is_right = match &ended.stop {
                // The input may have come to its end before there was a cause.
                Some(cause) => {
                    let is_all_told = rows.iter().all(|row| row.outcome != "not_sent");
                    code == cause.exit_code()
                        || (code == by_itself && (is_all_told || life.limit.is_some()))
                }
                None => code == by_itself,
            };
            hold!(is_right, "exit code {code}, stopped by {:?}", ended.stop);
            if ended.stop.is_none() && life.limit.is_none() && is_alone {
                let unsent = rows.iter().find(|row| row.outcome == "not_sent");
                hold!(
                    unsent.is_none(),
                    "not sent, and nothing says why: {unsent:?}"
                );
            }
        }
        let totals = overview(&self.ledger, 1)
            .map_err(|error| error.to_string())?
            .totals;
        hold!(
            totals.claimed <= self.open_claims || !is_alone,
            "{} claims are open, and there were {}",
            totals.claimed,
            self.open_claims
        );
        Ok(())
    }

    /// What results say of single entries is what the server holds. Of a process that has ended, and was alone, also
    /// what they say of what is not created: then with what was told before it.
    fn check_rows(
        &mut self,
        rows: &[ResultRow],
        alone: Option<&BTreeMap<String, String>>,
    ) -> Result<(), Wrong> {
        let created = self.held()?;
        for row in rows {
            let all = self.held_for(row, &created);
            if row.outcome == "created" {
                let Some(held) = all.iter().find(|held| held.id == row.id) else {
                    return Err(format!("it does not exist, but {all:?}: {row:?}"));
                };
                let Held {
                    request, person, ..
                } = held;
                hold!(
                    *request == row.request || row.error_code == "changed",
                    "it is {request}: {row:?}"
                );
                hold!(
                    format!("T-{}", person % TWIN) == ticket(&row.key),
                    "it is of person {person}: {row:?}"
                );
                let before = self.told.insert(row.import_id.clone(), row.id.clone());
                hold!(
                    before.is_none_or(|id| id == row.id),
                    "it had another id: {row:?}"
                );
            } else if let Some(told_before) = alone
                && !matches!(row.outcome.as_str(), "duplicate" | "invalid")
            {
                let id = &row.import_id;
                hold!(
                    !told_before.contains_key(id),
                    "it was created before: {row:?}"
                );
                let is_there = self.scenario.regime.mark() == Mark::Notes && !all.is_empty();
                hold!(!is_there || row.outcome == "in_doubt", "it exists: {row:?}");
            }
        }
        Ok(())
    }

    /// Checks that a row reported as created has its own person's request, also if a corrected copy was sent.
    fn check_people(&self, task: &Task<'_>, input: usize, rows: &[ResultRow]) -> Result<(), Wrong> {
        let source = self.scenario.rows_of(task.life, input);
        let world = self.world.lock();
        let requests = world.requests();
        for row in rows.iter().filter(|row| row.outcome == "created") {
            let at = usize::try_from(row.row - 1).expect("few");
            let Some(stored) = requests
                .iter()
                .find(|stored| stored.id.to_string() == row.id)
            else {
                continue; // told elsewhere
            };
            let email = stored.body.user_email.as_deref().unwrap_or_default();
            hold!(
                number_in(email) == source[at].person(),
                "it is of {email}: {row:?}"
            );
        }
        Ok(())
    }

    fn check_summary(
        &self,
        task: &Task<'_>,
        input: usize,
        imported: &Imported,
        rows: &[ResultRow],
    ) -> Result<(), Wrong> {
        let tally = &imported.summary.tally;
        hold!(tally.adds_up(), "{tally:?}");
        let life = task.life;
        let path = task.out_dirs[input].join("summary.json");
        let summary = std::fs::read(path).map_err(|error| error.to_string())?;
        let summary: serde_json::Value = serde_json::from_slice(&summary).expect("JSON");
        let said = |name: &str| summary[name].as_u64().unwrap_or(u64::MAX);
        for outcome in Outcome::ALL {
            let told = rows
                .iter()
                .filter(|row| row.outcome == outcome.name())
                .count();
            let told = u64::try_from(told).expect("few");
            hold!(
                told == tally.count(outcome),
                "{outcome}: {told} in the results, {tally:?}"
            );
            hold!(
                told == said(outcome.name()),
                "{outcome}: {told} in the results, {summary}"
            );
        }
        let source = self.scenario.rows_of(life, input);
        let is_flawed = |row: &&super::scenario::Row| row.flaw.is_some() && !life.is_corrected;
        let both = source
            .iter()
            .filter(|row| row.wish_in(life) == "Both" && !is_flawed(row))
            .count();
        let wishless = source.iter().filter(is_flawed).count();
        let (entries, invalid) = (said("entries"), said("invalid"));
        hold!(said("rows") == source.len() as u64, "{summary}");
        // A flawed row that asks for two things may be told of once or twice.
        let least = (source.len() + both) as u64;
        hold!(
            (least..=least + wishless as u64).contains(&entries),
            "{entries} entries of {least}"
        );
        let refused = rows.iter().filter(|row| {
            row.outcome == "invalid" && row.error_code.split(';').any(|code| code == "key_conflict")
        });
        let corrected = rows.iter().filter(|row| row.error_code == "corrected");
        let most = 2 * wishless as u64 + refused.count() as u64;
        let least = (wishless as u64).saturating_sub(corrected.count() as u64);
        hold!((least..=most).contains(&invalid), "{invalid} of {wishless}");
        Ok(())
    }
}

/// A request that has to be made: of whose ticket, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    ticket: String,
    request: String,
}

/// A request at the server.
#[derive(Clone, Debug)]
struct Held {
    id: String,
    request: String,
    person: u32,
    mark: Option<String>,
}

/// The ticket that a key begins with.
fn ticket(key: &str) -> String {
    key.split(" // ").next().unwrap_or_default().to_owned()
}

/// The whole lines of a results file, which may be growing or not be there yet.
fn results(out_dir: &Path) -> Vec<ResultRow> {
    let text = std::fs::read_to_string(out_dir.join("results.csv")).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let mut reader = csv::Reader::from_reader(whole.as_bytes());
    let rows = reader.deserialize().collect::<Result<_, _>>();
    rows.expect("results that can be read")
}

/// Polls work until it is done, or dies at the poll of that number.
async fn until_poll<T>(most: u32, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        if polls >= most {
            return Poll::Ready(None);
        }
        work.as_mut().poll(context).map(Some)
    })
    .await
}
