//! Rails-style XML, read into the JSON that the same cloud would send.
//!
//! `type` attributes are hints: they are missing, and spelled in two ways (recorded). What a known field holds is known from
//! its name, what is a list by its children where nothing says it. Dashes in names become underscores. No entity beyond
//! XML's own is expanded.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Number, Value, json};

use crate::http::{DecodeFailure, MAX_VALUES, TOO_MANY_VALUES};

/// Deepest nesting that is accepted.
const MAX_DEPTH: usize = 128;

/// Fields that are yes or no, whatever their type says or does not say (documented).
const FLAGS: [&str; 16] = [
    "allow_resize_without_reboot",
    // As the documentation spells it.
    "allowed_resize_without_reboot",
    "allowed_hot_migrate",
    "allowed_swap",
    "booted",
    "built",
    "compatible",
    "enabled",
    "has_autobackups",
    "is_swap",
    "locked",
    "marked_for_delete",
    "primary",
    "remove_backups_on_destroy_vm",
    "support_incremental_backups",
    "suspended",
];

/// Fields that are numbers although old clouds send them without a type (recorded).
const NUMBERS: [&str; 19] = [
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
    "total_disk_size",
    "disk_size",
    "virtual_machine_id",
    "resource_id",
    "duration",
    "rotation_period",
    "failure_count",
];

/// Children of `<errors>` that are messages of no field in particular; any other name is a field's.
const FIELDLESS: [&str; 3] = ["base", "error", "message"];

/// An element that is being read.
struct Element {
    name: String,
    kind: Option<String>,
    is_nil: bool,
    text: String,
    children: Vec<(String, Value)>,
}

/// Reads a document into its root element's name and value.
pub fn document(body: &[u8]) -> Result<(String, Value), DecodeFailure> {
    root(body).map(|root| (root.name.clone(), root.into_value(Wrap::Nothing)))
}

