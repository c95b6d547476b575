//! A list in any format. Rows are handed in as pages arrive and written at the end; only `jsonl` is written at once.
//!
//! A list that fails midway therefore never looks complete.

use std::io::{self, Write};

use serde_json::Value;

use super::cell::Key;
use super::column::{COMFORTABLE, Kind, find};
use super::filter::Filters;
use super::grid::Grid;
use super::options::{OutputOptions, has_columns};
use super::structured::{self, Structured};
use super::table::{self, Heading, Loss};
use super::{Cell, Column, Resource, TimeFormat, separated};
use crate::args::Format;
use crate::model::Object;
use crate::text::{escape, to_ascii};

/// A list that is being written.
pub struct Listing<'s, T: Resource> {
    output: &'s OutputOptions,
    columns: Vec<&'static Column<T>>,
    filters: Option<Filters<T>>,
    sort: Option<(&'static Column<T>, bool)>,
    /// The keys of the rows, where they are sorted.
    keys: Vec<Key>,
    rows: Rows,
    count: usize,
    has_sources: bool,
    scratch: String,
}

/// The rows that wait to be written, in the order they came in.
enum Rows {
    Texts(Grid),
    Values(Vec<Value>),
    /// Written already, which takes a fifth of the memory: a list as one array needs all rows before the first is out.
    Json(Vec<Box<[u8]>>),
}

impl<'s, T: Resource> Listing<'s, T> {
    /// Begins a list.
    ///
    /// # Errors
    /// A sentence: `--columns`, `--sort` or `--filter` names an unknown column, or cannot be read.
    pub fn new(output: &'s OutputOptions) -> Result<Self, String> {
        let filters = Some(Filters::parse(&output.filters, &output.times)?);
        Ok(Self { filters, ..Self::of_results(output)? })
    }

    /// Begins a list of what was written, which `--filter` does not concern: it chose what to write.
    ///
    /// # Errors
    /// A sentence: `--columns` or `--sort` names an unknown column.
    pub fn of_results(output: &'s OutputOptions) -> Result<Self, String> {
        let columns = match &output.columns {
            Some(_) if !has_columns(output.format) => {
                return Err("`--columns` works with `-o table`, `wide`, `csv` and `tsv`".to_owned());
            }
            Some(names) => names.iter().map(|name| find(name, "--columns")).collect::<Result<_, _>>()?,
            None => T::COLUMNS.iter().filter(|column| !column.is_wide || output.format != Format::Table).collect(),
        };
        let sort = output.sort.as_deref().map(sorted_by).transpose()?;
        let mut this = Self {
            output,
            columns,
            filters: None,
            sort,
            keys: Vec::new(),
            rows: Rows::Values(Vec::new()),
            count: 0,
            has_sources: false,
            scratch: String::new(),
        };
        this.rows = this.no_rows();
        Ok(this)
    }

    /// Begins a list of rows from several profiles: a PROFILE column comes first, and JSON rows are
    /// `{"profile", "object"}`.
    pub fn of_several(output: &'s OutputOptions) -> Result<Self, String> {
        let mut this = Self { has_sources: true, ..Self::new(output)? };
        this.rows = this.no_rows();
        Ok(this)
    }

    fn no_rows(&self) -> Rows {
        match self.output.format {
            Format::Json | Format::Sarif | Format::Toml => Rows::Json(Vec::new()),
            Format::Jsonl | Format::Yaml => Rows::Values(Vec::new()),
            Format::Id => Rows::Texts(Grid::new(1)),
            _ => Rows::Texts(Grid::new(self.columns.len() + usize::from(self.has_sources))),
        }
    }

