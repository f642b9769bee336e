//! Which records of a sample are sums of others: totals that no word tells.
//!
//! In: the records below a header. Out: the indices of those whose numbers are, in half of their columns and by no
//! coincidence, what two or more records directly below or above add up to. Parts of a sum found are left out when the
//! next sums are sought, so that sums of sums are found too. Numbers may be rounded.

use super::kind::{Kind, is_phone, kind};

/// Columns of numbers that are looked at.
const COLUMNS_MAX: usize = 16;
/// Sums of sums of sums.
const LEVELS_MAX: usize = 6;
/// Decimals that are looked at: what spreadsheets write beyond is no more than how they count.
const DECIMALS_MAX: usize = 6;
/// Longer numbers are keys.
const DIGITS_MAX: usize = 15;
/// How unlikely a coincidence must be: one in two to the power of this.
const EVIDENCE_BITS_MIN: f64 = 20.0;
/// The part of a sum by which rounding may change it at most.
const ROUNDED_MAX: f64 = 0.005;

/// A number and the step between it and the next that could have been written.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Amount {
    value: f64,
    step: f64,
}

/// The indices of the records that are sums of others.
pub(super) fn find(records: &[Vec<String>]) -> Vec<usize> {
    let numbers = Numbers::of(records);
    if numbers.columns == 0 {
        return Vec::new();
    }
    let mut is_sum = vec![false; records.len()];
    let mut open: Vec<usize> = (0..records.len())
        .filter(|&record| numbers.row(record).iter().any(Option::is_some))
        .collect();
    for _ in 0..LEVELS_MAX {
        let mut is_part = vec![false; open.len()];
        let mut any = false;
        for at in 0..open.len() {
            if is_sum[open[at]] || !numbers.may_be_sum[open[at]] {
                continue;
            }
            let (before, after) = (open[..at].iter().rev(), open[at + 1..].iter());
            let parts = if let Some(count) = numbers.parts(open[at], after.copied()) {
                at + 1..at + 1 + count
            } else if let Some(count) = numbers.parts(open[at], before.copied()) {
                at - count..at
            } else {
                continue;
            };
            is_sum[open[at]] = true;
            is_part[parts].fill(true);
            any = true;
        }
        if !any {
            break;
        }
        let mut part = is_part.into_iter();
        open.retain(|_| !part.next().unwrap_or(false));
    }
    (0..records.len())
        .filter(|&record| is_sum[record])
        .collect()
}

/// Whether the numbers of a record are, each of them, what all records above it add up to in its column.
pub(super) fn adds_up_all(records: &[Vec<String>], at: usize) -> bool {
    let mut any = false;
    for (column, cell) in records[at].iter().enumerate() {
        let Some(sum) = amount(cell) else { continue };
        let above = records[..at].iter();
        let added: f64 = above
            .filter_map(|record| amount(record.get(column)?))
            .map(|amount| amount.value)
            .sum();
        if (sum.value - added).abs() > sum.step / 2.0 {
            return false;
        }
        any = true;
    }
    any
}

/// The numbers of a sample, record by record.
struct Numbers {
    columns: usize,
    amounts: Vec<Option<Amount>>,
    may_be_sum: Vec<bool>,
    /// Of each column: none of its numbers is below zero.
    only_grows: Vec<bool>,
}

impl Numbers {
    fn of(records: &[Vec<String>]) -> Self {
        let width = records.iter().map(Vec::len).max().unwrap_or(0);
        let amount =
            |record: &Vec<String>, column: usize| record.get(column).and_then(|cell| amount(cell));
        let holds_numbers = |column: &usize| {
            let filled = records.iter().filter(|record| {
                record
                    .get(*column)
                    .is_some_and(|cell| !matches!(kind(cell), Kind::Blank | Kind::Missing))
            });
            let numbers = records
                .iter()
                .filter(|record| amount(record, *column).is_some())
                .count();
            numbers > 2 && numbers * 2 >= filled.count()
        };
        // The first column names the rows.
        let columns: Vec<usize> = (1..width).filter(holds_numbers).take(COLUMNS_MAX).collect();
        let amounts: Vec<Option<Amount>> = records
            .iter()
            .flat_map(|record| columns.iter().map(|&column| amount(record, column)))
            .collect();
        let only_grows = (0..columns.len())
            .map(|column| {
                let mut all = amounts.iter().skip(column).step_by(columns.len()).flatten();
                all.all(|amount| amount.value >= 0.0)
            })
            .collect();
        let is_of_nobody = |record: &Vec<String>| {
            !record.iter().any(|cell| {
                matches!(kind(cell), Kind::Email | Kind::Url | Kind::Date) || is_phone(cell)
            })
        };
        Self {
            columns: columns.len(),
            amounts,
            may_be_sum: records.iter().map(is_of_nobody).collect(),
            only_grows,
        }
    }