/// Reads a document; only the values within its root are made.
fn root(body: &[u8]) -> Result<Element, DecodeFailure> {
    let nonsense = |what: &str| DecodeFailure::Invalid(what.to_owned());
    let text = std::str::from_utf8(body).map_err(|_| nonsense("XML that is not UTF-8"))?;
    if text.trim_start().starts_with(['{', '[']) {
        return Err(nonsense("JSON in place of XML; is `wire` right?"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| match error {
            quick_xml::Error::Syntax(_) => DecodeFailure::CutOff,
            _ => nonsense("not XML"),
        })?;
        elements += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        match event {
            _ if elements > MAX_VALUES => return Err(nonsense(TOO_MANY_VALUES)),
            Event::Start(_) | Event::Empty(_) if root.is_some() => return Err(nonsense("XML with two roots")),
            Event::Start(_) if open.len() >= MAX_DEPTH => {
                return Err(DecodeFailure::Invalid(format!("XML nested deeper than {MAX_DEPTH} levels")));
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

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        // JSON answers have no `image_type`; XML ones have it, always nil (documented).
        Some(_) if element.name == "image_type" && element.is_nil => {}
        Some(parent) => parent.children.push((element.name.clone(), element.into_value(Wrap::Objects))),
        None => *root = Some(element),
    }
}

/// What is made of the items of a list. JSON answers wrap objects, within other objects as well: `"schedule_logs":
/// [{"schedule_log": {…}}]` (recorded). The rows of an answer are taken out of their wrappers anyway.
#[derive(Clone, Copy)]
enum Wrap {
    Nothing,
    Objects,
}

/// Makes an object of children: what stands there more than once is a list, in the place of the first.
fn object(children: Vec<(String, Value)>) -> Value {
    let mut fields = Map::new();
    let mut repeated: HashSet<String> = HashSet::new();
    for (name, value) in children {
        match (fields.get_mut(&name), repeated.contains(&name)) {
            (Some(Value::Array(values)), true) => values.push(value),
            (Some(first), _) => {
                *first = Value::Array(vec![first.take(), value]);
                repeated.insert(name);
            }
            (None, _) => drop(fields.insert(name, value)),
        }
    }
    Value::Object(fields)
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

    fn into_value(self, wrap: Wrap) -> Value {
        let kind = self.kind.as_deref().unwrap_or("");
        if self.is_nil {
            return Value::Null;
        }
        if kind == "array" || self.is_plural_of_its_children() {
            let item = |(name, value): (String, Value)| match wrap {
                Wrap::Objects if value.is_object() => json!({ name: value }),
                _ => value,
            };
            return Value::Array(self.children.into_iter().map(item).collect());
        }
        if !self.children.is_empty() {
            return object(self.children);
        }
        // An element that holds nothing but the indentation of its end is empty.
        let is_blank = self.text.contains('\n') && self.text.trim().is_empty();
        if is_blank && self.name == "params" {
            // Rails writes a line break into an empty object, and none into an empty text (inferred).
            return Value::Object(Map::new());
        }
        let (name, text) = (self.name.as_str(), if is_blank { String::new() } else { self.text });
        let is_flag = kind == "boolean" || FLAGS.contains(&name);
        let is_number = matches!(kind, "integer" | "decimal" | "float") || NUMBERS.contains(&name);
        match (kind, text.trim()) {
            (_, "true" | "1") if is_flag => Value::Bool(true),
            (_, "false" | "0") if is_flag => Value::Bool(false),
            (_, trimmed) if is_number => match trimmed.parse::<Number>() {
                Ok(number) => Value::Number(number),
                Err(_) => Value::String(text),
            },
            ("datetime", trimmed) => Value::String(trimmed.to_owned()),
            (_, trimmed) if name.ends_with("_at") => Value::String(trimmed.to_owned()),
            _ => Value::String(text),
        }
    }

    /// Detects a list without its type: `<backups>` of nothing but `<backup>`, one or many. A number or nothing is
    /// a field: `<limits>` of one `<limit>`.
    fn is_plural_of_its_children(&self) -> bool {
        let Some((one, _)) = self.children.first() else {
            return false;
        };
        let ending = self.name.strip_prefix(one.as_str());
        let is_item = |value: &Value| !matches!(value, Value::Number(_) | Value::Null);
        matches!(ending, Some("s" | "es")) && self.children.iter().all(|(name, value)| name == one && is_item(value))
    }
}

/// Reads an error into what the same cloud would say in JSON: `<errors><error>…</error></errors>` into `{"errors": […]}`,
/// `<errors><label>…</label></errors>` into `{"errors": {"label": […]}}` (inferred; the root is recorded).
pub fn errors(body: &[u8]) -> Option<Value> {
    let root = root(body).ok()?;
    if root.name != "errors" && root.name != "error" {
        return None;
    }
    if root.children.is_empty() {
        return Some(json!({ "errors": root.into_value(Wrap::Nothing) }));
    }
    let is_fieldless = |name: &str| FIELDLESS.contains(&name);
    if root.children.iter().all(|(name, _)| is_fieldless(name)) {
        return Some(json!({ "errors": root.children.into_iter().map(|(_, message)| message).collect::<Vec<_>>() }));
    }
    let mut fields = Map::new();
    for (name, message) in root.children {
        let name = if is_fieldless(&name) { "base".to_owned() } else { name };
        // One message or many, in JSON it is a list.
        if let Value::Array(messages) = fields.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
            match message {
                Value::Array(several) => messages.extend(several),
                one => messages.push(one),
            }
        }
    }
    Some(json!({ "errors": fields }))
}

#[cfg(test)]
mod tests {
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
    fn parameters_are_an_object_that_may_be_empty() {
        assert_eq!(read("<t><params>\n  </params></t>"), json!({"params": {}}));
        assert_eq!(read("<t><params><a>b</a></params></t>"), json!({"params": {"a": "b"}}));
        assert_eq!(read("<t><params></params><note>\n</note></t>"), json!({"params": "", "note": ""}));
    }

    #[test]
    fn what_is_cut_off_or_hostile_is_refused() {
        assert_eq!(document(b"<backups type=\"array\"><backup>"), Err(DecodeFailure::CutOff));
        assert_eq!(document(b"<backups type=\"arr"), Err(DecodeFailure::CutOff));
        let deep = "<a>".repeat(100_000);
        assert!(matches!(document(deep.as_bytes()), Err(DecodeFailure::Invalid(_))));
        let entity = b"<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>";
        assert!(matches!(document(entity), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(document(b""), Err(DecodeFailure::Invalid(_))));
        assert!(matches!(document(b"<a/><b/>"), Err(DecodeFailure::Invalid(_))));
    }

    #[test]
    fn the_number_of_elements_is_bounded() {
        let many = |count: usize| format!("<a type=\"array\">{}</a>", "<b/>".repeat(count));
        assert!(document(many(MAX_VALUES - 1).as_bytes()).is_ok());
        assert!(matches!(document(many(MAX_VALUES).as_bytes()), Err(DecodeFailure::Invalid(_))));
    }

    #[test]
    fn errors_are_read_with_repeated_children() {
        let body = b"<errors type=\"array\"><error>one</error><error>two</error></errors>";
        assert_eq!(errors(body), Some(json!({"errors": ["one", "two"]})));
        assert_eq!(errors(b"<html><body/></html>"), None);
    }

    #[test]
    fn repeated_children_are_a_list_and_a_plural_is_one_by_itself() {
        assert_eq!(read("<a><b>1</b><c>x</c><b>2</b></a>"), json!({"b": ["1", "2"], "c": "x"}));
        assert_eq!(read("<a><b>1</b></a>"), json!({"b": "1"}));
        assert_eq!(read("<disks><disk><id>1</id></disk></disks>"), json!([{"id": 1}]));
        assert_eq!(read("<limits><limit type=\"integer\">10</limit></limits>"), json!({"limit": 10}));
        assert_eq!(read("<limits><limit nil=\"true\"/></limits>"), json!({"limit": null}));
        assert_eq!(read("<limits type=\"array\"><limit type=\"integer\">10</limit></limits>"), json!([10]));
        assert_eq!(read("<disks><disk>1</disk><page>1</page></disks>"), json!({"disk": "1", "page": "1"}));
    }

    #[test]
    fn errors_keep_the_name_of_their_field() {
        for (body, expected) in [
            ("<errors><error>a</error><error>b</error></errors>", json!(["a", "b"])),
            ("<errors><error>a</error></errors>", json!(["a"])),
            ("<errors><label>no</label></errors>", json!({"label": ["no"]})),
            ("<errors type=\"array\"><label>no</label></errors>", json!({"label": ["no"]})),
            ("<errors><label type=\"array\"><label>no</label></label></errors>", json!({"label": ["no"]})),
            (
                "<errors><base>a</base><label>no</label><error>b</error><label>never</label></errors>",
                json!({"base": ["a", "b"], "label": ["no", "never"]}),
            ),
            ("<error>a</error>", json!("a")),
        ] {
            assert_eq!(errors(body.as_bytes()), Some(json!({ "errors": expected })), "{body}");
        }
    }
}
