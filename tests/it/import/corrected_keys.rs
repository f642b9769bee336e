//! A row whose key is at fault gets its own key in the rejects: its request is created once, and the source row
//! counts as created from then on, whatever is run again.

use std::path::PathBuf;

use concord_import::internals::entry::{ImportId, SourceRow};
use concord_import::internals::plan::SANDBOX_PROJECT;
use concord_import::internals::report::reconciliation::Verdict;
use concord_import::internals::sandbox::Config;

use crate::reconcile::{all_agree, forget_ledger, reconcile};
use crate::support::{Ended, HEADER, Trial};
use crate::workbooks::xlsx;

const CREATED: [&str; 2] = ["created", ""];
const CORRECTED: [&str; 2] = ["created", "corrected"];
const BLANK: [&str; 2] = ["invalid", "blank_key"];
const CONFLICT: [&str; 2] = ["invalid", "key_conflict"];
const NEAR: [&str; 2] = ["invalid", "near_key"];
const ALREADY: [&str; 2] = ["invalid", "corrected_already"];

/// Returns the outcome and the error code of each result.
fn told(ended: &Ended) -> Vec<[&str; 2]> {
    let rows = ended.results.iter().flatten();
    rows.map(|row| [&row.outcome, &row.error_code].map(String::as_str))
        .collect()
}

/// A source, and the rejects that its last run has left.
struct Loop {
    trial: Trial,
    source: PathBuf,
}

impl Loop {
    async fn new(rows: &str) -> Self {
        Self::of(&format!("{HEADER}{rows}")).await
    }

    async fn of(content: &str) -> Self {
        let trial = Trial::new(Config::default(), &[content.to_owned()]).await;
        Self {
            source: trial.read.inputs[0].path.clone(),
            trial,
        }
    }

    /// Imports the source.
    async fn run(&mut self) -> Ended {
        let source = self.source.clone();
        self.name(&[source]);
        self.trial.run().await
    }

    /// Imports another file.
    async fn run_file(&mut self, name: &str, content: impl AsRef<[u8]>) -> Ended {
        let path = self.write(name, content);
        self.name(&[path]);
        self.trial.run().await
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.trial.folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// Names the inputs of the commands that follow.
    fn name(&mut self, paths: &[PathBuf]) {
        self.trial.read.inputs = crate::support::read_plan(paths).inputs;
    }

    fn rejects(&self) -> String {
        let folder = self.trial.out_dir(0);
        std::fs::read_to_string(folder.join("rejects.csv")).expect("rejects")
    }

    /// Everything agrees from now on: nothing is sent, no rejects are left, and the comparison finds no difference.
    async fn assert_closed(&mut self, expected: &[[&str; 2]], rejects: impl AsRef<[u8]>) {
        let posts = self.trial.posts();
        for _ in 0..2 {
            let ended = self.run().await;
            assert_eq!(told(&ended), expected);
            assert_eq!(ended.exit_code(), 0);
            assert!(!self.trial.out_dir(0).join("rejects.csv").exists());
            self.assert_ids_are_true(&ended);
        }
        let source = self.source.clone();
        let rejects = self.write("rejects-of-source.csv", rejects);
        for inputs in [
            vec![source.clone()],
            vec![source.clone(), rejects.clone()],
            vec![rejects, source],
        ] {
            self.name(&inputs);
            let (compared, lines) = reconcile(&self.trial).await;
            assert!(all_agree(&compared), "{inputs:?}: {lines:?}");
            assert_eq!(self.trial.run().await.exit_code(), 0, "{inputs:?}");
        }
        assert_eq!(self.trial.posts(), posts, "something was sent again");
    }

    /// The ids in the results are those of requests for the same thing.
    fn assert_ids_are_true(&self, ended: &Ended) {
        let created = self.trial.created();
        for row in ended.results.iter().flatten() {
            let held = created.get(&row.import_id);
            let held = held.unwrap_or_else(|| panic!("it does not exist: {row:?}"));
            assert_eq!(row.id, held.id.to_string(), "{row:?}");
            assert_eq!(row.request, held.body.request, "{row:?}");
        }
    }
}

fn id_of(key: &str) -> String {
    ImportId::new(SANDBOX_PROJECT, key).to_string()
}

#[tokio::test]
async fn a_blank_key_is_corrected_once_and_for_all() {
    let mut source = Loop::new(",anna@example.com,Erase\nT-2,bob@example.com,Erase\n").await;
    let first = source.run().await;
    assert_eq!(told(&first), [BLANK, CREATED]);
    let rejects = source.rejects();
    let row = SourceRow::marked_in(&rejects).expect("the row has a mark");
    assert!(rejects.trim_end_matches(['"', '\n']).ends_with(&row.mark()));
    // An uncorrected row is refused again, with the same mark.
    let again = source.run_file("again.csv", &rejects).await;
    assert_eq!(told(&again), [BLANK]);
    assert_eq!(source.rejects(), rejects);

    let corrected = rejects.replace("\n,anna", "\nT-1,anna");
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 2);
    source
        .assert_closed(&[CORRECTED, CREATED], &corrected)
        .await;
    let ended = source.run().await;
    let row = &ended.results[0][0];
    assert_eq!(
        (row.via.as_str(), row.import_id.clone()),
        ("ledger", id_of("T-1"))
    );
    assert_eq!(ended.tally().corrected, 1);
    // The rejects as they were are solved as well.
    let ended = source.run_file("again.csv", &rejects).await;
    assert_eq!(told(&ended), [CORRECTED]);
}

