//! `backups list` on OnApp: the three kinds, two wire formats with one result, paging by headers, old clouds.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, Run, bare, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::world::World;

/// A normal backup of a disk, as JSON clouds have it.
const AS_JSON: &str = r#"{"allow_resize_without_reboot": false, "allowed_swap": true, "backup_server_id": 3, "backup_size": 5242880,
    "built": true, "built_at": "2024-03-09T04:12:44+02:00", "created_at": "2024-03-09T04:03:10+02:00", "data_store_type": "lvm",
    "id": 2718, "identifier": "q3k9zt7mwx1bvd", "initiated": "weeks", "iqn": null, "locked": false,
    "marked_for_delete": false, "min_disk_size": 8, "note": "before <upgrade> & \"move\"", "operating_system_distro": "",
    "target_id": 9041, "target_type": "Disk", "volume_id": null, "backup_type": "normal", "disk_id": 9041}"#;

/// The same backup, as XML clouds have it: some names with dashes, null in two spellings.
const AS_XML: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<backups type="array">
  <backup>
    <allow_resize_without_reboot type="boolean">false</allow_resize_without_reboot>
    <allowed_swap type="boolean">true</allowed_swap>
    <backup-server-id type="integer">3</backup-server-id>
    <backup_size type="integer">5242880</backup_size>
    <built type="boolean">true</built>
    <built_at type="dateTime">2024-03-09T04:12:44+02:00</built_at>
    <created_at type="datetime">2024-03-09T04:03:10+02:00</created_at>
    <data_store_type>lvm</data_store_type>
    <id type="integer">2718</id>
    <identifier>q3k9zt7mwx1bvd</identifier>
    <image_type nil="true"/>
    <initiated>weeks</initiated>
    <iqn nil="true"></iqn>
    <locked type="boolean">false</locked>
    <marked_for_delete type="boolean">false</marked_for_delete>
    <min_disk_size type="integer">8</min_disk_size>
    <note>before &lt;upgrade&gt; &amp; "move"</note>
    <operating_system_distro></operating_system_distro>
    <target_id type="integer">9041</target_id>
    <target_type>Disk</target_type>
    <volume_id type="integer" nil="true"/>
    <backup_type>normal</backup_type>
    <disk_id type="integer">9041</disk_id>
  </backup>
</backups>"#;

/// A record of 2013: no `initiated`, no `target_*`, the size in a string, types of its own.
const OLD: &str = r#"{"backup_size": "5242880", "disk_id": 78, "backup_server_id": null, "identifier": "h2n6rxw8cj4pqs",
    "backup_type": "days-autobackup", "built": true, "built_at": "2013-02-03T22:31:48Z", "created_at": "2013-02-03T22:31:41Z", "id": 69}"#;

fn list(server: &Server, args: &[&str]) -> Bpctl {
    onapp(server, &["backups", "list", "--vm", "488"]).args(args)
}

/// The same, with XML on the wire.
fn list_in_xml(server: &Server, args: &[&str]) -> Bpctl {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    list(server, args).args(&["--profile", "cloud", "--config", config.to_str().unwrap()]).home(&home)
}

