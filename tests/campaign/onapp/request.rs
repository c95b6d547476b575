//! What a request to an OnApp cloud is about, and errors as a cloud words them.

use serde_json::json;

use crate::provider::Kind;
use crate::server::{Answer, Request};

/// The method and the path of a request, without the prefix and the format.
pub struct Line {
    method: String,
    path: Vec<String>,
}

pub fn is_xml(request: &Request) -> bool {
    request.path().contains(".xml")
}

pub fn refusal(request: &Request, status: u16, words: &str) -> Answer {
    if is_xml(request) {
        let body = format!("<?xml version=\"1.0\"?><errors type=\"array\"><error>{words}</error></errors>");
        return Answer::raw(status, "application/xml", body);
    }
    Answer::json(status, &json!({"errors": [words]}))
}

impl Line {
    pub fn of(request: &Request, prefix: &str) -> Self {
        let path = request.path().strip_prefix(prefix).unwrap_or_default();
        let path = path.trim_start_matches('/').replace(".json", "").replace(".xml", "");
        Self { method: request.method.clone(), path: path.split('/').map(str::to_owned).collect() }
    }

    fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The VM or the disk below which the path stands.
    pub fn owner(&self) -> Option<String> {
        match self.parts().as_slice() {
            ["virtual_machines", _, "disks", disk, ..] | ["settings", "disks", disk, ..] => {
                Some(format!("disk/{disk}"))
            }
            ["virtual_machines", vm, ..] => Some(format!("machine/{vm}")),
            _ => None,
        }
    }

    /// The object that it names.
    pub fn object(&self) -> Option<String> {
        match self.parts().as_slice() {
            ["settings", "schedules", id] => Some(format!("schedule/{id}")),
            ["backups", id, ..] => Some(format!("backup/{id}")),
            [.., "recovery_points", id] | [.., "recovery_points", id, "restore"] => Some(format!("point/{id}")),
            [.., "schedules"] if self.method == "GET" => self.owner(),
            [.., "autobackup_enable" | "autobackup_disable"] => self.owner(),
            _ => None,
        }
    }

    /// What it lists.
    pub fn lists(&self) -> Option<&'static str> {
        match self.parts().as_slice() {
            [.., "schedules"] => Some("schedule"),
            [.., "recovery_points"] => Some("point"),
            [.., "backups"] => Some("backup"),
            _ => None,
        }
    }

    pub fn kind(&self) -> Kind {
        match (self.method.as_str(), self.parts().as_slice()) {
            ("POST", [.., "schedules"]) => Kind::Create,
            ("PUT", ["settings", "schedules", _]) => Kind::Update,
            ("DELETE", ["settings", "schedules", _]) => Kind::Delete,
            ("POST", [.., "recovery_points"]) => Kind::CreatePoint,
            ("POST", [.., "recovery_points", _, "restore"]) => Kind::RestorePoint,
            ("POST", ["backups", _, "restore"]) => Kind::RestoreBackup,
            ("POST", ["backups", _, "convert"]) => Kind::ConvertBackup,
            ("DELETE", ["backups", _]) => Kind::DeleteBackup,
            ("PUT", ["backups", ..]) => Kind::NoteBackup,
            ("POST", [.., "backups"]) => Kind::CreateBackup,
            ("POST", [.., "autobackup_enable"]) => Kind::EnableAutobackup,
            ("POST", [.., "autobackup_disable"]) => Kind::DisableAutobackup,
            (method, path) => panic!("not a write that bpctl knows: {method} {}", path.join("/")),
        }
    }
}
