//! Walking through the pages of a list: side by side, handed on in order, and never forever.
//!
//! The laws: an item is handed on once; an empty page is the last, and so is a short one where the number of pages is
//! not known; a few pages of nothing but repeats are passed over; whatever the server claims, there is an upper bound.

use std::collections::HashSet;
use std::future::Future;

use futures_util::stream::{FuturesOrdered, StreamExt};
use serde_json::Value;

use crate::error::{Error, Result};

/// Rows asked for with one request. The cap of the API is not known; 100 and 200 are recorded as accepted.
pub const PER_PAGE: u64 = 100;
/// Pages read at the most, whatever the server says.
const MAX_PAGES: u64 = 2_000;
/// Pages one after the other that hold nothing new, and yet are no end: rows that were added at the front of a list
/// push others to its next page. More are a server that repeats itself.
const MAX_REPEATS: u32 = 3;

/// What a page says of the whole list.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageInfo {
    /// Pages in all; null for large sets.
    pub total_pages: Option<u64>,
    /// Rows in all; null for large sets.
    pub total: Option<u64>,
    /// Rows a page, as the server understood it.
    pub per_page: Option<u64>,
}

/// One page.
#[derive(Debug)]
pub struct Page {
    /// Its rows.
    pub rows: Vec<Value>,
    /// What it says of the list.
    pub info: PageInfo,
}

/// Whether more rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// Go on; so many more rows are wanted at the most.
    UpTo(usize),
    /// That is enough.
    Enough,
}

impl Flow {
    /// Counts the pages that are worth asking for, at least one.
    fn pages(self, rows_a_page: u64) -> usize {
        match self {
            Self::More => usize::MAX,
            Self::UpTo(rows) => rows.div_ceil(usize::try_from(rows_a_page).unwrap_or(usize::MAX).max(1)).max(1),
            Self::Enough => 0,
        }
    }
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    /// Rows the server said there are, where the pages held fewer.
    pub missing_of: Option<(u64, u64)>,
}

/// Walks through all pages: `fetch` gets page numbers from 1, `each` gets the new rows of every page in order.
///
/// # Errors
/// Those of `fetch` and `each`, and a list without end.
pub async fn walk<F, Fut>(
    concurrency: usize,
    fetch: F,
    key: fn(&Value) -> Option<&str>,
    mut each: impl FnMut(Vec<Value>) -> Result<Flow>,
) -> Result<Walk>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page>>,
{
    let mut seen = Seen::new(key);
    let first = fetch(1).await?;
    let rows_a_page = first.info.per_page.filter(|size| *size > 0).unwrap_or(PER_PAGE);
    let first_count = first.rows.len() as u64;
    let mut total = first.info.total;
    let known_pages = first.info.total_pages;
    let mut flow = each(seen.only_new(first.rows))?;
    if flow == Flow::Enough {
        return Ok(Walk::default());
    }
    let mut repeats = 0;
    let last = match known_pages {
        Some(pages) => pages,
        None if first_count < rows_a_page => 1,
        None => u64::MAX,
    };
    let mut numbers = 2..=last.min(MAX_PAGES);
    // Where the end is not known, few pages are asked for on trust, then more with every full one.
    let mut most_ahead = if known_pages.is_some() { concurrency.max(1) } else { 1 };
    let mut ahead = FuturesOrdered::new();
    loop {
        let room = flow.pages(rows_a_page.min(first_count)).min(most_ahead).saturating_sub(ahead.len());
        ahead.extend(numbers.by_ref().take(room).map(&fetch));
        let Some(page) = ahead.next().await else {
            break;
        };
        let page = page?;
        let count = page.rows.len() as u64;
        total = page.info.total.or(total);
        let new = seen.only_new(page.rows);
        repeats = if new.is_empty() { repeats + 1 } else { 0 };
        flow = each(new)?;
        if flow == Flow::Enough {
            return Ok(Walk::default());
        }
        if count == 0 || repeats > MAX_REPEATS || (known_pages.is_none() && count < rows_a_page) {
            return Ok(seen.account(total));
        }
        most_ahead = (most_ahead * 2).min(concurrency.max(1));
    }
    match last > MAX_PAGES {
        true => Err(Error::invalid_response(format!("the list has no end: stopped after {MAX_PAGES} pages"))),
        false => Ok(seen.account(total)),
    }
}

/// Remembers which items were handed on.
struct Seen {
    key: fn(&Value) -> Option<&str>,
    ids: HashSet<String>,
    rows: u64,
}

impl Seen {
    fn new(key: fn(&Value) -> Option<&str>) -> Self {
        Self { key, ids: HashSet::new(), rows: 0 }
    }

    fn only_new(&mut self, mut rows: Vec<Value>) -> Vec<Value> {
        rows.retain(|row| match (self.key)(row) {
            Some(id) => self.ids.insert(id.to_owned()),
            None => true,
        });
        self.rows += rows.len() as u64;
        rows
    }

    fn account(&self, total: Option<u64>) -> Walk {
        Walk { missing_of: total.filter(|total| *total > self.rows).map(|total| (total - self.rows, total)) }
    }
}
