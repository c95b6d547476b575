//! A small Katapult: one organization, three machines, a disk, a few policies, a trash, and writes that take effect.
//!
//! It answers by path and lookup, so that a test does not depend on the order in which a command asks. The shapes
//! are those that the real API is known to send: wrapped errors, `{"type","value"}` targets, an empty `schedule`
//! in the reply to PATCH, only the id in the reply to DELETE.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::server::{Answer, Request, Server};

pub const ORG: &str = "org_T5dPq1RyXc8vLh3K";
pub const VM: &str = "vm_Hn3cYt8QpV5rXe1D";
pub const FQDN: &str = "web-1.acme.katapult.cloud";
pub const DISK: &str = "disk_Zb6uJw4SoN2kGm9T";
/// Of a daily policy of [`VM`]; the prefix is nothing that the API promises.
pub const POLICY: &str = "dbp_Kq7fW2mZx0Rt9LsA";

pub const POLICY_PATH: &str = "/core/v1/disk_backup_policies/disk_backup_policy";
pub const SCHEDULE_PATH: &str = "/core/v1/disk_backup_policies/disk_backup_policy/schedule";
pub const VM_POLICIES_PATH: &str = "/core/v1/virtual_machines/virtual_machine/disk_backup_policies";
pub const DISK_POLICIES_PATH: &str = "/core/v1/disks/disk/disk_backup_policies";
pub const ORG_POLICIES_PATH: &str = "/core/v1/organizations/organization/disk_backup_policies";
pub const DISK_PATH: &str = "/core/v1/disks/disk";

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// The state; cheap to clone, every clone is the same world.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

#[derive(Clone)]
struct State {
    orgs: Vec<Value>,
    vms: Vec<Value>,
    disk: Value,
    policies: Vec<Value>,
    /// The policies that were deleted.
    trash: Vec<Value>,
    /// Writes are answered as if done, but change nothing.
    deaf: bool,
}

