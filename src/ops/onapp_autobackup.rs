//! Switching the scheduled backups of a VM or a disk on or off, as OnApp does it: all schedules at once, and where there
//! are none the cloud makes one of each preset, with a backup for each.
//!
//! The answer says nothing of the schedules, so they are listed before and after, and the POST is never repeated.

use serde_json::{Value, json};

use super::onapp_change::{backup_ids, plain};
use super::onapp_policies::of_owner;
use super::read_back::{IfLaterFails, read_until};
use super::record::{Intent, Record};
use super::write::Write;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::model::{Loss, Object, Policy, TargetKind};
use crate::onapp::{OnApp, ScheduleOwner};
use crate::text::shell_word;
use crate::view::TimeFormat;

/// Switching on or off.
pub struct AutobackupWrite {
    /// What is backed up: a VM or a disk, its number, and its name for messages.
    pub kind: TargetKind,
    pub target: String,
    pub label: String,
    /// The number of the VM, whose backups are counted; none where it is not known.
    pub machine: Option<String>,
    pub is_on: bool,
    /// The target's policies, as last listed.
    pub before: Vec<Object<Policy>>,
}

impl AutobackupWrite {
    pub fn owner(&self) -> ScheduleOwner<'_> {
        match self.kind {
            TargetKind::Disk => ScheduleOwner::Disk(None, &self.target),
            _ => ScheduleOwner::Machine(&self.target),
        }
    }

    fn word(&self) -> &'static str {
        if self.is_on { "on" } else { "off" }
    }

    /// Whether these policies are as wanted. Where there are none, switching on has yet to make them.
    fn is_reached(&self, policies: &[Object<Policy>]) -> bool {
        if self.is_on {
            !policies.is_empty() && policies.iter().all(|policy| policy.model.is_enabled())
        } else {
            policies.iter().all(|policy| policy.model.switch() == Some(false))
        }
    }

    fn raw(&self) -> Value {
        self.before.iter().map(|policy| policy.raw.clone()).collect()
    }

    async fn list(&self, api: &OnApp) -> Result<Vec<Object<Policy>>> {
        let listed = of_owner(api, self.owner()).await?;
        listed.walk.refuse_gap("policies")?;
        Ok(listed.rows)
    }

    /// Lists the policies again, which must be as they were.
    async fn list_again(&self, api: &OnApp) -> Result<Vec<Object<Policy>>> {
        let now = self.list(api).await?;
        if settings(&now) == settings(&self.before) {
            return Ok(now);
        }
        let message = format!("the policies of {} were changed since they were shown", self.label);
        Err(Error::new(Exit::Refused, code::CHANGED, message)
            .hint("nothing was sent; look again and repeat the command"))
    }

    /// The command that lists the policies.
    fn look(&self) -> String {
        let flag = if self.kind == TargetKind::Disk { "--disk" } else { "--vm" };
        format!("`bpctl policies list {flag} {}` shows its policies", shell_word(&self.target))
    }

    /// Sends it, and lists until it is as wanted.
    async fn switch(&self, cx: &Context, api: &OnApp, request: &Request) -> Result<Vec<Object<Policy>>> {
        let check = async |_| self.list_again(api).await.map(drop);
        if let Err(error) = api.write(request, check).await {
            return Err(if error.outcome_unknown() { self.after_lost_answer(api, error).await } else { error });
        }
        cx.tally.accept(&self.target, &self.look());
        let not_verified = |error: Error| {
            let message =
                format!("autobackup of {} was switched, but reading it back failed: {}", self.label, error.message);
            Error { status: error.status, ..Error::new(Exit::Partly, code::NOT_VERIFIED, message) }
                .detail(json!({"id": self.target, "error": error.to_json()["error"]}))
                .changed(Changed::Yes)
                .hint(self.look())
        };
        let list = async || self.list(api).await.map_err(not_verified);
        let now = read_until(list, |now| self.is_reached(now), IfLaterFails::Fail).await?;
        if self.is_reached(&now) {
            return Ok(now);
        }
        let message = format!("the cloud accepted it, but autobackup of {} is {}", self.label, seen(&now));
        // A field that a list leaves out does not count.
        let is_known = now.iter().all(|policy| policy.raw["status"].is_string());
        let changed = if is_known && counts(&now) != counts(&self.before) { Changed::Yes } else { Changed::Maybe };
        Err(Error::new(Exit::Failure, code::NOT_APPLIED, message).changed(changed).hint(self.look()))
    }

    /// Looks what became of it.
    async fn after_lost_answer(&self, api: &OnApp, error: Error) -> Error {
        let error = match self.list(api).await {
            Ok(now) => {
                let message = format!("{}; checked {}: autobackup is {}", error.message, self.label, seen(&now));
                Error { message, ..error }
            }
            Err(_) => error,
        };
        error.hint(self.look())
    }
}

/// How many policies there are, and how many of them are enabled.
fn counts(policies: &[Object<Policy>]) -> (usize, usize) {
    (policies.len(), policies.iter().filter(|policy| policy.model.is_enabled()).count())
}

