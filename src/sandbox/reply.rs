//! Answers and refusals, ready to be sent.
//!
//! Knows the shape of the two APIs' errors, not which error belongs where.

use serde_json::{Value, json};

pub(super) const JSON: &str = "application/json; charset=utf-8";
pub(super) const XML: &str = "application/xml; charset=utf-8";
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// One HTTP answer.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Makes an answer of any type.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }

    /// Makes a JSON answer.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::new(status, JSON, value.to_string())
    }

    /// Makes the HTML page of a proxy or a broken application.
    pub(super) fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1></body></html>\n"
        );
        Self::new(status, HTML, page)
    }

    /// Adds a header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Tells whether the request was carried out.
    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// A refusal in Katapult's terms.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: &'static str,
    pub(super) description: String,
    pub(super) detail: Value,
}

impl Refusal {
    /// Makes a refusal with an empty detail.
    pub(super) fn new(status: u16, code: &'static str, description: &str) -> Self {
        Self { status, code, description: description.to_owned(), detail: json!({}) }
    }

    /// Sets the detail.
    pub(super) fn detailed(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Refuses an address that leads nowhere.
    pub(super) fn route_not_found() -> Self {
        Self::new(404, "route_not_found", "No route matches the path and method that were requested")
    }

    /// Reports a failure of the server itself.
    pub(super) fn unhandled() -> Self {
        Self::new(500, "unhandled_exception", "An unhandled exception occurred while processing the request")
    }

    /// Refuses a request over the limit; the detail is the permitted number a minute.
    pub(super) fn rate_limited(permitted: u32) -> Self {
        Self::new(429, "rate_limit_reached", "You have reached the rate limit for this type of request")
            .detailed(json!({ "total_permitted": permitted }))
    }

    /// Says that the service is away for a while.
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
