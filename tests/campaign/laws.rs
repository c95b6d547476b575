//! What must hold after every command, whatever came between: no protection is weakened without consent, and the
//! exit code, the words, `changed`, `retryable` and the journal claim no more than what is true.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cloud::{Cloud, Event, Kind, Place, Plan, Sent};
use crate::command::{Command, Intent};
use crate::harness::Run;

/// A command that has ended, and the truth.
pub struct Case<'a> {
    pub user: usize,
    pub command: &'a Command,
    pub plan: &'a Plan,
    /// `None` where it was killed.
    pub run: Option<&'a Run>,
    /// What it sent; `None` where that is not known.
    pub sent: Option<&'a [Sent]>,
    pub events: &'a [Event],
    /// How many events there were before.
    pub began: usize,
    /// The lines that it added to the journal.
    pub journal: &'a [Value],
    pub cloud: &'a Cloud,
    /// No other command ran at the same time.
    pub is_alone: bool,
    /// The policies as they were when the plan was saved that this command carries out.
    pub planned: Option<&'a BTreeMap<String, Value>>,
}

/// Says which laws are broken.
pub fn check(case: &Case) -> Vec<String> {
    let mut broken = Vec::new();
    if case.run.is_none() && !matches!(case.plan.signal, Some((rustix::process::Signal::KILL, _))) {
        broken.push("a signal that can be handled ended it without an account".to_owned());
    }
    if let Some(sent) = case.sent {
        broken.extend(consent(case, sent));
        broken.extend(doubles(case, sent));
        broken.extend(overwrites(case, sent));
        broken.extend(case.journal_of(sent));
        broken.extend(undo(case, sent));
        if let Some(run) = case.run {
            broken.extend(claims(case, run, sent));
        }
    }
    if let Some(run) = case.run.filter(|run| run.code == 0) {
        broken.extend(success(case, run));
    }
    broken.extend(sanity(case));
    broken
}

impl Case<'_> {
    /// Whether others wrote to a policy since the command began.
    fn others_wrote(&self, id: &str) -> bool {
        self.events[self.began..].iter().any(|event| event.policy == id && event.by != Some(self.user))
    }

    /// Whether what is read may be a lie.
    fn is_lied_to(&self) -> bool {
        self.plan.fault.is_some_and(|(fault, place, _)| fault.is_lie() && !matches!(place, Place::Write(_)))
    }

    /// Each write is recorded before it is sent, and its end as it was.
    fn journal_of(&self, sent: &[Sent]) -> Vec<String> {
        let mut broken = Vec::new();
        let of = |event: &'static str| self.journal.iter().filter(move |line| line["event"] == event);
        for one in sent {
            let is_its = |line: &&Value| {
                line["action"] == action(one.kind)
                    && (one.kind == Kind::Create || line["policy"].as_str() == one.policy.as_deref())
            };
            if !of("begin").any(|line| is_its(&line)) {
                broken.push(format!("{:?} of {:?} was sent and is not in the journal", one.kind, one.policy));
            }
        }
        for end in of("end") {
            let Some(begin) = of("begin").find(|begin| begin["number"] == end["number"]) else {
                broken.push(format!("the journal ends what it did not begin: {end}"));
                continue;
            };
            let policy = end["policy"].as_str().or_else(|| begin["policy"].as_str()).unwrap_or_default();
            let is_its = |one: &&Sent| {
                begin["action"] == action(one.kind)
                    && (one.kind == Kind::Create || one.policy.as_deref() == Some(policy))
            };
            let is_done = sent.iter().filter(is_its).any(|one| one.is_done);
            // An answer that claims success for what was so before: no client can know better.
            let was_so = sent.iter().filter(is_its).any(|one| match one.kind {
                Kind::Restore => one.before.is_object(),
                Kind::Delete => one.before.is_null(),
                _ => false,
            });
            let is_clear = !self.others_wrote(policy) && !self.is_lied_to();
            match end["outcome"].as_str() {
                Some("done") if !is_done && !was_so && is_clear => {
                    broken.push(format!("the journal says done, and it is not: {end}"));
                }
                Some("failed") if is_done && is_clear => {
                    broken.push(format!("the journal says failed, and it is done: {end}"));
                }
                _ => {}
            }
        }
        broken
    }
}

fn action(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "create",
        Kind::Update => "update",
        Kind::ScheduleDelete => "schedule-delete",
        Kind::Delete => "delete",
        Kind::Restore => "restore",
    }
}

