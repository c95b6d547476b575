//! One list of several profiles: they are read side by side, and each row says where it came from.

use std::cell::RefCell;

use futures_util::future::join_all;
use serde::Serialize;
use serde_json::json;

use crate::args::Format;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::Object;
use crate::ops::rows::{finish, note_limit, to_object};
use crate::ops::selection::is_nothing_selected;
use crate::text::escape;
use crate::view::{Listing, Resource};

/// What one profile gave.
pub struct Gathered<T> {
    pub name: String,
    pub rows: Vec<Object<T>>,
    /// Whether `--limit` left rows out.
    pub is_cut: bool,
    pub result: Result<()>,
}

/// Reads the profiles side by side; what they give comes in the order of the names.
pub async fn read_each<P>(
    cx: &Context,
    names: &[String],
    read: impl AsyncFn(&Context) -> Result<P>,
) -> Vec<(String, Result<P>)> {
    let each = names.iter().map(async |name| {
        let own = cx.on_profile(name);
        let read = read(&own).await.map_err(|error| own.name_connection(error));
        cx.ui.adopt(&own.ui);
        (name.clone(), read)
    });
    join_all(each).await
}

/// Reads the profiles with a command that leaves its rows in the context.
pub async fn list_each<T: 'static>(
    cx: &Context,
    names: &[String],
    list: impl AsyncFn(&Context) -> Result<()>,
) -> Vec<Gathered<T>> {
    let each = read_each(cx, names, async |own| {
        let result = list(own).await.map_err(|error| own.name_connection(error));
        let rows = own.gathering.as_ref().and_then(RefCell::take);
        let (rows, is_cut) = rows
            .and_then(|rows| rows.downcast::<(Vec<Object<T>>, bool)>().ok())
            .map_or_else(Default::default, |rows| *rows);
        Ok((rows, is_cut, result))
    });
    let gathered = each.await.into_iter().map(|(name, read)| match read {
        Ok((rows, is_cut, result)) => Gathered { name, rows, is_cut, result },
        Err(error) => Gathered { name, rows: Vec::new(), is_cut: false, result: Err(error) },
    });
    gathered.collect()
}

/// A list of several profiles, before anything is read: a bad column is found now.
///
/// # Errors
/// `--columns`, `--sort` or `--filter` cannot be read; or `--columns` without a value was answered.
pub fn begin<T: Resource>(cx: &Context) -> Result<Listing<'_, T>> {
    cx.answer_bare_columns::<T>()?;
    Listing::of_several(&cx.output).map_err(Error::usage)
}

/// Makes rows of things of our own, without those that `--filter` leaves out.
///
/// # Errors
/// One has no JSON; none of ours does.
pub fn rows<T: Resource + Serialize>(listing: &Listing<'_, T>, things: Vec<T>) -> Result<Vec<Object<T>>> {
    things.into_iter().filter(|thing| listing.accepts(thing)).map(to_object).collect()
}

/// Says that a profile has nothing, where a table is shown.
pub fn note_empty<T: Resource>(own: &Context, count: usize, of: &str) {
    if count == 0 && matches!(own.output.format, Format::Table | Format::Wide) {
        own.ui.note(&format!("no {} {of}", T::PLURAL));
    }
}

/// Ends a command whose result was written elsewhere.
///
/// # Errors
/// As [`print()`].
pub fn conclude<T>(gathered: Vec<Gathered<T>>) -> Result<()> {
    let mut ends = ProfileResults::default();
    for one in gathered {
        ends.add(&one.name, one.result);
    }
    ends.conclude()
}

/// Prints the list, with the lines of `totals` below a table.
///
/// # Errors
/// Exit 9 when some profiles failed, the first one's error when all did; exit 10 where a check found something.
pub fn print<T: Resource>(
    cx: &Context,
    mut listing: Listing<'_, T>,
    gathered: Vec<Gathered<T>>,
    totals: Vec<String>,
) -> Result<()> {
    let (mut offered, mut is_any_cut) = (0, false);
    let mut ends = ProfileResults::default();
    for Gathered { name, rows, is_cut, result } in gathered {
        if !ends.add(&name, result) {
            continue;
        }
        is_any_cut |= is_cut;
        offered += rows.len();
        cx.ui.print(|out| rows.into_iter().try_for_each(|row| listing.push_from(Some(&name), row, out).map(drop)))?;
    }
    if ends.is_any_shown {
        finish(cx, listing)?;
        if offered > 0 && cx.output.filters.is_empty() && matches!(cx.output.format, Format::Table | Format::Wide) {
            print_totals(cx, totals, &ends)?;
        }
        if let Some(limit) = cx.output.limit.filter(|limit| is_any_cut || offered > *limit) {
            note_limit(cx, limit)?;
        }
    }
    ends.conclude()
}

