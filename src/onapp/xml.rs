//! Rails-style XML, read into the JSON that the same cloud would send.
//!
//! `type` attributes are hints: they are missing, and spelled in two ways (recorded). Dashes in names become
//! underscores. No entity beyond XML's own is expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Number, Value};

use crate::http::{DecodeFailure, MOST_VALUES, TOO_MANY_VALUES};

/// Deepest nesting that is accepted.
const MAX_DEPTH: usize = 128;

/// Fields that are numbers although old clouds send them without a type (recorded).
const NUMBERS: [&str; 12] = [
    "backup_size",
    "id",
    "target_id",
    "disk_id",
    "template_id",
    "user_id",
    "volume_id",
    "backup_server_id",
    "min_disk_size",
    "min_memory_size",
    "memory",
    "cpus",
];

/// An element that is being read.
struct Element {
    name: String,
    kind: Option<String>,
    is_nil: bool,
    text: String,
    children: Vec<(String, Value)>,
}

/// Reads a document into its root element's name and value.
///
/// # Errors
/// Cut off, not XML of this kind, or more elements than fit into memory.
pub fn document(body: &[u8]) -> Result<(String, Value), DecodeFailure> {
    let nonsense = |what: &str| DecodeFailure::Nonsense(what.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| nonsense("XML that is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<(String, Value)> = None;
    let mut elements = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            quick_xml::Error::Syntax(_) => DecodeFailure::CutOff,
            _ => nonsense("not XML"),
        })?;
        elements += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        match event {
            _ if elements > MOST_VALUES => return Err(nonsense(TOO_MANY_VALUES)),
            Event::Start(_) | Event::Empty(_) if root.is_some() => return Err(nonsense("XML with two roots")),
            Event::Start(_) if open.len() >= MAX_DEPTH => {
                return Err(DecodeFailure::Nonsense(format!("XML nested deeper than {MAX_DEPTH} levels")));
            }
            Event::Start(start) => open.push(Element::open(&start)),
            Event::Empty(start) => close(Element::open(&start), &mut open, &mut root),
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| nonsense("not XML"))?;
                close(element, &mut open, &mut root);
            }
            Event::Text(part) => append(&mut open, &part.xml10_content()),
            Event::CData(part) => append(&mut open, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content();
                let resolved = match reference.resolve_char_ref() {
                    Ok(Some(symbol)) => symbol.to_string(),
                    Ok(None) => quick_xml::escape::resolve_predefined_entity(&name)
                        .ok_or_else(|| nonsense("XML with an unknown entity"))?
                        .to_owned(),
                    Err(_) => return Err(nonsense("XML with a bad character reference")),
                };
                append(&mut open, &resolved);
            }
            Event::Eof if !open.is_empty() => return Err(DecodeFailure::CutOff),
            Event::Eof => return root.ok_or_else(|| nonsense("an empty body")),
            _ => {}
        }
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<(String, Value)>) {
    let name = element.name.clone();
    let value = element.into_value();
    match open.last_mut() {
        // JSON answers have no `image_type`; XML ones have it, always nil (documented).
        Some(_) if name == "image_type" && value.is_null() => {}
        Some(parent) => parent.children.push((name, value)),
        None => *root = Some((name, value)),
    }
}

impl Element {
    fn open(start: &BytesStart<'_>) -> Self {
        let attribute = |name: &str| {
            let found = start.attributes().flatten().find(|attribute| attribute.key.as_ref() == name)?;
            Some(found.value.to_lowercase())
        };
        Self {
            name: start.name().as_ref().replace('-', "_"),
            kind: attribute("type"),
            is_nil: attribute("nil").as_deref() == Some("true"),
            text: String::new(),
            children: Vec::new(),
        }
    }

    fn into_value(self) -> Value {
        let kind = self.kind.as_deref().unwrap_or("");
        if self.is_nil {
            return Value::Null;
        }
        if kind == "array" {
            return Value::Array(self.children.into_iter().map(|(_, value)| value).collect());
        }
        if !self.children.is_empty() {
            return Value::Object(self.children.into_iter().collect::<Map<_, _>>());
        }
        let text = self.text;
        let is_number = matches!(kind, "integer" | "decimal" | "float") || NUMBERS.contains(&self.name.as_str());
        match (kind, text.trim()) {
            ("boolean", "true" | "1") => Value::Bool(true),
            ("boolean", "false" | "0") => Value::Bool(false),
            (_, trimmed) if is_number => match trimmed.parse::<Number>() {
                Ok(number) => Value::Number(number),
                Err(_) => Value::String(text),
            },
            ("datetime", trimmed) => Value::String(trimmed.to_owned()),
            _ => Value::String(text),
        }
    }
}

/// Reads `<errors><error>…</error></errors>` into `{"errors": […]}` (inferred; the root is recorded).
pub fn errors(body: &[u8]) -> Option<Value> {
    let (root, value) = document(body).ok()?;
    if root != "errors" && root != "error" {
        return None;
    }
    let messages = match value {
        Value::Object(fields) => Value::Array(fields.into_iter().map(|(_, message)| message).collect()),
        other => other,
    };
    Some(serde_json::json!({ "errors": messages }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Value {
        document(text.as_bytes()).unwrap().1
    }

    #[test]
    fn types_nulls_dashes_and_references_are_read() {
        let value = read(
            "<?xml version=\"1.0\"?>\n<backups type=\"array\"><backup>\n<id type=\"integer\">1951</id>\
             <backup_size>315552</backup_size><built type=\"boolean\">true</built>\
             <built-at type=\"dateTime\">2013-12-24T14:34:06+03:00</built-at><note nil=\"true\"/>\
             <image_type nil=\"true\"/><label>a &amp; b &#x41;</label><empty/></backup></backups>",
        );
        assert_eq!(
            value,
            json!([{"id": 1951, "backup_size": 315_552, "built": true,
                "built_at": "2013-12-24T14:34:06+03:00", "note": null, "label": "a & b A", "empty": ""}])
        );
    }

    #[test]
    fn what_is_cut_off_or_hostile_is_refused() {
        assert_eq!(document(b"<backups type=\"array\"><backup>"), Err(DecodeFailure::CutOff));
        assert_eq!(document(b"<backups type=\"arr"), Err(DecodeFailure::CutOff));
        let deep = "<a>".repeat(100_000);
        assert!(matches!(document(deep.as_bytes()), Err(DecodeFailure::Nonsense(_))));
        let entity = b"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>";
        assert!(matches!(document(entity), Err(DecodeFailure::Nonsense(_))));
        assert!(matches!(document(b""), Err(DecodeFailure::Nonsense(_))));
        assert!(matches!(document(b"<a/><b/>"), Err(DecodeFailure::Nonsense(_))));
    }

    #[test]
    fn the_number_of_elements_is_bounded() {
        let many = |count: usize| format!("<a type=\"array\">{}</a>", "<b/>".repeat(count));
        assert!(document(many(MOST_VALUES - 1).as_bytes()).is_ok());
        assert!(matches!(document(many(MOST_VALUES).as_bytes()), Err(DecodeFailure::Nonsense(_))));
    }

    #[test]
    fn errors_are_read_with_repeated_children() {
        let body = b"<errors type=\"array\"><error>one</error><error>two</error></errors>";
        assert_eq!(errors(body), Some(json!({"errors": ["one", "two"]})));
        assert_eq!(errors(b"<html><body/></html>"), None);
    }
}
