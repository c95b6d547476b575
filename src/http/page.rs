//! Reading the pages of a list: side by side, passed on in order, and never without end.
//!
//! An item is passed on once. The end is the last page, as the latest answer counts them, or an empty page where the
//! server does not count. Any other end (repeats, fewer rows than counted), and any sign that a list without a count
//! moved while it was read, is a [`Gap`] that the caller can see.

use std::collections::HashSet;
use std::future::Future;

use futures_util::stream::{FuturesOrdered, StreamExt};
use serde_json::Value;

use crate::error::{Error, Result};

/// Rows asked for with one request. The API accepts up to 200, and 100 on every endpoint (recorded).
pub const PER_PAGE: u64 = 100;
/// The most pages that are read, whatever the server says.
const MAX_PAGES: u64 = 2_000;
/// The most consecutive pages of nothing but repeats that are skipped: rows that were added at the front of a list push
/// others to its next page. More than that is a server that repeats itself.
const MAX_REPEATS: u32 = 3;

/// What a page says about the whole list.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageInfo {
    /// Pages in all; null for large sets.
    pub total_pages: Option<u64>,
    /// Rows in all; null for large sets.
    pub total: Option<u64>,
    /// Rows a page, as the server understood it; null where the list has no pages.
    pub per_page: Option<u64>,
}

#[derive(Debug)]
pub struct Page {
    pub rows: Vec<Value>,
    /// What it says about the list.
    pub info: PageInfo,
}

/// Whether more rows are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    More,
    /// Go on; at most this many more rows are wanted.
    UpTo(usize),
    /// That is enough.
    Enough,
}

impl Flow {
    /// The number of pages worth asking for, at least one.
    fn pages(self, rows_a_page: u64) -> usize {
        match self {
            Self::More => usize::MAX,
            Self::UpTo(rows) => rows.div_ceil(usize::try_from(rows_a_page).unwrap_or(usize::MAX).max(1)).max(1),
            Self::Enough => 0,
        }
    }
}

/// What became of a list.
#[derive(Clone, Copy, Debug, Default)]
pub struct Walk {
    /// Why rows may be missing.
    pub gap: Option<Gap>,
    /// Whether reading was ended before the list was.
    pub has_more: bool,
}

/// Why a list may lack rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The server counted more rows than its pages held.
    Missing {
        /// Rows that were returned.
        returned: u64,
        /// Rows that the server counted.
        total: u64,
    },
    /// The end was not seen: the server repeated pages instead of ending the list.
    NoEnd,
    /// Rows moved to other pages while the list was read, and the server does not count them.
    Moved,
}

impl Gap {
    /// Describes the gap in a list of `plural`.
    pub fn describe(&self, plural: &str) -> String {
        match self {
            Self::Missing { returned, total } => format!("the API reported {total} {plural} but returned {returned}"),
            Self::NoEnd => format!("the API repeated its pages of {plural}, so some may be missing"),
            Self::Moved => format!("the list of {plural} changed while it was read, so some may be missing"),
        }
    }
}

impl Walk {
    /// The walk through a list whose server counts `total` rows and returned this many.
    pub fn counted(returned: u64, total: Option<u64>) -> Self {
        let gap = |total| Gap::Missing { returned, total };
        Self { gap: total.filter(|total| *total > returned).map(gap), has_more: false }
    }

    /// The walk that was ended after `returned` rows, since no more were wanted.
    pub fn stopped(returned: u64, total: Option<u64>) -> Self {
        Self { gap: None, has_more: total.is_some_and(|total| total > returned) }
    }

    /// Refuses a list that may be incomplete.
    ///
    /// # Errors
    /// `invalid_response`, saying why.
    pub fn refuse_gap(&self, plural: &str) -> Result<()> {
        match self.gap {
            None => Ok(()),
            Some(gap) => Err(Error::invalid_response(format!("incomplete: {}", gap.describe(plural)))
                .hint("nothing was sent; try again")),
        }
    }
}

