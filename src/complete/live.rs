//! Live values: from the cache while it is fresh, else from the API within [`BUDGET`], else from the cache as it is.

use futures_util::stream::{self, StreamExt};

use super::cache::{self, Cache, Item, Kind};
use super::typed::{BUDGET, Typed};
use crate::config::{Connection, Provider, TokenSource, env};
use crate::context::Context;
use crate::error::Result;
use crate::http::Flow;
use crate::journal::{Entry, Outcome, Recorded};
use crate::katapult::{Lookup, Owner};
use crate::model::{Backup, Disk, Machine, Organization, Policy, TargetKind, TrashObject};
use crate::onapp::{Kind as OnAppKind, ScheduleOwner};
use crate::system::System;
use crate::text::escape;
use crate::ui::{Ui, UiOptions};
use crate::view::{OutputOptions, TimeFormat};

/// Changes of the journal that are offered.
const MAX_CHANGES: usize = 50;

/// Returns the values of a kind. `suits` is the provider of the command that is being typed, where only one has it.
pub(super) fn items(typed: &Typed, kind: Kind, suits: Option<Provider>) -> Vec<Item> {
    known(&context(typed), kind, suits).unwrap_or_default()
}

/// Returns the profiles of the config file and the built-in ones.
pub(super) fn profiles(typed: &Typed) -> Vec<Item> {
    let cx = context(typed);
    let mut items: Vec<Item> = Vec::new();
    if let Ok(file) = cx.file() {
        items.extend(file.profiles.iter().map(|(name, profile)| {
            let provider = profile.provider.unwrap_or_default().to_string();
            let parts = [Some(provider.as_str()), profile.api_url.as_deref(), profile.organization.as_deref()];
            item(name, parts)
        }));
    }
    items.extend(Provider::ALL.map(|provider| {
        let help = format!("built-in simulator, {}", provider.title());
        item(provider.built_in_profile(), [Some(help.as_str())])
    }));
    items
}

/// Returns the latest changes of the journal; with `can_be_undone`, only those that were done and not undone.
pub(super) fn changes(typed: &Typed, can_be_undone: bool) -> Vec<Item> {
    let cx = context(typed);
    let recent = cx.journal().ok().and_then(|journal| journal.recent().ok());
    let entries = recent.into_iter().flatten().map_while(|read| read.ok()).filter_map(Recorded::entry);
    let wanted = |entry: &Entry| !can_be_undone || (entry.outcome == Outcome::Done && entry.undone_by.is_none());
    entries
        .filter(wanted)
        .take(MAX_CHANGES)
        .map(|entry| {
            let parts = [Some(entry.action.verb()), entry.target.as_deref(), Some(entry.outcome.word())];
            item(&entry.number.to_string(), parts)
        })
        .collect()
}

/// Returns the numbers of the latest commands that changed something which can be undone.
pub(super) fn commands(typed: &Typed) -> Vec<Item> {
    let cx = context(typed);
    let recent = cx.journal().ok().and_then(|journal| journal.recent().ok());
    let entries = recent.into_iter().flatten().map_while(|read| read.ok()).filter_map(Recorded::entry);
    let mut commands: Vec<(u64, usize, Item)> = Vec::new();
    let can_be_undone = |entry: &Entry| entry.outcome == Outcome::Done && entry.undone_by.is_none();
    for entry in entries.filter(can_be_undone).take(MAX_CHANGES) {
        let number = entry.command_id.unwrap_or(entry.number);
        match commands.last_mut().filter(|(last, ..)| *last == number) {
            Some((_, count, _)) => *count += 1,
            None => commands.push((number, 1, item(&number.to_string(), [Some(entry.command.as_str())]))),
        }
    }
    commands
        .into_iter()
        .map(|(_, count, item)| {
            let plural = if count == 1 { "" } else { "s" };
            Item { help: format!("{count} change{plural}: {}", item.help), ..item }
        })
        .collect()
}

