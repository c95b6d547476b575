//! Finding the organization and machines by what people call them.

use super::{Katapult, Lookup};
use crate::error::{Error, Exit, Result, code};
use crate::model::{Machine, Object, Organization};

impl Katapult {
    /// Finds the organization: the one named, else the only one that the token sees.
    pub async fn find_organization(&self, named: Option<&str>) -> Result<Lookup> {
        match named {
            Some(name) => {
                self.organization.get_or_init(|| name.to_owned());
                Ok(Lookup::organization(name))
            }
            None => Ok(lookup_of(&self.only_organization().await?)),
        }
    }

    /// The organization that this run has looked into: its id, or what it was called.
    pub fn known_organization(&self) -> Option<&str> {
        self.organization.get().map(String::as_str)
    }

    /// Returns the only organization that the token sees.
    pub async fn only_organization(&self) -> Result<Object<Organization>> {
        let mut organizations = self.organizations().await.map_err(|error| match error.code.as_ref() {
            "scope_not_granted" => error.hint("name the organization with `--org`, so that it is not looked up"),
            _ => error,
        })?;
        match organizations.as_slice() {
            [_] => {
                let only = organizations.remove(0);
                if let Some(id) = only.model.id.as_ref() {
                    self.organization.get_or_init(|| id.clone());
                }
                Ok(only)
            }
            [] => Err(Error::new(Exit::NotFound, "organization_not_found", "the token has access to no organization")),
            several => {
                let names: Vec<&str> = several.iter().map(|one| one.model.key().unwrap_or("-")).collect();
                Err(Error::usage(format!("the token has access to several organizations: {}", names.join(", ")))
                    .hint("name one with `--org`, `BPCTL_ORG`, or `organization` in the profile"))
            }
        }
    }

    /// Whether two names are those of one organization; not where the token may not list them.
    ///
    /// # Errors
    /// `organization_not_found` where the second one does not exist.
    pub async fn is_same_organization(&self, theirs: &str, ours: &str) -> Result<bool> {
        let all = match self.organizations().await {
            Err(error) if error.code == "scope_not_granted" => return Ok(false),
            all => all?,
        };
        let ours = all.iter().find(|one| one.model.is_called(ours)).ok_or_else(|| no_access(ours))?;
        Ok(ours.model.is_called(theirs))
    }

    /// Whether an organization is the only one that the token has access to.
    pub async fn is_only_organization(&self, name: &str) -> Result<bool> {
        match self.only_organization().await {
            Ok(only) => Ok(only.model.is_called(name)),
            // There are several or none, or they may not be listed.
            Err(error) if error.exit == Exit::Usage || error.exit == Exit::NotFound => Ok(false),
            Err(error) if error.code == "scope_not_granted" => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Finds a machine by name or host name in an organization.
    pub async fn find_machine(&self, name: &str, organization: Option<&str>) -> Result<Object<Machine>> {
        let organization = self.find_organization(organization).await?;
        let name = name.strip_suffix('.').filter(|rest| rest.contains('.')).unwrap_or(name);
        let machines = self.all_machines(&organization).await?;
        // A name must mean one machine: in a list with gaps it may mean another, too.
        machines.walk.refuse_gap("VMs")?;
        let machines = machines.rows;
        let (mut found, mut others): (Vec<_>, Vec<_>) =
            machines.into_iter().partition(|machine| machine.model.id.as_deref() == Some(name));
        if found.is_empty() {
            (found, others) = others.into_iter().partition(|machine| machine.model.is_called(name));
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => {
                let message = format!("no VM of the organization is called `{name}`");
                let error = Error::new(Exit::NotFound, "virtual_machine_not_found", message);
                let error = match Machine::nearest(name, others.iter().map(|machine| &machine.model)) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                };
                Err(error.hint("`bpctl vm list` shows the VMs of the organization"))
            }
            count => Err(ambiguous(name, count, &found)),
        }
    }
}

fn ambiguous(name: &str, count: usize, found: &[Object<Machine>]) -> Error {
    let which: Vec<String> = found
        .iter()
        .take(10)
        .map(|machine| format!("{} ({})", machine.model.id.as_deref().unwrap_or("-"), machine.model.label()))
        .collect();
    Error::new(Exit::Usage, code::AMBIGUOUS_NAME, format!("`{name}` names {count} VMs: {}", which.join(", ")))
        .hint("write the id or the FQDN")
}

fn lookup_of(organization: &Object<Organization>) -> Lookup {
    let model = &organization.model;
    match (&model.id, &model.sub_domain) {
        (Some(id), _) => Lookup::id(id),
        (None, Some(sub_domain)) => Lookup { key: "sub_domain", value: sub_domain.clone() },
        (None, None) => Lookup::id(""),
    }
}

/// The error of a named organization that is not among those of the token.
fn no_access(name: &str) -> Error {
    let message = format!("the token has no access to organization {name}");
    Error::new(Exit::NotFound, "organization_not_found", message)
        .hint("`bpctl org list` shows the organizations that it has access to")
}
