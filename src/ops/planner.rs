//! Working out a plan: the file, what is live, and the steps from one to the other.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::args::Prune;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::fs::detached;
use crate::http::Request;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{
    Capabilities, Object, PLAN_VERSION, Plan, Planned, Policy, Step, StepAction, StepTarget, Target, Unlisted,
};
use crate::onapp::schedule_fields;
use crate::ops::cloud::{Cloud, Live};
use crate::ops::deletion_time::DeletionTime;
use crate::ops::dry_run;
use crate::ops::inventory::Inventory;
use crate::ops::onapp_steps;
use crate::ops::plan_check::{unreadable, unreadable_conflict};
use crate::ops::selection::read_all_tags;
use crate::policyfile::{self, Matching};
use crate::text::without_mark;
use crate::time::utc;

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The default limit of deletions is a tenth of the live policies, and at least this many.
const MIN_DELETION_LIMIT: usize = 1;

/// A plan, and what it was made from.
pub struct PlanOutcome {
    pub plan: Plan,
    /// The policies of its steps as they were read, by id.
    pub before: HashMap<String, Object<Policy>>,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// How many policies are live.
    pub live: usize,
    /// A policy that cannot be understood and that a step may concern.
    blocked: Option<Error>,
}

impl PlanOutcome {
    /// Refuses a plan that concerns a policy that cannot be understood.
    ///
    /// # Errors
    /// `unreadable`.
    pub fn refuse_blocked(&self) -> Result<()> {
        self.blocked.clone().map_or(Ok(()), Err)
    }

    /// Says the same as a warning.
    pub fn warn_blocked(&self, cx: &Context) {
        if let Some(error) = &self.blocked {
            cx.ui.warn(&format!("{}; `bpctl apply` refuses until it can be understood", error.message));
        }
    }
}

/// When policies that a file does not name are deleted.
#[derive(Clone, Copy)]
enum When {
    At(Timestamp),
    /// At once, for good: the cloud has no planned deletion.
    Now,
}

/// The same, as it was asked for.
pub enum Pruning {
    At(DeletionTime),
    Now,
}

/// When policies that a file does not name are deleted; none without `--prune`.
///
/// # Errors
/// The time cannot be read; `not_offered` where a deletion cannot be planned ahead.
pub fn pruning(cx: &Context, cloud: Cloud<'_>, args: &Prune) -> Result<Option<Pruning>> {
    let capabilities = cloud.capabilities();
    if !capabilities.deletes_later {
        if args.prune_at.is_some() {
            let message = format!("{} deletes policies at once: `--prune-at` is not supported", capabilities.provider);
            return Err(Error { code: code::NOT_OFFERED.into(), ..Error::usage(message) }
                .hint("`--prune` without it deletes them when the plan is applied"));
        }
        return Ok(args.prune.then_some(Pruning::Now));
    }
    let at = args.prune_at.as_deref().unwrap_or("+7d");
    Ok(args.prune.then(|| DeletionTime::parse(cx, "--prune-at", at)).transpose()?.map(Pruning::At))
}

/// Refuses a plan that schedules more deletions than `max`: by default a tenth of the `live` policies, at least one.
///
/// # Errors
/// `usage`, with both numbers.
pub async fn check_deletions(
    cx: &Context,
    cloud: Cloud<'_>,
    plan: &Plan,
    live: Option<usize>,
    max: Option<usize>,
) -> Result<()> {
    let deletes = |step: &&Step| matches!(step.action, StepAction::ScheduleDelete | StepAction::Delete);
    let deletions = plan.steps.iter().filter(deletes).count();
    let limit = match max {
        Some(max) => max,
        None if deletions <= MIN_DELETION_LIMIT => return Ok(()),
        None => (count_live(cx, cloud, plan, live).await? / 10).max(MIN_DELETION_LIMIT),
    };
    if deletions <= limit {
        return Ok(());
    }
    let than = match max {
        Some(max) => format!("`--max-deletions {max}`"),
        None => format!("a tenth of all ({limit})"),
    };
    let what = if cloud.capabilities().deletes_later { "scheduled for deletion" } else { "deleted" };
    let message = format!("{deletions} policies would be {what}, more than {than}");
    if cx.global.dry_run {
        cx.ui.warn(&format!("{message}; without `--dry-run` this is refused and nothing is sent"));
        return Ok(());
    }
    Err(Error::usage(message).hint(format!("nothing was sent; `--max-deletions {deletions}` permits it")))
}

