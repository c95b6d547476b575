//! What reverses a change on an OnApp cloud, where there is a way. Nothing here deletes a backup.

use serde_json::Value;

use super::as_left::{changed_since, is_as_before, is_as_left};
use super::deletion_time::server_time;
use super::guard;
use super::inverse::{Inverse, doubts, note_nothing, policy_id, what_stays};
use super::onapp_change::{BackupSnapshot, OnAppChange};
use super::onapp_schedule::{self, Owner};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::journal::{Action, Entry, Outcome};
use crate::model::{Object, PolicyPatch, TargetKind};
use crate::onapp::{OnApp, is_gone, policy as convert};
use crate::text::shell_word;

/// Makes the write that reverses a change.
///
/// # Errors
/// `no_way_back`; `changed` where someone else changed it since; and the API's.
pub async fn of(cx: &Context, api: &OnApp, entry: &Entry) -> Result<Inverse<OnAppChange>> {
    match entry.action {
        Action::Update => old_values(cx, api, entry).await,
        Action::Create => delete(api, entry).await,
        Action::Delete => create_again(cx, api, entry).await,
        Action::NoteBackup => old_note(api, entry).await,
        _ => Err(no_way_back(cx, entry)),
    }
}

/// Puts the old settings back, a pause included.
async fn old_values(cx: &Context, api: &OnApp, entry: &Entry) -> Result<Inverse<OnAppChange>> {
    let policy = as_left(api, entry).await?;
    if entry.outcome == Outcome::Unknown && is_as_before(entry, &policy.model, convert) {
        note_nothing(cx, entry, policy.model.id_text());
    }
    let old = convert(&entry.before.value());
    let mut patch = PolicyPatch::of(&old);
    if old.status.is_some() && patch.enabled.is_none() && policy.model.switch() == Some(false) {
        // A status such as `failed` is the cloud's own: what can be undone is the pause.
        patch.enabled = Some(true);
    }
    let stays = what_stays(&old, &policy.model);
    let is_same = patch.against(&policy.model).is_empty();
    if is_same && !stays.is_empty() {
        let message = format!("OnApp offers no way to unset a value: {stays}");
        return Err(Error::new(Exit::Refused, code::NO_WAY_BACK, message)
            .hint(format!("`bpctl policy update {}` sets another one", shell_word(policy.model.id_text()))));
    }
    let mut warnings = Vec::new();
    if !stays.is_empty() {
        warnings.push(format!("not all of it can be undone, since OnApp offers no way to unset a value: {stays}"));
    }
    let doubts = if is_same { Vec::new() } else { doubts(entry, &mut warnings) };
    let change = onapp_schedule::update(policy, &patch, server_time(cx, api.http()))?;
    Ok(Inverse { change, warnings, doubts })
}

async fn delete(api: &OnApp, entry: &Entry) -> Result<Inverse<OnAppChange>> {
    let before = as_left(api, entry).await?;
    let mut warnings = Vec::new();
    let doubts = doubts(entry, &mut warnings);
    warnings.push("backups that the policy has made are kept (inferred): `bpctl backups list`".to_owned());
    Ok(Inverse { change: OnAppChange::DeletePolicy { before }, warnings, doubts })
}

/// Creates a deleted policy again. Nothing brings the old one back: OnApp has no trash.
async fn create_again(cx: &Context, api: &OnApp, entry: &Entry) -> Result<Inverse<OnAppChange>> {
    let id = policy_id(entry)?;
    if entry.outcome == Outcome::Unknown {
        match api.schedule(&id).await {
            Err(error) if is_gone(&error) => {}
            read => {
                read?;
                let message = format!("policy {id} still exists: change {} did not delete it", entry.number);
                return Err(
                    Error::usage(message).hint(format!("`bpctl policy show {id}` shows it", id = shell_word(&id)))
                );
            }
        }
    }
    let raw = entry.before.value();
    let model = convert(&raw);
    let is_known = matches!(model.target.kind, TargetKind::VirtualMachine | TargetKind::Disk);
    let target = model.target.id.clone().filter(|_| is_known).ok_or_else(|| {
        let message = format!("what policy {id} belonged to is not recorded");
        Error::new(Exit::Refused, code::NO_WAY_BACK, message).hint("`bpctl policy create` makes a new one")
    })?;
    let label = entry.target.clone().unwrap_or_else(|| target.clone());
    let owner = Owner { kind: model.target.kind, target, label };
    let existing = api.schedules(owner.scope()).await?;
    existing.walk.refuse_gap("policies")?;
    let interval = &model.schedule.interval;
    let same = existing.rows.iter().find(|other| {
        other.model.schedule.interval == *interval && other.model.schedule.frequency == model.schedule.frequency
    });
    if let Some(same) = same {
        let message = format!("{} has got another policy like policy {id}: {}", owner.label, same.model.id_text());
        return Err(Error::new(Exit::Refused, code::CHANGED, message)
            .hint(format!("nothing was sent; `bpctl policy show {}` shows it", shell_word(same.model.id_text()))));
    }
    let warnings = vec![format!(
        "the policy is created again with a new id: it does not count the backups that policy {id} has made, and does \
         not rotate them"
    )];
    let now = server_time(cx, api.http());
    let new = onapp_schedule::create_again(api, owner, Object { model, raw }, now).await?;
    Ok(Inverse { change: OnAppChange::CreatePolicy(new), warnings, doubts: Vec::new() })
}

