//! Answers that make no sense, or mean harm: they end in a plain error, soon, without a panic, in bounded memory.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, Run, katapult, onapp};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, POLICY, VM, World, vm};

/// No more than this may be taken of an answer that never ends: the limit of 64 MiB, and what sockets buffer.
const MOST: u64 = 96 << 20;

/// The reads that the five operations begin with.
fn operations(server: &Server) -> Vec<Bpctl> {
    vec![
        katapult(server, &["policies", "list", "--vm", VM]),
        katapult(server, &["policy", "update", POLICY, "--retention", "14"]),
        katapult(server, &["policy", "schedule-delete", POLICY, "--at", "+7d", "--yes"]),
        katapult(server, &["disk", "show", DISK]),
        onapp(server, &["backups", "list", "--vm", "488"]),
    ]
}

/// Asserts what any senseless answer must end in, for each operation.
fn invalid_everywhere(answer: &Answer, what: &str) {
    let server = Server::always(answer.clone());
    for operation in operations(&server) {
        invalid(operation.args(&["-o", "json", "--retries", "0"]).run(), what);
    }
    assert!(server.writes().is_empty(), "{what}: a write followed");
}

fn invalid(run: Run, what: &str) -> Run {
    // What was cut off may come whole another time: that is an unreachable server.
    let code = if what.starts_with("cut off") { 7 } else { 1 };
    assert_eq!(run.code, code, "{what}: {}", run.report());
    run.fails(code, "invalid_response")
}

#[test]
fn answers_that_are_not_json() {
    for (what, answer) in [
        ("HTML with status 200", Answer::html(200)),
        ("HTML that says it is JSON", Answer::text_json("<html><body>Log in</body></html>")),
        ("nothing", Answer::text_json("")),
        ("white space", Answer::text_json(" \n ")),
        ("cut off: the beginning of JSON", Answer::text_json(r#"{"disk": {"id": "disk_x", "na"#)),
        ("two documents", Answer::text_json("{} {}")),
        ("a word", Answer::text_json("ok")),
        ("zeros", Answer::text_json(vec![0; 1000])),
        ("invalid UTF-8", Answer::text_json(b"{\"disk\": {\"id\": \"\xff\xfe\"}}".to_vec())),
        ("JSON that says it is gzip", Answer::text_json("{}").header("Content-Encoding", "gzip")),
    ] {
        invalid_everywhere(&answer, what);
    }
}

/// A name with half a character must not lose the whole list: it is replaced, and that is said.
#[test]
fn a_lone_surrogate_is_replaced() {
    let body = r#"{"disk_backup_policies": [
        {"id": "p-1", "target": {"type": "Disk", "value": {"id": "d", "name": "a\ud800b \ud83d\ude00"}}}, {"id": "p-2"}
    ]}"#;
    let server = Server::always(Answer::text_json(body));
    let list = |output| katapult(&server, &["policies", "list", "--vm", VM, "-o", output]).run().ok();
    let run = list("json");
    assert_eq!(run.json()[0]["target"]["value"]["name"], "a\u{fffd}b \u{1f600}");
    for run in [run, list("id")] {
        assert_eq!(run.stderr.matches("U+FFFD").count(), 1, "{}", run.report());
    }
    // In XML a backslash is a backslash.
    let xml =
        r"<virtual_machines><virtual_machine><id>1</id><label>a\ud800</label></virtual_machine></virtual_machines>";
    let server = Server::always(Answer::xml(xml));
    let run = onapp(&server, &["vm", "list", "-o", "json"]).run().ok();
    assert!(run.stdout.contains(r"a\\ud800") && run.stderr.is_empty(), "{}", run.report());
}

