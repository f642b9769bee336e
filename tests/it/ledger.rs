//! What every ledger promises, whichever database holds it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use concord_import::internals::codes::ReasonCode;
use concord_import::internals::entry::{Entry, ImportId, Names};
use concord_import::internals::identity::NearKeys;
use concord_import::internals::ledger::{
    Claim, ClaimRequest, Ledger, LedgerError, Record, RunEnd, RunId, RunInput, RunKind, Settlement,
    overview,
};
use concord_import::internals::outcome::{Outcome, Reason, Receipt, Settled, Tally, Traffic, Via};
use concord_import::internals::plan::Target;
use uuid::Uuid;

use crate::support;

const LEASE: Duration = Duration::from_mins(1);
const EXPIRED: Duration = Duration::ZERO;

fn target() -> Target {
    Target {
        organization: Uuid::from_u128(1),
        project: Uuid::from_u128(2),
        base_url: "http://127.0.0.1:9".into(),
    }
}

fn input() -> RunInput {
    RunInput {
        name: "a.csv".into(),
        bytes: 3,
        sha256: "ff".into(),
        number: 1,
    }
}

async fn open(path: &Path) -> (Ledger, RunId) {
    let ledger = Ledger::open(path, &target()).expect("it opens");
    let run = begin(&ledger, LEASE).await;
    (ledger, run)
}

/// `n` entries with the keys T-1, T-2 and so on.
fn entries(n: usize) -> Vec<Entry> {
    support::entries(n)
}

/// What claiming these comes to.
async fn claim(ledger: &Ledger, run: RunId, entries: &[Entry]) -> Vec<Claim> {
    let requests = entries
        .iter()
        .map(|entry| ClaimRequest::of(entry, target().project, NearKeys::default()))
        .collect();
    let claimed = ledger.claim(run, requests).await.expect("claimed");
    claimed.into_iter().map(|claimed| claimed.claim).collect()
}

/// What is held of these.
async fn get(ledger: &Ledger, entries: &[Entry]) -> Vec<Record> {
    let names = entries.iter().map(Entry::names).collect();
    let records = ledger.get(names).await.expect("read");
    records
        .into_iter()
        .map(|record| record.expect("held"))
        .collect()
}

async fn begin(ledger: &Ledger, lease: Duration) -> RunId {
    ledger
        .begin_run(RunKind::Import, input(), lease)
        .await
        .expect("a run begins")
}

/// A run whose lease has run out, where there are no locks to tell that its process lives.
async fn begin_unlocked(ledger: &Ledger, path: &Path) -> RunId {
    let run = begin(ledger, EXPIRED).await;
    let mut lock = path.as_os_str().to_owned();
    lock.push(format!("-run-{}", run.0));
    std::fs::remove_file(lock).expect("the run had a lock");
    run
}

fn is_in_doubt(claims: &[Claim]) -> bool {
    matches!(claims, [Claim::InDoubt { .. }])
}

fn ids(entries: &[Entry]) -> Vec<ImportId> {
    entries.iter().map(|entry| entry.import_id).collect()
}

fn created(n: u128) -> Settled {
    Settled {
        via: Some(Via::Response),
        receipt: Some(Receipt {
            id: Uuid::from_u128(n),
            concord_id: Some(Uuid::from_u128(n + 1)),
            request_date: Some(5),
        }),
        attempts: 1,
        http_status: Some(201),
        ..Settled::of(Outcome::Created, None)
    }
}

fn settlement(entry: &Entry, settled: Settled) -> Settlement {
    Settlement {
        import_id: entry.import_id,
        settled,
        content: Some(entry.content()),
    }
}

async fn settle(ledger: &Ledger, run: RunId, entry: &Entry, settled: Settled) {
    let traffic = Traffic {
        attempts: 1,
        lookups: 0,
    };
    ledger
        .settle(run, settlement(entry, settled), traffic)
        .await
        .expect("it settles");
}

#[tokio::test]
async fn a_claim_is_fresh_once_and_created_ever_after() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(2);
    let claims = claim(&ledger, run, &entries).await;
    assert_eq!(claims, [Claim::Fresh, Claim::Fresh]);
    settle(&ledger, run, &entries[0], created(7)).await;
    ledger
        .release(run, vec![entries[1].import_id])
        .await
        .expect("released");

    let next = begin(&ledger, LEASE).await;
    let claims = claim(&ledger, next, &entries).await;
    let earlier = Settled {
        via: Some(Via::Ledger),
        ..created(7)
    };
    let Claim::Created { settled, known } = &claims[0] else {
        panic!("{claims:?}");
    };
    let known = known.map(|known| (known.receipt, known.is_from_list));
    assert_eq!(known, earlier.receipt.map(|receipt| (receipt, false)));
    assert_eq!(**settled, earlier);
    assert_eq!(claims[1], Claim::Fresh);
}

