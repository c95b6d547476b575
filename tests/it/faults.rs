//! The ways in which a server fails, and a small stateful cloud for them to happen to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Answer, Request};
use crate::world::{DISK, DISK_PATH, POLICY, POLICY_PATH, SCHEDULE_PATH, VM, VM_POLICIES_PATH, disk, page, policy};

const TRASH_PATH: &str = "/core/v1/trash_objects/trash_object";
const BACKUPS_PATH: &str = "/flexapi/virtual_machines/488/backups/images.json";

/// One policy of one machine, one disk, two backups, and a trash; every clone is the same cloud.
#[derive(Clone)]
pub struct Cloud(Arc<Mutex<State>>);

#[derive(Clone)]
struct State {
    policies: Vec<Value>,
    trash: Vec<Value>,
}

impl Cloud {
    pub fn new() -> Self {
        let policies = vec![policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7)];
        Self(Arc::new(Mutex::new(State { policies, trash: Vec::new() })))
    }

    /// The policies, those in the trash left out.
    pub fn policies(&self) -> Vec<Value> {
        self.0.lock().unwrap().policies.clone()
    }

    pub fn answer(&self, request: &Request) -> Answer {
        self.0.lock().unwrap().answer(request)
    }

    /// What the answer would be; nothing is carried out.
    pub fn answer_only(&self, request: &Request) -> Answer {
        let mut copy = self.0.lock().unwrap().clone();
        copy.answer(request)
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let body = match (request.method.as_str(), request.path()) {
            ("GET", VM_POLICIES_PATH) => Ok(page(request, "disk_backup_policies", &self.policies)),
            ("POST", VM_POLICIES_PATH) => Ok(self.create(request)),
            ("GET", POLICY_PATH) => self.find(request.query("disk_backup_policy[id]")).cloned().map(envelope),
            ("PATCH", POLICY_PATH) => self.change(request, |policy, body| {
                policy["retention"] = body["properties"]["retention"].clone();
                envelope(json!({"id": policy["id"], "retention": policy["retention"], "schedule": {}}))
            }),
            ("DELETE", SCHEDULE_PATH) => self.change(request, |policy, body| {
                policy["auto_move_to_trash_at"] = body["timestamp"].clone();
                envelope(json!({"id": policy["id"], "auto_move_to_trash_at": body["timestamp"]}))
            }),
            ("DELETE", POLICY_PATH) => {
                self.change(request, |policy, _| envelope(json!({"id": policy["id"]}))).inspect(|_| {
                    let gone = self.policies.remove(0);
                    self.trash.push(gone);
                })
            }
            ("GET", TRASH_PATH) if !self.trash.is_empty() => Ok(json!({"trash_object": trash_object()})),
            ("GET", DISK_PATH) if request.query("disk[id]").as_deref() == Some(DISK) => {
                Ok(json!({"disk": disk(), "annotations": []}))
            }
            ("GET", BACKUPS_PATH) => Ok(json!([{"backup": backup(1)}, {"backup": backup(2)}])),
            _ => Err("route_not_found"),
        };
        match body {
            Ok(body) => Answer::json(200, &body),
            Err("object_in_trash") => {
                Answer::error_with(406, "object_in_trash", json!({"trash_object": trash_object()}))
            }
            Err(code) => Answer::error(404, code),
        }
    }

    fn create(&mut self, request: &Request) -> Value {
        let properties = &request.json()["properties"];
        let id = format!("dbp_new{}", self.policies.len());
        let mut new = policy(&id, "VirtualMachine", VM, "web-1", "weekly", 5);
        new["retention"] = properties["retention"].clone();
        new["schedule"]["interval"] = properties["schedule"]["interval"].clone();
        self.policies.push(new.clone());
        envelope(new)
    }

    fn find(&mut self, id: Option<String>) -> Result<&mut Value, &'static str> {
        let is_it = |policy: &Value| policy["id"].as_str() == id.as_deref();
        let is_gone = self.trash.iter().any(is_it);
        let found = self.policies.iter_mut().find(|policy| is_it(policy));
        found.ok_or(if is_gone { "object_in_trash" } else { "disk_backup_policy_not_found" })
    }

    fn change(
        &mut self,
        request: &Request,
        change: impl FnOnce(&mut Value, &Value) -> Value,
    ) -> Result<Value, &'static str> {
        let body = request.json();
        let policy = self.find(body["disk_backup_policy"]["id"].as_str().map(String::from))?;
        Ok(change(policy, &body))
    }
}

fn envelope(policy: Value) -> Value {
    json!({"disk_backup_policy": policy})
}

fn trash_object() -> Value {
    json!({"id": "trsh_1", "keep_until": 4_086_590_400_i64, "object_id": POLICY, "object_type": "DiskBackupPolicy"})
}

fn backup(id: u64) -> Value {
    json!({"id": id, "identifier": format!("bkp{id}"), "built": true, "backup_size": 1_048_576, "created_at": "2026-01-01T00:00:00Z"})
}

/// What a fault makes of an answer that would have been right.
type Spoil = fn(&Request, Answer) -> Answer;

