//! Error bodies: wrapped in `error` (recorded, every time) or bare (as documented).

use serde_json::Value;

use crate::http::{Answer, ApiError, json};

/// Reads the API's error out of an answer; `None` when something else answered.
pub fn read_error(answer: &Answer) -> Option<ApiError> {
    let body = json(answer).ok()?;
    let error = body.get("error").filter(|error| error.is_object()).unwrap_or(&body);
    let code = error.get("code")?.as_str()?.to_owned();
    let detail = error.get("detail").cloned().unwrap_or(Value::Null);
    // `description` can be null (inferred), and its wording varies (recorded): the code is what counts.
    let description = error.get("description").and_then(Value::as_str).unwrap_or("no description");
    let sentences = detail.get("errors").and_then(Value::as_array);
    let sentences: Vec<&str> = sentences.into_iter().flatten().filter_map(Value::as_str).collect();
    let specific = if sentences.is_empty() { in_words(&code, &detail) } else { Some(sentences.join("; ")) };
    let message = match specific {
        None => description.to_owned(),
        Some(specific) => format!("{}: {specific}", description.trim_end_matches('.')),
    };
    // Raised by the authenticator, before the endpoint runs (documented; inferred from the framework).
    let is_unprocessed = answer.status == 503 && code == "service_unavailable";
    Some(ApiError { code, message, detail, is_unprocessed })
}

/// Says the part of `detail` that helps (documented for each code).
fn in_words(code: &str, detail: &Value) -> Option<String> {
    let text = |name: &str| detail.get(name).and_then(Value::as_str).map(str::to_owned);
    match code {
        "unauthorized_network_for_api_token" => text("ip_address").map(|address| format!("your address is {address}")),
        "rate_limit_reached" => {
            let permitted = detail.get("total_permitted")?.as_u64()?;
            Some(format!("{permitted} requests a minute are permitted"))
        }
        "scope_not_granted" => {
            let scopes: Vec<&str> = detail.get("scopes")?.as_array()?.iter().filter_map(Value::as_str).collect();
            (!scopes.is_empty()).then(|| scopes.join(", "))
        }
        "invalid_argument" => text("issue_description").or_else(|| text("issue")),
        _ => text("details"),
    }
}
