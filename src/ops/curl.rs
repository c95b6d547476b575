//! `--print-request curl`: the requests of a command as command lines. The credential stands in the environment; what is
//! printed holds none.

use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Http, Method, Request};
use crate::text::shell_quoted;

/// Prints the command lines of writes.
pub fn print_writes(cx: &Context, requests: &[Request]) -> Result<()> {
    cx.has_printed_request.set(true);
    let http = http(cx)?;
    if requests.is_empty() {
        cx.ui.note("no changes: nothing would be sent");
    }
    requests.iter().try_for_each(|request| cx.ui.print_always(|out| writeln!(out, "{}", line(http, request))))
}

/// Prints the command lines of the reads that a command sent, unless it printed those of writes.
///
/// # Errors
/// It sent none.
pub fn print_reads(cx: &Context) -> Result<()> {
    if cx.has_printed_request.get() {
        return Ok(());
    }
    let sent = cx.http_in_use().map(Http::recorded).unwrap_or_default();
    if sent.is_empty() {
        return Err(Error::usage("this command sends no request"));
    }
    let http = http(cx)?;
    sent.iter().try_for_each(|request| cx.ui.print_always(|out| writeln!(out, "{}", line(http, request))))
}

fn http(cx: &Context) -> Result<&Http> {
    cx.http_in_use().ok_or_else(|| Error::usage("this command sends no request"))
}

fn line(http: &Http, request: &Request) -> String {
    let mut words = vec!["curl -sS --fail-with-body".to_owned()];
    if request.method != Method::Get {
        words.push(format!("-X {}", request.method.name()));
    }
    let credentials =
        if http.is_basic() { "-u \"$BPCTL_USER:$BPCTL_TOKEN\"" } else { "-H \"Authorization: Bearer $BPCTL_TOKEN\"" };
    words.push(credentials.to_owned());
    words.push(format!("-H {}", shell_quoted(&format!("Accept: {}", request.accept))));
    match &request.body {
        Some(body) => {
            words.push("-H 'Content-Type: application/json'".to_owned());
            words.push(format!("--data-raw {}", shell_quoted(&body.to_string())));
        }
        None if request.method == Method::Post => words.push("-H 'Content-Length: 0'".to_owned()),
        None => {}
    }
    if let Some(file) = http.ca_file() {
        words.push(format!("--cacert {}", shell_quoted(&file.display().to_string())));
    }
    words.push(shell_quoted(http.url(request).as_str()));
    words.join(" ")
}
