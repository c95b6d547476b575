//! What the policies of a cloud can be. What a cloud does not have is refused before anything is sent.

use super::{Interval, PolicyPatch, TargetKind};

/// What the policies of a cloud can be.
#[derive(Debug)]
pub struct Capabilities {
    /// The provider, as messages name it.
    pub provider: &'static str,
    /// The intervals of schedules.
    pub intervals: &'static [Interval],
    /// How many backups a policy of a disk keeps, where that is fixed.
    pub disk_retention: Option<i64>,
    /// Whether policies can be paused.
    pub pauses: bool,
    /// Whether VMs have tags.
    pub has_tags: bool,
    /// Whether clouds have organizations.
    pub has_organizations: bool,
    /// Whether a deletion can be planned ahead.
    pub deletes_later: bool,
    /// Whether a VM and a disk may have the same id: OnApp numbers each kind.
    pub shares_ids: bool,
}

impl Capabilities {
    pub const KATAPULT: Self = Self {
        provider: "Katapult",
        intervals: &[Interval::Hourly, Interval::Daily, Interval::Weekly, Interval::Monthly],
        disk_retention: None,
        pauses: false,
        has_tags: true,
        has_organizations: true,
        deletes_later: true,
        shares_ids: false,
    };

    pub const ONAPP: Self = Self {
        provider: "OnApp",
        intervals: &[Interval::Daily, Interval::Weekly, Interval::Monthly, Interval::Yearly],
        // Whatever is entered (documented for 5.0).
        disk_retention: Some(1),
        pauses: true,
        has_tags: false,
        has_organizations: false,
        deletes_later: false,
        shares_ids: true,
    };

    /// What VMs, disks and policies belong to.
    pub fn scope(&self) -> &'static str {
        if self.has_organizations { "the organization" } else { "the cloud" }
    }

    /// Why a policy cannot be so, naming what it can be; none where it can.
    pub fn refusal(&self, kind: TargetKind, fields: &PolicyPatch) -> Option<String> {
        let provider = self.provider;
        if let Some(interval) = fields.interval.as_ref().filter(|interval| !self.intervals.contains(interval)) {
            let known: Vec<&str> = self.intervals.iter().map(Interval::as_str).collect();
            return Some(format!("{provider} has no {interval} policies; it has {}", known.join(", ")));
        }
        if let (TargetKind::Disk, Some(fixed), Some(wanted)) = (kind, self.disk_retention, fields.retention)
            && wanted != fixed
        {
            return Some(format!(
                "a policy of a disk on {provider} keeps {fixed} backup, whatever is entered (documented); a policy of a \
                 VM with incremental backups can keep {wanted}"
            ));
        }
        (fields.enabled == Some(false) && !self.pauses).then(|| format!("policies of {provider} cannot be paused"))
    }
}
