//! `bpctl history`

use crate::args::History;
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Walk;
use crate::journal::{self, Entry};
use crate::model::Object;
use crate::ops::rows::Rows;

/// Lists the changes, or shows one.
pub fn run(cx: &Context, args: &History) -> Result<()> {
    let journal = cx.journal()?;
    if args.path {
        return cx.ui.print(|out| writeln!(out, "{}", journal.path().display()));
    }
    let entries = entries(cx)?;
    if let Some(number) = args.number {
        return cx.show(object(find(entries, number)?));
    }
    let mut rows = Rows::begin(cx)?;
    rows.page(entries.into_iter().map(object).collect())?;
    rows.end(Walk::default(), "recorded")
}

/// Reads the journal, with a word about what cannot be read.
///
/// # Errors
/// The file cannot be read.
pub fn read(cx: &Context) -> Result<journal::History> {
    let journal = cx.journal()?;
    let history = journal.history().map_err(|error| Error::io(&journal.path().display().to_string(), &error))?;
    history.warnings.iter().for_each(|warning| cx.ui.warn(warning));
    Ok(history)
}

/// Reads the changes alone, oldest first.
///
/// # Errors
/// The file cannot be read.
pub fn entries(cx: &Context) -> Result<Vec<Entry>> {
    Ok(read(cx)?.entries)
}

/// Finds a change by its number.
///
/// # Errors
/// There is none.
pub fn find(entries: Vec<Entry>, number: u64) -> Result<Entry> {
    entries.into_iter().find(|entry| entry.number == number).ok_or_else(|| {
        Error::new(Exit::NotFound, "not_found", format!("there is no change {number} in the journal"))
            .hint("`bpctl history` lists the changes")
    })
}

fn object(entry: Entry) -> Object<Entry> {
    // An entry is plain data: it always has a JSON form.
    let raw = serde_json::to_value(&entry).unwrap_or_default();
    Object { model: entry, raw }
}
