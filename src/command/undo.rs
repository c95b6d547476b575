//! `bpctl undo`: the inverse of a change, through the same pipeline as any write. It never takes back what was changed
//! by someone else since.

use jiff::Timestamp;

use super::history::{changes, find};
use crate::args::Undo as Args;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::journal::{Action, Ended, Entry, Outcome, Recorded};
use crate::katapult::{Katapult, policy as convert};
use crate::model::{Change, Loss, Object, Policy, PolicyPatch};
use crate::ops::as_left;
use crate::ops::batch::finish;
use crate::ops::deletion_time::{LEAD, server_time};
use crate::ops::guard::{PolicySnapshot, TrashedPolicy};
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::record;
use crate::ops::sequence::sum_up;
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::view::Resource;

/// Reverses a change, or all changes of one command.
pub async fn run(cx: &Context, args: &Args) -> Result<()> {
    let entries = match args.command {
        Some(number) => of_command(cx, number)?,
        None => vec![choose(cx, args.number)?],
    };
    let deletes = |entry: &Entry| matches!(entry.action, Action::Create | Action::Restore);
    let is_plain = args.number.is_none() && args.command.is_none();
    let with_older = |error| if is_plain { with_older(error) } else { error };
    if entries.iter().all(deletes) {
        return undo(cx, &entries, Written::removal).await.map_err(with_older);
    }
    if entries.iter().any(deletes) {
        let numbers: Vec<String> = entries.iter().map(|entry| entry.number.to_string()).collect();
        return Err(Error::usage("this command both created and changed policies; undo its changes one by one")
            .hint(format!("they are the changes {}: `bpctl undo N`", numbers.join(", "))));
    }
    undo(cx, &entries, Written::policy).await.map_err(with_older)
}

/// Adds how to go on where the last change stands in the way. An older one is never undone in its place: a script that
/// takes back what it has just done would take back something else.
fn with_older(error: Error) -> Error {
    const IN_THE_WAY: [&str; 5] =
        [code::NO_WAY_BACK, code::OUTCOME_UNKNOWN, code::CHANGED, "disk_backup_policy_not_found", "object_in_trash"];
    if !IN_THE_WAY.contains(&error.code.as_ref()) || error.changed != Changed::No {
        return error;
    }
    error.hint("an older change is undone by its number: `bpctl undo N`; `bpctl history` lists the changes")
}

async fn undo<T: Resource>(cx: &Context, entries: &[Entry], object: fn(Written) -> Option<Object<T>>) -> Result<()> {
    cx.check_columns::<T>()?;
    if cx.provider_is(Provider::OnApp)? || entries.iter().any(|entry| entry.action.is_of_backup()) {
        return Err(no_way_back());
    }
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let (mut writes, mut failed, mut warnings) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        cx.ui.note(&format!("change {}: {} (`bpctl {}`)", entry.number, entry.action.verb(), entry.command));
        match inverse(cx, api, entry).await {
            Ok(inverse) => {
                warnings.extend(inverse.warnings);
                let (change, doubts) = (inverse.change, inverse.doubts);
                writes.push(PolicyWrite { undoes: Some(entry.number), doubts, ..change.into() });
            }
            Err(error) if entries.len() == 1 => return Err(error),
            Err(error) => {
                cx.ui.warn(&format!("change {} is left as it is: {}", entry.number, error.message));
                failed.push((format!("change {}", entry.number), error));
            }
        }
    }
    let question = if writes.len() == 1 { "Undo it?".to_owned() } else { format!("Undo {} changes?", writes.len()) };
    let options = Options { ask: Ask::Always, warnings, ..Options::new(question, lock) };
    let labels = pipeline::labels(&writes);
    let Some(sequence) = pipeline::run(cx, writes, options).await? else {
        return sum_up("changes", &labels, failed, &[], false);
    };
    finish(cx, sequence, failed, entries.len() == 1, object)
}

