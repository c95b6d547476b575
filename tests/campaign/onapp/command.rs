//! Random commands on OnApp, and what another user does meanwhile.

use fastrand::Rng;
use serde_json::{Value, json};

use super::OnApp;
use crate::provider::{self, Kind, plain};

/// What a command is to bring about.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Nothing at all.
    Look,
    /// Fields as the API spells them.
    Update {
        ids: Vec<String>,
        fields: Vec<(&'static str, Value)>,
    },
    SetEnabled {
        ids: Vec<String>,
        is_on: bool,
    },
    Delete {
        ids: Vec<String>,
    },
    /// Policies of the VMs with such names, and of their disks.
    Bulk {
        glob: &'static str,
        kind: Kind,
    },
    Create {
        owner: String,
        period: &'static str,
    },
    Note {
        id: String,
        text: String,
    },
    CreateBackup {
        owner: String,
        waits: bool,
    },
    DeleteBackups {
        ids: Vec<String>,
        waits: bool,
    },
    CreatePoint,
    /// Of a backup or a recovery point, perhaps after a new one.
    Restore {
        id: String,
        is_first: bool,
        waits: bool,
    },
    Convert {
        id: String,
        waits: bool,
    },
    Autobackup {
        owner: String,
        is_on: bool,
    },
    Undo,
    Apply {
        prunes: bool,
    },
}