impl World {
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            orgs: vec![org(ORG, "ACME Inc.", "acme")],
            vms: vec![
                vm(VM, "web-1", FQDN),
                vm("vm_Bc4sLk7WnE2xTf9J", "DB 1", "db-1.acme.katapult.cloud"),
                vm("vm_Ud8pRj5MhG3qYz6V", "mail", "mail.acme.katapult.cloud"),
            ],
            disk: disk(),
            policies: vec![policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7)],
            trash: Vec::new(),
            deaf: false,
        })))
    }

    fn change(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.0.lock().unwrap());
        self
    }

    pub fn orgs(self, orgs: Vec<Value>) -> Self {
        self.change(|state| state.orgs = orgs)
    }

    pub fn vms(self, vms: Vec<Value>) -> Self {
        self.change(|state| state.vms = vms)
    }

    pub fn disk(self, disk: Value) -> Self {
        self.change(|state| state.disk = disk)
    }

    pub fn policies(self, policies: Vec<Value>) -> Self {
        self.change(|state| state.policies = policies)
    }

    /// Changes the first policy.
    pub fn policy(self, change: impl FnOnce(&mut Value)) -> Self {
        self.change(|state| change(&mut state.policies[0]))
    }

    /// The first policy, as it stands.
    pub fn current(&self) -> Value {
        self.0.lock().unwrap().policies[0].clone()
    }

    /// All policies as they stand, without those in the trash.
    pub fn live_policies(&self) -> Vec<Value> {
        self.0.lock().unwrap().policies.clone()
    }

    pub fn deaf(self) -> Self {
        self.change(|state| state.deaf = true)
    }

    pub fn serve(&self) -> Server {
        let world = self.clone();
        Server::start(move |request| world.answer(request))
    }

    /// Serves the world, save where the function has another answer.
    pub fn serve_but(&self, other: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
        let world = self.clone();
        Server::start(move |request| other(request).unwrap_or_else(|| world.answer(request)))
    }

    pub fn answer(&self, request: &Request) -> Answer {
        self.0.lock().unwrap().answer(request)
    }

    /// What the answer would be; the world stays as it is.
    pub fn answer_only(&self, request: &Request) -> Answer {
        let mut copy = self.0.lock().unwrap().clone();
        copy.answer(request)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        if request.header("authorization").is_none() {
            return Answer::error(400, "missing_api_token");
        }
        let state = self;
        let path = request.path().strip_prefix("/core/v1").unwrap_or_default();
        let outcome = match (request.method.as_str(), path) {
            ("GET", "/organizations") => Ok(json!({"organizations": state.orgs})),
            ("GET", "/organizations/organization") => state.org(request).map(|org| json!({"organization": org})),
            ("GET", "/organizations/organization/virtual_machines") => {
                state.org(request).map(|_| page(request, "virtual_machines", &state.vms))
            }
            ("GET", "/organizations/organization/disks") => {
                state.org(request).map(|_| page(request, "disk", &[org_disk(&state.disk)]))
            }
            ("GET", "/organizations/organization/disk_backup_policies") => {
                state.org(request).map(|_| page(request, "disk_backup_policies", &listed(&state.policies)))
            }
            ("GET", "/organizations/organization/trash_objects") => {
                let objects: Vec<Value> = state.trash.iter().map(trash_object).collect();
                state.org(request).map(|_| page(request, "trash_objects", &objects))
            }
            ("GET", "/virtual_machines/virtual_machine") => {
                state.vm(request).map(|vm| json!({"annotations": [], "virtual_machine": full_vm(vm)}))
            }
            ("GET", "/virtual_machines/virtual_machine/disks") => {
                state.vm(request).map(|_| page(request, "disks", &[vm_disk(&state.disk)]))
            }
            ("GET", "/virtual_machines/virtual_machine/disk_backup_policies") => {
                state.vm(request).map(|vm| page(request, "disk_backup_policies", &state.of(request, vm)))
            }
            ("GET", "/disks/disk") => state
                .disk_of(request)
                .map(|disk| json!({"disk": disk, "annotations": [{"key": "owner", "value": "ops"}]})),
            ("GET", "/disks/disk/disk_backup_policies") => {
                state.disk_of(request).map(|disk| page(request, "disk_backup_policies", &state.of(request, disk)))
            }
            ("GET", "/disk_backup_policies/disk_backup_policy") => {
                state.find(request.query("disk_backup_policy[id]")).map(|policy| json!({"disk_backup_policy": policy}))
            }
            ("PATCH", "/disk_backup_policies/disk_backup_policy") => state.patch(request),
            ("DELETE", "/disk_backup_policies/disk_backup_policy/schedule") => state.schedule_delete(request),
            ("DELETE", "/disk_backup_policies/disk_backup_policy") => state.delete(request),
            ("POST", "/virtual_machines/virtual_machine/disk_backup_policies") => state.create(request),
            ("GET", "/trash_objects/trash_object") => state
                .trash
                .first()
                .map(|gone| json!({"trash_object": trash_object(gone)}))
                .ok_or("trash_object_not_found"),
            _ => Err("route_not_found"),
        };
        match outcome {
            Ok(body) => Answer::json(200, &body).header("X-Request-Id", crate::server::REQUEST_ID),
            Err("object_in_trash") => {
                let gone = trash_object(&state.trash[0]);
                Answer::error_with(406, "object_in_trash", json!({"trash_object": gone}))
            }
            Err(code) => Answer::error(404, code),
        }
    }

    fn org(&self, request: &Request) -> Result<&Value, &'static str> {
        let (id, sub_domain) = (request.query("organization[id]"), request.query("organization[sub_domain]"));
        self.orgs
            .iter()
            .find(|org| is(&org["id"], &id) || is(&org["sub_domain"], &sub_domain))
            .ok_or("organization_not_found")
    }

    fn vm(&self, request: &Request) -> Result<&Value, &'static str> {
        let (id, fqdn) = (request.query("virtual_machine[id]"), request.query("virtual_machine[fqdn]"));
        self.vms.iter().find(|vm| is(&vm["id"], &id) || is(&vm["fqdn"], &fqdn)).ok_or("virtual_machine_not_found")
    }

    fn disk_of(&self, request: &Request) -> Result<&Value, &'static str> {
        let id = request.query("disk[id]");
        Some(&self.disk).filter(|disk| is(&disk["id"], &id)).ok_or("disk_not_found")
    }

    /// The policies of a machine or disk, in the short form of lists.
    fn of(&self, request: &Request, owner: &Value) -> Vec<Value> {
        let disks_too = request.query("include_disks").is_some_and(|value| value == "true");
        let own = |policy: &&Value| {
            let target = &policy["target"];
            target["value"]["id"] == owner["id"] || (disks_too && target["type"] == "Disk")
        };
        listed(&self.policies.iter().filter(own).cloned().collect::<Vec<_>>())
    }

    fn find(&mut self, id: Option<String>) -> Result<&mut Value, &'static str> {
        let is_gone = self.trash.iter().any(|policy| is(&policy["id"], &id));
        let found = self.policies.iter_mut().find(|policy| is(&policy["id"], &id));
        found.ok_or(if is_gone { "object_in_trash" } else { "disk_backup_policy_not_found" })
    }

    fn patch(&mut self, request: &Request) -> Result<Value, &'static str> {
        let body = request.json();
        let deaf = self.deaf;
        let policy = self.find(lookup(&body))?;
        if !deaf {
            let properties = body["properties"].as_object().unwrap();
            if let Some(retention) = properties.get("retention") {
                policy["retention"] = retention.clone();
            }
            // The strict reading: what is sent replaces the schedule, so a part that was left out is lost.
            if let Some(schedule) = properties.get("schedule") {
                let next = policy["schedule"]["next_invocation_at"].clone();
                policy["schedule"] = schedule.clone();
                policy["schedule"]["next_invocation_at"] = next;
            }
        }
        Ok(json!({"disk_backup_policy": {
            "id": policy["id"], "retention": policy["retention"], "schedule": {},
            "target": bare_target(policy),
        }}))
    }

    fn schedule_delete(&mut self, request: &Request) -> Result<Value, &'static str> {
        let body = request.json();
        let deaf = self.deaf;
        let policy = self.find(lookup(&body))?;
        if !deaf {
            policy["auto_move_to_trash_at"] = body["timestamp"].clone();
        }
        Ok(json!({"disk_backup_policy": {
            "id": policy["id"], "target": bare_target(policy), "auto_move_to_trash_at": body["timestamp"],
        }}))
    }

    fn delete(&mut self, request: &Request) -> Result<Value, &'static str> {
        let id = lookup(&request.json());
        let gone = self.find(id.clone())?.clone();
        if !self.deaf {
            self.policies.retain(|policy| !is(&policy["id"], &id));
            self.trash.push(gone.clone());
        }
        Ok(json!({"disk_backup_policy": {"id": gone["id"]}}))
    }

    fn create(&mut self, request: &Request) -> Result<Value, &'static str> {
        let body = request.json();
        let lookup = &body["virtual_machine"];
        let owner = self.vms.iter().find(|vm| vm["id"] == lookup["id"] || vm["fqdn"] == lookup["fqdn"]);
        let owner = owner.ok_or("virtual_machine_not_found")?;
        let properties = &body["properties"];
        let id = format!("dbp_new{}", self.policies.len());
        let text = |name: &str| owner[name].as_str().unwrap().to_owned();
        let mut new = policy(&id, "VirtualMachine", &text("id"), &text("name"), "daily", 1);
        new["retention"] = properties["retention"].clone();
        for (name, value) in properties["schedule"].as_object().unwrap() {
            new["schedule"][name] = value.clone();
        }
        if !self.deaf {
            self.policies.push(new.clone());
        }
        Ok(json!({"disk_backup_policy": new}))
    }
}

