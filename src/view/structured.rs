//! JSON, JSON lines and YAML of what an API said.

use std::io::{self, Write};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::OutputOptions;
use crate::args::Format;

/// The formats that keep everything.
#[derive(Clone, Copy, Debug)]
pub(super) enum Structured {
    /// Indented.
    Json,
    /// On one line.
    JsonLine,
    /// YAML 1.2.
    Yaml,
}

/// Writes any value in the requested structured format, JSON by default.
///
/// # Errors
/// The stream's.
pub fn structured(output: &OutputOptions, value: &Value, out: &mut dyn Write) -> io::Result<()> {
    let format = match output.format {
        Format::Yaml => Structured::Yaml,
        Format::Jsonl => Structured::JsonLine,
        _ => Structured::Json,
    };
    write(format, value, out)
}

/// Writes a value and a line feed.
pub(super) fn write(format: Structured, value: &Value, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Structured::Json => serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?,
        Structured::JsonLine => serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?,
        Structured::Yaml => {
            let text = serde_saphyr::to_string(&Plain(value)).map_err(io::Error::other)?;
            return writeln!(out, "{}", text.trim_end());
        }
    }
    writeln!(out)
}

/// Writes a value as it stands in an indented array.
pub(super) fn element(value: &Value) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    for line in serde_json::to_string_pretty(value)?.lines() {
        // Inside of strings line feeds are escaped: every line that there is, is one of the layout.
        text.extend_from_slice(b"\n  ");
        text.extend_from_slice(line.as_bytes());
    }
    Ok(text)
}

/// Writes what [`element`] made as one array and a line feed.
pub(super) fn array<'a>(elements: impl Iterator<Item = &'a [u8]>, out: &mut dyn Write) -> io::Result<()> {
    let mut is_empty = true;
    out.write_all(b"[")?;
    for element in elements {
        out.write_all(if is_empty { b"" } else { b"," })?;
        out.write_all(element)?;
        is_empty = false;
    }
    out.write_all(if is_empty { b"]\n" } else { b"\n]\n" })
}

/// A JSON value without serde_json's private way of carrying numbers of any size, which only its own writer knows.
struct Plain<'a>(&'a Value);

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::String(text) => serializer.serialize_str(text),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(integer), ..) => serializer.serialize_i64(integer),
                (_, Some(integer), _) => serializer.serialize_u64(integer),
                (.., Some(decimal)) if number.to_string().contains(['.', 'e', 'E']) => {
                    serializer.serialize_f64(decimal)
                }
                _ => serializer.serialize_str(&number.to_string()),
            },
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&Plain(item))?;
                }
                sequence.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, field) in fields {
                    map.serialize_entry(name, &Plain(field))?;
                }
                map.end()
            }
        }
    }
}
