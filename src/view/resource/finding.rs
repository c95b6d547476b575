//! Findings of the lint.

use crate::model::lint::Finding;
use crate::view::{Cell, Column, Resource};

impl Resource for Finding {
    const PLURAL: &'static str = "findings";

    const COLUMNS: &'static [Column<Self>] = &[
        Column::<Self>::new("code", |finding, _| Cell::text(Some(finding.code))),
        Column::<Self>::new("severity", |finding, _| Cell::text(Some(finding.severity.word())))
            .words(&["error", "warning"])
            .rank(1),
        Column::<Self>::new("target", |finding, _| Cell::text(finding.target.as_deref())).flexible(),
        Column::<Self>::new("policy", |finding, _| Cell::text(finding.policy.as_deref())).rank(2),
        Column::<Self>::new("message", |finding, _| Cell::text(Some(finding.message.as_str()))).flexible_from(40),
        Column::<Self>::new("location", |finding, _| Cell::text(place(finding))).wide(),
        Column::<Self>::new("hint", |finding, _| Cell::text(Some(finding.hint.as_str()))).wide(),
    ];

    /// What it is about: the policy, else the target, else the code.
    fn id(&self) -> &str {
        self.policy.as_deref().or(self.target.as_deref()).unwrap_or(self.code)
    }
}

/// File and line, as compilers write them.
fn place(finding: &Finding) -> Option<String> {
    let location = finding.location.as_ref()?;
    Some(match location.line {
        Some(line) => format!("{}:{line}", location.file),
        None => location.file.clone(),
    })
}
