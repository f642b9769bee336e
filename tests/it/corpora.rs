//! Measures reading over folders of files with known answers that are not part of this repository:
//!
//! ```sh
//! CONCORD_CORPORA=… cargo test --test it corpora:: -- --ignored --nocapture
//! ```
//! The folder holds `suites/csv-spectrum` (exact answers), `roles/` (spreadsheets with the role of each line) and
//! `pollock_polluted_crlf.tar.xz` (polluted files with clean ones beside them). Each set is split by a hash of the
//! file's name, so that rules made while looking at one half are measured on the other.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use concord_import::internals::intake::{Shape, rows};
use concord_import::internals::plan::{Input, Reading};
use sha2::{Digest, Sha256};

const LEFT_OUT: &str = "CONCORD_CORPORA names no folder";
/// Its answer in csv-spectrum has another telephone number than the file.
const WRONG_ANSWER: &str = "location_coordinates";
/// What `rows` tells of a record that is set aside for certain.
const ASIDE: [&str; 3] = ["note", "total", "header_again"];

/// What `rows` makes of a file.
struct Read {
    records: Vec<Vec<String>>,
    shape: Option<Shape>,
    /// Line and code.
    refused: Vec<(u64, &'static str)>,
    error: Option<String>,
}

fn read(path: &Path) -> Read {
    let input = Input {
        name: "input".to_owned(),
        path: path.to_owned(),
    };
    let (mut out, mut shape, mut refused) = (Vec::new(), None, Vec::new());
    let result = rows(
        &input,
        &Reading::default(),
        &mut out,
        &mut |found| shape = Some(found.clone()),
        &mut |problem| refused.push((problem.position.line, problem.code.as_str())),
    );
    Read {
        records: if result.is_ok() {
            records(&out)
        } else {
            Vec::new()
        },
        shape,
        refused,
        error: result.err().map(|error| error.to_string()),
    }
}

fn records(bytes: &[u8]) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
        .byte_records()
        .map(|record| {
            let record = record.expect("memory reads");
            record
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
                .collect()
        })
        .collect()
}

/// The half of a set that a file is in: 0 was looked at while rules were made, 1 was not.
fn half(name: &str) -> usize {
    usize::from(Sha256::digest(name.as_bytes())[0] % 2)
}

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CONCORD_CORPORA").expect(LEFT_OUT))
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem()
        .expect("it has a name")
        .to_string_lossy()
        .into_owned()
}

pub(crate) fn tell(text: &str) {
    std::io::stderr()
        .write_all(text.as_bytes())
        .expect("the terminal is there");
}

#[test]
#[ignore = "measures the folder named by CONCORD_CORPORA"]
fn csv_spectrum_is_read_exactly() {
    let folder = folder().join("suites/csv-spectrum");
    let mut wrong = Vec::new();
    let all = files(&folder.join("csvs"), "csv");
    for path in &all {
        let answer = fs::read(folder.join("json").join(stem(path)).with_extension("json"))
            .expect("an answer");
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
        let answer = if answer.is_array() {
            answer
        } else {
            [answer].into_iter().collect()
        };
        let answer: Vec<BTreeMap<String, String>> =
            serde_json::from_value(answer).expect("objects of texts");
        let read = read(path);
        let mut found = read.records.iter();
        let names = found.next().cloned().unwrap_or_default();
        let found: Vec<BTreeMap<String, String>> = found
            .map(|record| names.iter().cloned().zip(record.iter().cloned()).collect())
            .collect();
        let trimmed = |rows: &[BTreeMap<String, String>]| -> Vec<BTreeMap<String, String>> {
            let row = |row: &BTreeMap<String, String>| {
                row.iter()
                    .map(|(name, value)| {
                        (
                            name.trim().to_owned(),
                            value.replace("\r\n", "\n").trim().to_owned(),
                        )
                    })
                    .collect()
            };
            rows.iter().map(row).collect()
        };
        if stem(path) != WRONG_ANSWER && trimmed(&found) != trimmed(&answer) {
            wrong.push(format!(
                "{}: {:?}",
                stem(path),
                read.error
                    .or(read.refused.first().map(|refused| format!("{refused:?}")))
            ));
        }
    }
    tell(&format!(
        "csv-spectrum: {} of {} exact, {WRONG_ANSWER} left out\n",
        all.len() - 1 - wrong.len(),
        all.len() - 1
    ));
    assert_eq!(wrong, Vec::<String>::new());
}

