//! What a check reads: policies on Katapult, backups on OnApp, of one or several profiles side by side.

use std::collections::HashSet;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Http};
use crate::model::check::{Basis, Limits, MachineCheck, Problem, Selected, Selection, backups, schedule};
use crate::model::{Backup, Machine};
use crate::onapp::{Kind, OnApp};
use crate::ops::inventory;

/// What was read with one profile.
#[derive(Default)]
pub struct Source {
    pub profile: Option<String>,
    pub machines: Vec<MachineCheck>,
    /// What its lists lack.
    pub gaps: Vec<String>,
    /// Names of `--vm` that it does not have.
    pub missing: Vec<String>,
    /// The reason why it could not be read at all.
    pub error: Option<Error>,
}

impl Source {
    pub fn failed(profile: Option<String>, error: Error) -> Self {
        Self { profile, error: Some(error), ..Self::default() }
    }

    /// Everything that was not read, apart from single VMs.
    pub fn problems(&self) -> Vec<Problem> {
        let problem = |code: &str, message: &str| Problem {
            profile: self.profile.clone(),
            code: code.to_owned(),
            message: message.to_owned(),
        };
        let failed = self.error.iter().map(|error| problem(&error.code, &error.message));
        failed.chain(self.gaps.iter().map(|gap| problem("incomplete", gap))).collect()
    }
}

/// Reads the profiles side by side.
pub async fn all(cx: &Context, names: Option<Vec<String>>, selection: &Selection, limits: &Limits) -> Vec<Source> {
    let Some(names) = names else {
        return vec![one(cx, None, selection, limits).await];
    };
    if cx.global.api_url.is_some() || cx.global.provider.is_some() {
        let error = Error::usage("`--api-url` and `--provider` do not go with several profiles");
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

/// Makes a name that no profile knows an error, of the profile where there is only one.
pub fn refuse_missing(sources: &mut [Source], selection: &Selection) -> Option<Error> {
    let is_known =
        |name: &String| sources.iter().any(|source| source.error.is_none() && !source.missing.contains(name));
    let missing: Vec<&str> = selection.vms.iter().filter(|name| !is_known(name)).map(String::as_str).collect();
    if missing.is_empty() || sources.iter().any(|source| source.error.is_some()) {
        return None;
    }
    let error =
        Error::new(Exit::NotFound, "virtual_machine_not_found", format!("no VM is called {}", missing.join(", ")))
            .hint("`bpctl vm list` shows the VMs");
    for source in sources.iter_mut().take(1) {
        source.error = Some(error.clone());
    }
    Some(error)
}

async fn one(cx: &Context, name: Option<String>, selection: &Selection, limits: &Limits) -> Source {
    let read = match cx.connection(None).map(|connection| connection.provider.value) {
        Ok(Provider::Katapult) => katapult(cx, selection, limits).await,
        Ok(Provider::OnApp) => onapp(cx, selection, limits).await,
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
    let Selected { machines, missing, ambiguous } = selection.by_name(machines);
    refuse_ambiguous(&ambiguous)?;
    inventory.fleet.machines = machines;
    let api = cx.katapult()?;
    if selection.needs_tags() {
        inventory.read_tags(cx, api).await?;
        inventory.fleet.machines = selection.by_tag(std::mem::take(&mut inventory.fleet.machines));
    }
    let unread: HashSet<&str> = inventory.unread_ids().collect();
    let (index, now) = (inventory.fleet.index(), server_now(cx, api.http()));
    let machines = inventory.fleet.machines.iter();
    let machines = machines.map(|machine| schedule::judge(machine, &index, &unread, limits, now)).collect();
    Ok(Source { machines, missing, gaps: inventory.gaps().to_vec(), ..Source::default() })
}

async fn onapp(cx: &Context, selection: &Selection, limits: &Limits) -> Result<Source> {
    if limits.is_per_policy {
        return Err(Error::usage("`--per-policy` is not supported by provider onapp").hint("use `--max-age`"));
    }
    if selection.needs_tags() {
        return Err(Error::usage("VMs of provider onapp have no tags").hint("use `--match` and `--ignore GLOB`"));
    }
    let api = cx.onapp()?;
    let mut machines = Vec::new();
    let mut keep = |page: Vec<crate::model::Object<Machine>>| {
        machines.extend(page.into_iter().map(|object| object.model));
        Ok(Flow::More)
    };
    let walk = api.machines(&mut keep).await?;
    let gaps = walk.gap.map(|gap| gap.describe("VMs")).into_iter().collect();
    let Selected { machines, missing, ambiguous } = selection.by_name(machines);
    refuse_ambiguous(&ambiguous)?;
    let bar = cx.ui.progress("reading the backups of VMs");
    bar.length(machines.len());
    let each = stream::iter(machines).map(async |machine| {
        let check = backups_of(cx, api, &machine, limits).await;
        bar.step(1);
        check
    });
    let machines = each.buffered(api.http().concurrency()).filter_map(std::future::ready).collect().await;
    Ok(Source { machines, missing, gaps, ..Source::default() })
}

/// Reads and judges the backups of a VM; none where the VM was deleted meanwhile.
async fn backups_of(cx: &Context, api: &OnApp, machine: &Machine, limits: &Limits) -> Option<MachineCheck> {
    let unread = |reason: String| Some(MachineCheck::unread(Basis::Backups, machine, reason));
    let Some(id) = &machine.id else {
        return unread("it has no id".to_owned());
    };
    let mut found: Vec<Backup> = Vec::new();
    let mut keep = |page: Vec<crate::model::Object<Backup>>| {
        found.extend(page.into_iter().map(|object| object.model));
        Ok(Flow::More)
    };
    match api.backups(id, Kind::All, &mut keep).await {
        Ok(walk) => match walk.gap {
            Some(gap) => unread(format!("its list of backups is incomplete: {}", gap.describe("backups"))),
            None => Some(backups::judge(machine, &found, limits, server_now(cx, api.http()))),
        },
        Err(error) if error.exit == Exit::NotFound => match api.machine(id).await {
            Err(gone) if gone.exit == Exit::NotFound => {
                cx.ui.note(&format!("{} was deleted meanwhile", machine.label()));
                None
            }
            _ => unread(format!("its backups could not be read: {} ({})", error.message, error.code)),
        },
        Err(error) => unread(format!("its backups could not be read: {} ({})", error.message, error.code)),
    }
}

fn refuse_ambiguous(ambiguous: &[(String, Vec<String>)]) -> Result<()> {
    match ambiguous.first() {
        None => Ok(()),
        Some((name, ids)) => {
            let message = format!("`{name}` names {} VMs: {}", ids.len(), ids.join(", "));
            Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("write the id"))
        }
    }
}

/// The present by the server's clock: its times are compared with it.
fn server_now(cx: &Context, http: &Http) -> Timestamp {
    http.server_time().unwrap_or_else(|| cx.system.now())
}
