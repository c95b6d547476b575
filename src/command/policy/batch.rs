//! Several policies in one command: read side by side, changed one after the other, a result each.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::perform::Named;
use crate::command::list::Rows;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Walk;
use crate::katapult::Katapult;
use crate::model::{Object, Policy};
use crate::view::Noun;

/// Characters of standard input that are read for ids.
const MAX_INPUT: u64 = 4 * 1024 * 1024;

/// The policies that a command names.
pub struct Batch {
    /// Those that could be read.
    pub named: Vec<Named>,
    failed: Vec<(String, Error)>,
    is_single: bool,
}

/// Gives the ids that were named, each once; `-` stands for those on standard input.
///
/// # Errors
/// None is named, or standard input cannot be read.
pub fn ids(cx: &Context, named: &[String]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for name in named {
        match name.as_str() {
            "-" => ids.extend(cx.ui.read_input(MAX_INPUT)?.split_whitespace().map(str::to_owned)),
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
        let ids = ids(cx, names)?;
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
                Ok(before) => batch.named.push(Named { id, before }),
                Err(error) => batch.failed.push((id, error)),
            }
        }
        match batch.named.is_empty() {
            true => Err(failure(Vec::new(), batch.failed)),
            false => Ok(batch),
        }
    }

    /// Takes ids without reading anything: policies in the trash cannot be read.
    pub fn unread(ids: Vec<String>) -> Self {
        let nothing = || Object { model: Policy::default(), raw: Value::Null };
        let is_single = ids.len() == 1;
        let named = ids.into_iter().map(|id| Named { id, before: nothing() }).collect();
        Self { named, failed: Vec::new(), is_single }
    }

    /// Carries out a step for each policy, prints the results, and accounts for what failed.
    ///
    /// # Errors
    /// The first error when nothing was done; exit 9 when only some was.
    pub async fn carry_out<T: Noun>(
        self,
        cx: &Context,
        mut step: impl AsyncFnMut(Named) -> Result<Object<T>>,
    ) -> Result<()> {
        let mut failed = self.failed;
        let mut done = Vec::new();
        let mut is_cut_off = false;
        for policy in self.named {
            let id = policy.id.clone();
            if is_cut_off {
                failed
                    .push((id, Error::new(Exit::Unreachable, code::NETWORK, "not tried, after the failure before it")));
                continue;
            }
            match step(policy).await {
                Ok(object) => done.push((id, object)),
                Err(error) => {
                    is_cut_off = matches!(error.exit, Exit::Unreachable | Exit::RateLimited);
                    failed.push((id, error));
                }
            }
        }
        let ids = done.iter().map(|(id, _)| id.clone()).collect();
        print(cx, self.is_single, done)?;
        match failed.is_empty() {
            true => Ok(()),
            false => Err(failure(ids, failed)),
        }
    }
}

fn print<T: Noun>(cx: &Context, is_single: bool, done: Vec<(String, Object<T>)>) -> Result<()> {
    let mut objects = done.into_iter().map(|(_, object)| object);
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

/// Sums up what failed: one error as it is, several in one.
fn failure(done: Vec<String>, mut failed: Vec<(String, Error)>) -> Error {
    if done.is_empty() && failed.len() == 1 {
        return failed.remove(0).1;
    }
    let words: Vec<String> =
        failed.iter().map(|(id, error)| format!("{id}: {} ({})", error.message, error.code)).collect();
    let (exit, code) = match (done.is_empty(), failed.first()) {
        (true, Some((_, first))) => (first.exit, first.code.clone()),
        _ => (Exit::Partly, code::PARTLY_DONE.into()),
    };
    let results: Vec<_> =
        failed.iter().map(|(id, error)| json!({"id": id, "error": error.to_json()["error"]})).collect();
    let message = format!("{} of {} policies failed: {}", failed.len(), failed.len() + done.len(), words.join("; "));
    let mut hints: Vec<String> = failed.iter().flat_map(|(_, error)| error.hints.clone()).collect();
    hints.dedup();
    Error { hints, ..Error::new(exit, code, message).detail(json!({"done": done, "failed": results})) }
}
