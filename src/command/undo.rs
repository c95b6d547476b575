//! `bpctl undo`: the inverse of a change, through the same pipeline as any write. It never takes back what was changed
//! by someone else since.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::history::{changes, find};
use crate::args::Undo as Args;
use crate::config::Provider;
use crate::context::{Context, SANDBOX_API};
use crate::error::{Changed, Error, Exit, Result, code};
use crate::journal::{Action, Entry, Outcome, Recorded};
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Backup, Object, Policy};
use crate::ops::batch::finish;
use crate::ops::inverse::{self, Inverse};
use crate::ops::onapp_change::OnAppWrite;
use crate::ops::onapp_inverse;
use crate::ops::pipeline::{self, Ask, Lock, Options};
use crate::ops::sequence::sum_up;
use crate::ops::write::{PolicyWrite, Write, Written};
use crate::text::shell_word;
use crate::view::Resource;

/// Reverses a change, or all changes of one command.
pub async fn run(cx: &Context, args: &Args) -> Result<()> {
    let entries = match args.command {
        Some(number) => of_command(cx, number).await?,
        None => vec![choose(cx, args.number).await?],
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
async fn choose(cx: &Context, number: Option<u64>) -> Result<Entry> {
    let Some(number) = number else {
        return last(cx).await;
    };
    let entry = readable(find(cx, number)?)?;
    refuse_finished(&entry)?;
    CurrentConnection::new(cx).refuse(&entry).await?;
    Ok(entry)
}

/// Finds the last change that can be undone here. What a newer bpctl did since may have built on it.
async fn last(cx: &Context) -> Result<Entry> {
    let (here, mut foreign) = (CurrentConnection::new(cx), 0);
    for recorded in changes(cx)? {
        let entry = readable(recorded?)?;
        let is_done = entry.outcome != Outcome::Failed && entry.undone_by.is_none() && !entry.is_gone;
        if !is_done || entry.undoes.is_some() {
            continue;
        }
        if here.foreign(&entry).await?.is_some() {
            foreign += 1;
            continue;
        }
        if foreign > 0 {
            cx.ui.note(&format!("skipped {foreign} newer changes of other clouds or organizations"));
        }
        return Ok(entry);
    }
    let (message, hint) = if foreign == 0 {
        ("no change to undo".to_owned(), "`bpctl history` lists the changes")
    } else {
        let of_others = format!("what can be undone belongs to other clouds or organizations (changes: {foreign})");
        (
            format!("no change to undo here: {of_others}"),
            "`bpctl history` lists them; `--profile`, `--sandbox` or `--org` names their connection",
        )
    };
    Err(Error::new(Exit::NotFound, "not_found", message).hint(hint))
}

/// Takes the changes of one command that were not undone, the newest first.
async fn of_command(cx: &Context, number: u64) -> Result<Vec<Entry>> {
    let (here, mut entries) = (CurrentConnection::new(cx), Vec::new());
    for recorded in changes(cx)? {
        let entry = readable(recorded?)?;
        let command = entry.command_id.unwrap_or(entry.number);
        if command == number && refuse_finished(&entry).is_ok() {
            here.refuse(&entry).await?;
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

/// The connection in use, which a change must have been made with.
struct CurrentConnection<'a> {
    cx: &'a Context,
    /// The policies of the organization in use, in the trash or not.
    policies: OnceCell<HashSet<String>>,
}

impl<'a> CurrentConnection<'a> {
    fn new(cx: &'a Context) -> Self {
        Self { cx, policies: OnceCell::new() }
    }

    /// Refuses a change of another API or organization: the token in use may still reach its policy.
    async fn refuse(&self, entry: &Entry) -> Result<()> {
        self.foreign(entry).await?.map_or(Ok(()), Err)
    }

    /// Says why a change is not one of the API and organization in use; none where it is.
    ///
    /// # Errors
    /// The API's; `organization_not_found` where the organization that is named does not exist.
    async fn foreign(&self, entry: &Entry) -> Result<Option<Error>> {
        let api = self.cx.api_name()?;
        let provider = self.cx.provider()?;
        let number = entry.number;
        if entry.provider.as_deref().is_some_and(|theirs| theirs != provider.name()) || entry.api != api {
            let theirs = entry.provider.as_deref().filter(|_| entry.api == api).unwrap_or(&entry.api);
            let api = if entry.api == api { provider.name() } else { &api };
            let message = format!("change {number} was made on {theirs}, not on {api}");
            return Ok(Some(Error::usage(message).hint(connection_hint(entry))));
        }
        if self.has_organization_of(entry).await? {
            return Ok(None);
        }
        let place = match (entry.organization.as_deref(), entry.profile.as_deref()) {
            (None, _) if self.has_profile_of(entry)? => {
                let ours = self.cx.organization()?.unwrap_or_default();
                let message = format!("the policy of change {number} does not belong to the organization {ours}");
                return Ok(Some(Error::usage(message).hint(connection_hint(entry))));
            }
            (Some(organization), _) => format!("in the organization {organization}"),
            (None, Some(profile)) => format!("with the profile {profile}"),
            (None, None) => "without a profile".to_owned(),
        };
        let message = format!("change {number} was made {place}, which is not in use now");
        Ok(Some(Error::usage(message).hint(connection_hint(entry))))
    }

    async fn has_organization_of(&self, entry: &Entry) -> Result<bool> {
        let connection = self.cx.connection(None)?;
        let ours = self.cx.organization()?;
        let is_same_profile = self.has_profile_of(entry)?;
        let has_organizations = connection.provider.value.capabilities().has_organizations;
        match (entry.organization.as_deref(), ours) {
            (Some(theirs), Some(ours)) if theirs == ours => Ok(true),
            (None, None) => Ok(is_same_profile),
            (None, Some(_)) if !has_organizations || !is_same_profile => Ok(is_same_profile),
            (None, Some(ours)) => self.has_policy_of(entry, ours).await,
            (Some(_), _) if !has_organizations => Ok(false),
            (Some(theirs), Some(ours)) => self.cx.katapult()?.is_same_organization(theirs, ours).await,
            (Some(theirs), None) => self.cx.katapult()?.is_only_organization(theirs).await,
        }
    }

    fn has_profile_of(&self, entry: &Entry) -> Result<bool> {
        let connection = self.cx.connection(None)?;
        Ok(entry.profile.as_ref() == connection.profile.as_ref().map(|profile| &profile.value))
    }

    /// Whether the policy of a change belongs to an organization: the change was made by the policy's id, so the journal does
    /// not say. A change whose policy is not known has no way back.
    async fn has_policy_of(&self, entry: &Entry, organization: &str) -> Result<bool> {
        let policies = match self.policies.get() {
            Some(policies) => policies,
            None => {
                let read = policies(self.cx.katapult()?, organization).await?;
                self.policies.get_or_init(|| read)
            }
        };
        Ok(entry.policy.as_ref().is_none_or(|id| policies.contains(id)))
    }
}

/// How the connection of a change is named.
fn connection_hint(entry: &Entry) -> String {
    let option = |name: &str, value: Option<&String>| {
        value.map_or_else(String::new, |value| format!(" --{name} {}", shell_word(value)))
    };
    let profile = match &entry.profile {
        None if entry.api == SANDBOX_API => format!(" --sandbox{}", option("provider", entry.provider.as_ref())),
        profile => option("profile", profile.as_ref()),
    };
    let organization = option("org", entry.organization.as_ref());
    format!("use the connection that it was made with: `bpctl undo {}{profile}{organization}`", entry.number)
}

/// The ids of an organization's policies, in the trash or not.
async fn policies(api: &Katapult, organization: &str) -> Result<HashSet<String>> {
    let organization = Lookup::organization(organization);
    let live = api.all_policies(&Owner::Organization(organization.clone())).await?;
    let trashed = match api.all_trash_objects(&organization).await {
        Err(error) if error.code == "scope_not_granted" => Vec::new(),
        trashed => trashed?.models(),
    };
    let live = live.models().into_iter().filter_map(|policy| policy.id);
    Ok(live.chain(trashed.into_iter().filter_map(|entry| entry.object_id)).collect())
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
