//! `bpctl snapshot`

use std::io;

use crate::args::{Format, Snapshot as Args};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::snapshot::Query;
use crate::ops::evidence::{incomplete_error, take};
use crate::view::structured;

/// Prints a snapshot of an organization.
pub async fn run(cx: &Context, args: Args) -> Result<()> {
    if !matches!(cx.output.format, Format::Table | Format::Json | Format::Jsonl | Format::Yaml) {
        return Err(Error::usage("`bpctl snapshot` writes JSON or YAML").hint("use `-o json`, `jsonl` or `yaml`"));
    }
    let Args { require, min_retention, detail } = args;
    let snapshot = take(cx, Query { require, min_retention, detail: detail.detail }).await?;
    let write_failed = |error: serde_json::Error| io::Error::from(error);
    match cx.output.format {
        Format::Yaml => {
            let value = serde_json::to_value(&snapshot).map_err(|error| Error::invalid_response(error.to_string()))?;
            cx.ui.print(|out| structured(&cx.output, &value, out))?;
        }
        // Written as it is serialized: an organization can be large.
        Format::Jsonl => cx.ui.print(|out| {
            serde_json::to_writer(&mut *out, &snapshot).map_err(write_failed)?;
            writeln!(out)
        })?,
        _ => cx.ui.print(|out| {
            serde_json::to_writer_pretty(&mut *out, &snapshot).map_err(write_failed)?;
            writeln!(out)
        })?,
    }
    incomplete_error("snapshot", [&snapshot]).map_or(Ok(()), Err)
}
