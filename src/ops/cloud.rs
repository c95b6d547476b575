//! Reads the cloud that a policy file describes, in the model that both providers share.

use std::collections::HashMap;

use super::inventory::Inventory;
use super::onapp_policies;
use crate::config::Provider;
use crate::context::Context;
use crate::error::{Error, Result, code};
use crate::katapult::{Katapult, Lookup};
use crate::model::{Capabilities, Object, Policy, PolicyPatch, TargetKind};
use crate::onapp::OnApp;

/// The cloud in use.
#[derive(Clone, Copy)]
pub enum Cloud<'a> {
    Katapult(&'a Katapult),
    OnApp(&'a OnApp),
}

/// What is live.
pub struct Live {
    pub inventory: Inventory,
    /// The policies by id, where lists hold everything of each.
    pub listed: Option<HashMap<String, Object<Policy>>>,
}

impl<'a> Cloud<'a> {
    pub fn of(cx: &'a Context) -> Result<Self> {
        Ok(match cx.provider()? {
            Provider::Katapult => Self::Katapult(cx.katapult()?),
            Provider::OnApp => Self::OnApp(cx.onapp()?),
        })
    }

    pub fn capabilities(self) -> &'static Capabilities {
        self.provider().capabilities()
    }

    pub fn provider(self) -> Provider {
        match self {
            Self::Katapult(_) => Provider::Katapult,
            Self::OnApp(_) => Provider::OnApp,
        }
    }

    /// Reads everything; lists with gaps are refused. `organization` is the one that a file or a plan names.
    ///
    /// # Errors
    /// The API's; an organization of a cloud that has none.
    pub async fn read(self, cx: &Context, organization: Option<&str>) -> Result<Live> {
        match self {
            Self::Katapult(api) => {
                let organization = self::organization(cx, api, organization).await?;
                Ok(Live { inventory: Inventory::fetch_complete(cx, api, organization).await?, listed: None })
            }
            Self::OnApp(api) => {
                self.check_organization(organization)?;
                let (fleet, rows, walk) = onapp_policies::of_cloud(cx, api).await?;
                walk.refuse_gap("policies")?;
                let listed = rows.into_iter().filter_map(|row| Some((row.model.id.clone()?, row))).collect();
                Ok(Live { inventory: Inventory::of_account(api, fleet), listed: Some(listed) })
            }
        }
    }

    /// Refuses the name of an organization where there are none.
    ///
    /// # Errors
    /// `config`.
    pub fn check_organization(self, named: Option<&str>) -> Result<()> {
        match (self, named) {
            (Self::OnApp(_), Some(name)) => Err(Error::config(format!(
                "the policy file or plan is for the organization {name}, and OnApp clouds have none"
            ))
            .hint("nothing was sent; `--profile NAME` names the cloud")),
            _ => Ok(()),
        }
    }
}

/// Refuses what no policy of a kind can be on a cloud, before anything is sent.
///
/// # Errors
/// `not_offered`, naming what it can be.
pub fn check_offered(capabilities: &Capabilities, kind: TargetKind, patch: &PolicyPatch) -> Result<()> {
    capabilities.refusal(kind, patch).map_or(Ok(()), |reason| Err(not_offered(reason)))
}

/// The error of what a cloud cannot do.
pub fn not_offered(message: String) -> Error {
    Error { code: code::NOT_OFFERED.into(), ..Error::usage(message) }
}

/// Finds the organization: the file's, or the one that the command line or the profile names.
pub async fn organization(cx: &Context, api: &Katapult, of_file: Option<&str>) -> Result<Lookup> {
    let named = cx.organization()?;
    let (Some(of_file), Some(named)) = (of_file, named) else {
        return api.find_organization(of_file.or(named)).await;
    };
    if of_file != named {
        let all = api.organizations().await?;
        if !all.iter().any(|one| one.model.is_called(of_file) && one.model.is_called(named)) {
            return Err(Error::config(format!("the file is for organization {of_file}, not for {named}"))
                .hint("nothing was sent; `--org` names the organization, and so do `BPCTL_ORG` and the profile"));
        }
    }
    Ok(Lookup::organization(of_file))
}