/// Reads all pages: `fetch` gets page numbers from 1, `each` gets the new rows of every page in order.
///
/// # Errors
/// Those of `fetch` and `each`, and a list without end.
pub async fn walk<F, Fut>(
    concurrency: usize,
    fetch: F,
    key: fn(&Value) -> Option<&str>,
    each: impl FnMut(Vec<Value>) -> Result<Flow>,
) -> Result<Walk>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page>>,
{
    let first = fetch(1).await?;
    follow(first, concurrency, &fetch, key, each).await
}

/// Reads a whole list on which a write or an export is based. Where the server does not count its rows, the pages are
/// read one after the other, so that rows which are added in front lose none; a list that moved is read a second time.
///
/// # Errors
/// Those of `fetch`, and a list without end.
pub async fn read_carefully<F, Fut>(
    concurrency: usize,
    fetch: F,
    key: fn(&Value) -> Option<&str>,
) -> Result<(Vec<Value>, Walk)>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page>>,
{
    let mut is_second = false;
    loop {
        let first = fetch(1).await?;
        let concurrency = if first.info.total.is_some() { concurrency } else { 1 };
        let mut all = Vec::new();
        let walk = follow(first, concurrency, &fetch, key, |rows| {
            all.extend(rows);
            Ok(Flow::More)
        })
        .await?;
        if walk.gap.is_none() || is_second {
            return Ok((all, walk));
        }
        is_second = true;
    }
}

/// Reads the pages after the first.
async fn follow<F, Fut>(
    first: Page,
    concurrency: usize,
    fetch: &F,
    key: fn(&Value) -> Option<&str>,
    mut each: impl FnMut(Vec<Value>) -> Result<Flow>,
) -> Result<Walk>
where
    F: Fn(u64) -> Fut,
    Fut: Future<Output = Result<Page>>,
{
    let rows_a_page = first.info.per_page.filter(|size| *size > 0).unwrap_or(PER_PAGE);
    let first_count = first.rows.len() as u64;
    let has_pages = first.info.per_page.is_some() || first_count >= rows_a_page;
    let concurrency = concurrency.max(1);
    let mut state = State::new(key);
    let mut flow = each(state.take(first))?;
    if first_count == 0 || !has_pages && state.pages.is_none() {
        return Ok(state.end(false));
    }
    // Where the number of pages is not known, few are asked for at first, then more with every one that has rows.
    let mut max_ahead = if state.pages.is_some() { concurrency } else { 1 };
    let mut ahead = FuturesOrdered::new();
    let mut next = 2;
    while flow != Flow::Enough {
        let wanted = flow.pages(rows_a_page.min(first_count)).min(max_ahead);
        while ahead.len() < wanted && next <= state.pages.unwrap_or(u64::MAX).min(MAX_PAGES) {
            ahead.push_back(fetch(next));
            next += 1;
        }
        let Some(page) = ahead.next().await else {
            return if state.pages.is_none_or(|pages| pages > MAX_PAGES) {
                Err(Error::invalid_response(format!("the list has no end: stopped after {MAX_PAGES} pages")))
            } else {
                Ok(state.end(false))
            };
        };
        let page = page?;
        let is_empty = page.rows.is_empty();
        flow = each(state.take(page))?;
        if flow != Flow::Enough && (is_empty || state.repeats > MAX_REPEATS) {
            return Ok(state.end(!is_empty));
        }
        max_ahead = (max_ahead * 2).min(concurrency);
    }
    Ok(Walk::stopped(state.rows, state.total))
}

/// What the pages so far held and said.
struct State {
    key: fn(&Value) -> Option<&str>,
    ids: HashSet<String>,
    rows: u64,
    /// Pages in all; a list that grows has more in later answers.
    pages: Option<u64>,
    /// Rows in all, the most that any page said: a list that shrinks while it is read may lose one.
    total: Option<u64>,
    /// Pages in a row that held nothing new.
    repeats: u32,
    has_moved: bool,
}

