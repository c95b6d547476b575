//! Finding things by what people call them: an id, an FQDN or a name. An id always wins over a name.

use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::katapult::{Katapult, Lookup, MachineName, Owner};
use crate::model::{Disk, Machine, Object, Policy};
use crate::onapp::OnApp;
use crate::ops::guard::is_unreadable;
use crate::ops::other_kind::{Wanted, explain, explain_onapp};
use crate::ops::pick;

/// Ids that an error lists.
const MAX_LISTED: usize = 20;

/// Does something with the machine that `name` names. An id or FQDN is used as it is, with no request of its own;
/// a name, and an FQDN that is none, is looked for in the organization.
pub async fn with_machine<T>(
    cx: &Context,
    api: &Katapult,
    name: &str,
    mut action: impl AsyncFnMut(Lookup) -> Result<T>,
) -> Result<T> {
    let written = MachineName::parse(name);
    let not_found = match written.direct() {
        None => None,
        Some(lookup) => match action(lookup).await {
            // A name may hold a dot, or begin as ids do.
            Err(error) if error.code == "virtual_machine_not_found" => Some(error),
            done => return done,
        },
    };
    let error = match (api.find_machine(name, cx.organization()?).await, not_found) {
        (Ok(machine), _) => match machine.model.id {
            Some(id) => return action(Lookup::id(id)).await,
            None => Error::invalid_response(format!("the VM `{name}` has no id")),
        },
        // The API's own error about what was tried first says more than that no name matches.
        (Err(error), Some(first)) => {
            let adds_nothing = matches!(error.exit, Exit::Auth | Exit::NotFound)
                || (error.exit == Exit::Usage && error.code != code::AMBIGUOUS_NAME);
            if adds_nothing { first } else { error }
        }
        (Err(error), None) => error,
    };
    Err(explain(cx, api, name, Wanted::Machine, error).await)
}

/// The same on OnApp: numbers and identifiers go into the path as they are, labels are looked for.
pub async fn with_server<T>(api: &OnApp, name: &str, mut action: impl AsyncFnMut(String) -> Result<T>) -> Result<T> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        return match action(name.to_owned()).await {
            Err(error) => Err(explain_onapp(api, name, Wanted::Machine, error).await),
            done => done,
        };
    }
    // Every identifier seen has 14 small letters and digits; a label can look like that too.
    let is_identifier = name.len() == 14 && name.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let not_found = if is_identifier {
        match action(name.to_owned()).await {
            Err(error) if error.status == Some(404) => Some(error),
            done => return done,
        }
    } else {
        None
    };
    match (api.find_machine(name).await, not_found) {
        (Ok(machine), _) => match machine.model.id {
            Some(id) => action(id).await,
            None => Err(Error::invalid_response(format!("the VM `{name}` has no id"))),
        },
        (Err(_), Some(error)) | (Err(error), None) => Err(explain_onapp(api, name, Wanted::Machine, error).await),
    }
}

/// Reads the policy that `name` names: by its id, or as the only policy of a machine or disk. Of several, a terminal
/// offers the choice.
///
/// # Errors
/// The API's; `ambiguous_name`, with the ids.
pub async fn policy(cx: &Context, api: &Katapult, name: &str) -> Result<Object<Policy>> {
    match policy_or_choice(cx, api, name).await? {
        PolicyOrChoice::Policy(policy) => Ok(*policy),
        PolicyOrChoice::Choice(policies) => api.policy(&pick::one_of_policies(cx, policies)?).await,
        PolicyOrChoice::Unreadable(_, error) => Err(error),
    }
}

/// What a name means.
pub enum PolicyOrChoice {
    /// One policy, as it was read.
    Policy(Box<Object<Policy>>),
    /// Several: a terminal offers the choice.
    Choice(Vec<Policy>),
    /// One policy that cannot be read: its id, and why.
    Unreadable(String, Error),
}

impl PolicyOrChoice {
    fn of(id: &str, read: Result<Object<Policy>>) -> Result<Self> {
        match read {
            Ok(policy) => Ok(Self::Policy(Box::new(policy))),
            Err(error) if is_unreadable(&error) => Ok(Self::Unreadable(id.to_owned(), error)),
            Err(error) => Err(error),
        }
    }
}

