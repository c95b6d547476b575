//! What must hold after every command, on any cloud, whatever came between: no protection is weakened without consent,
//! nothing is done twice or besides, and the exit code, the words, `changed`, `retryable` and the journal claim no more
//! than what is true.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fault::{Fault, Plan};
use crate::harness::Run;
use crate::line::Event;
use crate::provider::{Command, Kind, Provider, Sent, plain};

/// Codes of commands that are refused by bpctl itself, before anything is sent.
const REFUSALS: [&str; 8] = [
    "usage",
    "config",
    "no_token",
    "ambiguous_name",
    "confirmation_required",
    "read_only",
    "not_offered",
    "clock_skew",
];

/// A command that has ended, and the truth.
pub struct Case<'a, P: Provider> {
    pub user: usize,
    pub command: &'a Command<P::Intent>,
    pub plan: &'a Plan<P::Deed>,
    /// `None` where it was killed.
    pub run: Option<&'a Run>,
    /// What it sent; `None` where that is not known.
    pub sent: Option<&'a [Sent]>,
    /// How much it read after its last write.
    pub looks: usize,
    pub events: &'a [Event],
    /// How many events there were before.
    pub began: usize,
    /// The lines that it added to the journal.
    pub journal: &'a [Value],
    pub provider: &'a P,
    /// No other command ran at the same time.
    pub is_alone: bool,
    /// The objects as they were when the plan was saved that this command carries out.
    pub planned: Option<&'a BTreeMap<String, Value>>,
}

/// Says which laws are broken.
pub fn check<P: Provider>(case: &Case<P>) -> Vec<String> {
    let mut broken = Vec::new();
    if case.run.is_none() && !matches!(case.plan.signal, Some((rustix::process::Signal::KILL, _))) {
        broken.push("a signal that can be handled ended it without an account".to_owned());
    }
    if let Some(sent) = case.sent {
        broken.extend(consent(case, sent));
        broken.extend(scope(case, sent));
        broken.extend(doubles(case, sent));
        broken.extend(repeated::<P>(sent));
        broken.extend(overwrites(case, sent));
        broken.extend(journal(case, sent));
        broken.extend(undo(case, sent));
        if let Some(run) = case.run.filter(|run| run.code != 0) {
            broken.extend(claims(case, run, sent));
        }
    }
    if case.run.is_some_and(|run| run.code == 0) && !case.plan.lies() {
        broken.extend(P::success(case));
    }
    broken.extend(sanity(case));
    broken
}

impl<P: Provider> Case<'_, P> {
    /// Whether others wrote to an object since the command began.
    pub fn others_wrote(&self, id: &str) -> bool {
        let is_its = |event: &Event| event.object == id || plain(&event.object) == id;
        self.events[self.began..].iter().any(|event| is_its(event) && event.by != Some(self.user))
    }

    /// An object as the last event before the command left it.
    pub fn before(&self, id: &str) -> Option<&Value> {
        let event = self.events[..self.began].iter().rev().find(|event| event.object == id);
        event.map(|event| &event.after)
    }

    /// Says where objects are not as they should be; those that others wrote to are left out.
    pub fn each(&self, ids: &[String], is_so: &dyn Fn(&Value) -> bool) -> Vec<String> {
        let undisturbed = ids.iter().filter(|id| !self.others_wrote(id));
        let now = undisturbed.map(|id| (id, self.provider.object(id))).filter(|(_, now)| !is_so(now));
        now.map(|(id, now)| format!("exit code 0, and {id} is not as requested: {now}")).collect()
    }

    /// What this command made, as bpctl names it.
    pub fn made(&self) -> Vec<&str> {
        let sent = self.sent.unwrap_or_default();
        sent.iter().filter(|one| one.is_done).flat_map(|one| one.made.iter().map(|id| plain(id))).collect()
    }

    /// Whether an object of another user can be taken for the own one: no answer names the own one, and it is not visible yet,
    /// or was never made although the answer claims success.
    fn is_mistakable(&self, id: &str) -> bool {
        let is_named = self.sent.unwrap_or_default().iter().any(|one| one.is_named);
        !is_named && matches!(self.plan.fault, Some((Fault::Late | Fault::EmptyOk, ..))) && self.others_wrote(id)
    }

    /// Says whether an object that is shown as new was made by this command.
    pub fn is_own(&self, shown: &Value) -> Vec<String> {
        let id = shown["id"].to_string().replace('"', "");
        if self.sent.is_none() || self.made().contains(&id.as_str()) || self.is_mistakable(&id) {
            return Vec::new();
        }
        vec![format!("exit code 0, and {id} is not what was created: {:?}", self.made())]
    }
}

