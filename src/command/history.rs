//! `bpctl history`

use crate::args::History;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::{Flow, Walk};
use crate::journal::Recorded;
use crate::katapult;
use crate::model::Object;
use crate::onapp;
use crate::ops::rows::Rows;
use crate::view::Change;

/// Lists the changes, or shows one.
pub fn run(cx: &Context, args: &History) -> Result<()> {
    if args.path {
        let journal = cx.journal()?;
        return cx.ui.print(|out| writeln!(out, "{}", journal.path().display()));
    }
    if let Some(number) = args.number {
        return cx.show(object(find(cx, number)?));
    }
    let mut rows = Rows::begin(cx)?;
    for recorded in changes(cx)? {
        if matches!(rows.page(vec![object(recorded?)])?, Flow::Enough) {
            break;
        }
    }
    rows.end(Walk::default(), "recorded")
}

/// Returns the changes, the newest first, and warns at the end of those that cannot be read.
pub fn changes(cx: &Context) -> Result<impl Iterator<Item = Result<Recorded>>> {
    let mut recent = cx.journal()?.recent().map_err(|error| Error::io("the journal", &error))?;
    Ok(std::iter::from_fn(move || {
        let next = recent.next();
        if next.is_none() {
            recent.warning().iter().for_each(|warning| cx.ui.warn(warning));
        }
        next.map(|read| read.map_err(|error| Error::io("the journal", &error)))
    }))
}

/// Finds a change by its number.
pub fn find(cx: &Context, number: u64) -> Result<Recorded> {
    let found = cx.journal()?.find(number).map_err(|error| Error::io("the journal", &error))?;
    found.ok_or_else(|| {
        Error::new(Exit::NotFound, "not_found", format!("change {number} is not in the journal"))
            .hint("`bpctl history` lists the changes")
    })
}

fn object(recorded: Recorded) -> Object<Change> {
    let raw = recorded.to_json();
    let convert = match raw["provider"].as_str() {
        Some("onapp") => onapp::policy,
        _ => katapult::policy,
    };
    let [wanted, before, after] = ["wanted", "before", "after"].map(|name| convert(&raw[name]));
    Object { model: Change::new(recorded, wanted, before, after), raw }
}
