//! The ways in which a server fails.

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Answer, Request};
use crate::world::{VM_POLICIES_PATH, World};

const BACKUPS_PATH: &str = "/flexapi/virtual_machines/488/backups/images.json";

/// The answer of a server that is right: `world` for Katapult, and an OnApp cloud with two backups of machine 488.
pub fn right_answer(world: &World, request: &Request) -> Answer {
    if request.path() == BACKUPS_PATH {
        return Answer::json(200, &json!([{"backup": backup(1)}, {"backup": backup(2)}]));
    }
    world.answer(request)
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
    ("429-retry-after", |_, _| Answer::error(429, "rate_limit_reached").header("Retry-After", "1")),
    ("429-silent", |_, _| Answer::error(429, "rate_limit_reached").header("Date", "Sun, 06 Nov 1994 08:49:01 GMT")),
    ("redirect-away", |_, _| Answer::empty(302).header("Location", "http://elsewhere.invalid/login")),
    ("redirect-loop", |request, _| Answer::empty(307).header("Location", &request.target)),
    ("redirect-nowhere", |_, _| Answer::empty(302)),
    ("wrong-type", |_, answer| Answer::raw(answer.status(), "image/png", answer.body())),
    ("gzip-bomb", |_, _| gzip_bomb()),
    ("many-values", |_, answer| answer.with_body(format!("[{}1]", r#"{"a":1},"#.repeat(1_000_000)))),
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

/// A page of a hundred rows, numbered by the function, of a list that claims so many pages: on both clouds.
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
