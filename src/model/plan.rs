//! A plan: the writes that make the live policies what a file says. It is also a document, that is read again.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Change, Interval, Loss, Policy, PolicyPatch, Target, TargetKind};
use crate::time::utc;

/// The version of the plan document that this bpctl writes and reads.
pub const PLAN_VERSION: u32 = 1;

/// A plan as it is written and read: self-contained.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_VERSION`].
    pub bpctl_plan: u32,
    /// When it was made, in Unix seconds.
    pub created_at: i64,
    /// The API that it was made against: its base URL, or `sandbox`.
    pub api: String,
    /// `katapult` or `onapp`.
    #[serde(default = "katapult")]
    pub provider: String,
    /// Id or sub-domain of the organization; none where clouds have none.
    pub organization: Option<String>,
    /// The writes, in the order in which they are carried out.
    pub steps: Vec<Step>,
    /// Live policies that the file does not name, and that are left alone.
    pub unlisted: Vec<Unlisted>,
    /// How many policies are as the file says.
    pub unchanged: usize,
}

/// What a step does. In this order: first what adds protection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepAction {
    Create,
    /// Other retention or schedule.
    Update,
    /// Deletion at a later time.
    ScheduleDelete,
    /// Deletion at once, for good.
    Delete,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub action: StepAction,
    /// What the policy backs up.
    pub target: StepTarget,
    /// The policy's id; none for a create.
    pub policy: Option<String>,
    /// The policy as it was when the plan was made; none for a create.
    pub before: Option<PolicyState>,
    /// The policy as it should be.
    pub after: PolicyState,
    /// What protection it takes away, in words.
    pub weakens: Vec<String>,
    /// For a create: ids of the policies that the target had already.
    #[serde(default)]
    pub existing: Vec<String>,
    /// OnApp: the schedule's own settings when the plan was made. An update sends them all.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub schedule: Value,
    /// What is sent: method, path and body.
    pub requests: Vec<Value>,
}

/// The provider of a plan that does not name it.
fn katapult() -> String {
    "katapult".to_owned()
}

/// What a step's policy backs up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepTarget {
    /// `vm`, `disk` or `-`.
    pub kind: String,
    pub id: Option<String>,
    pub name: Option<String>,
}

/// What a plan holds of a policy. In the document it is one object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct PolicyState {
    #[serde(flatten)]
    pub settings: PolicyPatch,
    /// A scheduled deletion, in Unix seconds.
    pub auto_move_to_trash_at: Option<i64>,
}

/// A live policy that a file does not name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unlisted {
    pub policy: String,
    /// What it backs up.
    pub target: StepTarget,
    /// The API's word.
    pub interval: Option<Interval>,
    /// When it is deleted, in Unix seconds, where that is scheduled and known.
    pub auto_move_to_trash_at: Option<i64>,
}

/// What comes of a policy that a file asks for.
#[derive(Debug)]
pub enum Planned {
    /// It is so already.
    Same,
    Step(Box<Step>),
}

impl Step {
    /// Plans a policy that is to be as `patch` says: a new one, or `before` changed.
    pub fn toward(patch: &PolicyPatch, target: &Target, before: Option<&Policy>) -> Planned {
        let Some(before) = before else {
            let created = PolicyPatch { frequency: patch.frequency.or(Some(1)), ..patch.clone() };
            let after = created.against(&Policy::default()).applied_to(&Policy::default());
            return Planned::Step(Box::new(Self::new(StepAction::Create, target, None, PolicyState::of(&after))));
        };
        let change = patch.against(before);
        if change.is_empty() {
            return Planned::Same;
        }
        let after = PolicyState::of(&change.applied_to(before));
        let mut step = Self::new(StepAction::Update, target, Some(before), after);
        step.weakens = step.losses();
        Planned::Step(Box::new(step))
    }

