//! Judges VMs by their backups: the age of the newest finished backup, of the worst disk where disks are backed up.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Basis, DEFAULT_MAX_AGE, LastBackup, Limits, MachineCheck, Status};
use crate::model::{Backup, Disk, Machine, Policy, TargetKind};
use crate::time::length;

/// How far a backup may lie in the future before the clocks cannot be trusted, in seconds.
const MAX_AHEAD: i64 = 15 * 60;
/// The target of a backup of the whole VM.
const VM: &str = "vm";

/// What the backups of a VM amount to, by target: all that a verdict needs, however many there are.
#[derive(Clone, Debug, Default)]
pub struct Found(BTreeMap<String, Newest>);

/// The newest backup of a target.
#[derive(Clone, Debug)]
enum Newest {
    Finished(LastBackup),
    /// Finished, but it has no time.
    Undated,
    /// Whether it is finished is not known.
    Doubtful,
}

/// Everything that a VM is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub found: &'a Found,
    /// Its disks; none where they were not read, since its backups hold the whole VM.
    pub disks: Option<&'a [Disk]>,
    /// Enabled policies of the VM and of its disks, where each is held to its own interval.
    pub policies: Option<&'a [Policy]>,
}

/// What has a backup of its own: the VM, or one of its disks.
struct Unit {
    /// `vm`, or `disk` and its id.
    target: String,
    best: Option<Newest>,
    /// In seconds; none where it is not known, with the reason.
    limit: Result<u64, (Status, String)>,
}

/// The verdict on a unit.
struct Judged {
    status: Status,
    reason: String,
    last: Option<LastBackup>,
    age: Option<u64>,
    limit: Option<u64>,
    has_backup: bool,
}

impl Found {
    /// Adds a backup, or a recovery point. What is not finished, or is about to be deleted, does not count.
    pub fn add(&mut self, backup: &Backup) {
        if backup.marked_for_delete == Some(true) {
            return;
        }
        let target = target(backup);
        // A normal backup is of a disk; this one does not name it.
        let is_doubtful = backup.target_type.is_none() && backup.backup_type.as_deref() == Some("normal");
        let new = match (backup.built, backup.built_at.or(backup.created_at)) {
            (Some(false), _) => return,
            (None, _) => Newest::Doubtful,
            _ if is_doubtful => Newest::Doubtful,
            (Some(true), None) => Newest::Undated,
            (Some(true), Some(built_at)) => Newest::Finished(LastBackup {
                id: backup.id.clone(),
                kind: backup.backup_type.clone(),
                built_at,
                target: target.clone(),
                size_bytes: backup.size_kib.and_then(bytes),
            }),
        };
        let known = self.0.remove(&target);
        self.0.insert(target, better(known, new));
    }

    /// Whether the disks must be known: some have backups of their own, and none of the whole VM is newer.
    pub fn needs_disks(&self) -> bool {
        let whole = self.0.get(VM).and_then(Newest::built_at);
        self.0.iter().any(|(target, newest)| target != VM && (whole.is_none() || newest.built_at() > whole))
    }

    /// The newest finished backup of each target.
    fn finished(&self) -> Vec<LastBackup> {
        let finished = |newest: &Newest| match newest {
            Newest::Finished(last) => Some(last.clone()),
            _ => None,
        };
        self.0.values().filter_map(finished).collect()
    }

    /// A backup of the whole VM holds every disk, so a disk is as old as the newer of the two.
    fn best_of(&self, target: &str) -> Option<Newest> {
        let own = self.0.get(target).cloned();
        match self.0.get(VM).filter(|_| target != VM) {
            Some(whole) => Some(better(own, whole.clone())),
            None => own,
        }
    }
}

impl Newest {
    fn built_at(&self) -> Option<Timestamp> {
        match self {
            Self::Finished(last) => Some(last.built_at),
            _ => None,
        }
    }
}

