//! The trace that `-v` and `-vv` show. Secrets never reach it: credentials are not looked at, bodies are redacted.

use serde_json::Value;
use url::Url;

use super::answer::{Answer, json};
use super::{Progress, Request};

/// Characters of a body that are shown.
const MAX_SHOWN: usize = 8_000;

/// Traces a request.
pub(super) fn request(progress: &dyn Progress, request: &Request, url: &Url, redact: fn(&mut Value)) {
    let level = progress.trace_level();
    if level == 0 {
        return;
    }
    progress.trace(&format!("> {} {url}", request.method.name()));
    if level < 2 {
        return;
    }
    progress.trace(&format!("> accept: {}", request.accept));
    progress.trace("> authorization: [REDACTED]");
    if let Some(body) = &request.body {
        let mut body = body.clone();
        redact(&mut body);
        progress.trace(&format!("> {}", shortened(&body.to_string())));
    }
}

/// Traces an answer.
pub(super) fn answer(progress: &dyn Progress, request: &Request, answer: &Answer, redact: fn(&mut Value)) {
    let level = progress.trace_level();
    if level == 0 {
        return;
    }
    let id = answer.request_id.as_deref().unwrap_or("-");
    let left = answer.rate_remaining.map_or_else(|| "-".to_owned(), |left| left.to_string());
    progress.trace(&format!(
        "< {} {} ({} bytes, request id {id}, requests left {left})",
        answer.status,
        request.path,
        answer.body.len()
    ));
    if level < 2 || answer.body.is_empty() {
        return;
    }
    match json(answer) {
        Ok(mut body) => {
            redact(&mut body);
            progress.trace(&format!("< {}", shortened(&body.to_string())));
        }
        // What cannot be decoded cannot be redacted either.
        Err(_) => progress.trace("< (a body that is not JSON is not shown)"),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
