//! Printing what became of writes on an OnApp cloud.

use super::batch::print_result;
use super::onapp_change::OnAppWritten;
use super::rows::Rows;
use super::sequence::{Outcome, Sequence, sum_up};
use crate::context::Context;
use crate::error::Result;
use crate::http::Walk;
use crate::model::Object;
use crate::progress_tally::names;
use crate::view::Resource;

/// Prints what was written, and sums up what failed.
pub fn finish<T: Resource>(
    cx: &Context,
    sequence: Sequence<OnAppWritten>,
    is_single: bool,
    plural: &str,
    object: fn(OnAppWritten) -> Option<Object<T>>,
) -> Result<()> {
    let (mut done, mut ids, mut failed, mut not_tried) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (label, outcome) in sequence.results {
        match outcome {
            Outcome::Done(written) => {
                ids.push(written.id().unwrap_or(&label).to_owned());
                done.extend(object(written));
            }
            Outcome::Failed(error) => failed.push((label, error)),
            Outcome::NotTried => not_tried.push(label),
        }
    }
    let printed = print_result(cx, &format!("done: {}", names(&ids)), || {
        if is_single {
            return done.pop().map_or(Ok(()), |object| cx.show(object));
        }
        if done.is_empty() {
            return Ok(());
        }
        let mut rows = Rows::begin_results(cx)?;
        rows.page(done)?;
        rows.end(Walk::default(), "")
    });
    sum_up(plural, &ids, failed, &not_tried, !ids.is_empty())?;
    printed
}
