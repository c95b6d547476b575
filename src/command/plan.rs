//! `bpctl plan`

use serde_json::Value;

use crate::args::{self, Format};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Plan;
use crate::ops::cloud::Cloud;
use crate::ops::plan_text::{lines, summary};
use crate::ops::planner::{make, pruning, read_text};

/// Shows what would make the live policies as a file says.
pub async fn run(cx: &Context, args: args::Plan) -> Result<()> {
    if matches!(cx.output.format, Format::Csv | Format::Id) {
        return Err(
            Error::usage("a plan is not available as csv, tsv or id").hint("use `-o table`, `json`, `jsonl` or `yaml`")
        );
    }
    let cloud = Cloud::of(cx)?;
    let at = pruning(cx, cloud, &args.prune)?;
    let file = read_text(cx, &args.file).await?;
    let made = make(cx, cloud, &file, at).await?;
    made.notes.iter().for_each(|note| cx.ui.warn(note));
    if args.prune.prune {
        made.refuse_blocked()?;
    }
    made.warn_blocked(cx);
    match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            let value = document(&made.plan)?;
            cx.ui.print(|out| crate::view::structured(&cx.output, &value, out))?;
        }
        _ => print(cx, &made.plan)?,
    }
    if args.detailed_exitcode && !made.plan.steps.is_empty() {
        Err(Error::found(format!("the live policies differ from the file: {}", summary(&made.plan)))
            .hint("`bpctl apply` with the same arguments makes these changes"))
    } else {
        Ok(())
    }
}

fn document(plan: &Plan) -> Result<Value> {
    serde_json::to_value(plan).map_err(|error| Error::invalid_response(error.to_string()))
}

fn print(cx: &Context, plan: &Plan) -> Result<()> {
    cx.ui.print_words(|out| {
        for line in lines(plan, &cx.output.times) {
            let line = crate::text::escape(&line).into_owned();
            let color = match (cx.output.has_color, line.as_bytes().first()) {
                (true, Some(b'+')) => "32",
                (true, Some(b'~')) => "33",
                (true, Some(b'-')) => "31",
                _ => "",
            };
            match color {
                "" => writeln!(out, "{line}")?,
                color => writeln!(out, "\x1b[{color}m{line}\x1b[0m")?,
            }
        }
        writeln!(out, "{}", summary(plan))
    })
}