fn print_totals(cx: &Context, mut totals: Vec<String>, ends: &ProfileResults) -> Result<()> {
    if totals.is_empty() {
        return Ok(());
    }
    if !ends.failed.is_empty() {
        totals.push(format!("not counted in full: {}", ends.missing().join(", ")));
    }
    cx.ui.print(|out| {
        writeln!(out)?;
        totals.iter().try_for_each(|line| writeln!(out, "{}", escape(line)))
    })
}

/// How the profiles ended.
#[derive(Default)]
pub struct ProfileResults {
    done: Vec<String>,
    failed: Vec<(String, Error)>,
    found: Vec<(String, Error)>,
    /// Those without anything that is selected.
    without: Vec<(String, Error)>,
    is_any_shown: bool,
}

impl ProfileResults {
    /// Adds one, and returns whether there is something of it to show.
    pub fn add(&mut self, name: &str, result: Result<()>) -> bool {
        match result {
            // What there is of a source with gaps is shown as well.
            Err(error) if error.exit == Exit::Partly => self.failed.push((name.to_owned(), error)),
            Err(error) if is_nothing_selected(&error) => {
                self.without.push((name.to_owned(), error));
                return false;
            }
            Err(error) if error.exit != Exit::Found => {
                self.failed.push((name.to_owned(), error));
                return false;
            }
            checked => {
                self.found.extend(checked.err().map(|error| (name.to_owned(), error)));
                self.done.push(name.to_owned());
            }
        }
        self.is_any_shown = true;
        true
    }

    /// The profiles that failed, and why.
    pub fn failed(&self) -> &[(String, Error)] {
        &self.failed
    }

    fn missing(&self) -> Vec<String> {
        let name = |(name, error): &(String, Error)| match error.exit {
            Exit::Partly => format!("some of {name}"),
            _ => name.clone(),
        };
        self.failed.iter().map(name).collect()
    }

    /// Sums up.
    ///
    /// # Errors
    /// Exit 9 when some profiles failed, the first one's error when all did; exit 10 where a check found something.
    pub fn conclude(mut self) -> Result<()> {
        // That one profile has nothing of a selection is usual; that none has is an error.
        if self.done.is_empty() && !self.is_any_shown {
            self.failed.append(&mut self.without);
        }
        match (self.failed.is_empty(), self.found.is_empty()) {
            (true, true) => Ok(()),
            (true, false) => Err(self.findings()),
            (false, _) => Err(self.incomplete()),
        }
    }

    /// Sums up what a check found in each profile.
    fn findings(&self) -> Error {
        let words: Vec<String> = self.found.iter().map(|(name, error)| format!("{name}: {}", error.message)).collect();
        let hints = self.found.first().map_or_else(Vec::new, |(_, error)| error.hints.clone());
        Error { hints, ..Error::new(Exit::Found, code::FOUND, words.join("; ")) }
    }

    /// Builds the error of a list that lacks profiles.
    fn incomplete(&self) -> Error {
        let failed = &self.failed;
        let words: Vec<String> =
            failed.iter().map(|(name, error)| format!("{name}: {} ({})", error.message, error.code)).collect();
        let details: Vec<_> =
            failed.iter().map(|(name, error)| json!({"profile": name, "error": error.to_json()["error"]})).collect();
        let (exit, code, message) = match (!self.is_any_shown, failed.first()) {
            (true, Some((_, first))) => {
                (first.exit, first.code.clone(), format!("no profile could be read: {}", words.join("; ")))
            }
            _ => (Exit::Partly, code::PARTLY_DONE.into(), format!("the list is incomplete: {}", words.join("; "))),
        };
        let mut hints: Vec<String> = failed
            .iter()
            .flat_map(|(name, error)| error.hints.iter().map(move |hint| format!("{name}: {hint}")))
            .collect();
        hints.dedup();
        Error { hints, ..Error::new(exit, code, message).detail(json!({"done": self.done, "failed": details})) }
    }
}