async fn count_live(cx: &Context, cloud: Cloud<'_>, plan: &Plan, known: Option<usize>) -> Result<usize> {
    match (known, cloud) {
        (Some(live), _) => Ok(live),
        (None, Cloud::Katapult(api)) => {
            let organization = Lookup::organization(plan.organization.as_deref().unwrap_or_default());
            Ok(api.all_policies(&Owner::Organization(organization)).await?.rows.len())
        }
        (None, Cloud::OnApp(_)) => Ok(cloud.read(cx, None).await?.inventory.fleet.policies.len()),
    }
}

/// Reads a file, or standard input for `-`, and returns its name for messages, too. Ctrl-C works meanwhile: both may
/// be a pipe.
pub async fn read_text(cx: &Context, path: &Path) -> Result<(String, String)> {
    if path.as_os_str() == "-" {
        return Ok(("standard input".to_owned(), cx.ui.read_input(MAX_BYTES).await?));
    }
    let name = path.display().to_string();
    let path = path.to_owned();
    match detached::spawn(move || std::fs::read_to_string(path)).await.flatten() {
        Ok(text) => Ok((name, without_mark(&text).to_owned())),
        Err(error) => Err(Error::unreadable_file(&name, &error)),
    }
}

/// Works out what makes the live policies as the file says.
pub async fn make(
    cx: &Context,
    cloud: Cloud<'_>,
    (name, text): &(String, String),
    prune: Option<Pruning>,
) -> Result<PlanOutcome> {
    let document = policyfile::read(name, text)?;
    let Live { mut inventory, listed } = cloud.read(cx, document.organization.as_deref()).await?;
    let prune = match (prune, cloud) {
        (Some(Pruning::At(at)), Cloud::Katapult(api)) => Some(When::At(at.resolve(cx, api.http())?)),
        (Some(_), _) => Some(When::Now),
        (None, _) => None,
    };
    if let (true, Cloud::Katapult(api)) = (document.needs_tags(), cloud) {
        read_all_tags(cx, api, &mut inventory.fleet.machines).await?;
    }
    let matching = policyfile::resolve(name, &document, inventory.surroundings(cloud.capabilities()))?;
    let mut ids: Vec<String> = matching.wanted.iter().filter_map(|wanted| wanted.policy.clone()).collect();
    if prune.is_some() {
        ids.extend(matching.unlisted.iter().cloned());
    }
    if prune.is_some() && matching.wanted.is_empty() && !matching.unlisted.is_empty() {
        return Err(names_nothing(name, cloud.capabilities()));
    }
    let before = match (listed, cloud) {
        (None, Cloud::Katapult(api)) => {
            let details = inventory.details(cx, api, ids).await?;
            details.refuse_unread()?;
            details.found
        }
        (listed, _) => listed.unwrap_or_default(),
    };
    let mut maker = StepBuilder::new(cx, cloud, &inventory, &before, matching.notes.clone());
    let mut steps = maker.wanted(&matching)?;
    let (removals, unlisted) = maker.unlisted(&matching, prune);
    steps.extend(removals);
    // Stable: within a kind the file's order stays. What adds protection comes first, what takes it away last.
    steps.sort_by_key(|step| (step.action, !step.weakens.is_empty()));
    let (notes, unchanged) = (maker.notes, maker.unchanged);
    let blocked = blocked(&inventory, &matching, &steps, prune.is_some());
    let plan = Plan {
        bpctl_plan: PLAN_VERSION,
        created_at: cx.now().as_second(),
        api: cx.api_name()?,
        provider: cloud.provider().name().to_owned(),
        organization: cloud.capabilities().has_organizations.then(|| inventory.organization.value.clone()),
        steps,
        unlisted,
        unchanged,
    };
    Ok(PlanOutcome { plan, before, notes, live: inventory.fleet.policies.len(), blocked })
}