/// Makes a context that prints nothing: notes are held back until the end of a command, which is never reached.
fn context(typed: &Typed) -> Context {
    let system = System::real(&env::SECRETS);
    let options = UiOptions { is_json: true, is_quiet: true, ..UiOptions::default() };
    let times = TimeFormat { now: system.now(), zone: jiff::tz::TimeZone::UTC };
    let output = OutputOptions::new(crate::args::Format::Json, times);
    Context::new(system, typed.global(), Ui::new(options), output)
}

fn known(cx: &Context, kind: Kind, suits: Option<Provider>) -> Result<Vec<Item>> {
    env::check(&cx.system)?;
    let connection = cx.connection(suits)?;
    if suits.is_some_and(|provider| provider != connection.provider.value) {
        return Ok(Vec::new());
    }
    let now = cx.now().as_second();
    let directory = cx.paths().cache_directory()?;
    let mut cache = Cache::read(&directory, description(connection, &cache::salt(&directory)));
    if cache.fresh(kind, now).is_some() {
        return Ok(cache.into_any(kind));
    }
    // A program that prints a token may ask for a password, or hang: it is not run for completion.
    if matches!(connection.token()?.source, TokenSource::Command { .. }) {
        return Ok(cache.into_any(kind));
    }
    let only = cache.fresh(Kind::Organizations, now).and_then(only);
    let mut found = Found { only, ..Found::default() };
    let is_whole = within_budget(cx, kind, &mut found);
    if let Some(organizations) = found.organizations {
        cache.set(Kind::Organizations, organizations, now);
    }
    let items = without_twins(found.items);
    if is_whole {
        cache.set(kind, items, now)
    } else {
        cache.set_part(kind, items)
    }
    cache.write();
    Ok(cache.into_any(kind))
}

/// Describes a connection for the cache: what another token sees, even from the same variable, is not mixed up with it.
fn description(connection: &Connection, salt: &str) -> String {
    let text = |setting: &Option<crate::config::Setting<String>>| {
        setting.as_ref().map_or_else(|| "-".to_owned(), |setting| setting.value.clone())
    };
    let url = connection.api_url.as_ref().map_or_else(|| "sandbox".to_owned(), |url| url.value.to_string());
    let token = connection
        .token()
        .map_or_else(|_| "-".to_owned(), |token| format!("{} {:016x}", token.source.words(), token.fingerprint(salt)));
    let parts = [text(&connection.profile), connection.provider.value.to_string(), url, text(&connection.user), token];
    format!("{} {}", parts.join(" "), text(&connection.organization))
}

/// What a refresh has found so far: it may be cut off by the time limit.
#[derive(Default)]
struct Found {
    /// The only organization that the token can see.
    only: Option<String>,
    organizations: Option<Vec<Item>>,
    items: Vec<Item>,
}

/// Asks the API, and returns whether the list is complete.
fn within_budget(cx: &Context, kind: Kind, found: &mut Found) -> bool {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        return false;
    };
    let asked = runtime.block_on(async { tokio::time::timeout(BUDGET, ask(cx, kind, found)).await });
    // A name that is still being resolved would be waited for.
    runtime.shutdown_background();
    matches!(asked, Ok(Ok(())))
}

async fn ask(cx: &Context, kind: Kind, found: &mut Found) -> Result<()> {
    match cx.provider()? {
        Provider::Katapult => ask_katapult(cx, kind, found).await,
        Provider::OnApp => match kind {
            Kind::Machines => onapp_machines(cx, found).await,
            Kind::Disks => onapp_disks(cx, found).await,
            Kind::Policies => onapp_policies(cx, found).await,
            Kind::Backups => onapp_backups(cx, found).await,
            _ => Ok(()),
        },
    }
}