    /// Plans the deletion of a policy at a Unix time.
    pub fn removal(target: &Target, before: &Policy, at: i64) -> Self {
        let after = PolicyState { auto_move_to_trash_at: Some(at), ..PolicyState::of(before) };
        let mut step = Self::new(StepAction::ScheduleDelete, target, Some(before), after);
        step.weakens = step.losses();
        step
    }

    /// Plans the deletion of a policy, at once and for good.
    pub fn deletion(target: &Target, before: &Policy) -> Self {
        let mut step = Self::new(StepAction::Delete, target, Some(before), PolicyState::of(before));
        step.weakens = step.losses();
        step
    }

    /// Describes what protection it takes away: worked out anew, whatever a plan that was read says.
    pub fn losses(&self) -> Vec<String> {
        match self.action {
            StepAction::Create => Vec::new(),
            StepAction::Update => {
                self.change().losses(&self.policy_before()).into_iter().map(|Loss(words)| words).collect()
            }
            StepAction::Delete => {
                let id = self.policy.as_deref().unwrap_or("-");
                vec![format!("policy {id} of {} is deleted for good: it makes no more backups", self.target.label())]
            }
            StepAction::ScheduleDelete => {
                let id = self.policy.as_deref().unwrap_or("-");
                let at = self.after.auto_move_to_trash_at.map_or_else(|| "-".to_owned(), utc);
                vec![format!("policy {id} of {} is deleted at {at}", self.target.label())]
            }
        }
    }

    fn new(action: StepAction, target: &Target, before: Option<&Policy>, after: PolicyState) -> Self {
        Self {
            action,
            target: StepTarget::of(target),
            policy: before.and_then(|policy| policy.id.clone()),
            before: before.map(PolicyState::of),
            after,
            weakens: Vec::new(),
            existing: Vec::new(),
            schedule: Value::Null,
            requests: Vec::new(),
        }
    }

    /// Returns the change of an update.
    pub fn change(&self) -> Change {
        self.after.settings.against(&self.policy_before())
    }

    /// Returns the policy as it was, as far as the plan holds it.
    pub fn policy_before(&self) -> Policy {
        self.before.clone().unwrap_or_default().policy(self)
    }

    /// Returns the policy as it should be, as far as the plan holds it.
    pub fn policy_after(&self) -> Policy {
        self.after.policy(self)
    }

    /// Describes what it is about in a few words: `create web-1 daily`.
    pub fn label(&self) -> String {
        let interval = self.after.settings.interval.as_ref().map_or("-", Interval::as_str);
        let words = format!("{} {} {interval}", self.action.verb(), self.target.label());
        match &self.policy {
            Some(policy) => format!("{words} ({policy})"),
            None => words,
        }
    }
}

impl StepAction {
    /// Returns the verb: `create`, `update`, `schedule-delete`.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::ScheduleDelete => "schedule-delete",
            Self::Delete => "delete",
        }
    }
}

impl StepTarget {
    /// Takes what a plan keeps of a target.
    pub fn of(target: &Target) -> Self {
        Self { kind: target.kind.noun().to_owned(), id: target.id.clone(), name: target.name.clone() }
    }

    /// Names the target for people: its name, else its id.
    pub fn label(&self) -> &str {
        self.name.as_deref().or(self.id.as_deref()).unwrap_or("-")
    }

    fn target(&self) -> Target {
        let kind = match self.kind.as_str() {
            "vm" => TargetKind::VirtualMachine,
            "disk" => TargetKind::Disk,
            _ => TargetKind::Unknown,
        };
        Target { kind, id: self.id.clone(), name: self.name.clone() }
    }
}

/// By hand, because serde's `flatten` cannot read exact numbers and takes unknown fields.
impl TryFrom<Map<String, Value>> for PolicyState {
    type Error = serde_json::Error;