fn names_nothing(name: &str, capabilities: &Capabilities) -> Error {
    let what = if capabilities.deletes_later { "schedule the deletion of all" } else { "delete all" };
    Error::usage(format!("{name} names no policy, so `--prune` would {what}"))
        .hint("nothing was sent; `bpctl export` writes the live policies as a file")
}

/// Finds a policy that no line names, that cannot be understood, and that a step may concern: a new policy may repeat
/// it, and pruning may delete what a line means.
fn blocked(inventory: &Inventory, matching: &Matching, steps: &[Step], is_pruning: bool) -> Option<Error> {
    let unlisted: HashSet<&str> = matching.unlisted.iter().map(String::as_str).collect();
    let policies = inventory.fleet.policies.iter();
    let unlisted = policies.filter(|policy| policy.id.as_deref().is_none_or(|id| unlisted.contains(id)));
    let unlisted: Vec<Policy> = unlisted.cloned().collect();
    if is_pruning && let Some(error) = unlisted.iter().find_map(unreadable) {
        return Some(error);
    }
    let creates = steps.iter().filter(|step| step.action == StepAction::Create);
    unreadable_conflict(&unlisted, &creates.filter_map(|step| step.target.id.as_deref()).collect())
}

struct StepBuilder<'a> {
    inventory: &'a Inventory,
    before: &'a HashMap<String, Object<Policy>>,
    /// Names of targets, as the list shows them.
    names: HashMap<&'a str, &'a str>,
    notes: Vec<String>,
    unchanged: usize,
    cloud: Cloud<'a>,
    now: i64,
}

impl<'a> StepBuilder<'a> {
    fn new(
        cx: &Context,
        cloud: Cloud<'a>,
        inventory: &'a Inventory,
        before: &'a HashMap<String, Object<Policy>>,
        notes: Vec<String>,
    ) -> Self {
        let targets = inventory.fleet.policies.iter().map(|policy| &policy.target);
        let names = targets.filter_map(|target| Some((target.id.as_deref()?, target.name.as_deref()?))).collect();
        Self { inventory, before, names, notes, unchanged: 0, cloud, now: cx.now().as_second() }
    }

    /// Plans what the file asks for.
    fn wanted(&mut self, matching: &Matching) -> Result<Vec<Step>> {
        let existing = by_target(&self.inventory.fleet.policies);
        let mut steps = Vec::new();
        for wanted in &matching.wanted {
            let before = match &wanted.policy {
                None => None,
                Some(id) => Some(self.before.get(id).ok_or_else(|| gone(id))?),
            };
            let raw = before.map(|policy| &policy.raw);
            let before = before.map(|policy| &policy.model);
            if let Some(policy) = before.filter(|policy| !policy.is_enabled() && wanted.fields.enabled.is_none()) {
                self.notes.push(format!(
                    "line {}: policy {} of {} is not enabled and makes no backups; `enabled = true` resumes it",
                    wanted.place,
                    policy.id_text(),
                    wanted.target.label()
                ));
            }
            if let Some(at) = before.and_then(|policy| policy.auto_move_to_trash_at) {
                let id = wanted.policy.as_deref().unwrap_or_default();
                self.notes.push(format!(
                    "line {}: policy {id} of {} is scheduled for deletion at {}; the API cannot take that back",
                    wanted.place,
                    wanted.target.label(),
                    utc(at)
                ));
            }
            match Step::toward(&wanted.fields, &wanted.target, before) {
                Planned::Same => self.unchanged += 1,
                Planned::Step(mut step) => {
                    if step.action == StepAction::Create {
                        let of_target = wanted.target.id.as_deref().and_then(|id| existing.get(id));
                        step.existing = of_target.cloned().unwrap_or_default();
                    }
                    if let (Cloud::OnApp(_), Some(raw), StepAction::Update) = (self.cloud, raw, step.action) {
                        step.schedule = Value::Object(schedule_fields::settings(raw));
                    }
                    step.requests = self.requests(&step);
                    steps.push(*step);
                }
            }
        }
        Ok(steps)
    }