#[tokio::test]
async fn what_a_closed_ledger_held_is_there_when_it_is_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let (ledger, run) = open(&path).await;
    claim(&ledger, run, &entries).await;
    settle(&ledger, run, &entries[0], created(7)).await;
    ledger.close().await;

    let (ledger, _) = open(&path).await;
    let record = get(&ledger, &entries).await.remove(0);
    assert_eq!(record.settled, created(7));
    assert_eq!(record.fingerprint, entries[0].fingerprint);
    assert!(!record.is_open);
}

#[tokio::test]
async fn a_claim_of_a_dead_run_is_in_doubt_and_stays_so_until_it_is_settled() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let dead = begin_unlocked(&ledger, &path).await;
    assert_eq!(claim(&ledger, dead, &entries).await, [Claim::Fresh]);

    let record = get(&ledger, &entries).await.remove(0);
    assert!(record.is_open);
    assert_eq!(record.settled.outcome, Outcome::InDoubt);

    let next = begin(&ledger, LEASE).await;
    assert!(is_in_doubt(&claim(&ledger, next, &entries).await));
    // A run that is stopped before it could look gives the doubt back, not an entry that may be sent.
    ledger.release(next, ids(&entries)).await.expect("released");
    let later = begin(&ledger, LEASE).await;
    assert!(is_in_doubt(&claim(&ledger, later, &entries).await));
}

#[tokio::test]
async fn a_live_run_keeps_its_claims_from_another_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(2);
    let (first, run) = open(&path).await;
    claim(&first, run, &entries[..1]).await;

    let (second, other) = open(&path).await;
    let claims = claim(&second, other, &entries).await;
    assert_eq!(claims, [Claim::Elsewhere(run), Claim::Fresh]);
    settle(&first, run, &entries[0], created(7)).await;
    let claims = claim(&second, other, &entries[..1]).await;
    assert!(matches!(claims[0], Claim::Created { .. }), "{claims:?}");
}

#[tokio::test]
async fn a_process_that_was_suspended_beyond_its_lease_keeps_its_claims() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let suspended = Ledger::open(&path, &target()).expect("it opens");
    let run = begin(&suspended, EXPIRED).await;
    claim(&suspended, run, &entries).await;

    let (second, other) = open(&path).await;
    let claims = claim(&second, other, &entries).await;
    assert_eq!(claims, [Claim::Elsewhere(run)]);
    // It ends, and with it its lock.
    drop(suspended);
    assert!(is_in_doubt(&claim(&second, other, &entries).await));
}

#[tokio::test]
async fn what_was_found_for_one_entry_and_is_anothers_by_concords_answer_is_in_doubt_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(3);
    claim(&ledger, run, &entries).await;
    let found = |n| Settled {
        via: Some(Via::Lookup),
        ..created(n)
    };
    settle(&ledger, run, &entries[0], found(7)).await;
    settle(&ledger, run, &entries[1], found(9)).await;
    settle(&ledger, run, &entries[2], created(7)).await;
    let outcomes: Vec<_> = get(&ledger, &entries)
        .await
        .into_iter()
        .map(|record| {
            (
                record.settled.outcome,
                record.settled.receipt.map(|receipt| receipt.id),
            )
        })
        .collect();
    let id = |n| Some(Uuid::from_u128(n));
    assert_eq!(
        outcomes,
        [
            (Outcome::InDoubt, None),
            (Outcome::Created, id(9)),
            (Outcome::Created, id(7))
        ]
    );
    let next = begin(&ledger, LEASE).await;
    assert!(is_in_doubt(&claim(&ledger, next, &entries[..1]).await));
}

#[tokio::test]
async fn a_run_that_lost_its_claim_cannot_settle_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let slow = begin_unlocked(&ledger, &path).await;
    claim(&ledger, slow, &entries).await;
    let other = begin(&ledger, LEASE).await;
    claim(&ledger, other, &entries).await;

    let late = ledger
        .settle(
            slow,
            settlement(&entries[0], created(7)),
            Traffic::default(),
        )
        .await
        .expect_err("it has been taken over");
    assert!(matches!(late, LedgerError::LostClaim { .. }), "{late:?}");
    let id = Uuid::from_u128(7).to_string();
    assert!(
        late.to_string().contains(&id),
        "what was created is told: {late}"
    );
    settle(&ledger, other, &entries[0], created(8)).await;
}

