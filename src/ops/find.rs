//! Finding a machine by what people call it: an id, an FQDN or a name.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::katapult::{Katapult, Lookup, MachineName};
use crate::onapp::OnApp;

/// Does something with the machine that `name` names. An id or FQDN is used as it is, with no request of its own;
/// a name, and an FQDN that is none, is looked for in the organization.
///
/// # Errors
/// Those of `action`; none or several machines have that name.
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
            Err(error) if is_other_name(&error, &written) => Some(error),
            done => return done,
        },
    };
    match (api.find_machine(name, cx.organization()?).await, not_found) {
        (Ok(machine), _) => match machine.model.id {
            Some(id) => action(Lookup::id(id)).await,
            None => Err(Error::invalid_response(format!("the virtual machine `{name}` has no id"))),
        },
        // A name with a dot was tried as well; the API's own error says more.
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error),
    }
}

/// Tells whether what looked like an FQDN may be a name with a dot in it.
fn is_other_name(error: &Error, written: &MachineName) -> bool {
    matches!(written, MachineName::Fqdn(_)) && error.code == "virtual_machine_not_found"
}

/// The same on OnApp: numbers and identifiers go into the path as they are, labels are looked for.
///
/// # Errors
/// Those of `action`; none or several machines have that name.
pub async fn with_server<T>(api: &OnApp, name: &str, mut action: impl AsyncFnMut(String) -> Result<T>) -> Result<T> {
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number {
        return action(name.to_owned()).await;
    }
    // Every identifier seen has 14 small letters and digits; a label can look like that too.
    let is_identifier = name.len() == 14 && name.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    let not_found = match is_identifier {
        false => None,
        true => match action(name.to_owned()).await {
            Err(error) if error.status == Some(404) => Some(error),
            done => return done,
        },
    };
    match (api.find_machine(name).await, not_found) {
        (Ok(machine), _) => match machine.model.id {
            Some(id) => action(id).await,
            None => Err(Error::invalid_response(format!("the virtual machine `{name}` has no id"))),
        },
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error),
    }
}
