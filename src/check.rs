//! STUB
use crate::intake::*;
use crate::ledger::RunInput;
use crate::outcome::*;
use crate::plan::*;
/// x
#[derive(Clone, Debug)]
pub struct Survey {
    /// x
    pub inputs: Vec<InputSurvey>,
}
/// x
#[derive(Clone, Debug)]
pub struct InputSurvey {
    /// x
    pub digest: InputDigest,
    /// x
    pub tally: Tally,
    /// x
    pub name: String,
    /// x
    pub valid: u64,
}
impl InputSurvey {
    /// x
    pub fn entries(&self) -> u64 {
        self.tally.entries + self.valid
    }
    /// x
    pub fn run_input(&self) -> RunInput {
        RunInput {
            name: self.name.clone(),
            bytes: self.digest.bytes,
            sha256: self.digest.sha256.clone(),
        }
    }
}
impl Survey {
    /// x
    pub fn of(plan: &ReadPlan) -> Result<Self, IntakeError> {
        let mut seen = Seen::new();
        let mut inputs = vec![];
        for i in 0..plan.inputs.len() {
            let mut intake = Intake::open(plan, i, false)?;
            let mut tally = Tally::default();
            let mut valid = 0;
            loop {
                let rows = intake.next_batch(&mut seen, 512)?;
                if rows.is_empty() {
                    break;
                }
                for row in rows {
                    tally.rows += 1;
                    for item in row.items {
                        match item {
                            Item::Entry(_) => valid += 1,
                            Item::Repeat { .. } => tally.add(Outcome::Duplicate, None),
                            Item::Invalid { .. } => tally.add(Outcome::Invalid, None),
                        }
                    }
                }
            }
            inputs.push(InputSurvey {
                digest: intake.digest().expect("end"),
                tally,
                name: plan.inputs[i].name.clone(),
                valid,
            });
        }
        Ok(Self { inputs })
    }
}
