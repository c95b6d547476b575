//! The truth of an OnApp cloud, read and changed by another user of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::command::Deed;
use super::request::{Line, is_xml};
use crate::harness::{BASIC, USER};
use crate::onapp_cloud::Cloud as Simulator;
use crate::provider::{Kind, plain};
use crate::server::Request;
use crate::simulator::forward;

/// The VM with recovery points.
const POINTS: &str = "/virtual_machines/745/backups/recovery_points";
/// What time changes by itself, and what says when something was changed.
const MOVING: [&str; 12] = [
    "updated_at",
    "start_at",
    "schedule_logs",
    "failure_count",
    "built",
    "built_at",
    "backup_size",
    "locked",
    "size",
    "state",
    "min_disk_size",
    "params",
];

/// A cloud.
pub struct OnApp {
    pub authority: String,
    pub prefix: String,
    pub is_xml: bool,
    /// There are no incremental backups.
    pub is_normal_only: bool,
    /// Its users are not administrators: they may not read or change its settings.
    pub is_limited: bool,
    /// Whose schedule each is, also of those that are gone.
    pub owners: Mutex<BTreeMap<String, String>>,
}

impl OnApp {
    pub fn new(simulator: &Simulator) -> Self {
        Self {
            authority: simulator.authority().to_owned(),
            prefix: simulator.prefix().to_owned(),
            is_xml: false,
            is_normal_only: false,
            is_limited: false,
            owners: Mutex::default(),
        }
    }

