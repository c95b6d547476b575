//! Printing what a command would send. Sends nothing.

use std::io;

use serde_json::{Value, json};

use super::curl;
use super::write::Write;
use crate::args::Format;
use crate::context::Context;
use crate::error::Result;
use crate::http::Request;
use crate::model::Loss;
use crate::text::escape;
use crate::view::structured;

/// Prints what the writes would send; of several, `before` and `after` are lists.
pub fn print(cx: &Context, writes: &[impl Write]) -> Result<()> {
    if cx.global.print_request.is_some() {
        return curl::print_writes(cx, &writes.iter().filter_map(Write::request).collect::<Vec<_>>());
    }
    match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let value = document(writes);
            cx.ui.print(|out| structured(&cx.output, &value, out))
        }
        Format::Table | Format::Wide => {
            writes.iter().try_for_each(|write| cx.ui.print_words(|out| print_text(cx, write, out)))
        }
        _ => {
            // Rows are for programs, and a dry run has none.
            cx.ui.note("a dry run prints no rows: use `-o table` or `-o json`");
            Ok(())
        }
    }
}

fn document(writes: &[impl Write]) -> Value {
    let requests: Vec<Value> = writes.iter().filter_map(Write::request).map(|request| to_json(&request)).collect();
    let (mut before, mut after): (Vec<_>, Vec<_>) = writes.iter().map(|write| (write.before(), write.after())).unzip();
    let (before, after) = match writes.len() {
        1 => (before.remove(0), after.remove(0)),
        _ => (before.into(), after.into()),
    };
    json!({"dry_run": true, "requests": requests, "before": before, "after": after})
}

/// A request as plans and dry runs show it.
pub fn to_json(request: &Request) -> Value {
    json!({"method": request.method.name(), "path": request.path, "body": request.body})
}

fn print_text(cx: &Context, write: &impl Write, out: &mut dyn io::Write) -> io::Result<()> {
    match write.request() {
        None => writeln!(out, "dry run: nothing would be sent")?,
        Some(request) => {
            writeln!(out, "dry run: would send {} {}", request.method.name(), request.path)?;
            if let Some(body) = &request.body {
                writeln!(out, "  {}", escape(&body.to_string()))?;
            }
        }
    }
    let losses = write.losses();
    let losses = losses.iter().map(|Loss(loss)| format!("weakens protection: {loss}"));
    for line in write.describe(&cx.output.times).into_iter().chain(losses) {
        writeln!(out, "  {}", escape(&line))?;
    }
    Ok(())
}