#[test]
fn a_byte_order_mark_before_an_answer_is_dropped() {
    let server = Server::always(Answer::text_json("\u{feff}{\"disk\": {\"id\": \"d\"}}"));
    katapult(&server, &["disk", "show", "d", "-o", "json"]).run().ok();
    let error = "\u{feff}{\"error\": {\"code\": \"disk_not_found\"}}";
    let server = Server::always(Answer::raw(404, "application/json", error));
    katapult(&server, &["disk", "show", "d", "-o", "json"]).run().fails(3, "disk_not_found");
    let xml = "\u{feff}<virtual_machines><virtual_machine><id>1</id></virtual_machine></virtual_machines>";
    let server = Server::always(Answer::xml(xml));
    onapp(&server, &["vm", "list", "-o", "json"]).run().ok();
}

#[test]
fn answers_of_the_wrong_shape() {
    for body in [
        "null",
        "7",
        "\"text\"",
        "{}",
        "[1, 2]",
        "[[]]",
        r#"{"disk": null, "disk_backup_policy": null, "disk_backup_policies": null}"#,
        r#"{"disk": [], "disk_backup_policy": [], "disk_backup_policies": {}}"#,
        r#"{"disk": "x", "disk_backup_policy": "x", "disk_backup_policies": "x"}"#,
        r#"{"disk": 1, "disk_backup_policy": 1, "disk_backup_policies": [1, null]}"#,
    ] {
        invalid_everywhere(&Answer::text_json(body), body);
    }
}

