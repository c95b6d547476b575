//! One request as the two APIs see it: method, path segments, arguments, credentials.
//!
//! Decodes only; which arguments an operation wants is decided elsewhere.

use hyper::HeaderMap;
use serde_json::{Map, Value};

use super::arguments;

/// A decoded request.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path segments below the API's base, percent-decoded.
    pub(super) segments: Vec<String>,
    pub(super) query: Map<String, Value>,
    pub(super) authorization: Option<String>,
    pub(super) accept: String,
    pub(super) content_type: String,
    pub(super) body: Vec<u8>,
}

/// Which API a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Katapult,
    OnApp,
    /// Neither: nothing is served there.
    Nowhere,
}

/// Finds the API of a path and the rest of the path below its base.
pub(super) fn api_of(path: &str) -> (Api, &str) {
    let below = |base: &str| {
        let rest = path.strip_prefix(base)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    };
    if let Some(rest) = below("/core/v1") {
        return (Api::Katapult, rest);
    }
    below("/onapp").map_or((Api::Nowhere, path), |rest| (Api::OnApp, rest))
}

impl Request {
    /// Decodes the parts of a request.
    pub(super) fn new(method: &str, path: &str, query: &str, headers: &HeaderMap, body: Vec<u8>) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self {
            method: method.to_owned(),
            segments: segments(path),
            query: arguments::from_query(query),
            authorization: text("authorization"),
            accept: text("accept").unwrap_or_default(),
            content_type: text("content-type").unwrap_or_default(),
            body,
        }
    }

    /// Merges query and JSON body; the body wins, and is read only when declared as JSON (inferred).
    ///
    /// The error is what the parser said.
    pub(super) fn arguments(&self) -> Result<Map<String, Value>, String> {
        let mut merged = self.query.clone();
        if !self.content_type.starts_with("application/json") || self.body.trim_ascii().is_empty() {
            return Ok(merged);
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(body)) => {
                arguments::merge(&mut merged, body);
                Ok(merged)
            }
            Ok(_) => Err("the body must be an object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
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
