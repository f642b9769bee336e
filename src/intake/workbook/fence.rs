//! The parent's side of the fence: starts the process that takes a workbook apart, hands it the bytes, reads what it says.
//!
//! Whatever becomes of the child (a panic, too much memory or time, a signal, an answer that is cut off) ends as an
//! error with a hint. The child has no environment, is handed nothing but the workbook, and ends with its reader.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use super::limits::{MEMORY_BYTES_MAX, WORKBOOK_BYTES_MAX};
use super::said::{Asked, COMMAND, Failed};
use super::{Broken, Kind, SAVE_AS_CSV};
use crate::intake::source::{Meter, Source, Window};
use crate::numbers::grouped;

const CHUNK_BYTES: usize = 64 * 1024;

/// A window over what a child says of the workbook; measured are the workbook's own bytes.
pub(super) fn open(
    program: Option<&Path>,
    mut source: Box<dyn Source>,
    kind: Kind,
    sheet: Option<String>,
) -> io::Result<Window> {
    let bytes = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    if bytes > WORKBOOK_BYTES_MAX {
        return Err(broken(
            format!(
                "is a workbook of {} bytes, more than the {} that are read",
                grouped(bytes),
                grouped(WORKBOOK_BYTES_MAX)
            ),
            SAVE_AS_CSV,
        ));
    }
    let asked = Asked { kind, bytes, sheet };
    let mut child = start(program).map_err(|error| {
        broken(
            format!(
                "is an {kind}, and the process that takes workbooks apart does not start ({error})"
            ),
            SAVE_AS_CSV,
        )
    })?;
    let meter = Meter::default();
    let handed = hand_over(&mut child, &asked, &mut meter.over(&mut source));
    let out = child.stdout.take();
    let said = SaidByChild { child, out };
    handed?;
    Ok(Window::of(Box::new(said), meter))
}

fn start(program: Option<&Path>) -> io::Result<Child> {
    let program = program.ok_or(io::ErrorKind::NotFound)?;
    let mut command = Command::new(program);
    command
        .arg(COMMAND)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    // An interrupt from the keyboard is for us: we end the child when we need no more of it.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.spawn()
}

/// Gives the child all there is. It says nothing before it has everything, so neither waits for the other. One that
/// ends early is not believed for that: what it said, or how it ended, is read next.
fn hand_over(child: &mut Child, asked: &Asked, source: &mut dyn Read) -> io::Result<()> {
    let mut stdin = child.stdin.take();
    let mut line = serde_json::to_vec(asked)?;
    line.push(b'\n');
    let mut hand = |bytes: &[u8]| {
        if stdin
            .as_mut()
            .is_some_and(|stdin| stdin.write_all(bytes).is_err())
        {
            stdin = None;
        }
    };
    hand(&line);
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        match source.read(&mut chunk) {
            Ok(0) => return Ok(()),
            Ok(count) => hand(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the child says, and how it ended.
struct SaidByChild {
    child: Child,
    out: Option<ChildStdout>,
}

impl Read for SaidByChild {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(out) = &mut self.out else {
            return Ok(0);
        };
        let count = out.read(into)?;
        if count > 0 || into.is_empty() {
            return Ok(count);
        }
        let status = self.child.wait()?;
        if !status.success() {
            return Err(ended(status));
        }
        self.out = None;
        Ok(0)
    }
}

impl Drop for SaidByChild {
    fn drop(&mut self) {
        // One that has ended already cannot be killed, and has been waited for.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

/// The signals of too much time and of an end from outside, by their numbers on Linux and macOS.
const SIGXCPU: i32 = 24;
const SIGKILL: i32 = 9;

/// Why a child ended without having said so.
fn ended(status: ExitStatus) -> io::Error {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = status.code().and(None::<i32>); // there are none
    broken(
        match signal {
            Some(SIGXCPU) => "is a workbook that takes too long to read for its size".to_owned(),
            Some(SIGKILL) => "is a workbook whose reading was ended by the system".to_owned(),
            Some(_) => format!(
                "is a workbook that needs more memory than the {} bytes that are allowed, or is damaged",
                grouped(MEMORY_BYTES_MAX)
            ),
            None => "is a damaged workbook".to_owned(),
        },
        SAVE_AS_CSV,
    )
}

fn broken(what: impl Into<String>, hint: &str) -> io::Error {
    io::Error::other(Broken(Failed::new(what, hint)))
}