/// Says what a list of policies shows.
fn seen(policies: &[Object<Policy>]) -> String {
    let is_off = |policy: &Object<Policy>| policy.model.switch() == Some(false);
    match counts(policies) {
        (0, _) => "off: no policy is listed".to_owned(),
        (count, 0) if policies.iter().all(is_off) => format!("off: policies that are not enabled: {count}"),
        (count, enabled) if enabled == count => format!("on: policies enabled: {count}"),
        (count, enabled) => format!("partly on: {enabled} of {count} policies are enabled"),
    }
}

/// What a change made by another user would show.
fn settings(policies: &[Object<Policy>]) -> Vec<Vec<Value>> {
    let names = ["id", "duration", "period", "rotation_period", "status"];
    let mut all: Vec<Vec<Value>> =
        policies.iter().map(|policy| names.into_iter().map(|name| policy.raw[name].clone()).collect()).collect();
    all.sort_by_key(|one| plain(&one[0]));
    all
}

impl Write for AutobackupWrite {
    type Written = Vec<Object<Policy>>;

    fn label(&self) -> String {
        self.label.clone()
    }

    fn request(&self) -> Option<Request> {
        (!self.is_reached(&self.before)).then(|| OnApp::autobackup_request(self.owner(), self.is_on))
    }

    fn before(&self) -> Value {
        self.raw()
    }

    fn after(&self) -> Value {
        if self.before.is_empty() {
            // The cloud makes them.
            return Value::Null;
        }
        let mut after = self.raw();
        let status = if self.is_on { "enabled" } else { "disabled" };
        after.as_array_mut().into_iter().flatten().for_each(|policy| policy["status"] = status.into());
        after
    }

    fn describe(&self, _: &TimeFormat) -> Vec<String> {
        let (label, word) = (&self.label, self.word());
        if self.request().is_none() {
            return vec![format!("no changes: autobackup of {label} is {}", seen(&self.before))];
        }
        let ids: Vec<&str> = self.before.iter().map(|policy| policy.model.id_text()).collect();
        vec![if ids.is_empty() {
            format!("autobackup of {label}: {word}")
        } else {
            format!("autobackup of {label}: {word} (policies {})", ids.join(", "))
        }]
    }

    fn losses(&self) -> Vec<Loss> {
        if self.is_on {
            return Vec::new();
        }
        let enabled: Vec<&str> = self
            .before
            .iter()
            .filter(|policy| policy.model.switch() != Some(false))
            .map(|policy| policy.model.id_text())
            .collect();
        if enabled.is_empty() {
            return Vec::new();
        }
        let (label, ids) = (&self.label, enabled.join(", "));
        vec![Loss(format!("no more scheduled backups of {label} until autobackup is on again (policies {ids})"))]
    }

    async fn read_again(&mut self, cx: &Context) -> Result<()> {
        self.before = self.list_again(cx.onapp()?).await?;
        Ok(())
    }

    async fn execute(&self, cx: &Context) -> Result<Vec<Object<Policy>>> {
        let Some(request) = self.request() else {
            return Ok(self.before.clone());
        };
        let api = cx.onapp()?;
        let backups = match &self.machine {
            Some(machine) if self.before.is_empty() => backup_ids(api, machine).await.ok(),
            _ => None,
        };
        let action = if self.is_on { Action::EnableAutobackup } else { Action::DisableAutobackup };
        let before = self.raw();
        let wanted = json!({"autobackup": self.word()});
        let target = Some(self.label.as_str());
        let look = self.look();
        let intent = Intent { action, policy: None, target, before: &before, wanted, undoes: None, look };
        let record = Record::begin(cx, &intent);
        let now = match self.switch(cx, api, &request).await {
            Ok(now) => now,
            Err(error) => return Err(record.fail(error)),
        };
        record.end(Outcome::Done, None, now.iter().map(|policy| policy.raw.clone()).collect());
        if let (Some(machine), Some(known)) = (&self.machine, backups) {
            note_new_backups(cx, api, machine, &known, now.len()).await;
        }
        Ok(now)
    }
}

/// Says what is new. Another user may have made it: the answer says nothing of what the cloud makes.
async fn note_new_backups(cx: &Context, api: &OnApp, machine: &str, known: &[String], policies: usize) {
    let Ok(now) = backup_ids(api, machine).await else {
        return;
    };
    let new: Vec<&str> = now.iter().filter(|id| !known.contains(id)).map(String::as_str).collect();
    let ids = if new.is_empty() { String::new() } else { format!(" ({})", new.join(", ")) };
    let counted =
        |count: usize, one: &str, several: &str| format!("{count} {}", if count == 1 { one } else { several });
    let (policies, backups) = (counted(policies, "policy", "policies"), counted(new.len(), "backup", "backups"));
    cx.ui.note(&format!("new on the cloud: {policies}, {backups}{ids}"));
}
