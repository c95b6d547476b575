//! `bpctl schema`

use clap::ValueEnum;

use crate::args::{Schema, SchemaOf};
use crate::context::Context;
use crate::error::Result;

/// Prints a schema, or the names of those there are.
pub fn run(cx: &Context, args: &Schema) -> Result<()> {
    match args.noun {
        Some(noun) => cx.ui.print(|out| out.write_all(text(noun).as_bytes())),
        None => cx.ui.print(|out| {
            let named = SchemaOf::value_variants().iter().filter_map(SchemaOf::to_possible_value);
            named.into_iter().try_for_each(|noun| writeln!(out, "{}", noun.get_name()))
        }),
    }
}

fn text(noun: SchemaOf) -> &'static str {
    match noun {
        SchemaOf::Calendar => include_str!("../../docs/schemas/calendar.json"),
        SchemaOf::Check => include_str!("../../docs/schemas/check.json"),
        SchemaOf::Coverage => include_str!("../../docs/schemas/coverage.json"),
        SchemaOf::Diff => include_str!("../../docs/schemas/diff.json"),
        SchemaOf::DryRun => include_str!("../../docs/schemas/dry-run.json"),
        SchemaOf::Error => include_str!("../../docs/schemas/error.json"),
        SchemaOf::History => include_str!("../../docs/schemas/history.json"),
        SchemaOf::Lint => include_str!("../../docs/schemas/lint.json"),
        SchemaOf::Plan => include_str!("../../docs/schemas/plan.json"),
        SchemaOf::Snapshot => include_str!("../../docs/schemas/snapshot.json"),
    }
}
