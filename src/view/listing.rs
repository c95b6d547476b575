//! A list in any format: rows are handed in as pages arrive, and written at the end; only `jsonl` writes at once,
//! so that a list that fails midway never looks whole.

use std::io::{self, Write};

use serde_json::Value;

use super::cell::Key;
use super::structured::{self, Structured};
use super::{Cell, Column, Resource, TimeFormat, table};
use crate::args::Format;
use crate::model::Object;
use crate::text::escape;

/// How results are wanted.
#[derive(Clone, Debug)]
pub struct OutputOptions {
    /// The format.
    pub format: Format,
    /// `--columns`
    pub columns: Option<Vec<String>>,
    /// `--sort`
    pub sort: Option<String>,
    /// `--limit`
    pub limit: Option<usize>,
    /// Whether tables and CSV have a header.
    pub has_header: bool,
    /// The terminal's width; none when not on a terminal.
    pub width: Option<u16>,
    /// Whether to use colours.
    pub has_color: bool,
    /// Time and zone.
    pub times: TimeFormat,
}

/// A list that is being written.
pub struct Listing<'s, T: Resource> {
    output: &'s OutputOptions,
    columns: Vec<&'static Column<T>>,
    sort: Option<(&'static Column<T>, bool)>,
    rows: Vec<Row>,
    count: usize,
    has_sources: bool,
}

struct Row {
    /// The profile that it came from, in a list of several.
    source: Option<String>,
    key: Key,
    content: Content,
}

enum Content {
    Raw(Value),
    /// Written already, which takes a fifth of the memory: a list as one array needs all rows before the first is out.
    Json(Box<[u8]>),
    Cells(Vec<Cell>),
    Id(String),
}

impl<'s, T: Resource> Listing<'s, T> {
    /// Begins a list.
    ///
    /// # Errors
    /// A sentence: `--columns` or `--sort` names a column that there is not.
    pub fn new(output: &'s OutputOptions) -> Result<Self, String> {
        let has_columns = matches!(output.format, Format::Table | Format::Wide | Format::Csv);
        let columns = match &output.columns {
            Some(_) if !has_columns => return Err("`--columns` goes with `-o table`, `wide` and `csv`".to_owned()),
            Some(names) => names.iter().map(|name| column(name, "--columns")).collect::<Result<_, _>>()?,
            None => T::COLUMNS.iter().filter(|column| !column.is_wide || output.format != Format::Table).collect(),
        };
        let sort = output.sort.as_deref().map(sorted_by).transpose()?;
        Ok(Self { output, columns, sort, rows: Vec::new(), count: 0, has_sources: false })
    }

    /// Begins a list of rows from several profiles: a PROFILE column comes first, and JSON rows are
    /// `{"profile", "object"}`.
    ///
    /// # Errors
    /// Those of [`Listing::new`].
    pub fn of_several(output: &'s OutputOptions) -> Result<Self, String> {
        Ok(Self { has_sources: true, ..Self::new(output)? })
    }

    /// Shows columns of `wide` in the table too, unless others were named; before any row.
    #[must_use]
    pub fn also(self, names: &[&str]) -> Self {
        if self.output.format != Format::Table || self.output.columns.is_some() {
            return self;
        }
        let is_shown = |column: &&Column<T>| !column.is_wide || names.contains(&column.name);
        Self { columns: T::COLUMNS.iter().filter(is_shown).collect(), ..self }
    }

    /// Tells how many rows were handed in.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes a row, and tells whether more are wanted.
    ///
    /// # Errors
    /// The stream's.
    pub fn push(&mut self, object: Object<T>, out: &mut dyn Write) -> io::Result<bool> {
        self.push_from(None, object, out)
    }