#[derive(Default)]
struct Roles {
    files: usize,
    header_right: usize,
    header_begins_right: usize,
    refused: usize,
    header_wrong: usize,
    totals: usize,
    totals_out: usize,
    notes: usize,
    notes_out: usize,
    data: usize,
    data_aside: usize,
    data_problem: usize,
    /// How many rows of data were not taken for one, by what was told of them.
    data_codes: BTreeMap<String, usize>,
}

#[test]
#[ignore = "measures the folder named by CONCORD_CORPORA"]
fn roles_of_lines_are_told_apart() {
    let mut halves = [Roles::default(), Roles::default()];
    let mut details = [String::new(), String::new()];
    for path in files(&folder().join("roles"), "csv") {
        let roles = fs::read(path.with_extension("roles.json")).expect("roles");
        let roles: serde_json::Value = serde_json::from_slice(&roles).expect("JSON");
        let roles: Vec<&str> = roles["line_annotation"]
            .as_array()
            .expect("a role for each record")
            .iter()
            .filter_map(serde_json::Value::as_str)
            .collect();
        let half = half(&stem(&path));
        measure_roles(&path, &roles, &mut halves[half], &mut details[half]);
    }
    for (name, half) in ["looked at", "not looked at"].into_iter().zip(halves) {
        let share = |part: usize, whole: usize| {
            100.0 * f64::from(u32::try_from(part).unwrap_or(0))
                / f64::from(u32::try_from(whole.max(1)).unwrap_or(1))
        };
        tell(&format!(
            "roles, {name}: {} files, header right {} or {:.1} % (from its first line {:.1} %), refused {}, wrong {}; \
             totals kept out {:.1} % of {}, notes {:.1} % of {}, both {:.1} %; data set aside {} and refused {} of {}: {:?}\n",
            half.files,
            half.header_right,
            share(half.header_right, half.files),
            share(half.header_begins_right, half.files),
            half.refused,
            half.header_wrong,
            share(half.totals_out, half.totals),
            half.totals,
            share(half.notes_out, half.notes),
            half.notes,
            share(half.totals_out + half.notes_out, half.totals + half.notes),
            half.data_aside,
            half.data_problem,
            half.data,
            half.data_codes,
        ));
    }
    if std::env::var_os("CONCORD_CORPORA_DETAILS").is_some() {
        tell(&details[0]);
    }
}

/// The line on which each record begins, and the cells of each.
fn lines_and_cells(path: &Path) -> (Vec<u64>, Vec<Vec<String>>) {
    let bytes = fs::read(path).expect("it can be read");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes.as_slice());
    let mut lines = Vec::new();
    let mut texts = Vec::new();
    for record in reader.byte_records() {
        let record = record.expect("memory reads");
        let at = usize::try_from(record.position().map_or(0, csv::Position::byte)).unwrap_or(0);
        // The reader leaves the LF of a CR LF to the next record.
        let before = &bytes[..at + usize::from(bytes.get(at) == Some(&b'\n'))];
        let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
        lines.push(line);
        texts.push(
            record
                .iter()
                .map(|cell| String::from_utf8_lossy(cell).trim().to_owned())
                .collect::<Vec<_>>(),
        );
    }
    (lines, texts)
}