#[tokio::test]
async fn a_row_that_is_corrected_with_another_key_again_is_not_sent_twice() {
    let mut source = Loop::new(",anna@example.com,Erase\n").await;
    source.run().await;
    let rejects = source.rejects();
    let corrected = |key: &str| rejects.replace("\n,anna", &format!("\n{key},anna"));
    let first = source.run_file("corrected-1.csv", corrected("T-1")).await;
    let id = first.results[0][0].id.clone();
    for _ in 0..2 {
        let ended = source.run_file("corrected-2.csv", corrected("T-9")).await;
        assert_eq!(told(&ended), [ALREADY]);
        let error = &ended.results[0][0].error;
        assert!(error.contains("`T-1`") && error.contains(&id), "{error}");
        assert!(error.contains("clear its cell `import_problem`"), "{error}");
        assert_eq!(ended.exit_code(), 1);
        // The rejects of the rejects name the same row.
        let left = source.rejects();
        assert_eq!(SourceRow::marked_in(&left), SourceRow::marked_in(&rejects));
        let ended = source.run_file("left.csv", left).await;
        assert_eq!(told(&ended), [ALREADY]);
    }
    assert_eq!(source.trial.posts(), 1);
    source.assert_closed(&[CORRECTED], &corrected("T-1")).await;
    // Two copies in one file, too.
    let both = corrected("T-1") + corrected("T-9").lines().nth(1).expect("a row") + "\n";
    let ended = source.run_file("both.csv", both).await;
    assert_eq!(told(&ended), [CREATED, ALREADY]);
    // A person decides that it is another request.
    let cleared = format!("{HEADER}T-9,anna@example.com,Erase\n");
    let ended = source.run_file("cleared.csv", cleared).await;
    source.trial.assert_complete(&ended, 2);
}

#[tokio::test]
async fn people_of_a_conflict_get_keys_of_their_own() {
    let rows = "JS,anna@example.com,Erase\nJS,bob@example.com,Erase\n";
    let mut source = Loop::new(rows).await;
    assert_eq!(told(&source.run().await), [CONFLICT; 2]);
    let rejects = source.rejects();
    // One alone: the source is not done.
    let one = rejects.replace("JS,bob", "JS-2,bob");
    let only_bob: String = one
        .lines()
        .filter(|line| !line.contains("anna"))
        .collect::<Vec<_>>()
        .join("\n");
    source.run_file("one.csv", only_bob).await;
    assert_eq!(source.trial.posts(), 1);
    let ended = source.run().await;
    assert_eq!(told(&ended), [CONFLICT, CORRECTED]);
    assert_eq!(ended.exit_code(), 1);
    let left = source.rejects();
    assert!(left.contains("anna") && !left.contains("bob"), "{left}");
    let corrected = left.replace("JS,anna", "JS-1,anna");
    source.run_file("two.csv", &corrected).await;
    source.assert_closed(&[CORRECTED; 2], &corrected).await;
    // Once the other row is gone from the source, the key is no longer in conflict, and the row still has its request.
    source.trial.read.inputs[0].path = source.source.clone();
    source
        .trial
        .rewrite(&format!("{HEADER}JS,bob@example.com,Erase\n"));
    source.assert_closed(&[CORRECTED], &one).await;
    assert_eq!(source.trial.posts(), 2);
}

