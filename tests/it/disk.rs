//! Disks that are full or may not be written, and ledgers that are damaged or another's: told clearly, nothing is
//! sent that the ledger could not remember, and the command after the repair goes on.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use axum::http::Method;
use concord_import::internals::plan::SANDBOX_API_KEY;
use concord_import::internals::sandbox::Sandbox;

use crate::cli::{JOB, Place, assert_each_once, code, server, stderr, stdout};
use crate::support::{csv, read_results};

const ROWS: usize = 300;
/// Somebody whom modes of files bind: to the superuser they say nothing.
const NOBODY: u32 = 65_534;

/// A folder with an input, its job, and a command that has its ledger in a folder of its own.
struct Disk {
    place: Place,
    server: Sandbox,
    args: Vec<String>,
    is_superuser: bool,
}

impl Disk {
    fn new() -> Self {
        let (place, server) = (Place::new(), server(|_| {}));
        let mut args = place.live(ROWS, &server);
        fs::create_dir(place.path("state")).expect("a folder");
        let ledger = place.path("state/ledger").display().to_string();
        args.extend(["--ledger".to_owned(), ledger]);
        Self {
            is_superuser: fs::metadata(place.path("")).expect("there").uid() == 0,
            place,
            server,
            args,
        }
    }

    fn ledger(&self) -> PathBuf {
        self.place.path("state/ledger")
    }

    /// Runs the command to its end.
    fn run(&self) -> Output {
        self.place.finish(&self.args)
    }

    /// The same with an option more.
    fn run_with(&self, more: &[&str]) -> Output {
        let more = more.iter().map(ToString::to_string);
        let args: Vec<_> = self.args.iter().cloned().chain(more).collect();
        self.place.finish(&args)
    }

    fn posts(&self) -> usize {
        let log = self.server.log();
        log.iter().filter(|one| one.method == Method::POST).count()
    }

    /// It fails with one of these codes and in these words, and nothing is sent.
    fn assert_refused(&self, output: &Output, codes: &[i32], words: &str) {
        let posts = self.posts();
        assert!(codes.contains(&code(output)), "exit code {}", code(output));
        let told = format!("{}{}", stdout(output), stderr(output));
        assert!(told.contains(words), "no `{words}` in: {told}");
        assert!(!told.contains("panicked"), "{told}");
        assert_eq!(self.posts(), posts);
    }

    /// Once the disk is in order, the same command ends with everything created once.
    fn assert_goes_on(&self) {
        let output = self.run();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_each_once(&self.server, ROWS);
        let rows = read_results(&self.place.path("concord-import-out/t"));
        assert!(rows.len() == ROWS && rows.iter().all(|row| row.outcome == "created"));
    }
}

#[test]
fn a_ledger_that_cannot_grow_stops_the_sending_and_loses_nothing() {
    let disk = Disk::new();
    // Writing beyond the limit fails instead of killing, since the signal is ignored. In blocks of 512 bytes, or 1,024.
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_concord-import")])
        .args(&disk.args)
        .current_dir(disk.place.path(""))
        .env("CONCORD_API_KEY", SANDBOX_API_KEY)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let told = stderr(&output);
    assert!(told.contains("ledger could not be written"), "{told}");
    let created = disk.server.requests().len();
    assert!((1..ROWS).contains(&created), "{created} created");
    disk.assert_goes_on();
    assert_eq!(disk.posts(), ROWS, "something was sent twice");
}

#[test]
fn a_check_whose_temporary_file_cannot_grow_says_so_and_ends() {
    let place = Place::new();
    fs::write(place.path("t.csv"), csv(20_000)).expect("written");
    fs::write(place.path("t.toml"), JOB).expect("written");
    let script = "trap '' XFSZ; ulimit -f 200; exec \"$0\" \"$@\"";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_concord-import")])
        .args(["check", "t.csv"])
        .current_dir(place.path(""))
        .output()
        .expect("it runs");
    assert_eq!(code(&output), 2, "{}", stdout(&output));
    let told = stderr(&output);
    assert!(
        told.contains("cannot keep track of repeated rows in a temporary file"),
        "{told}"
    );
    assert!(
        told.contains("hint: free space in the folder for temporary files"),
        "{told}"
    );
}

#[test]
fn results_that_cannot_grow_stop_the_sending_and_lose_nothing() {
    let disk = Disk::new();
    let out = disk.place.path("concord-import-out/t");
    fs::create_dir_all(&out).expect("a folder");
    // A device on which there is never any room.
    symlink("/dev/full", out.join("results.csv")).expect("a link");
    let output = disk.run();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let told = format!("{}{}", stdout(&output), stderr(&output));
    assert!(told.contains("results.csv cannot be written"), "{told}");
    assert!(disk.server.requests().len() < ROWS);
    disk.assert_goes_on();
    assert_eq!(disk.posts(), ROWS, "something was sent twice");
}

