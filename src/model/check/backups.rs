//! By fact: the age of the newest finished backup, of the worst disk where disks are backed up.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Basis, DEFAULT_MAX_AGE, LastBackup, Limits, MachineCheck, Status};
use crate::model::{Backup, Machine};
use crate::time::length;

/// How far a backup may lie in the future before the clocks cannot be trusted, in seconds.
const MAX_AHEAD: i64 = 15 * 60;
/// The target of a backup of the whole VM.
const VM: &str = "vm";

/// Judges a VM by its backups.
pub fn judge(machine: &Machine, backups: &[Backup], limits: &Limits, now: Timestamp) -> MachineCheck {
    let verdict = |status, reason: String| MachineCheck::new(Basis::Backups, machine, status, reason);
    let kept = || backups.iter().filter(|backup| backup.marked_for_delete != Some(true));
    let finished: Vec<&Backup> = kept().filter(|backup| backup.built == Some(true)).collect();
    let limit = limits.max_age.unwrap_or(DEFAULT_MAX_AGE);
    if finished.is_empty() {
        let doubtful = kept().filter(|backup| backup.built.is_none()).count();
        let check = if doubtful > 0 {
            verdict(Status::Unknown, format!("no backup is known to be finished ({doubtful} of unknown state)"))
        } else {
            MachineCheck { is_covered: Some(false), ..verdict(Status::Critical, "no finished backup".to_owned()) }
        };
        return MachineCheck { limit_seconds: Some(limit), ..check };
    }
    let newest = match newest(&finished) {
        Ok(newest) => newest,
        Err(target) => {
            return MachineCheck {
                limit_seconds: Some(limit),
                is_covered: Some(true),
                ..verdict(Status::Unknown, format!("the time of the newest backup of {target} is not known"))
            };
        }
    };
    let last = deciding(&newest).cloned();
    let age = last.as_ref().map_or(0, |last| now.as_second() - last.built_at.as_second());
    let (status, reason) = if age < -MAX_AHEAD {
        (Status::Unknown, "the newest backup lies in the future: the clocks differ".to_owned())
    } else {
        judged(age.max(0).unsigned_abs(), limit, limits.warn_age, last.as_ref())
    };
    MachineCheck {
        age_seconds: (age >= -MAX_AHEAD).then_some(age.max(0).unsigned_abs()),
        limit_seconds: Some(limit),
        is_covered: Some(true),
        last,
        newest,
        ..verdict(status, reason)
    }
}

fn judged(age: u64, limit: u64, warn_age: Option<u64>, last: Option<&LastBackup>) -> (Status, String) {
    let of = last.filter(|last| last.target != VM).map_or(String::new(), |last| format!(" of {}", last.target));
    let ago = format!("last backup{of} {} ago", length(age));
    match warn_age {
        _ if age > limit => (Status::Critical, format!("{ago} (max {})", length(limit))),
        Some(warn) if age > warn => (Status::Warning, format!("{ago} (warn {})", length(warn))),
        _ => (Status::Ok, ago),
    }
}

/// The newest backup of each target, or a target whose backups have no time.
fn newest(finished: &[&Backup]) -> Result<Vec<LastBackup>, String> {
    let mut targets: BTreeMap<String, Option<LastBackup>> = BTreeMap::new();
    for backup in finished {
        let target = target(backup);
        let best = targets.entry(target.clone()).or_default();
        let Some(built_at) = backup.built_at.or(backup.created_at) else { continue };
        if best.as_ref().is_none_or(|known| known.built_at < built_at) {
            *best = Some(LastBackup {
                id: backup.id.clone(),
                kind: backup.backup_type.clone(),
                built_at,
                target,
                size_bytes: backup.size_kib.and_then(bytes),
            });
        }
    }
    targets.into_iter().map(|(target, best)| best.ok_or(target)).collect()
}

/// A backup of the whole VM holds every disk, so a disk is as old as the newer of the two.
fn deciding(newest: &[LastBackup]) -> Option<&LastBackup> {
    let whole = newest.iter().find(|last| last.target == VM);
    let disks = newest.iter().filter(|last| last.target != VM);
    let best_of_each = disks.map(|disk| match whole {
        Some(whole) if whole.built_at > disk.built_at => whole,
        _ => disk,
    });
    best_of_each.min_by_key(|last| last.built_at).or(whole)
}

fn target(backup: &Backup) -> String {
    match (backup.target_type.as_deref(), &backup.target_id) {
        (Some("Disk"), Some(id)) => format!("disk {id}"),
        (Some("Disk"), None) => "disk".to_owned(),
        _ => VM.to_owned(),
    }
}

fn bytes(kib: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
    (0.0..1e15).contains(&kib).then_some((kib * 1024.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_760_000_000;
    const LIMITS: Limits = Limits { max_age: Some(7_200), warn_age: Some(3_600), is_per_policy: false, grace: 900 };

    fn backup(disk: Option<&str>, age: i64) -> Backup {
        Backup {
            built: Some(true),
            built_at: Timestamp::from_second(NOW - age).ok(),
            target_type: Some(if disk.is_some() { "Disk" } else { "VirtualMachine" }.to_owned()),
            target_id: disk.map(str::to_owned),
            ..Backup::default()
        }
    }

    fn judge_all(backups: &[Backup]) -> MachineCheck {
        judge(&Machine::default(), backups, &LIMITS, Timestamp::from_second(NOW).unwrap())
    }

    #[test]
    fn the_worst_disk_decides_and_a_backup_of_the_whole_vm_holds_all() {
        let of = |backups: &[Backup]| (judge_all(backups).status, judge_all(backups).age_seconds);
        assert_eq!(of(&[backup(None, 60)]), (Status::Ok, Some(60)));
        assert_eq!(of(&[backup(None, 3_601)]), (Status::Warning, Some(3_601)));
        assert_eq!(of(&[backup(None, 7_201)]), (Status::Critical, Some(7_201)));
        assert_eq!(of(&[backup(Some("1"), 60), backup(Some("2"), 9_000)]), (Status::Critical, Some(9_000)));
        assert_eq!(of(&[backup(Some("1"), 60), backup(Some("2"), 9_000), backup(None, 90)]), (Status::Ok, Some(90)));
    }

    #[test]
    fn what_is_not_finished_or_will_be_deleted_does_not_count() {
        let none: [&[Backup]; 3] = [
            &[],
            &[Backup { built: Some(false), ..backup(None, 60) }],
            &[Backup { marked_for_delete: Some(true), ..backup(None, 60) }],
        ];
        for backups in none {
            let check = judge_all(backups);
            assert_eq!((check.status, check.is_covered), (Status::Critical, Some(false)), "{backups:?}");
        }
        let locked = judge_all(&[Backup { locked: Some(true), ..backup(None, 60) }]);
        assert_eq!(locked.status, Status::Ok);
    }

    #[test]
    fn what_cannot_be_judged_is_unknown() {
        let undated = Backup { built_at: None, ..backup(None, 0) };
        for backups in [
            vec![Backup { built: None, ..backup(None, 60) }],
            vec![undated.clone()],
            vec![backup(Some("1"), 60), Backup { built_at: None, ..backup(Some("2"), 0) }],
            vec![backup(None, -3_600)],
        ] {
            assert_eq!(judge_all(&backups).status, Status::Unknown, "{backups:?}");
        }
        let created = Backup { created_at: Timestamp::from_second(NOW - 60).ok(), ..undated };
        assert_eq!(judge_all(&[created]).status, Status::Ok, "the time of creation does, where there is no other");
    }
}
