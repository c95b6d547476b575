//! Checks credentials with one request.

use crate::config::{Connection, Provider};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Http;
use crate::model::{Organization, Session};

/// Checks the credentials of `connection`.
///
/// A valid Katapult token may not have the scope to list organizations; the API answers an invalid one differently.
pub async fn check(cx: &Context, connection: &Connection) -> Result<Session> {
    let about = |http: &Http| Session {
        profile: connection.profile.as_ref().map(|profile| profile.value.clone()),
        provider: connection.provider.value.to_string(),
        api_url: http.base().as_str().trim_end_matches('/').to_owned(),
        credentials: connection.token().map(|token| token.source.words()).unwrap_or_default(),
        organization: connection.organization.as_ref().map(|setting| setting.value.clone()),
        read_only: connection.read_only.value,
        rate_permitted: http.last_seen().and_then(|answer| answer.rate_permitted),
        rate_remaining: http.last_seen().and_then(|answer| answer.rate_remaining),
        ..Session::default()
    };
    match connection.provider.value {
        Provider::Katapult => {
            let api = cx.katapult_at(connection)?;
            let organizations: Option<Vec<Organization>> = match api.organizations().await {
                Ok(found) => Some(found.into_iter().map(|organization| organization.model).collect()),
                Err(error) if error.code == "scope_not_granted" => None,
                Err(error) => return Err(error),
            };
            Ok(Session { organizations, ..about(api.http()) })
        }
        Provider::OnApp => {
            let api = cx.onapp_at(connection)?;
            let version = api.version().await?;
            let user = connection.user.as_ref().map(|user| user.value.clone());
            Ok(Session { version, user, organization: None, ..about(api.http()) })
        }
    }
}

/// Refuses an organization that the token has no access to. A token without the scope to list them is not refused.
///
/// # Errors
/// `organization_not_found`, with the organizations that it can use.
pub fn organization(session: &Session) -> Result<()> {
    let (Some(seen), Some(name)) = (&session.organizations, &session.organization) else {
        return Ok(());
    };
    if seen.iter().any(|found| found.is_called(name)) {
        return Ok(());
    }
    let message = format!("the token has no access to organization {name}");
    let error = Error::new(Exit::NotFound, "organization_not_found", message);
    let keys: Vec<&str> = seen.iter().filter_map(Organization::key).collect();
    Err(match keys.as_slice() {
        [] => error.hint("it has access to none: check the token in the Katapult console"),
        keys => error.hint(format!("name one of these with `--org`: {}", keys.join(", "))),
    })
}

/// Warns about what will not work although the credentials are valid.
pub fn remarks(cx: &Context, session: &Session) {
    let Some(organizations) = &session.organizations else {
        let provider = session.provider.parse::<Provider>();
        if provider.is_ok_and(|provider| provider.capabilities().has_organizations) {
            cx.ui.note(
                "the token is valid, but has no scope organizations:read: name the organization with `--org` or in \
                 the profile",
            );
        }
        return;
    };
    match session.organization.as_deref() {
        Some(name) if !organizations.iter().any(|found| found.is_called(name)) => {
            cx.ui.warn(&format!("the token has no access to organization {name}"))
        }
        None if organizations.len() > 1 => cx.ui.note(
            "the token has access to several organizations: name one with `--org`, or `bpctl config set organization ORG`",
        ),
        _ => {}
    }
}