/// Each write is recorded before it is sent, and its end as it was.
fn journal<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    let mut broken = Vec::new();
    let of = |event: &'static str| case.journal.iter().filter(move |line| line["event"] == event);
    for one in sent {
        let is_its = |line: &&Value| {
            line["action"] == one.kind.action()
                && (!one.kind.names_its_object() || line["policy"].as_str() == one.plain_id())
        };
        if !of("begin").any(|line| is_its(&line)) {
            broken.push(format!("{:?} of {:?} was sent and is not in the journal", one.kind, one.object));
        }
    }
    for end in of("end") {
        let Some(begin) = of("begin").find(|begin| begin["number"] == end["number"]) else {
            // An undo notes that a change was never made.
            if end["outcome"] != "failed" {
                broken.push(format!("the journal ends what it did not begin: {end}"));
            }
            continue;
        };
        let object = end["policy"].as_str().or_else(|| begin["policy"].as_str()).unwrap_or_default();
        let is_its = |one: &&Sent| {
            begin["action"] == one.kind.action() && (!one.kind.names_its_object() || one.plain_id() == Some(object))
        };
        let own: Vec<&Sent> = sent.iter().filter(is_its).collect();
        let is_done = own.iter().any(|one| one.is_done);
        // An answer that claims success for what was so before: no client can know better.
        let was_so = own.iter().any(|one| match one.kind {
            Kind::Restore => one.before.is_object(),
            Kind::Delete | Kind::DeleteBackup => one.before.is_null(),
            _ => false,
        });
        let is_queued = own.iter().any(|one| one.is_accepted && one.kind.is_queued());
        let is_clear = !case.others_wrote(object) && !case.plan.lies();
        match end["outcome"].as_str() {
            Some("done") if !is_done && !was_so && !is_queued && is_clear => {
                broken.push(format!("the journal says done, and it is not: {end}"));
            }
            Some("failed") if is_done && is_clear => {
                broken.push(format!("the journal says failed, and it is done: {end}"));
            }
            _ => {}
        }
        let made = case.made();
        let is_creation = own.iter().any(|one| one.kind.is_creation());
        let is_clear = !case.plan.lies() && !case.is_mistakable(object);
        if is_creation && !object.is_empty() && is_clear && !made.contains(&object) {
            broken.push(format!("the journal says that {object} was created, which was {made:?}: {end}"));
        }
    }
    broken
}

/// Nothing is written by what only looks, and nothing is weakened without consent.
fn consent<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    if case.command.only_looks {
        return sent.iter().map(|one| format!("only looks, and sent {:?}", one.kind)).collect();
    }
    if case.command.has_consent || case.plan.lies() {
        return Vec::new();
    }
    let weakening = sent.iter().filter(|one| one.is_done && !one.is_raced && P::weakens(one));
    weakening.map(|one| format!("weakened without consent: {one}")).collect()
}

/// Nothing is written but what the command names.
fn scope<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    let besides = sent.iter().filter(|one| P::out_of_scope(case, one));
    besides.map(|one| format!("not what was asked for: {one}")).collect()
}

/// A policy is not created where there is such a policy unless that is allowed.
fn doubles<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    // What appeared while the command ran may have come too late to be seen.
    let is_undisturbed = case.is_alone && case.plan.deed.is_none() && !case.plan.lies();
    let asks = case.command.args.starts_with(&["policy".to_owned(), "create".to_owned()]);
    if !is_undisturbed || !asks || case.command.allows_double {
        return Vec::new();
    }
    let double = sent.iter().filter(|one| one.kind == Kind::Create && one.is_done && one.is_double);
    double.map(|one| format!("created beside one of the same interval: {one}")).collect()
}

/// What may have been carried out is not sent again where that would do it twice.
fn repeated<P: Provider>(sent: &[Sent]) -> Vec<String> {
    let mut broken = Vec::new();
    for (at, one) in sent.iter().enumerate() {
        let may_be_done = one.fault.map_or(one.is_done, |fault| !fault.is_refusal());
        let must_be_once = one.kind.is_creation() || P::SENDS_POSTS_ONCE && one.is_post();
        let is_again = |again: &Sent| again.line == one.line && again.body == one.body;
        if must_be_once && may_be_done && sent[at + 1..].iter().any(is_again) {
            broken.push(format!("sent again, and the first may have been carried out: {one}"));
        }
    }
    broken
}

/// What another user changed since it was shown is left alone.
fn overwrites<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    if case.plan.lies() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    for one in sent.iter().filter(|one| one.is_done && !one.is_raced) {
        // A repeated write, whose first answer was lost, changes nothing more.
        let is_change = one.after != one.before;
        if one.is_seen && is_change {
            broken.push(format!("written over what another user had changed meanwhile: {one}"));
        }
        let planned = case.planned.and_then(|planned| planned.get(one.object.as_deref()?));
        if planned.is_some_and(|planned| *planned != one.before) && is_change {
            broken.push(format!("not as it was when it was planned: {one}"));
        }
    }
    broken
}

