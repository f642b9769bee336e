//! What every ledger promises, whichever database holds it.

use std::path::Path;
use std::time::{Duration, SystemTime};

use concord_import::entry::{Entry, ImportId};
use concord_import::ledger::{Claim, ClaimRequest, Ledger, LedgerError, RunId, RunInput, overview};
use concord_import::outcome::{Outcome, Reason, Receipt, Settled, Traffic, Via};
use concord_import::plan::Target;
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
    }
}

async fn open(path: &Path) -> (Ledger, RunId) {
    let ledger = Ledger::open(path, &target()).expect("it opens");
    let run = ledger
        .begin_run(input(), LEASE)
        .await
        .expect("a run begins");
    (ledger, run)
}

/// `n` entries with the keys T-1, T-2 and so on.
fn entries(n: usize) -> Vec<Entry> {
    support::entries(n)
}

fn requests(entries: &[Entry]) -> Vec<ClaimRequest> {
    entries
        .iter()
        .map(|entry| ClaimRequest::of(entry, target().project))
        .collect()
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

async fn settle(ledger: &Ledger, run: RunId, entry: &Entry, settled: Settled) {
    ledger
        .settle(
            run,
            entry.import_id,
            settled,
            Traffic {
                attempts: 1,
                lookups: 0,
            },
        )
        .await
        .expect("it settles");
}

#[tokio::test]
async fn a_claim_is_fresh_once_and_created_ever_after() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(2);
    let claims = ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    assert_eq!(claims, [Claim::Fresh, Claim::Fresh]);
    settle(&ledger, run, &entries[0], created(7)).await;
    ledger
        .release(run, vec![entries[1].import_id])
        .await
        .expect("released");

    let next = ledger
        .begin_run(input(), LEASE)
        .await
        .expect("a second run");
    let claims = ledger
        .claim(next, requests(&entries))
        .await
        .expect("claimed");
    let earlier = Settled {
        via: Some(Via::Ledger),
        ..created(7)
    };
    assert_eq!(claims, [Claim::Created(Box::new(earlier)), Claim::Fresh]);
}

#[tokio::test]
async fn what_a_closed_ledger_held_is_there_when_it_is_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let (ledger, run) = open(&path).await;
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    settle(&ledger, run, &entries[0], created(7)).await;
    ledger.close().await;

    let (ledger, _) = open(&path).await;
    let record = ledger
        .get(ids(&entries))
        .await
        .expect("read")
        .remove(0)
        .expect("held");
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
    let dead = ledger.begin_run(input(), EXPIRED).await.expect("a run");
    assert_eq!(
        ledger
            .claim(dead, requests(&entries))
            .await
            .expect("claimed"),
        [Claim::Fresh]
    );

    let first_claimed_by = SystemTime::now();
    // Times in the ledger are whole milliseconds.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let record = ledger
        .get(ids(&entries))
        .await
        .expect("read")
        .remove(0)
        .expect("held");
    assert!(record.is_open);
    assert_eq!(record.settled.outcome, Outcome::InDoubt);

    let next = ledger.begin_run(input(), LEASE).await.expect("a run");
    let claims = ledger.claim(next, requests(&entries)).await;
    let claims = claims.expect("claimed");
    let [Claim::InDoubt { since }] = claims[..] else {
        panic!("{claims:?}")
    };
    assert!(since <= first_claimed_by, "the dead run's claim is older");
    // A run that is stopped before it could look gives the doubt back, not an entry that may be sent.
    ledger.release(next, ids(&entries)).await.expect("released");
    let later = ledger.begin_run(input(), LEASE).await.expect("a run");
    assert_eq!(
        ledger
            .claim(later, requests(&entries))
            .await
            .expect("claimed"),
        [Claim::InDoubt { since }],
        "the oldest claim is kept"
    );
}

#[tokio::test]
async fn a_live_run_keeps_its_claims_from_another_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(2);
    let (first, run) = open(&path).await;
    first
        .claim(run, requests(&entries[..1]))
        .await
        .expect("claimed");

    let (second, other) = open(&path).await;
    let claims = second
        .claim(other, requests(&entries))
        .await
        .expect("claimed");
    assert_eq!(claims, [Claim::Elsewhere(run), Claim::Fresh]);
    settle(&first, run, &entries[0], created(7)).await;
    let claims = second
        .claim(other, requests(&entries[..1]))
        .await
        .expect("claimed");
    assert!(matches!(claims[0], Claim::Created(_)), "{claims:?}");
}

