//! The state file: shared, private, repaired, reset.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::sandbox::reset;

const PATH: &str = "/disk_backup_policies/disk_backup_policy";

fn file() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("deep").join("state.json");
    (directory, file)
}

fn sharing(file: &std::path::Path) -> Api {
    api(Options { state_file: Some(file.to_owned()), ..options() })
}

#[test]
fn servers_share_a_file() {
    let (_directory, file) = file();
    let (one, other) = (sharing(&file), sharing(&file));
    let id = one.policy_of("web-1");
    assert_eq!(other.policy_of("web-1"), id);
    for retention in 8..12 {
        let mut body = lookup(&id);
        body["properties"] = json!({ "retention": retention });
        let (writer, reader) = if retention % 2 == 0 { (&one, &other) } else { (&other, &one) };
        assert_eq!(writer.call("PATCH", PATH, &body).status, 200);
        let policy = &reader.policy(&id).json()["disk_backup_policy"];
        assert_eq!(policy["retention"], retention);
    }
    drop((one, other));
    let policy = &sharing(&file).policy(&id).json()["disk_backup_policy"];
    assert_eq!(policy["retention"], 11);
}

#[test]
fn writers_do_not_lose_each_others_work() {
    let (_directory, file) = file();
    let servers: Vec<Api> = (0..4).map(|_| sharing(&file)).collect();
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(move || {
                for _ in 0..5 {
                    let body = json!({
                        "virtual_machine": {"fqdn": "build-1.acme.katapult.cloud"},
                        "properties": {},
                    });
                    let path = "/virtual_machines/virtual_machine/disk_backup_policies";
                    assert_eq!(server.call("POST", path, &body).status, 200);
                }
            });
        }
    });
    assert_eq!(servers[0].policies("build-1").len(), 20);
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_leaves_nothing_behind() {
    use std::os::unix::fs::PermissionsExt;
    let (_directory, file) = file();
    let api = sharing(&file);
    let id = api.policy_of("web-1");
    api.call("DELETE", PATH, &lookup(&id));
    let mode = fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let entries = fs::read_dir(file.parent().expect("a directory")).expect("entries");
    assert_eq!(entries.count(), 2, "the state and its lock");
}

#[test]
fn a_broken_file_is_set_aside() {
    let (_directory, file) = file();
    fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
    for broken in [&b"{\"version\":1,"[..], b"", b"{\"version\":9}", b"\xff\xfe"] {
        fs::write(&file, broken).expect("a file");
        let api = sharing(&file);
        assert_eq!(api.policies("web-1").len(), 1);
        let notices = api.running.notices();
        assert!(notices[0].contains(".corrupt-"), "{notices:?}");
        let aside = PathBuf::from(format!("{}.corrupt-{NOW}", file.display()));
        assert_eq!(fs::read(&aside).expect("a file"), broken);
    }
}

#[test]
fn a_file_that_vanishes_is_made_again() {
    let (_directory, file) = file();
    let api = sharing(&file);
    fs::remove_file(&file).expect("a file");
    assert_eq!(api.policies("web-1").len(), 1);
    assert!(file.exists());
    assert!(api.running.notices().is_empty());
}

#[test]
fn a_reset_is_seen_by_those_who_run() {
    let (_directory, file) = file();
    let api = sharing(&file);
    let id = api.policy_of("web-1");
    api.call("DELETE", PATH, &lookup(&id));
    reset(&file, &Seed::default(), &Hand::new().clock()).expect("a reset");
    assert_eq!(api.policy(&id).status, 200);
}

#[test]
fn a_file_that_cannot_be_written_is_replaced_by_memory() {
    let (_directory, file) = file();
    let deep = file.parent().expect("a directory");
    fs::write(deep, "a file in the way").expect("a file");
    let api = sharing(&file);
    let id = api.policy_of("web-1");
    assert_eq!(api.call("DELETE", PATH, &lookup(&id)).status, 200);
    assert_eq!(api.policy(&id).code(), "object_in_trash");
    let notices = api.running.notices();
    assert_eq!(notices.len(), 1, "{notices:?}");
    for part in [&file.display().to_string(), "in memory", "make its directory writable"] {
        assert!(notices[0].contains(part), "{notices:?}");
    }
}

#[test]
fn a_file_that_can_only_be_read_is_read() {
    let (_directory, file) = file();
    let id = sharing(&file).policy_of("web-1");
    let mut body = lookup(&id);
    body["properties"] = json!({ "retention": 4711 });
    assert_eq!(sharing(&file).call("PATCH", PATH, &body).status, 200);
    let saved = fs::read(&file).expect("a file");
    let lock = PathBuf::from(format!("{}.lock", file.display()));
    fs::remove_file(&lock).expect("a lock");
    fs::create_dir(&lock).expect("a directory in the way");
    let api = sharing(&file);
    assert_eq!(api.policy(&id).json()["disk_backup_policy"]["retention"], 4711);
    assert_eq!(api.running.notices().len(), 1);
    body["properties"] = json!({ "retention": 3 });
    assert_eq!(api.call("PATCH", PATH, &body).status, 200);
    assert_eq!(fs::read(&file).expect("a file"), saved);
}

#[test]
fn a_file_of_the_first_version_keeps_its_policies() {
    let (_directory, file) = file();
    let id = sharing(&file).policy_of("web-1");
    let mut body = lookup(&id);
    body["properties"] = json!({ "retention": 4711 });
    assert_eq!(sharing(&file).call("PATCH", PATH, &body).status, 200);
    let mut state: Value = serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
    state["version"] = json!(1);
    state["onapp"] = json!({"machines": [], "disks": [], "backups": []});
    fs::write(&file, state.to_string()).expect("a file");
    let api = sharing(&file);
    assert!(api.running.notices().is_empty(), "{:?}", api.running.notices());
    assert_eq!(api.policy(&id).json()["disk_backup_policy"]["retention"], 4711);
    assert!(!super::onapp::list(&api, "/settings/schedules.json").is_empty());
}

#[test]
fn trouble_with_the_file_is_a_failure_of_the_server() {
    let (_directory, file) = file();
    let api = sharing(&file);
    fs::remove_file(&file).expect("a file");
    fs::create_dir(&file).expect("a directory in the way");
    assert_eq!(api.get("/organizations").code(), "unhandled_exception");
    assert_eq!(api.running.notices().len(), 1);
}