fn wrapped(records: &[&str]) -> Answer {
    let items: Vec<_> = records.iter().map(|record| format!(r#"{{"backup": {record}}}"#)).collect();
    Answer::text_json(format!("[{}]", items.join(",")))
}

fn parsed(record: &str) -> Value {
    serde_json::from_str(record).unwrap()
}

fn ids(run: &Run) -> Vec<&str> {
    run.stdout.lines().collect()
}

#[test]
fn json_and_xml_give_the_same_result() {
    let (json, xml) = (Server::always(wrapped(&[AS_JSON])), Server::always(Answer::xml(AS_XML)));
    for output in ["table", "wide", "json", "jsonl", "yaml", "csv", "id"] {
        let (one, other) = (list(&json, &["-o", output]).run().ok(), list_in_xml(&xml, &["-o", output]).run().ok());
        assert_eq!(one.stdout, other.stdout, "{output}");
    }
    let run = list(&json, &["-o", "json"]).run().ok();
    // As text, so that the order of the fields counts.
    assert_eq!(run.json().to_string(), json!([parsed(AS_JSON)]).to_string());
}

#[test]
fn xml_without_types_gives_the_same_result() {
    let mut untyped = AS_XML.to_owned();
    for kind in ["array", "boolean", "integer", "dateTime", "datetime"] {
        untyped = untyped.replace(&format!(" type=\"{kind}\""), "");
    }
    assert!(!untyped.contains("type=\""));
    let list =
        |records: &[&str]| list_in_xml(&Server::always(Answer::xml(&records.concat())), &["-o", "json"]).run().ok();
    assert_eq!(list(&[&untyped]).json().to_string(), json!([parsed(AS_JSON)]).to_string());
    // One record or several.
    let several =
        "<backups><backup><id>1</id><built>true</built></backup><backup><id>2</id><built>0</built></backup></backups>";
    assert_eq!(list(&[several]).json(), json!([{"id": 1, "built": true}, {"id": 2, "built": false}]));
    assert_eq!(list(&["<backups>\n</backups>"]).json(), json!([]));
    let run = list_in_xml(&Server::always(Answer::xml(several)), &[]).run().ok();
    assert!(run.stdout.contains("ready") && run.stdout.contains("building"), "{}", run.report());
}

#[test]
fn the_wrappers_are_dropped() {
    let server = Server::always(wrapped(&[AS_JSON, OLD]));
    let run = list(&server, &["-o", "json"]).run().ok();
    assert_eq!(run.json(), json!([parsed(AS_JSON), parsed(OLD)]));
    assert_eq!(ids(&list(&server, &["-o", "id"]).run().ok()), ["2718", "69"]);
}

#[test]
fn both_spellings_of_an_empty_list() {
    for body in [
        "<backups type=\"array\"/>",
        "<?xml version=\"1.0\"?>\n<backups type=\"array\">\n</backups>\n",
        "<nil-classes type=\"array\"/>",
    ] {
        let run = list_in_xml(&Server::always(Answer::xml(body)), &["-o", "json"]).run().ok();
        assert_eq!(run.stdout.trim(), "[]", "{body}");
    }
}

#[test]
fn no_images_is_a_hint_to_look_at_all() {
    let server = Server::always(Answer::text_json("[]"));
    for output in ["table", "json", "id"] {
        list(&server, &["-o", output]).run().ok().mentions(&["--kind all"]);
    }
    assert!(!list(&server, &["--kind", "all"]).run().ok().stderr.contains("--kind all"));
    let server = Server::always(wrapped(&[AS_JSON]));
    assert_eq!(list(&server, &[]).run().ok().stderr, "", "backups there are, so no hint");
}

#[test]
fn an_incremental_backup_among_the_images_is_shown() {
    let record = r#"{"id": 3141, "backup_type": "incremental", "target_type": "VirtualMachine", "target_id": 488, "disk_id": null}"#;
    let run = list(&Server::always(wrapped(&[record])), &["-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["3141"]);
}

#[test]
fn records_of_old_and_future_clouds() {
    for record in [
        OLD,
        r#"{"id": 1}"#,
        r#"{"id": "1"}"#,
        r#"{"id": 1, "built": false, "backup_size": 0}"#,
        r#"{"id": 1, "built": false, "built_at": null, "backup_size": null, "created_at": null}"#,
        r#"{"id": 1, "backup_type": "quantum", "initiated": "eons", "created_at": "yesterday", "backup_size": "much"}"#,
        r#"{"id": 1, "backup_size": -1, "note": {"text": "x"}, "target_id": "d22"}"#,
        r#"{"id": 99999999999999999999, "backup_size": 99999999999999999999}"#,
    ] {
        let server = Server::always(wrapped(&[record]));
        for output in ["table", "wide", "jsonl", "yaml", "csv", "id"] {
            list(&server, &["-o", output]).run().ok();
        }
        assert_eq!(list(&server, &["-o", "json"]).run().ok().json(), json!([parsed(record)]));
    }
    let run = list(&Server::always(wrapped(&[OLD])), &[]).run().ok();
    assert!(run.stdout.contains("days-autobackup") && run.stdout.contains("GiB"), "{}", run.report());
}

#[test]
fn times_keep_their_offset_in_json_and_are_local_in_tables() {
    let server = Server::always(wrapped(&[AS_JSON]));
    assert_eq!(list(&server, &["-o", "json"]).run().ok().json()[0]["created_at"], "2024-03-09T04:03:10+02:00");
    let run = list(&server, &["-o", "wide"]).run().ok();
    assert!(run.stdout.contains("02:03"), "{}", run.report());
}

/// A cloud that pages by `page` and says so in its headers.
fn paged(count: usize, limit: usize, headers: impl Fn(Answer) -> Answer + Send + Sync + 'static) -> Server {
    Server::start(move |request: &Request| {
        let page = request.query("page").map_or(1, |page| page.parse::<usize>().unwrap());
        let shown = (1..=count).skip((page - 1) * limit).take(limit);
        let body: Vec<_> = shown.map(|id| json!({"backup": {"id": id}})).collect();
        headers(Answer::json(200, &json!(body)).header("X-Page", &page.to_string()))
    })
}

fn numbers(run: &Run) -> Vec<usize> {
    run.stdout.lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn pages_are_followed_by_x_total() {
    for count in [1, 4, 5, 8] {
        let server = paged(count, 4, move |answer| answer.header("X-Limit", "4").header("X-Total", &count.to_string()));
        let run = list(&server, &["-o", "id"]).run().ok();
        assert_eq!(numbers(&run), (1..=count).collect::<Vec<_>>());
        let requests = server.to("/flexapi/virtual_machines/488/backups/images.json");
        assert_eq!(requests.len(), count.div_ceil(4), "no page too many");
        assert_eq!(requests[0].query("page").unwrap_or("1".into()), "1");
        for (index, request) in requests.iter().enumerate().skip(1) {
            assert_eq!(request.query("page"), Some((index + 1).to_string()));
            assert_eq!(request.query("per_page").as_deref(), Some("4"));
        }
    }
}

#[test]
fn without_x_total_the_answer_is_the_list() {
    let server = paged(8, 8, |answer| answer);
    let run = list(&server, &["-o", "id"]).run().ok();
    assert_eq!(numbers(&run).len(), 8);
    assert_eq!(server.to("/flexapi/virtual_machines/488/backups/images.json").len(), 1);
}

/// A cloud that cuts its lists and does not say so.
#[test]
fn a_list_of_just_a_usual_page_is_read_on() {
    for (count, pages) in [(9, 1), (10, 2), (13, 2), (20, 3)] {
        let server = paged(count, 10, |answer| answer);
        let run = list(&server, &["-o", "id"]).run().ok();
        assert_eq!(numbers(&run), (1..=count).collect::<Vec<_>>());
        assert_eq!(server.to("/flexapi/virtual_machines/488/backups/images.json").len(), pages, "{count}");
    }
    // This one has no pages, and repeats its list.
    let server = paged(10, 10, |answer| answer);
    let whole = Server::start(move |_| {
        Answer::json(200, &json!((1..=10).map(|id| json!({"backup": {"id": id}})).collect::<Vec<_>>()))
    });
    assert_eq!(numbers(&list(&whole, &["-o", "id"]).run().ok()), numbers(&list(&server, &["-o", "id"]).run().ok()));
    assert_eq!(whole.count(), 2);
}

#[test]
fn odd_paging_headers_end_without_repeating() {
    for (total, limit, count) in [
        ("8", "0", 8),
        ("8", "", 8),
        ("8", "-4", 8),
        ("many", "4", 8),
        ("many", "", 8),
        ("99999999999999999999", "4", 8),
        ("1000000", "4", 8),
    ] {
        let server = paged(8, 4, move |answer| answer.header("X-Total", total).header("X-Limit", limit));
        let run = list(&server, &["-o", "id"]).run().ok();
        let shown = numbers(&run);
        assert_eq!(shown, (1..=count).collect::<Vec<_>>(), "{total:?} {limit:?}: {}", run.report());
        assert!(server.count() < 10, "{} requests", server.count());
    }
    // This cloud ignores `page` and gives the first one for ever.
    let server = Server::always(wrapped(&[AS_JSON]).header("X-Total", "50").header("X-Limit", "1"));
    assert_eq!(ids(&list(&server, &["-o", "id"]).run().ok()), ["2718"]);
    assert!(server.count() < 5, "{} requests", server.count());
}

#[test]
fn a_machine_by_its_label() {
    let server = Server::start(|request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(
            200,
            &json!([
                {"virtual_machine": {"id": 488, "identifier": "d22pmhpwi0twfo", "label": "shop 1", "hostname": "shop-1"}},
                {"virtual_machine": {"id": 489, "identifier": "k8sxv2qzr7mjty", "label": "shop 10", "hostname": "shop-10"}},
            ]),
        ),
        "/flexapi/virtual_machines/488/backups/images.json"
        | "/flexapi/virtual_machines/d22pmhpwi0twfo/backups/images.json" => wrapped(&[AS_JSON]),
        _ => Answer::raw(404, "application/json", r#"{"errors": ["Resource not found"]}"#),
    });
    let run = onapp(&server, &["backups", "list", "--vm", "shop 1", "-o", "id"]).run().ok();
    assert_eq!(ids(&run), ["2718"]);
    onapp(&server, &["backups", "list", "--vm", "shop 2"]).run().fails_in_words(3).mentions(&["shop 2"]);
}

/// What the error about a missing offer names is what there is, and all of it that asks the cloud something.
#[test]
fn what_a_provider_offers_is_named_in_full() {
    let cloud = World::new().serve();
    let commands: &[&[&str]] = &[&["org", "list"], &["trash", "list"]];
    for args in commands {
        let run = bare(args).args(&["--profile", "sandbox-onapp"]).run().fails_in_words(2);
        run.mentions(&[
            "not supported by provider onapp; supported: policies, backups, autobackup, transactions, vm, disk, history, undo, \
             coverage, calendar, check, lint, snapshot, diff, report, export, plan and apply",
        ]);
    }
    let run = katapult(&cloud, &["backups", "list", "--vm", "1"]).run().fails_in_words(2);
    let nouns = commands.iter().map(|args| args[0]).chain([
        "policies", "vm", "disk", "history", "undo", "coverage", "calendar", "lint", "export", "plan", "apply",
    ]);
    run.mentions(&nouns.collect::<Vec<_>>());
}