async fn old_note(api: &OnApp, entry: &Entry) -> Result<Inverse<OnAppChange>> {
    let id = backup_id(entry)?;
    let before = api.backup(&id).await?;
    let note = |value: &Value| value["note"].as_str().unwrap_or_default().to_owned();
    let now = before.model.note.clone().unwrap_or_default();
    let [old, wanted] = [&entry.before, &entry.wanted].map(|json| note(&json.value()));
    if now != wanted && !(entry.outcome == Outcome::Unknown && now == old) {
        let message = format!("the note of backup {id} was changed since change {}", entry.number);
        return Err(Error::new(Exit::Refused, code::CHANGED, message)
            .hint(format!("it was left alone; `bpctl backup note {id} TEXT` changes it", id = shell_word(&id))));
    }
    let mut warnings = Vec::new();
    let doubts = if now == old { Vec::new() } else { doubts(entry, &mut warnings) };
    let label = entry.target.clone().unwrap_or_else(|| format!("backup {id}"));
    let backup =
        BackupSnapshot { id, before, label, machine: None, machine_name: None, siblings: None, going: Vec::new() };
    Ok(Inverse { change: OnAppChange::NoteBackup { backup, note: old }, warnings, doubts })
}

/// Reads the policy, which must be as the change left it.
async fn as_left(api: &OnApp, entry: &Entry) -> Result<Object<crate::model::Policy>> {
    let id = policy_id(entry)?;
    let mut policy = match api.schedule(&id).await {
        Err(error) if is_gone(&error) => {
            let how = format!("it was deleted since change {}", entry.number);
            return Err(Error { status: error.status, ..guard::changed(&id, &how) });
        }
        read => read?,
    };
    policy.model.target.name = entry.target.clone().filter(|name| Some(name) != policy.model.target.id.as_ref());
    if is_as_left(entry, &policy.model, None, convert) {
        return Ok(policy);
    }
    Err(changed_since(entry, &id, &policy.raw))
}

fn backup_id(entry: &Entry) -> Result<String> {
    entry.policy.clone().ok_or_else(|| {
        let message = format!("which backup change {} made is unknown: its answer was lost", entry.number);
        Error::new(Exit::Failure, code::OUTCOME_UNKNOWN, message).hint("`bpctl backups list` shows the backups")
    })
}

/// The error for a change that nothing reverses, with what can be done instead.
fn no_way_back(cx: &Context, entry: &Entry) -> Error {
    let number = entry.number;
    let id = entry.policy.as_deref().unwrap_or("BACKUP");
    let of = entry.target.as_deref().unwrap_or("the VM");
    let (point, vm) =
        (shell_word(entry.policy.as_deref().unwrap_or("POINT")), shell_word(entry.target.as_deref().unwrap_or("VM")));
    let (why, hint) = match entry.action {
        Action::CreateBackup => (
            format!("a backup that was taken is not deleted by undoing change {number}"),
            format!("`bpctl backup delete {id}` deletes it", id = shell_word(id)),
        ),
        Action::RestoreBackup => {
            let hint = match taken_first(cx, entry) {
                Some(backup) => format!(
                    "`bpctl backup restore {backup}` restores the backup that was taken before",
                    backup = shell_word(&backup)
                ),
                None => {
                    "`bpctl backups list` shows the backups; `--backup-first` takes one before a restoration".to_owned()
                }
            };
            (format!("what change {number} overwrote on {of} is gone"), hint)
        }
        Action::CreatePoint => (
            format!("a recovery point that was taken is not deleted by undoing change {number}"),
            format!("delete it in the control panel; `bpctl backup show {point} --point --vm {vm}` shows it"),
        ),
        Action::RestorePoint => {
            let hint = match taken_first(cx, entry) {
                Some(first) => {
                    let restore = format!("bpctl backup restore {first} --point --vm {vm}", first = shell_word(&first));
                    format!("`{restore}` restores the recovery point that was taken before")
                }
                None => format!("`bpctl backups list --vm {vm} --kind points` shows the recovery points"),
            };
            (format!("what change {number} overwrote on {of} is gone"), hint)
        }
        Action::DeleteBackup => (
            format!("backup {id} of {of} is gone: OnApp has no trash"),
            "`bpctl backups list` shows the backups that are left; `bpctl backups create` takes a new one".to_owned(),
        ),
        Action::ConvertBackup => (
            format!("the template that change {number} made of backup {id} stays"),
            format!(
                "delete it in the control panel; `bpctl backup show {id}` shows whether the backup was kept",
                id = shell_word(id)
            ),
        ),
        Action::EnableAutobackup => (
            format!("the policies that autobackup of {of} made or resumed in change {number} stay"),
            "`bpctl autobackup off` pauses them all; `bpctl policy delete` deletes one".to_owned(),
        ),
        Action::DisableAutobackup => (
            format!("autobackup of {of} stays off after change {number}"),
            "`bpctl autobackup on` resumes them all; `bpctl policy resume` resumes one".to_owned(),
        ),
        _ => (format!("OnApp offers no way to undo change {number}"), format!("`bpctl history {number}` shows it")),
    };
    Error::new(Exit::Refused, code::NO_WAY_BACK, why).hint(hint)
}

/// The backup that the same command took before it restored another.
fn taken_first(cx: &Context, entry: &Entry) -> Option<String> {
    let first = entry.command_id.filter(|first| *first != entry.number)?;
    let first = cx.journal().ok()?.find(first).ok()??.entry()?;
    first.policy.filter(|_| matches!(first.action, Action::CreateBackup | Action::CreatePoint))
}