    fn row(&self, record: usize) -> &[Option<Amount>] {
        &self.amounts[record * self.columns..(record + 1) * self.columns]
    }

    /// How many of these records, from the first on, add up to the record.
    fn parts(&self, record: usize, others: impl Iterator<Item = usize>) -> Option<usize> {
        let sum = self.row(record);
        let mut added = [Added::default(); COLUMNS_MAX];
        for (count, other) in others.enumerate() {
            for (added, amount) in added.iter_mut().zip(self.row(other)) {
                added.add(*amount);
            }
            if count > 0 && is_sum(sum, &added) {
                return Some(count + 1);
            }
            if self.is_beyond(sum, &added) {
                return None;
            }
        }
        None
    }

    /// Whether no further record can make them add up.
    fn is_beyond(&self, sum: &[Option<Amount>], added: &[Added]) -> bool {
        let mut growing = sum
            .iter()
            .zip(added)
            .zip(&self.only_grows)
            .filter(|(_, only_grows)| **only_grows)
            .filter_map(|((sum, added), _)| sum.map(|sum| (sum, added)))
            .peekable();
        growing.peek().is_some()
            && growing.all(|(sum, added)| added.value > sum.value + added.rounded(sum))
    }
}

/// What was added up in a column.
#[derive(Clone, Copy, Debug, Default)]
struct Added {
    value: f64,
    /// Of all that was added; nothing was: zero.
    steps: f64,
    finest: f64,
    /// Something has no number there.
    is_partial: bool,
}

impl Added {
    fn add(&mut self, amount: Option<Amount>) {
        let Some(amount) = amount else {
            self.is_partial = true;
            return;
        };
        self.finest = if self.steps > 0.0 {
            self.finest.min(amount.step)
        } else {
            amount.step
        };
        self.value += amount.value;
        self.steps += amount.step;
    }

    /// How far the sum may be from it by rounding.
    fn rounded(&self, sum: Amount) -> f64 {
        (self.steps + sum.step)
            .min(sum.value.abs() * ROUNDED_MAX)
            .max(sum.value.abs() * f64::EPSILON * 16.0)
    }
}

/// Whether the numbers are these sums, in half of the columns and by no coincidence.
fn is_sum(sums: &[Option<Amount>], added: &[Added]) -> bool {
    let (mut compared, mut equal, mut evidence) = (0, 0, 0.0);
    let mut before = None;
    for (sum, added) in sums.iter().zip(added) {
        let Some(sum) = sum.filter(|_| added.steps > 0.0) else {
            continue;
        };
        let differs = (sum.value - added.value).abs();
        if sum.value == 0.0 && differs == 0.0 {
            continue; // says nothing
        }
        let is_equal = differs <= added.rounded(sum);
        compared += usize::from(is_equal || !added.is_partial);
        equal += usize::from(is_equal);
        // The same once more is no further evidence.
        if is_equal && before.replace(sum.value) != Some(sum.value) {
            let step = sum.step.min(added.finest).max(differs * 2.0);
            evidence += (sum.value.abs() / step).log2().max(0.0);
        }
    }
    equal * 2 >= compared && evidence >= EVIDENCE_BITS_MIN
}