#[tokio::test]
async fn one_person_of_a_conflict_keeps_the_key() {
    let rows = "JS,anna@example.com,Erase\nJS,bob@example.com,Both\n";
    let mut source = Loop::new(rows).await;
    source.run().await;
    let corrected = source.rejects().replace("JS,bob", "JS-2,bob");
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 3);
    source.assert_closed(&[CORRECTED; 3], &corrected).await;
    // Without the other row, it is the ledger that knows whose key it is.
    source.trial.read.inputs[0].path = source.source.clone();
    source
        .trial
        .rewrite(&format!("{HEADER}JS,bob@example.com,Both\n"));
    source.assert_closed(&[CORRECTED; 2], &corrected).await;
}

#[tokio::test]
async fn near_keys_are_corrected_to_the_known_key_by_one_row_or_several() {
    let rows =
        "26,anna@example.com,Erase\n0026,anna@example.com,Erase\n#26,anna@example.com,Erase\n";
    let mut source = Loop::new(rows).await;
    assert_eq!(told(&source.run().await), [CREATED, NEAR, NEAR]);
    let corrected = source
        .rejects()
        .replace("0026,", "26,")
        .replace("#26,", "26,");
    let ended = source.run_file("corrected.csv", &corrected).await;
    assert_eq!(told(&ended), [CREATED, ["duplicate", "duplicate"]]);
    source
        .assert_closed(&[CREATED, CORRECTED, CORRECTED], &corrected)
        .await;
    assert_eq!(source.trial.posts(), 1);
}

#[tokio::test]
async fn a_near_key_is_corrected_beside_its_source() {
    let rows = "T-7,anna@example.com,Erase\nt-7,anna@example.com,Erase\n";
    let mut source = Loop::new(rows).await;
    source.run().await;
    let corrected = source.rejects().replace("t-7,", "T-7,");
    let path = source.write("corrected.csv", &corrected);
    source.name(&[source.source.clone(), path]);
    source.trial.run().await;
    source
        .assert_closed(&[CREATED, CORRECTED], &corrected)
        .await;
}

#[tokio::test]
async fn without_its_mark_a_copy_is_a_row_of_its_own() {
    let mut source = Loop::new(",anna@example.com,Erase\n").await;
    source.run().await;
    let copy = |key: &str| {
        format!("Ticket,Email,Wish,import_problem\n{key},anna@example.com,Erase,done\n")
    };
    for (n, key) in ["T-1", "T-2"].iter().enumerate() {
        let ended = source.run_file("copy.csv", copy(key)).await;
        source.trial.assert_complete(&ended, n + 1);
        assert_eq!(told(&source.run().await), [BLANK]);
    }
}

#[tokio::test]
async fn a_copy_that_was_surely_not_created_gives_way_to_another() {
    let mut source = Loop::new(",anna@example.com,Both\n").await;
    assert_eq!(told(&source.run().await), [BLANK; 2]);
    let rejects = source.rejects();
    let corrected = |key: &str| rejects.replace("\n,anna", &format!("\n{key},anna"));
    source
        .trial
        .sandbox
        .set_script("400,400".parse().expect("a script"));
    source.run_file("corrected-1.csv", corrected("T-1")).await;
    assert_eq!(told(&source.run().await), [BLANK; 2]);
    // The rejects of the rejects still name the row.
    source.run_file("corrected-1.csv", corrected("T-1")).await;
    source
        .trial
        .in_ledger("UPDATE entries SET state = 2, id = NULL");
    let ended = source.run_file("corrected-2.csv", corrected("T-2")).await;
    assert_eq!(told(&ended), [CREATED; 2]);
    source
        .assert_closed(&[CORRECTED; 2], &corrected("T-2"))
        .await;
}

