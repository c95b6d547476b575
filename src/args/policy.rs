//! `bpctl policies …`

use clap::{Args, Subcommand};

use super::selection::Bulk;
use super::value::{hour, interval, minute, not_empty, positive};
use crate::model::{Expectation, Interval, PolicyPatch};

/// Verbs of `policies`
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    List(PolicyList),
    Show(PolicyShow),
    Create(PolicyCreate),
    Update(PolicyUpdate),
    ScheduleDelete(PolicyScheduleDelete),
    /// Pause policies (OnApp)
    ///
    /// They keep their backups and make no more. With --match or --filter, pauses the policies of the cloud that are
    /// selected: first one alone (see --canary), then the others.
    ///
    /// The request is taken from the code of one client; it has not been tested on a live cloud. The status is read back.
    #[command(after_help = "\
Examples:
  bpctl policies pause 31
  bpctl policies list --vm web1 -o id | bpctl policies pause -
  bpctl policies pause --match 'test*' --dry-run")]
    Pause(PolicySwitch),
    /// Resume paused policies (OnApp)
    ///
    /// They run next at their usual time, and do not make up for the runs that they missed. Policies are selected as for
    /// `bpctl policies pause`.
    ///
    /// The request is taken from the code of one client; it has not been tested on a live cloud. The status is read back.
    #[command(after_help = "\
Examples:
  bpctl policies resume 31
  bpctl policies resume --match 'test*'")]
    Resume(PolicySwitch),
    Delete(PolicyDelete),
    /// Restore policies from the trash
    #[command(after_help = "\
Examples:
  bpctl policies restore dbp_1q5lrfq3NnQfQuPL")]
    Restore(PolicyNames),
}

/// List the policies of a VM, a disk or an organization
///
/// Without a VM or a disk, lists the policies of the organization: the one of --org, the environment or the profile,
/// or the only one that the token has access to.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies list
  bpctl policies list web-1 --include-disks
  bpctl policies list --sort next_run -o csv")]
pub struct PolicyList {
    /// VM: id, FQDN or name; the same as --vm
    #[arg(value_name = "VM", conflicts_with = "vm", value_parser = not_empty)]
    pub name: Option<String>,
    /// VM: id, FQDN or name
    #[arg(long, value_name = "VM", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: id or name; with a VM, a name among its disks
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// With a VM: also list the policies of its disks
    #[arg(long, conflicts_with = "disk")]
    pub include_disks: bool,
    /// Read each policy in full: one more request per row
    ///
    /// Lists leave out a policy's frequency, time, minute and scheduled deletion.
    #[arg(long)]
    pub detail: bool,
}

/// Show a policy
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies show dbp_1q5lrfq3NnQfQuPL")]
pub struct PolicyShow {
    /// Policy: id, or the name of a target; `-` reads it from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, it can be left out and chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policy: Option<String>,
}

/// Retention and schedule
#[derive(Clone, Debug, Default, Args)]
pub struct PolicyFields {
    /// Number of backups to keep
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub retention: Option<i64>,
    /// hourly, daily, weekly, monthly or yearly
    ///
    /// Katapult has no yearly policies, OnApp has no hourly ones.
    #[arg(long, value_name = "INTERVAL", value_parser = interval)]
    pub interval: Option<Interval>,
    /// Back up every N intervals
    ///
    /// Katapult's API does not document the field: this is how bpctl reads it. OnApp documents it.
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    pub frequency: Option<i64>,
    /// Hour, 0 to 23: server time, on OnApp that of --tz
    ///
    /// Katapult's API does not document the field, or its time zone: bpctl reads it as the server's time. On OnApp it is
    /// in the zone of the command (--tz, --utc, else the local one), and sets the clock of the next run; lists show it in UTC.
    #[arg(long, value_name = "N", value_parser = hour, allow_negative_numbers = true)]
    pub time: Option<i64>,
    /// Minute of the hour, 0 to 59
    ///
    /// In the same zone as --time. Katapult's API does not document the field: this is how bpctl reads it.
    #[arg(long, value_name = "N", value_parser = minute, allow_negative_numbers = true)]
    pub minute: Option<i64>,
}

impl PolicyFields {
    /// Returns the fields to change.
    pub fn patch(&self) -> PolicyPatch {
        PolicyPatch {
            retention: self.retention,
            interval: self.interval.clone(),
            frequency: self.frequency,
            time: self.time,
            minute: self.minute,
            enabled: None,
        }
    }
}

/// Delete policies: they stay in the trash for 48 hours
///
/// Prints until when they can be restored (an OnApp cloud has no trash). With --match, --tag or --filter, deletes the
/// policies of the organization that are selected: first one alone (see --canary), then the others. `--filter` takes a
/// condition on the columns of `policies list`.
///
/// On OnApp the request is taken from the code of one client; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies delete dbp_1q5lrfq3NnQfQuPL
  bpctl policies list web-1 -o id | bpctl policies delete -
  bpctl policies delete --match 'test-*' --max-changes 10 --dry-run")]
