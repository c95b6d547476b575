//! VMs that were checked.

use crate::model::check::{MachineCheck, PolicyFacts};
use crate::time::length;
use crate::view::{Cell, Column, Resource};

/// Worst first.
const STATUSES: [&str; 4] = ["critical", "unknown", "warning", "ok"];

impl Resource for MachineCheck {
    const PLURAL: &'static str = "VMs to check";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("vm", |check, _| Cell::text(Some(check.name.as_str()))).flexible(),
        Column::<Self>::new("status", |check, _| Cell::text(Some(check.status.name()))).words(&STATUSES),
        Column::<Self>::new("basis", |check, _| Cell::text(Some(check.basis.name()))).rank(1),
        Column::<Self>::new("age", |check, _| seconds(check.age_seconds)).length().rank(2),
        Column::<Self>::new("limit", |check, _| seconds(check.limit_seconds)).length().wide(),
        Column::<Self>::new("reason", |check, _| Cell::text(Some(check.reason.as_str()))).flexible(),
        Column::<Self>::new("last_backup", |check, _| last_backup(check)).time().wide(),
        Column::<Self>::new("policies", |check, _| Cell::text(Some(policies(&check.policies)))).wide(),
        Column::<Self>::new("provider", |check, _| Cell::text(Some(check.provider))).wide(),
        Column::<Self>::new("id", |check, _| Cell::text(check.id.as_deref())).wide(),
    ];

    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }
}

fn seconds(seconds: Option<u64>) -> Cell<'static> {
    seconds.map_or(Cell::Absent, |seconds| Cell::Length(length(seconds).into(), seconds))
}

fn last_backup(check: &MachineCheck) -> Cell<'_> {
    Cell::instant(check.last.as_ref().map(|last| last.built_at))
}

fn policies(policies: &[PolicyFacts]) -> String {
    policies.iter().map(|policy| policy.id.as_str()).collect::<Vec<_>>().join(", ")
}
