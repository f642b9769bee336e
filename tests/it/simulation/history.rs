//! One history: processes that start, die and start again, and what has to hold after each of them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use concord_import::check::survey;
use concord_import::entry::{Field, ImportId, Names};
use concord_import::event::{Event, Events};
use concord_import::import::{ImportError, Imported, Importer};
use concord_import::intake::Seen;
use concord_import::ledger::{Ledger, overview};
use concord_import::machine::simulate;
use concord_import::outbound::Outbound;
use concord_import::outcome::Outcome;
use concord_import::plan::{
    DoubtPolicy, ReadPlan, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending, Target,
};
use concord_import::sandbox::Reads;
use concord_import::stop::{StopCause, StopSignal};
use tempfile::TempDir;
use tokio::time::sleep;

use super::network::{Shared, TIMEOUT};
use super::scenario::{self, Crash, Life, Scenario};
use crate::support::{ResultRow, read_plan};

/// A process that runs longer than this has lost its way.
const LIFE_MAX: Duration = Duration::from_hours(3);
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
    /// Everything valid that was ever in an input, by import id: whose and which request it is.
    valid: BTreeMap<String, Wanted>,
    played: Played,
}

/// How a process ended by itself.
struct Ended {
    imported: Result<Vec<Imported>, ImportError>,
    stop: Option<StopCause>,
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
        let plan = self.write_inputs(life);
        let told = Arc::new(Mutex::new(BTreeMap::new()));
        let (ended, now) = self.run(life, &plan, &told)?;
        let has_died = ended.is_none();
        self.world.lock().end(now, life.pause, has_died);
        self.check_server()?;
        if let Some(ended) = ended {
            self.check_ended(life, &ended)
        } else {
            self.played.died += 1;
            self.check_died(life, &told.lock().expect("no panic"))
        }
    }

    /// Everything works, everything is in the input, and nobody dies: now all of it has to be there.
    fn finish(&mut self) -> Result<(), Wrong> {
        self.world.lock().settle_down(LONG);
        let life = Life {
            inputs: scenario::only(0..self.scenario.rows.len()),
            is_corrected: true,
            is_changed: true,
            limit: None,
            in_doubt: DoubtPolicy::LookUp,
            crash: None,
            stall: None,
            interruption: None,
            pause: LONG,
            is_power_lost: false,
        };
        self.live(&life)?;
        hold!(!self.world.lock().is_coming(), "something is still coming");
        let rows = results(&self.out_dir(0));
        let can_read = self.scenario.reads == Reads::Allowed;
        for row in &rows {
            let is_told = match row.outcome.as_str() {
                "created" | "duplicate" => true,
                "in_doubt" => !can_read,
                _ => false,
            };
            hold!(is_told, "left over: {row:?}");
        }
        let created = self.marks()?;
        let there: BTreeSet<_> = created.keys().map(|mark| &self.valid[mark]).collect();
        let of_outcome = |outcome: &str| {
            let rows = rows.iter().filter(|row| row.outcome == outcome);
            rows.map(|row| Wanted {
                ticket: ticket(&row.key),
                request: row.request.clone(),
            })
            .collect::<BTreeSet<_>>()
        };
        let (told, doubted) = (of_outcome("created"), of_outcome("in_doubt"));
        for wanted in self.valid.values() {
            let is_doubted = doubted.contains(wanted);
            hold!(there.contains(wanted) || is_doubted, "{wanted:?} is lost");
            hold!(
                told.contains(wanted) || is_doubted,
                "{wanted:?} is not told of"
            );
        }
        if !self.scenario.draws.is_multiple_of(4) {
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

    fn out_dir(&self, input: usize) -> PathBuf {
        self.folder.path().join(format!("out-{input}"))
    }

    /// Puts the inputs of a life at their places, and notes what is valid in them.
    fn write_inputs(&mut self, life: &Life) -> ReadPlan {
        let mut paths = Vec::new();
        for input in 0..life.inputs.len() {
            let path = self.folder.path().join(format!("input-{input}.csv"));
            std::fs::write(&path, self.scenario.csv(life, input)).expect("it can be written");
            paths.push(path);
            for row in self.scenario.rows_of(life, input) {
                if row.flaw.is_some() && !life.is_corrected {
                    continue;
                }
                for (key, request) in row.requests_in(life) {
                    let id = ImportId::new(SANDBOX_PROJECT, &key).to_string();
                    let wanted = Wanted {
                        ticket: ticket(&key),
                        request: request.to_owned(),
                    };
                    self.valid.insert(id, wanted);
                }
            }
        }
        let mut plan = read_plan(&paths);
        if !self.scenario.has_notes {
            plan.rules
                .fields
                .retain(|(field, _)| *field != Field::Notes);
        }
        plan
    }

    /// Runs a process until it ends or dies. Returns the time then.
    fn run(
        &mut self,
        life: &Life,
        plan: &ReadPlan,
        told: &Arc<Mutex<BTreeMap<Outcome, u64>>>,
    ) -> Result<(Option<Ended>, Duration), Wrong> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let ended = runtime.block_on(async {
            let died = self.world.begin(life.crash, life.stall);
            simulate(Some(self.world.machine()));
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
            let ended = tokio::select! {
                biased;
                () = time => Ok(None),
                ended = until_poll(polls, self.process(life, plan, told)) => match ended {
                    Some(ended) => ended.map(Some),
                    None => Ok(None),
                },
                () = sleep(LIFE_MAX) => Err("it does not end".to_owned()),
            };
            ended.map(|ended| (ended, self.world.lock().now()))
        });
        if let Ok((None, _)) = ended {
            self.keep_what_is_synced(life);
        }
        drop(runtime);
        simulate(None);
        ended
    }

    /// The command, without its command line.
    async fn process(
        &self,
        life: &Life,
        plan: &ReadPlan,
        told: &Arc<Mutex<BTreeMap<Outcome, u64>>>,
    ) -> Result<Ended, Wrong> {
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
            give_up_after: Duration::from_mins(1),
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
        let carrier = self.world.carrier();
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
        self.check_told(&importer.ledger).await?;
        let import = self.import_all(life, plan, &importer);
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
        life: &Life,
        plan: &ReadPlan,
        importer: &Importer,
    ) -> Result<Vec<Imported>, ImportError> {
        let survey = survey(plan, crate::support::TODAY, &mut |_| {
            ControlFlow::Continue(())
        });
        let survey = survey.expect("it can be read").expect("not broken off");
        let mut left = life.limit.unwrap_or(u64::MAX);
        let mut seen = (Seen::new(), Seen::new());
        let mut all = Vec::new();
        for (n, input) in survey.inputs.iter().enumerate() {
            let out_dir = self.out_dir(n);
            let (done, seen_so_far) = importer.import(input, n, &out_dir, &mut left, seen).await?;
            seen = seen_so_far;
            all.push(done);
        }
        Ok(all)
    }

    /// What a process that dies leaves of its ledger: every commit, since each of them was synced.
    ///
    /// To be called while the ledger is open: closing it would tidy up, as no dying process does.
    fn keep_what_is_synced(&mut self, life: &Life) {
        let old = std::mem::replace(
            &mut self.ledger,
            self.folder.path().join(format!("ledger-{}", self.ledgers)),
        );
        self.ledgers += 1;
        let name = old
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        for file in std::fs::read_dir(self.folder.path()).expect("it can be read") {
            let path = file.expect("an entry").path();
            let file = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let Some(suffix) = file.strip_prefix(&name) else {
                continue;
            };
            let is_lost = suffix == "-shm" || (life.is_power_lost && suffix.starts_with("-run-"));
            if !is_lost {
                let mut to = self.ledger.clone().into_os_string();
                to.push(suffix);
                std::fs::copy(&path, &to).expect("copied");
            }
        }
        if life.is_power_lost {
            let mut wal = self.ledger.clone().into_os_string();
            wal.push("-wal");
            if let Ok(mut bytes) = std::fs::read(&wal) {
                bytes.extend(self.world.lock().torn());
                std::fs::write(&wal, bytes).expect("written");
            }
        }
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

    /// The requests at the server, by their mark: each of them once, and each of a valid entry.
    fn marks(&self) -> Result<BTreeMap<String, Held>, Wrong> {
        let mut by_mark = BTreeMap::new();
        let mut met = BTreeSet::new();
        for stored in self.world.lock().requests() {
            let notes = stored.body.notes.clone().unwrap_or_default();
            let mark = notes
                .split_once("[ref ")
                .and_then(|(_, rest)| rest.split_once(']'));
            let Some((mark, _)) = mark else {
                return Err(format!("no mark: {notes}"));
            };
            let Some(wanted) = self.valid.get(mark) else {
                return Err(format!("it was never valid: {notes}"));
            };
            let email = stored.body.user_email.clone().unwrap_or_default();
            let held = Held {
                id: stored.id.to_string(),
                request: stored.body.request.clone(),
                person: number_in(&email),
            };
            hold!(
                format!("T-{}", held.person) == wanted.ticket && held.request == wanted.request,
                "{wanted:?} has {email}, {}",
                held.request
            );
            hold!(met.insert(wanted), "{wanted:?} was created twice");
            by_mark.insert(mark.to_owned(), held);
        }
        Ok(by_mark)
    }

    fn check_server(&self) -> Result<(), Wrong> {
        self.marks()?;
        let world = self.world.lock();
        hold!(world.complaints.is_empty(), "{:?}", world.complaints);
        Ok(())
    }

    /// Nothing was shown before it was committed, and the growing results speak the truth.
    fn check_died(&mut self, life: &Life, told: &BTreeMap<Outcome, u64>) -> Result<(), Wrong> {
        // A ledger whose first commit was never made is as good as none.
        let totals = overview(&self.ledger, 1).map(|overview| overview.totals);
        let totals = totals.unwrap_or_default();
        self.open_claims = totals.claimed;
        for (outcome, held) in [
            (Outcome::Created, totals.created),
            (Outcome::Rejected, totals.rejected),
            (Outcome::Failed, totals.failed),
        ] {
            let shown = told.get(&outcome).copied().unwrap_or_default();
            hold!(
                shown <= held,
                "{shown} were shown as {outcome}, the ledger has {held}"
            );
        }
        for input in 0..life.inputs.len() {
            let rows = results(&self.out_dir(input));
            self.check_rows(&rows, false)?;
        }
        Ok(())
    }

    fn check_ended(&mut self, life: &Life, ended: &Ended) -> Result<(), Wrong> {
        match &ended.stop {
            None
            | Some(StopCause::KeyRefused | StopCause::Interrupted | StopCause::Outage { .. }) => {}
            Some(StopCause::Ledger { why, .. }) if life.stall.is_some() => {
                hold!(why.contains("lease"), "stopped by {why}");
            }
            Some(cause) => return Err(format!("stopped by {cause}")),
        }
        let imported = ended.imported.as_ref().map_err(ToString::to_string)?;
        hold!(
            imported.len() == life.inputs.len(),
            "not all inputs were imported"
        );
        for (input, imported) in imported.iter().enumerate() {
            let rows = results(&self.out_dir(input));
            self.check_rows(&rows, true)?;
            self.check_summary(life, input, imported, &rows)?;
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
            if ended.stop.is_none() && life.limit.is_none() {
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
        let before = std::mem::replace(&mut self.open_claims, totals.claimed);
        hold!(
            totals.claimed <= before,
            "{} claims are open, and there were {before}",
            totals.claimed
        );
        Ok(())
    }

    /// What results say of single entries is what the server holds.
    fn check_rows(&mut self, rows: &[ResultRow], has_ended: bool) -> Result<(), Wrong> {
        let created = self.marks()?;
        for row in rows {
            let held = created.get(&row.import_id);
            if row.outcome == "created" {
                let Some(held) = held else {
                    return Err(format!("it does not exist: {row:?}"));
                };
                let Held {
                    id,
                    request,
                    person,
                } = held;
                hold!(*id == row.id, "its id is {id}: {row:?}");
                hold!(
                    *request == row.request || row.error_code == "changed",
                    "it is {request}: {row:?}"
                );
                hold!(
                    format!("T-{person}") == ticket(&row.key),
                    "it is of person {person}: {row:?}"
                );
                let before = self.told.insert(row.import_id.clone(), row.id.clone());
                hold!(
                    before.is_none_or(|id| id == row.id),
                    "it had another id: {row:?}"
                );
            } else if has_ended && !matches!(row.outcome.as_str(), "duplicate" | "invalid") {
                // What a process that died has left may be the results of one before it.
                let id = &row.import_id;
                hold!(
                    !self.told.contains_key(id),
                    "it was created before: {row:?}"
                );
                hold!(
                    held.is_none() || row.outcome == "in_doubt",
                    "it exists: {row:?}"
                );
            }
        }
        Ok(())
    }

    fn check_summary(
        &self,
        life: &Life,
        input: usize,
        imported: &Imported,
        rows: &[ResultRow],
    ) -> Result<(), Wrong> {
        let tally = &imported.summary.tally;
        hold!(tally.adds_up(), "{tally:?}");
        let path = self.out_dir(input).join("summary.json");
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
        hold!(
            (wishless as u64..=2 * wishless as u64).contains(&invalid),
            "{invalid} of {wishless}"
        );
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
struct Held {
    id: String,
    request: String,
    person: u32,
}

/// The ticket that a key begins with.
fn ticket(key: &str) -> String {
    key.split(" // ").next().unwrap_or_default().to_owned()
}

/// The number in `person12@example.com`.
fn number_in(email: &str) -> u32 {
    let digits: String = email.chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_default()
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