/// The one that says more: finished and newer, else finished without a time.
fn better(known: Option<Newest>, new: Newest) -> Newest {
    match (known, new) {
        (Some(Newest::Finished(known)), Newest::Finished(new)) if known.built_at < new.built_at => {
            Newest::Finished(new)
        }
        (Some(known @ Newest::Finished(_)), _) => known,
        (_, new @ Newest::Finished(_)) => new,
        (Some(known @ Newest::Undated), _) => known,
        (_, new) => new,
    }
}

/// Judges a VM by its backups: the worst of its units decides.
pub fn judge(machine: &Machine, evidence: &Evidence<'_>, limits: &Limits, now: Timestamp) -> MachineCheck {
    let judged = units(machine, evidence, limits).into_iter().map(|unit| unit.judge(limits, now));
    let mut judged: Vec<Judged> = judged.collect();
    let is_covered = judged.iter().all(|unit| unit.has_backup);
    judged.sort_by_key(|unit| {
        let late_by = unit.age.zip(unit.limit).map(|(age, limit)| age.saturating_sub(limit));
        (unit.status, late_by.unwrap_or(u64::MAX), unit.age)
    });
    let Some(worst) = judged.pop() else {
        return MachineCheck::unread(Basis::Backups, machine, "it has no disk that holds data");
    };
    let alike = judged.iter().filter(|unit| unit.status == worst.status && worst.status != Status::Ok).count();
    let reason = match alike {
        0 => worst.reason,
        1 => format!("{}; and 1 more disk", worst.reason),
        count => format!("{}; and {count} more disks", worst.reason),
    };
    MachineCheck {
        last: worst.last,
        newest: evidence.found.finished(),
        age_seconds: worst.age,
        limit_seconds: worst.limit,
        is_covered: Some(is_covered),
        ..MachineCheck::new(Basis::Backups, machine, worst.status, reason)
    }
}

/// The VM itself, or each of its disks that holds data where disks are backed up. Backups of disks that it no longer has
/// do not count.
fn units(machine: &Machine, evidence: &Evidence<'_>, limits: &Limits) -> Vec<Unit> {
    let Evidence { found, disks, policies } = *evidence;
    let unit = |disk: Option<&Disk>| {
        let target = disk.map_or_else(|| VM.to_owned(), |disk| name_of(disk.id.as_deref()));
        let limit = match policies {
            Some(policies) => limit_of(machine, disk, policies, limits),
            None => Ok(limits.max_age.unwrap_or(DEFAULT_MAX_AGE)),
        };
        Unit { best: found.best_of(&target), target, limit }
    };
    let is_by_disk = || {
        let has_policy_of_disk =
            || policies.is_some_and(|all| all.iter().any(|policy| policy.target.kind == TargetKind::Disk));
        found.needs_disks() || has_policy_of_disk()
    };
    match disks.filter(|_| is_by_disk()) {
        Some(disks) => disks.iter().filter(|disk| disk.is_swap != Some(true)).map(|disk| unit(Some(disk))).collect(),
        None => vec![unit(None)],
    }
}

/// The age that the most frequent policy of a VM or disk allows.
fn limit_of(
    machine: &Machine,
    disk: Option<&Disk>,
    policies: &[Policy],
    limits: &Limits,
) -> Result<u64, (Status, String)> {
    let is_own = |policy: &&Policy| match policy.target.kind {
        TargetKind::Disk => disk.is_some_and(|disk| disk.id == policy.target.id),
        // A policy of a whole VM that runs Windows makes no backups (documented).
        TargetKind::VirtualMachine => policy.target.id == machine.id && !machine.is_windows(),
        TargetKind::Other | TargetKind::Unknown => false,
    };
    let own: Vec<&Policy> = policies.iter().filter(is_own).collect();
    if own.is_empty() {
        let of = disk.map_or_else(String::new, |disk| format!(" of {}", name_of(disk.id.as_deref())));
        return Err((Status::Critical, format!("no enabled policy{of}")));
    }
    let periods = own.iter().filter_map(|policy| policy.schedule.longest_period_seconds());
    match periods.min() {
        Some(period) => Ok(period.saturating_add(limits.grace)),
        None => {
            let ids: Vec<&str> = own.iter().map(|policy| policy.id_text()).collect();
            Err((Status::Unknown, format!("it is not known how often policy {} runs", ids.join(", "))))
        }
    }
}