/// Nothing is written by what only looks, and nothing is weakened without consent.
fn consent(case: &Case, sent: &[Sent]) -> Vec<String> {
    if matches!(case.command.intent, Intent::Look) {
        return sent.iter().map(|one| format!("only looks, and sent {:?}", one.kind)).collect();
    }
    if case.command.has_consent || case.is_lied_to() {
        return Vec::new();
    }
    let weakening = sent.iter().filter(|one| one.is_done && !one.is_raced && weakens(one));
    weakening.map(|one| format!("weakened without consent: {one:?}")).collect()
}

fn weakens(one: &Sent) -> bool {
    match one.kind {
        Kind::Delete | Kind::ScheduleDelete => true,
        Kind::Create | Kind::Restore => false,
        Kind::Update => {
            let (wanted, before) = (&one.body["properties"], &one.before);
            let field = |name: &str| wanted["schedule"].get(name).unwrap_or(&before["schedule"][name]).clone();
            let old_kept = before["retention"].as_i64().unwrap_or(0);
            let new_kept = wanted["retention"].as_i64().unwrap_or(old_kept);
            let old = period(&before["schedule"]["interval"], &before["schedule"]["frequency"]);
            let new = period(&field("interval"), &field("frequency"));
            // A month has no length of its own: only what is clearly less counts.
            new_kept < old_kept || new > old || new_kept * new * 100 < old_kept * old * 95
        }
    }
}

/// Hours between two backups.
fn period(interval: &Value, frequency: &Value) -> i64 {
    let hours = match interval.as_str() {
        Some("hourly") => 1,
        Some("daily") => 24,
        Some("weekly") => 7 * 24,
        _ => 30 * 24,
    };
    hours * frequency.as_i64().unwrap_or(1)
}

/// A create is carried out once at the most, and not where there is such a policy unless that is allowed.
fn doubles(case: &Case, sent: &[Sent]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for one in sent.iter().filter(|one| one.kind == Kind::Create && one.is_done) {
        if !seen.insert(one.body.to_string()) {
            broken.push(format!("created twice: {one}"));
        }
        // What appeared while the command ran may have come too late to be seen.
        let is_undisturbed = case.is_alone && case.plan.deed.is_none() && !case.is_lied_to();
        let asks = matches!(case.command.intent, Intent::Create { .. });
        if one.is_double && is_undisturbed && asks && !case.command.allows_double {
            broken.push(format!("created beside one of the same interval: {one}"));
        }
    }
    broken
}

/// What another user changed since it was shown is left alone.
fn overwrites(case: &Case, sent: &[Sent]) -> Vec<String> {
    if case.is_lied_to() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for one in sent.iter().filter(|one| one.is_done && !one.is_raced) {
        if one.is_seen {
            broken.push(format!("written over what another user had changed meanwhile: {one}"));
        }
        let planned = case.planned.and_then(|planned| planned.get(one.policy.as_deref()?));
        // A repeated write, whose first answer was lost, changes nothing more.
        if planned.is_some_and(|planned| *planned != one.before) && one.after != one.before {
            broken.push(format!("not as it was when it was planned: {one}"));
        }
    }
    broken
}

/// `undo` takes back this user's own changes, and only where nothing came after them.
fn undo(case: &Case, sent: &[Sent]) -> Vec<String> {
    if !matches!(case.command.intent, Intent::Undo) || case.is_lied_to() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    // Repeating a write whose answer was lost changes nothing more.
    for one in sent.iter().filter(|one| one.is_done && !one.is_raced && one.after != one.before) {
        let policy = one.policy.clone().unwrap_or_default();
        let mut own =
            case.events[..case.began].iter().filter(|event| event.policy == policy && event.by == Some(case.user));
        match own.next_back() {
            None => broken.push(format!("undo touched what this user never changed: {one:?}")),
            Some(own) if touched(one.kind, &own.after) != touched(one.kind, &one.before) => {
                broken.push(format!("undo took back what another user did: {one:?}, left as {}", own.after));
            }
            Some(_) => {}
        }
    }
    broken
}

/// What a write touches of a policy: an update leaves a pending deletion as it is, and a pending deletion all the rest.
fn touched(kind: Kind, policy: &Value) -> Value {
    let mut policy = policy.clone();
    match kind {
        Kind::ScheduleDelete => return policy["auto_move_to_trash_at"].take(),
        Kind::Update => policy["auto_move_to_trash_at"] = Value::Null,
        Kind::Create | Kind::Delete | Kind::Restore => {}
    }
    policy
}