#[tokio::test]
async fn a_run_that_lost_its_claim_cannot_settle_it() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(1);
    let ledger = Ledger::open(&path, &target()).expect("it opens");
    let slow = ledger.begin_run(input(), EXPIRED).await.expect("a run");
    ledger
        .claim(slow, requests(&entries))
        .await
        .expect("claimed");
    let other = ledger.begin_run(input(), LEASE).await.expect("a run");
    ledger
        .claim(other, requests(&entries))
        .await
        .expect("claimed");

    let late = ledger
        .settle(slow, entries[0].import_id, created(7), Traffic::default())
        .await;
    assert!(matches!(late, Err(LedgerError::LostClaim(_))), "{late:?}");
    settle(&ledger, other, &entries[0], created(8)).await;
}

#[tokio::test]
async fn a_lease_that_has_run_out_cannot_be_renewed() {
    let dir = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::open(&dir.path().join("l"), &target()).expect("it opens");
    let slow = ledger.begin_run(input(), EXPIRED).await.expect("a run");
    let renewed = ledger.renew(slow, LEASE).await;
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
    let run = ledger.begin_run(input(), LEASE).await.expect("a run");
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    ledger.renew(run, LEASE).await.expect("renewed");
    let other = ledger.begin_run(input(), LEASE).await.expect("a run");
    let claims = ledger
        .claim(other, requests(&entries))
        .await
        .expect("claimed");
    assert_eq!(claims, [Claim::Elsewhere(run)]);
}

#[tokio::test]
async fn rejected_and_failed_entries_are_tried_again_and_remember_their_state_when_given_back() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let entries = entries(2);
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    let reason = || Some(Reason::new("http_400", "no"));
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

    let next = ledger.begin_run(input(), LEASE).await.expect("a run");
    let claims = ledger
        .claim(next, requests(&entries))
        .await
        .expect("claimed");
    assert_eq!(claims, [Claim::Fresh, Claim::Fresh]);
    ledger.release(next, ids(&entries)).await.expect("released");
    let outcomes: Vec<_> = ledger
        .get(ids(&entries))
        .await
        .expect("read")
        .into_iter()
        .map(|record| record.expect("held").settled.outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::Rejected, Outcome::Failed]);
}

#[tokio::test]
async fn an_entry_whose_content_changed_since_it_was_created_is_told_so() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ledger, run) = open(&dir.path().join("l")).await;
    let mut entries = entries(1);
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    settle(&ledger, run, &entries[0], created(7)).await;
    entries[0].fingerprint.0 ^= 1;
    let claims = ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    let Claim::Created(settled) = &claims[0] else {
        panic!("{claims:?}")
    };
    assert_eq!(settled.reason.as_ref().expect("a reason").code, "changed");
}

#[tokio::test]
async fn a_key_that_is_personal_is_kept_as_a_digest_and_no_body_is_kept_at_all() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let mut entries = entries(3);
    entries[0].key.is_personal = true;
    entries[0].key.text = "ada@example.com".into();
    let (ledger, run) = open(&path).await;
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
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
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
    let mut tasks = tokio::task::JoinSet::new();
    for (n, entry) in entries.iter().enumerate() {
        let (ledger, id) = (ledger.clone(), entry.import_id);
        tasks.spawn(async move {
            ledger
                .settle(run, id, created(n as u128), Traffic::default())
                .await
        });
    }
    for result in tasks.join_all().await {
        result.expect("settled");
    }
    let records = ledger.get(ids(&entries)).await.expect("read");
    for (n, record) in records.into_iter().enumerate() {
        assert_eq!(record.expect("held").settled, created(n as u128));
    }
}

#[tokio::test]
async fn the_overview_tells_runs_and_totals() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("l");
    let entries = entries(3);
    let (ledger, run) = open(&path).await;
    ledger
        .claim(run, requests(&entries))
        .await
        .expect("claimed");
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
            1,
            &concord_import::outcome::Tally::default(),
            Traffic {
                attempts: 4,
                lookups: 2,
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
