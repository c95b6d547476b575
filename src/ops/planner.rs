//! Working out a plan: the file, what is live, and the steps from one to the other.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::Prune;
use crate::command::policy::schedule_delete::resolve as resolve_time;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::fs::detached;
use crate::http::Request;
use crate::katapult::{Katapult, Lookup};
use crate::model::{
    Object, Organization, PLAN_VERSION, Plan, Planned, Policy, Step, StepAction, StepTarget, Target, Unlisted,
};
use crate::ops::inventory::Inventory;
use crate::policyfile::{self, Matching};
use crate::time::utc;

/// The longest file that is read, in bytes.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// A plan, and what it was made from.
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// The policies of its steps as they were read, by id.
    pub before: HashMap<String, Object<Policy>>,
    /// What is worth knowing, in words.
    pub notes: Vec<String>,
}

/// Resolves when policies that a file does not name are deleted; none without `--prune`.
///
/// # Errors
/// No time, or one that is too soon.
pub fn prune_at(cx: &Context, args: &Prune) -> Result<Option<Timestamp>> {
    let at = args.prune_at.as_deref().unwrap_or("+7d");
    args.prune.then(|| resolve_time(cx, "--prune-at", at)).transpose()
}

/// Reads a file, or standard input for `-`; gives what to call it, too. Ctrl-C is heard meanwhile: both may be a pipe.
///
/// # Errors
/// It cannot be read.
pub async fn read_text(cx: &Context, path: &Path) -> Result<(String, String)> {
    if path.as_os_str() == "-" {
        return Ok(("standard input".to_owned(), cx.ui.read_input(MOST_BYTES).await?));
    }
    let name = path.display().to_string();
    let path = path.to_owned();
    match detached::spawn(move || std::fs::read_to_string(path)).await.flatten() {
        Ok(text) => Ok((name, text)),
        Err(error) => Err(Error::usage(format!("{name}: {error}"))),
    }
}

/// Works out what makes the live policies as the file says.
///
/// # Errors
/// The file's, the API's, and a line that could mean several things.
pub async fn make(cx: &Context, api: &Katapult, file: &Path, prune: Option<Timestamp>) -> Result<Made> {
    let (name, text) = read_text(cx, file).await?;
    let document = policyfile::read(&name, &text)?;
    let organization = organization(cx, api, document.organization.as_deref()).await?;
    let mut survey = Inventory::whole(cx, api, organization).await?;
    if document.needs_tags() {
        survey.read_tags(cx, api).await?;
    }
    let matching = policyfile::resolve(&name, &document, survey.surroundings())?;
    let mut ids: Vec<String> = matching.wanted.iter().filter_map(|wanted| wanted.policy.clone()).collect();
    if prune.is_some() {
        ids.extend(matching.unlisted.iter().cloned());
    }
    let before = survey.details(cx, api, ids).await?;
    let mut maker = Maker { survey: &survey, before: &before, notes: matching.notes.clone(), unchanged: 0 };
    let mut steps = maker.wanted(&matching)?;
    let (removals, unlisted) = maker.unlisted(&matching, prune);
    steps.extend(removals);
    // Stable: within a kind the file's order stays. What adds protection comes first.
    steps.sort_by_key(|step| step.action);
    let (notes, unchanged) = (maker.notes, maker.unchanged);
    let plan = Plan {
        bpctl_plan: PLAN_VERSION,
        created_at: cx.now().as_second(),
        api: cx.api_name()?,
        organization: survey.organization.value.clone(),
        steps,
        unlisted,
        unchanged,
    };
    Ok(Made { plan, before, notes })
}

/// Settles which organization is meant: the file's, or what the command line or the profile name.
///
/// # Errors
/// They name two; and the API's.
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
            return Err(Error::config(format!("this is for the organization {of_file}, not for {named}"))
                .hint("nothing was sent; `--org` names the organization, and so do `BPCTL_ORG` and the profile"));
        }
    }
    Ok(Lookup::organization(of_file))
}

struct Maker<'a> {
    survey: &'a Inventory,
    before: &'a HashMap<String, Object<Policy>>,
    notes: Vec<String>,
    unchanged: usize,
}

impl Maker<'_> {
    /// Plans what the file asks for.
    fn wanted(&mut self, matching: &Matching) -> Result<Vec<Step>> {
        let existing = by_target(&self.survey.fleet.policies);
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
                    wanted.line,
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

    /// Plans the deletion of what the file does not name, where that is wanted, and tells of the rest.
    fn unlisted(&self, matching: &Matching, prune: Option<Timestamp>) -> (Vec<Step>, Vec<Unlisted>) {
        let (mut steps, mut unlisted) = (Vec::new(), Vec::new());
        let listed: HashMap<_, _> =
            self.survey.fleet.policies.iter().filter_map(|policy| Some((policy.id.as_deref()?, policy))).collect();
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
                    interval: policy.schedule.interval.as_ref().map(ToString::to_string),
                    auto_move_to_trash_at: policy.auto_move_to_trash_at,
                }),
            }
        }
        (steps, unlisted)
    }

    /// Adds the name that a list knows, where the policy's own answer has none.
    fn named(&self, target: &Target) -> Target {
        let known = || self.survey.fleet.policies.iter().map(|policy| &policy.target);
        let name = || known().find(|known| known.id == target.id).and_then(|known| known.name.clone());
        Target { name: target.name.clone().or_else(name), ..target.clone() }
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
            Katapult::create_request(owner, &lookup, &step.after.patch())
        }
        StepAction::Update => Katapult::update_request(id, &step.change()),
        StepAction::ScheduleDelete => {
            Katapult::schedule_delete_request(id, step.after.auto_move_to_trash_at.unwrap_or_default())
        }
    }]
}

/// Gives requests as a plan shows them.
fn shown(requests: &[Request]) -> Vec<Value> {
    let one = |request: &Request| json!({"method": request.method.name(), "path": request.path, "body": request.body});
    requests.iter().map(one).collect()
}

/// Tells whether a plan that was read sends, and takes away, what its fields say.
pub fn is_consistent(step: &Step) -> bool {
    let has_policy = step.policy.is_some() && step.before.is_some();
    let is_complete = match step.action {
        StepAction::Create => step.policy.is_none() && step.before.is_none() && step.target.id.is_some(),
        StepAction::Update => has_policy && !step.change().is_empty(),
        StepAction::ScheduleDelete => has_policy && step.after.auto_move_to_trash_at.is_some(),
    };
    is_complete && shown(&requests(step)) == step.requests && step.losses() == step.weakens
}