/// The same, and the question is left to the caller: no lock may be held while it is open.
///
/// # Errors
/// The API's; `ambiguous_name`, with the ids, where nothing can be asked.
pub async fn policy_or_choice(cx: &Context, api: &Katapult, name: &str) -> Result<PolicyOrChoice> {
    let not_found = match api.policy(name).await {
        Err(error) if error.code == "disk_backup_policy_not_found" => error,
        read => return PolicyOrChoice::of(name, read),
    };
    let id = match policies_named(cx, api, name).await {
        Ok(found) if found.targets.is_empty() => {
            let message = format!("no policy, VM or disk is called `{name}`");
            Err(Error { message, ..not_found })
        }
        Ok(found) => match one_policy(cx, name, found) {
            Ok(OneOrMore::More(policies)) => return Ok(PolicyOrChoice::Choice(policies)),
            Ok(OneOrMore::One(id)) => Ok(id),
            Err(error) => Err(error),
        },
        Err(error) if error.exit == Exit::NotFound => Err(not_found),
        // A token that may not list, or several organizations and none named: ids mean something, names do not.
        Err(error) if matches!(error.exit, Exit::Auth | Exit::Usage) => Err(not_as_a_name(not_found, &error)),
        Err(error) => Err(error),
    };
    let id = match id {
        Ok(id) => id,
        Err(error) => return Err(explain(cx, api, name, Wanted::Policy, error).await),
    };
    PolicyOrChoice::of(&id, api.policy(&id).await)
}

/// Adds that a name was not looked for, and why.
fn not_as_a_name(not_found: Error, why: &Error) -> Error {
    let not_found = not_found.hint(format!("names were not looked for: {} ({})", why.message, why.code));
    why.hints.iter().fold(not_found, |error, hint| error.hint(hint.clone()))
}

/// The id of the only policy, or those to choose from.
enum OneOrMore {
    One(String),
    More(Vec<Policy>),
}

/// What a name means among machines and disks.
struct Found {
    /// What has the name, for messages.
    targets: Vec<String>,
    policies: Vec<Policy>,
}

async fn policies_named(cx: &Context, api: &Katapult, name: &str) -> Result<Found> {
    let organization = api.find_organization(cx.organization()?).await?;
    // A name must mean one thing: in a list with gaps it may mean another, too.
    let machines = api.all_machines(&organization).await?;
    machines.walk.refuse_gap("VMs")?;
    let machines = machines.rows;
    let disks = match api.all_disks(&organization).await {
        Err(error) if error.exit == Exit::Auth => Vec::new(),
        listed => {
            let listed = listed?;
            listed.walk.refuse_gap("disks")?;
            listed.rows
        }
    };
    let mut targets: Vec<(String, String)> = Vec::new();
    let is_machine = |machine: &&Machine| machine.is_called(name) || machine.id.as_deref() == Some(name);
    for machine in machines.iter().map(|machine| &machine.model).filter(is_machine) {
        targets.extend(machine.id.clone().map(|id| (id, "VM".to_owned())));
    }
    let is_disk = |disk: &&Disk| disk.name.as_deref() == Some(name) || disk.id.as_deref() == Some(name);
    for disk in disks.iter().map(|disk| &disk.model).filter(is_disk) {
        targets.extend(disk.id.clone().map(|id| (id, "disk".to_owned())));
    }
    if targets.is_empty() {
        return Ok(Found { targets: Vec::new(), policies: Vec::new() });
    }
    let listed = api.all_policies(&Owner::Organization(organization)).await?;
    listed.walk.refuse_gap("policies")?;
    let belongs =
        |policy: &Policy| policy.target.id.as_ref().is_some_and(|target| targets.iter().any(|(id, _)| id == target));
    let policies = listed.rows.into_iter().map(|policy| policy.model).filter(belongs).collect();
    Ok(Found { targets: targets.into_iter().map(|(id, kind)| format!("{kind} {id}")).collect(), policies })
}