/// The error for a change of an OnApp cloud.
fn no_way_back() -> Error {
    Error::new(Exit::Refused, code::NO_WAY_BACK, "changes of OnApp clouds cannot be undone")
        .hint("`bpctl history` shows what was before; `policy update`, `pause` and `resume` set it again")
}

/// Takes the change that is named, or the last one of this API and organization that was not undone and is not an undo
/// itself.
fn choose(cx: &Context, number: Option<u64>) -> Result<Entry> {
    let Some(number) = number else {
        return last(cx);
    };
    let entry = readable(find(cx, number)?)?;
    refuse_foreign(cx, &entry)?;
    refuse_finished(&entry)?;
    Ok(entry)
}

/// Finds the last change that can be undone here. What a newer bpctl did since may have built on it.
fn last(cx: &Context) -> Result<Entry> {
    let mut foreign = 0;
    for recorded in changes(cx)? {
        let entry = readable(recorded?)?;
        let is_done = entry.outcome != Outcome::Failed && entry.undone_by.is_none() && !entry.is_gone;
        if !is_done || entry.undoes.is_some() {
            continue;
        }
        if refuse_foreign(cx, &entry).is_err() {
            foreign += 1;
            continue;
        }
        if foreign > 0 {
            cx.ui.note(&format!("skipped {foreign} newer changes of other clouds or organizations"));
        }
        return Ok(entry);
    }
    Err(Error::new(Exit::NotFound, "not_found", "no change to undo").hint("`bpctl history` lists the changes"))
}

/// Takes the changes of one command that were not undone, the newest first.
fn of_command(cx: &Context, number: u64) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for recorded in changes(cx)? {
        let entry = readable(recorded?)?;
        let command = entry.command_id.unwrap_or(entry.number);
        if command == number && refuse_finished(&entry).is_ok() {
            refuse_foreign(cx, &entry)?;
            entries.push(entry);
        } else if entry.number < number {
            break;
        }
    }
    if entries.is_empty() {
        return Err(Error::new(Exit::NotFound, "not_found", format!("command {number} has no change to undo"))
            .hint("`bpctl history` lists the changes and their commands"));
    }
    Ok(entries)
}

/// Refuses a change that this bpctl cannot read.
fn readable(recorded: Recorded) -> Result<Entry> {
    match recorded {
        Recorded::Entry(entry) => Ok(*entry),
        Recorded::Newer(newer) => {
            let change = newer.number.map_or_else(|| "a change".to_owned(), |number| format!("change {number}"));
            Err(Error::new(Exit::Refused, code::UNREADABLE, format!("{change} was made by a newer bpctl"))
                .hint("undo it with that version")
                .hint("an older change is undone by its number: `bpctl undo N`; `bpctl history` lists the changes"))
        }
    }
}

/// Refuses a change of another API or organization: the token in use may still reach its policy.
fn refuse_foreign(cx: &Context, entry: &Entry) -> Result<()> {
    let api = cx.api_name()?;
    let (number, profile) = (entry.number, entry.profile.as_deref());
    let with_profile = || {
        let organization = entry.organization.as_deref().map_or_else(String::new, |name| format!(" --org {name}"));
        let profile = profile.map_or_else(String::new, |name| format!(" --profile {name}"));
        format!("name its connection, as in `bpctl undo {number}{profile}{organization}`")
    };
    if entry.api != api {
        let message = format!("change {number} was made on {}, not on {api}", entry.api);
        return Err(Error::usage(message).hint(with_profile()));
    }
    let connection = cx.connection(None)?;
    let organization = connection.organization.as_ref().map(|setting| setting.value.as_str());
    let is_ours = match (entry.organization.as_deref(), organization) {
        (Some(theirs), Some(ours)) => theirs == ours,
        // Named for that change alone, it may be any of those that the token can reach.
        (Some(_), None) => false,
        // Without a name for the change, the profile distinguishes the tokens.
        _ => profile == connection.profile.as_ref().map(|profile| profile.value.as_str()),
    };
    if is_ours {
        return Ok(());
    }
    let place = match (entry.organization.as_deref(), profile) {
        (Some(organization), _) => format!("in the organization {organization}"),
        (None, Some(profile)) => format!("with the profile {profile}"),
        (None, None) => "without a profile".to_owned(),
    };
    Err(Error::usage(format!("change {number} was made {place}, which is not in use now")).hint(with_profile()))
}

