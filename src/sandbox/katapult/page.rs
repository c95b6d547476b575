//! Cuts a collection into pages, with the pagination object as recorded.
//!
//! Does not sort: items keep the order in which the world has them.

use serde_json::{Value, json};

use super::arguments::{Arguments, Given, Issue, invalid};
use crate::sandbox::reply::Refusal;

const DEFAULT_SIZE: usize = 30;

/// The framework's maximum, which an endpoint may raise.
const MAX_SIZE: usize = 200;

/// How collections are cut.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Paging {
    /// Larger collections hide their totals.
    pub(in crate::sandbox) large_set_over: usize,
}

/// The page of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    number: usize,
    size: usize,
    large_set_over: usize,
}

impl Paging {
    pub(super) fn page(self, arguments: &Arguments<'_>) -> Result<Page, Refusal> {
        Ok(Page {
            number: positive(arguments, "page", 1, usize::MAX)?,
            size: positive(arguments, "per_page", DEFAULT_SIZE, MAX_SIZE)?,
            large_set_over: self.large_set_over,
        })
    }
}

fn positive(arguments: &Arguments<'_>, name: &'static str, default: usize, max: usize) -> Result<usize, Refusal> {
    let number = match arguments.integer(name)? {
        Given::Absent => return Ok(default),
        // The framework compares it with a number, and raises an exception.
        Given::Null => return Err(Refusal::unhandled()),
        Given::Value(number) => number,
    };
    match usize::try_from(number) {
        Ok(number) if number > max => {
            // Named for a hundred, but the maximum is another.
            Err(invalid(&[name], Issue::ValidationErrors(&["less_than_or_equal_to_one_hundred"])))
        }
        Ok(number) if number > 0 => Ok(number),
        _ => Err(invalid(&[name], Issue::ValidationErrors(&["greater_than_zero"]))),
    }
}

impl Page {
    /// Answers with this page of `items` under `key`.
    pub(super) fn answer<T>(
        self,
        key: &str,
        items: &[T],
        shape: impl Fn(&T) -> Result<Value, Refusal>,
    ) -> Result<Value, Refusal> {
        let from = (self.number - 1).saturating_mul(self.size).min(items.len());
        let to = from.saturating_add(self.size).min(items.len());
        let shown = items[from..to].iter().map(shape).collect::<Result<Vec<Value>, Refusal>>()?;
        Ok(json!({ "pagination": self.describe(items.len()), key: shown }))
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
