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
    let description = description.trim_end_matches('.');
    let message = match sentences.is_empty() {
        true => description.to_owned(),
        false => format!("{description}: {}", sentences.join("; ")),
    };
    Some(ApiError { code, message, detail })
}