    /// Plans the deletion of policies that the file does not name, where that is wanted, and lists the rest.
    fn unlisted(&self, matching: &Matching, prune: Option<When>) -> (Vec<Step>, Vec<Unlisted>) {
        let (mut steps, mut unlisted) = (Vec::new(), Vec::new());
        let listed: HashMap<_, _> =
            self.inventory.fleet.policies.iter().filter_map(|policy| Some((policy.id.as_deref()?, policy))).collect();
        for id in &matching.unlisted {
            let read = self.before.get(id).map(|policy| &policy.model);
            // One that was deleted since the list was read needs nothing.
            if prune.is_some() && read.is_none() {
                continue;
            }
            let Some(policy) = read.or_else(|| listed.get(id.as_str()).copied()) else { continue };
            let target = self.named(&policy.target);
            match prune {
                Some(when) if policy.auto_move_to_trash_at.is_none() => {
                    let mut step = match when {
                        When::At(at) => Step::removal(&target, policy, at.as_second()),
                        When::Now => Step::deletion(&target, policy),
                    };
                    step.requests = self.requests(&step);
                    steps.push(step);
                }
                _ => unlisted.push(Unlisted {
                    policy: id.clone(),
                    target: StepTarget::of(&target),
                    interval: policy.schedule.interval.clone(),
                    auto_move_to_trash_at: policy.auto_move_to_trash_at,
                }),
            }
        }
        (steps, unlisted)
    }

    fn requests(&self, step: &Step) -> Vec<Value> {
        shown(&requests(self.cloud.provider(), self.now, step))
    }

    /// Adds the name that a list knows, where the policy's own answer has none.
    fn named(&self, target: &Target) -> Target {
        let listed = || Some((*self.names.get(target.id.as_deref()?)?).to_owned());
        Target { name: target.name.clone().or_else(listed), ..target.clone() }
    }
}

fn by_target(policies: &[Policy]) -> HashMap<&str, Vec<String>> {
    let mut all: HashMap<&str, Vec<String>> = HashMap::new();
    for policy in policies {
        if let (Some(target), Some(id)) = (policy.target.id.as_deref(), &policy.id) {
            all.entry(target).or_default().push(id.clone());
        }
    }
    all
}

fn gone(id: &str) -> Error {
    Error::new(
        crate::error::Exit::Refused,
        crate::error::code::CHANGED,
        format!("policy {id} was deleted while this was read"),
    )
    .hint("nothing was sent; run it again")
}

/// Describes what a step of a plan that was made at `now` sends.
fn requests(provider: Provider, now: i64, step: &Step) -> Vec<Request> {
    vec![match provider {
        Provider::Katapult => katapult_request(step),
        Provider::OnApp => onapp_steps::request(step, Timestamp::from_second(now).unwrap_or_default()),
    }]
}

fn katapult_request(step: &Step) -> Request {
    let id = step.policy.as_deref().unwrap_or_default();
    match step.action {
        StepAction::Create => {
            let lookup = Lookup::id(step.target.id.clone().unwrap_or_default());
            let owner = if step.target.kind == "disk" { "disk" } else { "virtual_machine" };
            Katapult::create_request(owner, &lookup, &step.after.settings)
        }
        StepAction::Update => Katapult::update_request(id, &step.change()),
        StepAction::ScheduleDelete => {
            Katapult::schedule_delete_request(id, step.after.auto_move_to_trash_at.unwrap_or_default())
        }
        StepAction::Delete => Katapult::delete_request(id),
    }
}

fn shown(requests: &[Request]) -> Vec<Value> {
    requests.iter().map(dry_run::to_json).collect()
}

/// Returns whether the requests and losses of a plan that was read are those of its fields.
pub fn is_consistent(plan: &Plan, step: &Step) -> bool {
    let Ok(provider) = plan.provider.parse::<Provider>() else {
        return false;
    };
    let deletes_later = provider.capabilities().deletes_later;
    let has_policy = step.policy.is_some() && step.before.is_some();
    let is_complete = match step.action {
        StepAction::Create => step.policy.is_none() && step.before.is_none() && step.target.id.is_some(),
        StepAction::Update => has_policy && !step.change().is_empty(),
        StepAction::ScheduleDelete => deletes_later && has_policy && step.after.auto_move_to_trash_at.is_some(),
        StepAction::Delete => !deletes_later && has_policy,
    };
    is_complete && shown(&requests(provider, plan.created_at, step)) == step.requests && step.losses() == step.weakens
}