    /// Takes a row that came from a profile.
    ///
    /// # Errors
    /// The stream's.
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
        let key = self.sort.map_or(Key::Absent, |(column, _)| (column.cell)(&object.model, times).key);
        let content = match self.output.format {
            Format::Json | Format::Sarif | Format::Toml => {
                Content::Json(structured::element(&sourced(source, object.raw))?.into())
            }
            Format::Jsonl | Format::Yaml => Content::Raw(sourced(source, object.raw)),
            Format::Id => Content::Id(object.model.id().to_owned()),
            Format::Table | Format::Wide | Format::Csv => {
                Content::Cells(self.columns.iter().map(|column| (column.cell)(&object.model, times)).collect())
            }
        };
        self.rows.push(Row { source: source.map(str::to_owned), key, content });
        Ok(!self.is_full())
    }

    /// A sorted list needs every row before it can leave some out.
    fn is_full(&self) -> bool {
        self.sort.is_none() && self.output.limit.is_some_and(|limit| self.count >= limit)
    }

    /// Writes what was not written yet.
    ///
    /// # Errors
    /// The stream's.
    pub fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some((_, is_descending)) = self.sort {
            self.rows.sort_by(|a, b| match is_descending {
                true => b.key.compare(&a.key),
                false => a.key.compare(&b.key),
            });
        }
        self.rows.truncate(self.output.limit.unwrap_or(usize::MAX));
        match self.output.format {
            Format::Json | Format::Sarif | Format::Toml => structured::array(&elements(self.rows), out),
            Format::Yaml => structured::write(Structured::Yaml, &Value::Array(raws(self.rows)), out),
            Format::Jsonl => {
                raws(self.rows).iter().try_for_each(|raw| structured::write(Structured::JsonLine, raw, out))
            }
            Format::Id => ids(self.rows).iter().try_for_each(|id| writeln!(out, "{}", escape(id))),
            Format::Csv => self.csv(out),
            Format::Table | Format::Wide => self.table(out),
        }
    }

    fn csv(self, out: &mut dyn Write) -> io::Result<()> {
        // Through a buffer: the library's own errors hide that a pipe was closed.
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        if self.output.has_header {
            let source = self.has_sources.then_some(PROFILE);
            writer.write_record(source.into_iter().chain(self.columns.iter().map(|column| column.name)))?;
        }
        for cells in cells(self.rows) {
            writer.write_record(cells.iter().map(|cell| cell.data.as_str()))?;
        }
        let text = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        out.write_all(&text)
    }

    fn table(self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let source = self.has_sources.then_some((PROFILE, false));
        let columns = self.columns.iter().map(|column| (column.name, column.is_right));
        let headers = source.into_iter().chain(columns);
        let headers = headers.map(|(name, is_right)| (name.to_uppercase().replace('_', " "), is_right));
        table::write(headers.collect(), &cells(self.rows), self.output, out)
    }
}

/// The name of the column that says where a row came from.
const PROFILE: &str = "profile";

/// Says where an object came from, where that is not plain.
fn sourced(source: Option<&str>, raw: Value) -> Value {
    match source {
        Some(name) => serde_json::json!({PROFILE: name, "object": raw}),
        None => raw,
    }
}

fn raws(rows: Vec<Row>) -> Vec<Value> {
    rows.into_iter().filter_map(|row| if let Content::Raw(raw) = row.content { Some(raw) } else { None }).collect()
}

fn elements(rows: Vec<Row>) -> Vec<Box<[u8]>> {
    rows.into_iter().filter_map(|row| if let Content::Json(text) = row.content { Some(text) } else { None }).collect()
}

fn cells(rows: Vec<Row>) -> Vec<Vec<Cell>> {
    let of_row = |row: Row| match row.content {
        Content::Cells(cells) => Some(row.source.map(|name| Cell::text(Some(name))).into_iter().chain(cells).collect()),
        _ => None,
    };
    rows.into_iter().filter_map(of_row).collect()
}

fn ids(rows: Vec<Row>) -> Vec<String> {
    rows.into_iter().filter_map(|row| if let Content::Id(id) = row.content { Some(id) } else { None }).collect()
}

fn column<T: Resource>(name: &str, flag: &str) -> Result<&'static Column<T>, String> {
    let wanted = name.trim().to_lowercase().replace([' ', '-'], "_");
    T::COLUMNS.iter().find(|column| column.name == wanted).ok_or_else(|| {
        let known: Vec<&str> = T::COLUMNS.iter().map(|column| column.name).collect();
        format!("invalid value '{name}' for '{flag}': {} have the columns {}", T::PLURAL, known.join(", "))
    })
}

fn sorted_by<T: Resource>(text: &str) -> Result<(&'static Column<T>, bool), String> {
    match text.rsplit_once(':') {
        Some((name, "desc")) => Ok((column(name, "--sort")?, true)),
        Some((name, "asc")) => Ok((column(name, "--sort")?, false)),
        Some(_) => Err(format!("invalid value '{text}' for '--sort': expected a column, or a column and `:desc`")),
        None => Ok((column(text, "--sort")?, false)),
    }
}
