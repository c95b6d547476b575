//! Finding what a POST to an OnApp cloud has made, while another user makes another at the same moment.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::harness::{Home, onapp};
use crate::server::{Answer, Request, Server};
use crate::side_by_side;

const CREATES: [(&str, &[&str]); 3] = [
    ("backup", &["backup", "create", "--vm", "488"]),
    ("schedule", &["policy", "create", "--vm", "488", "--interval", "daily", "--retention", "5"]),
    ("recovery_point", &["backup", "create", "--vm", "488", "--resource", "3"]),
];

/// Each of them, with an answer that names what it made and with one that says nothing.
fn cases() -> Vec<(&'static str, &'static [&'static str], bool)> {
    CREATES.iter().flat_map(|(kind, args)| [(*kind, *args, true), (*kind, *args, false)]).collect()
}

fn object(kind: &str, id: u64) -> Value {
    let is_own = id == 6;
    let target = if is_own { ("VirtualMachine", 488) } else { ("Disk", 9) };
    let target = if kind == "schedule" { ("VirtualMachine", 488) } else { target };
    json!({ kind: {
        "id": id,
        "target_type": target.0,
        "target_id": target.1,
        "virtual_machine_id": 488,
        "resource_id": if is_own { 3 } else { 4 },
        "built": true,
        "state": "available",
        "period": if is_own { "days" } else { "weeks" },
        "duration": 1,
        "rotation_period": 5,
        "status": "enabled",
        "created_at": "2026-01-01T00:00:00Z",
    }})
}

/// A cloud that has object 5. A POST makes 6, which so many lists leave out; 7 is another user's.
fn cloud(kind: &'static str, is_named: bool, looks_without: usize) -> Server {
    let (posts, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let list = move |ids: &[u64]| {
        let rows: Vec<Value> = ids.iter().map(|id| object(kind, *id)).collect();
        Answer::json(200, &json!(rows))
    };
    Server::start(move |request: &Request| {
        let path = request.path().strip_prefix("/flexapi").unwrap();
        match path {
            "/virtual_machines/488.json" => Answer::json(
                200,
                &json!({"virtual_machine": {"id": 488, "label": "web1", "support_incremental_backups": true}}),
            ),
            _ if request.is_write() => {
                posts.fetch_add(1, Ordering::SeqCst);
                if is_named { Answer::json(201, &object(kind, 6)) } else { Answer::empty(201) }
            }
            _ if path.ends_with("/6.json") => Answer::json(200, &object(kind, 6)),
            _ if path.ends_with("/disks.json") || path.contains("/transactions") => Answer::json(200, &json!([])),
            _ if posts.load(Ordering::SeqCst) == 0 => list(&[5]),
            _ if looks.fetch_add(1, Ordering::SeqCst) < looks_without => list(&[5, 7]),
            _ => list(&[5, 7, 6]),
        }
    })
}

#[test]
fn what_another_user_makes_meanwhile_is_not_taken_for_the_own() {
    side_by_side::play(
        &cases(),
        |_| true,
        |(kind, args, is_named)| {
            let run = onapp(&cloud(kind, *is_named, 2), args).args(&["-o", "json"]).run().ok();
            assert_eq!(run.json()["id"], 6, "{kind} {is_named}: {}", run.report());
        },
    );
}

#[test]
fn what_does_not_appear_is_not_taken_for_what_another_user_made() {
    side_by_side::play(
        &cases(),
        |_| true,
        |(kind, args, is_named)| {
            let home = Home::new();
            let server = cloud(kind, *is_named, 100);
            let run = onapp(&server, args).args(&["-o", "json"]).home(&home).run().fails(9, "not_verified");
            assert_eq!(run.error()["detail"]["ids"], json!(["7"]), "{kind} {is_named}: {}", run.report());
            assert_eq!(run.error()["changed"], "yes");
            let history = onapp(&server, &["history", "-o", "json"]).home(&home).run().ok().json();
            assert_eq!((&history[0]["outcome"], &history[0]["policy"]), (&json!("unknown"), &Value::Null));
        },
    );
}
