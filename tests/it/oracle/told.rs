//! What an input was read as, in a form that two readings can be compared by.

use std::cell::RefCell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use concord_import::internals::entry::Field;
use concord_import::internals::intake::{Intake, IntakeError, Item, RowReading, Seen, Shape, rows};
use concord_import::internals::plan::{Input, Literal, Mark, ReadPlan, Reading, Rule, Rules};
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use uuid::Uuid;

/// What `rows` made of an input.
#[derive(Debug, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the rows of its rows are rows")]
pub(crate) struct Rows {
    /// As it was written.
    pub(crate) text: Vec<u8>,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// Line and code of each row set aside.
    pub(crate) refused: Vec<(u64, &'static str)>,
}

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a file"));
}

/// The rows of some bytes. What holds of all of them is checked on the way.
pub(crate) fn rows_of(reading: &Reading, bytes: &[u8]) -> Result<Rows, IntakeError> {
    let mut text = Vec::new();
    let mut refused = Vec::new();
    let digest = FILE.with_borrow(|file| {
        std::fs::write(file.path(), bytes).expect("a file writes");
        let input = Input {
            name: "input".to_owned(),
            path: file.path().to_owned(),
        };
        rows(&input, reading, &mut text, &mut |_| {}, &mut |problem| {
            assert!(!problem.message.is_empty() && problem.position.line > 0);
            refused.push((problem.position.line, problem.code.as_str()));
        })
    })?;
    assert_eq!(digest.bytes, bytes.len() as u64, "all of it was read");
    let sha256 = Sha256::digest(bytes);
    let sha256 = sha256
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    assert_eq!(digest.sha256, sha256);
    assert!(
        std::str::from_utf8(&text).is_ok(),
        "what is written is UTF-8"
    );
    let mut records = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_slice())
        .into_records()
        .map(|record| record.expect("each has as many cells as the header"))
        .map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>());
    let columns = records.next().unwrap_or_default();
    let rows = records.collect();
    Ok(Rows {
        text,
        columns,
        rows,
        refused,
    })
}

/// Rules that any input fits: every row that is not blank asks for the same.
pub(crate) fn any_plan(reading: &Reading) -> ReadPlan {
    let fixed = |text: &str| Rule::Value(Literal::Text(text.to_owned()));
    ReadPlan {
        inputs: vec![Input {
            name: "input".to_owned(),
            path: std::path::PathBuf::new(),
        }],
        reading: reading.clone(),
        rules: Rules {
            near_keys: concord_import::internals::identity::NearKeys::default(),
            key: Vec::new(),
            region: None,
            filters: Vec::new(),
            received: None,
            fields: vec![
                (Field::Request, fixed("view")),
                (Field::UserEmail, fixed("ann@example.com")),
                (Field::Preverified, Rule::Value(Literal::Bool(true))),
            ],
            mark: Mark::None,
        },
        project: Uuid::from_u128(0x5eed),
    }
}

/// Every row of an intake, and how the input was understood.
pub(crate) fn drained(mut intake: Intake) -> Result<(Vec<RowReading>, Shape), IntakeError> {
    let mut seen = Seen::new();
    let mut all = Vec::new();
    loop {
        let batch = intake.next_batch(&mut seen, 7)?;
        if batch.is_empty() {
            assert!(intake.digest().is_some(), "the end has been reached");
            return Ok((all, intake.shape().clone()));
        }
        all.extend(batch);
    }
}

/// Every row of some bytes by a plan.
pub(crate) fn readings_of(
    plan: &ReadPlan,
    bytes: &[u8],
) -> Result<(Vec<RowReading>, Shape), IntakeError> {
    drained(Intake::from_reader(
        plan,
        0,
        true,
        Cursor::new(bytes.to_vec()),
    )?)
}

/// The problems of a row that was refused.
pub(crate) fn codes(row: &RowReading) -> Option<Vec<(u64, &'static str)>> {
    match row.items.first() {
        Some(Item::Invalid { problems, .. }) => Some(
            problems
                .iter()
                .map(|problem| (problem.position.line, problem.code.as_str()))
                .collect(),
        ),
        _ => None,
    }
}

/// All that there is to a row.
pub(crate) fn shown(row: &RowReading) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{:?} {:?}", row.position, row.warnings);
    if let Some(record) = &row.record {
        write!(text, " {:?} {}", record.kind, record.raw.escape_ascii()).expect("memory writes");
    }
    for item in &row.items {
        write!(text, " {item:?}").expect("memory writes");
        if let Item::Entry(entry) | Item::Repeat { entry, .. } = item {
            // In debug a body hides its values.
            text += &serde_json::to_string(&entry.body).expect("a body serialises");
        }
    }
    text
}

/// Gives out bytes in pieces of the given sizes, over and over.
pub(crate) struct Pieces {
    bytes: Cursor<Vec<u8>>,
    sizes: Vec<usize>,
    next: usize,
}

impl Pieces {
    pub(crate) fn new(bytes: Cursor<Vec<u8>>, sizes: Vec<usize>) -> Self {
        Self {
            bytes,
            sizes,
            next: 0,
        }
    }
}

impl Seek for Pieces {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.next % self.sizes.len()].min(into.len());
        self.next += 1;
        if self.next.is_multiple_of(5) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        self.bytes.read(&mut into[..size])
    }
}