impl Unit {
    fn judge(self, limits: &Limits, now: Timestamp) -> Judged {
        let limit = self.limit.as_ref().ok().copied();
        let has_backup = matches!(self.best, Some(Newest::Finished(_) | Newest::Undated));
        let verdict = |status, reason| Judged { status, reason, last: None, age: None, limit, has_backup };
        let of = if self.target == VM { String::new() } else { format!(" of {}", self.target) };
        let last = match self.best {
            None => return verdict(Status::Critical, format!("no finished backup{of}")),
            Some(Newest::Doubtful) => {
                return verdict(Status::Unknown, format!("no backup{of} is known to be finished"));
            }
            Some(Newest::Undated) => {
                return verdict(Status::Unknown, format!("the time of the newest backup{of} is not known"));
            }
            Some(Newest::Finished(last)) => last,
        };
        let age = now.as_second() - last.built_at.as_second();
        if age < -MAX_AHEAD {
            let reason = "the newest backup lies in the future: the clocks differ".to_owned();
            return Judged { last: Some(last), ..verdict(Status::Unknown, reason) };
        }
        let age = age.max(0).unsigned_abs();
        let of = if last.target == VM { String::new() } else { format!(" of {}", last.target) };
        let ago = format!("last backup{of} {} ago", length(age));
        let (status, reason) = match (self.limit, limits.warn_age) {
            (Err(unknown), _) => unknown,
            (Ok(limit), _) if age > limit => (Status::Critical, format!("{ago} (max {})", length(limit))),
            (Ok(_), Some(warn)) if age > warn => (Status::Warning, format!("{ago} (warn {})", length(warn))),
            (Ok(_), _) => (Status::Ok, ago),
        };
        Judged { age: Some(age), last: Some(last), ..verdict(status, reason) }
    }
}

fn target(backup: &Backup) -> String {
    match backup.target_type.as_deref() {
        Some(kind) if kind.eq_ignore_ascii_case("disk") => name_of(backup.target_id.as_deref()),
        _ => VM.to_owned(),
    }
}

fn name_of(disk: Option<&str>) -> String {
    disk.map_or_else(|| "a disk without a number".to_owned(), |id| format!("disk {id}"))
}

