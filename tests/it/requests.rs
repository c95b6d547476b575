//! What is sent, to the letter: paths, encoding, headers, bodies, and the host.

use serde_json::json;

use crate::harness::{BASIC, Home, TOKEN, katapult, onapp};
use crate::server::{Answer, Server};
use crate::world::{
    DISK, DISK_PATH, DISK_POLICIES_PATH, FQDN, ORG, ORG_POLICIES_PATH, POLICY, POLICY_PATH, SCHEDULE_PATH, VM,
    VM_POLICIES_PATH, World, now,
};

#[test]
fn katapult_reads_have_the_documented_path_and_an_encoded_lookup() {
    for (args, path, lookup) in [
        (&["policies", "list", "--vm", VM][..], VM_POLICIES_PATH, format!("virtual_machine%5Bid%5D={VM}")),
        (&["policy", "list", "--vm", FQDN], VM_POLICIES_PATH, format!("virtual_machine%5Bfqdn%5D={FQDN}")),
        (&["policies", "list", "--disk", DISK], DISK_POLICIES_PATH, format!("disk%5Bid%5D={DISK}")),
        (&["policies", "list", "--org", ORG], ORG_POLICIES_PATH, format!("organization%5Bid%5D={ORG}")),
        (&["policy", "show", POLICY], POLICY_PATH, format!("disk_backup_policy%5Bid%5D={POLICY}")),
        (&["disk", "show", DISK], DISK_PATH, format!("disk%5Bid%5D={DISK}")),
        (&["disks", "show", DISK], DISK_PATH, format!("disk%5Bid%5D={DISK}")),
    ] {
        let server = World::new().serve();
        katapult(&server, args).run().ok();
        let sent = server.to(path);
        assert!(!sent.is_empty(), "{args:?} asked {:?}", server.requests());
        for request in sent {
            assert_eq!(request.method, "GET");
            assert!(request.raw_query().split('&').any(|part| part == lookup), "{}", request.target);
        }
        for request in server.requests() {
            assert!(!request.target.contains(['[', ']']), "brackets are encoded: {}", request.target);
            assert_eq!(request.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
            assert!(request.header("accept").is_some_and(|accept| accept.contains("application/json")));
            assert_eq!(request.header("content-type"), None, "a request without a body has no content type");
            assert!(request.body.is_empty());
        }
    }
}

#[test]
fn an_fqdn_is_looked_up_in_lower_case() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", "WEB-1.Acme.Katapult.cloud"]).run().ok();
    assert!(server.to(VM_POLICIES_PATH)[0].raw_query().contains(&format!("virtual_machine%5Bfqdn%5D={FQDN}")));
}

#[test]
fn include_disks_is_sent_only_when_asked() {
    let server = World::new().serve();
    katapult(&server, &["policies", "list", "--vm", VM]).run().ok();
    katapult(&server, &["policies", "list", "--vm", VM, "--include-disks"]).run().ok();
    let asked: Vec<_> = server.to(VM_POLICIES_PATH).iter().map(|request| request.query("include_disks")).collect();
    assert_ne!(asked[0].as_deref(), Some("true"));
    assert_eq!(asked[1].as_deref(), Some("true"));
}

#[test]
fn ids_are_opaque_and_encoded() {
    for id in ["no-prefix", "a b&c=d/e?f#g", "ümlaut", "100%"] {
        let server = World::new().serve();
        katapult(&server, &["disk", "show", id, "-o", "json"]).run().fails(3, "disk_not_found");
        assert_eq!(server.to(DISK_PATH)[0].query("disk[id]").as_deref(), Some(id));
    }
}