    /// Who runs `bpctl`.
    pub fn user(&self) -> &'static str {
        if self.is_limited { "limited" } else { USER }
    }

    pub fn line(&self, request: &Request) -> Line {
        Line::of(request, &self.prefix)
    }

    fn raw(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = [
            ("authorization", format!("Basic {BASIC}")),
            ("content-type", "application/json".to_owned()),
            ("content-length", body.len().to_string()),
        ];
        let request = Request {
            method: method.to_owned(),
            target: format!("{}{path}", self.prefix),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            body,
        };
        let (status, body) = forward(&self.authority, &request);
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    fn get(&self, path: &str) -> Value {
        let (status, body) = self.raw("GET", path, &Value::Null);
        if status == 200 { body } else { Value::Null }
    }

    /// The members of a list, unwrapped.
    fn list(&self, path: &str) -> Vec<Value> {
        let all = self.get(&format!("{path}.json?per_page=1000"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter_map(|one| one.as_object()?.values().next().cloned()).collect()
    }

    pub fn list_ids(&self) -> BTreeSet<String> {
        let lists = [("schedule", "/settings/schedules"), ("backup", "/users/337/backups"), ("point", POINTS)];
        let of = |(kind, path)| self.list(path).into_iter().map(move |one| format!("{kind}/{}", one["id"]));
        lists.into_iter().flat_map(of).collect()
    }

    fn path(id: &str) -> String {
        match id.split_once('/').unwrap_or_default() {
            ("schedule", id) => format!("/settings/schedules/{id}"),
            ("backup", id) => format!("/backups/{id}"),
            ("point", id) => format!("{POINTS}/{id}"),
            ("machine", id) => format!("/virtual_machines/{id}/schedules"),
            ("disk", id) => format!("/settings/disks/{id}/schedules"),
            _ => panic!("not an object: {id}"),
        }
    }

    /// A backup as it stands.
    pub fn backup(&self, id: &str) -> Value {
        self.get(&format!("/backups/{id}.json"))["backup"].take()
    }

    /// An object without what moves by itself; of a VM or a disk its schedules.
    pub fn still(&self, id: &str) -> Value {
        let strip = |mut one: Value| {
            if let Some(fields) = one.as_object_mut() {
                // A disk keeps one backup, whatever is set.
                let is_of_disk = fields.get("target_type").is_some_and(|kind| kind == "Disk");
                fields.retain(|name, _| !(MOVING.contains(&&**name) || is_of_disk && name == "rotation_period"));
            }
            one
        };
        if id.starts_with("machine/") || id.starts_with("disk/") {
            return self.list(&Self::path(id)).into_iter().map(strip).collect();
        }
        let whole = self.get(&format!("{}.json", Self::path(id)));
        let one = whole.as_object().and_then(|whole| whole.values().next()).cloned().map_or(Value::Null, strip);
        if id.starts_with("schedule/") && one.is_object() {
            let kind = if one["target_type"] == "Disk" { "disk" } else { "machine" };
            let owner = format!("{kind}/{}", one["target_id"]);
            self.owners.lock().unwrap().insert(id.to_owned(), owner);
        }
        one
    }

    /// The VM or the disk of a schedule, and the other way round.
    pub fn relatives(&self, id: &str) -> Vec<String> {
        if id.starts_with("machine/") || id.starts_with("disk/") {
            let schedules = self.list(&Self::path(id));
            return schedules.iter().map(|one| format!("schedule/{}", one["id"])).collect();
        }
        self.still(id);
        self.owners.lock().unwrap().get(id).cloned().into_iter().collect()
    }

    /// The disks of a VM that have something to back up.
    pub fn disks_of(owner: &str) -> Vec<String> {
        let disks: &[u64] = match owner {
            "machine/488" => &[1_040],
            "machine/652" => &[1_101, 1_102],
            "machine/701" => &[1_180],
            "machine/733" => &[1_200, 1_201],
            "machine/760" => &[1_240],
            _ => &[],
        };
        disks.iter().map(|disk| format!("disk/{disk}")).collect()
    }

    /// The VMs that a glob selects, and their disks.
    pub fn owners_like(glob: &str) -> Vec<String> {
        let named = [("web1", 488), ("db1", 652), ("test1", 701), ("win1", 733), ("files1", 745), ("app1", 760)];
        let is_like = |name: &str| match glob.split_once('*').unwrap_or_default() {
            ("", end) => name.ends_with(end),
            (start, _) => name.starts_with(start),
        };
        let machines = named.iter().filter(|(name, _)| is_like(name)).map(|(_, id)| format!("machine/{id}"));
        machines.flat_map(|machine| [vec![machine.clone()], Self::disks_of(&machine)].concat()).collect()
    }

    /// How the newest transaction of an object stands.
    pub fn newest_status(&self, verb: &str, id: &str) -> String {
        let all = self.list("/transactions");
        let is_its = |one: &&Value| {
            one["action"].as_str().unwrap_or_default().starts_with(verb) && one["parent_id"].as_u64() == id.parse().ok()
        };
        let newest = all.iter().filter(is_its).max_by_key(|one| one["id"].as_u64());
        newest.map_or("missing", |one| one["status"].as_str().unwrap_or("-")).to_owned()
    }

    /// The answer to the same question about another object.
    pub fn another(&self, request: &Request) -> (u16, Vec<u8>) {
        let line = self.line(request);
        let asked = line
            .object()
            .or_else(|| request.is_write().then(|| format!("{}/0", made(line.kind()))))
            .unwrap_or_default();
        let kind = asked.split('/').next().unwrap_or_default();
        let ids = self.list_ids();
        let others = ids.iter().filter(|id| **id != asked && id.split('/').next() == Some(kind));
        // The oldest: that another one is new is a lie that no client can see through.
        let Some(other) = others.min_by_key(|id| plain(id).parse::<u64>().ok()) else {
            return forward(&self.authority, request);
        };
        let suffix = if is_xml(request) { "xml" } else { "json" };
        let read = Request {
            method: "GET".to_owned(),
            target: format!("{}{}.{suffix}", self.prefix, Self::path(other)),
            headers: vec![("authorization".to_owned(), format!("Basic {BASIC}"))],
            body: Vec::new(),
        };
        forward(&self.authority, &read)
    }

    pub fn act_as_another(&self, deed: &Deed) -> Vec<String> {
        let before = self.list_ids();
        let target = deed.target().map(|id| (id.clone(), self.still(id)));
        let ((method, path), body) = match deed {
            Deed::SetRotation(id, count) => (("PUT", Self::path(id)), json!({"schedule": {"rotation_period": count}})),
            Deed::SetStatus(id, status) => (("PUT", Self::path(id)), json!({"schedule": {"status": status}})),
            Deed::Delete(id) => (("DELETE", Self::path(id)), Value::Null),
            Deed::Create(owner, period) => {
                let fields = json!({"duration": 1, "period": period, "rotation_period": 5, "action": "autobackup"});
                (("POST", Self::path(owner)), json!({ "schedule": fields }))
            }
            Deed::Note(id, text) => (("PUT", Self::path(id)), json!({"backup": {"note": text}})),
            Deed::DeleteBackup(id) => (("DELETE", Self::path(id)), Value::Null),
            Deed::TakeBackup(disk) => (("POST", format!("/settings/disks/{disk}/backups")), Value::Null),
            Deed::TakePoint => (("POST", POINTS.to_owned()), json!({"resource_id": 3})),
        };
        let (status, _) = self.raw(method, &format!("{path}.json"), &body);
        if !(200..300).contains(&status) {
            return Vec::new();
        }
        match target {
            // Not every setting of a disk's policy has an effect.
            Some((id, then)) => {
                if self.still(&id) == then {
                    Vec::new()
                } else {
                    vec![id]
                }
            }
            None => self.list_ids().difference(&before).cloned().collect(),
        }
    }
}

/// What a creation makes.
fn made(kind: Kind) -> &'static str {
    match kind {
        Kind::Create => "schedule",
        Kind::CreatePoint => "point",
        _ => "backup",
    }
}
