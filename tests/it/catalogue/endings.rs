//! What ends a command.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use concord_import::internals::cli::catalogue::{Ending, endings};
use rusqlite::Connection;

use super::imports::{Import, Killed, ledger_path, sandbox};
use crate::cli::{signal, stderr, wait_for};

/// One of every error that can end a command.
pub(super) fn read_aloud() -> String {
    let mut chapter = String::new();
    for ending in endings() {
        let Ending {
            kind,
            message,
            hint,
            exit_code,
            says: [place, found, wanted],
        } = ending;
        let title = format!("{kind}, exit {exit_code}");
        let hint = hint.unwrap_or_else(|| panic!("{title}: `{message}` has no hint"));
        assert!([2, 3, 130, 143].contains(&exit_code), "{title}: {message}");
        for said in [&message, &hint] {
            assert_sentence(&title, said);
        }
        assert_ne!(message, hint, "{title}");
        let all = format!("error: {message}\nhint: {hint}\n");
        assert!(
            all.contains(place),
            "{title} does not say where, {place}: {all}"
        );
        assert!(
            !found.is_empty() && message.contains(found),
            "{title} does not say what was found, {found}: {all}"
        );
        assert!(
            !wanted.is_empty() && all.contains(wanted),
            "{title} does not say what would be right, {wanted}: {all}"
        );
        chapter += &format!("## {title}\n{all}\n");
    }
    chapter + &interrupted_twice() + &forgetful_ledger()
}

/// What a run says on each of two interrupts.
fn interrupted_twice() -> String {
    let sandbox = sandbox("hang");
    let import = Import::into_sandbox(&sandbox);
    let mut run = import.command(&["run", "t.csv", "--yes", "--timeout", "5m"]);
    let run = run.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut run = Killed(run.expect("it starts"));
    wait_for(&sandbox, 2); // the look at the project, and a creation
    let mut said = BufReader::new(run.0.stderr.take().expect("piped")).lines();
    let mut hear = |wanted: &str| {
        signal(&run.0, "INT");
        let mut lines = said.by_ref().map(|line| line.expect("text"));
        let heard = lines.find(|line| line.starts_with("interrupted"));
        let heard = heard.unwrap_or_else(|| panic!("`{wanted}` is not told"));
        assert!(heard.contains(wanted), "`{wanted}` is not told: {heard}");
        heard
    };
    let first = hear("once more ends at once");
    let second = hear("run the same command again");
    assert_eq!(run.0.wait().expect("it ends").code(), Some(130));
    format!("## interrupted\n{first}\n\n## interrupted again, exit 130\n{second}\n\n")
}

/// A ledger that has lost an entry, though all of its pages fit together.
fn forgetful_ledger() -> String {
    const INDEX: &str = "sqlite_autoindex_entries_1";
    let sandbox = sandbox("");
    let import = Import::into_sandbox(&sandbox);
    import.run();
    let ledger = ledger_path();
    let change = |statements: &str| {
        let ledger = Connection::open(import.place.path(&ledger)).expect("a ledger");
        let changed = ledger.execute_batch(statements);
        changed.unwrap_or_else(|error| panic!("{statements}: {error}"));
    };
    // Without its index for as long as it takes to lose the entry.
    change(&format!(
        "CREATE TABLE aside AS SELECT * FROM sqlite_schema WHERE name IN ('entries', '{INDEX}');
         PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE name = '{INDEX}';
         UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY', '') WHERE name = 'entries';"
    ));
    change("DELETE FROM entries WHERE rowid = 2;");
    change(&format!(
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = (SELECT sql FROM aside WHERE name = 'entries') WHERE name = 'entries';
         INSERT INTO sqlite_schema SELECT type, name, tbl_name, rootpage, sql FROM aside WHERE name = '{INDEX}';"
    ));
    change("DROP TABLE aside;");
    let output = import.command(&["run", "t.csv", "--yes"]).output();
    let told = stderr(&output.expect("it runs"));
    let folder = import.place.path("").display().to_string();
    let told = told.replace(&folder, "…/");
    for part in [
        &*ledger,
        "wrong # of entries in index",
        "put a backup in its place",
    ] {
        assert!(told.contains(part), "`{part}` is not told: {told}");
    }
    format!("## a ledger that has lost an entry\n{told}\n")
}

fn assert_sentence(title: &str, said: &str) {
    assert!(!said.trim().is_empty(), "{title}");
    assert!(!said.ends_with(['.', '!', ' ']), "{title}: `{said}`");
    let begin = said.chars().next().unwrap_or_default();
    assert!(
        !begin.is_uppercase() || said.starts_with("Concord"),
        "{title}: `{said}`"
    );
}
