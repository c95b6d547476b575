//! Working out a plan: the file, what is live, and the steps from one to the other.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use crate::args::Prune;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fs::detached;
use crate::http::Request;
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{
    Object, Organization, PLAN_VERSION, Plan, Planned, Policy, Step, StepAction, StepTarget, Target, Unlisted,
};
use crate::ops::deletion_time::DeletionTime;
use crate::ops::dry_run;
use crate::ops::inventory::Inventory;
use crate::ops::plan_check::{in_the_way, unreadable};
use crate::ops::selection::read_all_tags;
use crate::policyfile::{self, Matching};
use crate::text::without_mark;
use crate::time::utc;

/// The longest file that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// The default limit of deletions is a tenth of the live policies, and at least this many.
const MIN_DELETION_LIMIT: usize = 1;

/// A plan, and what it was made from.
pub struct Made {
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

impl Made {
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

/// When policies that a file does not name are deleted; none without `--prune`.
pub fn prune_at(cx: &Context, args: &Prune) -> Result<Option<DeletionTime>> {
    let at = args.prune_at.as_deref().unwrap_or("+7d");
    args.prune.then(|| DeletionTime::parse(cx, "--prune-at", at)).transpose()
}

/// Refuses a plan that schedules more deletions than `max`: by default a tenth of the `live` policies, at least one.
///
/// # Errors
/// `usage`, with both numbers.
pub async fn check_deletions(
    cx: &Context,
    api: &Katapult,
    plan: &Plan,
    live: Option<usize>,
    max: Option<usize>,
) -> Result<()> {
    let deletions = plan.steps.iter().filter(|step| step.action == StepAction::ScheduleDelete).count();
    let limit = match max {
        Some(max) => max,
        None if deletions <= MIN_DELETION_LIMIT => return Ok(()),
        None => (count_live(api, plan, live).await? / 10).max(MIN_DELETION_LIMIT),
    };
    if deletions <= limit {
        return Ok(());
    }
    let than = match max {
        Some(max) => format!("`--max-deletions {max}`"),
        None => format!("a tenth of all ({limit})"),
    };
    let message = format!("{deletions} policies would be scheduled for deletion, more than {than}");
    if cx.global.dry_run {
        cx.ui.warn(&format!("{message}; without `--dry-run` this is refused and nothing is sent"));
        return Ok(());
    }
    Err(Error::usage(message).hint(format!("nothing was sent; `--max-deletions {deletions}` permits it")))
}

async fn count_live(api: &Katapult, plan: &Plan, known: Option<usize>) -> Result<usize> {
    if let Some(live) = known {
        return Ok(live);
    }
    let owner = Owner::Organization(Lookup::organization(&plan.organization));
    Ok(api.all_policies(&owner).await?.rows.len())
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
    api: &Katapult,
    (name, text): &(String, String),
    prune: Option<DeletionTime>,
) -> Result<Made> {
    let document = policyfile::read(name, text)?;
    let organization = organization(cx, api, document.organization.as_deref()).await?;
    let mut inventory = Inventory::fetch_complete(cx, api, organization).await?;
    let prune = prune.map(|at| at.resolve(cx, api.http())).transpose()?;
    if document.needs_tags() {
        read_all_tags(cx, api, &mut inventory.fleet.machines).await?;
    }
    let matching = policyfile::resolve(name, &document, inventory.surroundings())?;
    let mut ids: Vec<String> = matching.wanted.iter().filter_map(|wanted| wanted.policy.clone()).collect();
    if prune.is_some() {
        ids.extend(matching.unlisted.iter().cloned());
    }
    if prune.is_some() && matching.wanted.is_empty() && !matching.unlisted.is_empty() {
        return Err(names_nothing(name));
    }
    let details = inventory.details(cx, api, ids).await?;
    details.refuse_unread()?;
    let before = details.found;
    let mut maker = Maker::new(&inventory, &before, matching.notes.clone());
    let mut steps = maker.wanted(&matching)?;
    let (removals, unlisted) = maker.unlisted(&matching, prune);
    steps.extend(removals);
    // Stable: within a kind the file's order stays. What adds protection comes first.
    steps.sort_by_key(|step| step.action);
    let (notes, unchanged) = (maker.notes, maker.unchanged);
    let blocked = blocked(&inventory, &matching, &steps, prune.is_some());
    let plan = Plan {
        bpctl_plan: PLAN_VERSION,
        created_at: cx.now().as_second(),
        api: cx.api_name()?,
        organization: inventory.organization.value.clone(),
        steps,
        unlisted,
        unchanged,
    };
    Ok(Made { plan, before, notes, live: inventory.fleet.policies.len(), blocked })
}

fn names_nothing(name: &str) -> Error {
    Error::usage(format!("{name} names no policy, so `--prune` would schedule the deletion of all"))
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
    in_the_way(&unlisted, &creates.filter_map(|step| step.target.id.as_deref()).collect())
}

/// Finds the organization: the file's, or the one that the command line or the profile names.
pub async fn organization(cx: &Context, api: &Katapult, of_file: Option<&str>) -> Result<Lookup> {
    let named = cx.organization()?;
    let (Some(of_file), Some(named)) = (of_file, named) else {
        return api.find_organization(of_file.or(named)).await;
    };
    if of_file != named {
        let all = api.organizations().await?;
        let is_same = |organization: &Object<Organization>| {
            let is = |name: &str| {
                [&organization.model.id, &organization.model.sub_domain].into_iter().flatten().any(|it| it == name)
            };
            is(of_file) && is(named)
        };
        if !all.iter().any(is_same) {
            return Err(Error::config(format!("the file is for organization {of_file}, not for {named}"))
                .hint("nothing was sent; `--org` names the organization, and so do `BPCTL_ORG` and the profile"));
        }
    }
    Ok(Lookup::organization(of_file))
}

struct Maker<'a> {
    inventory: &'a Inventory,
    before: &'a HashMap<String, Object<Policy>>,
    /// Names of targets, as the list shows them.
    names: HashMap<&'a str, &'a str>,
    notes: Vec<String>,
    unchanged: usize,
}

impl<'a> Maker<'a> {
    fn new(inventory: &'a Inventory, before: &'a HashMap<String, Object<Policy>>, notes: Vec<String>) -> Self {
        let targets = inventory.fleet.policies.iter().map(|policy| &policy.target);
        let names = targets.filter_map(|target| Some((target.id.as_deref()?, target.name.as_deref()?))).collect();
        Self { inventory, before, names, notes, unchanged: 0 }
    }

