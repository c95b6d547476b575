//! The OnApp side: routes, HTTP Basic authentication, JSON or XML, pages.
//!
//! Only reads: what changes an OnApp cloud is not simulated and answers 404.

mod basic;
mod xml;

use serde_json::{Map, Value, json};

use super::reply::{Reply, XML};
use super::request::Request;
use super::state::{OnApp, OnAppBackup};

type Record = Map<String, Value>;

/// Longer lists are paged even when nobody asks; the real default is unknown.
const PAGE_SIZE: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
}

/// What a path leads to.
enum Found {
    One(&'static str, Record),
    Many(&'static str, &'static str, Vec<Record>),
    /// An object without the wrapper that the others have.
    Bare(Record),
}

/// Answers a request.
pub(super) fn answer(request: &Request, cloud: &OnApp) -> Reply {
    let (format, segments) = format_of(request);
    if !basic::is_authentic(request.authorization.as_deref()) {
        return refuse(401, "Not authorized", format)
            .with("www-authenticate", "Basic realm=\"OnApp API Authentication\"");
    }
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let found = (request.method == "GET").then(|| find(&path, cloud));
    match found.flatten() {
        Some(found) => found.reply(format, &request.query.clone().unwrap_or_default()),
        None => refuse(404, "Resource not found", format),
    }
}

/// Finds the format, by suffix first and by `Accept` else, and the path without the suffix.
fn format_of(request: &Request) -> (Format, Vec<String>) {
    let mut segments = request.segments.clone();
    let wants_xml = request.accept.contains("xml") && !request.accept.contains("json");
    let accepted = if wants_xml { Format::Xml } else { Format::Json };
    let Some(last) = segments.last_mut() else {
        return (accepted, segments);
    };
    for (suffix, format) in [(".json", Format::Json), (".xml", Format::Xml)] {
        if let Some(stem) = last.strip_suffix(suffix) {
            *last = stem.to_owned();
            return (format, segments);
        }
    }
    (accepted, segments)
}

fn find(path: &[&str], cloud: &OnApp) -> Option<Found> {
    match path {
        ["version"] => Some(Found::Bare([("version".to_owned(), json!("6.7.0"))].into_iter().collect())),
        ["virtual_machines"] => Some(machines(cloud)),
        ["virtual_machines", vm, rest @ ..] => below_machine(machine(cloud, vm)?, rest, cloud),
        ["settings", "disks"] => Some(disks(cloud, |_| true)),
        ["settings", "disks", disk, rest @ ..] => below_disk(named(&cloud.disks, disk)?, rest, cloud),
        ["backups", id] => {
            let backups = cloud.backups.iter();
            let found = backups.map(|backup| &backup.record).find(|record| is(record, id));
            Some(Found::One("backup", found?.clone()))
        }
        _ => None,
    }
}

fn below_machine(machine: &Record, rest: &[&str], cloud: &OnApp) -> Option<Found> {
    let id = machine.get("id").and_then(Value::as_u64)?;
    let of_machine = |backup: &OnAppBackup| backup.machine == id;
    match rest {
        [] => Some(Found::One("virtual_machine", machine.clone())),
        ["backups"] => Some(backups(cloud, of_machine)),
        // Each list leaves the other kind out (recorded).
        ["backups", "images"] => Some(backups(cloud, |backup| of_machine(backup) && !is_incremental(backup))),
        ["backups", "files"] => Some(backups(cloud, |backup| of_machine(backup) && is_incremental(backup))),
        ["disks"] => Some(disks(cloud, |disk| owner(disk) == Some(id))),
        ["disks", disk, rest @ ..] => {
            let disk = named(&cloud.disks, disk).filter(|disk| owner(disk) == Some(id))?;
            below_disk(disk, rest, cloud)
        }
        _ => None,
    }
}

fn below_disk(disk: &Record, rest: &[&str], cloud: &OnApp) -> Option<Found> {
    match rest {
        [] => Some(Found::One("disk", disk.clone())),
        ["backups"] => {
            let id = disk.get("id")?;
            Some(backups(cloud, |backup| backup.record.get("disk_id") == Some(id)))
        }
        _ => None,
    }
}

fn machines(cloud: &OnApp) -> Found {
    Found::Many("virtual_machines", "virtual_machine", cloud.machines.clone())
}

fn disks(cloud: &OnApp, wanted: impl Fn(&Record) -> bool) -> Found {
    let found = cloud.disks.iter().filter(|disk| wanted(disk));
    Found::Many("disks", "disk", found.cloned().collect())
}

fn backups(cloud: &OnApp, wanted: impl Fn(&OnAppBackup) -> bool) -> Found {
    let found = cloud.backups.iter().filter(|backup| wanted(backup));
    let records = found.map(|backup| backup.record.clone());
    Found::Many("backups", "backup", records.collect())
}

fn machine<'c>(cloud: &'c OnApp, name: &str) -> Option<&'c Record> {
    named(&cloud.machines, name)
}

