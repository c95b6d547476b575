//! The cloud's past transactions, and the recovery points of a plugin.

use serde_json::{Value, json};

use super::DAY;
use crate::sandbox::cloud::times::{Zone, timestamp};
use crate::sandbox::cloud::{Fate, Parent, Record, Resource, Transaction, record};
use crate::sandbox::identifiers::password;

/// Makes past transactions, more than a page of them, and the one that is taking a backup right now.
pub(super) fn transactions(now: i64) -> Vec<Transaction> {
    let mut transactions: Vec<Transaction> = (0..14)
        .flat_map(|day| {
            let ago = (14 - day) * DAY;
            let (web, database) = if day % 2 == 0 { (488, 652) } else { (760, 733) };
            [
                past(web, "take_incremental_backup", Parent::of("Backup", 5_900 + day.unsigned_abs()), now - ago),
                past(database, "take_backup", Parent::of("Backup", 5_950 + day.unsigned_abs()), now - ago + 120),
            ]
        })
        .collect();
    // The parent is not the VM (documented): that is the associated object.
    transactions.push(past(701, "rebuild_network_interfaces", Parent::of("NetworkInterface", 513), now - 8 * 3_600));
    let mut reset = past(652, "reset_root_password", Parent::of("VirtualMachine", 652), now - 7 * 3_600);
    // Parameters hold secrets in clear (recorded).
    reset.params = json!({ "new_password": password("reset of db1"), "initiator_id": 337 });
    transactions.push(reset);
    let mut failed = past(733, "take_incremental_backup", Parent::of("Backup", 6_290), now - 2 * DAY);
    failed.fate = Fate::Failed;
    transactions.push(failed);
    let mut cancelled = past(733, "startup_virtual_machine", Parent::of("VirtualMachine", 733), now - 2 * DAY);
    cancelled.fate = Fate::Cancelled;
    transactions.push(cancelled);
    transactions.sort_by_key(|transaction| transaction.created_at);
    let mut taking = past(652, "take_backup", Parent::of("Backup", 5_733), now - 240);
    taking.ends_at = Some(now + 3_600);
    taking.is_settled = false;
    transactions.push(taking);
    for (transaction, id) in transactions.iter_mut().zip(95_001..) {
        transaction.id = id;
        transaction.chain = id;
    }
    transactions
}

fn past(machine: u64, action: &str, parent: Parent, at: i64) -> Transaction {
    Transaction {
        id: 0,
        machine: Some(machine),
        action: action.to_owned(),
        parent,
        params: json!({}),
        chain: 0,
        depends_on: None,
        created_at: at,
        starts_at: Some(at + 1),
        ends_at: Some(at + 90),
        fate: Fate::Complete,
        is_settled: true,
    }
}

/// Makes the plugin that backs up one server, apart from the cloud's own backups.
pub(super) fn resources(now: i64) -> Vec<Resource> {
    vec![Resource {
        machines: vec![745],
        record: record(json!({
            "id": 3,
            "label": "Veeam",
            "plugin": "veeam",
            "enabled": true,
            "primary_host": "10.0.0.21",
            "secondary_host": null,
            "username": "onapp",
            "password": password("resource 3"),
            "resource_zone_id": 1,
            "created_at": timestamp(now - 400 * DAY, Zone::Zero),
            "updated_at": timestamp(now - 400 * DAY, Zone::Zero),
        })),
    }]
}

pub(super) fn points(now: i64) -> Vec<Record> {
    let drafts = [(11, 3, 5_368_709_120_u64, "built"), (12, 2, 5_498_322_944, "available"), (13, 1, 40, "available")];
    drafts.into_iter().map(|(id, days, size, state)| point(id, now - days * DAY, size, state)).collect()
}

fn point(id: u64, at: i64, size: u64, state: &str) -> Record {
    let time: Value = json!(timestamp(at, Zone::Zero));
    record(json!({
        "id": id,
        "resource_id": 3,
        "virtual_machine_id": 745,
        // Bytes, where backups have kB (documented).
        "size": size,
        "state": state,
        "created_at": time,
        "updated_at": time,
    }))
}
