//! From an HTTP status and an API's words to the error that the user sees: the one table of exit codes for answers.

use super::answer::{Answer, ApiError};
use super::client::Dialect;
use crate::error::{Error, Exit, code};

/// Codes that mean "not authenticated or not permitted", whatever the status (`missing_api_token` is a 400).
const AUTH_CODES: [&str; 8] = [
    "missing_api_token",
    "invalid_api_token",
    "invalid_capabilities_token",
    "unauthorized_network_for_api_token",
    "scope_not_granted",
    "permission_denied",
    "organization_suspended",
    "organization_not_activated",
];

/// Builds the error for an answer that is not a success. `hide` takes secrets out of a text, before it is cut.
pub(super) fn error(answer: &Answer, dialect: Dialect, host: &str, hide: &dyn Fn(&str) -> String) -> Error {
    let spoken = (dialect.read_error)(answer);
    let exit = exit(answer.status, spoken.as_ref().map_or("", |error| error.code.as_str()));
    let mut error = match spoken {
        Some(ApiError { code, message, detail }) => Error::new(exit, code, message).detail(detail),
        None => unspoken(answer, exit, host, hide),
    };
    error.status = Some(answer.status);
    error.request_id = answer.request_id.clone();
    let hint = hint(&error);
    error.hints.extend(hint);
    if answer.status >= 500 && error.hints.is_empty() {
        error.hints.push("try again later; the request id, if there is one, helps whoever runs the API".to_owned());
    }
    error
}

fn exit(status: u16, code: &str) -> Exit {
    if AUTH_CODES.contains(&code) {
        return Exit::Auth;
    }
    match status {
        401 | 403 => Exit::Auth,
        404 => Exit::NotFound,
        429 => Exit::RateLimited,
        _ if code.ends_with("_not_found") => Exit::NotFound,
        _ if code == "rate_limit_reached" => Exit::RateLimited,
        400..500 => Exit::Refused,
        500.. => Exit::Unreachable,
        _ => Exit::Failure,
    }
}

/// Makes a code from a status, where the API says none: its own names where it has them.
pub fn code_of(status: u16) -> &'static str {
    match status {
        401 => "unauthorized",
        403 => "permission_denied",
        404 => "not_found",
        406 => "not_acceptable",
        409 => "conflict",
        422 => "validation_error",
        429 => "rate_limit_reached",
        400..500 => "refused",
        500.. => code::NETWORK,
        _ => code::INVALID_RESPONSE,
    }
}

/// The error for an answer in which the API itself says nothing: a proxy's page, an empty body.
fn unspoken(answer: &Answer, exit: Exit, host: &str, hide: &dyn Fn(&str) -> String) -> Error {
    let code = code_of(answer.status);
    let what = match first_words(&hide(&String::from_utf8_lossy(&answer.body))) {
        Some(words) => format!(": {words}"),
        None => String::new(),
    };
    Error::new(exit, code, format!("{host} answered HTTP {} without an error of the API{what}", answer.status))
}

/// Takes the first words out of a page, without its tags: enough to recognise a proxy.
fn first_words(text: &str) -> Option<String> {
    let mut plain = String::new();
    let mut in_tag = false;
    for symbol in text.chars().take(4_096) {
        match symbol {
            '<' => in_tag = true,
            '>' => {
                in_tag = false;
                plain.push(' ');
            }
            _ if !in_tag => plain.push(symbol),
            _ => {}
        }
    }
    let words: String = plain.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(100).collect();
    (!words.is_empty()).then_some(words)
}

/// Says what to do next, where the code tells.
fn hint(error: &Error) -> Option<String> {
    let words = match &*error.code {
        "missing_api_token" | "unauthorized" => "set `BPCTL_TOKEN`, or run `bpctl auth login`",
        "invalid_api_token" | "invalid_capabilities_token" => {
            "the token may have expired: make a new one and run `bpctl auth login`"
        }
        "unauthorized_network_for_api_token" => "this token is restricted to other networks: see its settings",
        "scope_not_granted" => return Some(scope_hint(error)),
        "permission_denied" => "the token's user lacks this permission: ask an owner of the organization",
        "rate_limit_reached" => "wait for the next minute, or allow it with `--max-wait` and `--retries`",
        "service_unavailable" => "try again later, or with more `--retries`",
        "disk_backup_policy_not_found" => "`bpctl policies list` shows the policies of the organization",
        "virtual_machine_not_found" => "`bpctl vm list` shows the machines of the organization",
        "object_in_trash" => return Some(trash_hint(error)),
        "disk_not_found" => "`bpctl disk list` shows the disks of the organization",
        "organization_not_found" => "`bpctl org list` shows the organizations that the token sees",
        "trash_object_not_found" => "`bpctl trash list` shows what can be restored",
        "validation_error" => "nothing was changed; `--dry-run` shows what is sent",
        "invalid_timestamp" => "nothing was changed; the time must be at least 5 minutes ahead by the server's clock",
        "organization_suspended" | "organization_not_activated" => "whoever owns the organization can settle this",
        "route_not_found" => "is `api_url` right? `bpctl config list --origin` shows it",
        _ if error.exit == Exit::Auth => "`bpctl auth status` shows which credentials are in use",
        _ => return None,
    };
    Some(words.to_owned())
}

fn trash_hint(error: &Error) -> String {
    let until = error.detail.get("trash_object").and_then(|entry| entry.get("keep_until")?.as_i64());
    let until = until.and_then(|until| jiff::Timestamp::from_second(until).ok());
    let until = until.map_or_else(|| "for 48 hours".to_owned(), |until| format!("until {until}"));
    format!("it can be restored {until}; a policy with `bpctl policy restore POLICY`")
}

fn scope_hint(error: &Error) -> String {
    let scopes = error.detail.get("scopes").and_then(|scopes| scopes.as_array());
    let names: Vec<&str> = scopes.into_iter().flatten().filter_map(|scope| scope.as_str()).collect();
    match names.is_empty() {
        true => "give the token the scope that this needs".to_owned(),
        false => format!("give the token one of these scopes: {}", names.join(", ")),
    }
}
