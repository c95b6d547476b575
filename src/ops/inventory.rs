//! Reading an organization: everything, or its policies alone. Lists come side by side, details where they are worth it.
//!
//! Who changes something by what was read gets no survey with gaps ([`Inventory::whole`]): a policy that was overlooked
//! would be made a second time. Who only tells of it ([`read`]) says what is missing.

use std::collections::HashMap;

use futures_util::future::try_join3;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Lookup, Owner, is_gone};
use crate::model::{Disk, Fleet, Machine, Object, Policy};
use crate::policyfile::Surroundings;
use crate::ui::Bar;
use crate::view::Resource;

/// Up to so many policies are each read by themselves unasked.
pub const DETAIL_UP_TO: usize = 200;

/// What was read of an organization.
pub struct Inventory {
    /// The organization.
    pub organization: Lookup,
    /// Its machines, disks and policies, as lists tell of them.
    pub fleet: Fleet,
    /// The lists that may lack rows, in words.
    gaps: Vec<String>,
}

impl Inventory {
    /// Lists machines, disks and policies, and refuses lists with gaps.
    ///
    /// # Errors
    /// The API's; `invalid_response` when it counts more than its pages held.
    pub async fn whole(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let survey = Self::take(cx, api, organization).await?;
        match survey.gaps.first() {
            None => Ok(survey),
            Some(gap) => Err(Error::invalid_response(gap.clone()).hint("nothing was sent; try again")),
        }
    }

    /// Lists machines, disks and policies, side by side.
    async fn take(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let bar = cx.ui.progress("reading machines, disks and policies");
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
        Ok(Self { organization, fleet, gaps: gaps(&walks) })
    }

    /// Lists the policies alone.
    async fn take_policies(cx: &Context, api: &Katapult, organization: Lookup) -> Result<Self> {
        let bar = cx.ui.progress("reading policies");
        let mut fleet = Fleet::default();
        let owner = Owner::Organization(organization.clone());
        let walk = api.policies(&owner, &mut |page| keep(&mut fleet.policies, page, &bar)).await?;
        Ok(Self { organization, fleet, gaps: gaps(&[(Policy::PLURAL, walk)]) })
    }

    /// Gives what is missing, in words.
    pub fn gaps(&self) -> Vec<String> {
        self.gaps.iter().map(|gap| format!("incomplete: {gap}; try again")).collect()
    }

    /// Takes into account what another list lacks, and tells it.
    pub fn heed(&mut self, cx: &Context, plural: &'static str, walk: Walk) {
        let found = gaps(&[(plural, walk)]);
        found.iter().for_each(|gap| cx.ui.warn(&format!("incomplete: {gap}; try again")));
        self.gaps.extend(found);
    }

    /// Builds the error of a check that found nothing in lists that lack something: that is no all-clear.
    pub fn is_no_all_clear(&self) -> Option<Error> {
        let gaps = self.gaps();
        (!gaps.is_empty()).then(|| {
            let message = format!("nothing was found, but the check is {}", gaps.join("; and "));
            Error::new(Exit::Partly, code::PARTLY_DONE, message)
        })
    }

    /// Reads the machines one by one: lists leave out their tags.
    ///
    /// # Errors
    /// The API's.
    pub async fn read_tags(&mut self, cx: &Context, api: &Katapult) -> Result<()> {
        let bar = cx.ui.progress("reading the tags of machines");
        bar.length(self.fleet.machines.len());
        let one = async |machine: &mut Machine| {
            let Some(id) = machine.id.clone() else { return Ok::<_, Error>(()) };
            machine.tags = api.machine(&Lookup::id(id)).await?.model.tags;
            bar.step(1);
            Ok(())
        };
        let width = api.http().concurrency();
        stream::iter(&mut self.fleet.machines).map(one).buffered(width).try_collect::<()>().await
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
        let mut details = each(cx, api, ids, "reading each policy").await?;
        for listed in &self.fleet.policies {
            if let Some(policy) = listed.id.as_ref().and_then(|id| details.get_mut(id)) {
                policy.model.complete(listed);
            }
        }
        Ok(details)
    }

    /// Puts the policies' own answers in the place of the list's, unless that takes many requests that nobody asked
    /// for: lists leave out frequency and pending deletion (documented). Tells whether it did.
    ///
    /// # Errors
    /// The API's.
    pub async fn read_details(&mut self, cx: &Context, api: &Katapult, is_asked_for: bool) -> Result<bool> {
        let count = self.fleet.policies.len();
        if !is_asked_for && count > DETAIL_UP_TO {
            cx.ui.note(&format!(
                "{count} policies were listed but not read one by one: their frequency is taken as 1, and pending \
                 deletions are not seen; `--detail` reads them (one request each)"
            ));
            return Ok(false);
        }
        let ids = self.fleet.policies.iter().filter_map(|policy| policy.id.clone()).collect();
        let mut details = self.details(cx, api, ids).await?;
        let listed = std::mem::take(&mut self.fleet.policies);
        let read = |policy: Policy| match &policy.id {
            None => Some(policy),
            Some(id) => details.remove(id).map(|object| object.model),
        };
        self.fleet.policies = listed.into_iter().filter_map(read).collect();
        let gone = count - self.fleet.policies.len();
        if gone > 0 {
            cx.ui.note(&format!("policies left out because they were deleted meanwhile: {gone}"));
        }
        Ok(true)
    }

    /// Gives what a file is read against.
    pub fn surroundings(&self) -> Surroundings<'_> {
        let Fleet { machines, disks, policies } = &self.fleet;
        Surroundings { machines, disks, policies }
    }
}

/// What a report is made from: gaps and missing details are told, not refused.
pub struct Reading {
    /// What was read.
    pub survey: Inventory,
    /// Whether frequencies and pending deletions were read.
    pub is_detailed: bool,
}

/// Reads machines, disks and policies for a report.
///
/// # Errors
/// The API's.
pub async fn read(cx: &Context, wants_detail: bool) -> Result<Reading> {
    let (api, organization) = cx.katapult_in_org().await?;
    finished(cx, api, Inventory::take(cx, api, organization).await?, wants_detail).await
}

/// Reads the policies alone for a report.
///
/// # Errors
/// The API's.
pub async fn read_policies(cx: &Context, wants_detail: bool) -> Result<Reading> {
    let (api, organization) = cx.katapult_in_org().await?;
    finished(cx, api, Inventory::take_policies(cx, api, organization).await?, wants_detail).await
}

async fn finished(cx: &Context, api: &Katapult, mut survey: Inventory, wants_detail: bool) -> Result<Reading> {
    survey.gaps().iter().for_each(|gap| cx.ui.warn(gap));
    let is_detailed = survey.read_details(cx, api, wants_detail).await?;
    Ok(Reading { survey, is_detailed })
}

fn keep<T>(all: &mut Vec<T>, page: Vec<Object<T>>, bar: &Bar) -> Result<Flow> {
    bar.step(page.len());
    all.extend(page.into_iter().map(|object| object.model));
    Ok(Flow::More)
}

fn gaps(walks: &[(&'static str, Walk)]) -> Vec<String> {
    walks.iter().filter_map(|(plural, walk)| walk.gap.map(|gap| gap.describe(plural))).collect()
}

/// Reads policies side by side, by id; one that is gone by now is left out.
///
/// # Errors
/// The API's.
pub async fn each(
    cx: &Context,
    api: &Katapult,
    ids: Vec<String>,
    what: &'static str,
) -> Result<HashMap<String, Object<Policy>>> {
    let bar = cx.ui.progress(what);
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
    Ok(read.into_iter().flatten().collect())
}
