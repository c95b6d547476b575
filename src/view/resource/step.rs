//! What became of the steps of a plan.

use serde::Serialize;
use serde_json::Value;

use crate::model::{Interval, StepTarget};
use crate::view::{Cell, Column, Resource};

/// A step of a plan, and what became of it. Its JSON is our own.
#[derive(Clone, Debug, Serialize)]
pub struct StepResult {
    /// `create`, `update` or `schedule-delete`.
    pub action: &'static str,
    /// What the policy backs up.
    pub target: StepTarget,
    /// The interval that it has now, or should have.
    pub interval: Option<Interval>,
    /// The policy's id, where it has one.
    pub policy: Option<String>,
    /// `done`, `failed` or `not_tried`.
    pub result: &'static str,
    /// The error, as on standard error.
    pub error: Option<Value>,
    /// The policy as it was read back: what the API said.
    pub after: Option<Value>,
}

impl Resource for StepResult {
    const PLURAL: &'static str = "steps";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("action", |step, _| Cell::text(Some(step.action))).rank(1),
        Column::<Self>::new("target", |step, _| Cell::text(Some(step.target.label()))).flexible(),
        Column::<Self>::new("interval", |step, _| Cell::text(step.interval.as_ref().map(Interval::as_str))).rank(2),
        Column::<Self>::new("policy", |step, _| Cell::text(step.policy.as_deref())).rank(3),
        Column::<Self>::new("result", |step, _| Cell::text(Some(step.result.replace('_', " ")))).state(),
        Column::<Self>::new("target_id", |step, _| Cell::text(step.target.id.as_deref())).wide(),
        Column::<Self>::new("error", |step, _| {
            Cell::text(step.error.as_ref().and_then(|error| error["message"].as_str()))
        })
        .wide(),
    ];

    fn id(&self) -> &str {
        self.policy.as_deref().unwrap_or_default()
    }
}