    /// The first of `names` by which rows are chosen or sorted.
    pub fn depends_on(&self, names: &[&str]) -> Option<&'static str> {
        let sorted = self.sort.map(|(column, _)| column.name);
        self.filters.iter().flat_map(Filters::columns).chain(sorted).find(|name| names.contains(name))
    }

    /// Changes which columns a table shows by default, before any row: adds some of `wide`, and leaves others out.
    #[must_use]
    pub fn with_columns(mut self, added: &[&str], left_out: &[&str]) -> Self {
        if self.output.format == Format::Table && self.output.columns.is_none() {
            let is_shown = |column: &&Column<T>| !column.is_wide || added.contains(&column.name);
            self.columns = T::COLUMNS.iter().filter(is_shown).collect();
            self = self.without(left_out);
        }
        self
    }

    /// Leaves columns out of tables, wide ones as well, unless they were named; before any row.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        if matches!(self.output.format, Format::Table | Format::Wide) && self.output.columns.is_none() {
            self.columns.retain(|column| !names.contains(&column.name));
            self.rows = self.no_rows();
        }
        self
    }

    /// How many rows were handed in.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether `--filter` lets a row through. [`Self::push`] does not ask.
    pub fn accepts(&self, row: &T) -> bool {
        self.filters.as_ref().is_none_or(|filters| filters.accept(row, &self.output.times))
    }

    /// Takes a row, and returns whether more are wanted.
    pub fn push(&mut self, object: Object<T>, out: &mut dyn Write) -> io::Result<bool> {
        self.push_from(None, object, out)
    }

    /// Takes a row that came from a profile.
    pub fn push_from(&mut self, source: Option<&str>, object: Object<T>, out: &mut dyn Write) -> io::Result<bool> {
        if self.is_full() {
            return Ok(false);
        }
        self.count += 1;
        if self.output.format == Format::Jsonl && self.sort.is_none() {
            structured::write(Structured::JsonLine, &sourced(source, object.raw), out)?;
            return Ok(!self.is_full());
        }
        let times = &self.output.times;
        if let Some((column, _)) = self.sort {
            self.keys.push(sort_key(column, &object.model, times));
        }
        match &mut self.rows {
            Rows::Json(rows) => rows.push(structured::element(&sourced(source, object.raw))?.into()),
            Rows::Values(rows) => rows.push(sourced(source, object.raw)),
            Rows::Texts(grid) if self.output.format == Format::Id => grid.push(|out| out.push_str(object.model.id())),
            Rows::Texts(grid) => {
                let is_table = matches!(self.output.format, Format::Table | Format::Wide);
                let source = source.filter(|_| self.has_sources).map(|name| Cell::text(Some(name)));
                let cells = self.columns.iter().map(|column| (column.cell)(&object.model, times));
                for cell in source.into_iter().chain(cells) {
                    self.scratch.clear();
                    if is_table {
                        cell.write_text(times, &mut self.scratch);
                        let text =
                            if self.output.is_ascii { to_ascii(&self.scratch) } else { self.scratch.as_str().into() };
                        grid.push(|out| out.push_str(&escape(&text)));
                    } else {
                        cell.write_data(times, &mut self.scratch);
                        let is_formula = self.output.is_csv_safe && matches!(cell, Cell::Text(_));
                        let text =
                            if is_formula { separated::safe(&self.scratch) } else { self.scratch.as_str().into() };
                        grid.push(|out| out.push_str(&text));
                    }
                }
            }
        }
        Ok(!self.is_full())
    }

    /// A sorted list needs every row before it can leave some out.
    fn is_full(&self) -> bool {
        self.sort.is_none() && self.output.limit.is_some_and(|limit| self.count >= limit)
    }

    /// Writes what was not written yet. Returns a sentence where a terminal was too narrow for everything.
    pub fn finish(self, out: &mut dyn Write) -> io::Result<Option<String>> {
        let order = self.order();
        match &self.rows {
            Rows::Json(rows) => structured::array(order.iter().map(|row| &*rows[*row]), out)?,
            Rows::Values(rows) if self.output.format == Format::Yaml => {
                let rows = order.iter().map(|row| rows[*row].clone()).collect();
                structured::write(Structured::Yaml, &Value::Array(rows), out)?;
            }
            Rows::Values(rows) => {
                order.iter().try_for_each(|row| structured::write(Structured::JsonLine, &rows[*row], out))?;
            }
            Rows::Texts(grid) => match self.output.format {
                Format::Id => order.iter().try_for_each(|row| writeln!(out, "{}", escape(grid.get(*row, 0))))?,
                Format::Csv | Format::Tsv => separated::write(&self.names(), grid, &order, self.output, out)?,
                _ if order.is_empty() => {}
                _ => {
                    let loss = table::write(&self.headings(), grid, &order, self.output, out)?;
                    return Ok(self.output.width.and_then(|width| note(&loss, width)));
                }
            },
        }
        Ok(None)
    }

    /// The rows to write, in order.
    fn order(&self) -> Vec<usize> {
        let count = match &self.rows {
            Rows::Texts(grid) => grid.rows(),
            Rows::Values(rows) => rows.len(),
            Rows::Json(rows) => rows.len(),
        };
        let mut order: Vec<usize> = (0..count).collect();
        if let Some((_, is_descending)) = self.sort {
            order.sort_by(|a, b| {
                let order = self.keys[*a].compare(&self.keys[*b]);
                if is_descending { order.reverse() } else { order }
            });
        }
        order.truncate(self.output.limit.unwrap_or(usize::MAX));
        order
    }

    fn names(&self) -> Vec<&'static str> {
        let source = self.has_sources.then_some(PROFILE);
        source.into_iter().chain(self.columns.iter().map(|column| column.name)).collect()
    }

    fn headings(&self) -> Vec<Heading> {
        let source = self.has_sources.then(|| Heading {
            title: title(PROFILE),
            rank: 0,
            is_right: false,
            is_flexible: true,
            comfortable: COMFORTABLE,
            is_state: false,
            is_time: false,
        });
        let columns = self.columns.iter().map(|column| Heading {
            title: title(column.name),
            // What was named on the command line is not left out.
            rank: if self.output.columns.is_some() { 0 } else { column.rank },
            is_right: column.is_right,
            is_flexible: column.is_flexible,
            comfortable: column.comfortable,
            is_state: column.is_state,
            is_time: column.kind == Kind::Time,
        });
        source.into_iter().chain(columns).collect()
    }
}