    fn try_from(mut fields: Map<String, Value>) -> Result<Self, Self::Error> {
        let at = fields.remove("auto_move_to_trash_at").unwrap_or_default();
        Ok(Self {
            settings: serde_json::from_value(Value::Object(fields))?,
            auto_move_to_trash_at: serde_json::from_value(at)?,
        })
    }
}

impl PolicyState {
    /// Takes what a plan keeps of a policy.
    pub fn of(policy: &Policy) -> Self {
        Self { settings: PolicyPatch::of(policy), auto_move_to_trash_at: policy.auto_move_to_trash_at }
    }

    fn policy(&self, step: &Step) -> Policy {
        Policy {
            id: step.policy.clone(),
            retention: self.settings.retention,
            target: step.target.target(),
            schedule: self.settings.schedule(),
            auto_move_to_trash_at: self.auto_move_to_trash_at,
            status: self.settings.status(),
            ..Policy::default()
        }
    }

    /// Describes how `now` differs: `retention is 14, not 7`.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let values = |state: &Self| {
            let deletion = ("auto_move_to_trash_at", state.auto_move_to_trash_at.map(|at| at.to_string()));
            state.settings.values().into_iter().chain([deletion])
        };
        let different = values(self).zip(values(now)).filter(|(then, now)| then != now);
        different
            .map(|((name, then), (_, now))| {
                let now = now.as_deref().unwrap_or("not set");
                match then {
                    Some(then) => format!("{name} is {now}, not {then}"),
                    None => format!("{name} is {now}, and was not set"),
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Schedule;

    fn daily(frequency: Option<i64>) -> Policy {
        let schedule = Schedule { interval: Some(Interval::Daily), frequency, time: Some(2), ..Schedule::default() };
        Policy { id: Some("dbp_1".to_owned()), retention: Some(7), schedule, ..Policy::default() }
    }

    #[test]
    fn a_field_that_is_left_out_is_left_as_it_is_and_one_in_a_new_policy() {
        let patch = PolicyPatch { interval: Some(Interval::Daily), retention: Some(7), ..PolicyPatch::default() };
        let toward = |frequency| Step::toward(&patch, &Target::default(), Some(&daily(frequency)));
        assert!(matches!(toward(None), Planned::Same));
        assert!(matches!(toward(Some(4)), Planned::Same));
        let denser = PolicyPatch { frequency: Some(1), ..patch.clone() };
        let Planned::Step(step) = Step::toward(&denser, &Target::default(), Some(&daily(Some(4)))) else {
            panic!("every fourth day is not every day")
        };
        assert_eq!(
            (step.after.settings.frequency, step.after.settings.time, step.weakens.len()),
            (Some(1), Some(2), 1)
        );
        let Planned::Step(created) = Step::toward(&patch, &Target::default(), None) else { panic!("it is new") };
        assert_eq!(created.after.settings.frequency, Some(1));
    }

    #[test]
    fn a_plan_is_read_as_it_was_written() {
        let patch = PolicyPatch { interval: Some(Interval::Daily), retention: Some(3), ..PolicyPatch::default() };
        let Planned::Step(step) = Step::toward(&patch, &Target::default(), Some(&daily(Some(1)))) else {
            panic!("the retention differs")
        };
        assert_eq!(step.weakens.len(), 1);
        let read: Step = serde_json::from_value(serde_json::to_value(&step).unwrap()).unwrap();
        assert_eq!((read.change(), &read.before, &read.after), (step.change(), &step.before, &step.after));
        assert_eq!(read.change().retention, Some(3));
        assert!(serde_json::from_str::<Step>(r#"{"action": "create", "x": 1}"#).is_err());
        let state = serde_json::from_str::<PolicyState>;
        assert_eq!(state(r#"{"retention": 7, "auto_move_to_trash_at": null}"#).unwrap().settings.retention, Some(7));
        assert!(state(r#"{"retention": 7, "retentoin": 7}"#).is_err());
        assert!(state(r#"{"auto_move_to_trash_at": "soon"}"#).is_err());
    }
}
