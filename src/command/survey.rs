//! Reading what a policy file is compared with: everything of an organization, or nothing. A list with gaps is
//! refused, since a policy that was overlooked would be made a second time.

use std::collections::HashMap;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Lookup, Owner, is_gone};
use crate::model::{Disk, Machine, Object, Policy};
use crate::policyfile::Surroundings;
use crate::ui::Bar;

/// An organization's machines, disks and policies, as lists tell of them.
pub struct Survey {
    /// The organization.
    pub organization: Lookup,
    /// Its machines.
    pub machines: Vec<Machine>,
    /// Its disks.
    pub disks: Vec<Disk>,
    /// Its policies.
    pub policies: Vec<Policy>,
}

impl Survey {
    /// Lists everything, side by side.
    ///
    /// # Errors
    /// The API's, and a list with gaps.
    pub async fn take(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let bar = cx.ui.progress("reading machines, disks and policies");
        let (mut machines, mut disks, mut policies) = (Vec::new(), Vec::new(), Vec::new());
        let owner = Owner::Organization(organization.clone());
        let walks = try_join3(
            async { api.machines(&organization, &mut |page| keep(&mut machines, page, &bar)).await },
            async { api.disks(&organization, &mut |page| keep(&mut disks, page, &bar)).await },
            async { api.policies(&owner, &mut |page| keep(&mut policies, page, &bar)).await },
        )
        .await?;
        for (plural, walk) in [("virtual machines", walks.0), ("disks", walks.1), ("policies", walks.2)] {
            whole(plural, walk)?;
        }
        Ok(Self { organization, machines, disks, policies })
    }

    /// Reads the machines one by one: lists leave out their tags.
    ///
    /// # Errors
    /// The API's.
    pub async fn read_tags(&mut self, cx: &Context, api: &Katapult) -> Result<()> {
        let bar = cx.ui.progress("reading the tags of machines");
        bar.length(self.machines.len());
        let one = async |machine: &mut Machine| {
            let Some(id) = machine.id.clone() else { return Ok::<_, Error>(()) };
            machine.tags = api.machine(&Lookup::id(id)).await?.model.tags;
            bar.step(1);
            Ok(())
        };
        let width = api.http().concurrency();
        stream::iter(&mut self.machines).map(one).buffered(width).try_collect::<()>().await
    }

    /// Reads policies in full, by id; one that is gone by now is left out.
    ///
    /// # Errors
    /// The API's.
    pub async fn details(
        &self,
        cx: &Context,
        api: &Katapult,
        ids: Vec<String>,
    ) -> Result<HashMap<String, Object<Policy>>> {
        let bar = cx.ui.progress("reading each policy");
        bar.length(ids.len());
        let one = async |id: String| {
            let read = api.policy(&id).await;
            bar.step(1);
            match read {
                Ok(policy) => Ok(Some((id, policy))),
                Err(error) if is_gone(&error) => Ok(None),
                Err(error) => Err(error),
            }
        };
        let read: Vec<Option<(String, Object<Policy>)>> =
            stream::iter(ids).map(one).buffered(api.http().concurrency()).try_collect().await?;
        let mut details: HashMap<_, _> = read.into_iter().flatten().collect();
        for listed in &self.policies {
            if let Some(policy) = listed.id.as_ref().and_then(|id| details.get_mut(id)) {
                complete(&mut policy.model, listed);
            }
        }
        Ok(details)
    }

    /// Gives what a file is read against.
    pub fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { machines: &self.machines, disks: &self.disks, policies: &self.policies }
    }
}

fn keep<T>(all: &mut Vec<T>, page: Vec<Object<T>>, bar: &Bar) -> Result<Flow> {
    bar.step(page.len());
    all.extend(page.into_iter().map(|object| object.model));
    Ok(Flow::More)
}

/// Refuses a list that lacks something.
fn whole(plural: &str, walk: Walk) -> Result<()> {
    match walk.missing_of {
        None => Ok(()),
        Some((missing, total)) => Err(Error::invalid_response(format!(
            "the API counts {total} {plural}, but its pages held {missing} fewer: the list may have changed while it \
             was read"
        ))
        .hint("nothing was sent; run it again")),
    }
}

/// Keeps what the list told where the policy's own answer does not.
fn complete(policy: &mut Policy, listed: &Policy) {
    policy.id = policy.id.take().or_else(|| listed.id.clone());
    if policy.target.id.is_none() {
        policy.target = listed.target.clone();
    }
    let schedule = &mut policy.schedule;
    schedule.interval = schedule.interval.take().or_else(|| listed.schedule.interval.clone());
}
