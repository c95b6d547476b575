//! The codes and what they mean.

use super::{Rule, Severity};

/// All rules, by code.
pub const RULES: &[Rule] = &[
    Rule {
        code: "W001",
        severity: Severity::Error,
        title: "a VM has no policy",
        explanation: "The VM and its disks have no policy, so no backups of it are made. Free \
                      daily snapshots are no substitute: they live beside the disk and are kept for a day.",
        remedy: "Create a policy for the VM (`bpctl policy create --vm VM …`). `bpctl coverage` shows VMs in \
                 which only some disks are covered.",
    },
    Rule {
        code: "W002",
        severity: Severity::Warning,
        title: "a VM is backed up weekly or less often",
        explanation: "The most frequent policy of the VM and its disks runs once in seven days or less often, so \
                      up to a week or more of work is lost with the VM. A frequency, where it is known, is read \
                      as \"every N intervals\".",
        remedy: "Add a daily policy, or accept it where the VM holds nothing that changes.",
    },
    Rule {
        code: "W011",
        severity: Severity::Warning,
        title: "a policy keeps one backup",
        explanation: "With a retention of 1 the only backup is replaced by the next one. Damage that is noticed after \
                      the next run cannot be undone. (The API documents no unit of the retention; it is read as the \
                      number of backups kept.)",
        remedy: "Raise the retention: `bpctl policy update POLICY --retention N`.",
    },
    Rule {
        code: "W012",
        severity: Severity::Warning,
        title: "a VM and its disk are both backed up daily",
        explanation: "A VM's policy covers all its disks. A daily policy of one of these disks makes a second \
                      backup of the same disk each day, which is stored and charged separately. A frequency other \
                      than 1, where it is known, is not daily.",
        remedy: "Delete the disk's policy, or give one of the two another interval or a purpose of its own.",
    },
    Rule {
        code: "W013",
        severity: Severity::Warning,
        title: "many policies run in the same minute",
        explanation: "More policies than `--max-per-minute` run in one minute of the next seven days. Storage and \
                      network are shared: runs that start together take longer, and their load is felt. Minutes in \
                      which the same policies meet are one finding. Runs after the next one are worked out, as \
                      `bpctl calendar` does.",
        remedy: "Spread them: `bpctl policy update POLICY --time N --minute N`. `bpctl calendar` shows the busy hours.",
    },
    Rule {
        code: "W021",
        severity: Severity::Error,
        title: "a policy's target is in the trash",
        explanation: "The VM or disk that the policy backs up was deleted and is gone for good within 48 hours. \
                      What becomes of its backups then is not documented.",
        remedy: "Restore the target, or delete the policy if it is not needed any more.",
    },
    Rule {
        code: "W022",
        severity: Severity::Warning,
        title: "a policy is deleted within a week",
        explanation: "A deletion of the policy is scheduled. Until then it works as before, and afterwards it is in \
                      the trash for 48 hours. Only the policy's own answer shows it, so this takes one request per \
                      policy; beyond 200 policies it is checked with `--detail` only.",
        remedy: "If it is not intended, schedule it for a later time (`bpctl policy schedule-delete POLICY --at WHEN`): \
                 the API cannot cancel it. Or restore the policy from the trash within 48 hours.",
    },
    Rule {
        code: "W031",
        severity: Severity::Warning,
        title: "a disk has one backup at a time (OnApp)",
        explanation: "A policy of a disk keeps one backup, whatever retention was entered (documented for OnApp 5.0), \
                      and the disk has no other policy that makes backups, and neither has its VM. Each run replaces \
                      the only backup: damage that is noticed after it cannot be undone.",
        remedy: "Add a policy of another interval, which keeps a backup of its own (`bpctl policy create --disk DISK \
                 --interval weekly`). A policy of a VM with incremental backups keeps as many as its retention says.",
    },
    Rule {
        code: "W032",
        severity: Severity::Error,
        title: "a Windows VM has a policy for the whole VM (OnApp)",
        explanation: "VMs that run Windows have no incremental backups (documented), so a policy of the whole VM makes \
                      none. Whether the cloud says so depends on its version: the policy may look as if it worked.",
        remedy: "Create a policy for each of its disks (`bpctl policy create --disk DISK --interval daily`), and delete \
                 that of the VM.",
    },
    Rule {
        code: "W033",
        severity: Severity::Warning,
        title: "runs of a policy failed (OnApp)",
        explanation: "The cloud counts failed runs of the policy (`failure_count`). Whether a good run sets the count \
                      back is not documented, so the end of the last run is shown, too.",
        remedy: "Look for the reason: `bpctl transactions list --filter 'status = failed'`, and `bpctl transaction show \
                 ID --log`. `bpctl check` says how old the newest backup is.",
    },
    Rule {
        code: "W034",
        severity: Severity::Warning,
        title: "a policy is not enabled (OnApp)",
        explanation: "The status of the policy is another word than `enabled`, for example `disabled` or `failed`, so it \
                      makes no backups. `bpctl coverage` does not count it.",
        remedy: "Resume it (`bpctl policy resume POLICY`), or delete it if it is not needed any more.",
    },
    Rule {
        code: "W035",
        severity: Severity::Warning,
        title: "deleting a VM deletes its backups (OnApp)",
        explanation: "The cloud's setting `remove_backups_on_destroy_vm` is on: a VM that is deleted by mistake takes its \
                      backups with it. Only administrators may read the setting; for others this is not checked.",
        remedy: "Change the setting in the control panel, or convert a backup to a template before its VM is deleted.",
    },
];

/// Finds a rule by its code, in any case.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_found() {
        assert!(RULES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(rule("w012").map(|rule| rule.code), Some("W012"));
        assert!(rule("W999").is_none());
    }
}