/// What an error says of what happened.
fn claims(case: &Case, run: &Run, sent: &[Sent]) -> Vec<String> {
    let mut broken = Vec::new();
    if ![0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130].contains(&run.code) {
        broken.push(format!("exit code {}", run.code));
    }
    let is_done = sent.iter().any(|one| one.is_done);
    let has_claim = is_done || sent.iter().any(|one| one.is_accepted);
    if run.code != 0 {
        let Some(error) = error(run) else {
            return vec!["an error without an object that says so".to_owned()];
        };
        match error["changed"].as_str() {
            Some("no") if is_done => broken.push("says `changed: no`, and something was".to_owned()),
            // What another's write or a lie made of it later cannot be known.
            Some("yes") if !has_claim && !case.is_lied_to() && case.plan.deed.is_none() && case.is_alone => {
                broken.push("says `changed: yes`, and nothing was".to_owned());
            }
            Some("no" | "maybe" | "yes") => {}
            other => broken.push(format!("says `changed: {other:?}`")),
        }
        let has_created = sent.iter().any(|one| one.kind == Kind::Create && one.is_done);
        if error["retryable"] == true && has_created {
            broken.push("says `retryable: true` after a create that was carried out".to_owned());
        }
        let error_text = error.to_string();
        if is_done && ["nothing was changed", "nothing was sent"].iter().any(|words| error_text.contains(words)) {
            broken.push("says that nothing was changed, and something was".to_owned());
        }
        if has_created && error_text.contains("no new policy") && !case.is_lied_to() {
            broken.push("says that no new policy exists, and one does".to_owned());
        }
    }
    broken
}

/// The error object: the last line of standard error, after warnings.
fn error(run: &Run) -> Option<Value> {
    let mut whole: Value = serde_json::from_str(run.stderr.lines().next_back()?).ok()?;
    whole.get_mut("error").map(Value::take)
}

/// Exit code 0 means that what was asked for is so.
fn success(case: &Case, run: &Run) -> Vec<String> {
    if case.is_lied_to() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    let mut each = |ids: &[String], what: &dyn Fn(&Value) -> bool| {
        for id in ids.iter().filter(|id| !case.others_wrote(id)) {
            let now = case.cloud.policy(id);
            if !what(&now) {
                broken.push(format!("exit code 0, and {id} is not as requested: {now}"));
            }
        }
    };
    match &case.command.intent {
        Intent::Update { ids, fields } => {
            each(ids, &|now| {
                fields.iter().all(|(name, value)| {
                    if *name == "retention" { now[name] == *value } else { now["schedule"][name] == *value }
                })
            })
        }
        Intent::ScheduleDelete { ids, at } => each(ids, &|now| now["auto_move_to_trash_at"] == *at),
        Intent::Delete { ids } => each(ids, &Value::is_null),
        Intent::Restore { ids } => each(ids, &Value::is_object),
        Intent::Create { retention, interval } => {
            let shown = run.json();
            let id = shown["id"].as_str().unwrap_or_default().to_owned();
            let is_own = case.sent.is_none_or(|sent| {
                sent.iter().any(|one| one.kind == Kind::Create && one.is_done && one.policy.as_deref() == Some(&*id))
            });
            if !is_own {
                broken.push(format!("exit code 0, and {id} is not the policy that was created"));
            }
            if shown["retention"] != *retention || shown["schedule"]["interval"] != *interval {
                broken.push(format!("exit code 0, and the new policy is another: {shown}"));
            }
        }
        Intent::Look | Intent::Bulk | Intent::Undo | Intent::Apply => {}
    }
    broken
}

/// Where nothing goes wrong and all is allowed, a command succeeds: else the campaign would prove nothing.
fn sanity(case: &Case) -> Vec<String> {
    let is_undisturbed = case.plan.fault.is_none() && case.plan.deed.is_none() && case.plan.signal.is_none();
    let Some(run) = case.run.filter(|run| run.code != 0 && is_undisturbed && case.is_alone && case.command.has_consent)
    else {
        return Vec::new();
    };
    let before = |id: &String| {
        case.events[..case.began].iter().rev().find(|event| event.policy == *id).map(|event| &event.after)
    };
    let was_live = |id: &String| before(id).is_none_or(Value::is_object);
    let should_succeed = match &case.command.intent {
        Intent::Update { ids, .. } | Intent::Delete { ids } | Intent::ScheduleDelete { ids, .. } => {
            ids.iter().all(was_live)
        }
        Intent::Restore { ids } => ids.iter().all(|id| before(id).is_some_and(Value::is_null)),
        Intent::Create { .. } => case.command.allows_double,
        _ => false,
    };
    if should_succeed { vec![format!("nothing went wrong, and the exit code is {}", run.code)] } else { Vec::new() }
}

/// The journal can be read to the end, and no number is given twice.
pub fn check_history(run: &Run) {
    assert_eq!(run.code, 0, "{}", run.report());
}