/// What another user does.
#[derive(Clone, Debug)]
pub enum Deed {
    SetRotation(String, i64),
    SetStatus(String, &'static str),
    Delete(String),
    Create(String, &'static str),
    Note(String, String),
    DeleteBackup(String),
    TakeBackup(u64),
    TakePoint,
}

impl Deed {
    /// The object that it changes; none where it makes one.
    pub fn target(&self) -> Option<&String> {
        match self {
            Self::SetRotation(id, _) | Self::SetStatus(id, _) | Self::Note(id, _) => Some(id),
            Self::Delete(id) | Self::DeleteBackup(id) => Some(id),
            Self::Create(..) | Self::TakeBackup(_) | Self::TakePoint => None,
        }
    }
}

type Command = provider::Command<Intent>;

const INTERVALS: [(&str, &str); 3] = [("daily", "days"), ("weekly", "weeks"), ("monthly", "months")];
const MACHINES: [&str; 3] = ["machine/488", "machine/701", "machine/760"];
const DISKS: [&str; 5] = ["disk/1040", "disk/1101", "disk/1102", "disk/1180", "disk/1200"];
const LOOKS: [&[&str]; 8] = [
    &["policies", "list"],
    &["backups", "list"],
    &["backups", "usage"],
    &["disk", "list"],
    &["coverage", "-q"],
    &["transactions", "list", "--vm", "web1"],
    &["history"],
    &["lint", "-q"],
];

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(ToString::to_string).collect()
}

fn one<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// An object of a kind that there is or was.
fn any(rng: &mut Rng, ids: &[String], kind: &str) -> String {
    let of_kind: Vec<&String> = ids.iter().filter(|id| id.starts_with(kind)).collect();
    of_kind[rng.usize(..of_kind.len())].clone()
}

/// One to three different objects of a kind.
fn some(rng: &mut Rng, ids: &[String], kind: &str) -> Vec<String> {
    let mut chosen: Vec<String> = (0..one(rng, &[1, 1, 1, 2, 3])).map(|_| any(rng, ids, kind)).collect();
    chosen.sort();
    chosen.dedup();
    chosen
}

fn plains(ids: &[String]) -> Vec<String> {
    ids.iter().map(|id| plain(id).to_owned()).collect()
}

fn target(owner: &str) -> [String; 2] {
    let flag = if owner.starts_with("disk/") { "--disk" } else { "--vm" };
    [flag.to_owned(), plain(owner).to_owned()]
}

/// The words and the intent of a command, without its global flags.
fn draw(cloud: &OnApp, rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> (Vec<String>, Intent) {
    let waits = rng.u8(..6) == 0;
    let wait = if waits { words(&["--wait=6s"]) } else { Vec::new() };
    let line = |first: &[&str], rest: Vec<String>| [words(first), rest].concat();
    match rng.u8(..34) {
        0 | 1 => (words(one(rng, &LOOKS)), Intent::Look),
        2..=6 => {
            let ids = some(rng, ids, "schedule/");
            let (fields, flags) = fields(rng, ids.iter().any(|id| cloud.still(id)["target_type"] == "Disk"));
            (line(&["policy", "update"], [plains(&ids), flags].concat()), Intent::Update { ids, fields })
        }
        7..=9 => {
            let (ids, is_on) = (some(rng, ids, "schedule/"), rng.bool());
            let verb = if is_on { "resume" } else { "pause" };
            (line(&["policy", verb], plains(&ids)), Intent::SetEnabled { ids, is_on })
        }
        10 | 11 => {
            let ids = some(rng, ids, "schedule/");
            (line(&["policy", "delete"], plains(&ids)), Intent::Delete { ids })
        }
        12..=14 => {
            let is_disk = cloud.is_normal_only || rng.u8(..3) == 0;
            let owner = if is_disk { one(rng, &DISKS) } else { one(rng, &MACHINES) }.to_owned();
            let (interval, period) = one(rng, &INTERVALS);
            let mut args = line(&["policy", "create", "--interval", interval], target(&owner).into());
            if !is_disk {
                args.extend(words(&["--retention", &one(rng, &[3, 5, 5, 9]).to_string()]));
            }
            (args, Intent::Create { owner, period })
        }
        15 | 16 => {
            let (id, text) = (any(rng, ids, "backup/"), one(rng, &["", "kept", "before <6.5> & after"]).to_owned());
            (words(&["backup", "note", plain(&id), &text]), Intent::Note { id, text })
        }
        17..=19 => {
            let owner = if rng.bool() { one(rng, &MACHINES) } else { one(rng, &DISKS) }.to_owned();
            let args = [words(&["backup", "create"]), target(&owner).into(), wait].concat();
            (args, Intent::CreateBackup { owner, waits })
        }
        20 | 21 => {
            let ids = some(rng, ids, "backup/");
            (line(&["backup", "delete"], [plains(&ids), wait].concat()), Intent::DeleteBackups { ids, waits })
        }
        22 | 23 => {
            let kind = one(rng, &["point/", "backup/", "backup/"]);
            let (id, is_first) = (any(rng, ids, kind), rng.u8(..4) == 0);
            let mut args = [words(&["backup", "restore", plain(&id)]), wait].concat();
            if id.starts_with("point/") {
                args.extend(words(&["--point", "--vm", "files1"]));
            }
            if is_first {
                // It is waited for in any case, and one VM is busy for an hour.
                args.extend(words(if waits { &["--backup-first"] } else { &["--backup-first", "--wait=6s"] }));
            }
            (args, Intent::Restore { id, is_first, waits: waits || is_first })
        }
        24 => {
            let id = any(rng, ids, "backup/");
            let args = [words(&["backup", "convert", plain(&id), "--label", "template"]), wait].concat();
            (args, Intent::Convert { id, waits })
        }
        25 => (words(&["backup", "create", "--vm", "files1", "--resource", "3"]), Intent::CreatePoint),
        26 | 27 => {
            let (owner, is_on) = (one(rng, &[&DISKS[..], &MACHINES].concat()).to_owned(), rng.bool());
            let owner = if cloud.is_normal_only { one(rng, &DISKS).to_owned() } else { owner };
            let verb = if is_on { "on" } else { "off" };
            (line(&["autobackup", verb], target(&owner).into()), Intent::Autobackup { owner, is_on })
        }
        28 | 29 => (words(&["undo"]), Intent::Undo),
        30 | 31 => {
            let glob = one(rng, &["web*", "db*", "*1", "win*"]);
            let (verb, kind) = one(rng, &[("pause", Kind::Update), ("resume", Kind::Update), ("delete", Kind::Delete)]);
            (words(&["policies", verb, "--match", glob]), Intent::Bulk { glob, kind })
        }
        _ => match (files, rng.bool()) {
            ([Some(file), _], true) => {
                let prunes = rng.bool();
                let prune = if prunes { words(&["--prune", "--max-deletions", "100"]) } else { Vec::new() };
                (line(&["apply", "-f", file], prune), Intent::Apply { prunes })
            }
            ([_, Some(plan)], false) => (words(&["apply", plan]), Intent::Apply { prunes: false }),
            _ => (words(&["policies", "list"]), Intent::Look),
        },
    }
}

/// A command of one user. `files` are the policy file and the plan that the user has written before.
pub fn random(cloud: &OnApp, rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> Command {
    let (mut args, mut intent) = draw(cloud, rng, ids, files);
    let is_reading = intent == Intent::Look;
    let is_undo = intent == Intent::Undo;
    let has_consent = rng.u8(..10) < 7;
    let allows_double = matches!(intent, Intent::Create { .. }) && rng.bool();
    if allows_double {
        args.push("--allow-duplicate".to_owned());
    }
    for (flag, chance) in [("--dry-run", 12), ("--read-only", 25)] {
        if !is_reading && rng.u8(..chance) == 0 {
            args.push(flag.to_owned());
            intent = Intent::Look;
        }
    }
    if has_consent && !is_reading {
        args.push("--yes".to_owned());
    }
    let only_looks = intent == Intent::Look;
    Command { args, is_undo: is_undo && !only_looks, only_looks, intent, has_consent, allows_double }
}

/// Two changes of one policy that do not touch each other: both must last.
pub fn crossing(cloud: &OnApp, rng: &mut Rng, ids: &[String]) -> Option<[Command; 2]> {
    let of_machine = |id: &&String| id.starts_with("schedule/") && cloud.still(id)["target_type"] == "VirtualMachine";
    let id = rng.choice(ids.iter().filter(of_machine).collect::<Vec<_>>())?.clone();
    let flags = [("rotation_period", "--retention", rng.i64(1..60)), ("duration", "--frequency", rng.i64(1..5))];
    Some(flags.map(|(name, flag, value)| Command {
        args: words(&["policy", "update", plain(&id), flag, &value.to_string(), "--yes"]),
        intent: Intent::Update { ids: vec![id.clone()], fields: vec![(name, json!(value))] },
        only_looks: false,
        is_undo: false,
        has_consent: true,
        allows_double: false,
    }))
}

/// What crosses a command: another user makes the same, or changes what it is about.
pub fn rival(rng: &mut Rng, intent: &Intent) -> Option<Deed> {
    let disk = |owner: &str| plain(owner).parse().ok().filter(|_| owner.starts_with("disk/"));
    Some(match intent {
        Intent::Create { owner, period } => Deed::Create(owner.clone(), period),
        Intent::CreateBackup { owner, .. } => Deed::TakeBackup(disk(owner)?),
        Intent::CreatePoint => Deed::TakePoint,
        Intent::Update { ids, .. } | Intent::SetEnabled { ids, .. } => Deed::SetRotation(rng.choice(ids)?.clone(), 61),
        Intent::Delete { ids } => Deed::Delete(rng.choice(ids)?.clone()),
        Intent::Note { id, .. } | Intent::Convert { id, .. } => Deed::Note(id.clone(), "theirs".to_owned()),
        Intent::DeleteBackups { ids, .. } => Deed::DeleteBackup(rng.choice(ids)?.clone()),
        Intent::Restore { id, .. } if id.starts_with("backup/") => Deed::DeleteBackup(id.clone()),
        Intent::Autobackup { owner, .. } => Deed::Create(owner.clone(), "days"),
        _ => return None,
    })
}

/// Fields that change, and the flags that ask for it; a disk keeps one backup.
fn fields(rng: &mut Rng, is_of_disk: bool) -> (Vec<(&'static str, Value)>, Vec<String>) {
    let (mut fields, mut flags) = (Vec::new(), Vec::new());
    if !is_of_disk && rng.u8(..3) > 0 {
        let count = rng.i64(1..60);
        fields.push(("rotation_period", json!(count)));
        flags.extend(words(&["--retention", &count.to_string()]));
    }
    if rng.u8(..3) == 0 {
        let (interval, period) = one(rng, &INTERVALS);
        fields.push(("period", json!(period)));
        flags.extend(words(&["--interval", interval]));
    }
    if fields.is_empty() || rng.u8(..4) == 0 {
        let every = rng.i64(1..5);
        fields.push(("duration", json!(every)));
        flags.extend(words(&["--frequency", &every.to_string()]));
    }
    if rng.u8(..6) == 0 {
        flags.extend(words(&["--time", &rng.u8(..24).to_string()]));
    }
    (fields, flags)
}

/// What another user does.
pub fn deed(rng: &mut Rng, ids: &[String]) -> Deed {
    let (schedule, backup) = (any(rng, ids, "schedule/"), any(rng, ids, "backup/"));
    match rng.u8(..12) {
        0 => Deed::Delete(schedule),
        1 => Deed::SetStatus(schedule, one(rng, &["enabled", "disabled"])),
        2 | 3 => Deed::Create(one(rng, &[&MACHINES[..], &DISKS].concat()).to_owned(), one(rng, &INTERVALS).1),
        4 | 5 => Deed::Note(backup, one(rng, &["theirs", "kept"]).to_owned()),
        6 => Deed::DeleteBackup(backup),
        7 => Deed::TakeBackup(one(rng, &[1_040, 1_101, 1_180, 1_240])),
        8 => Deed::TakePoint,
        _ => Deed::SetRotation(schedule, rng.i64(1..60)),
    }
}
