//! `bpctl policy update`, `pause` and `resume`: each changes fields of schedules.

use std::collections::HashSet;

use jiff::Timestamp;

use super::super::update::no_changes;
use super::{named, start};
use crate::args::{PolicySwitch, PolicyUpdate};
use crate::context::Context;
use crate::error::Result;
use crate::http::Walk;
use crate::model::{Capabilities, Change, Expectation, Fleet, Object, Policy, PolicyPatch, TargetKind};
use crate::onapp::schedule_fields;
use crate::ops::batch::{Batch, question};
use crate::ops::bulk::{LeftWithout, Selector};
use crate::ops::cloud::{check_offered, not_offered};
use crate::ops::deletion_time::server_time;
use crate::ops::guard::check_expectations;
use crate::ops::onapp_change::{OnAppChange, OnAppWrite};
use crate::ops::onapp_schedule::next_start;
use crate::ops::pipeline::{Lock, Options};
use crate::ops::policy_form;
use crate::ops::rows::Rows;
use crate::ops::write::Written;
use crate::progress_tally::names;

/// Changes the retention and the schedule of policies.
pub async fn update(cx: &Context, args: PolicyUpdate) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, args.interval_is.as_ref(), &args.policies)?;
    let patch = args.fields.patch();
    let is_one = selector.is_none() && args.policies.len() <= 1 && args.policies != ["-"];
    let asks = patch.is_empty() && is_one && cx.ui.can_ask();
    if patch.is_empty() && !asks {
        return Err(no_changes());
    }
    let edit = Edit { patch, asks, expect: &args.expect, question: "Change it?", verb: "Change" };
    edit.run(cx, args.policies, selector).await
}

/// Pauses or resumes policies.
pub async fn set_enabled(cx: &Context, args: PolicySwitch, enabled: bool) -> Result<()> {
    let selector = Selector::new(cx, &args.bulk, None, &args.policies)?;
    let patch = PolicyPatch { enabled: Some(enabled), ..PolicyPatch::default() };
    let (question, verb) = if enabled { ("Resume it?", "Resume") } else { ("Pause it?", "Pause") };
    Edit { patch, asks: false, expect: &[], question, verb }.run(cx, args.policies, selector).await
}

/// A change of policies, and the words for it.
struct Edit<'a> {
    patch: PolicyPatch,
    /// Whether the fields are asked for.
    asks: bool,
    expect: &'a [Expectation],
    question: &'static str,
    verb: &'static str,
}

impl Edit<'_> {
    async fn run(mut self, cx: &Context, policies: Vec<String>, selector: Option<Selector>) -> Result<()> {
        cx.check_result_columns::<Policy>()?;
        // An interval that no policy can have is refused before the policies are read.
        check_offered(&Capabilities::ONAPP, TargetKind::Unknown, &self.patch)?;
        if let Some(selector) = selector {
            return self.selected(cx, &selector).await;
        }
        let names = named(cx, policies).await?;
        let mut lock = Lock::take(cx).await?;
        let batch = Batch::read_onapp(cx, &mut lock, names, self.expect).await?;
        if let (true, [policy]) = (self.asks, batch.policies.as_slice()) {
            lock.release();
            self.patch = policy_form::onapp_changes(cx, &policy.model, schedule_fields::start(&policy.raw))?;
        }
        self.refuse(&batch.policies)?;
        let batch = batch.try_map(|before| self.pending(cx, before))?;
        let changing = batch.policies.iter().filter(|pending| !pending.change.is_empty()).count();
        let options =
            Options { is_stale: self.asks, ..Options::new(question(changing, self.question, self.verb), lock) };
        batch.write(cx, options, Pending::write, Written::policy).await
    }

    /// Changes the policies that are selected: a few first, and the others once those are verified.
    async fn selected(&self, cx: &Context, selector: &Selector) -> Result<()> {
        let lock = Lock::take(cx).await?;
        let (policies, fleet) = selector.read_onapp(cx, cx.onapp()?).await?;
        let count = policies.len();
        self.refuse(&policies)?;
        let mut batch = Batch::of(policies, Vec::new()).try_map(|before| self.pending(cx, before))?;
        let mut expected = batch.policies.iter().map(|pending| &pending.before.model);
        expected.try_for_each(|policy| check_expectations(self.expect, policy.id_text(), policy))?;
        batch.policies.retain(|pending| !pending.change.is_empty());
        let changing = &batch.policies;
        selector.check_limit(cx, changing.len(), count)?;
        if changing.is_empty() && !cx.global.dry_run {
            return Rows::<Policy>::begin_results(cx)?.end(Walk::default(), "to change");
        }
        let mut options = selector.options(question(changing.len(), self.question, self.verb), lock);
        if self.patch.enabled == Some(false) {
            let ids: HashSet<&str> = changing.iter().map(|pending| pending.before.model.id_text()).collect();
            options.warnings.extend(left_paused(fleet, &ids).warning("enabled policy"));
        }
        batch.write(cx, options, Pending::write, Written::policy).await
    }

    /// Refuses what a policy of its kind cannot be, and names each: nothing is sent then.
    fn refuse(&self, policies: &[Object<Policy>]) -> Result<()> {
        let reason = |policy: &Object<Policy>| Capabilities::ONAPP.refusal(policy.model.target.kind, &self.patch);
        let Some(why) = policies.iter().find_map(reason) else {
            return Ok(());
        };
        let refused = policies.iter().filter(|policy| reason(policy).is_some());
        let refused: Vec<String> = refused.map(|policy| policy.model.id_text().to_owned()).collect();
        Err(not_offered(format!("{why}; policies of disks: {}", names(&refused)))
            .hint("nothing was sent; leave them out, with `--filter 'type = vm'` for example"))
    }

    fn pending(&self, cx: &Context, before: Object<Policy>) -> Result<Pending> {
        let mut patch = self.patch.clone();
        let clock = start(cx, &mut patch, schedule_fields::start(&before.raw))?;
        let change = patch.against(&before.model);
        let start = if clock.is_some() {
            clock.filter(|_| change.has("time") || change.has("minute"))
        } else {
            next_start(&before.raw, &change, server_time(cx, cx.onapp()?.http()))?
        };
        Ok(Pending { before, change, start })
    }
}

/// A policy as it was read, and what is changed of it.
struct Pending {
    before: Object<Policy>,
    change: Change,
    /// When it runs next, where that moves.
    start: Option<Timestamp>,
}

impl Pending {
    fn write(self) -> OnAppWrite {
        let Self { before, change, start } = self;
        OnAppChange::UpdatePolicy { before, change, start }.into()
    }
}

/// The VMs and disks that have no policy left that makes backups when `paused` make none.
pub fn left_paused(fleet: Fleet, paused: &HashSet<&str>) -> LeftWithout {
    let policies = fleet.policies.into_iter().filter(Policy::is_enabled).collect();
    LeftWithout::of(&Fleet { policies, ..fleet }, paused)
}