#[tokio::test]
async fn rejected_copies_keep_the_mark_of_their_row() {
    let mut source = Loop::new(",anna@example.com,Erase\n").await;
    source.run().await;
    let rejects = source.rejects();
    source
        .trial
        .sandbox
        .set_script("400".parse().expect("a script"));
    let corrected = rejects.replace("\n,anna", "\nT-1,anna");
    let ended = source.run_file("corrected.csv", corrected).await;
    assert_eq!(ended.results[0][0].outcome, "rejected");
    let left = source.rejects();
    assert_eq!(SourceRow::marked_in(&left), SourceRow::marked_in(&rejects));
    let corrected = left.replace("T-1,", "T-2,");
    source.run_file("corrected.csv", &corrected).await;
    source.assert_closed(&[CORRECTED], &corrected).await;
}

#[tokio::test]
async fn a_copy_in_doubt_solves_nothing_yet_and_no_other_is_sent() {
    let mut source = Loop::new(",anna@example.com,Erase\n").await;
    source.run().await;
    let rejects = source.rejects();
    let corrected = |key: &str| rejects.replace("\n,anna", &format!("\n{key},anna"));
    source.run_file("corrected.csv", corrected("T-1")).await;
    source
        .trial
        .in_ledger("UPDATE entries SET state = 4, via = NULL, id = NULL");
    assert_eq!(told(&source.run().await), [BLANK]);
    let ended = source.run_file("corrected-2.csv", corrected("T-2")).await;
    assert_eq!(told(&ended), [ALREADY]);
    assert!(
        ended.results[0][0].error.contains("may have sent"),
        "{ended:?}"
    );
    // The copy in doubt is looked up, and found.
    source.run_file("corrected.csv", corrected("T-1")).await;
    source.assert_closed(&[CORRECTED], &corrected("T-1")).await;
    assert_eq!(source.trial.posts(), 1);
}

#[tokio::test]
async fn a_limit_leaves_the_second_request_of_a_row_open() {
    let mut source = Loop::new(",anna@example.com,Both\n").await;
    source.run().await;
    let corrected = source.rejects().replace("\n,anna", "\nT-1,anna");
    source.trial.limit = 1;
    source.run_file("corrected.csv", &corrected).await;
    assert_eq!(told(&source.run().await), [CORRECTED, BLANK]);
    source.run_file("corrected.csv", &corrected).await;
    source.trial.limit = u64::MAX;
    source.assert_closed(&[CORRECTED; 2], &corrected).await;
}

#[tokio::test]
async fn a_mark_that_got_into_another_persons_row_solves_nothing() {
    let rows = "JS,anna@example.com,Erase\nJS,bob@example.com,Erase\n";
    let mut source = Loop::new(rows).await;
    source.run().await;
    let rejects = source.rejects();
    let mut problems = rejects
        .lines()
        .skip(1)
        .map(|line| line.split_once(",Erase,").expect("a problem").1);
    let of_bob = problems.nth(1).expect("a second row");
    let moved = format!("Ticket,Email,Wish,import_problem\nJS-1,anna@example.com,Erase,{of_bob}\n");
    let ended = source.run_file("moved.csv", moved).await;
    source.trial.assert_complete(&ended, 1);
    assert_eq!(told(&source.run().await), [CONFLICT; 2]);
    // The row itself is sent once its key is free.
    source.trial.read.inputs[0].path = source.source.clone();
    source
        .trial
        .rewrite(&format!("{HEADER}JS,bob@example.com,Erase\n"));
    source.trial.assert_complete(&source.trial.run().await, 2);
}

