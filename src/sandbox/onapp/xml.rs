//! Writes records as XML in the style of Rails: a type attribute for everything that is not a string.
//!
//! Takes names and values as they are stored; the caller decides which fields an answer has.

use serde_json::{Map, Value};

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes one record as a document.
pub(super) fn document(name: &str, record: &Map<String, Value>) -> String {
    let mut text = HEAD.to_owned();
    object(&mut text, name, record, 0);
    text
}

/// Writes a list of records as a document; an empty one is an empty element.
pub(super) fn list(plural: &str, name: &str, records: &[Map<String, Value>]) -> String {
    let mut text = HEAD.to_owned();
    if records.is_empty() {
        text.push_str(&format!("<{plural} type=\"array\"/>\n"));
        return text;
    }
    text.push_str(&format!("<{plural} type=\"array\">\n"));
    for record in records {
        object(&mut text, name, record, 1);
    }
    text.push_str(&format!("</{plural}>\n"));
    text
}

/// Writes error messages; that a child is named `error` is inferred.
pub(super) fn errors(messages: &[String]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("<errors>\n");
    for message in messages {
        text.push_str(&format!("  <error>{}</error>\n", escaped(message)));
    }
    text.push_str("</errors>\n");
    text
}

fn object(text: &mut String, name: &str, record: &Map<String, Value>, depth: usize) {
    let indent = "  ".repeat(depth);
    text.push_str(&format!("{indent}<{name}>\n"));
    for (key, value) in record {
        element(text, key, value, depth + 1);
    }
    text.push_str(&format!("{indent}</{name}>\n"));
}

fn element(text: &mut String, name: &str, value: &Value, depth: usize) {
    let indent = "  ".repeat(depth);
    let line = match value {
        // A null may stand with a type (documented); the simulator gives one to times.
        Value::Null if is_time(name) => format!("<{name} type=\"datetime\" nil=\"true\"/>"),
        Value::Null => format!("<{name} nil=\"true\"/>"),
        Value::Bool(truth) => format!("<{name} type=\"boolean\">{truth}</{name}>"),
        Value::Number(number) if number.is_f64() => {
            format!("<{name} type=\"float\">{number}</{name}>")
        }
        Value::Number(number) => format!("<{name} type=\"integer\">{number}</{name}>"),
        Value::String(words) if is_time(name) => {
            format!("<{name} type=\"datetime\">{}</{name}>", escaped(words))
        }
        // No type means a string: so old records' sizes, which are strings in JSON too (documented).
        Value::String(words) => format!("<{name}>{}</{name}>", escaped(words)),
        Value::Object(inner) => return object(text, name, inner, depth),
        Value::Array(items) => return array(text, name, items, depth),
    };
    text.push_str(&format!("{indent}{line}\n"));
}

/// Writes a nested list; the elements are wrapped in an object of one key in JSON, and named so here.
fn array(text: &mut String, name: &str, items: &[Value], depth: usize) {
    let indent = "  ".repeat(depth);
    if items.is_empty() {
        text.push_str(&format!("{indent}<{name} type=\"array\"/>\n"));
        return;
    }
    text.push_str(&format!("{indent}<{name} type=\"array\">\n"));
    for item in items {
        let wrapped = item.as_object().filter(|object| object.len() == 1);
        match wrapped.and_then(|object| object.iter().next()) {
            Some((key, value)) => element(text, key, value, depth + 1),
            None => element(text, name.trim_end_matches('s'), item, depth + 1),
        }
    }
    text.push_str(&format!("{indent}</{name}>\n"));
}

fn is_time(name: &str) -> bool {
    name.ends_with("_at") || name.ends_with("-at")
}

/// Escapes text; a character that XML cannot hold becomes a replacement character.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\r' => safe.push_str("&#13;"),
            '\n' | '\t' => safe.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            _ => safe.push(character),
        }
    }
    safe
}