    /// Plans what the file asks for.
    fn wanted(&mut self, matching: &Matching) -> Result<Vec<Step>> {
        let existing = by_target(&self.inventory.fleet.policies);
        let mut steps = Vec::new();
        for wanted in &matching.wanted {
            let before = match &wanted.policy {
                None => None,
                Some(id) => Some(&self.before.get(id).ok_or_else(|| gone(id))?.model),
            };
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
                    step.requests = shown(&requests(&step));
                    steps.push(*step);
                }
            }
        }
        Ok(steps)
    }

    /// Plans the deletion of policies that the file does not name, where that is wanted, and lists the rest.
    fn unlisted(&self, matching: &Matching, prune: Option<Timestamp>) -> (Vec<Step>, Vec<Unlisted>) {
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
                Some(at) if policy.auto_move_to_trash_at.is_none() => {
                    let mut step = Step::removal(&target, policy, at.as_second());
                    step.requests = shown(&requests(&step));
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

/// Describes what a step sends.
pub fn requests(step: &Step) -> Vec<Request> {
    let id = step.policy.as_deref().unwrap_or_default();
    vec![match step.action {
        StepAction::Create => {
            let lookup = Lookup::id(step.target.id.clone().unwrap_or_default());
            let owner = if step.target.kind == "disk" { "disk" } else { "virtual_machine" };
            Katapult::create_request(owner, &lookup, &step.after.settings)
        }
        StepAction::Update => Katapult::update_request(id, &step.change()),
        StepAction::ScheduleDelete => {
            Katapult::schedule_delete_request(id, step.after.auto_move_to_trash_at.unwrap_or_default())
        }
    }]
}

fn shown(requests: &[Request]) -> Vec<Value> {
    requests.iter().map(dry_run::to_json).collect()
}

/// Returns whether the requests and losses of a plan that was read are those of its fields.
pub fn is_consistent(step: &Step) -> bool {
    let has_policy = step.policy.is_some() && step.before.is_some();
    let is_complete = match step.action {
        StepAction::Create => step.policy.is_none() && step.before.is_none() && step.target.id.is_some(),
        StepAction::Update => has_policy && !step.change().is_empty(),
        StepAction::ScheduleDelete => has_policy && step.after.auto_move_to_trash_at.is_some(),
    };
    is_complete && shown(&requests(step)) == step.requests && step.losses() == step.weakens
}