#[tokio::test]
async fn a_key_that_shows_to_be_shared_once_the_person_is_corrected() {
    let rows = "JS,anna@example.com,Erase\nJS,bob@,Erase\n";
    let mut source = Loop::new(rows).await;
    let ended = source.run().await;
    assert_eq!(told(&ended)[0], CREATED);
    let first = source.rejects().replace("bob@,", "bob@example.com,");
    assert_eq!(
        told(&source.run_file("first.csv", &first).await),
        [CONFLICT]
    );
    let second = source.rejects().replace("JS,bob", "JS-2,bob");
    source.run_file("second.csv", &second).await;
    source.assert_closed(&[CREATED, CORRECTED], &second).await;
}

#[tokio::test]
async fn a_row_without_key_columns_is_known_by_its_corrected_copy() {
    let mut source = Loop::new("T-1,anna@,Both\nT-2,bob@example.com,Erase\n").await;
    source.trial.read.rules.key.clear();
    source.run().await;
    let rejects = source.rejects();
    let corrected = rejects.replace("anna@,", "anna@example.com,");
    let ended = source.run_file("corrected.csv", &corrected).await;
    assert_eq!(told(&ended), [CREATED; 2]);
    source
        .assert_closed(&[CORRECTED, CORRECTED, CREATED], &corrected)
        .await;
    // Changed once more, it would be created again.
    let ended = source
        .run_file("again.csv", rejects.replace("anna@,", "ann@example.com,"))
        .await;
    assert_eq!(told(&ended), [ALREADY; 2]);
}

#[tokio::test]
async fn a_blank_key_of_json_lines_is_corrected() {
    let row = |key: &str, name: &str| {
        format!("{{\"Ticket\":\"{key}\",\"Email\":\"{name}@example.com\",\"Wish\":\"Erase\"}}\n")
    };
    let mut source = Loop::of(&(row("T-1", "anna") + &row("", "bob"))).await;
    assert_eq!(told(&source.run().await), [CREATED, BLANK]);
    let rejects = source.trial.out_dir(0).join("rejects.jsonl");
    let rejects = std::fs::read_to_string(rejects).expect("rejects");
    let corrected = rejects.replace("\"Ticket\":\"\"", "\"Ticket\":\"T-2\"");
    let ended = source.run_file("corrected.jsonl", &corrected).await;
    source.trial.assert_complete(&ended, 2);
    source
        .assert_closed(&[CREATED, CORRECTED], &corrected)
        .await;
}

#[tokio::test]
async fn a_blank_key_of_a_workbook_is_corrected_in_rejects_that_excel_has_saved() {
    let cell = |text: &str| format!("<c t='inlineStr'><is><t>{text}</t></is></c>");
    let row = |n: u32, cells: [&str; 3]| format!("<row r='{n}'>{}</row>", cells.map(cell).concat());
    let rows = [
        row(1, ["Ticket", "Email", "Wish"]),
        row(2, ["", "zoe@example.com", "Erase"]),
        row(3, ["T-2", "bob@example.com", "Erase"]),
    ];
    let book = format!(
        "<worksheet><sheetData>{}</sheetData></worksheet>",
        rows.concat()
    );
    let mut source = Loop::new("").await;
    source.trial.read.reading.workbooks_by = Some(env!("CARGO_BIN_EXE_concord-import").into());
    source.source = source.write("source.xlsx", xlsx(book.as_bytes()));
    let ended = source.run().await;
    assert_eq!(told(&ended), [BLANK, CREATED]);
    let corrected = source.rejects().replace("\n,", "\nZürich 1,");
    let corrected = crate::rejects::as_excel(&corrected);
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 2);
    source
        .assert_closed(&[CORRECTED, CREATED], &corrected)
        .await;
}