fn refuse_finished(entry: &Entry) -> Result<()> {
    let number = entry.number;
    if entry.outcome == Outcome::Failed {
        return Err(Error::usage(format!("change {number} was refused, so there is nothing to undo"))
            .hint(format!("`bpctl history {number}` shows it")));
    }
    if let Some(by) = entry.undone_by {
        return Err(Error::usage(format!("change {number} was undone already, by change {by}"))
            .hint(format!("`bpctl undo {by}` makes it again")));
    }
    if entry.is_gone {
        return Err(Error::usage(format!("change {number} was made in a sandbox that has started over since"))
            .hint("`bpctl history` lists the changes"));
    }
    Ok(())
}

/// Seconds for which a request whose answer was lost may still be on its way.
const STILL_UNDER_WAY: i64 = 60;

/// The write that reverses a change.
struct Inverse {
    change: PolicyChange,
    /// What the user must know even with `--yes`.
    warnings: Vec<String>,
    /// What makes the change itself uncertain: it takes a confirmation.
    doubts: Vec<Loss>,
}

async fn inverse(cx: &Context, api: &Katapult, entry: &Entry) -> Result<Inverse> {
    let id = entry.policy.clone().ok_or_else(|| {
        let message = format!("which policy change {} made is unknown: its answer was lost", entry.number);
        Error::new(Exit::Failure, code::OUTCOME_UNKNOWN, message).hint("`bpctl policies list` shows whether it exists")
    })?;
    if let Some(policy) = as_left::read_as_before(api, entry, &id).await? {
        return Ok(nothing(cx, entry, policy));
    }
    match entry.action {
        Action::Update => old_values(api, entry, id).await,
        Action::ScheduleDelete => old_schedule(cx, api, entry, id).await,
        Action::Delete => restore(api, entry, id).await,
        Action::Create | Action::Restore => delete(api, entry, id).await,
        _ => Err(no_way_back()),
    }
}

/// A change that was never made, as far as can be seen: there is nothing to take back. Once it can no longer be on its
/// way to the server, the journal says so, and a plain `undo` goes on to the change before it.
fn nothing(cx: &Context, entry: &Entry, policy: PolicySnapshot) -> Inverse {
    let (number, id) = (entry.number, &policy.id);
    cx.ui.note(&format!("policy {id} is as it was before change {number}: there is nothing to undo"));
    if !cx.global.dry_run && cx.system.now().as_second() >= entry.time + STILL_UNDER_WAY {
        record::end(cx, number, &Ended { outcome: Outcome::Failed, ..Ended::default() });
    }
    let change = Change { retention: None, schedule: None, differences: Vec::new() };
    Inverse { change: PolicyChange::Update { policy, change }, warnings: Vec::new(), doubts: Vec::new() }
}

/// Puts the old values back.
async fn old_values(api: &Katapult, entry: &Entry, id: String) -> Result<Inverse> {
    let policy = as_left::read(api, entry, &id).await?;
    let old = convert(&entry.before.value());
    let before = &policy.before.model;
    let change = PolicyPatch::of(&old).against(before);
    let stays = what_stays(&old, before);
    if change.is_empty() && !stays.is_empty() {
        let message = format!("the API offers no way to unset a value: {stays}");
        return Err(Error::new(Exit::Refused, code::NO_WAY_BACK, message)
            .hint(format!("`bpctl policy update {}` sets another one", policy.id)));
    }
    let mut warnings = Vec::new();
    if !stays.is_empty() {
        warnings.push(format!("not all of it can be undone, since the API offers no way to unset a value: {stays}"));
    }
    let doubts = if change.is_empty() { Vec::new() } else { doubts(entry, &mut warnings) };
    Ok(Inverse { change: PolicyChange::Update { policy, change }, warnings, doubts })
}

