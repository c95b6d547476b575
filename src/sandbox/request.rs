//! One request as the two APIs see it: method, path segments, arguments, credentials.
//!
//! Only decodes; the operations decide which arguments they read.

use hyper::HeaderMap;
use serde_json::{Map, Value};

use super::query::{self, BadQuery};

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path segments below the API's base, percent-decoded.
    pub(super) segments: Vec<String>,
    pub(super) query: Result<Map<String, Value>, BadQuery>,
    pub(super) authorization: Option<String>,
    pub(super) accept: String,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// Why a request's arguments cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum BadArguments {
    /// The body is not JSON; this is the parser's message.
    Body(String),
    Query,
}

/// Which API a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Katapult,
    OnApp,
    Nowhere,
}

/// Finds the API of a path and the rest of the path below its base.
pub(super) fn api_of<'p>(path: &'p str, onapp: &str) -> (Api, &'p str) {
    let below = |base: &str| {
        let rest = path.strip_prefix(base)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    if let Some(rest) = below("/core/v1") {
        return (Api::Katapult, rest);
    }
    below(onapp).map_or((Api::Nowhere, path), |rest| (Api::OnApp, rest))
}

impl Request {
    pub(super) fn new(method: &str, path: &str, query: &str, headers: &HeaderMap, body: Vec<u8>) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            method: method.to_owned(),
            segments: segments(path),
            query: query::parse(query),
            authorization: text("authorization"),
            accept: text("accept").unwrap_or_default(),
            content_type: text("content-type").unwrap_or_default(),
            body,
        }
    }

    /// Merges query and JSON body; the body wins, and is read only when it is declared as JSON. A body that is
    /// JSON but not an object counts as an empty one.
    pub(super) fn arguments(&self) -> Result<Map<String, Value>, BadArguments> {
        let is_declared = self.content_type.starts_with("application/json");
        let body = if is_declared && !self.body.is_empty() {
            serde_json::from_slice(&self.body).map_err(|error| BadArguments::Body(error.to_string()))?
        } else {
            Value::Null
        };
        let mut merged = self.query.clone().map_err(|BadQuery| BadArguments::Query)?;
        if let Value::Object(body) = body {
            query::merge(&mut merged, body);
        }
        Ok(merged)
    }

    /// Returns the bearer token, if there is one that is not empty.
    pub(super) fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.authorization.as_deref()?.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    }
}

fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(percent_decoded).collect()
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match encoded_byte(&bytes[at..]) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn encoded_byte(bytes: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = bytes else {
        return None;
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}
