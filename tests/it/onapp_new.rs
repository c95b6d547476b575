//! Finding what a POST to an OnApp cloud has made, while another user makes the same.

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

/// A cloud that has object 5. A POST makes 6, which the answer names and which so many lists leave out; 7 is another user's.
fn cloud(kind: &'static str, looks_without: usize) -> Server {
    let (posts, looks) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let object = move |id: u64| {
        json!({ kind: {"id": id, "target_type": "VirtualMachine", "target_id": 488, "virtual_machine_id": 488,
            "resource_id": 3, "built": true, "state": "available", "period": if id == 5 { "weeks" } else { "days" }, "duration": 1, "rotation_period": 5,
            "status": "enabled", "created_at": "2026-01-01T00:00:00Z"} })
    };
    Server::start(move |request: &Request| {
        let path = request.path().strip_prefix("/flexapi").unwrap();
        let is_made = posts.load(Ordering::SeqCst) > 0;
        match path {
            "/virtual_machines/488.json" => Answer::json(
                200,
                &json!({"virtual_machine": {"id": 488, "label": "web1", "support_incremental_backups": true}}),
            ),
            _ if request.is_write() => {
                posts.fetch_add(1, Ordering::SeqCst);
                Answer::json(201, &object(6))
            }
            _ if path.ends_with("/6.json") => Answer::json(200, &object(6)),
            _ if path.ends_with("/disks.json") || path.contains("/transactions") => Answer::json(200, &json!([])),
            _ if !is_made => Answer::json(200, &json!([object(5)])),
            _ if looks.fetch_add(1, Ordering::SeqCst) < looks_without => {
                Answer::json(200, &json!([object(5), object(7)]))
            }
            _ => Answer::json(200, &json!([object(5), object(7), object(6)])),
        }
    })
}

#[test]
fn what_another_user_makes_meanwhile_is_not_taken_for_the_own() {
    side_by_side::play(
        &CREATES,
        |_| true,
        |(kind, args)| {
            let run = onapp(&cloud(kind, 2), args).args(&["-o", "json"]).run().ok();
            assert_eq!(run.json()["id"], 6, "{}", run.report());
        },
    );
}

#[test]
fn what_does_not_appear_is_not_taken_for_what_another_user_made() {
    side_by_side::play(
        &CREATES,
        |_| true,
        |(kind, args)| {
            let home = Home::new();
            let server = cloud(kind, 100);
            let run = onapp(&server, args).args(&["-o", "json"]).home(&home).run().fails(9, "not_verified");
            assert_eq!(run.error()["detail"]["ids"], json!(["7"]), "{}", run.report());
            assert_eq!(run.error()["changed"], "yes");
            let history = onapp(&server, &["history", "-o", "json"]).home(&home).run().ok().json();
            assert_eq!((&history[0]["outcome"], &history[0]["policy"]), (&json!("unknown"), &Value::Null));
        },
    );
}
