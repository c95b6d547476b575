//! `disk show`: everything that the API says of a disk, laid out to be read.

use serde_json::{Value, json};

use crate::harness::{Run, katapult};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, World, disk};

fn show(disk: Value) -> Run {
    let server = World::new().disk(disk).serve();
    katapult(&server, &["disk", "show", DISK]).run().ok()
}

#[test]
fn shows_every_field() {
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
        "[REDACTED]",
        "owner",
        "ops",
        "Password:",
        // The year it was created.
        "2026",
    ] {
        assert!(run.stdout.contains(words), "`{words}` is missing: {}", run.report());
    }
}

/// Gives the value of a line of the sheet.
fn line(run: &Run, label: &str) -> String {
    let begin = format!("{label}:");
    let found = run.stdout.lines().find_map(|line| line.trim_start().strip_prefix(&begin));
    found.unwrap_or_else(|| panic!("no line `{label}`: {}", run.report())).trim().to_owned()
}

#[test]
fn what_belongs_to_it_is_named_with_its_permalink_and_id() {
    let run = show(disk());
    assert_eq!(line(&run, "I/O profile"), "Unrestricted (unrestricted)  diop_7YkSv5HqLx1mCe3B");
    assert_eq!(line(&run, "Data centre"), "London (uk-lon-01)  loc_6RgYd2TnHc8jWp4Z");
    assert_eq!(line(&run, "Installation id"), "dinst_9DzWb3KfUo6rPn2G");
    assert_eq!(line(&run, "Template"), "Ubuntu 24.04 (ubuntu-24-04)  dtpl_1QjTg8VxRs5hMa7L");
    assert_eq!(line(&run, "Version"), "4, stable");
    assert_eq!(line(&run, "Operating system"), "Ubuntu  os_4XeCu9NyFw2kJd6S");
    for absent in ["I/O limits", "Badge", "Latest version", "Universal", "Template size"] {
        assert!(!run.stdout.contains(absent), "{}", run.report());
    }
}

#[test]
fn what_is_documented_and_seldom_sent_is_shown_as_well() {
    let mut full = disk();
    full["io_profile"]["speed_in_mb"] = json!(200);
    full["io_profile"]["iops"] = json!(3000);
    let version = &mut full["installation"]["disk_template_version"];
    version["id"] = json!("dtplv_now");
    version["size_in_gb"] = json!(10);
    let template = &mut version["disk_template"];
    template["description"] = json!("A server");
    template["universal"] = json!(true);
    template["size_in_gb"] = json!(12);
    template["latest_version"] = json!({"id": "dtplv_next", "number": 5, "stable": false, "size_in_gb": 11});
    template["operating_system"]["badge"] = json!({"url": "https://cdn.invalid/ubuntu.svg", "token": "b4d9e"});
    full["installation"]["attributes"][0]["description"] = json!("As others see it");
    let run = show(full);
    for (label, value) in [
        ("I/O profile", "Unrestricted (unrestricted)  diop_7YkSv5HqLx1mCe3B"),
        ("I/O limits", "200 MB/s, 3000 IOPS"),
        ("Version", "4, stable, 10 GiB  dtplv_now"),
        ("Latest version", "5, not stable, 11 GiB  dtplv_next"),
        ("Description", "A server"),
        ("Universal", "yes"),
        ("Template size", "12 GiB"),
        ("Badge", "https://cdn.invalid/ubuntu.svg"),
        ("Host name", "web-1  (As others see it)"),
    ] {
        assert_eq!(line(&run, label), value, "{}", run.report());
    }
}

#[test]
fn what_has_no_name_is_shown_by_what_it_has() {
    let mut bare = disk();
    bare["io_profile"] = json!({"permalink": "ssd"});
    bare["data_center"] = json!({"id": "loc_alone"});
    let run = show(bare);
    assert_eq!((line(&run, "I/O profile"), line(&run, "Data centre")), ("ssd".to_owned(), "loc_alone".to_owned()));
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
