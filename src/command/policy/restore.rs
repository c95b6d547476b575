//! `bpctl policy restore`

use std::collections::HashSet;

use futures_util::stream::{self, StreamExt};

use crate::args::PolicyNames;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Lookup};
use crate::model::{Object, Policy, TrashObject};
use crate::ops::guard::TrashedPolicy;
use crate::ops::pipeline::{self, Lock, Options};
use crate::ops::sequence::sum_up;
use crate::ops::write::{PolicyChange, PolicyWrite, Written};
use crate::ops::{batch, pick};

/// Policies that a name is compared with, at the most: each takes a request.
const MAX_KNOWN: usize = 20;

/// Takes policies from the trash. That only adds protection, so nothing is asked.
pub async fn run(cx: &Context, args: PolicyNames) -> Result<()> {
    cx.check_columns::<Policy>()?;
    let policies = pick::trashed_policies(cx, args.policies).await?;
    let api = cx.katapult()?;
    let names = batch::named(cx, &policies).await?;
    let is_single = names.len() == 1;
    let lock = Lock::take(cx).await?;
    let found = stream::iter(names)
        .map(async |name| {
            let found = entry(cx, api, &name).await;
            (name, found)
        })
        .buffered(api.http().concurrency());
    let (mut writes, mut failed, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (name, found) in found.collect::<Vec<_>>().await {
        match found {
            // A policy and its entry in the trash may both be named.
            Ok((id, _)) if !seen.insert(id.clone()) => {}
            Ok((id, entry)) => {
                let trashed = TrashedPolicy { id, entry, known: None };
                writes.push(PolicyWrite::from(PolicyChange::Restore(Box::new(trashed))));
            }
            Err(error) => failed.push((name, error)),
        }
    }
    if writes.is_empty() {
        return sum_up("policies", &[], failed, &[], false);
    }
    let labels = pipeline::labels(&writes);
    let Some(sequence) = pipeline::run(cx, writes, Options::new("Restore?", lock)).await? else {
        return sum_up("policies", &labels, failed, &[], false);
    };
    batch::finish(cx, sequence, failed, is_single, Written::policy)
}

/// Finds what a name means in the trash: the id of a policy, or that of its entry. A token that may restore but not
/// read the trash restores by the policy's id, unchecked.
async fn entry(cx: &Context, api: &Katapult, name: &str) -> Result<(String, Option<Object<TrashObject>>)> {
    let by_object = Lookup { key: "object_id", value: name.to_owned() };
    let read = match api.trash_object(&by_object).await {
        Err(error) if error.code == "trash_object_not_found" => match api.trash_object(&Lookup::id(name)).await {
            // The first answer is about what was asked for.
            Err(other) if other.code == "trash_object_not_found" => Err(error),
            read => read,
        },
        read => read,
    };
    let read = match read {
        Err(error) if error.code == "trash_object_not_found" => by_target(cx, api, name).await?.ok_or(error),
        read => read,
    };
    let entry = match read {
        Err(error) if error.exit == Exit::Auth => {
            cx.ui.warn(&format!("the token may not read the trash: the type of {name} was not checked"));
            return Ok((name.to_owned(), None));
        }
        read => read?,
    };
    if let Some(kind) = entry.model.other_kind() {
        let id = entry.model.object_id.as_deref().unwrap_or(name);
        return Err(Error::usage(format!("{id} is not a backup policy but a {kind}; it was left in the trash"))
            .hint("`bpctl trash list` shows the type of each object"));
    }
    let id = entry.model.object_id.clone().unwrap_or_else(|| name.to_owned());
    Ok((id, Some(entry)))
}

/// Finds the policy in the trash that backed up what is called `name`. The trash does not name targets: bpctl knows those
/// of the policies that it changed itself.
async fn by_target(cx: &Context, api: &Katapult, name: &str) -> Result<Option<Object<TrashObject>>> {
    let known = pick::known_targets(cx).into_iter().filter(|(_, target)| target == name);
    let mut found = Vec::new();
    for (id, _) in known.take(MAX_KNOWN) {
        match api.trash_object(&Lookup { key: "object_id", value: id.clone() }).await {
            Ok(entry) => found.push((id, entry)),
            Err(error) if error.exit == Exit::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    if found.len() > 1 {
        let mut ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
        ids.sort_unstable();
        let message = format!("`{name}` had {} policies that are in the trash: {}", ids.len(), ids.join(", "));
        return Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("name the policy by its id"));
    }
    Ok(found.pop().map(|(_, entry)| entry))
}
