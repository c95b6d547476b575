//! Replies and refusals, ready to be sent.
//!
//! This module knows the shape of both APIs' errors and headers, not which error belongs where.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::identifiers::{digest, uuid};

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const XML: &str = "application/xml; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// Makes a reply without a body, and so without a content type.
    pub(super) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, JSON, rails_json(value))
    }

    pub(super) fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// Makes the HTML page of a proxy or a broken application.
    pub(super) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1></body></html>\n"
        );
        Self::new(status, HTML, page)
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Adds `Date`, from the simulator's clock: clients wait for the end of a minute by it.
    pub(super) fn with_date(self, now: i64) -> Self {
        let now = Timestamp::from_second(now).unwrap_or_default().to_zoned(TimeZone::UTC);
        self.with("date", now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    }

    /// Adds the headers of every Katapult reply, success or not (recorded).
    pub(super) fn with_katapult_headers(self, permitted: u32, remaining: u32) -> Self {
        let reply = if self.is_success() {
            let tag = digest(&String::from_utf8_lossy(&self.body));
            self.with("etag", format!("W/\"{tag:016x}\"")).with("cache-control", "max-age=0, private, must-revalidate")
        } else {
            self.with("cache-control", "no-cache")
        };
        reply
            .with("x-ratelimit-permitted", permitted.to_string())
            .with("x-ratelimit-remaining", remaining.to_string())
            .with_request_id()
    }

    /// Adds the header that newer OnApp replies carry too (recorded).
    pub(super) fn with_request_id(self) -> Self {
        self.with("x-request-id", uuid(fastrand::u64(..), fastrand::u64(..)))
    }
}

/// Encodes JSON as Rails does, which keeps it safe to put into HTML (recorded): all of these characters stand
/// in strings only.
fn rails_json(value: &Value) -> String {
    let mut text = String::new();
    for character in value.to_string().chars() {
        match character {
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => text.push(character),
        }
    }
    text
}

/// A refusal in Katapult's terms.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    description: Option<String>,
    detail: Value,
}

impl Refusal {
    /// Makes a refusal with an empty detail.
    pub(super) fn new(status: u16, code: &'static str, description: &str) -> Self {
        Self { status, code, description: Some(description.to_owned()), detail: json!({}) }
    }

    pub(super) fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Refuses a path that leads nowhere.
    pub(super) fn route_not_found(method: &str, path: &str) -> Self {
        Self::new(404, "route_not_found", &format!("No route matches '{path}' for {method}"))
    }

    /// Reports an exception in the server, which the framework does not describe.
    pub(super) fn unhandled() -> Self {
        Self { status: 500, code: "unhandled_exception", description: None, detail: json!({}) }
    }

    /// Reports that a field which may not be null is null. The framework serialises after the action, so this
    /// does not mean that nothing was changed.
    pub(super) fn null_value(field: &str) -> Self {
        Self::new(500, "null_value_for_non_null_field", &format!("Value for `{field}` is null (but cannot be)"))
            .with_detail(json!({ "field": { "id": field, "name": field } }))
    }

    /// Reports a value that cannot be serialised; as for a null, the change may have been made.
    pub(super) fn runtime_error() -> Self {
        Self::new(400, "generic_runtime_error", "Invalid value for `Target` (got: nil)")
            .with_detail(json!({ "class": "Apia::InvalidPolymorphValueError" }))
    }

    /// Refuses a request over the limit; the detail is the permitted number a minute.
    pub(super) fn rate_limited(permitted: u32) -> Self {
        Self::new(429, "rate_limit_reached", "You have reached the rate limit for this type of request")
            .with_detail(json!({ "total_permitted": permitted }))
    }

    pub(super) fn unavailable() -> Self {
        Self::new(503, "service_unavailable", "The service is not currently available, please try again later")
    }
}

impl From<Refusal> for Reply {
    /// Wraps the error in `error`, which the documentation does not show (recorded).
    fn from(refusal: Refusal) -> Self {
        let body = json!({ "error": {
            "code": refusal.code,
            "description": refusal.description,
            "detail": refusal.detail,
        }});
        // Every recorded API error has this header and no success does.
        Self::json(refusal.status, &body).with("x-api-schema", "json-error")
    }
}

impl From<Result<Value, Refusal>> for Reply {
    fn from(result: Result<Value, Refusal>) -> Self {
        match result {
            Ok(value) => Self::ok(&value),
            Err(refusal) => refusal.into(),
        }
    }
}
