//! Katapult: the token, the organization, and the scopes that reading needs.

use super::api;
use super::report::Report;
use crate::config::Connection;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::{Flow, Walk};
use crate::katapult::{Katapult, Lookup, Owner};
use crate::model::{Object, Organization};

/// Checks them with one request each.
pub async fn check(cx: &Context, report: &mut Report, connection: &Connection) {
    let api = match cx.katapult_at(connection) {
        Ok(api) => api,
        Err(error) => return report.fail("token", error),
    };
    let (seen, outcome) = match api.organizations().await {
        Ok(seen) => {
            let words = format!("the token is valid and has access to {}", count(seen.len()));
            (Some(seen), Ok(words))
        }
        // The API answers this to valid tokens only.
        Err(error) if error.code == "scope_not_granted" => (None, Ok("the token is valid".to_owned())),
        Err(error) => (None, Err(error)),
    };
    api::first(cx, report, api.http(), outcome);
    if !report.has_failed() {
        let named = connection.organization.as_ref().map(|setting| setting.value.as_str());
        if let Some(organization) = organization(report, named, seen.as_deref()) {
            scopes(report, &api, &organization).await;
        }
        api::rate_limit(report, api.http());
    }
}

fn count(organizations: usize) -> String {
    match organizations {
        1 => "one organization".to_owned(),
        several => format!("{several} organizations"),
    }
}

/// Finds the organization that the further checks look into.
fn organization(report: &mut Report, named: Option<&str>, seen: Option<&[Object<Organization>]>) -> Option<Lookup> {
    const CHECK: &str = "organization";
    let hint = "name one with `--org`, or `bpctl config set organization ORG`";
    match (named, seen) {
        (Some(name), Some(seen)) if !seen.iter().any(|found| found.model.is_called(name)) => {
            let error = Error::new(
                Exit::NotFound,
                "organization_not_found",
                format!("the token has no access to organization {name}"),
            );
            report.fail(CHECK, error.hint("`bpctl org list` shows the organizations that it has access to"));
            return None;
        }
        (Some(name), None) => {
            let message = format!("{name}, not checked: the token has no scope organizations:read");
            report.warn(CHECK, message, "`bpctl org list` will not work without that scope");
        }
        (Some(name), Some(_)) => report.ok(CHECK, name),
        (None, None) => report.warn(CHECK, "none is named, and the token may not list them", hint),
        (None, Some([only])) => report.ok(CHECK, only.model.sub_domain.as_deref().unwrap_or("the only one")),
        (None, Some([])) => {
            report.warn(CHECK, "the token has access to none", "check the token in the Katapult console")
        }
        (None, Some(several)) => {
            report.warn(CHECK, format!("none is named, and the token has access to {}", several.len()), hint);
        }
    }
    match (named, seen) {
        (Some(name), _) => Some(Lookup::organization(name)),
        (None, Some([only])) => only.model.id.as_deref().map(Lookup::id),
        _ => None,
    }
}

async fn scopes(report: &mut Report, api: &Katapult, organization: &Lookup) {
    let policies = Owner::Organization(organization.clone());
    let outcome = api.policies(&policies, &mut |_| Ok(Flow::Enough)).await;
    scope(report, "policies", outcome, "`bpctl policies list` and `policy show` will not work");
    let outcome = api.machines(organization, &mut |_| Ok(Flow::Enough)).await;
    scope(report, "vms", outcome, "`bpctl vm list`, `coverage` and names of VMs will not work");
    let outcome = api.disks(organization, &mut |_| Ok(Flow::Enough)).await;
    scope(report, "disks", outcome, "`bpctl disk list` and `disk show` will not work");
    let outcome = api.trash_objects(organization, &mut |_| Ok(Flow::Enough)).await;
    scope(
        report,
        "trash",
        outcome,
        "`bpctl trash list` will not work, and `policy delete` cannot say until when a policy can be restored",
    );
}

fn scope(report: &mut Report, check: &'static str, outcome: Result<Walk>, loss: &str) {
    match outcome {
        Ok(_) => report.ok(check, "can be read"),
        Err(error) if error.code == "scope_not_granted" => report.warn(check, loss, error.hints.join("; ")),
        Err(error) => report.fail(check, error),
    }
}