#[tokio::test]
async fn a_lease_that_has_run_out_cannot_be_renewed() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&dir.path().join("l"), &target()).expect("it opens");
    let slow = begin(&ledger, EXPIRED).await;
    let renewed = ledger.renew(slow, LEASE, Traffic::default()).await;
    assert!(
        matches!(renewed, Err(LedgerError::LostLease)),
        "{renewed:?}"
    );
}

#[tokio::test]
async fn a_renewed_lease_keeps_a_long_run_alive() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let run = begin(&ledger, LEASE).await;
    claim(&ledger, run, &entries).await;
    let traffic = Traffic {
        attempts: 3,
        lookups: 1,
    };
    ledger.renew(run, LEASE, traffic).await.expect("renewed");
    let known = ledger.run_of(input()).await.expect("read").expect("known");
    assert_eq!((known.attempts, known.lookups), (3, 1));
    let other = begin(&ledger, LEASE).await;
    let claims = claim(&ledger, other, &entries).await;
    assert_eq!(claims, [Claim::Elsewhere(run)]);
}

#[tokio::test]
async fn rejected_and_failed_entries_are_tried_again_and_remember_their_state_when_given_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(2);
    claim(&ledger, run, &entries).await;
    let reason = || Some(Reason::new(ReasonCode::Answer(400), "no"));
    settle(
        &ledger,
        run,
        &entries[0],
        Settled::of(Outcome::Rejected, reason()),
    )
    .await;
    settle(
        &ledger,
        run,
        &entries[1],
        Settled::of(Outcome::Failed, reason()),
    )
    .await;

    let next = begin(&ledger, LEASE).await;
    let claims = claim(&ledger, next, &entries).await;
    assert_eq!(claims, [Claim::Fresh, Claim::Fresh]);
    ledger.release(next, ids(&entries)).await.expect("released");
    let outcomes: Vec<_> = get(&ledger, &entries)
        .await
        .into_iter()
        .map(|record| record.settled.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Failed]);
}

#[tokio::test]
async fn an_entry_whose_content_changed_since_it_was_created_is_told_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let mut entries = entries(1);
    claim(&ledger, run, &entries).await;
    settle(&ledger, run, &entries[0], created(7)).await;
    entries[0].fingerprint.0 ^= 1;
    let claims = claim(&ledger, run, &entries).await;
    let Claim::Created { settled, .. } = &claims[0] else {
        panic!("{claims:?}")
    };
    let code = settled
        .reason
        .as_ref()
        .map(|reason| reason.code.to_string());
    assert_eq!(code.as_deref(), Some("changed"));
}

#[tokio::test]
async fn a_key_that_is_personal_is_kept_as_a_digest_and_no_body_is_kept_at_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let mut entries = entries(3);
    entries[0].key.is_personal = true;
    entries[0].key.text = "ada@example.com".into();
    let (ledger, run) = open(&path).await;
    claim(&ledger, run, &entries).await;
    for entry in &entries {
        settle(&ledger, run, entry, created(7)).await;
    }
    ledger.close().await;
    let bytes: Vec<u8> = std::fs::read_dir(dir.path())
        .expect("listed")
        .flat_map(|file| std::fs::read(file.expect("a file").path()).expect("read"))
        .collect();
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(holds("T-2"), "an ordinary key is kept");
    assert!(!holds("ada@example.com"), "a personal key is kept");
    for entry in &entries {
        let email = entry.body.user_email().expect("the samples have one");
        assert!(!holds(email), "a field of a body is kept");
    }
}

#[tokio::test]
async fn many_asks_at_once_are_all_answered_rightly() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(500);
    let (ledger, run) = open(&path).await;
    claim(&ledger, run, &entries).await;
    let mut tasks = tokio::task::JoinSet::new();
    for (n, entry) in entries.iter().enumerate() {
        let ledger = ledger.clone();
        let settlement = settlement(entry, created(n as u128));
        tasks.spawn(async move { ledger.settle(run, settlement, Traffic::default()).await });
    }
    for result in tasks.join_all().await {
        result.expect("settled");
    }
    for (n, record) in get(&ledger, &entries).await.into_iter().enumerate() {
        assert_eq!(record.settled, created(n as u128));
    }
}

