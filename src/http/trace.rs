//! The trace that `-v` and `-vv` show. It holds no secrets: credentials are left out, bodies are redacted here
//! before they are shortened, and the client hides a token that a server repeats elsewhere.

use serde_json::Value;
use url::Url;

use super::Request;
use super::answer::{Answer, json};

/// Characters of a body that are shown.
const MAX_SHOWN: usize = 8_000;

/// Traces a request, a line each.
pub(super) fn request(level: u8, request: &Request, url: &Url, redact: &dyn Fn(&mut Value)) -> Vec<String> {
    if level == 0 {
        return Vec::new();
    }
    let mut lines = vec![format!("> {} {url}", request.method.name())];
    if level < 2 {
        return lines;
    }
    lines.push(format!("> accept: {}", request.accept));
    lines.push("> authorization: [REDACTED]".to_owned());
    if let Some(body) = &request.body {
        let mut body = body.clone();
        redact(&mut body);
        lines.push(format!("> {}", shortened(&body.to_string())));
    }
    lines
}

/// Traces an answer, a line each.
pub(super) fn answer(level: u8, request: &Request, answer: &Answer, redact: &dyn Fn(&mut Value)) -> Vec<String> {
    if level == 0 {
        return Vec::new();
    }
    let id = answer.request_id.as_deref().unwrap_or("-");
    let left = answer.rate_remaining.map_or_else(|| "-".to_owned(), |left| left.to_string());
    let (status, size) = (answer.status, answer.body.len());
    let mut lines = vec![format!("< {status} {} ({size} bytes, request id {id}, requests left {left})", request.path)];
    if level < 2 || answer.body.is_empty() {
        return lines;
    }
    lines.push(match json(answer) {
        Ok(mut body) => {
            redact(&mut body);
            format!("< {}", shortened(&body.to_string()))
        }
        // What cannot be decoded cannot be redacted either.
        Err(_) => "< (a body that is not JSON is not shown)".to_owned(),
    });
    lines
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
