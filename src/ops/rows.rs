//! Passes rows to the listing as pages arrive, and prints a note if the list is empty or was cut.

use serde::Serialize;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Flow, Walk};
use crate::model::Object;
use crate::ui::Bar;
use crate::view::{Listing, Resource};

/// A list that a command fills.
pub struct Rows<'a, T: Resource> {
    cx: &'a Context,
    listing: Listing<'a, T>,
    /// Where several profiles are listed, the rows wait for those of the others.
    kept: Vec<Object<T>>,
    /// Whether `--limit` left rows out.
    is_cut: bool,
    bar: Bar,
}

impl<'a, T: Resource> Rows<'a, T> {
    /// Begins a list; a bad column is found before any request. `--columns` without a value ends the command here.
    pub fn begin(cx: &'a Context) -> Result<Self> {
        cx.answer_bare_columns::<T>()?;
        let bar = cx.ui.progress(&format!("reading {}", T::PLURAL));
        Ok(Self { cx, listing: cx.listing()?, kept: Vec::new(), is_cut: false, bar })
    }

    /// Begins a list of what was written: `--filter` chose that, and may not hold any more.
    ///
    /// # Errors
    /// Those of [`Rows::begin`].
    pub fn begin_results(cx: &'a Context) -> Result<Self> {
        cx.answer_bare_columns::<T>()?;
        let listing = Listing::of_results(&cx.output).map_err(Error::usage)?;
        Ok(Self { cx, listing, kept: Vec::new(), is_cut: false, bar: cx.ui.progress("printing") })
    }

    /// Changes the columns of the table, unless others were named: adds some of `wide`, leaves others out.
    #[must_use]
    pub fn with_columns(self, added: &[&str], left_out: &[&str]) -> Self {
        Self { listing: self.listing.with_columns(added, left_out), ..self }
    }

    /// Leaves columns out of tables, wide ones as well, unless they were named.
    #[must_use]
    pub fn without(self, names: &[&str]) -> Self {
        Self { listing: self.listing.without(names), ..self }
    }

    /// The first of `names` by which rows are chosen or sorted.
    pub fn depends_on(&self, names: &[&str]) -> Option<&'static str> {
        self.listing.depends_on(names)
    }

    /// Takes the rows of a page.
    pub fn page(&mut self, rows: Vec<Object<T>>) -> Result<Flow> {
        self.bar.step(rows.len());
        for row in rows {
            if !self.listing.accepts(&row.model) {
                continue;
            }
            if self.flow() == Flow::Enough {
                self.is_cut = true;
                return Ok(Flow::Enough);
            }
            if self.cx.gathering.is_some() {
                self.kept.push(row);
            } else {
                self.cx.ui.print(|out| self.listing.push(row, out).map(drop))?;
            }
        }
        if self.cx.output.format == Format::Jsonl {
            self.cx.ui.flush()?;
        }
        Ok(self.flow())
    }

    fn count(&self) -> usize {
        if self.cx.gathering.is_some() { self.kept.len() } else { self.listing.count() }
    }

    /// How many more rows are wanted. A sorted list needs them all, and which pages a filter lets through is not known.
    fn flow(&self) -> Flow {
        let output = &self.cx.output;
        match output.limit.filter(|_| output.sort.is_none()) {
            None => Flow::More,
            Some(limit) if self.count() >= limit => Flow::Enough,
            Some(_) if !output.filters.is_empty() => Flow::More,
            Some(limit) => Flow::UpTo(limit - self.count()),
        }
    }

    /// Ends the list. `of` says what it is a list of, for the note about an empty one.
    pub fn end(self, walk: Walk, of: &str) -> Result<()> {
        let cx = self.cx;
        let is_people = matches!(cx.output.format, Format::Table | Format::Wide);
        if self.count() == 0 && !self.is_cut && is_people {
            let matching = if cx.output.filters.is_empty() { "" } else { " that match the filter" };
            cx.ui.note(&format!("no {} {of}{matching}", T::PLURAL));
        }
        self.end_noted(walk)
    }

    /// Ends the list where a note has said already that it is empty.
    ///
    /// # Errors
    /// Standard output's.
    pub fn end_noted(self, walk: Walk) -> Result<()> {
        let (cx, count) = (self.cx, self.count());
        if let Some(gap) = walk.gap {
            cx.ui.warn(&format!("{}; try again", gap.describe(T::PLURAL)));
        }
        let limit = cx.output.limit.filter(|limit| self.is_cut || walk.has_more || count > *limit);
        match &cx.gathering {
            // What was left out of several profiles is said once, of all.
            Some(gathering) => {
                *gathering.borrow_mut() = Some(Box::new((self.kept, limit.is_some())));
                return Ok(());
            }
            None => finish(cx, self.listing)?,
        }
        limit.map_or(Ok(()), |limit| note_limit(cx, limit))
    }
}

/// Says that `--limit` left rows out.
pub fn note_limit(cx: &Context, limit: usize) -> Result<()> {
    cx.ui.flush()?;
    let plural = if limit == 1 { "" } else { "s" };
    cx.ui.note(&format!("stopped after {limit} row{plural}; there are more (`--limit`)"));
    Ok(())
}

/// Writes a listing, and notes what the terminal was too narrow for.
pub fn finish<T: Resource>(cx: &Context, listing: Listing<'_, T>) -> Result<()> {
    let mut note = None;
    cx.ui.print(|out| listing.finish(out).map(|sentence| note = sentence))?;
    if let Some(sentence) = note {
        // The table comes first.
        cx.ui.flush()?;
        cx.ui.note(&sentence);
    }
    Ok(())
}

/// Prints things of our own as a list.
pub fn print_list<T: Resource + Serialize>(mut rows: Rows<'_, T>, things: Vec<T>, of: &str) -> Result<()> {
    rows.page(things.into_iter().map(to_object).collect::<Result<_>>()?)?;
    rows.end(Walk::default(), of)
}

/// Returns a thing of our own as an API's object would be.
pub fn to_object<T: Serialize>(model: T) -> Result<Object<T>> {
    let raw = serde_json::to_value(&model).map_err(|error| Error::invalid_response(error.to_string()))?;
    Ok(Object { raw, model })
}