/// Gives a folder and all that is in it to somebody whom modes bind, and returns a command that he may run.
fn as_somebody(disk: &Disk) -> Command {
    fn give(path: &Path, uid: u32) {
        chown(path, Some(uid), Some(uid)).expect("it can be given away");
        if path.is_dir() {
            for entry in fs::read_dir(path).expect("listed") {
                give(&entry.expect("an entry").path(), uid);
            }
        }
    }
    let folder = disk.place.path("");
    let binary = Path::new(env!("CARGO_BIN_EXE_concord-import"));
    let mut command = if disk.is_superuser {
        // He may have no way to where it was built.
        let copy = disk.place.path("concord-import");
        if !copy.exists() {
            fs::copy(binary, &copy).expect("copied");
        }
        give(&folder, NOBODY);
        let mut command = Command::new(copy);
        command.uid(NOBODY).gid(NOBODY);
        command
    } else {
        Command::new(binary)
    };
    command
        .args(&disk.args)
        .current_dir(&folder)
        .env_clear()
        .env("HOME", disk.place.path("home"))
        .env("CONCORD_API_KEY", SANDBOX_API_KEY)
        .stdin(Stdio::null());
    command
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn a_ledger_that_may_not_be_written_is_told_and_nothing_is_sent() {
    let disk = Disk::new();
    let (folder, ledger) = (disk.place.path("state"), disk.ledger());
    let refused = |folder_mode: u32, ledger_mode: u32| {
        let mut command = as_somebody(&disk);
        let before = disk.posts();
        if ledger.exists() {
            set_mode(&ledger, ledger_mode);
        }
        set_mode(&folder, folder_mode);
        let output = command.output().expect("it runs");
        set_mode(&folder, 0o700);
        if ledger.exists() {
            set_mode(&ledger, 0o600);
        }
        disk.assert_refused(&output, &[2, 3], &ledger.display().to_string());
        assert_eq!(disk.posts(), before, "{folder_mode:o}, {ledger_mode:o}");
    };
    refused(0o500, 0o600);
    let some = as_somebody(&disk).args(["--limit", "100"]).output();
    assert_eq!(code(&some.expect("it runs")), 1);
    assert_eq!(disk.posts(), 100);
    refused(0o700, 0o400);
    refused(0o500, 0o600);
    refused(0o500, 0o400);
    disk.assert_goes_on();
    assert_eq!(disk.posts(), ROWS, "something was sent twice");
}

/// What is done to the bytes of a ledger, and how that is called.
type Damage = (&'static str, fn(&mut Vec<u8>));

#[test]
fn a_damaged_ledger_is_told_nothing_is_sent_and_the_whole_one_goes_on() {
    let damages: [Damage; 4] = [
        ("cut off in the middle", |bytes| {
            bytes.truncate(bytes.len() / 2);
        }),
        ("cut off within a page", |bytes| {
            bytes.truncate(bytes.len() / 3 + 1_000);
        }),
        ("garbage in the middle", |bytes| {
            let middle = bytes.len() / 4..bytes.len() * 3 / 4;
            let mut garbage = fastrand::Rng::with_seed(1);
            bytes[middle].fill_with(|| garbage.u8(..));
        }),
        ("zeros in the middle", |bytes| {
            let middle = bytes.len() / 4..bytes.len() * 3 / 4;
            bytes[middle].fill(0);
        }),
    ];
    let disk = Disk::new();
    assert_eq!(code(&disk.run_with(&["--limit", "200"])), 1);
    assert_eq!(disk.posts(), 200);
    let whole = fs::read(disk.ledger()).expect("a ledger");
    assert!(whole.len() > 40_000, "too small to have a middle");
    for (what, damage) in damages {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        fs::write(disk.ledger(), bytes).expect("written");
        let output = disk.run();
        disk.assert_refused(&output, &[2, 3], "ledger");
        assert_eq!(disk.posts(), 200, "{what}");
    }
    for suffix in ["-wal", "-shm"] {
        let mut name = disk.ledger().into_os_string();
        name.push(suffix);
        drop(fs::remove_file(name));
    }
    fs::write(disk.ledger(), whole).expect("written");
    disk.assert_goes_on();
    assert_eq!(disk.posts(), ROWS, "something was sent twice");
}

#[test]
fn a_ledger_of_another_project_and_a_file_that_is_none_are_refused_and_left_as_they_are() {
    let disk = Disk::new();
    let other = ["--project", "6f1c0d3b-0000-4000-8000-5a3b1e00000f"];
    // The server does not know that project; the ledger is bound to it all the same.
    let args = disk.args.iter().map(String::as_str);
    let at = disk
        .args
        .iter()
        .position(|arg| arg == "--project")
        .expect("named");
    let elsewhere: Vec<String> = args
        .enumerate()
        .map(|(n, arg)| if n == at + 1 { other[1] } else { arg }.to_owned())
        .collect();
    assert_eq!(code(&disk.place.finish(&elsewhere)), 3);
    let posts = disk.posts();
    let bound = fs::read(disk.ledger()).expect("a ledger");
    disk.assert_refused(
        &disk.run(),
        &[2],
        "belongs to project 6f1c0d3b-0000-4000-8000-5a3b1e00000f",
    );
    assert_eq!(fs::read(disk.ledger()).expect("a ledger"), bound);

    let text = "Ticket,Email\n".repeat(1_000);
    fs::write(disk.ledger(), &text).expect("written");
    disk.assert_refused(&disk.run(), &[2], "is not a ledger of concord-import");
    assert_eq!(fs::read_to_string(disk.ledger()).expect("there"), text);

    assert_eq!(disk.posts(), posts, "something was sent");
    fs::remove_file(disk.ledger()).expect("it goes");
    disk.assert_goes_on();
}