fn bytes(kib: f64) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded before")]
    (0.0..1e15).contains(&kib).then_some((kib * 1024.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Interval, Schedule, Target};

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

    fn disk(id: &str) -> Disk {
        Disk { id: Some(id.to_owned()), ..Disk::default() }
    }

    fn judged(backups: &[Backup], disks: Option<&[Disk]>, policies: Option<&[Policy]>) -> MachineCheck {
        let mut found = Found::default();
        backups.iter().for_each(|backup| found.add(backup));
        let machine = Machine { id: Some("7".to_owned()), ..Machine::default() };
        judge(&machine, &Evidence { found: &found, disks, policies }, &LIMITS, Timestamp::from_second(NOW).unwrap())
    }

    fn judge_all(backups: &[Backup]) -> MachineCheck {
        judged(backups, Some(&[disk("1"), disk("2")]), None)
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
    fn every_disk_that_holds_data_needs_a_backup_and_no_other_counts() {
        let check = judge_all(&[backup(Some("1"), 60)]);
        assert_eq!((check.status, check.is_covered), (Status::Critical, Some(false)));
        assert_eq!(check.reason, "no finished backup of disk 2");
        let swap = Disk { is_swap: Some(true), ..disk("2") };
        let with_swap = |backups: &[Backup]| judged(backups, Some(&[disk("1"), swap.clone()]), None);
        assert_eq!(with_swap(&[backup(Some("1"), 60)]).status, Status::Ok);
        assert_eq!(with_swap(&[backup(Some("1"), 60), backup(Some("2"), 9_000)]).status, Status::Ok);
        assert_eq!(with_swap(&[backup(Some("2"), 60)]).reason, "no finished backup of disk 1");
        let removed = [backup(Some("1"), 60), backup(Some("2"), 90), backup(Some("9"), 90_000)];
        assert_eq!(judge_all(&removed).status, Status::Ok, "a disk that it no longer has");
        let both = judge_all(&[backup(Some("1"), 9_000), backup(Some("2"), 9_600)]);
        assert_eq!(both.reason, "last backup of disk 2 2 h ago (max 2 h); and 1 more disk");
        assert_eq!(judged(&[backup(Some("2"), 60)], Some(&[swap]), None).status, Status::Unknown);
    }

    #[test]
    fn each_policy_has_its_own_limit() {
        let policy = |kind, target: &str, interval: Interval, frequency| Policy {
            id: Some("p".to_owned()),
            target: Target { kind, id: Some(target.to_owned()), name: None },
            schedule: Schedule { interval: Some(interval), frequency: Some(frequency), ..Schedule::default() },
            ..Policy::default()
        };
        let (vm, disk_kind) = (TargetKind::VirtualMachine, TargetKind::Disk);
        let disks = [disk("1"), disk("2")];
        let limits = Limits { max_age: None, warn_age: None, is_per_policy: true, grace: 900 };
        let status = |backups: &[Backup], policies: &[Policy]| {
            let mut found = Found::default();
            backups.iter().for_each(|backup| found.add(backup));
            let machine = Machine { id: Some("7".to_owned()), ..Machine::default() };
            let evidence = Evidence { found: &found, disks: Some(&disks), policies: Some(policies) };
            judge(&machine, &evidence, &limits, Timestamp::from_second(NOW).unwrap()).status
        };
        const DAY: i64 = 86_400;
        let daily = || policy(vm, "7", Interval::Daily, 1);
        assert_eq!(status(&[backup(None, DAY + 900)], &[daily()]), Status::Ok);
        assert_eq!(status(&[backup(None, DAY + 901)], &[daily()]), Status::Critical);
        assert_eq!(status(&[backup(None, DAY + 901)], &[policy(vm, "7", Interval::Daily, 2)]), Status::Ok);
        assert_eq!(status(&[backup(None, 31 * DAY)], &[policy(vm, "7", Interval::Monthly, 1)]), Status::Ok);
        let weekly = policy(vm, "7", Interval::Weekly, 1);
        assert_eq!(status(&[backup(None, 2 * DAY)], &[daily(), weekly]), Status::Critical, "the most frequent counts");
        assert_eq!(status(&[backup(None, 60)], &[]), Status::Critical, "no policy");
        let other = policy(vm, "7", Interval::Other("decades".to_owned()), 1);
        assert_eq!(status(&[backup(None, 60)], &[other]), Status::Unknown);
        let of_disks = [policy(disk_kind, "1", Interval::Daily, 1), policy(disk_kind, "2", Interval::Weekly, 1)];
        assert_eq!(status(&[backup(Some("1"), 60), backup(Some("2"), 3 * DAY)], &of_disks), Status::Ok);
        assert_eq!(status(&[backup(Some("1"), 2 * DAY), backup(Some("2"), 60)], &of_disks), Status::Critical);
        assert_eq!(status(&[backup(Some("1"), 60), backup(Some("2"), 60)], &of_disks[..1]), Status::Critical);
        let of_another = policy(disk_kind, "7", Interval::Daily, 1);
        assert_eq!(status(&[backup(None, 60)], &[of_another]), Status::Critical, "a disk with the number of the VM");
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
            vec![backup(Some("1"), 60), Backup { built: None, ..backup(Some("2"), 0) }],
            vec![backup(None, -3_600)],
        ] {
            assert_eq!(judge_all(&backups).status, Status::Unknown, "{backups:?}");
        }
        let created = Backup { created_at: Timestamp::from_second(NOW - 60).ok(), ..undated };
        assert_eq!(judge_all(&[created]).status, Status::Ok, "the time of creation does, where there is no other");
    }
}