#[test]
fn update_sends_only_what_changes_and_the_schedule_whole() {
    let whole = |interval, frequency, minute, time| json!({"interval": interval, "frequency": frequency, "minute": minute, "time": time});
    for (args, properties) in [
        (&["--retention", "14"][..], json!({"retention": 14})),
        (&["--time", "4"], json!({"schedule": whole("daily", 1, 30, 4)})),
        (&["--time", "0"], json!({"schedule": whole("daily", 1, 30, 0)})),
        (&["--minute", "0"], json!({"schedule": whole("daily", 1, 0, 2)})),
        (
            &["--interval", "hourly", "--retention", "168"],
            json!({"retention": 168, "schedule": whole("hourly", 1, 30, 2)}),
        ),
        (&["--retention", "14", "--minute", "45"], json!({"retention": 14, "schedule": whole("daily", 1, 45, 2)})),
        // What is asked for but stands so already is not sent.
        (&["--retention", "7", "--time", "5"], json!({"schedule": whole("daily", 1, 30, 5)})),
        (&["--retention", "9", "--interval", "daily", "--time", "2"], json!({"retention": 9})),
    ] {
        let server = World::new().serve();
        katapult(&server, &["policy", "update", POLICY]).args(args).run().ok();
        let writes = server.writes();
        assert_eq!(writes.len(), 1, "{args:?}: {writes:?}");
        assert_eq!((writes[0].method.as_str(), writes[0].path()), ("PATCH", POLICY_PATH));
        assert_eq!(
            writes[0].json(),
            json!({"disk_backup_policy": {"id": POLICY}, "properties": properties}),
            "{args:?}"
        );
        assert!(writes[0].header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
        let order: Vec<_> = server.requests().into_iter().map(|request| request.method).collect();
        assert_eq!(order.first().map(String::as_str), Some("GET"), "the policy is read first");
        assert_eq!(order.last().map(String::as_str), Some("GET"), "and read back afterwards");
    }
}

#[test]
fn schedule_delete_sends_an_integer_timestamp_in_the_body() {
    let server = World::new().serve();
    let at = now() + 86_400;
    katapult(&server, &["policy", "schedule-delete", POLICY, "--yes", "--at", &format!("@{at}")]).run().ok();
    let writes = server.writes();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!((writes[0].method.as_str(), writes[0].path()), ("DELETE", SCHEDULE_PATH));
    assert_eq!(writes[0].json(), json!({"disk_backup_policy": {"id": POLICY}, "timestamp": at}));
    assert!(writes[0].header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    assert_eq!(server.requests().last().unwrap().method, "GET", "the policy is read back");
}

#[test]
fn the_token_is_not_carried_to_another_host() {
    for status in [301, 302, 303, 307, 308] {
        let thief = World::new().serve();
        // The same machine by another name: to a client, another host.
        let elsewhere = thief.katapult_url().replace("127.0.0.1", "localhost");
        let location = format!("{elsewhere}/disks/disk?disk%5Bid%5D={DISK}");
        let server = Server::always(Answer::empty(status).header("Location", &location));
        katapult(&server, &["disk", "show", DISK, "-o", "json"]).run().exits_nonzero();
        assert_eq!(thief.count(), 0, "{status} was followed to another host");
    }
}

#[test]
fn onapp_appends_to_the_path_prefix_and_uses_basic_authentication() {
    for (args, path) in [
        (&["--vm", "488"][..], "/flexapi/virtual_machines/488/backups/images.json"),
        (&["--vm", "d22pmhpwi0twfo"], "/flexapi/virtual_machines/d22pmhpwi0twfo/backups/images.json"),
        (&["--vm", "488", "--kind", "images"], "/flexapi/virtual_machines/488/backups/images.json"),
        (&["--vm", "488", "--kind", "files"], "/flexapi/virtual_machines/488/backups/files.json"),
        (&["--vm", "488", "--kind", "all"], "/flexapi/virtual_machines/488/backups.json"),
    ] {
        for slash in ["", "/"] {
            let server = Server::start(|request| {
                if request.path().contains("/backups") {
                    Answer::text_json("[]")
                } else {
                    Answer::json(200, &json!({"virtual_machine": {"id": 488, "identifier": "d22pmhpwi0twfo"}}))
                }
            });
            onapp(&server, &["backups", "list"]).args(args).env("BPCTL_API_URL", server.onapp_url() + slash).run().ok();
            assert!(!server.to(path).is_empty(), "{args:?} asked {:?}", server.requests());
            for request in server.requests() {
                assert_eq!(request.method, "GET");
                assert_eq!(request.header("authorization"), Some(format!("Basic {BASIC}").as_str()));
                assert!(request.header("accept").is_some_and(|accept| accept.contains("application/json")));
            }
        }
    }
}

#[test]
fn onapp_in_xml_asks_for_xml() {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    let server = Server::always(Answer::xml("<backups type=\"array\"/>"));
    onapp(&server, &["backups", "list", "--vm", "488", "--profile", "cloud"])
        .args(&["--config", config.to_str().unwrap()])
        .run()
        .ok();
    let sent = server.to("/flexapi/virtual_machines/488/backups/images.xml");
    assert!(!sent.is_empty(), "{:?}", server.requests());
    assert!(sent[0].header("accept").is_some_and(|accept| accept.contains("application/xml")));
}