fn trash_object(gone: &Value) -> Value {
    json!({"id": "trsh_1", "keep_until": 4_086_590_400_i64, "object_id": gone["id"], "object_type": "DiskBackupPolicy"})
}

fn is(value: &Value, wanted: &Option<String>) -> bool {
    wanted.as_deref().is_some_and(|wanted| value == wanted)
}

fn lookup(body: &Value) -> Option<String> {
    body["disk_backup_policy"]["id"].as_str().map(String::from)
}

fn bare_target(policy: &Value) -> Value {
    json!({"type": policy["target"]["type"], "value": {"id": policy["target"]["value"]["id"]}})
}

/// One page of a list, paged as the API does.
pub fn page(request: &Request, key: &str, items: &[Value]) -> Value {
    let number = |name, default| request.query(name).map_or(default, |value| value.parse::<usize>().unwrap());
    let (page, per_page) = (number("page", 1), number("per_page", 30));
    let shown: Vec<_> = items.iter().skip((page - 1) * per_page).take(per_page).collect();
    let mut body = json!({"pagination": {
        "current_page": page, "total_pages": items.len().div_ceil(per_page), "total": items.len(),
        "per_page": per_page, "large_set": false,
    }});
    body[key] = json!(shown);
    body
}

/// What lists have of a policy: no `frequency`, `minute`, `time`, `auto_move_to_trash_at`.
fn listed(policies: &[Value]) -> Vec<Value> {
    let short = |policy: &Value| {
        let mut short = policy.clone();
        short.as_object_mut().unwrap().shift_remove("auto_move_to_trash_at");
        for name in ["frequency", "minute", "time"] {
            short["schedule"].as_object_mut().map(|schedule| schedule.shift_remove(name));
        }
        short
    };
    policies.iter().map(short).collect()
}

