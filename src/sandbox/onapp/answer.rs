//! Turns records and refusals into replies, in JSON or XML, with the pages of lists.

use serde_json::{Map, Value, json};

use super::address::Format;
use super::xml;
use crate::sandbox::cloud::Record;
use crate::sandbox::reply::{JSON, Reply, XML};

/// Longer lists are paged even without parameters; the real default is unknown.
const PAGE_SIZE: usize = 100;

/// What a request is answered with.
#[derive(Debug)]
pub(super) enum Answer {
    One(&'static str, Record),
    Many(&'static str, &'static str, Vec<Record>),
    /// An object without the wrapper that the others have.
    Bare(Record),
    /// A list that is cut already, without the headers of pages.
    Page(&'static str, &'static str, Vec<Record>),
    /// 201 and an object; the path is that of the `Location` header.
    Created(&'static str, Record, Option<String>),
    /// 201 and a list with the object that owns the new one (recorded).
    CreatedUnder(&'static str, Record, Option<String>),
    /// 201 without a body.
    CreatedEmpty,
    /// 204, or 200 and an empty object on old clouds.
    Done,
}

/// A request that is refused.
#[derive(Debug)]
pub(super) enum Refused {
    NotFound,
    Forbidden,
    /// 422 with plain messages.
    Invalid(Vec<String>),
    /// 422 with a message about a field; `base` is none.
    Field(&'static str, String),
    /// 400, as Rails answers what it cannot parse.
    BadRequest,
}

impl Refused {
    /// The cloud is busy with the VM: the same request may succeed later.
    pub(super) fn busy() -> Self {
        Self::Field("base", "Please wait while Virtual Machine transactions will be finished.".to_owned())
    }

    pub(super) fn reply(self, format: Format) -> Reply {
        match self {
            Self::NotFound => refuse(404, "Resource not found", format),
            Self::Forbidden => refuse(403, "You do not have permissions for this action", format),
            Self::BadRequest => Reply::html(400, "400 Bad Request"),
            Self::Invalid(messages) => errors(422, &messages, format),
            Self::Field(field, message) => match format {
                Format::Json => Reply::json(422, &json!({ "errors": { field: [message] } })),
                Format::Xml if field == "base" => errors(422, &[message], format),
                Format::Xml => errors(422, &[format!("{field} {message}")], format),
            },
        }
    }
}

/// Refuses with one message.
pub(super) fn refuse(status: u16, message: &str, format: Format) -> Reply {
    errors(status, &[message.to_owned()], format)
}

fn errors(status: u16, messages: &[String], format: Format) -> Reply {
    match format {
        Format::Json => Reply::json(status, &json!({ "errors": messages })),
        Format::Xml => Reply::new(status, XML, xml::errors(messages)),
    }
}

impl Answer {
    /// Writes the answer; `query` may cut a list.
    pub(super) fn reply(self, format: Format, query: &Map<String, Value>, has_old_replies: bool) -> Reply {
        match self {
            Self::One(name, record) => one(200, name, record, format),
            Self::Created(name, record, location) => located(one(201, name, record, format), location),
            Self::CreatedUnder(name, record, location) => {
                located(many(201, plural(name), name, vec![record], format), location)
            }
            // A proxy or an old application may send a content type without content.
            Self::CreatedEmpty => Reply::new(201, if format == Format::Xml { XML } else { JSON }, ""),
            Self::Done if has_old_replies && format == Format::Json => Reply::json(200, &json!({})),
            Self::Done if has_old_replies => Reply::new(200, XML, xml::document("hash", &Record::new())),
            Self::Done => Reply::empty(204),
            Self::Bare(record) => match format {
                Format::Json => Reply::ok(&Value::Object(record)),
                Format::Xml => Reply::new(200, XML, xml::document("hash", &record)),
            },
            Self::Page(plural, name, records) => many(200, plural, name, records, format),
            Self::Many(plural, name, records) => {
                let (records, paging) = page(records, query);
                let reply = many(200, plural, name, records, format);
                paging.into_iter().fold(reply, |reply, (header, number)| reply.with(header, number.to_string()))
            }
        }
    }
}

fn located(reply: Reply, location: Option<String>) -> Reply {
    match location {
        Some(location) => reply.with("location", location),
        None => reply,
    }
}

fn plural(name: &str) -> &'static str {
    match name {
        "disk" => "disks",
        _ => "virtual_machines",
    }
}

fn one(status: u16, name: &str, record: Record, format: Format) -> Reply {
    match format {
        Format::Json => Reply::json(status, &json!({ name: record })),
        // The details of recovery points have dashes in XML, their lists do not (documented).
        Format::Xml if name == "recovery_point" => {
            let record = record.into_iter().map(|(key, value)| (key.replace('_', "-"), value)).collect();
            Reply::new(status, XML, xml::document("recovery-point", &record))
        }
        Format::Xml => Reply::new(status, XML, xml::document(name, &for_xml(name, record))),
    }
}

fn many(status: u16, plural: &str, name: &str, records: Vec<Record>, format: Format) -> Reply {
    if format == Format::Xml {
        let records: Vec<Record> = records.into_iter().map(|record| for_xml(name, record)).collect();
        return Reply::new(status, XML, xml::list(plural, name, &records));
    }
    // A bare array, and each element wrapped (documented).
    let wrapped = records.into_iter().map(|record| json!({ name: record }));
    Reply::json(status, &Value::Array(wrapped.collect()))
}

/// Adds the member that a backup has in XML only, always nil (documented).
fn for_xml(name: &str, record: Record) -> Record {
    if name != "backup" {
        return record;
    }
    let mut with_type = Record::new();
    for (key, value) in record {
        let follows = key == "identifier";
        with_type.insert(key, value);
        if follows {
            with_type.insert("image_type".to_owned(), Value::Null);
        }
    }
    with_type
}

/// Cuts a list; without parameters a short one comes whole and without the headers.
fn page(records: Vec<Record>, query: &Map<String, Value>) -> (Vec<Record>, Vec<(&'static str, usize)>) {
    let is_wanted = query.contains_key("page") || query.contains_key("per_page");
    let total = records.len();
    if !is_wanted && total <= PAGE_SIZE {
        return (records, Vec::new());
    }
    let page = positive(query, "page").unwrap_or(1);
    let limit = positive(query, "per_page").unwrap_or(PAGE_SIZE);
    (cut(records, page, limit), vec![("x-page", page), ("x-limit", limit), ("x-total", total)])
}

/// Reads a positive number of the query.
pub(super) fn positive(query: &Map<String, Value>, name: &str) -> Option<usize> {
    let text = query.get(name).and_then(Value::as_str)?;
    text.parse().ok().filter(|&number| number > 0)
}

pub(super) fn cut(records: Vec<Record>, page: usize, size: usize) -> Vec<Record> {
    records.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect()
}
