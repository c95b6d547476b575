//! `bpctl auth status`

use serde_json::json;

use super::check::{check, remarks};
use crate::context::Context;
use crate::error::{Error, Exit, Result};

/// Shows which credentials are in use; fails as the check of them fails.
pub async fn run(cx: &Context) -> Result<()> {
    let connection = cx.connection(None)?;
    let source = connection.token()?.source.words();
    let profile = connection.profile.as_ref().map(|profile| profile.value.as_str());
    let session = check(cx, connection).await.map_err(|error| explained(error, &source, profile))?;
    remarks(cx, &session);
    cx.show(session.object())
}

/// Says which credentials were refused.
fn explained(error: Error, source: &str, profile: Option<&str>) -> Error {
    if error.exit != Exit::Auth {
        return error;
    }
    let hint = match profile {
        Some(profile) => format!("the token came from: {source} (profile {profile})"),
        None => format!("the token came from: {source}"),
    };
    if error.detail.is_object() && error.detail.as_object().is_some_and(|fields| !fields.is_empty()) {
        error.hint(hint)
    } else {
        error.detail(json!({"credentials": source, "profile": profile})).hint(hint)
    }
}
