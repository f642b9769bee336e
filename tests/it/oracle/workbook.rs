//! Workbooks, taken apart in this process, and whatever a process that takes them apart could say.

use std::cell::Cell;
use std::io::Cursor;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use concord_import::internals::intake::{
    BookKind, Intake, IntakeError, RowReading, Shape, workbook as book,
};
use concord_import::internals::plan::Reading;

use super::packing::zip;
use super::pick;
use super::told::{Pieces, any_plan, drained, shown};

/// Stands before the name of a part, which ends with its line.
const PART: &[u8] = b"\n--part ";
const SIZES: [&[usize]; 3] = [&[1, 900], &[64, 3], &[5000]];

/// The first byte tells what the rest is: what is said of a workbook, a workbook, or the parts of one.
pub(crate) fn workbook(data: &[u8]) {
    let Some((&what, bytes)) = data.split_first() else {
        return;
    };
    match what % 8 {
        0 => drop(heard(bytes, what)),
        1 => said(BookKind::Xlsx, bytes.to_vec(), what),
        2 => said(BookKind::Ods, bytes.to_vec(), what),
        3 => said(BookKind::Xls, bytes.to_vec(), what),
        4 | 5 => said(BookKind::Xlsx, packed(bytes), what),
        _ => said(BookKind::Ods, packed(bytes), what),
    }
}

/// An archive of parts that stand one behind the other.
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(PART.len()).position(|found| found == PART);
        let part = &rest[..end.unwrap_or(rest.len())];
        rest = end.map_or(&[], |end| &rest[end + PART.len()..]);
        let line = part.iter().position(|byte| *byte == b'\n');
        let (name, body) = part.split_at(line.unwrap_or(part.len()));
        // A name's size is written in two bytes.
        if let Ok(name) = str::from_utf8(name)
            && u16::try_from(name.len()).is_ok()
        {
            parts.push((name, body.get(1..).unwrap_or_default()));
        }
    }
    zip(&parts, false)
}

thread_local! {
    static IS_FENCED: Cell<bool> = const { Cell::new(false) };
}

/// Does what may panic where the fence stands around it: `None` if it did, in code that is not this program's.
fn fenced<T>(does: impl FnOnce() -> T + panic::UnwindSafe) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !(IS_FENCED.get() && is_foreign(info)) {
                IS_FENCED.set(false);
                before(info);
            }
        }));
    });
    IS_FENCED.set(true);
    let done = panic::catch_unwind(does);
    let was_fenced = IS_FENCED.replace(false);
    match done {
        Ok(done) => Some(done),
        Err(_) if was_fenced => None,
        Err(panicked) => panic::resume_unwind(panicked),
    }
}

fn is_foreign(info: &PanicHookInfo<'_>) -> bool {
    info.location()
        .is_some_and(|place| !place.file().contains("src/intake"))
}

/// A workbook is said to its end or to a reason why not, and what is said is believed.
fn said(kind: BookKind, bytes: Vec<u8>, sizes: u8) {
    let said = match kind {
        // By a crate that panics on what is damaged.
        BookKind::Xls => fenced(|| book::said_of(kind, bytes)),
        _ => Some(book::said_of(kind, bytes)),
    };
    let Some(Ok(said)) = said else {
        return;
    };
    let last = said.strip_suffix(b"\n").expect("it ends with a line");
    let last = last.rsplit(|byte| *byte == b'\n').next();
    let is_whole = last == Some(b"\"End\"");
    assert!(is_whole || last.is_some_and(|last| last.starts_with(b"{\"Failed\":")));
    match heard(&said, sizes) {
        Ok(_) => assert!(is_whole, "why it was not said to its end is told"),
        // Among the first rows it is told before anything is made of them.
        Err(error) if !is_whole && said.len() < 5_000 => {
            assert!(matches!(error, IntakeError::Workbook { .. }), "{error}");
        }
        Err(IntakeError::Workbook { what, .. }) if kind != BookKind::Xls => {
            assert!(
                !(is_whole && what == "is a damaged workbook"),
                "what is said is believed"
            );
        }
        Err(_) => {}
    }
}

/// Whatever is said ends as rows in order or as an error, and the same however the reads are cut.
fn heard(said: &[u8], sizes: u8) -> Result<(Vec<RowReading>, Shape), IntakeError> {
    let plan = any_plan(&Reading::default());
    let heard = Intake::of_said(&plan, Cursor::new(said.to_vec())).and_then(drained);
    let sizes = pick(&SIZES, sizes / 8);
    let pieces = Pieces::new(Cursor::new(said.to_vec()), sizes.to_vec());
    let cut = Intake::of_said(&plan, pieces).and_then(drained);
    match (&heard, &cut) {
        (Ok((rows, shape)), Ok((of_pieces, shape_of_pieces))) => {
            assert_eq!(shape, shape_of_pieces);
            assert!(rows.iter().map(shown).eq(of_pieces.iter().map(shown)));
            let lines = rows.iter().map(|row| row.position.line);
            assert!(lines.is_sorted_by(|before, after| before < after));
            with_a_used_column(said, shape, rows.len());
        }
        (Err(error), Err(_)) => assert!(!error.to_string().is_empty()),
        _ => panic!("only cut in one way is it read"),
    }
    heard
}

/// What is wrong with the cells of a column that rules ask for is told of their rows, of which none is lost.
fn with_a_used_column(said: &[u8], shape: &Shape, rows: usize) {
    let mut plan = any_plan(&Reading::default());
    plan.rules.key = shape.columns.first().cloned().into_iter().collect();
    // The same name may stand above several columns.
    if let Ok((read, _)) = Intake::of_said(&plan, Cursor::new(said.to_vec())).and_then(drained) {
        assert_eq!(read.len(), rows);
    }
}
