//! What every list does: rows to the listing as pages arrive, and a word where there is something to say.

use serde::Serialize;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Flow, Walk};
use crate::model::Object;
use crate::view::{Listing, Resource};

/// A list that a command fills.
pub struct Rows<'a, T: Resource> {
    cx: &'a Context,
    listing: Listing<'a, T>,
    /// Where several profiles are listed, the rows wait for those of the others.
    kept: Vec<Object<T>>,
}

impl<'a, T: Resource> Rows<'a, T> {
    /// Begins a list; a bad column is found before any request.
    ///
    /// # Errors
    /// `--columns` or `--sort` names a column that there is not.
    pub fn begin(cx: &'a Context) -> Result<Self> {
        Ok(Self { cx, listing: cx.listing()?, kept: Vec::new() })
    }

    /// Shows columns of `wide` in the table too, unless others were named.
    #[must_use]
    pub fn also(self, names: &[&str]) -> Self {
        Self { listing: self.listing.also(names), ..self }
    }

    /// Takes the rows of a page.
    ///
    /// # Errors
    /// Standard output's.
    pub fn page(&mut self, rows: Vec<Object<T>>) -> Result<Flow> {
        if self.cx.gathering.is_some() {
            self.kept.extend(rows);
            return Ok(self.flow(self.kept.len()));
        }
        for row in rows {
            let mut wants_more = true;
            self.cx.ui.print(|out| self.listing.push(row, out).map(|more| wants_more = more))?;
            if !wants_more {
                return Ok(Flow::Enough);
            }
        }
        if self.cx.output.format == Format::Jsonl {
            self.cx.ui.flush()?;
        }
        Ok(self.flow(self.listing.count()))
    }

    /// Tells how many more rows than `count` are wanted. A sorted list needs them all.
    fn flow(&self, count: usize) -> Flow {
        match self.cx.output.limit.filter(|_| self.cx.output.sort.is_none()) {
            None => Flow::More,
            Some(most) if count >= most => Flow::Enough,
            Some(most) => Flow::UpTo(most - count),
        }
    }

    /// Ends the list. `of` says what it is a list of, for the word about an empty one.
    ///
    /// # Errors
    /// Standard output's.
    pub fn end(self, walk: Walk, of: &str) -> Result<()> {
        let count = if self.cx.gathering.is_some() { self.kept.len() } else { self.listing.count() };
        if let Some(gap) = walk.gap {
            self.cx.ui.warn(&format!("{}; try again", gap.describe(T::PLURAL)));
        }
        if count == 0 && matches!(self.cx.output.format, Format::Table | Format::Wide) {
            self.cx.ui.note(&format!("no {} {of}", T::PLURAL));
        }
        match &self.cx.gathering {
            Some(gathering) => {
                *gathering.borrow_mut() = Some(Box::new(self.kept));
                Ok(())
            }
            None => self.cx.ui.print(|out| self.listing.finish(out)),
        }
    }
}

/// Prints things of our own as a list.
///
/// # Errors
/// Standard output's, or an unknown column.
pub fn print_list<T: Resource + Serialize>(mut rows: Rows<'_, T>, things: Vec<T>, of: &str) -> Result<()> {
    rows.page(things.into_iter().map(own).collect::<Result<_>>()?)?;
    rows.end(Walk::default(), of)
}

/// Gives a thing of our own as an API's object would be.
///
/// # Errors
/// It has no JSON; none of ours does.
pub fn own<T: Serialize>(model: T) -> Result<Object<T>> {
    let raw = serde_json::to_value(&model).map_err(|error| Error::invalid_response(error.to_string()))?;
    Ok(Object { raw, model })
}
