//! Reads the parameters of a write: of the query and of a JSON, XML or form body, as Rails merges them.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use super::answer::Refused;
use crate::sandbox::query;
use crate::sandbox::request::Request;

#[derive(Debug)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    pub(super) fn of(request: &Request) -> Result<Self, Refused> {
        let mut merged = request.query.clone().map_err(|_| Refused::BadRequest)?;
        query::merge(&mut merged, body(request).ok_or(Refused::BadRequest)?);
        Ok(Self(merged))
    }

    /// Returns the object under a root, empty where there is none.
    pub(super) fn under(&self, root: &str) -> Map<String, Value> {
        self.0.get(root).and_then(Value::as_object).cloned().unwrap_or_default()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }
}

/// Reads a whole number; Rails takes a text of digits for one.
pub(super) fn integer(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        _ => value.as_u64(),
    }
}

fn body(request: &Request) -> Option<Map<String, Value>> {
    let kind = request.content_type.as_str();
    if request.body.trim_ascii().is_empty() {
        return Some(Map::new());
    }
    if kind.contains("json") {
        return match serde_json::from_slice(&request.body).ok()? {
            Value::Object(body) => Some(body),
            _ => Some(Map::new()),
        };
    }
    let text = std::str::from_utf8(&request.body).ok()?;
    if kind.contains("xml") {
        return xml(text);
    }
    if kind.contains("form") {
        return query::parse(text).ok();
    }
    Some(Map::new())
}

/// An element whose end has not been read.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Value>,
    text: String,
    is_nil: bool,
}

impl Element {
    fn open(start: &BytesStart<'_>) -> Self {
        let is_nil = |attribute: Attribute<'_>| attribute.key.as_ref() == "nil" && attribute.value == "true";
        Self {
            name: start.name().as_ref().replace('-', "_"),
            is_nil: start.attributes().flatten().any(is_nil),
            ..Self::default()
        }
    }

    fn close(self, parent: &mut Self) {
        let value = if !self.members.is_empty() {
            Value::Object(self.members)
        } else if self.is_nil {
            Value::Null
        } else {
            Value::String(self.text.trim().to_owned())
        };
        add(&mut parent.members, self.name, value);
    }
}

/// Reads a document as nested objects of texts; an element that is `nil` is null, a repeated one makes a list.
fn xml(text: &str) -> Option<Map<String, Value>> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => open.push(Element::open(&start)),
            Event::Empty(start) => Element::open(&start).close(open.last_mut()?),
            Event::End(_) => {
                let element = open.pop()?;
                element.close(open.last_mut()?);
            }
            Event::Text(text) => open.last_mut()?.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let symbol = reference.resolve_char_ref().ok()?.map(String::from);
                let name = reference.xml10_content();
                let symbol = symbol.or_else(|| resolve_predefined_entity(&name).map(str::to_owned));
                open.last_mut()?.text.push_str(&symbol?);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let document = open.pop()?;
    open.is_empty().then_some(document.members)
}

fn add(into: &mut Map<String, Value>, name: String, value: Value) {
    match into.get_mut(&name) {
        Some(Value::Array(list)) => list.push(value),
        Some(other) => *other = Value::Array(vec![other.take(), value]),
        None => {
            into.insert(name, value);
        }
    }
}
