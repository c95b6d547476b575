//! Several policies in one command: read side by side, changed one after the other, a result each.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use serde_json::Value;

use super::execute::PolicySnapshot;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::katapult::Katapult;
use crate::model::{Object, Policy};
use crate::ops::rows::Rows;
use crate::ops::sequence::{FailurePolicy, Outcome, Sequence, sum_up};
use crate::ops::write::print_result;
use crate::progress_tally::names;
use crate::view::Resource;

/// Characters of standard input that are read for ids.
const MAX_INPUT: u64 = 4 * 1024 * 1024;

/// The policies that a command names.
pub struct Batch {
    /// Those that could be read.
    pub named: Vec<PolicySnapshot>,
    failed: Vec<(String, Error)>,
    is_single: bool,
}

/// Asks about several policies with their number, and about one as `one` does.
pub fn question(count: usize, one: &str, verb: &str) -> String {
    match count {
        1 => one.to_owned(),
        count => format!("{verb} {count} policies?"),
    }
}

/// Gives the ids that were named, each once; `-` stands for those on standard input.
///
/// # Errors
/// None is named, or standard input cannot be read.
pub async fn ids(cx: &Context, named: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for name in named {
        match name.as_str() {
            "-" => ids.extend(cx.ui.read_input(MAX_INPUT).await?.split_whitespace().map(str::to_owned)),
            id => ids.push(id.to_owned()),
        }
    }
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    match ids.is_empty() {
        true => Err(Error::usage("no policy is named").hint("`bpctl policies list` shows the policies")),
        false => Ok(ids),
    }
}

impl Batch {
    /// Reads the policies. One alone that cannot be read is the command's error; of several it is a result.
    ///
    /// # Errors
    /// No policy could be read.
    pub async fn read(cx: &Context, api: &Katapult, names: &[String]) -> Result<Self> {
        let ids = ids(cx, names).await?;
        let is_single = ids.len() == 1;
        let read = stream::iter(ids)
            .map(async |id| {
                let read = api.policy(&id).await;
                (id, read)
            })
            .buffered(api.http().concurrency());
        let mut batch = Self { named: Vec::new(), failed: Vec::new(), is_single };
        for (id, read) in read.collect::<Vec<_>>().await {
            match read {
                Ok(before) => batch.named.push(PolicySnapshot { id, before }),
                Err(error) => batch.failed.push((id, error)),
            }
        }
        if batch.named.is_empty() {
            sum_up("policies", &[], std::mem::take(&mut batch.failed), &[])?;
        }
        // Before anybody is asked about the others.
        for (id, error) in &batch.failed {
            cx.ui.warn(&format!("policy {id} is left out: {} ({})", error.message, error.code));
        }
        Ok(batch)
    }

    /// Takes ids without reading anything: policies in the trash cannot be read.
    pub fn unread(ids: Vec<String>) -> Self {
        let nothing = || Object { model: Policy::default(), raw: Value::Null };
        let is_single = ids.len() == 1;
        let named = ids.into_iter().map(|id| PolicySnapshot { id, before: nothing() }).collect();
        Self { named, failed: Vec::new(), is_single }
    }

    /// Takes policies that were read already.
    pub fn of(named: Vec<PolicySnapshot>) -> Self {
        Self { named, failed: Vec::new(), is_single: false }
    }

    /// Carries out a step for each policy, prints the results, and accounts for what failed. One that fails does not
    /// stop the others.
    ///
    /// # Errors
    /// The first error when nothing was done; exit 9 when only some was.
    pub async fn carry_out<T: Resource>(
        self,
        cx: &Context,
        step: impl AsyncFnMut(PolicySnapshot) -> Result<Object<T>>,
    ) -> Result<()> {
        self.carry_out_so(cx, FailurePolicy { keep_going: true, canary: 0 }, step).await
    }

    /// The same, stopping as `failure_policy` says.
    ///
    /// # Errors
    /// Those of [`Batch::carry_out`].
    pub async fn carry_out_so<T: Resource>(
        self,
        cx: &Context,
        failure_policy: FailurePolicy,
        step: impl AsyncFnMut(PolicySnapshot) -> Result<Object<T>>,
    ) -> Result<()> {
        let items = self.named.into_iter().map(|policy| (policy.id.clone(), policy)).collect();
        let series = Sequence::run(cx, items, failure_policy, step).await;
        let (mut failed, mut done, mut ids, mut not_tried) = (self.failed, Vec::new(), Vec::new(), Vec::new());
        for (id, outcome) in series.results {
            match outcome {
                Outcome::Done(object) => {
                    ids.push(id);
                    done.push(object);
                }
                Outcome::Failed(error) => failed.push((id, error)),
                Outcome::NotTried => not_tried.push(id),
            }
        }
        let printed = print_result(cx, &format!("done: {}", names(&ids)), || print(cx, self.is_single, done));
        // What failed matters more than who stopped reading.
        sum_up("policies", &ids, failed, &not_tried)?;
        printed
    }
}

fn print<T: Resource>(cx: &Context, is_single: bool, done: Vec<Object<T>>) -> Result<()> {
    let mut objects = done.into_iter();
    if is_single {
        return objects.next().map_or(Ok(()), |object| cx.show(object));
    }
    if objects.len() == 0 {
        return Ok(());
    }
    let mut rows = Rows::begin(cx)?;
    rows.page(objects.collect())?;
    rows.end(Walk::default(), "")
}