/// The name of the column that says where a row came from.
const PROFILE: &str = "profile";

fn title(name: &str) -> String {
    name.to_uppercase().replace('_', " ")
}

/// Says what a terminal was too narrow for.
fn note(loss: &Loss, width: u16) -> Option<String> {
    let names = |titles: &[String]| titles.join(", ").to_lowercase();
    let what = match (loss.left_out.as_slice(), loss.shortened.as_slice()) {
        ([], []) => return None,
        (left_out, []) => format!("columns left out: {}", names(left_out)),
        ([], shortened) => format!("shortened: {}", names(shortened)),
        (left_out, shortened) => format!("columns left out: {}; shortened: {}", names(left_out), names(shortened)),
    };
    Some(format!("the terminal is {width} columns wide; {what}; `-o wide` shows everything"))
}

/// Wraps an object that came from one of several profiles.
fn sourced(source: Option<&str>, raw: Value) -> Value {
    match source {
        Some(name) => serde_json::json!({PROFILE: name, "object": raw}),
        None => raw,
    }
}

/// The key of a row: words in order count by their place.
fn sort_key<T>(column: &Column<T>, row: &T, times: &TimeFormat) -> Key {
    let key = (column.cell)(row, times).key();
    match (column.kind, key) {
        #[expect(clippy::cast_precision_loss, reason = "there are few words")]
        (Kind::Words(words), Key::Text(text)) => match words.iter().position(|word| *word == text) {
            Some(at) => Key::Number(at as f64),
            None => Key::Text(text),
        },
        (_, key) => key,
    }
}

fn sorted_by<T: Resource>(text: &str) -> Result<(&'static Column<T>, bool), String> {
    match text.rsplit_once(':') {
        Some((name, "desc")) => Ok((find(name, "--sort")?, true)),
        Some((name, "asc")) => Ok((find(name, "--sort")?, false)),
        Some(_) => Err(format!("invalid value '{text}' for '--sort': expected a column, or a column and `:desc`")),
        None => Ok((find(text, "--sort")?, false)),
    }
}