async fn ask_katapult(cx: &Context, kind: Kind, found: &mut Found) -> Result<()> {
    let api = cx.katapult()?;
    if kind == Kind::Organizations {
        found.items = organizations(api.organizations().await?.into_iter().map(|object| object.model));
        return Ok(());
    }
    let organization = organization(cx, found).await?;
    let items = &mut found.items;
    match kind {
        Kind::Policies => {
            api.policies(&Owner::Organization(organization), &mut |page| {
                items.extend(page.into_iter().flat_map(|object| policy(&object.model)));
                Ok(Flow::More)
            })
            .await
        }
        Kind::Trash => {
            api.trash_objects(&organization, &mut |page| {
                items.extend(page.into_iter().filter_map(|object| trashed(&object.model)));
                Ok(Flow::More)
            })
            .await
        }
        Kind::TrashEntries => {
            api.trash_objects(&organization, &mut |page| {
                items.extend(page.into_iter().flat_map(|object| entry(&object.model)));
                Ok(Flow::More)
            })
            .await
        }
        Kind::Disks => {
            api.disks(&organization, &mut |page| {
                items.extend(page.into_iter().filter_map(|object| disk(&object.model)));
                Ok(Flow::More)
            })
            .await
        }
        Kind::Backups => return Ok(()),
        Kind::Machines | Kind::Organizations => {
            api.machines(&organization, &mut |page| {
                items.extend(page.into_iter().flat_map(|object| machine(&object.model)));
                Ok(Flow::More)
            })
            .await
        }
    }
    .map(drop)
}

/// Finds the organization as commands do, and keeps the list that was read for it.
async fn organization(cx: &Context, found: &mut Found) -> Result<Lookup> {
    let named = cx.organization()?.map(str::to_owned).or_else(|| found.only.clone());
    let api = cx.katapult()?;
    if named.is_none() {
        let seen = organizations(api.organizations().await?.into_iter().map(|object| object.model));
        let only = only(&seen);
        found.organizations = Some(seen);
        return api.find_organization(only.as_deref()).await;
    }
    api.find_organization(named.as_deref()).await
}

async fn onapp_machines(cx: &Context, found: &mut Found) -> Result<()> {
    let items = &mut found.items;
    cx.onapp()?
        .machines(&mut |page| {
            items.extend(page.into_iter().flat_map(|object| machine(&object.model)));
            Ok(Flow::More)
        })
        .await
        .map(drop)
}

async fn onapp_disks(cx: &Context, found: &mut Found) -> Result<()> {
    let items = &mut found.items;
    cx.onapp()?
        .disks(&mut |page| {
            items.extend(page.into_iter().filter_map(|object| disk(&object.model)));
            Ok(Flow::More)
        })
        .await
        .map(drop)
}

/// One request, which needs an administrator: asking each VM would take too long.
async fn onapp_policies(cx: &Context, found: &mut Found) -> Result<()> {
    let listed = cx.onapp()?.schedules(ScheduleOwner::Cloud).await?;
    found.items = listed.rows.iter().flat_map(|object| policy(&object.model)).collect();
    Ok(())
}

/// One request a VM, side by side: of a large cloud, as many as there is time for.
async fn onapp_backups(cx: &Context, found: &mut Found) -> Result<()> {
    let api = cx.onapp()?;
    let machines = api.all_machines().await?.models();
    let read = async |machine: Machine| {
        let listed = api.all_backups(machine.id.as_deref().unwrap_or_default(), OnAppKind::All).await;
        (machine, listed)
    };
    let mut reading = stream::iter(machines).map(read).buffered(api.http().concurrency());
    while let Some((machine, listed)) = reading.next().await {
        found.items.extend(listed?.models().iter().filter_map(|one| backup(one, &machine)));
    }
    Ok(())
}

fn only(organizations: &[Item]) -> Option<String> {
    let mut first = organizations.iter().filter(|item| !item.second);
    match (first.next(), first.next()) {
        (Some(item), None) => Some(item.value.clone()),
        _ => None,
    }
}

fn item<'a>(value: &str, help: impl IntoIterator<Item = Option<&'a str>>) -> Item {
    let parts: Vec<&str> = help.into_iter().flatten().filter(|part| !part.is_empty() && *part != "-").collect();
    Item { value: value.to_owned(), help: parts.join(", "), second: false }
}

