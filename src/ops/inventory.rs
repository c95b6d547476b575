//! Everything of an organization, or its policies alone. Lists are read side by side, details where they are worth it.
//!
//! A write that is based on an inventory takes a complete one ([`Inventory::fetch_complete`]): a policy that was
//! overlooked would be created a second time. A report ([`read`]) says what is missing.

use std::collections::HashMap;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;

use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Lookup, Owner, is_gone};
use crate::model::{Capabilities, Disk, Fleet, Machine, Object, Policy};
use crate::onapp::OnApp;
use crate::ops::guard::{is_unreadable, unreadable_error};
use crate::ops::onapp_policies;
use crate::policyfile::Surroundings;
use crate::ui::Bar;
use crate::view::Resource;

/// Up to this many policies are each read by themselves without `--detail`.
pub const DETAIL_UP_TO: usize = 200;

/// What was read of an organization.
pub struct Inventory {
    pub organization: Lookup,
    /// Its machines, disks and policies, as lists show them.
    pub fleet: Fleet,
    /// What the lists lack.
    gaps: Vec<String>,
    /// Policies that exist and cannot be read by themselves.
    unread: Vec<(String, Error)>,
    /// Names of VMs whose tags cannot be read.
    unread_tags: Vec<(String, Error)>,
}

/// Policies that were read in full.
pub struct Details<T = Object<Policy>> {
    /// By id; a policy that is gone by now is left out.
    pub found: HashMap<String, T>,
    /// Those that exist and cannot be read.
    pub unread: Vec<(String, Error)>,
}

impl<T> Details<T> {
    /// Refuses policies that cannot be read.
    ///
    /// # Errors
    /// `unreadable`, naming the first.
    pub fn refuse_unread(&self) -> Result<()> {
        match self.unread.first() {
            None => Ok(()),
            Some((id, error)) => Err(unreadable_error(&format!("policy {id}"), &error.message)),
        }
    }

    /// The error of a result that lacks policies; none where it lacks none.
    pub fn unread_error(&self) -> Option<Error> {
        unread_error(&self.unread, "policies")
    }
}

impl Inventory {
    /// Lists machines, disks and policies, and refuses lists with gaps.
    ///
    /// # Errors
    /// The API's; `invalid_response` when a list is incomplete.
    pub async fn fetch_complete(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let _bar = cx.ui.progress("reading VMs, disks and policies");
        let owner = Owner::Organization(organization.clone());
        let (machines, disks, policies) =
            try_join3(api.all_machines(&organization), api.all_disks(&organization), api.all_policies(&owner)).await?;
        machines.walk.refuse_gap(Machine::PLURAL)?;
        disks.walk.refuse_gap(Disk::PLURAL)?;
        policies.walk.refuse_gap(Policy::PLURAL)?;
        let fleet = Fleet { machines: machines.models(), disks: disks.models(), policies: policies.models() };
        Ok(Self { organization, fleet, gaps: Vec::new(), unread: Vec::new(), unread_tags: Vec::new() })
    }

    /// Takes everything of an OnApp cloud, which has no organizations: its host stands for one.
    pub fn of_account(api: &OnApp, fleet: Fleet) -> Self {
        let organization = Lookup::id(api.http().base().host_str().unwrap_or("onapp"));
        Self { organization, fleet, gaps: Vec::new(), unread: Vec::new(), unread_tags: Vec::new() }
    }

    /// Lists machines, disks and policies, side by side.
    async fn fetch(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let bar = cx.ui.progress("reading VMs, disks and policies");
        let mut fleet = Fleet::default();
        let Fleet { machines, disks, policies } = &mut fleet;
        let owner = Owner::Organization(organization.clone());
        let walks = try_join3(
            async { api.machines(&organization, &mut |page| keep(machines, page, &bar)).await },
            async { api.disks(&organization, &mut |page| keep(disks, page, &bar)).await },
            async { api.policies(&owner, &mut |page| keep(policies, page, &bar)).await },
        )
        .await?;
        let walks = [(Machine::PLURAL, walks.0), (Disk::PLURAL, walks.1), (Policy::PLURAL, walks.2)];
        Ok(Self { organization, fleet, gaps: gaps(&walks), unread: Vec::new(), unread_tags: Vec::new() })
    }

    /// Lists the policies alone.
    async fn fetch_policies(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let bar = cx.ui.progress("reading policies");
        let mut fleet = Fleet::default();
        let owner = Owner::Organization(organization.clone());
        let walk = api.policies(&owner, &mut |page| keep(&mut fleet.policies, page, &bar)).await?;
        Ok(Self {
            organization,
            fleet,
            gaps: gaps(&[(Policy::PLURAL, walk)]),
            unread: Vec::new(),
            unread_tags: Vec::new(),
        })
    }

