//! `bpctl undo`: the inverse of a change, through the same pipeline as any write. It never takes back what was changed
//! by someone else since.

use super::history::{changes, find};
use crate::args::Undo as Args;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::journal::{Action, Entry, Outcome, Recorded};
use crate::model::{Backup, Object, Policy};
use crate::ops::batch::finish;
use crate::ops::inverse::{self, Inverse};
use crate::ops::onapp_change::OnAppWrite;
use crate::ops::onapp_inverse;
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::sequence::sum_up;
use crate::ops::write::{PolicyWrite, Write, Written};
use crate::view::Resource;

/// Reverses a change, or all changes of one command.
pub async fn run(cx: &Context, args: &Args) -> Result<()> {
    let entries = match args.command {
        Some(number) => of_command(cx, number)?,
        None => vec![choose(cx, args.number)?],
    };
    let is_plain = args.number.is_none() && args.command.is_none();
    let with_older = |error| if is_plain { with_older(error) } else { error };
    match cx.provider()? {
        Provider::Katapult => undo_katapult(cx, &entries).await,
        Provider::OnApp => undo_onapp(cx, &entries).await,
    }
    .map_err(with_older)
}

async fn undo_katapult(cx: &Context, entries: &[Entry]) -> Result<()> {
    let deletes = |entry: &Entry| matches!(entry.action, Action::Create | Action::Restore);
    if entries.iter().all(deletes) {
        return undo(cx, entries, Written::removal).await;
    }
    if entries.iter().any(deletes) {
        let numbers: Vec<String> = entries.iter().map(|entry| entry.number.to_string()).collect();
        return Err(Error::usage("this command both created and changed policies; undo its changes one by one")
            .hint(format!("they are the changes {}: `bpctl undo N`", numbers.join(", "))));
    }
    undo(cx, entries, Written::policy).await
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
    let api = cx.katapult()?;
    let lock = Lock::take(cx).await?;
    let reversed = reversed(cx, entries, async |entry| {
        let Inverse { change, warnings, doubts } = inverse::of(cx, api, entry).await?;
        Ok((PolicyWrite { undoes: Some(entry.number), doubts, ..change.into() }, warnings))
    });
    let reversed = reversed.await?;
    carry_out(cx, reversed, lock, entries.len() == 1, object).await
}

/// On an OnApp cloud, all that can be undone is about policies, apart from the note of a backup.
async fn undo_onapp(cx: &Context, entries: &[Entry]) -> Result<()> {
    let is_of_backup = entries.iter().any(|entry| entry.action.is_of_backup());
    if is_of_backup {
        cx.check_columns::<Backup>()?
    } else {
        cx.check_columns::<Policy>()?
    }
    let api = cx.onapp()?;
    let lock = Lock::take(cx).await?;
    let reversed = reversed(cx, entries, async |entry| {
        let Inverse { change, warnings, doubts } = onapp_inverse::of(cx, api, entry).await?;
        Ok((OnAppWrite { undoes: Some(entry.number), doubts, ..change.into() }, warnings))
    });
    let (reversed, is_single) = (reversed.await?, entries.len() == 1);
    if is_of_backup {
        return carry_out(cx, reversed, lock, is_single, Written::backup).await;
    }
    carry_out(cx, reversed, lock, is_single, Written::policy).await
}

/// The writes that reverse changes.
struct Reversed<W> {
    writes: Vec<W>,
    /// Changes that cannot be reversed.
    failed: Vec<(String, Error)>,
    warnings: Vec<String>,
}

/// Makes the write that reverses each change. One alone that has none is the command's error.
async fn reversed<W>(
    cx: &Context,
    entries: &[Entry],
    inverse: impl AsyncFn(&Entry) -> Result<(W, Vec<String>)>,
) -> Result<Reversed<W>> {
    let mut reversed = Reversed { writes: Vec::new(), failed: Vec::new(), warnings: Vec::new() };
    for entry in entries {
        cx.ui.note(&format!("change {}: {} (`bpctl {}`)", entry.number, entry.action.verb(), entry.command));
        match inverse(entry).await {
            Ok((write, warnings)) => {
                reversed.warnings.extend(warnings);
                reversed.writes.push(write);
            }
            Err(error) if entries.len() == 1 => return Err(error),
            Err(error) => {
                cx.ui.warn(&format!("change {} is left as it is: {}", entry.number, error.message));
                reversed.failed.push((format!("change {}", entry.number), error));
            }
        }
    }
    Ok(reversed)
}

async fn carry_out<W: Write<Written = Written>, T: Resource>(
    cx: &Context,
    Reversed { writes, failed, warnings }: Reversed<W>,
    lock: Lock,
    is_single: bool,
    object: fn(Written) -> Option<Object<T>>,
) -> Result<()> {
    let question = if writes.len() == 1 { "Undo it?".to_owned() } else { format!("Undo {} changes?", writes.len()) };
    let options = Options { ask: Ask::Always, warnings, ..Options::new(question, lock) };
    let labels = pipeline::labels(&writes);
    let Some(sequence) = pipeline::run(cx, writes, options).await? else {
        return sum_up("changes", &labels, failed, &[], false);
    };
    finish(cx, sequence, failed, is_single, object)
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
    let provider = cx.provider()?.name();
    if entry.provider.as_deref().is_some_and(|theirs| theirs != provider) || entry.api != api {
        let theirs = entry.provider.as_deref().filter(|_| entry.api == api).unwrap_or(&entry.api);
        let api = if entry.api == api { provider } else { &api };
        let message = format!("change {number} was made on {theirs}, not on {api}");
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
