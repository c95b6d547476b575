//! Runs of policies.

use crate::model::calendar::Run;
use crate::view::{Cell, Column, Resource};

impl Resource for Run {
    const PLURAL: &'static str = "runs";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("at", |run, _| Cell::unix(Some(run.at))).time(),
        Column::<Self>::new("target", |run, _| Cell::text(run.target())).flexible(),
        Column::<Self>::new("target_type", |run, _| {
            Cell::text(Some(run.policy.target.kind.noun()).filter(|noun| *noun != "-"))
        })
        .rank(3),
        Column::<Self>::new("interval", |run, _| {
            Cell::text(run.policy.schedule.interval.as_ref().map(|interval| interval.as_str()))
        })
        .rank(2),
        Column::<Self>::new("policy", |run, _| Cell::text(run.policy.id.as_deref())).rank(1),
    ];

    fn id(&self) -> &str {
        self.policy.id.as_deref().unwrap_or_default()
    }
}