/// `undo` takes back this user's own changes, and only where nothing came after them.
fn undo<P: Provider>(case: &Case<P>, sent: &[Sent]) -> Vec<String> {
    if !case.command.is_undo || case.plan.lies() {
        return Vec::new();
    }
    let mut broken = Vec::new();
    // What another user deleted while this one's command did the same, and its answer was lost or false: whose deletion
    // it was cannot be known.
    let may_be_own = |event: &Event| event.during == Some(case.user) && event.after.is_null();
    let mut own = case.events[..case.began].iter().filter(|event| event.by == Some(case.user) || may_be_own(event));
    // Repeating a write whose answer was lost changes nothing more.
    for one in sent.iter().filter(|one| one.is_done && !one.is_raced && one.after != one.before) {
        if one.kind.is_creation() {
            if !own.clone().any(|event| event.after.is_null()) {
                broken.push(format!("undo created what this user never deleted: {one}"));
            }
            continue;
        }
        let last = own.rfind(|event| Some(&event.object) == one.object.as_ref());
        match last {
            None => broken.push(format!("undo touched what this user never changed: {one}")),
            Some(own) if P::touched(one.kind, &own.after) != P::touched(one.kind, &one.before) => {
                broken.push(format!("undo took back what another user did: {one}, left as {}", own.after));
            }
            Some(_) => {}
        }
    }
    broken
}

/// What an error says of what happened.
fn claims<P: Provider>(case: &Case<P>, run: &Run, sent: &[Sent]) -> Vec<String> {
    let mut broken = Vec::new();
    if ![1, 2, 3, 4, 5, 6, 7, 8, 9, 130].contains(&run.code) {
        broken.push(format!("exit code {}", run.code));
    }
    let is_done = sent.iter().any(|one| one.is_done);
    let has_claim = is_done || sent.iter().any(|one| one.is_accepted);
    let Some(error) = error(run) else {
        return vec!["an error without an object that says so".to_owned()];
    };
    match error["changed"].as_str() {
        Some("no") if is_done => broken.push("says `changed: no`, and something was".to_owned()),
        // What another's write or a lie made of it later cannot be known.
        Some("yes") if !has_claim && !case.plan.lies() && case.plan.deed.is_none() && case.is_alone => {
            broken.push("says `changed: yes`, and nothing was".to_owned());
        }
        Some("no" | "maybe" | "yes") => {}
        other => broken.push(format!("says `changed: {other:?}`")),
    }
    let code = error["code"].as_str().unwrap_or_default();
    if REFUSALS.contains(&code) && !sent.is_empty() {
        broken.push(format!("refused with `{code}`, and sent something"));
    }
    let is_once = |one: &&Sent| one.kind.is_creation() || P::SENDS_POSTS_ONCE && one.is_post();
    let made_once = sent.iter().filter(is_once).any(|one| one.is_done);
    if error["retryable"] == true && made_once {
        broken.push("says `retryable: true` after what must not be done twice was carried out".to_owned());
    }
    // What it says of one of several is in the detail.
    let words = format!("{} {}", error["message"], error["hint"]);
    if is_done && ["nothing was changed", "nothing was sent"].iter().any(|said| words.contains(said)) {
        broken.push("says that nothing was changed, and something was".to_owned());
    }
    let has_created = sent.iter().any(|one| one.kind.is_creation() && one.is_done);
    let is_hidden = case.plan.lies() || matches!(case.plan.fault, Some((Fault::Late, ..)));
    let says_none = ["no new policy", "no new backup", "no new recovery point"].iter().any(|said| words.contains(said));
    if has_created && says_none && !is_hidden {
        broken.push("says that nothing new exists, and it does".to_owned());
    }
    if code == "outcome_unknown" && case.looks == 0 && sent.last().is_some_and(Sent::is_post) {
        broken.push("says `outcome_unknown` of a POST, and has not looked".to_owned());
    }
    broken
}

/// The error object: the last line of standard error, after warnings.
fn error(run: &Run) -> Option<Value> {
    let mut whole: Value = serde_json::from_str(run.stderr.lines().next_back()?).ok()?;
    whole.get_mut("error").map(Value::take)
}

/// Where nothing goes wrong and all is allowed, a command succeeds: else the campaign would prove nothing. So it does
/// where a write is seen a moment later than it was answered.
fn sanity<P: Provider>(case: &Case<P>) -> Vec<String> {
    let is_quiet = case.plan.is_undisturbed() || case.plan.is_only_late();
    let Some(run) = case.run.filter(|run| run.code != 0 && is_quiet && case.is_alone && case.command.has_consent)
    else {
        return Vec::new();
    };
    if P::should_succeed(case) {
        vec![format!("nothing went wrong, and the exit code is {}", run.code)]
    } else {
        Vec::new()
    }
}

/// The journal can be read to the end, and no number is given twice.
pub fn check_history(run: &Run) {
    assert_eq!(run.code, 0, "{}", run.report());
}