/// Lists the values that were not set before and are now: no update unsets them.
fn what_stays(old: &Policy, now: &Policy) -> String {
    let pairs = old.settings().into_iter().zip(now.settings());
    let fields: Vec<String> = pairs
        .filter(|(old, _)| old.1.is_none())
        .filter_map(|(_, (name, now))| Some(format!("{name} {}", now?)))
        .collect();
    fields.join(", ")
}

/// Schedules the deletion for the time that it was scheduled for before, if any. The API offers nothing else.
async fn old_schedule(cx: &Context, api: &Katapult, entry: &Entry, id: String) -> Result<Inverse> {
    let planned = convert(&entry.before.value()).auto_move_to_trash_at.and_then(|at| Timestamp::from_second(at).ok());
    let Some(at) = planned.filter(|at| at.as_second() >= server_time(cx, api.http()).as_second() + LEAD) else {
        return Err(Error::new(
            Exit::Refused,
            code::NO_WAY_BACK,
            "the API offers no way to cancel a scheduled deletion",
        )
        .hint(format!("put it off with `bpctl policy schedule-delete {id} --at …`"))
        .hint(format!("or restore it within 48 hours afterwards with `bpctl policy restore {id}`")));
    };
    let policy = as_left::read(api, entry, &id).await?;
    let mut warnings = Vec::new();
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::ScheduleDelete { policy, at }, warnings, doubts })
}

async fn restore(api: &Katapult, entry: &Entry, id: String) -> Result<Inverse> {
    let found = as_left::read_trash(api, entry, &id).await?;
    let raw = entry.before.value();
    let before = convert(&raw);
    let mut warnings = Vec::new();
    if let Some(at) = before.auto_move_to_trash_at {
        warnings.push(format!(
            "the trash forgets a scheduled deletion; to schedule it again: `bpctl policy schedule-delete {id} --at @{at}`"
        ));
    }
    let known = (!raw.is_null()).then_some(Object { model: before, raw });
    let trashed = TrashedPolicy { id, entry: found, known };
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::Restore(Box::new(trashed)), warnings, doubts })
}

async fn delete(api: &Katapult, entry: &Entry, id: String) -> Result<Inverse> {
    if entry.action == Action::Restore && entry.outcome == Outcome::Unknown {
        let message = format!(
            "whether change {} brought policy {id} back is unknown: it may have been live before",
            entry.number
        );
        return Err(Error::new(Exit::Refused, code::OUTCOME_UNKNOWN, message)
            .hint(format!("`bpctl policy delete {id}` deletes it")));
    }
    let policy = as_left::read(api, entry, &id).await?;
    let mut warnings = Vec::new();
    let doubts = doubts(entry, &mut warnings);
    Ok(Inverse { change: PolicyChange::Delete { policy }, warnings, doubts })
}

/// What is uncertain about a change whose outcome is unknown, or about a deletion that may not be this one any more.
fn doubts(entry: &Entry, warnings: &mut Vec<String>) -> Vec<Loss> {
    let doubt = match (entry.outcome, entry.undo_tried) {
        (Outcome::Unknown, _) => {
            format!("the outcome of change {} is unknown; undoing it may revert someone else's change", entry.number)
        }
        (_, Some(undo)) if entry.action == Action::Delete && entry.trash_object.is_null() => {
            format!("change {undo} may have undone change {} already, and someone else deleted it again", entry.number)
        }
        _ => return Vec::new(),
    };
    warnings.push(doubt.clone());
    vec![Loss(doubt)]
}