#[tokio::test]
async fn a_lost_ledger_learns_of_corrected_keys_from_the_rejects() {
    let rows = ",anna@example.com,Erase\nJS,cy@example.com,Erase\nJS,bob@example.com,Erase\n";
    let mut source = Loop::new(rows).await;
    source.run().await;
    let corrected = source.rejects().replace("\n,", "\nT-1,");
    let corrected = corrected.replace("JS,bob", "JS-2,bob");
    source.run_file("corrected.csv", &corrected).await;
    assert_eq!(source.trial.created().len(), 3);
    forget_ledger(&source.trial);
    let rejects = source.write("corrected.csv", &corrected);
    source.name(&[rejects, source.source.clone()]);
    let (compared, lines) = reconcile(&source.trial).await;
    assert!(
        compared
            .iter()
            .all(|one| one.verdicts.count(Verdict::Invalid) == 0),
        "{lines:?}"
    );
    source
        .assert_closed(&[CORRECTED, CORRECTED, CORRECTED], &corrected)
        .await;
}

#[tokio::test]
async fn a_row_that_concord_refused_may_be_corrected_to_another_person_or_type() {
    let mut source = Loop::new(
        "T-1,anna@examlpe.example.com,Erase\nT-2,bob@example.com,Erase\nT-3,cy@example.com,Erase\n",
    )
    .await;
    source
        .trial
        .sandbox
        .set_script("422,422,422".parse().expect("a script"));
    let ended = source.run().await;
    assert_eq!(told(&ended), [["rejected", "http_422"]; 3]);
    let corrected = source
        .rejects()
        .replace("examlpe.", "")
        .replace("bob@example.com,Erase", "bob@example.com,Access")
        .replace("cy@example.com,Erase", "cy@example.com,Both");
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 4);
    let posts = source.trial.posts();
    for _ in 0..2 {
        // A copy that asks for more includes what the row asks for.
        let ended = source.run().await;
        assert_eq!(told(&ended), [CORRECTED, CORRECTED, CREATED]);
        assert_eq!(ended.exit_code(), 0);
        source.assert_ids_are_true(&ended);
        let (compared, lines) = reconcile(&source.trial).await;
        assert!(all_agree(&compared), "{lines:?}");
    }
    assert_eq!(source.trial.posts(), posts);
}

#[tokio::test]
async fn a_refused_row_is_not_sent_once_its_copy_has_another_key_and_person() {
    let mut source = Loop::new("T-1,anna@example.com,Erase\n").await;
    source
        .trial
        .sandbox
        .set_script("422".parse().expect("a script"));
    source.run().await;
    let corrected = source
        .rejects()
        .replace("T-1,anna@example.com", "T-9,bob@example.com");
    source.run_file("corrected.csv", &corrected).await;
    // It cannot be known whether the mark got into another row.
    let ended = source.run().await;
    assert_eq!(told(&ended), [ALREADY]);
    assert_eq!(ended.exit_code(), 1);
    assert_eq!(source.trial.created().len(), 1);
}

#[tokio::test]
async fn a_refused_row_without_key_columns_is_known_by_its_corrected_copy() {
    let mut source = Loop::new("T-1,anna@examlpe.example.com,Erase\n").await;
    source.trial.read.rules.key.clear();
    source
        .trial
        .sandbox
        .set_script("400".parse().expect("a script"));
    source.run().await;
    let corrected = source.rejects().replace("examlpe.", "");
    source.run_file("corrected.csv", &corrected).await;
    source.assert_closed(&[CORRECTED], &corrected).await;
    assert_eq!(source.trial.created().len(), 1);
}

#[tokio::test]
async fn a_copy_that_concord_refused_twice_is_corrected_in_the_rejects_of_the_rejects() {
    let mut source = Loop::new("T-1,anna@,Erase\n").await;
    source.run().await;
    let mark = SourceRow::marked_in(&source.rejects());
    for name in ["a", "b"] {
        source
            .trial
            .sandbox
            .set_script("400".parse().expect("a script"));
        let corrected = source.rejects().replace("anna@", &format!("{name}.anna@"));
        let corrected = corrected.replace("anna@,", "anna@example.com,");
        let ended = source.run_file("corrected.csv", corrected).await;
        assert_eq!(ended.results[0][0].outcome, "rejected");
        assert_eq!(SourceRow::marked_in(&source.rejects()), mark);
    }
    let corrected = source.rejects().replace("b.a.anna@", "anna@");
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 1);
    source.assert_closed(&[CORRECTED], &corrected).await;
}