/// Finds a record by number or identifier; both work in paths (recorded).
fn named<'c>(records: &'c [Record], name: &str) -> Option<&'c Record> {
    records.iter().find(|record| is(record, name) || record.get("identifier") == Some(&json!(name)))
}

fn is(record: &Record, id: &str) -> bool {
    let known = record.get("id").and_then(Value::as_u64);
    known.is_some() && known == id.parse().ok()
}

fn owner(disk: &Record) -> Option<u64> {
    disk.get("virtual_machine_id").and_then(Value::as_u64)
}

fn is_incremental(backup: &OnAppBackup) -> bool {
    backup.record.get("backup_type") == Some(&json!("incremental"))
}

impl Found {
    fn reply(self, format: Format, query: &Map<String, Value>) -> Reply {
        match (self, format) {
            (Self::One(name, record), Format::Json) => Reply::json(200, &json!({ name: record })),
            (Self::One(name, record), Format::Xml) => Reply::new(200, XML, xml::document(name, &for_xml(name, record))),
            (Self::Bare(record), Format::Json) => Reply::json(200, &Value::Object(record)),
            (Self::Bare(record), Format::Xml) => Reply::new(200, XML, xml::document("hash", &record)),
            (Self::Many(plural, name, records), format) => {
                let (records, paging) = page(records, query);
                let reply = many(plural, name, records, format);
                paging.into_iter().fold(reply, |reply, (header, number)| reply.with(header, number.to_string()))
            }
        }
    }
}

fn many(plural: &str, name: &str, records: Vec<Record>, format: Format) -> Reply {
    if format == Format::Xml {
        let records: Vec<Record> = records.into_iter().map(|record| for_xml(name, record)).collect();
        return Reply::new(200, XML, xml::list(plural, name, &records));
    }
    // A bare array, and each element wrapped (documented).
    let wrapped = records.into_iter().map(|record| json!({ name: record }));
    Reply::json(200, &Value::Array(wrapped.collect()))
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
    let number = |name: &str| {
        let text = query.get(name).and_then(Value::as_str)?;
        text.parse::<usize>().ok().filter(|&number| number > 0)
    };
    let asked = query.contains_key("page") || query.contains_key("per_page");
    let total = records.len();
    if !asked && total <= PAGE_SIZE {
        return (records, Vec::new());
    }
    let page = number("page").unwrap_or(1);
    let limit = number("per_page").unwrap_or(PAGE_SIZE);
    let start = (page - 1).saturating_mul(limit);
    let shown = records.into_iter().skip(start).take(limit).collect();
    (shown, vec![("x-page", page), ("x-limit", limit), ("x-total", total)])
}

fn refuse(status: u16, message: &str, format: Format) -> Reply {
    match format {
        Format::Json => Reply::json(status, &json!({ "errors": [message] })),
        Format::Xml => Reply::new(status, XML, xml::errors(&[message])),
    }
}