impl State {
    fn new(key: fn(&Value) -> Option<&str>) -> Self {
        Self { key, ids: HashSet::new(), rows: 0, pages: None, total: None, repeats: 0, has_moved: false }
    }

    /// Takes a page into account, and returns its new rows.
    fn take(&mut self, page: Page) -> Vec<Value> {
        self.pages = self.pages.max(page.info.total_pages);
        self.total = self.total.max(page.info.total);
        let mut rows = page.rows;
        let count = rows.len();
        rows.retain(|row| (self.key)(row).is_none_or(|id| self.ids.insert(id.to_owned())));
        self.has_moved |= rows.len() < count;
        self.repeats = if rows.is_empty() { self.repeats + 1 } else { 0 };
        self.rows += rows.len() as u64;
        rows
    }

    fn end(&self, is_repeating: bool) -> Walk {
        let walk = Walk::counted(self.rows, self.total);
        let unseen = match self.total {
            Some(_) => None,
            None if is_repeating => Some(Gap::NoEnd),
            None => self.has_moved.then_some(Gap::Moved),
        };
        Walk { gap: walk.gap.or(unseen), has_more: false }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A list of three rows a page that changes while it is read.
    struct Moving {
        rows: RefCell<Vec<u64>>,
        /// What happens to the list before each request: nothing, or a row is added in front, or the first is removed.
        changes: RefCell<Vec<Change>>,
        /// How often each request is overtaken by others.
        delays: RefCell<Vec<u8>>,
        counts_rows: bool,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Change {
        None,
        Add,
        Remove,
    }

    const SIZE: usize = 3;

    impl Moving {
        async fn fetch(&self, number: u64) -> Result<Page> {
            let delay = self.delays.borrow_mut().pop().unwrap_or(0);
            for _ in 0..delay {
                tokio::task::yield_now().await;
            }
            let mut rows = self.rows.borrow_mut();
            match self.changes.borrow_mut().pop().unwrap_or(Change::None) {
                Change::Add => {
                    let new = 1_000 + rows.len() as u64;
                    rows.insert(0, new);
                }
                Change::Remove if !rows.is_empty() => drop(rows.remove(0)),
                _ => {}
            }
            let from = usize::try_from(number - 1).unwrap() * SIZE;
            let total = self.counts_rows.then_some(rows.len() as u64);
            let info = PageInfo {
                total,
                total_pages: total.map(|total| total.div_ceil(SIZE as u64)),
                per_page: Some(SIZE as u64),
            };
            let rows = rows.iter().skip(from).take(SIZE).map(|id| json!({"id": id.to_string()})).collect();
            Ok(Page { rows, info })
        }
    }

    fn id(row: &Value) -> Option<&str> {
        row["id"].as_str()
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn read(list: &Moving, concurrency: usize) -> (Vec<u64>, Walk) {
        let mut all = Vec::new();
        let walk = run(walk(
            concurrency,
            |number| list.fetch(number),
            id,
            |rows| {
                all.extend(rows);
                Ok(Flow::More)
            },
        ));
        (numbers(&all), walk.unwrap())
    }

    fn numbers(rows: &[Value]) -> Vec<u64> {
        rows.iter().map(|row| id(row).unwrap().parse().unwrap()).collect()
    }

    fn moving(count: usize, changes: Vec<Change>, delays: Vec<u8>, counts_rows: bool) -> Moving {
        let rows = RefCell::new((0..count as u64).collect());
        Moving { rows, changes: RefCell::new(changes), delays: RefCell::new(delays), counts_rows }
    }

    /// Whether the list has all rows that existed the whole time.
    fn is_whole(read: &[u64], before: usize, after: &[u64]) -> bool {
        let read: BTreeSet<_> = read.iter().collect();
        after.iter().filter(|row| **row < before as u64).all(|row| read.contains(row))
    }

    #[test]
    fn a_list_that_stands_still_is_read_whole() {
        for count in 0..20 {
            for counts_rows in [false, true] {
                let (rows, walk) = read(&moving(count, Vec::new(), Vec::new(), counts_rows), 4);
                assert_eq!((rows, walk.gap), ((0..count as u64).collect(), None), "{count} {counts_rows}");
            }
        }
    }

    #[test]
    fn a_growing_number_of_pages_is_followed() {
        // Before the second page is read, a row is added in front: the last one moves to a third page.
        let (rows, _) = read(&moving(6, vec![Change::Add, Change::None], Vec::new(), true), 1);
        assert_eq!(rows, [0, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_server_that_repeats_its_pages_leaves_a_gap() {
        let pages = |per_page, total: Option<u64>| PageInfo { per_page, total, total_pages: total.map(|_| 3) };
        for (info, gap) in [
            (pages(Some(3), None), Some(Gap::NoEnd)),
            (pages(Some(100), None), Some(Gap::NoEnd)),
            (pages(Some(3), Some(9)), Some(Gap::Missing { returned: 3, total: 9 })),
            // A list without pages is whole.
            (pages(None, None), None),
        ] {
            let rows: Vec<_> = (0..3).map(|id| json!({"id": id.to_string()})).collect();
            let fetch = |_| std::future::ready(Ok(Page { rows: rows.clone(), info }));
            let walk = run(walk(4, fetch, id, |_| Ok(Flow::More))).unwrap();
            assert_eq!(walk.gap, gap, "{info:?}");
        }
    }

    #[test]
    fn a_list_that_moved_is_read_again() {
        let changes = vec![Change::Add, Change::None];
        let list = moving(12, changes, Vec::new(), false);
        let (rows, walk) = run(read_carefully(4, |number| list.fetch(number), id)).unwrap();
        assert_eq!((rows.len(), walk.gap), (13, None));
        let restless = moving(12, vec![Change::Add; 100], Vec::new(), false);
        let (_, walk) = run(read_carefully(4, |number| restless.fetch(number), id)).unwrap();
        assert_eq!(walk.gap, Some(Gap::Moved));
    }

    fn changes(change: Change) -> impl Strategy<Value = Vec<Change>> {
        proptest::collection::vec(prop_oneof![3 => Just(Change::None), 1 => Just(change)], 0..12)
    }

    proptest! {
        /// A row that was there the whole time is read, or the walk says that rows may be missing. A list without a
        /// count that only shrinks gives no sign of it, and is left out.
        #[test]
        fn a_lost_row_is_a_gap(
            count in 0..30_usize,
            changes in prop_oneof![changes(Change::Add), changes(Change::Remove)],
            delays in proptest::collection::vec(0..6_u8, 0..12),
            counts_rows in any::<bool>(),
            concurrency in 1..7_usize,
        ) {
            prop_assume!(counts_rows || !changes.contains(&Change::Remove));
            let list = moving(count, changes, delays, counts_rows);
            let (rows, walk) = read(&list, concurrency);
            let after = list.rows.borrow().clone();
            prop_assert!(walk.gap.is_some() || is_whole(&rows, count, &after), "{rows:?} of {after:?}");
            prop_assert_eq!(rows.len(), rows.iter().collect::<BTreeSet<_>>().len());
        }

        /// Read one page after the other, a list that only grows loses none of its old rows.
        #[test]
        fn pages_that_are_read_in_order_lose_no_old_row(count in 0..30_usize, changes in changes(Change::Add)) {
            let list = moving(count, changes, Vec::new(), false);
            let (rows, _) = run(read_carefully(6, |number| list.fetch(number), id)).unwrap();
            let after = list.rows.borrow().clone();
            prop_assert!(is_whole(&numbers(&rows), count, &after), "{rows:?} of {after:?}");
        }
    }
}