/// The id, and the name of the VM that it backs up; a name is offered only when no id fits. One that several policies have
/// names none of them.
fn policy(policy: &Policy) -> Vec<Item> {
    let Some(id) = policy.id.as_deref() else { return Vec::new() };
    let words = policy.schedule.interval.as_ref().map_or_else(String::new, |interval| format!("interval {interval}"));
    let keeps = policy.retention.map(|retention| format!("keeps {retention}"));
    let schedule = [Some(words.as_str()), keeps.as_deref()];
    let name = policy.target.name.as_deref().filter(|_| policy.target.kind == TargetKind::VirtualMachine);
    let named = name.map(|name| Item { second: true, ..item(name, [Some(id)].into_iter().chain(schedule)) });
    let by_id = item(id, [Some(policy.target.label())].into_iter().chain(schedule));
    [by_id].into_iter().chain(named).collect()
}

fn trashed(object: &TrashObject) -> Option<Item> {
    let is_policy = object.object_type.as_deref().is_none_or(|kind| kind.contains("Policy"));
    is_policy.then_some(())?;
    Some(item(object.object_id.as_deref()?, [Some("in the trash")]))
}

/// An entry is found by its own id and by that of what was deleted.
fn entry(object: &TrashObject) -> Vec<Item> {
    let ids = [object.id.as_deref(), object.object_id.as_deref()];
    let others = [object.object_id.as_deref(), object.id.as_deref()];
    let items = ids.into_iter().zip(others).filter_map(|(id, other)| Some((id?, other)));
    items
        .enumerate()
        .map(|(place, (id, other))| Item { second: place > 0, ..item(id, [object.object_type.as_deref(), other]) })
        .collect()
}

fn disk(disk: &Disk) -> Option<Item> {
    let size = disk.size_in_gb.map(|size| format!("{size} GiB"));
    let machine = disk.machine_fqdn.as_deref().or(disk.machine_id.as_deref());
    Some(item(disk.id.as_deref()?, [disk.name.as_deref(), size.as_deref(), machine]))
}

fn backup(backup: &Backup, machine: &Machine) -> Option<Item> {
    let made = backup.created_at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let parts = [Some(machine.label()), backup.backup_type.as_deref(), made.as_deref(), backup.note.as_deref()];
    Some(item(backup.id.as_deref()?, parts))
}

/// One item for each word that names the VM; all but the first are offered only when nothing else fits.
fn machine(machine: &Machine) -> Vec<Item> {
    let words = [&machine.name, &machine.fqdn, &machine.hostname, &machine.identifier, &machine.id];
    let mut items: Vec<Item> = Vec::new();
    for word in words.into_iter().flatten() {
        if items.iter().any(|known| known.value.to_lowercase() == word.to_lowercase()) {
            continue;
        }
        let others = [machine.fqdn.as_deref(), machine.name.as_deref(), machine.id.as_deref()];
        let help = others.into_iter().filter(|other| *other != Some(word)).take(2);
        items.push(Item { second: !items.is_empty(), ..item(word, help) });
    }
    items
}

fn organizations(all: impl Iterator<Item = Organization>) -> Vec<Item> {
    all.flat_map(|organization| {
        let name = organization.name.as_deref();
        let words = [&organization.sub_domain, &organization.id].into_iter().flatten();
        let items = words.enumerate().map(|(place, word)| Item { second: place > 0, ..item(word, [name]) });
        items.collect::<Vec<_>>()
    })
    .collect()
}

/// Leaves out words that name two objects, that would be read as an option, or that cannot be typed.
fn without_twins(items: Vec<Item>) -> Vec<Item> {
    let mut count = std::collections::HashMap::new();
    for item in &items {
        *count.entry(item.value.to_lowercase()).or_insert(0) += 1;
    }
    let is_usable = |item: &Item| {
        let value = &item.value;
        let is_unique = count[&value.to_lowercase()] == 1;
        is_unique && !value.trim().is_empty() && !value.starts_with('-') && escape(value) == *value
    };
    let usable: Vec<bool> = items.iter().map(is_usable).collect();
    items.into_iter().zip(usable).filter_map(|(item, usable)| usable.then_some(item)).collect()
}