    /// What the lists lack, one sentence each.
    pub fn gaps(&self) -> &[String] {
        &self.gaps
    }

    /// The ids of policies that exist and cannot be read by themselves.
    pub fn unread_ids(&self) -> impl Iterator<Item = &str> {
        self.unread.iter().map(|(id, _)| id.as_str())
    }

    /// Policies that exist and could not be read in full.
    pub fn unread(&self) -> &[(String, Error)] {
        &self.unread
    }

    /// Adds what another list lacks, with a warning.
    pub fn add_gaps(&mut self, cx: &Context, plural: &'static str, walk: Walk) {
        let found = gaps(&[(plural, walk)]);
        found.iter().for_each(|gap| cx.ui.warn(gap));
        self.gaps.extend(found);
    }

    /// The error of a check that found nothing in lists with gaps: that is not an all-clear.
    pub fn incomplete_error(&self) -> Option<Error> {
        (!self.gaps.is_empty()).then(|| {
            let message = format!("nothing was found, but the check is {}", self.gaps.join("; and "));
            Error::new(Exit::Partly, code::PARTLY_DONE, message)
        })
    }

    /// The error of a report that lacks policies that cannot be read; none where it lacks none.
    pub fn unread_error(&self) -> Option<Error> {
        unread_error(&self.unread, "policies").or_else(|| unread_error(&self.unread_tags, "VMs' tags"))
    }

    /// Adds a VM whose tags cannot be read: whether it is selected is unknown.
    pub fn add_unread_tags(&mut self, name: &str, error: Error) {
        self.unread_tags.push((name.to_owned(), error));
    }

    /// Reads policies in full, by id, and adds what only the list shows.
    pub async fn details(&self, cx: &Context, api: &Katapult, ids: Vec<String>) -> Result<Details> {
        let mut details = each(cx, api, ids, "reading each policy", |policy| policy).await?;
        for listed in &self.fleet.policies {
            if let Some(policy) = listed.id.as_ref().and_then(|id| details.found.get_mut(id)) {
                policy.model.complete(listed);
            }
        }
        Ok(details)
    }

    /// Replaces the list's policies by their own answers, unless that takes many requests: lists leave out frequency
    /// and pending deletion (documented). Returns whether it did. A policy that cannot be read stays as it was listed.
    pub async fn read_details(&mut self, cx: &Context, api: &Katapult, wants_detail: bool) -> Result<bool> {
        let count = self.fleet.policies.len();
        if !wants_detail && count > DETAIL_UP_TO {
            cx.ui.note(&format!(
                "{count} policies were listed but not read one by one: their frequency is taken as 1, and pending \
                 deletions are not seen; `--detail` reads them (one request each)"
            ));
            return Ok(false);
        }
        let ids = self.fleet.policies.iter().filter_map(|policy| policy.id.clone()).collect();
        let mut details = each(cx, api, ids, "reading each policy", |policy| policy.model).await?;
        for listed in &self.fleet.policies {
            if let Some(policy) = listed.id.as_ref().and_then(|id| details.found.get_mut(id)) {
                policy.complete(listed);
            }
        }
        let unread: std::collections::HashSet<&str> = details.unread.iter().map(|(id, _)| id.as_str()).collect();
        let listed = std::mem::take(&mut self.fleet.policies);
        let read = |policy: Policy| match &policy.id {
            None => Some(policy),
            Some(id) if unread.contains(id.as_str()) => Some(policy),
            Some(id) => details.found.remove(id),
        };
        self.fleet.policies = listed.into_iter().filter_map(read).collect();
        self.unread = details.unread;
        let gone = count - self.fleet.policies.len();
        if gone > 0 {
            cx.ui.note(&format!("policies left out because they were deleted meanwhile: {gone}"));
        }
        Ok(true)
    }

