//! `disk show`: everything that the API tells of a disk, laid out to be read.

use serde_json::{Value, json};

use crate::harness::{Run, katapult};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, World, disk};

fn show(disk: Value) -> Run {
    let server = World::new().disk(disk).serve();
    katapult(&server, &["disk", "show", DISK]).run().ok()
}

#[test]
fn tells_all_there_is() {
    let run = show(disk());
    for words in [
        DISK,
        "System Disk",
        "built",
        "02ca5de8e4f5475a",
        "nvme",
        "scsi",
        "Unrestricted",
        "London",
        FQDN,
        "attached",
        "Ubuntu 24.04",
        "root_password",
        "[REDACTED]",
        "owner",
        "ops",
        // The year it was created.
        "2026",
    ] {
        let label = words == "root_password" && run.stdout.contains("Password");
        assert!(label || run.stdout.contains(words), "`{words}` is missing: {}", run.report());
    }
}

#[test]
fn a_disk_of_no_machine_and_without_a_system() {
    for missing in [json!(null), json!({})] {
        let mut bare = disk();
        for name in ["virtual_machine_disk", "installation", "io_profile", "data_center"] {
            bare[name] = missing.clone();
        }
        let run = show(bare);
        assert!(run.stdout.contains("System Disk"), "{}", run.report());
        assert!(!run.stdout.contains("null"), "{}", run.report());
    }
}

#[test]
fn fields_may_be_missing_new_or_odd() {
    for body in [
        r#"{"disk": {"id": "disk_x"}}"#,
        r#"{"disk": {"id": "disk_x"}, "annotations": null}"#,
        r#"{"disk": {"id": "disk_x", "size_in_gb": null, "state": "melting", "created_at": null}, "annotations": []}"#,
        r#"{"disk": {"id": "disk_x", "size_in_gb": "25", "created_at": 1e300, "bus_type": "nubus"}, "annotations": {}}"#,
        r#"{"disk": {"id": "disk_x", "installation": {"attributes": null, "disk_template_version": null}}}"#,
        r#"{"disk": {"id": "disk_x"}, "annotations": [{"key": "alone", "value": null}, {"key": "bare"}]}"#,
    ] {
        let server = Server::always(Answer::text_json(body));
        for output in ["table", "wide", "json", "jsonl", "yaml", "csv", "id"] {
            let run = katapult(&server, &["disk", "show", "disk_x", "-o", output]).run().ok();
            assert!(run.stdout.contains("disk_x"), "{}", run.report());
        }
    }
}

#[test]
fn an_unknown_state_is_shown_as_it_is() {
    let mut melting = disk();
    melting["state"] = json!("melting");
    let run = show(melting);
    assert!(run.stdout.contains("melting"), "{}", run.report());
}
