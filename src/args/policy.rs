//! `bpctl policies …`

use clap::{Args, Subcommand};

use super::value::{at_least_one, at_least_zero, interval, not_empty};
use crate::model::{Expectation, Glob, Interval, PolicyPatch};

/// Verbs of a policy
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the help of a verb stands at its arguments: here it would hide the longer text")]
pub enum PolicyCommand {
    List(PolicyList),
    /// Show a policy
    Show(PolicyShow),
    Create(PolicyCreate),
    Update(PolicyUpdate),
    ScheduleDelete(PolicyScheduleDelete),
    /// Delete policies now: they move to the trash for 48 hours
    ///
    /// Says until when they can be restored.
    Delete(PolicyNames),
    /// Restore policies from the trash
    Restore(PolicyNames),
}

/// List the policies of a virtual machine, a disk or an organization
///
/// Without --vm and --disk, the policies of the organization are listed (--org, or the profile's, or the only
/// one that the token sees).
#[derive(Clone, Debug, Args)]
pub struct PolicyList {
    /// Virtual machine: id, FQDN or name
    #[arg(long, value_name = "VM", conflicts_with = "disk", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: id
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// With --vm: also the policies of the disks that are assigned to it
    #[arg(long, requires = "vm")]
    pub include_disks: bool,
    /// Read each policy in full: frequency, time, minute and a pending deletion (one more request a row)
    #[arg(long)]
    pub detail: bool,
}

/// Show a policy
#[derive(Clone, Debug, Args)]
pub struct PolicyShow {
    /// Policy: id
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policy: String,
}

/// Retention and schedule
#[derive(Clone, Debug, Default, Args)]
pub struct PolicyFields {
    /// Backups to keep (the API documents no unit)
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub retention: Option<i64>,
    /// hourly, daily, weekly or monthly
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub interval: Option<Interval>,
    /// Every N intervals (our reading: the API does not document it)
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true)]
    pub frequency: Option<i64>,
    /// Hour of the day, 0 to 23 (our reading: passed on as given)
    #[arg(long, value_name = "N", value_parser = at_least_zero, allow_negative_numbers = true)]
    pub time: Option<i64>,
    /// Minute of the hour, 0 to 59 (our reading: passed on as given)
    #[arg(long, value_name = "N", value_parser = at_least_zero, allow_negative_numbers = true)]
    pub minute: Option<i64>,
}

impl PolicyFields {
    /// Gives what is asked for.
    pub fn patch(&self) -> PolicyPatch {
        PolicyPatch {
            retention: self.retention,
            interval: self.interval.clone(),
            frequency: self.frequency,
            time: self.time,
            minute: self.minute,
        }
    }
}

/// Policies by name
#[derive(Clone, Debug, Args)]
pub struct PolicyNames {
    /// Policies: ids; `-` reads them from standard input; on a terminal, without any, one is chosen from a list
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
}

/// Create a policy for a virtual machine or a disk
///
/// On a terminal, asks for what is missing, shows the request and the command line, and asks before it sends.
#[derive(Clone, Debug, Args)]
pub struct PolicyCreate {
    /// Virtual machine: id, FQDN or name; the policy covers all its disks
    #[arg(long, value_name = "VM", conflicts_with = "disk", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: id
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// Retention and schedule
    #[command(flatten)]
    pub fields: PolicyFields,
}

/// Change retention or schedule of policies
///
/// Reads the policy, shows before and after, sends only what changes (the schedule whole) and reads it again. A
/// change that keeps fewer backups or makes them less often is confirmed first. With --match, the policies of the
/// organization whose target has such a name are changed: the first of them alone, and the others once that is
/// checked.
#[derive(Clone, Debug, Args)]
pub struct PolicyUpdate {
    /// Policies: ids; `-` reads them from standard input; on a terminal, without any, one is chosen from a list
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// Policies by what they back up
    #[command(flatten)]
    pub selection: PolicySelection,
    /// What to change
    #[command(flatten)]
    pub fields: PolicyFields,
    /// Change nothing unless the policy is as expected, as in --if retention=7 (can be repeated)
    #[arg(long = "if", value_name = "FIELD=VALUE")]
    pub expect: Vec<Expectation>,
}

/// Policies by what they back up
#[derive(Clone, Debug, Args)]
pub struct PolicySelection {
    /// Policies whose target has such a name or FQDN: `*` is any text, `?` one character
    #[arg(long = "match", value_name = "GLOB", conflicts_with = "policies")]
    pub glob: Option<Glob>,
    /// With --match: only those with this interval
    #[arg(long, value_name = "INTERVAL", value_parser = interval, requires = "glob", conflicts_with = "policies")]
    pub interval_is: Option<Interval>,
    /// With --match: change nothing when more than N policies would change
    #[arg(long, value_name = "N", requires = "glob", conflicts_with = "policies")]
    pub max_changes: Option<usize>,
    /// With --match: change N first; a failure among them stops the rest in any case [default: 1]
    #[arg(long, value_name = "N", requires = "glob", conflicts_with = "policies")]
    pub canary: Option<usize>,
    /// With --match: go on after a policy that failed
    #[arg(long, requires = "glob", conflicts_with = "policies")]
    pub keep_going: bool,
}

/// Schedule the deletion of policies
///
/// The policy works as before until then, and moves to the trash. The API cannot cancel it: schedule it again for
/// a later time, or restore the policy within 48 hours afterwards.
#[derive(Clone, Debug, Args)]
pub struct PolicyScheduleDelete {
    /// Policies: ids; `-` reads them from standard input; on a terminal, without any, one is chosen from a list
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// When, at least 5 minutes ahead: 2026-12-01T02:00:00Z, '2026-12-01 02:00', 2026-12-01, +7d, 'in 36h',
    /// '2 weeks', 'tomorrow 02:00', 'friday 22:00', @1767225600; in the local zone (--utc: UTC)
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub at: Option<String>,
}