/// A number as people write it; nothing for what is more likely a key or a range.
fn amount(text: &str) -> Option<Amount> {
    let text = text.trim();
    if !matches!(kind(text), Kind::Number | Kind::Year) || is_phone(text) {
        return None;
    }
    let is_negative = text.starts_with(['-', '−', '(']);
    let is_frame = |c: char| {
        c.is_whitespace()
            || matches!(
                c,
                '+' | '-' | '−' | '(' | ')' | '%' | '$' | '€' | '£' | '¥' | '\''
            )
    };
    let text = text.trim_matches(is_frame);
    let last = text.rfind(['.', ',']);
    let decimal_at = last.filter(|&at| {
        let mark = &text[at..=at];
        let is_only = text.matches(['.', ',']).count() == 1;
        let grouped =
            is_only && mark == "," && text.len() - at == 4 && at > 0 && !text.starts_with('0');
        text.matches(mark).count() == 1 && !grouped
    });
    let mut digits = String::with_capacity(text.len());
    let mut decimals = 0;
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' if decimal_at.is_some_and(|decimal| at > decimal) => {
                decimals += 1;
                if decimals <= DECIMALS_MAX + 1 {
                    digits.push(c);
                }
            }
            '0'..='9' => digits.push(c),
            _ if Some(at) == decimal_at => digits.push('.'),
            '.' | ',' | '\'' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    if digits.len() > DIGITS_MAX + 1 {
        return None;
    }
    let scale = 10_f64.powi(i32::try_from(DECIMALS_MAX).ok()?);
    let value: f64 = digits.parse().ok()?;
    let scaled = (value * scale).round();
    let mut step = 1.0;
    while step < scale && scaled % (step * 10.0) == 0.0 {
        step *= 10.0;
    }
    Some(Amount {
        value: if is_negative { -scaled } else { scaled } / scale,
        step: step / scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(text: &str) -> Vec<usize> {
        let records: Vec<Vec<String>> = text
            .lines()
            .map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect())
            .collect();
        find(&records)
    }

    #[test]
    fn sums_are_found_above_and_below_their_parts_and_sums_of_sums() {
        assert_eq!(
            sums("Europe|71,402|9,833\nFrance|40,117|5,021\nItaly|31,285|4,812"),
            [0]
        );
        assert_eq!(
            sums("a|40117|5021\nb|31285|4812\nc|17|99\n|71419|9932"),
            [3]
        );
        assert_eq!(
            sums(
                "World|20414|9833\nA|11307|5421\na|6250|3000\nb|5057|2421\nB|9107|4412\nc|8085|3900\nd|1022|512"
            ),
            [0, 1, 4]
        );
        // Rounded, and with columns that do not add up.
        assert_eq!(
            sums(
                "All|1612.3|894.2|51.1\nx|801.2|412.9|49.0\ny|600.6|401.1|52.5\nz|210.6|80.1|54.9"
            ),
            [0]
        );
    }

    #[test]
    fn what_adds_up_by_chance_or_is_of_somebody_is_no_sum() {
        assert_eq!(sums("T-1|5|2\nT-2|3|1\nT-3|2|1\nT-4|8|3"), [0_usize; 0]);
        assert_eq!(
            sums(
                "a|a@example.com|71402|9833\nb|b@example.com|40117|5021\nc|c@example.com|31285|4812"
            ),
            [0_usize; 0]
        );
        assert_eq!(
            sums("T-1|100417|x\nT-2|100418|y\nT-3|100419|z"),
            [0_usize; 0]
        );
        assert_eq!(
            sums("a|40117|5021\na|40117|5021\na|40117|5021"),
            [0_usize; 0]
        );
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let read = |text: &str| amount(text).map(|amount| (amount.value, amount.step));
        for (text, number) in [
            ("1,234", Some((1234.0, 1.0))),
            ("1 234,5", Some((1234.5, 0.1))),
            ("1.234,25 €", Some((1234.25, 0.01))),
            ("1,234,567.0", Some((1_234_567.0, 1.0))),
            ("(1,000)", Some((-1000.0, 1.0))),
            ("0,125", Some((0.125, 0.001))),
            ("212344.80000000002", Some((212_344.8, 0.1))),
            ("44-45", None),
            ("+44 20 7946 0018", None),
            ("12345678901234567", None),
            ("n/a", None),
        ] {
            assert_eq!(read(text), number, "{text}");
        }
    }
}
