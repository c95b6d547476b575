//! Reading everything of an organization at once: lists side by side, details where they are worth it.

use std::io::Write;
use std::path::Path;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use crate::command::list::Rows;
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Disk, Fleet, Machine, Object, Policy};
use crate::ui::Bar;
use crate::view::Noun;

/// Up to so many policies are each read by themselves unasked.
pub const DETAIL_UP_TO: usize = 200;

/// What was read.
pub struct Reading {
    /// The machines, disks and policies.
    pub fleet: Fleet,
    /// The organization that they belong to.
    pub organization: Lookup,
    /// Whether frequencies and pending deletions were read.
    pub is_detailed: bool,
    /// What is missing although the API counts it, in words.
    pub gaps: Vec<String>,
}

/// Reads the machines, disks and policies of the organization.
///
/// # Errors
/// The API's.
pub async fn everything(cx: &Context, wants_detail: bool) -> Result<Reading> {
    let api = cx.katapult()?;
    let organization = api.find_organization(cx.organization()?).await?;
    let bar = cx.ui.progress("reading machines, disks and policies");
    let ((machines, machines_walk), (disks, disks_walk), (policies, policies_walk)) = try_join3(
        machines(api, &organization, &bar),
        disks(api, &organization, &bar),
        policies(api, &organization, &bar),
    )
    .await?;
    drop(bar);
    let walks = [(Machine::PLURAL, machines_walk), (Disk::PLURAL, disks_walk), (Policy::PLURAL, policies_walk)];
    let gaps = gaps(cx, &walks);
    let (policies, is_detailed) = detailed(cx, api, policies, wants_detail).await?;
    Ok(Reading { fleet: Fleet { machines, disks, policies }, organization, is_detailed, gaps })
}

/// Reads the policies of the organization alone.
///
/// # Errors
/// The API's.
pub async fn policies_alone(cx: &Context, wants_detail: bool) -> Result<Reading> {
    let api = cx.katapult()?;
    let organization = api.find_organization(cx.organization()?).await?;
    let bar = cx.ui.progress("reading policies");
    let (policies, walk) = policies(api, &organization, &bar).await?;
    drop(bar);
    let gaps = gaps(cx, &[(Policy::PLURAL, walk)]);
    let (policies, is_detailed) = detailed(cx, api, policies, wants_detail).await?;
    Ok(Reading { fleet: Fleet { policies, ..Fleet::default() }, organization, is_detailed, gaps })
}

async fn machines(api: &Katapult, of: &Lookup, bar: &Bar) -> Result<(Vec<Machine>, Walk)> {
    let mut all = Vec::new();
    let walk = api.machines(of, &mut |page| keep(&mut all, page, bar)).await?;
    Ok((all, walk))
}

async fn disks(api: &Katapult, of: &Lookup, bar: &Bar) -> Result<(Vec<Disk>, Walk)> {
    let mut all = Vec::new();
    let walk = api.disks(of, &mut |page| keep(&mut all, page, bar)).await?;
    Ok((all, walk))
}

async fn policies(api: &Katapult, of: &Lookup, bar: &Bar) -> Result<(Vec<Policy>, Walk)> {
    let mut all = Vec::new();
    let walk = api.policies(&Owner::Organization(of.clone()), &mut |page| keep(&mut all, page, bar)).await?;
    Ok((all, walk))
}

fn keep<T>(all: &mut Vec<T>, page: Vec<Object<T>>, bar: &Bar) -> Result<Flow> {
    bar.step(page.len());
    all.extend(page.into_iter().map(|object| object.model));
    Ok(Flow::More)
}

fn gaps(cx: &Context, walks: &[(&str, Walk)]) -> Vec<String> {
    let missing = walks.iter().filter_map(|(plural, walk)| Some((plural, walk.missing_of?)));
    let gaps: Vec<String> = missing
        .map(|(plural, (missing, total))| {
            format!("incomplete: the API counts {total} {plural}, but its pages held {missing} fewer; run it again")
        })
        .collect();
    gaps.iter().for_each(|gap| cx.ui.warn(gap));
    gaps
}

/// Reads each policy by itself: lists leave out frequency and pending deletion (documented). A policy that was
/// deleted since is left out.
async fn detailed(cx: &Context, api: &Katapult, listed: Vec<Policy>, wanted: bool) -> Result<(Vec<Policy>, bool)> {
    if !wanted && listed.len() > DETAIL_UP_TO {
        cx.ui.note(&format!(
            "{} policies were listed but not read one by one: their frequency is taken as 1, and pending deletions \
             are not seen; `--detail` reads them (one request each)",
            listed.len()
        ));
        return Ok((listed, false));
    }
    let bar = cx.ui.progress("reading each policy");
    bar.length(listed.len());
    let one = async |policy: Policy| {
        let Some(id) = policy.id.as_deref() else { return Ok(Some(policy)) };
        let read = api.policy(id).await;
        bar.step(1);
        match read {
            Ok(object) => Ok(Some(with_listed(object.model, policy))),
            Err(error) if matches!(error.code.as_ref(), "object_in_trash" | "disk_backup_policy_not_found") => Ok(None),
            Err(error) => Err(error),
        }
    };
    let all: Vec<Option<Policy>> =
        stream::iter(listed).map(one).buffered(api.http().concurrency().max(1)).try_collect().await?;
    let gone = all.iter().filter(|policy| policy.is_none()).count();
    if gone > 0 {
        cx.ui.note(&format!("policies left out because they were deleted meanwhile: {gone}"));
    }
    Ok((all.into_iter().flatten().collect(), true))
}

/// Keeps what the list told where the policy's own answer does not.
fn with_listed(mut policy: Policy, listed: Policy) -> Policy {
    match policy.target.id {
        None => policy.target = listed.target,
        Some(_) => policy.target.name = policy.target.name.or(listed.target.name),
    }
    policy.retention = policy.retention.or(listed.retention);
    let schedule = &mut policy.schedule;
    schedule.interval = schedule.interval.take().or(listed.schedule.interval);
    schedule.next_invocation_at = schedule.next_invocation_at.or(listed.schedule.next_invocation_at);
    policy
}

/// Prints things of our own as a list.
///
/// # Errors
/// Standard output's, or an unknown column.
pub fn print_list<T: Noun + Serialize>(rows: Rows<'_, T>, things: Vec<T>, of: &str) -> Result<()> {
    let mut rows = rows;
    let objects = things.into_iter().map(|model| Ok(Object { raw: raw(&model)?, model }));
    rows.page(objects.collect::<Result<_>>()?)?;
    rows.end(Walk::default(), of)
}

/// Gives the JSON of a thing of our own.
///
/// # Errors
/// It has none; none of ours does.
pub fn raw(thing: &impl Serialize) -> Result<serde_json::Value> {
    serde_json::to_value(thing).map_err(|error| Error::invalid_response(error.to_string()))
}

/// Writes a file whole or not at all.
///
/// # Errors
/// The file system's.
pub fn write_file(path: &Path, content: &str) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(&path.display().to_string(), &error);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = builder().tempfile_in(directory).map_err(failed)?;
    file.write_all(content.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// A report is there to be read by others, unlike most temporary files; the umask still applies.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

/// Builds the error of a check that found something.
pub fn found(message: String, hint: &str) -> Error {
    Error::new(crate::error::Exit::Found, code::FOUND, message).hint(hint)
}