#[tokio::test]
async fn the_overview_tells_runs_and_totals() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(3);
    let (ledger, run) = open(&path).await;
    claim(&ledger, run, &entries).await;
    settle(&ledger, run, &entries[0], created(7)).await;
    settle(
        &ledger,
        run,
        &entries[1],
        Settled::of(Outcome::InDoubt, None),
    )
    .await;
    ledger
        .end_run(
            run,
            RunEnd {
                finished_at: SystemTime::now(),
                exit_code: 1,
                tally: Tally::default(),
                traffic: Traffic {
                    attempts: 4,
                    lookups: 2,
                },
                timeline: None,
            },
        )
        .await
        .expect("ended");
    ledger.close().await;
    let overview = overview(&path, 5).expect("read");
    assert_eq!(overview.target, target());
    assert_eq!(
        (
            overview.totals.created,
            overview.totals.in_doubt,
            overview.totals.claimed
        ),
        (1, 1, 1)
    );
    assert_eq!(overview.runs.len(), 1);
    assert_eq!(
        (
            overview.runs[0].exit_code,
            overview.runs[0].attempts,
            overview.runs[0].lookups
        ),
        (Some(1), 4, 2)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_ledger_and_its_folder_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().expect("a folder");
    let folder = dir.path().join("state");
    let (ledger, _run) = open(&folder.join("l")).await;
    let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in std::fs::read_dir(&folder).expect("listed") {
        assert_eq!(mode(&file.expect("a file").path()), 0o600);
    }
    ledger.close().await;
}

/// Two entries of one request: as one of several of its row, and as the only one.
fn named_both_ways() -> (Entry, Entry) {
    let entry = entries(1).remove(0);
    let other = ImportId::new(target().project, "T-1 // delete");
    let alone = Entry {
        other_id: Some(other),
        ..entry.clone()
    };
    let beside_others = Entry {
        import_id: other,
        other_id: Some(entry.import_id),
        ..entry
    };
    (alone, beside_others)
}

#[tokio::test]
async fn a_request_is_known_by_the_name_it_has_when_its_row_makes_another_number_of_them() {
    let (alone, beside_others) = named_both_ways();
    for (earlier, later) in [(&alone, &beside_others), (&beside_others, &alone)] {
        let dir = tempfile::tempdir().expect("a folder");
        let (ledger, run) = open(&dir.path().join("l")).await;
        claim(&ledger, run, std::slice::from_ref(earlier)).await;
        settle(&ledger, run, earlier, created(7)).await;

        let next = begin(&ledger, LEASE).await;
        let claimed = ledger
            .claim(
                next,
                vec![ClaimRequest::of(
                    later,
                    target().project,
                    NearKeys::default(),
                )],
            )
            .await
            .expect("claimed");
        assert_eq!(claimed[0].import_id, earlier.import_id);
        assert!(
            matches!(claimed[0].claim, Claim::Created { .. }),
            "{claimed:?}"
        );
        let record = &get(&ledger, std::slice::from_ref(later)).await[0];
        assert_eq!(record.import_id, earlier.import_id);
    }
}

#[tokio::test]
async fn another_request_of_the_same_row_is_not_taken_for_the_one_that_is_known() {
    let (alone, _) = named_both_ways();
    let another = Entry {
        import_id: ImportId::new(target().project, "T-1 // view"),
        other_id: Some(alone.import_id),
        ..alone.clone()
    };
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    claim(&ledger, run, std::slice::from_ref(&alone)).await;
    settle(&ledger, run, &alone, created(7)).await;
    assert_eq!(
        claim(&ledger, run, std::slice::from_ref(&another)).await,
        [Claim::Fresh]
    );
}

#[tokio::test]
async fn an_entry_in_doubt_keeps_the_fingerprint_and_time_of_what_may_exist_until_more_is_known() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let dead = begin_unlocked(&ledger, &path).await;
    let mut entries = entries(1);
    claim(&ledger, dead, &entries).await;
    let sent = get(&ledger, &entries).await.remove(0);
    // The ledger's times are in milliseconds.
    tokio::time::sleep(Duration::from_millis(20)).await;

    entries[0].fingerprint.0 ^= 1;
    let next = begin(&ledger, LEASE).await;
    assert_eq!(
        claim(&ledger, next, &entries).await,
        [Claim::InDoubt {
            since: sent.claimed_at,
            is_changed: true,
            accepted: None
        }]
    );
    ledger
        .release(next, vec![entries[0].import_id])
        .await
        .expect("released");
    let later = begin(&ledger, LEASE).await;
    assert_eq!(
        claim(&ledger, later, &entries).await,
        [Claim::InDoubt {
            since: sent.claimed_at,
            is_changed: true,
            accepted: None
        }]
    );
    let found = Settlement {
        content: None,
        ..settlement(&entries[0], created(7))
    };
    ledger
        .settle(later, found, Traffic::default())
        .await
        .expect("settled");
    let held = get(&ledger, &entries).await.remove(0);
    assert_eq!(held.fingerprint, sent.fingerprint);
}

