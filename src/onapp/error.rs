//! Error bodies of OnApp: `errors` as a list, a map or a string, `error` as a string, in JSON or XML (recorded).

use serde_json::Value;

use super::xml;
use crate::error::{Error, code};
use crate::http::{Answer, ApiError, code_of, json};
use crate::model::redact;

/// Reads the API's words out of an answer. OnApp has no codes: one is made from the status.
pub fn read_error(answer: &Answer) -> Option<ApiError> {
    let body = json(answer).ok().or_else(|| xml::errors(&answer.body))?;
    // Words are made of whatever stands there: a message never holds a secret, whether secrets are shown or not.
    let mut spoken = body.get("errors").or_else(|| body.get("error"))?.clone();
    redact(&mut spoken);
    let sentences: Vec<String> = sentences(&spoken).into_iter().filter(|words| !words.trim().is_empty()).collect();
    if sentences.is_empty() {
        return None;
    }
    // The cloud is at work on the same VM, and says so in these words (recorded): nothing was done.
    let is_busy = answer.status == 422 && sentences.iter().any(|words| words.trim_start().starts_with("Please wait"));
    let code = match answer.status {
        _ if is_busy => code::BUSY,
        // The API speaks, so it is not the network that fails.
        503 => "service_unavailable",
        status => code_of(status),
    };
    // What is behind a 503 is not known: "temporary overload or maintenance" (documented).
    Some(ApiError { code: code.to_owned(), message: sentences.join("; "), detail: body, is_unprocessed: false })
}

/// Names what was not found: the API says no more than "Resource not found".
pub fn naming(noun: &str, id: &str, list: &str) -> impl FnOnce(Error) -> Error {
    move |error| match error.status {
        Some(404) => Error { message: format!("no {noun} `{id}`: {}", error.message), ..error }
            .hint(format!("`bpctl {list}` shows what exists")),
        _ => error,
    }
}

fn sentences(spoken: &Value) -> Vec<String> {
    match spoken {
        Value::String(sentence) => vec![sentence.clone()],
        Value::Array(items) => items.iter().flat_map(sentences).collect(),
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(field, spoken)| {
                sentences(spoken).into_iter().map(move |sentence| match field.as_str() {
                    // `base` means no field in particular.
                    "base" => sentence,
                    field => format!("{field} {sentence}"),
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}
