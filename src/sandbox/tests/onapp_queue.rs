//! OnApp's transactions: how the queue moves, how they end, and how their lists are paged.

use super::onapp::{ME, call, get, list};
use super::*;

const DISK: &str = "/settings/disks/1101/backups.json";

fn failing(hand: &Hand, faults: &[&str]) -> Api {
    let faults = faults.iter().map(|fault| fault.parse().expect("a failure")).collect();
    api(Options { clock: hand.clock(), faults, ..options() })
}

/// Takes a backup and returns its number.
fn take(api: &Api, path: &str) -> u64 {
    let taken = call(api, "POST", path);
    assert_eq!(taken.status, 201, "{}", taken.body);
    taken.json()["backup"]["id"].as_u64().expect("a number")
}

/// The transaction about a backup.
fn transaction(api: &Api, backup: u64) -> Option<Value> {
    let all = list(api, "/transactions.json/per_page/100");
    all.into_iter().find(|transaction| transaction["parent_type"] == "Backup" && transaction["parent_id"] == backup)
}

fn status(api: &Api, backup: u64) -> String {
    transaction(api, backup).expect("a transaction")["status"].as_str().expect("a status").to_owned()
}

#[test]
fn a_transaction_moves_with_the_clock() {
    let hand = Hand::new();
    let api = failing(&hand, &[]);
    let id = take(&api, "/virtual_machines/488/backups.json");
    let queued = transaction(&api, id).expect("a transaction");
    assert_eq!((&queued["action"], &queued["status"]), (&json!("take_incremental_backup"), &json!("pending")));
    assert_eq!((&queued["started_at"], &queued["finished_at"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&queued["associated_object_type"], &queued["associated_object_id"]),
        (&json!("VirtualMachine"), &json!(488))
    );
    hand.pass(1);
    assert_eq!(status(&api, id), "running");
    assert_eq!(get(&api, &format!("/backups/{id}.json")).json()["backup"]["built"], false);
    hand.pass(2);
    assert_eq!(status(&api, id), "complete");
    let backup = get(&api, &format!("/backups/{id}.json")).json()["backup"].clone();
    assert_eq!((&backup["built"], &backup["locked"]), (&json!(true), &json!(false)));
    assert!(backup["backup_size"].as_u64() > Some(0) && backup["built_at"].is_string(), "{backup}");
}

#[test]
fn a_machine_has_one_transaction_at_a_time() {
    let hand = Hand::new();
    let api = failing(&hand, &[]);
    let (first, second) =
        (take(&api, "/settings/disks/1220/backups.json"), take(&api, "/settings/disks/1220/backups.json"));
    let other = take(&api, "/settings/disks/1240/backups.json");
    let ahead = transaction(&api, first).expect("a transaction")["id"].clone();
    assert_eq!(transaction(&api, second).expect("a transaction")["dependent_transaction_id"], ahead);
    hand.pass(3);
    assert_eq!([first, second, other].map(|id| status(&api, id)), ["complete", "running", "complete"]);
    hand.pass(2);
    assert_eq!(status(&api, second), "complete");
}

#[test]
fn a_failed_backup_stays_unbuilt() {
    let hand = Hand::new();
    let api = failing(&hand, &["take_backup:failed"]);
    let id = take(&api, "/settings/disks/1220/backups.json");
    hand.pass(3);
    assert_eq!(status(&api, id), "failed");
    let backup = get(&api, &format!("/backups/{id}.json")).json()["backup"].clone();
    assert_eq!(
        (&backup["built"], &backup["locked"]),
        (&json!(false), &json!(false)),
        "nothing in it says that it failed"
    );
    let number = transaction(&api, id).expect("a transaction")["id"].clone();
    let log = get(&api, &format!("/transactions/{number}.json?log")).json()["transaction"]["log_output"].clone();
    assert!(log.as_str().expect("a log").contains("Fatal"), "{log}");
    // The failure was named once.
    let next = take(&api, "/settings/disks/1220/backups.json");
    hand.pass(3);
    assert_eq!(status(&api, next), "complete");
}

#[test]
fn a_stuck_transaction_holds_up_its_machine() {
    let hand = Hand::new();
    let api = failing(&hand, &["take_backup:stuck:1"]);
    let (stuck, behind) =
        (take(&api, "/settings/disks/1220/backups.json"), take(&api, "/settings/disks/1220/backups.json"));
    let elsewhere = take(&api, "/settings/disks/1240/backups.json");
    hand.pass(86_400);
    assert_eq!([stuck, behind, elsewhere].map(|id| status(&api, id)), ["running", "pending", "complete"]);
}

#[test]
fn a_transaction_may_vanish_although_its_work_is_done() {
    let hand = Hand::new();
    let api = failing(&hand, &["vanished:1"]);
    let id = take(&api, "/settings/disks/1220/backups.json");
    let number = transaction(&api, id).expect("a transaction")["id"].clone();
    hand.pass(3);
    assert!(transaction(&api, id).is_none());
    assert_eq!(get(&api, &format!("/transactions/{number}.json")).status, 404);
    assert_eq!(get(&api, &format!("/backups/{id}.json")).json()["backup"]["built"], true);
}

#[test]
fn a_busy_cloud_refuses_writes_for_a_while() {
    let hand = Hand::new();
    let api = failing(&hand, &["busy:1"]);
    assert_eq!(get(&api, "/virtual_machines/488.json").status, 200, "reading is not disturbed");
    let busy = call(&api, "POST", DISK);
    assert_eq!(busy.status, 422);
    let message = busy.json()["errors"]["base"][0].as_str().expect("a message").to_owned();
    assert!(
        message.starts_with("Please wait while ") && message.ends_with(" transactions will be finished."),
        "{message}"
    );
    assert_eq!(call(&api, "POST", DISK).status, 201);
}

#[test]
fn transactions_are_paged_in_the_path() {
    let api = api(options());
    let first = get(&api, "/transactions.json");
    assert_eq!((first.header("x-total"), first.header("x-page")), (None, None));
    let number = |transaction: &Value| transaction["id"].as_u64().expect("a number");
    let page = |path: &str| list(&api, path).iter().map(number).collect::<Vec<_>>();
    let newest = page("/transactions.json");
    assert_eq!(newest.len(), 10);
    assert!(newest.is_sorted_by(|one, next| one > next), "newest first: {newest:?}");
    let all = page("/transactions.json/per_page/100");
    assert!(all.len() > 30);
    assert_eq!(page("/transactions.json/page/2"), all[10..20]);
    assert_eq!(page("/transactions.json/per_page/7/page/2"), all[7..14]);
    assert_eq!(page("/transactions.json?page=2&per_page=7"), all[7..14]);
    assert!(page("/transactions.json/page/99").is_empty());
    assert_eq!(get(&api, "/transactions/page/2.json").status, 404, "the suffix stands before the page");
    assert_eq!(get(&api, "/virtual_machines.json/page/2").status, 404, "only transactions are paged so");
    let own = list(&api, "/virtual_machines/652/transactions.json/per_page/50");
    assert!(!own.is_empty() && own.iter().all(|transaction| transaction["associated_object_id"] == 652));
    let xml = get(&api, "/transactions.xml/per_page/3").body;
    assert_eq!(xml.matches("<transaction>").count(), 3, "{xml}");
    assert!(xml.contains("<transactions type=\"array\">"));
}

#[test]
fn logs_and_parents_of_transactions() {
    let api = api(options());
    let plain = list(&api, "/transactions.json/per_page/100");
    assert!(plain.iter().all(|transaction| transaction.get("log_output").is_none()));
    let detailed = list(&api, "/transactions.json/per_page/100?detailed");
    assert!(detailed.iter().all(|transaction| transaction["log_output"].is_string()));
    let network = plain.iter().find(|transaction| transaction["parent_type"] == "NetworkInterface").expect("one");
    assert_eq!(
        (&network["associated_object_type"], &network["associated_object_id"]),
        (&json!("VirtualMachine"), &json!(701))
    );
    let reset = plain.iter().find(|transaction| transaction["action"] == "reset_root_password").expect("one");
    assert!(reset["params"]["new_password"].is_string(), "parameters hold secrets");
    for status in ["complete", "failed", "cancelled", "running"] {
        assert!(plain.iter().any(|transaction| transaction["status"] == status), "{status}");
    }
    let logs = list(&api, "/virtual_machines/733/logs.json");
    assert!(logs.iter().any(|item| item["action"] == "startup_virtual_machine" && item["status"] == "cancelled"));
}

#[test]
fn the_queue_is_shared_by_the_state_file() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let hand = Hand::new();
    let start = || {
        let state_file = Some(directory.path().join("state.json"));
        api(Options { clock: hand.clock(), state_file, ..options() })
    };
    let one = start();
    let id = take(&one, DISK);
    drop(one);
    hand.pass(3);
    let other = start();
    assert_eq!(status(&other, id), "pending", "behind the backup that is being taken from the start");
    hand.pass(3_600 + 2);
    assert_eq!(status(&other, id), "complete");
    assert_eq!(other.send("DELETE", &format!("/onapp/backups/{id}.json"), ME, "").status, 204);
    hand.pass(3);
    assert_eq!(get(&start(), &format!("/backups/{id}.json")).status, 404);
}