#[tokio::test]
async fn of_two_inputs_of_equal_bytes_each_is_told_of_its_own_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, first) = open(&dir.path().join("l")).await;
    let input_2 = RunInput {
        number: 2,
        ..input()
    };
    let second = ledger
        .begin_run(RunKind::Import, input_2.clone(), LEASE)
        .await
        .expect("a run");
    for (input, run) in [(input(), first), (input_2, second)] {
        let known = ledger.run_of(input).await.expect("read").expect("known");
        assert_eq!(known.id, run);
    }
    let input_3 = RunInput {
        number: 3,
        ..input()
    };
    let known = ledger.run_of(input_3).await.expect("read").expect("known");
    assert_eq!(known.id, second, "else the latest");
}

#[tokio::test]
async fn a_ledger_that_cannot_be_written_any_more_can_still_be_read() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let (ledger, run) = open(&path).await;
    let entries = entries(2);
    claim(&ledger, run, &entries).await;
    settle(&ledger, run, &entries[0], created(7)).await;
    // What every failing write comes to: a table that is no longer what it was.
    let other = rusqlite::Connection::open(&path).expect("it opens");
    other
        .execute_batch("CREATE TRIGGER full BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'disk full'); END;")
        .expect("made");
    let refused = ledger
        .settle(run, settlement(&entries[1], created(8)), Traffic::default())
        .await;
    assert!(
        matches!(refused, Err(LedgerError::Failed { .. })),
        "{refused:?}"
    );
    other.execute_batch("DROP TRIGGER full;").expect("dropped");
    let names: Vec<Names> = entries.iter().map(Entry::names).collect();
    let refused = ledger.release(run, vec![entries[1].import_id]).await;
    assert!(refused.is_err(), "nothing more is written");
    let held = ledger.get(names).await.expect("it can be read");
    assert_eq!(held[0].as_ref().expect("held").settled, created(7));
    assert!(held[1].as_ref().expect("held").is_open);
}

#[tokio::test]
async fn a_request_is_one_entrys_whatever_the_server_answers() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(3);
    claim(&ledger, run, &entries).await;
    let settle = async |entry: &Entry, settled: Settled| {
        let settlement = settlement(entry, settled);
        let holder = ledger.settle(run, settlement, Traffic::default()).await;
        holder.expect("it can be written")
    };
    assert_eq!(settle(&entries[0], created(7)).await, None);
    let holder = settle(&entries[1], created(7)).await;
    assert_eq!(holder, Some(entries[0].import_id));
    let held = get(&ledger, &entries).await;
    assert!(held[1].is_open, "nothing was recorded");
    let known = ledger.known_created(9).await.expect("read");
    let known: Vec<_> = known.iter().map(|one| one.import_id).collect();
    assert_eq!(known, [entries[0].import_id]);

    // Its mark shows to which entry it belongs.
    let found = Settled {
        via: Some(Via::Lookup),
        ..created(7)
    };
    let id = found.receipt.expect("a receipt").id;
    let owner = entries[1].import_id;
    ledger.doubt_holder(id, owner).await.expect("written");
    assert_eq!(settle(&entries[1], found).await, None);
    let outcomes = get(&ledger, &entries).await;
    let outcomes: Vec<_> = outcomes.iter().map(|one| one.settled.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::InDoubt, Outcome::Created, Outcome::InDoubt]
    );
}

#[tokio::test]
async fn what_the_server_accepted_is_known_to_every_later_run() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let dead = begin_unlocked(&ledger, &path).await;
    let entries = entries(1);
    claim(&ledger, dead, &entries).await;
    let id = entries[0].import_id;
    ledger.note_accepted(dead, id, 202).await.expect("written");
    tokio::time::sleep(Duration::from_millis(20)).await;
    for _ in 0..2 {
        let next = begin(&ledger, LEASE).await;
        let claims = claim(&ledger, next, &entries).await;
        let is_known = matches!(
            claims[..],
            [Claim::InDoubt {
                accepted: Some(202),
                ..
            }]
        );
        assert!(is_known, "{claims:?}");
        ledger.release(next, vec![id]).await.expect("released");
    }
}
