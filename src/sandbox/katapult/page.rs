//! Cuts a collection into pages, with the pagination object as recorded.
//!
//! Does not sort: the order is that of the world.

use serde_json::{Value, json};

use super::lookup::{Arguments, VALIDATION_ERRORS, integer, invalid};
use crate::sandbox::reply::Refusal;

const DEFAULT_SIZE: usize = 30;

/// How collections are cut.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Paging {
    /// Larger collections hide their totals.
    pub(in crate::sandbox) large_set_over: usize,
}

/// A page that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    number: usize,
    size: usize,
    large_set_over: usize,
}

impl Paging {
    /// Reads `page` and `per_page`.
    pub(super) fn page(self, arguments: Arguments<'_>) -> Result<Page, Refusal> {
        Ok(Page {
            number: positive(arguments, "page", 1)?,
            // No maximum is known: 200 was echoed unchanged (recorded).
            size: positive(arguments, "per_page", DEFAULT_SIZE)?,
            large_set_over: self.large_set_over,
        })
    }
}

fn positive(arguments: Arguments<'_>, name: &str, default: usize) -> Result<usize, Refusal> {
    let Some(number) = integer(arguments.values, &[name])? else {
        return Ok(default);
    };
    match usize::try_from(number) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(invalid(&[name], &VALIDATION_ERRORS, &["greater_than_zero"])),
    }
}

impl Page {
    /// Answers with this page of `items` under `key`.
    pub(super) fn answer<T>(self, key: &str, items: &[T], shape: impl Fn(&T) -> Value) -> Value {
        let from = (self.number - 1).saturating_mul(self.size).min(items.len());
        let to = from.saturating_add(self.size).min(items.len());
        let shown: Vec<Value> = items[from..to].iter().map(shape).collect();
        json!({ "pagination": self.describe(items.len()), key: shown })
    }

    fn describe(self, total: usize) -> Value {
        let large = total > self.large_set_over;
        // An empty collection has no page at all: `total_pages` is 0 (recorded).
        let pages = total.div_ceil(self.size);
        json!({
            "current_page": self.number,
            "total_pages": (!large).then_some(pages),
            "total": (!large).then_some(total),
            "per_page": self.size,
            "large_set": large,
        })
    }
}
