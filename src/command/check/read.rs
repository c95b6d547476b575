//! What a check reads, of one or several profiles side by side; on Katapult the policies.

use std::collections::HashSet;

use futures_util::future::join_all;

use super::onapp;
use super::source::{Source, refuse_ambiguous, server_now};
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::model::check::{Basis, Limits, MachineCheck, schedule};
use crate::model::{Machine, Selected, Selection};
use crate::ops::inventory;
use crate::ops::selection::{UnreadTags, read_tags};

/// Reads the profiles side by side.
pub async fn all(cx: &Context, names: Option<Vec<String>>, selection: &Selection, limits: &Limits) -> Vec<Source> {
    let Some(names) = names else {
        return vec![one(cx, None, selection, limits).await];
    };
    if cx.global.api_url.is_some() || cx.global.provider.is_some() {
        let error = Error::usage("`--api-url` and `--provider` cannot be used with several profiles");
        return vec![Source::failed(None, error.hint("each profile has its own"))];
    }
    join_all(names.iter().map(async |name| {
        let own = cx.on_profile(name);
        let source = one(&own, Some(name.clone()), selection, limits).await;
        cx.ui.adopt(&own.ui);
        if let Some(error) = &source.error {
            cx.ui.warn(&format!("{name}: {} ({})", error.message, error.code));
        }
        source
    }))
    .await
}

/// Returns an error for names of `--vm` that no profile has. It becomes the first profile's error, too.
pub fn refuse_missing(sources: &mut [Source], selection: &Selection) -> Option<Error> {
    let is_known =
        |name: &String| sources.iter().any(|source| source.error.is_none() && !source.missing.contains(name));
    let missing: Vec<String> =
        selection.vms.iter().filter(|name| !is_known(name)).map(|name| format!("`{name}`")).collect();
    if missing.is_empty() || sources.iter().any(|source| source.error.is_some()) {
        return None;
    }
    let message = format!("no VM is called {}", missing.join(" or "));
    let error = Error::new(Exit::NotFound, "virtual_machine_not_found", message).hint("`bpctl vm list` shows the VMs");
    if let Some(first) = sources.first_mut() {
        first.error = Some(error.clone());
    }
    Some(error)
}

async fn one(cx: &Context, name: Option<String>, selection: &Selection, limits: &Limits) -> Source {
    let read = match cx.connection(None).map(|connection| connection.provider.value) {
        Ok(Provider::Katapult) => katapult(cx, selection, limits).await,
        Ok(Provider::OnApp) => onapp::read(cx, selection, limits).await,
        Err(error) => Err(error),
    };
    let in_use = || cx.connection(None).ok().and_then(|connection| Some(connection.profile.as_ref()?.value.clone()));
    let profile = name.or_else(in_use);
    match read {
        Err(error) => Source::failed(profile, error),
        Ok(mut source) => {
            let provider = cx.provider().map_or("", Provider::name);
            for machine in &mut source.machines {
                machine.profile.clone_from(&profile);
                machine.provider = provider;
            }
            Source { profile, ..source }
        }
    }
}

async fn katapult(cx: &Context, selection: &Selection, limits: &Limits) -> Result<Source> {
    // Only a policy's own answer says its frequency.
    let needs_frequency = limits.max_age.is_some() || limits.warn_age.is_some() || limits.is_per_policy;
    let mut inventory = inventory::read(cx, needs_frequency).await?.inventory;
    let machines = std::mem::take(&mut inventory.fleet.machines);
    let is_empty = machines.is_empty();
    let Selected { machines, missing, ambiguous } = selection.by_name(machines);
    refuse_ambiguous(&ambiguous)?;
    inventory.fleet.machines = machines;
    let api = cx.katapult()?;
    let mut unread_tags = UnreadTags::new();
    if selection.needs_tags() {
        let machines = &mut inventory.fleet.machines;
        unread_tags = read_tags(cx, api, machines, |_| true).await?;
        machines.retain(|machine| tags_error(&unread_tags, machine).is_some() || selection.selects_tags_of(machine));
    }
    let unread: HashSet<&str> = inventory.unread_ids().collect();
    let (index, now) = (inventory.fleet.index(), server_now(cx, api.http()));
    let judge = |machine: &Machine| match tags_error(&unread_tags, machine) {
        None => schedule::judge(machine, &index, &unread, limits, now),
        Some(error) => {
            let reason = format!("its tags cannot be read: {} ({})", error.message, error.code);
            MachineCheck::unread(Basis::Schedule, machine, reason)
        }
    };
    let machines = inventory.fleet.machines.iter().map(judge).collect();
    Ok(Source { machines, missing, is_empty, gaps: inventory.gaps().to_vec(), ..Source::default() })
}

fn tags_error<'a>(unread: &'a UnreadTags, machine: &Machine) -> Option<&'a Error> {
    machine.id.as_ref().and_then(|id| unread.get(id))
}