pub struct PolicyDelete {
    /// Policy ids, or names of targets; `-` reads them from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, they can be left out and one policy chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// Selection
    #[command(flatten)]
    pub bulk: Bulk,
}

/// Policies that are paused or resumed
#[derive(Clone, Debug, Args)]
// Only OnApp has these verbs, and its VMs have no tags: `--tag` is refused with a reason, and not shown.
#[command(mut_arg("tags", |tags| tags.hide(true)))]
#[command(mut_arg("excluded", |excluded| {
    excluded
        .help("Leave out by name; repeatable")
        .long_help("Leave out by name; repeatable\n\nA VM is left out with its disks.")
}))]
pub struct PolicySwitch {
    /// Policy ids, or names of targets; `-` reads them from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, they can be left out and one policy chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// Selection
    #[command(flatten)]
    pub bulk: Bulk,
}

/// Policies by id
#[derive(Clone, Debug, Args)]
pub struct PolicyNames {
    /// Policy ids, or names of targets; `-` reads them from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, they can be left out and one policy chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
}

/// Create a policy for a VM or a disk
///
/// On a terminal, asks for what is missing; it then shows the request and the matching command line, and asks before it
/// sends.
///
/// On OnApp the request is taken from the code of two clients, and in part inferred; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies create
  bpctl policies create --vm web-1 --interval daily --retention 14 --time 2")]
pub struct PolicyCreate {
    /// VM (all its disks): id, FQDN or name
    #[arg(long, value_name = "VM", conflicts_with = "disk", value_parser = not_empty)]
    pub vm: Option<String>,
    /// Disk: id or name
    #[arg(long, value_name = "DISK", value_parser = not_empty)]
    pub disk: Option<String>,
    /// Retention and schedule
    #[command(flatten)]
    pub fields: PolicyFields,
    /// Allow a second policy of the same interval
    ///
    /// Without it, a target that has a policy of this interval gets no other.
    #[arg(long)]
    pub allow_duplicate: bool,
}

/// Change the retention or schedule of policies
///
/// Reads the policy, shows the values before and after, sends only what changes (a schedule always in full) and reads the
/// policy again. A change that weakens protection is confirmed first. With --match, --tag or --filter, changes the policies
/// of the organization that are selected: first one alone (see --canary), then the others. `--filter` takes a condition on
/// the columns of `policies list`.
///
/// On OnApp the request is taken from the code of one client; it has not been tested on a live cloud.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies update dbp_1q5lrfq3NnQfQuPL --retention 30
  bpctl policies update --match 'web-*' --interval daily --dry-run
  bpctl policies update --tag prod --filter 'retention < 14' --retention 14")]
pub struct PolicyUpdate {
    /// Policy ids, or names of targets; `-` reads them from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, they can be left out and one policy chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// Retention and schedule
    #[command(flatten)]
    pub fields: PolicyFields,
    /// Only if the policy has this value; repeatable
    ///
    /// As in `--if retention=7 --if interval=daily`; nothing is changed otherwise.
    #[arg(long = "if", value_name = "FIELD=VALUE")]
    pub expect: Vec<Expectation>,
    /// Selection
    #[command(flatten)]
    pub bulk: Bulk,
    /// With a selection: only policies with this interval
    #[arg(long, value_name = "INTERVAL", value_parser = interval, hide_short_help = true)]
    pub interval_is: Option<Interval>,
}

/// Schedule the deletion of policies
///
/// The policy keeps working until then, and moves to the trash. The API cannot cancel a scheduled deletion: schedule it
/// again for a later time, or restore the policy within 48 hours after it. Policies are selected as for
/// `bpctl policies delete`.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  bpctl policies schedule-delete dbp_1q5lrfq3NnQfQuPL --at 'friday 22:00'
  bpctl policies schedule-delete dbp_1q5lrfq3NnQfQuPL --at +7d")]
pub struct PolicyScheduleDelete {
    /// Policy ids, or names of targets; `-` reads them from stdin
    ///
    /// The name of a VM or a disk stands for its policy, where it has exactly one.
    /// On a terminal, they can be left out and one policy chosen from a list.
    #[arg(value_name = "POLICY", value_parser = not_empty)]
    pub policies: Vec<String>,
    /// When, such as +7d or "friday 22:00" (bpctl help times)
    ///
    /// More than 5 minutes ahead, in the local zone or, with --utc, in UTC.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub at: Option<String>,
    /// Selection
    #[command(flatten)]
    pub bulk: Bulk,
}