fn one_policy(cx: &Context, name: &str, found: Found) -> Result<OneOrMore> {
    let Found { targets, policies } = found;
    if policies.is_empty() {
        let message = match targets.as_slice() {
            [target] => format!("{target} `{name}` has no policy"),
            several => {
                format!("`{name}` is the name of {}, and none of them has a policy", several.join(", "))
            }
        };
        return Err(Error::new(Exit::NotFound, "disk_backup_policy_not_found", message)
            .hint("`bpctl policies list` shows the policies"));
    }
    if let ([policy], [_]) = (policies.as_slice(), targets.as_slice()) {
        let no_id = || Error::invalid_response(format!("the policy of {name} has no id"));
        return policy.id.clone().map(OneOrMore::One).ok_or_else(no_id);
    }
    if cx.ui.can_ask() {
        return Ok(OneOrMore::More(policies));
    }
    let ids: Vec<String> = policies
        .iter()
        .take(MAX_LISTED)
        .map(|policy| format!("{} ({} of {})", policy.id_text(), policy.schedule.words(), policy.target.label()))
        .collect();
    let message = format!("`{name}` has {} policies: {}", policies.len(), ids.join(", "));
    Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message).hint("name the policy by its id"))
}

/// Finds a disk's id: by id, or by a name that matches exactly one disk of the machine or the organization.
pub async fn disk_id(cx: &Context, api: &Katapult, name: &str, vm: Option<&str>) -> Result<String> {
    let (disks, place) = match vm {
        Some(vm) => {
            let listed = with_machine(cx, api, vm, async |machine| api.all_machine_disks(&machine).await).await?;
            (listed.rows, format!("VM `{vm}`"))
        }
        None => {
            let organization = api.find_organization(cx.organization()?).await?;
            (api.all_disks(&organization).await?.rows, "the organization".to_owned())
        }
    };
    let disks: Vec<Disk> = disks.into_iter().map(|disk| disk.model).collect();
    if disks.iter().any(|disk| disk.id.as_deref() == Some(name)) {
        return Ok(name.to_owned());
    }
    let named: Vec<Disk> = disks.into_iter().filter(|disk| disk.name.as_deref() == Some(name)).collect();
    match named.as_slice() {
        [] => {
            Err(Error::new(Exit::NotFound, "disk_not_found", format!("no disk of {place} has the id or name `{name}`"))
                .hint("`bpctl disk list` shows the disks"))
        }
        [disk] => disk.id.clone().ok_or_else(|| Error::invalid_response(format!("the disk `{name}` has no id"))),
        _ if cx.ui.can_ask() => pick::one_of_disks(cx, named),
        several => {
            let ids: Vec<String> = several
                .iter()
                .take(MAX_LISTED)
                .map(|disk| {
                    let machine = disk.machine_fqdn.as_deref().or(disk.machine_id.as_deref()).unwrap_or("not assigned");
                    format!("{} ({machine})", disk.id.as_deref().unwrap_or("-"))
                })
                .collect();
            let message = format!("`{name}` names {} disks of {place}: {}", several.len(), ids.join(", "));
            Err(Error::new(Exit::Usage, code::AMBIGUOUS_NAME, message)
                .hint("name the disk by its id; `disk show` and `policies list` also take `--vm`"))
        }
    }
}

/// Does something with the disk that `name` names; an id is used as it is, with no request of its own.
pub async fn with_disk<T>(
    cx: &Context,
    api: &Katapult,
    name: &str,
    vm: Option<&str>,
    mut action: impl AsyncFnMut(String) -> Result<T>,
) -> Result<T> {
    if vm.is_some() {
        return action(disk_id(cx, api, name, vm).await?).await;
    }
    match action(name.to_owned()).await {
        Err(error) if error.code == "disk_not_found" => match disk_id(cx, api, name, None).await {
            Ok(id) => action(id).await,
            Err(found) if matches!(found.exit, Exit::Auth | Exit::NotFound) => {
                Err(explain(cx, api, name, Wanted::Disk, error).await)
            }
            Err(found) if found.exit == Exit::Usage && found.code != code::AMBIGUOUS_NAME => Err(error),
            Err(found) => Err(found),
        },
        done => done,
    }
}
