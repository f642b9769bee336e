//! What a check found, in words.
use crate::check::Survey;
use crate::plan::RunPlan;
pub(super) fn before_sending(survey: &Survey, _plan: &RunPlan) -> String {
    format!("{survey:?}")
}