/// The faults that come as an answer, by the names that the table has. `refused` is not here: nothing is answered.
const FAULTS: [(&str, Spoil); 32] = [
    ("reset-before", |_, _| Answer::reset()),
    ("closed", |_, _| Answer::closed()),
    ("reset-midway", |_, answer| answer.reset_midway()),
    ("cut-off", |_, answer| answer.cut_off()),
    ("stalled", |_, answer| answer.stalled()),
    ("endless", |_, answer| answer.endless("                ")),
    ("silent", |_, _| Answer::silent()),
    ("byte-a-second", |_, answer| answer.dribbled(Duration::from_secs(1))),
    ("html-200", |_, _| Answer::html(200)),
    ("html-502", |_, _| Answer::html(502)),
    ("empty-500", |_, _| Answer::empty(500)),
    ("json-503", |_, _| Answer::error(503, "service_unavailable")),
    ("empty-503", |_, _| Answer::empty(503)),
    ("429-told", |_, _| Answer::error(429, "rate_limit_reached").header("Retry-After", "1")),
    ("429-untold", |_, _| Answer::error(429, "rate_limit_reached").header("Date", "Sun, 06 Nov 1994 08:49:01 GMT")),
    ("redirect-away", |_, _| Answer::empty(302).header("Location", "http://elsewhere.invalid/login")),
    ("redirect-loop", |request, _| Answer::empty(307).header("Location", &request.target)),
    ("redirect-nowhere", |_, _| Answer::empty(302)),
    ("wrong-type", |_, answer| Answer::raw(answer.status(), "image/png", answer.body())),
    ("gzip-bomb", |_, _| gzip_bomb()),
    ("many-values", |_, answer| answer.with_body(format!("[{}1]", r#"{"a":1},"#.repeat(4_000_000)))),
    ("bad-utf8", |_, answer| {
        let mut body = answer.body().to_vec();
        let quote = body.iter().position(|byte| *byte == b'"').unwrap_or(0);
        body.insert(quote + 1, 0xff);
        answer.with_body(body)
    }),
    ("deep", |_, answer| answer.with_body("[".repeat(100_000) + &"]".repeat(100_000))),
    ("wrong-shape", |_, answer| answer.with_body(r#"[[1], "x", null]"#)),
    ("missing-fields", |_, answer| changed(answer, &|key, _| !["id", "error", "code"].contains(&key))),
    ("unknown-words", |_, answer| {
        changed(answer, &|key, value| {
            if ["interval", "type", "state", "object_type"].contains(&key) {
                *value = json!("hitherto-unseen");
            }
            false
        })
    }),
    ("nulls", |_, answer| {
        changed(answer, &|_, value| {
            *value = Value::Null;
            false
        })
    }),
    ("pages-endless", |request, answer| paged(request, answer, 1_000_000, |number, row| number * 100 + row)),
    ("pages-backwards", |request, answer| paged(request, answer, 5, |number, row| (9 - number) * 100 + row)),
    ("pages-repeating", |request, answer| paged(request, answer, 1_000_000, |_, row| row)),
    ("pages-shifting", |request, answer| paged(request, answer, 3, |number, row| number * 99 + row)),
    ("pages-of-nothing", |request, answer| {
        let answer = paged(request, answer, 1, |_, row| row);
        changed(answer.header("X-Limit", "0"), &|key, value| {
            if ["per_page", "total_pages", "total", "current_page"].contains(&key) {
                *value = json!(0);
            }
            false
        })
    }),
];

/// Finds a fault by name.
pub fn fault(name: &str) -> Spoil {
    FAULTS.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("no fault is called {name}")).1
}

/// Goes through all scalars of an answer. The function may change one, and says whether to leave it out.
fn changed(answer: Answer, change: &dyn Fn(&str, &mut Value) -> bool) -> Answer {
    fn walk(value: &mut Value, change: &dyn Fn(&str, &mut Value) -> bool) {
        match value {
            Value::Object(fields) => fields.retain(|key, value| match value {
                Value::Object(_) | Value::Array(_) => {
                    walk(value, change);
                    true
                }
                _ => !change(key, value),
            }),
            Value::Array(items) => items.iter_mut().for_each(|item| walk(item, change)),
            _ => {}
        }
    }
    let mut body = serde_json::from_slice(answer.body()).unwrap();
    walk(&mut body, change);
    answer.with_body(body.to_string())
}

/// A page of a hundred rows, numbered as told, of a list that claims so many pages: on both clouds.
fn paged(request: &Request, answer: Answer, pages: u64, number_of: fn(u64, u64) -> u64) -> Answer {
    if request.is_write() || ![VM_POLICIES_PATH, BACKUPS_PATH].contains(&request.path()) {
        return answer;
    }
    let number = request.query("page").map_or(1, |page| page.parse().unwrap());
    let rows = if number > pages { 0 } else { 100 };
    let ids = (0..rows).map(|row| number_of(number, row));
    if request.path() == BACKUPS_PATH {
        let rows: Vec<Value> = ids.map(|id| json!({"backup": {"id": id}})).collect();
        return Answer::json(200, &json!(rows)).header("X-Total", &(pages * 100).to_string()).header("X-Limit", "100");
    }
    let rows: Vec<Value> = ids.map(|id| json!({"id": format!("p-{id}")})).collect();
    let claims = json!({
        "current_page": number, "total_pages": pages, "total": pages * 100, "per_page": 100, "large_set": false,
    });
    Answer::json(200, &json!({"pagination": claims, "disk_backup_policies": rows}))
}

/// The bits of a deflate stream, least significant first.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn push(&mut self, bits: &str) {
        for bit in bits.bytes() {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= (bit - b'0') << (self.1 % 8);
            self.1 += 1;
        }
    }
}

/// An answer that unpacks for ever.
pub fn gzip_bomb() -> Answer {
    // A block of fixed Huffman codes: one space, then "258 bytes from one byte ago" for ever. Eight such matches are
    // 13 bytes that unpack to 2064, and they repeat from the third byte on, where the block's head has passed.
    let mut bits = Bits::default();
    bits.push("11001010000");
    for _ in 0..16 {
        bits.push("1100010100000");
    }
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    body.extend(&bits.0[..2]);
    let unit = bits.0[2..15].to_vec();
    Answer::text_json(body).header("Content-Encoding", "gzip").endless(unit)
}