#[test]
fn a_hundred_thousand_nested_brackets() {
    let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
    let objects = r#"{"a":"#.repeat(100_000);
    for body in [
        open.clone(),
        format!("{open}{close}"),
        objects,
        format!(r#"{{"disk": {{"id": "d", "deep": {open}{close}}}}}"#),
        format!(r#"{{"disk_backup_policy": {{"id": "p", "deep": {open}{close}}}}}"#),
    ] {
        invalid_everywhere(&Answer::text_json(body.clone()), &body[..30]);
    }
}

#[test]
fn nesting_has_a_limit_of_128_levels() {
    let nested = |levels| format!(r#"{{"disk": {{"id": "d", "deep": {}{}}}}}"#, "[".repeat(levels), "]".repeat(levels));
    let server = Server::always(Answer::text_json(nested(120)));
    katapult(&server, &["disk", "show", "d", "-o", "json"]).run().ok();
    let server = Server::always(Answer::text_json(nested(130)));
    invalid(katapult(&server, &["disk", "show", "d", "-o", "json"]).run(), "130 levels");
}

#[test]
fn an_endless_body() {
    for (what, start, unit) in [
        ("endless items", r#"{"disk_backup_policies": ["#, r#"{"id": "p", "retention": 7},"#),
        ("endless text", r#"{"disk": {"id": ""#, "xxxxxxxxxxxxxxxx"),
        ("endless space", "", "                "),
    ] {
        let server = Server::always(Answer::text_json(start).endless(unit));
        invalid(katapult(&server, &["policies", "list", "--vm", VM, "-o", "json", "--retries", "0"]).run(), what);
        assert!(server.bytes_sent() < MOST, "{what}: took {} bytes", server.bytes_sent());
    }
}

#[test]
fn an_endless_error_body() {
    let server = Server::always(Answer::raw(500, "text/html", "<html>").endless("<p>sorry</p>"));
    katapult(&server, &["disk", "show", DISK, "-o", "json", "--retries", "0"]).run().fails_in_json(7);
    assert!(server.bytes_sent() < MOST, "took {} bytes", server.bytes_sent());
}

#[test]
fn a_gzip_bomb() {
    let server = Server::always(crate::faults::gzip_bomb());
    invalid(katapult(&server, &["disk", "show", DISK, "-o", "json", "--retries", "0"]).run(), "a gzip bomb");
    // 64 MiB are 413 KiB when packed; the rest is what sockets buffer.
    assert!(server.bytes_sent() < 24 << 20, "took {} bytes", server.bytes_sent());
}

#[test]
fn a_slow_body_runs_into_the_time_out() {
    let body = Answer::text_json(r#"{"disk": {"id": "disk_x"}, "annotations": []}"#);
    let server = Server::always(body.clone().dribbled(Duration::from_millis(1)));
    katapult(&server, &["disk", "show", "disk_x"]).run().ok();
    let server = Server::always(body.dribbled(Duration::from_millis(500)));
    katapult(&server, &["disk", "show", "disk_x", "-o", "json", "--timeout", "1s", "--retries", "0"])
        .run()
        .fails(7, "timeout");
}

#[test]
fn xml_that_means_harm() {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    let laughs = (1..30).map(|number| format!("<!ENTITY l{number} \"&l{0};&l{0};\">", number - 1)).collect::<String>();
    let laughs = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE b [<!ENTITY l0 \"lol\">{laughs}]><backups type=\"array\"><backup><note>&l29;</note></backup></backups>"
    );
    for (what, body) in [
        ("a billion laughs", laughs.as_str()),
        ("a hundred thousand elements deep", &"<backups>".repeat(100_000)),
        ("cut off", "<backups type=\"array\"><backup><id type=\"integer\">1</id>"),
        ("crossed tags", "<backups type=\"array\"><backup></backups></backup>"),
        ("nothing", ""),
        ("JSON", "[]"),
        ("HTML", "<html><body>Log in<br></body></html>"),
    ] {
        let server = Server::always(Answer::xml(body));
        let run = onapp(&server, &["backups", "list", "--vm", "488", "--profile", "cloud", "-o", "json"])
            .args(&["--retries", "0", "--config", config.to_str().unwrap()])
            .run();
        invalid(run, what);
    }
}

#[test]
fn xml_of_a_few_megabytes_does_not_unfold_to_gigabytes() {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    let different = (0..1_600_000).map(|number| format!("<a{number:x}/>")).collect::<String>();
    for elements in ["<a/>".repeat(4 << 20), "<a></a>".repeat(4 << 20), different] {
        let body = format!("<backups type=\"array\"><backup>{elements}</backup></backups>");
        let server = Server::always(Answer::xml(&body));
        let bpctl = onapp(&server, &["backups", "list", "--vm", "488", "--profile", "cloud", "-o", "json"]);
        let bpctl = bpctl.args(&["--retries", "0", "--config", config.to_str().unwrap()]).home(&home);
        let (run, memory) = bpctl.spawn().wait_measuring();
        invalid(run, "many elements");
        assert!(memory < 320 << 20, "{} MiB", memory >> 20);
    }
}

/// A name that would repaint the terminal: escape sequences, a bell, a C1 control, line breaks, a carriage return.
const EVIL: &str = "evil\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\r\nfake row\u{7f}";

fn is_tame(text: &str) -> bool {
    text.chars().all(|symbol| symbol == '\n' || !symbol.is_control())
}

#[test]
fn control_characters_are_escaped_in_tables() {
    let server = World::new().vms(vec![vm(VM, EVIL, FQDN)]).serve();
    let plain = World::new().vms(vec![vm(VM, "plain", FQDN)]).serve();
    for output in ["table", "wide"] {
        let list = |server: &Server| katapult(server, &["vm", "list", "-o", output]).run().ok();
        let run = list(&server);
        assert!(is_tame(&run.stdout) && is_tame(&run.stderr), "{:?}", run.stdout);
        assert_eq!(run.stdout.lines().count(), list(&plain).stdout.lines().count(), "a name cannot add lines");
        assert!(run.stdout.contains("evil") && run.stdout.contains("fake row"), "{}", run.report());
    }
    let world = World::new().policy(|policy| policy["target"]["value"]["name"] = json!(EVIL));
    let run = katapult(&world.serve(), &["policy", "show", POLICY]).run().ok();
    assert!(is_tame(&run.stdout), "{:?}", run.stdout);
}

#[test]
fn what_hides_or_reorders_is_escaped_in_tables() {
    for symbol in ['\u{61c}', '\u{ad}', '\u{180e}', '\u{202e}', '\u{206a}', '\u{fffa}', '\u{e0041}'] {
        let server = World::new().vms(vec![vm(VM, &format!("we{symbol}b"), FQDN)]).serve();
        let run = katapult(&server, &["vm", "list"]).run().ok();
        let code = format!("{:x}", u32::from(symbol));
        assert!(!run.stdout.contains(symbol) && run.stdout.contains(&code), "{:?}", run.stdout);
    }
}

#[test]
fn control_characters_are_escaped_in_messages() {
    let body = json!({"error": {"code": EVIL, "description": EVIL, "detail": {"errors": [EVIL]}}});
    let refused = Server::always(Answer::json(422, &body).header("X-Request-Id", "1\u{9b}2"));
    let twins = World::new().vms(vec![vm("vm_1", "twin", EVIL), vm("vm_2", "twin", EVIL)]).serve();
    let html = Server::always(Answer::raw(502, "text/html", format!("<html><title>{EVIL}</title></html>")));
    let world = World::new().policy(|policy| policy["target"]["value"]["name"] = json!(EVIL)).serve();
    for run in [
        katapult(&refused, &["disk", "show", DISK]).run(),
        katapult(&refused, &["disk", "show", DISK, "-vv"]).run(),
        katapult(&twins, &["policies", "list", "--vm", "twin"]).run(),
        katapult(&html, &["disk", "show", DISK, "--retries", "0"]).run(),
        katapult(&world, &["policy", "update", POLICY, "--retention", "1"]).run(),
        katapult(&world, &["policies", "list", "--vm", EVIL]).run(),
    ] {
        let run = run.exits_nonzero();
        assert!(is_tame(&run.stderr), "{:?}", run.stderr);
    }
}

#[test]
fn json_escapes_by_its_own_rules() {
    let server = World::new().vms(vec![vm(VM, EVIL, FQDN)]).serve();
    for output in ["json", "jsonl"] {
        let run = katapult(&server, &["vm", "list", "-o", output]).run().ok();
        let value: Value = serde_json::from_str(&run.stdout).unwrap();
        let item = value.get(0).unwrap_or(&value);
        assert_eq!(item["name"], EVIL, "JSON keeps the name as it is");
        assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
    }
}

#[test]
fn unknown_values_are_shown_not_refused() {
    for change in [
        |policy: &mut Value| policy["target"] = json!(null),
        |policy: &mut Value| policy["target"] = json!({"type": "Comet", "value": {"id": "comet_1"}}),
        |policy: &mut Value| policy["target"] = json!({"type": "VirtualMachine", "value": null}),
        |policy: &mut Value| policy["target"] = json!("somewhere"),
        |policy: &mut Value| policy["target"] = json!({"target": {"id": VM, "fqdn": FQDN}}),
        |policy: &mut Value| policy["schedule"] = json!({"interval": "fortnightly", "next_invocation_at": null}),
        |policy: &mut Value| policy["schedule"] = json!({}),
        |policy: &mut Value| policy["total_size"] = json!("12.5"),
        |policy: &mut Value| policy["total_size"] = json!(null),
        |policy: &mut Value| policy["retention"] = json!(null),
        |policy: &mut Value| policy["auto_move_to_trash_at"] = json!(i64::MAX),
        |policy: &mut Value| policy["auto_move_to_trash_at"] = json!(i64::MIN),
    ] {
        let server = World::new().policy(change).serve();
        for output in ["table", "wide", "json", "yaml", "csv", "id"] {
            for args in [&["policy", "show", POLICY][..], &["policies", "list", "--org", crate::world::ORG]] {
                let run = katapult(&server, args).args(&["-o", output]).run().ok();
                assert!(run.stdout.contains(POLICY), "{}", run.report());
            }
        }
    }
}