    /// What a policy file is compared with.
    pub fn surroundings(&self, capabilities: &'static Capabilities) -> Surroundings<'_> {
        let Fleet { machines, disks, policies } = &self.fleet;
        Surroundings { machines, disks, policies, capabilities }
    }
}

/// What a report is made from, perhaps with gaps.
pub struct Reading {
    pub inventory: Inventory,
    /// Whether frequencies and pending deletions were read.
    pub is_detailed: bool,
    /// On an OnApp cloud, the policies that make no backups: they are not in the fleet. `None` elsewhere.
    pub onapp_idle: Option<Vec<Policy>>,
}

impl Reading {
    pub fn is_of_onapp(&self) -> bool {
        self.onapp_idle.is_some()
    }
}

/// Reads machines, disks and policies for a report.
pub async fn read(cx: &Context, wants_detail: bool) -> Result<Reading> {
    match cx.provider()? {
        Provider::Katapult => {
            let (api, organization) = cx.katapult_in_org().await?;
            finished(cx, api, Inventory::fetch(cx, api, organization).await?, wants_detail).await
        }
        Provider::OnApp => read_onapp(cx).await,
    }
}

/// Reads the policies alone for a report.
pub async fn read_policies(cx: &Context, wants_detail: bool) -> Result<Reading> {
    match cx.provider()? {
        Provider::Katapult => {
            let (api, organization) = cx.katapult_in_org().await?;
            finished(cx, api, Inventory::fetch_policies(cx, api, organization).await?, wants_detail).await
        }
        Provider::OnApp => read_onapp(cx).await,
    }
}

/// Reads an OnApp cloud, which has no organizations. Schedules are listed in full; those that are not enabled make no
/// backups, and swap needs none.
async fn read_onapp(cx: &Context) -> Result<Reading> {
    let api = cx.onapp()?;
    let (fleet, _, walk) = onapp_policies::of_cloud(cx, api).await?;
    let paused = fleet.policies.iter().filter(|policy| !policy.is_enabled()).count();
    if paused > 0 {
        let list = cx.with_connection("bpctl policies list");
        cx.ui.note(&format!("policies left out because they are not enabled: {paused} (`{list}`)"));
    }
    let organization = Lookup::id(api.http().base().host_str().unwrap_or("onapp"));
    let gaps = gaps(&[("VMs, disks or policies", walk)]);
    gaps.iter().for_each(|gap| cx.ui.warn(gap));
    let (fleet, idle) = onapp_policies::working(fleet);
    let of_windows = idle.len() - paused;
    if of_windows > 0 {
        cx.ui.note(&format!(
            "policies left out because they are of whole VMs that run Windows: {of_windows} (`bpctl lint --explain W032`)"
        ));
    }
    Ok(Reading {
        inventory: Inventory { organization, fleet, gaps, unread: Vec::new(), unread_tags: Vec::new() },
        is_detailed: true,
        onapp_idle: Some(idle),
    })
}

async fn finished(cx: &Context, api: &Katapult, mut inventory: Inventory, wants_detail: bool) -> Result<Reading> {
    inventory.gaps().iter().for_each(|gap| cx.ui.warn(gap));
    let is_detailed = inventory.read_details(cx, api, wants_detail).await?;
    Ok(Reading { inventory, is_detailed, onapp_idle: None })
}

fn keep<T>(all: &mut Vec<T>, page: Vec<Object<T>>, bar: &Bar) -> Result<Flow> {
    bar.step(page.len());
    all.extend(page.into_iter().map(|object| object.model));
    Ok(Flow::More)
}

fn gaps(walks: &[(&'static str, Walk)]) -> Vec<String> {
    let describe =
        |(plural, walk): &(&'static str, Walk)| Some(format!("incomplete: {}; try again", walk.gap?.describe(plural)));
    walks.iter().filter_map(describe).collect()
}

fn unread_error(unread: &[(String, Error)], what: &str) -> Option<Error> {
    if unread.is_empty() {
        return None;
    }
    let names: Vec<String> =
        unread.iter().map(|(id, error)| format!("{id}: {} ({})", error.message, error.code)).collect();
    let failed: Vec<_> =
        unread.iter().map(|(id, error)| json!({"id": id, "error": error.to_json()["error"]})).collect();
    let message = format!("{} {what} could not be read: {}", unread.len(), names.join("; "));
    Some(Error::new(Exit::Partly, code::PARTLY_DONE, message).detail(json!({"failed": failed})))
}

/// Reads policies side by side, by id; one that is gone by now is left out. `keep` makes of each what is kept.
///
/// # Errors
/// The API's, unless it is about one policy alone.
pub async fn each<T>(
    cx: &Context,
    api: &Katapult,
    ids: Vec<String>,
    what: &'static str,
    keep: fn(Object<Policy>) -> T,
) -> Result<Details<T>> {
    let bar = cx.ui.progress(what);
    bar.length(ids.len());
    let one = async |id: String| {
        let read = api.policy(&id).await;
        bar.step(1);
        match read {
            Err(error) if is_gone(&error) || is_unreadable(&error) => Ok((id, Err(error))),
            read => read.map(|policy| (id, Ok(keep(policy)))),
        }
    };
    let read: Vec<_> = stream::iter(ids).map(one).buffered(api.http().concurrency()).try_collect().await?;
    let mut details = Details { found: HashMap::new(), unread: Vec::new() };
    for (id, read) in read {
        match read {
            Ok(policy) => drop(details.found.insert(id, policy)),
            Err(error) if is_gone(&error) => {}
            Err(error) => {
                cx.ui.warn(&format!("policy {id} cannot be read: {} ({})", error.message, error.code));
                details.unread.push((id, error));
            }
        }
    }
    Ok(details)
}