/// A policy with all its fields; the next run is a good three hours away.
pub fn policy(id: &str, kind: &str, owner: &str, name: &str, interval: &str, retention: u32) -> Value {
    json!({
        "id": id, "retention": retention, "total_size": 12.5,
        "target": {"type": kind, "value": {"id": owner, "name": name}},
        "schedule": {
            "frequency": 1, "interval": interval, "minute": 30,
            "next_invocation_at": now() + 3 * 3600 + 300, "time": 2,
        },
        "auto_move_to_trash_at": null,
    })
}

pub fn org(id: &str, name: &str, sub_domain: &str) -> Value {
    json!({
        "id": id, "name": name, "sub_domain": sub_domain,
        "infrastructure_domain": format!("{sub_domain}.katapult.cloud"), "created_at": 1_605_785_692,
        "activated_at": 1_605_785_700, "suspended": false, "managed": false,
    })
}

/// A machine as lists have it.
pub fn vm(id: &str, name: &str, fqdn: &str) -> Value {
    json!({
        "id": id, "name": name, "hostname": fqdn.split('.').next(), "fqdn": fqdn, "created_at": 1_787_048_193,
        "zone": {
            "id": "zone_3MwXo7fQbV9sKt5E", "name": "LON-1", "permalink": "lon-zone-1",
            "data_center": {"id": "loc_6RgYd2TnHc8jWp4Z", "name": "London", "permalink": "uk-lon-01"},
        },
        "package": {"name": "ROCK-3"}, "gpu_type": null, "ip_addresses": [{"address": "192.0.2.25"}],
    })
}

/// The password that a machine's own page gives away.
pub const ROOT_PASSWORD: &str = "hunter2-Correct-Horse";

/// A machine as its own page has it, its root password in clear.
fn full_vm(listed: &Value) -> Value {
    let mut vm = listed.clone();
    vm["initial_root_password"] = json!(ROOT_PASSWORD);
    vm["state"] = json!("started");
    vm["memory_in_gb"] = json!(3);
    vm["organization"] = org(ORG, "ACME Inc.", "acme");
    vm
}

/// A disk as its own page has it, attached and installed from a template.
pub fn disk() -> Value {
    json!({
        "id": DISK, "name": "System Disk", "size_in_gb": 25, "wwn": "02ca5de8e4f5475a", "state": "built",
        "created_at": 1_786_809_116, "storage_speed": "nvme",
        "io_profile": {
            "id": "diop_7YkSv5HqLx1mCe3B", "name": "Unrestricted", "permalink": "unrestricted",
            "speed_in_mb": null, "iops": null,
        },
        "bus_type": "scsi",
        "data_center": {"id": "loc_6RgYd2TnHc8jWp4Z", "name": "London", "permalink": "uk-lon-01"},
        "virtual_machine_disk": {
            "attach_on_boot": true, "boot": true, "state": "attached", "virtual_machine": {"id": VM, "fqdn": FQDN},
        },
        "installation": {
            "id": "dinst_9DzWb3KfUo6rPn2G",
            "disk_template_version": {
                "number": 4, "stable": true,
                "disk_template": {
                    "id": "dtpl_1QjTg8VxRs5hMa7L", "name": "Ubuntu 24.04", "permalink": "ubuntu-24-04",
                    "operating_system": {"id": "os_4XeCu9NyFw2kJd6S", "name": "Ubuntu"},
                },
            },
            "attributes": [
                {"key": "hostname", "label": "Host name", "value": "web-1", "description": null, "protect": false},
                {"key": "root_password", "label": "Password", "value": ROOT_PASSWORD, "description": null, "protect": true},
            ],
        },
    })
}

fn org_disk(disk: &Value) -> Value {
    json!({
        "id": disk["id"], "name": disk["name"], "size_in_gb": disk["size_in_gb"], "wwn": disk["wwn"],
        "state": disk["state"], "virtual_machine_disk": {"virtual_machine": {"id": VM, "fqdn": FQDN}},
    })
}

/// The disk stands one level down: the outer `state` is the attachment's.
fn vm_disk(disk: &Value) -> Value {
    let of = |name: &str| disk[name].clone();
    json!({
        "disk": {
            "id": of("id"), "name": of("name"), "size_in_gb": of("size_in_gb"), "wwn": of("wwn"),
            "state": of("state"), "created_at": of("created_at"),
        },
        "attach_on_boot": true, "boot": true, "state": "attached",
    })
}