#[expect(clippy::too_many_lines, reason = "the report from top to bottom")]
fn measure_roles(path: &Path, roles: &[&str], sums: &mut Roles, details: &mut String) {
    let (lines, texts) = lines_and_cells(path);
    // The reader skips lines without a byte; none of these files has one.
    assert_eq!(lines.len(), roles.len(), "{}", path.display());
    let name = stem(path);
    sums.files += 1;
    let read = read(path);
    let (Some(shape), None) = (&read.shape, &read.error) else {
        sums.refused += 1;
        writeln!(details, "{name}: {}", read.error.unwrap_or_default()).expect("memory writes");
        return;
    };
    let rows_from = shape.header_line + shape.header_lines;
    let header: Vec<u64> = roles
        .iter()
        .zip(&lines)
        .filter(|(role, _)| **role == "header")
        .map(|(_, line)| *line)
        .collect();
    let first_row = roles
        .iter()
        .position(|role| ["data", "derived"].contains(role))
        .map_or(u64::MAX, |index| lines[index]);
    let last = header
        .iter()
        .rfind(|line| **line < first_row)
        .copied()
        .unwrap_or(0);
    let own_last = lines
        .iter()
        .rfind(|line| **line < rows_from)
        .copied()
        .unwrap_or(0);
    let is_right = own_last == last && header.contains(&shape.header_line);
    sums.header_right += usize::from(is_right);
    sums.header_begins_right += usize::from(is_right && header.first() == Some(&shape.header_line));
    if !is_right {
        sums.header_wrong += 1;
        writeln!(
            details,
            "{name}: header on {}+{} and not {header:?}",
            shape.header_line, shape.header_lines
        )
        .expect("memory writes");
    }
    let refused: BTreeMap<u64, &str> = read.refused.iter().copied().collect();
    for ((role, line), cells) in roles.iter().zip(&lines).zip(&texts) {
        if *line < first_row || cells.iter().all(String::is_empty) {
            continue;
        }
        let code = refused.get(line);
        let is_out = code.is_some() || *line < rows_from;
        match *role {
            "derived" => {
                sums.totals += 1;
                sums.totals_out += usize::from(is_out);
            }
            "notes" => {
                sums.notes += 1;
                sums.notes_out += usize::from(is_out);
            }
            "data" => {
                sums.data += 1;
                sums.data_aside +=
                    usize::from(code.is_some_and(|code| ASIDE.contains(code)) || *line < rows_from);
                sums.data_problem += usize::from(code.is_some_and(|code| !ASIDE.contains(code)));
                if is_out {
                    let code = code.copied().unwrap_or("in_header");
                    *sums.data_codes.entry(code.to_owned()).or_default() += 1;
                }
            }
            _ => {}
        }
        let should_be_out = match *role {
            "notes" | "derived" => true,
            "data" => false,
            _ => continue,
        };
        if is_out != should_be_out {
            writeln!(
                details,
                "{name}: line {line} is {role}, {code:?}: {}",
                cells.join("|").chars().take(90).collect::<String>()
            )
            .expect("memory writes");
        }
    }
}

#[test]
#[ignore = "measures the folder named by CONCORD_CORPORA"]
#[expect(clippy::too_many_lines, reason = "the report from top to bottom")]
fn polluted_files_are_right_or_refused() {
    let unpacked = tempfile::tempdir().expect("a folder");
    let archive = folder().join("pollock_polluted_crlf.tar.xz");
    let tar = Command::new("tar")
        .arg("-xJf")
        .arg(&archive)
        .arg("-C")
        .arg(unpacked.path())
        .status();
    assert!(tar.expect("tar is there").success(), "the archive is whole");
    let clean = unpacked.path().join("polluted_files/clean");
    let mut counts = [[0_usize; 3]; 2];
    let mut wrong = [Vec::new(), Vec::new()];
    let mut refused_whole = BTreeMap::<String, usize>::new();
    for path in files(&unpacked.path().join("polluted_files_crlf/csv"), "csv") {
        let half = half(&stem(&path));
        let answer = records(
            &fs::read(clean.join(stem(&path)).with_extension("csv")).expect("a clean file"),
        );
        let read = read(&path);
        let told = read.error.is_some() || !read.refused.is_empty();
        if let Some(error) = &read.error {
            let name: String = stem(&path)
                .chars()
                .filter(|c| !c.is_ascii_digit())
                .collect();
            *refused_whole
                .entry(format!(
                    "{name}: {}",
                    error.chars().take(90).collect::<String>()
                ))
                .or_default() += 1;
        }
        let one_space = |row: &Vec<String>| -> Vec<String> {
            row.iter()
                .map(|cell| cell.split_whitespace().collect::<Vec<_>>().join(" "))
                .collect()
        };
        let answer: Vec<_> = answer.iter().map(one_space).collect();
        let found: Vec<_> = read.records.iter().map(one_space).collect();
        let known: BTreeSet<_> = answer.iter().skip(1).collect();
        let strange = found.iter().skip(1).find(|row| !known.contains(row));
        let outcome = if found == answer {
            0
        } else if told && strange.is_none() {
            1
        } else {
            wrong[half].push(format!(
                "{} ({} of {} records; {:?})",
                stem(&path),
                found.len(),
                answer.len(),
                strange.map(|row| row.join("|").chars().take(120).collect::<String>())
            ));
            2
        };
        counts[half][outcome] += 1;
    }
    for ((name, counts), wrong) in ["looked at", "not looked at"]
        .into_iter()
        .zip(counts)
        .zip(&wrong)
    {
        let [right, refused, silently] = counts;
        tell(&format!(
            "polluted, {name}: right {right}, refused by line or file {refused}, silently wrong {silently}\n"
        ));
        for one in wrong {
            tell(&format!("  {one}\n"));
        }
    }
    for (what, count) in refused_whole {
        tell(&format!("  refused whole, {count}: {what}\n"));
    }
}
