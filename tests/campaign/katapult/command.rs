//! Random commands on Katapult, and what another user does meanwhile.

use fastrand::Rng;
use serde_json::{Value, json};

use super::Deed;
use crate::provider;

/// What a command is to bring about.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Nothing at all.
    Look,
    Update {
        ids: Vec<String>,
        fields: Vec<(&'static str, Value)>,
    },
    /// Policies chosen by the names of their targets.
    Bulk,
    Create {
        retention: i64,
        interval: &'static str,
    },
    ScheduleDelete {
        ids: Vec<String>,
        at: i64,
    },
    Delete {
        ids: Vec<String>,
    },
    Restore {
        ids: Vec<String>,
    },
    Undo,
    Apply,
}

type Command = provider::Command<Intent>;

const INTERVALS: [&str; 4] = ["hourly", "daily", "weekly", "monthly"];
const MACHINES: [&str; 4] = ["web-1", "db-1", "mail-1", "build-1"];
const GLOBS: [&str; 4] = ["web-*", "*-1", "db-*", "*"];

fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(ToString::to_string).collect()
}

fn one<T: Copy>(rng: &mut Rng, all: &[T]) -> T {
    all[rng.usize(..all.len())]
}

/// One to three different policies of those that there are or were.
fn some_ids(rng: &mut Rng, ids: &[String]) -> Vec<String> {
    let count = one(rng, &[1, 1, 1, 1, 2, 3]);
    rng.choose_multiple(ids, count).into_iter().cloned().collect()
}

fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_secs().try_into().unwrap()
}

/// A command of one user. `files` are the policy file and the plan that the user has written before.
pub fn random(rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> Command {
    let has_consent = rng.u8(..10) < 7;
    let chosen = some_ids(rng, ids);
    let (mut args, mut intent) = match rng.u8(..24) {
        0 => (
            words(&one(rng, &[["policies", "list"], ["disk", "list"], ["lint", "-q"], ["coverage", "-q"]])),
            Intent::Look,
        ),
        1 => ([words(&["policy", "show"]), vec![chosen[0].clone()]].concat(), Intent::Look),
        2 => (words(&["history"]), Intent::Look),
        3..=8 => {
            let fields = fields(rng);
            (
                [words(&["policy", "update"]), chosen.clone(), flags(&fields)].concat(),
                Intent::Update { ids: chosen, fields },
            )
        }
        9 | 10 => {
            let fields = vec![("retention", json!(rng.i64(1..60)))];
            ([words(&["policies", "update", "--match", one(rng, &GLOBS)]), flags(&fields)].concat(), Intent::Bulk)
        }
        11 | 12 => {
            let (machine, interval, retention) = (one(rng, &MACHINES), one(rng, &INTERVALS), rng.i64(1..40));
            let args =
                ["policy", "create", "--vm", machine, "--interval", interval, "--retention", &retention.to_string()];
            (words(&args), Intent::Create { retention, interval })
        }
        13 | 14 => {
            let at = now() + rng.i64(100_000..5_000_000);
            (
                [words(&["policy", "schedule-delete", "--at", &format!("@{at}")]), chosen.clone()].concat(),
                Intent::ScheduleDelete { ids: chosen, at },
            )
        }
        15 | 16 => ([words(&["policy", "delete"]), chosen.clone()].concat(), Intent::Delete { ids: chosen }),
        17 | 18 => ([words(&["policy", "restore"]), chosen.clone()].concat(), Intent::Restore { ids: chosen }),
        19..=21 => (words(&["undo"]), Intent::Undo),
        _ => match (files, rng.bool()) {
            ([Some(file), _], true) => {
                let prune = if rng.bool() { words(&["--prune", "--max-deletions", "100"]) } else { Vec::new() };
                ([words(&["apply", "-f", file]), prune].concat(), Intent::Apply)
            }
            ([_, Some(plan)], false) => (words(&["apply", plan]), Intent::Apply),
            _ => (words(&["policies", "list"]), Intent::Look),
        },
    };
    if rng.u8(..12) == 0 {
        args.push("--dry-run".to_owned());
        intent = Intent::Look;
    }
    let allows_double = matches!(intent, Intent::Create { .. }) && rng.bool();
    if allows_double {
        args.push("--allow-duplicate".to_owned());
    }
    if rng.u8(..25) == 0 {
        args.push("--read-only".to_owned());
        intent = Intent::Look;
    }
    if has_consent && !args.iter().any(|word| ["list", "show", "history", "lint", "coverage"].contains(&word.as_str()))
    {
        args.push("--yes".to_owned());
    }
    let only_looks = intent == Intent::Look;
    Command { args, is_undo: intent == Intent::Undo, only_looks, intent, has_consent, allows_double }
}

/// What crosses a command: another user changes what it is about.
pub fn rival(rng: &mut Rng, intent: &Intent) -> Option<Deed> {
    Some(match intent {
        Intent::Update { ids, .. } | Intent::ScheduleDelete { ids, .. } => {
            Deed::SetRetention(rng.choice(ids)?.clone(), 61)
        }
        Intent::Delete { ids } => Deed::Delete(rng.choice(ids)?.clone()),
        Intent::Restore { ids } => Deed::Restore(rng.choice(ids)?.clone()),
        _ => return None,
    })
}

/// Two changes of one policy that do not touch each other: both must last.
pub fn crossing(rng: &mut Rng, id: &str) -> [Command; 2] {
    [("time", rng.i64(0..24)), ("minute", rng.i64(0..60))].map(|(name, value)| {
        let fields = vec![(name, json!(value))];
        let args = [words(&["policy", "update", id, "--yes"]), flags(&fields)].concat();
        Command {
            args,
            intent: Intent::Update { ids: vec![id.to_owned()], fields },
            only_looks: false,
            is_undo: false,
            has_consent: true,
            allows_double: false,
        }
    })
}

fn fields(rng: &mut Rng) -> Vec<(&'static str, Value)> {
    let mut fields = Vec::new();
    if rng.u8(..3) > 0 {
        fields.push(("retention", json!(rng.i64(1..60))));
    }
    if rng.u8(..4) == 0 {
        fields.push(("interval", json!(one(rng, &INTERVALS))));
    }
    for (name, from, to) in [("frequency", 1, 5), ("time", 0, 24), ("minute", 0, 60)] {
        if rng.u8(..4) == 0 || name == "minute" && fields.is_empty() {
            fields.push((name, json!(rng.i64(from..to))));
        }
    }
    fields
}

fn flags(fields: &[(&'static str, Value)]) -> Vec<String> {
    let flag = |(name, value): &(&str, Value)| {
        [format!("--{name}"), value.as_str().map_or_else(|| value.to_string(), str::to_owned)]
    };
    fields.iter().flat_map(flag).collect()
}

/// What another user does.
pub fn deed(rng: &mut Rng, ids: &[String]) -> Deed {
    let id = ids[rng.usize(..ids.len())].clone();
    match rng.u8(..6) {
        0 => Deed::Delete(id),
        1 => Deed::Restore(id),
        2 => Deed::ScheduleDelete(id, now() + rng.i64(100_000..5_000_000)),
        _ => Deed::SetRetention(id, rng.i64(1..60)),
    }
}
