//! JSON, JSON lines and YAML of what an API said.

use std::cell::RefCell;
use std::io::{self, Write};

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

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
pub fn structured<T: Serialize>(output: &OutputOptions, value: &T, out: &mut dyn Write) -> io::Result<()> {
    let format = match output.format {
        Format::Yaml => Structured::Yaml,
        Format::Jsonl => Structured::JsonLine,
        _ => Structured::Json,
    };
    write(format, value, out)
}

/// Writes a value and a line feed.
pub(super) fn write<T: Serialize>(format: Structured, value: &T, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Structured::Json => serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?,
        Structured::JsonLine => serde_json::to_writer(&mut *out, value).map_err(io::Error::from)?,
        Structured::Yaml => return writeln!(out, "{}", yaml(&serde_json::to_value(value)?)?.trim_end()),
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

/// Writes YAML in which every number has all of its digits. The library writes `f64` at the most, so a word stands in
/// for any other number until the text is done.
fn yaml(value: &Value) -> io::Result<String> {
    let mut word = "number".to_owned();
    while has_long_numbers(value) && value.to_string().contains(&word) {
        word.push('q');
    }
    let numbers = RefCell::new(Vec::new());
    let text = serde_saphyr::to_string(&Plain { value, word: &word, numbers: &numbers }).map_err(io::Error::other)?;
    let mut parts = text.split(&word);
    let first = parts.next().unwrap_or_default().to_owned();
    // Each word is followed by its number's place and `z`. Without numbers, the text can hold the word itself.
    Ok(match numbers.into_inner() {
        none if none.is_empty() => text,
        numbers => parts.fold(first, |text, part| match part.split_once('z') {
            Some((place, rest)) => {
                let number = place.parse::<usize>().ok().and_then(|place| numbers.get(place));
                text + number.map_or("", String::as_str) + rest
            }
            None => text + part,
        }),
    })
}

fn has_long_numbers(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none() && number.as_u64().is_none(),
        Value::Array(items) => items.iter().any(has_long_numbers),
        Value::Object(fields) => fields.values().any(has_long_numbers),
        _ => false,
    }
}

/// A JSON value without serde_json's private way of carrying numbers of any size, which only its own writer knows.
struct Plain<'a> {
    value: &'a Value,
    word: &'a str,
    numbers: &'a RefCell<Vec<String>>,
}

impl<'a> Plain<'a> {
    fn inner(&self, value: &'a Value) -> Self {
        Self { value, ..*self }
    }

    /// The word that stands in for a number.
    fn stand_in(&self, number: &Number) -> String {
        let mut numbers = self.numbers.borrow_mut();
        numbers.push(number.to_string());
        format!("{}{}z", self.word, numbers.len() - 1)
    }
}

impl Serialize for Plain<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::String(text) => serializer.serialize_str(text),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(integer), _) => serializer.serialize_i64(integer),
                (_, Some(integer)) => serializer.serialize_u64(integer),
                _ => serializer.serialize_str(&self.stand_in(number)),
            },
            Value::Array(items) => {
                let mut sequence = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    sequence.serialize_element(&self.inner(item))?;
                }
                sequence.end()
            }
            Value::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, field) in fields {
                    map.serialize_entry(name, &self.inner(field))?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_yaml(json: &str) -> String {
        yaml(&serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn numbers_keep_all_their_digits_in_yaml() {
        for number in ["0.30000000000000000000001", "12345678901234567890123", "25.0", "-0.5", "1.0e+16", "7", "-9"] {
            assert_eq!(
                as_yaml(&format!("{{\"a\":[{number},\"x\"],\"b\":{number}}}")).matches(number).count(),
                2,
                "{number}"
            );
            assert!(!as_yaml(&format!("[{number}]")).contains(['"', '\'']), "{number}");
        }
    }

    #[test]
    fn no_text_is_taken_for_a_number() {
        let text = as_yaml(r#"{"number0z": "numberq0z", "numberqq": [0.1, "number1z number", 2.5]}"#);
        assert_eq!(text, "number0z: numberq0z\nnumberqq:\n- 0.1\n- number1z number\n- 2.5\n");
        assert_eq!(as_yaml(r#"["number0z", "number"]"#), "- number0z\n- number\n");
    }
}
