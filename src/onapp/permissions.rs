//! Which permission a request takes: words for the hint where a user lacks one. They are recorded of a provider's portal
//! (2015), those of schedules known from client code; OnApp's documents do not say which request takes which (inferred).

use crate::http::{Method, Request};

/// Says what to do about a refusal for want of a permission.
pub fn hint(request: &Request) -> String {
    match name(request) {
        Some(name) => format!(
            "the user lacks a permission, probably `{name}` or, for what is the user's own, `{name}.own`: \
             ask an administrator of the cloud"
        ),
        None => "the user lacks this permission: ask an administrator of the cloud".to_owned(),
    }
}

fn name(request: &Request) -> Option<&'static str> {
    let path = request.path.trim_end_matches(".json").trim_end_matches(".xml");
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method, segments.as_slice()) {
        (Method::Get, ["backups", _] | [_, .., "backups"] | [.., "backups", "images" | "files"]) => {
            Some("backups.read")
        }
        (Method::Post, [_, .., "backups"]) => Some("backups.create"),
        (Method::Post, ["backups", _, "convert"]) => Some("backups.convert"),
        (Method::Put, ["backups", ..]) => Some("backups.update"),
        (Method::Delete, ["backups", _]) => Some("backups.delete"),
        (Method::Post, [.., "disks", _, "autobackup_enable" | "autobackup_disable"]) => Some("disks.autobackup"),
        (Method::Post, [_, _, "autobackup_enable" | "autobackup_disable"]) => Some("virtual_machines.autobackup"),
        (Method::Post, [.., "schedules"]) => Some("schedules.create"),
        (Method::Put, [.., "schedules", _]) => Some("schedules.update"),
        (Method::Get, ["transactions", _]) => Some("transactions.read"),
        (Method::Get, [.., "transactions.json" | "transactions.xml", "per_page", _]) => Some("transactions.list"),
        _ => None,
    }
}
