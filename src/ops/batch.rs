//! The policies that a command names: their ids, reading them side by side, and the results of writes to them.

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};

use super::find::{self, PolicyOrChoice};
use super::guard::{self, PolicySnapshot};
use super::onapp_find::{self, Found};
use super::pipeline::{self, Lock, Options};
use super::rows::Rows;
use super::sequence::{Outcome, Sequence, sum_up};
use super::write::{Write, Written};
use super::{pick, pick_onapp};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Changed, Error, Report, Result};
use crate::http::Walk;
use crate::katapult::Katapult;
use crate::model::{Expectation, Object, Policy};
use crate::progress_tally::names;
use crate::view::Resource;

/// Bytes of standard input that are read for ids.
const MAX_INPUT: u64 = 4 * 1024 * 1024;

/// The policies that a command names, each as `P`.
pub struct Batch<P = PolicySnapshot> {
    /// Those that could be read.
    pub policies: Vec<P>,
    failed: Vec<(String, Error)>,
    is_single: bool,
    /// A question was asked after some were read.
    was_asked: bool,
}

/// What to do with a policy that exists and cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// Nothing is written to it.
    Fails,
    /// A deletion goes on; what is lost is unknown.
    IsDeleted,
}

/// Returns the names on the command line, each once; `-` stands for those on standard input.
///
/// # Errors
/// None is named, or standard input cannot be read.
pub async fn named(cx: &Context, arguments: &[String]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "-" => names.extend(cx.ui.read_input(MAX_INPUT).await?.split_whitespace().map(str::to_owned)),
            name => names.push(name.to_owned()),
        }
    }
    let mut seen = HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if names.is_empty() {
        return Err(Error::usage("no policy is named").hint("`bpctl policies list` shows the policies"));
    }
    Ok(names)
}

/// Returns the one name on the command line, or on standard input for `-`.
///
/// # Errors
/// Those of [`named`]; standard input has several.
pub async fn one_named(cx: &Context, arguments: &[String]) -> Result<String> {
    let mut names = named(cx, arguments).await?;
    match names.len() {
        1 => Ok(names.remove(0)),
        count => Err(Error::usage(format!("this takes one policy; standard input has {count}"))),
    }
}

impl Batch<PolicySnapshot> {
    /// Reads the policies under the lock, which is released where the user must choose among several of a name. One
    /// alone that cannot be read is the command's error; of several it is a result.
    ///
    /// # Errors
    /// No policy could be read; `changed` where one is not as expected.
    pub async fn read(
        cx: &Context,
        lock: &mut Lock,
        names: Vec<String>,
        unreadable: Unreadable,
        expectations: &[Expectation],
    ) -> Result<Self> {
        let api = cx.katapult()?;
        let is_single = names.len() == 1;
        let read = stream::iter(names)
            .map(async |name| {
                let read = snapshot(cx, api, &name, unreadable).await;
                (name, read)
            })
            .buffered(api.http().concurrency());
        let mut batch = Self { policies: Vec::new(), failed: Vec::new(), is_single, was_asked: false };
        let mut seen = HashSet::new();
        for (name, read) in read.collect::<Vec<_>>().await {
            let read = match read {
                Ok(Named::Choice(policies)) => {
                    lock.release();
                    batch.was_asked = true;
                    let id = pick::one_of_policies(cx, policies)?;
                    api.policy(&id).await.map(|policy| PolicySnapshot::of(id, policy))
                }
                Ok(Named::Policy(policy)) => Ok(*policy),
                Err(error) => Err(error),
            };
            match read {
                // Two names may mean one policy.
                Ok(policy) if !seen.insert(policy.id.clone()) => {}
                Ok(policy) => batch.policies.push(policy),
                Err(error) => batch.failed.push((name, error)),
            }
        }
        batch.report_unread(cx)?;
        let mut read = batch.policies.iter();
        read.try_for_each(|policy| guard::check_expectations(expectations, &policy.id, &policy.before.model))?;
        Ok(batch)
    }
}

impl Batch<Object<Policy>> {
    /// The same on an OnApp cloud.
    ///
    /// # Errors
    /// No policy could be read; `changed` where one is not as expected.
    pub async fn read_onapp(
        cx: &Context,
        lock: &mut Lock,
        names: Vec<String>,
        expectations: &[Expectation],
    ) -> Result<Self> {
        let is_single = names.len() == 1;
        let mut batch = Self { policies: Vec::new(), failed: Vec::new(), is_single, was_asked: false };
        let mut seen = HashSet::new();
        for (name, found) in onapp_find::find_all(cx, cx.onapp()?, names).await {
            let policy = match found {
                Ok(Found::One(policy)) => *policy,
                Ok(Found::Several(policies)) => {
                    lock.release();
                    batch.was_asked = true;
                    pick_onapp::one_of_policies(cx, policies)?
                }
                Err(error) => {
                    batch.failed.push((name, error));
                    continue;
                }
            };
            // Two names may mean one policy.
            if seen.insert(policy.model.id.clone()) {
                batch.policies.push(policy);
            }
        }
        batch.report_unread(cx)?;
        let mut read = batch.policies.iter();
        read.try_for_each(|policy| guard::check_expectations(expectations, policy.model.id_text(), &policy.model))?;
        Ok(batch)
    }
}

