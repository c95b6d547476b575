//! From an HTTP status and an API's error to the error that the user sees: the one table of exit codes for answers.

use super::answer::{Answer, ApiError};
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

/// The other codes of the two APIs: those that Katapult documents, those that its framework adds (inferred), and those that
/// [`code_of`] makes.
const OTHER_CODES: [&str; 22] = [
    "conflict",
    "disk_backup_policy_not_found",
    "disk_not_found",
    "invalid_argument",
    "invalid_timestamp",
    "missing_required_argument",
    "not_acceptable",
    "not_found",
    "object_in_trash",
    "organization_not_found",
    "rate_limit_reached",
    "refused",
    "route_not_found",
    "service_unavailable",
    "task_queueing_error",
    "trash_object_not_found",
    "unauthorized",
    "unhandled_exception",
    "validation_error",
    "virtual_machine_not_found",
    code::BUSY,
    code::NETWORK,
];

/// Whether a code is one that bpctl knows, and so says nothing about what a server was sent.
pub(super) fn is_known_code(code: &str) -> bool {
    AUTH_CODES.contains(&code) || OTHER_CODES.contains(&code)
}

/// Builds the error for an answer that is not a success. `permission_hint` gives the
/// provider's words; `hide` takes secrets out of a text, before it is cut.
pub(super) fn error(
    answer: &Answer,
    said: Option<ApiError>,
    permission_hint: &dyn Fn() -> String,
    host: &str,
    hide: &dyn Fn(&str) -> String,
) -> Error {
    let mut error = match said {
        Some(ApiError { code, message, detail, .. }) => {
            Error::new(exit(answer.status, &code), code, message).detail(detail)
        }
        None if answer.is_from_api || IN_FRONT.contains(&answer.status) => {
            let message = format!("{host} returned HTTP {} without an API error", answer.status);
            Error::new(exit(answer.status, ""), code_of(answer.status), with_words(message, answer, hide))
        }
        None => foreign(answer, host, hide),
    };
    error.status = Some(answer.status);
    error.request_id = answer.request_id.clone();
    let hint = hint(&error, permission_hint);
    error.hints.extend(hint);
    if answer.status >= 500 && error.hints.is_empty() {
        error.hints.push(format!("{TRY_AGAIN}; report the request id, if there is one, to the provider"));
    }
    error
}

/// How a hint begins that is wrong for a write which may have been carried out.
pub(super) const TRY_AGAIN: &str = "try again later";

/// Statuses that mean the same whoever sends them: a proxy asks for credentials and limits rates, too.
const IN_FRONT: [u16; 2] = [401, 429];

/// The error for a page that another server sent in the API's place: it does not say what the API would have said.
fn foreign(answer: &Answer, host: &str, hide: &dyn Fn(&str) -> String) -> Error {
    let status = answer.status;
    let exit = if status >= 400 { Exit::Unreachable } else { Exit::Failure };
    let code = if status >= 400 { code::NETWORK } else { code::INVALID_RESPONSE };
    let message = format!("{host} returned HTTP {status} without an API error");
    let error = Error::new(exit, code, with_words(message, answer, hide));
    if (400..500).contains(&status) {
        return error.hint("is `api_url` right? A proxy or another server may have answered in the API's place");
    }
    error
}

fn with_words(message: String, answer: &Answer, hide: &dyn Fn(&str) -> String) -> String {
    match first_words(&hide(&String::from_utf8_lossy(&answer.body))) {
        Some(words) => format!("{message}: {words}"),
        None => message,
    }
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

/// Makes a code from a status where the answer has none, with the API's own names where it has them.
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

/// What to do next, where the code says enough.
fn hint(error: &Error, permission_hint: &dyn Fn() -> String) -> Option<String> {
    let words = match &*error.code {
        "missing_api_token" | "unauthorized" => "set `BPCTL_TOKEN`, or run `bpctl auth login`",
        "invalid_api_token" | "invalid_capabilities_token" => {
            "the token may have expired: make a new one and run `bpctl auth login`"
        }
        "unauthorized_network_for_api_token" => "this token is restricted to other networks: see its settings",
        "scope_not_granted" => return Some(scope_hint(error)),
        "permission_denied" => return Some(permission_hint()),
        "rate_limit_reached" => "wait for the next minute, or allow it with `--max-wait` and `--retries`",
        "service_unavailable" => "try again later, or with more `--retries`",
        "disk_backup_policy_not_found" => "`bpctl policies list` shows the policies of the organization",
        "virtual_machine_not_found" => "`bpctl vm list` shows the VMs of the organization",
        "object_in_trash" => return Some(trash_hint(error)),
        "disk_not_found" => "`bpctl disk list` shows the disks of the organization",
        "organization_not_found" => "`bpctl org list` shows the organizations that the token has access to",
        "trash_object_not_found" => "`bpctl trash list` shows what can be restored",
        "validation_error" => "`--dry-run` shows what is sent",
        "invalid_timestamp" => "the time must be at least 5 minutes ahead by the server's clock",
        "organization_suspended" | "organization_not_activated" => "the organization's owner can resolve this",
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
    if names.is_empty() {
        return "give the token the scope that this needs".to_owned();
    }
    format!("give the token one of these scopes: {}", names.join(", "))
}