/// Rows of which two could not be read whole.
const UNREAD: &str = "T-1,anna@example.com,Erase,Anna\nT-2,bob@example.com,Erase\n\
                      T-3,cy@example.com,Erase,Cy,extra,more\nT-4,dee@example.com,Erase,Dee\n";

async fn unread() -> Loop {
    let mut source = Loop::of(&format!("Ticket,Email,Wish,Note\n{UNREAD}")).await;
    let ended = source.run().await;
    assert_eq!(
        told(&ended),
        [
            CREATED,
            ["invalid", "too_few_cells"],
            ["invalid", "too_many_cells"],
            CREATED
        ]
    );
    source
}

#[tokio::test]
async fn a_row_that_could_not_be_read_is_known_by_its_corrected_copy() {
    let mut source = unread().await;
    let rejects = source.rejects();
    let corrected = rejects
        .replace("bob@example.com,Erase,,", "bob@example.com,Erase,Bob,")
        .replace("\"Cy,extra,more\"", "Cy");
    let ended = source.run_file("corrected.csv", &corrected).await;
    source.trial.assert_complete(&ended, 4);
    let expected = [CREATED, CORRECTED, CORRECTED, CREATED];
    source.assert_closed(&expected, &corrected).await;
    // The rejects as they were are solved as well.
    let ended = source.run_file("again.csv", &rejects).await;
    assert_eq!(told(&ended), [CORRECTED; 2]);
}

#[tokio::test]
async fn a_row_that_could_not_be_read_is_right_as_it_is_once_its_problem_is_cleared() {
    let mut source = unread().await;
    let cleared: Vec<_> = source
        .rejects()
        .lines()
        .map(|line| match line.split_once("not read: ") {
            Some((cells, _)) => cells.trim_end_matches('"').to_owned(),
            None => line.to_owned(),
        })
        .collect();
    let cleared = cleared.join("\n") + "\n";
    let ended = source.run_file("cleared.csv", &cleared).await;
    source.trial.assert_complete(&ended, 4);
    let expected = [CREATED, CORRECTED, CORRECTED, CREATED];
    source.assert_closed(&expected, &cleared).await;
}

#[tokio::test]
async fn another_row_that_cannot_be_sent_is_not_the_corrected_one() {
    let mut source = Loop::new("T-1,anna at example.com,Erase\n").await;
    source.run().await;
    let corrected = source.rejects().replace("anna at ", "anna@");
    let id = source.run_file("corrected.csv", &corrected).await.results[0][0]
        .id
        .clone();
    source.assert_closed(&[CORRECTED], &corrected).await;
    source.trial.read.inputs[0].path = source.source.clone();
    for (row, code) in [
        ("T-1,bob at example.org,Erase\n", "not_email"),
        ("T-1,,Zed\n", ""),
        ("T-1,anna at example.org,Erase\n", "not_email"),
    ] {
        source.trial.rewrite(&format!("{HEADER}{row}"));
        let ended = source.run().await;
        let result = &ended.results[0][0];
        assert_eq!(result.outcome, "invalid", "{row}");
        assert!(result.error_code.contains(code), "{result:?}");
        assert!(result.error.contains(&id), "{result:?}");
        assert!(
            result
                .error
                .contains("correct the row in the source as well"),
            "{result:?}"
        );
        assert_eq!(ended.exit_code(), 1);
        assert_eq!(source.trial.posts(), 1);
    }
    // The same person is known, whatever else is wrong.
    source
        .trial
        .rewrite(&format!("{HEADER}T-1,anna@example.com,Erase\n"));
    assert_eq!(told(&source.run().await), [CREATED]);
}

#[tokio::test]
async fn a_key_that_a_spreadsheet_has_changed_in_the_rejects_solves_the_row() {
    let mut source = Loop::new("00012,anna@,Erase\nT-2,bob@example.com,Erase\n").await;
    source.run().await;
    let corrected = source
        .rejects()
        .replace("00012,anna@", "12,anna@example.com");
    source.run_file("corrected.csv", &corrected).await;
    source
        .assert_closed(&[CORRECTED, CREATED], &corrected)
        .await;
}