impl<P> Batch<P> {
    /// Takes policies that were read already, and those that could not be.
    pub fn of(policies: Vec<P>, failed: Vec<(String, Error)>) -> Self {
        Self { policies, failed, is_single: false, was_asked: false }
    }

    /// Makes something else of each.
    pub fn try_map<Q>(self, make: impl FnMut(P) -> Result<Q>) -> Result<Batch<Q>> {
        let policies = self.policies.into_iter().map(make).collect::<Result<Vec<Q>>>()?;
        let Self { failed, is_single, was_asked, .. } = self;
        Ok(Batch { policies, failed, is_single, was_asked })
    }

    /// Says what could not be read, before the question about the others.
    ///
    /// # Errors
    /// None could be read.
    fn report_unread(&mut self, cx: &Context) -> Result<()> {
        if self.policies.is_empty() {
            sum_up("policies", &[], std::mem::take(&mut self.failed), &[], false)?;
        }
        for (name, error) in &self.failed {
            cx.ui.warn(&format!("policy {name} is left out: {} ({})", error.message, error.code));
        }
        Ok(())
    }

    /// Makes a write of each policy, carries all out and prints the results.
    ///
    /// # Errors
    /// The first error when nothing was done; exit 9 when only some was.
    pub async fn write<W: Write<Written = Written>, T: Resource>(
        self,
        cx: &Context,
        options: Options,
        write: impl Fn(P) -> W,
        object: fn(Written) -> Option<Object<T>>,
    ) -> Result<()> {
        let writes: Vec<W> = self.policies.into_iter().map(write).collect();
        let labels = pipeline::labels(&writes);
        let options = Options { is_stale: options.is_stale || self.was_asked, ..options };
        let Some(sequence) = pipeline::run(cx, writes, options).await? else {
            // A dry run fails where the real one would.
            return sum_up("policies", &labels, self.failed, &[], false);
        };
        finish(cx, sequence, self.failed, self.is_single, object)
    }
}

/// Asks about several policies with their number, and about one as `one` does.
pub fn question(count: usize, one: &str, verb: &str) -> String {
    match count {
        1 => one.to_owned(),
        count => format!("{verb} {count} policies?"),
    }
}

/// Prints what was written, and sums up what failed, `failed` before it included.
///
/// # Errors
/// The first error when nothing was done; exit 9 when only some was.
pub fn finish<T: Resource>(
    cx: &Context,
    sequence: Sequence<Written>,
    mut failed: Vec<(String, Error)>,
    is_single: bool,
    object: fn(Written) -> Option<Object<T>>,
) -> Result<()> {
    let (mut done, mut ids, mut not_tried) = (Vec::new(), Vec::new(), Vec::new());
    let has_written = sequence.has_written;
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
    let printed = print_result(cx, &format!("done: {}", names(&ids)), || print(cx, is_single, done));
    // What failed matters more than a reader that stopped reading.
    sum_up(T::PLURAL, &ids, failed, &not_tried, has_written)?;
    printed
}

/// Prints the result of writes: where that fails, the error still says what was done.
pub fn print_result(cx: &Context, done: &str, print: impl FnOnce() -> Result<()>) -> Result<()> {
    print().and_then(|()| cx.ui.flush()).map_err(|error| {
        if error.report == Report::Success {
            return error;
        }
        let message = format!("{done}, but printing the result failed: {}", error.message);
        Error { message, ..error }.changed(Changed::Yes)
    })
}

fn print<T: Resource>(cx: &Context, is_single: bool, done: Vec<Object<T>>) -> Result<()> {
    let mut objects = done.into_iter();
    if is_single {
        return objects.next().map_or(Ok(()), |object| cx.show(object));
    }
    if objects.len() == 0 {
        return Ok(());
    }
    // The policies were read one by one: their schedules are known in full.
    // Only OnApp's can be paused, and they have no size.
    let (added, left_out): (&[&str], &[&str]) = match cx.provider()? {
        Provider::OnApp => (&["schedule", "status"], &["interval", "size", "type"]),
        Provider::Katapult => (&["schedule"], &["interval"]),
    };
    let mut rows = Rows::begin_results(cx)?.with_columns(added, left_out);
    rows.page(objects.collect())?;
    rows.end(Walk::default(), "")
}

/// What a name was read as.
enum Named {
    Policy(Box<PolicySnapshot>),
    Choice(Vec<Policy>),
}

async fn snapshot(cx: &Context, api: &Katapult, name: &str, unreadable: Unreadable) -> Result<Named> {
    match find::policy_or_choice(cx, api, name).await {
        Ok(PolicyOrChoice::Choice(policies)) => Ok(Named::Choice(policies)),
        Ok(PolicyOrChoice::Policy(policy)) => {
            let id = policy.model.id.clone().unwrap_or_else(|| name.to_owned());
            Ok(Named::Policy(Box::new(PolicySnapshot::of(id, *policy))))
        }
        // The name may be that of a VM: what is deleted is the policy that could not be read.
        Ok(PolicyOrChoice::Unreadable(id, error)) if unreadable == Unreadable::IsDeleted => {
            Ok(Named::Policy(Box::new(PolicySnapshot::unread(id, &error))))
        }
        Ok(PolicyOrChoice::Unreadable(_, error)) => Err(error),
        Err(error) => Err(error),
    }
}
