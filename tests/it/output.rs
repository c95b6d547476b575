//! What results look like: JSON as the API said it, the other formats, and the options that shape them.

use serde_json::{Value, json};

use crate::harness::{Run, katapult, onapp};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, ORG, POLICY, POLICY_PATH, VM, World, policy, vm};

/// Fields in no alphabetical order, unknown ones, nulls, and numbers that a careless reader would rewrite.
const ODD_POLICY: &str = r#"{"total_size": 12.50, "zeta": null, "id": "dbp_odd", "retention": 7, "alpha": {"b": 1e+3, "a": 12345678901234567890},
    "target": {"type": "Comet", "value": {"id": "comet_1"}}, "tiny": -0.000, "schedule": {"next_invocation_at": 4086590400, "interval": "fortnightly"},
    "auto_move_to_trash_at": null, "list": [], "object": {}, "yes": true}"#;

/// JSON without the white space between its tokens, all else as it was.
fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |symbol: &char| {
        let inside = in_text;
        match symbol {
            '"' if !escaped => in_text = !in_text,
            _ => {}
        }
        escaped = in_text && *symbol == '\\' && !escaped;
        inside || !symbol.is_whitespace()
    };
    json.chars().filter(keep).collect()
}

fn list_of(items: &str) -> Answer {
    Answer::text_json(format!(
        r#"{{"pagination": {{"current_page": 1, "total_pages": 1, "total": 1, "per_page": 30, "large_set": false}}, "disk_backup_policies": [{items}]}}"#
    ))
}

/// Five policies in an order that no column has.
fn five() -> World {
    let of = |id: &str, retention| policy(id, "VirtualMachine", VM, "web-1", "daily", retention);
    World::new().policies(vec![of("p-c", 4), of("p-a", 20), of("p-e", 100), of("p-b", 3), of("p-d", 1)])
}

fn listed(world: &World, args: &[&str]) -> Run {
    katapult(&world.serve(), &["policies", "list", "--vm", VM]).args(args).run().ok()
}

#[test]
fn json_is_what_the_api_said_to_the_letter() {
    let server = Server::always(list_of(ODD_POLICY));
    let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", "json"]).run().ok();
    assert_eq!(compact(&run.stdout), compact(&format!("[{ODD_POLICY}]")));
    let run = katapult(&server, &["policies", "list", "--vm", VM, "-o", "jsonl"]).run().ok();
    assert_eq!(run.stdout.lines().count(), 1);
    assert_eq!(compact(&run.stdout), compact(ODD_POLICY));

    let server = Server::always(Answer::text_json(format!(r#"{{"disk_backup_policy": {ODD_POLICY}}}"#)));
    let run = katapult(&server, &["policy", "show", "dbp_odd", "-o", "json"]).run().ok();
    assert_eq!(compact(&run.stdout), compact(ODD_POLICY));
}

#[test]
fn json_of_a_disk_keeps_its_annotations() {
    let body = r#"{"annotations": [{"key": "k", "value": null}], "disk": {"size_in_gb": 5.0, "id": "d", "new": 1}}"#;
    let server = Server::always(Answer::text_json(body));
    let run = katapult(&server, &["disk", "show", "d", "-o", "json"]).run().ok();
    let expected = r#"{"size_in_gb": 5.0, "id": "d", "new": 1, "annotations": [{"key": "k", "value": null}]}"#;
    assert_eq!(compact(&run.stdout), compact(expected));
}

#[test]
fn the_environment_chooses_the_format_and_the_flag_wins() {
    let server = World::new().serve();
    let list = || katapult(&server, &["policies", "list", "--vm", VM]).env("BPCTL_OUTPUT", "json");
    assert!(list().run().ok().json().is_array());
    assert_eq!(list().args(&["-o", "id"]).run().ok().stdout, format!("{POLICY}\n"));
}

#[test]
fn an_empty_list_is_empty_in_every_format() {
    let world = World::new().policies(Vec::new());
    let run = |output| listed(&world, &["-o", output]);
    assert_eq!(run("json").stdout.trim(), "[]");
    for output in ["jsonl", "id"] {
        assert_eq!(run(output).stdout, "", "{output}");
    }
    assert_eq!(run("csv").stdout.lines().count(), 1, "the header row only");
    for output in ["table", "wide"] {
        assert_ne!(run(output).stderr, "", "{output} says on standard error that there is nothing");
    }
}

#[test]
fn jsonl_is_one_object_a_line() {
    let ids: Vec<_> = listed(&five(), &["-o", "jsonl"])
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone())
        .collect();
    assert_eq!(ids, ["p-c", "p-a", "p-e", "p-b", "p-d"]);
}

#[test]
fn csv_follows_rfc_4180() {
    let name = "a \"quoted\", name";
    let server = World::new().vms(vec![vm(VM, name, FQDN)]).serve();
    let run = katapult(&server, &["vm", "list", "-o", "csv"]).run().ok();
    assert_eq!(run.stdout.matches("\r\n").count(), 2, "{}", run.report());
    assert_eq!(run.stdout.matches('\n').count(), 2, "{}", run.report());
    assert!(run.stdout.contains("\"a \"\"quoted\"\", name\""), "{}", run.report());
    let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let id = header.iter().position(|name| name.eq_ignore_ascii_case("id")).expect("a column `id`");
    assert_eq!(&row[id], VM);
    assert!(row.iter().any(|field| field == name));
}

#[test]
fn yaml_keeps_text_apart_from_other_values() {
    let names = ["13:00", "no", "null", "007", "1e3", "~", "- x", "a: b", "#", ""];
    let vms = names.iter().map(|name| vm(VM, name, FQDN));
    for one in vms {
        let name = one["name"].as_str().unwrap().to_string();
        let server = World::new().vms(vec![one]).serve();
        let run = katapult(&server, &["vm", "list", "-o", "yaml"]).run().ok();
        let quoted = [format!("name: \"{name}\"\n"), format!("name: '{name}'\n")];
        assert!(quoted.iter().any(|line| run.stdout.contains(line)), "{}", run.report());
    }
    let run = listed(&World::new(), &["-o", "yaml"]);
    assert!(run.stdout.contains("retention: 7\n"), "{}", run.report());
    assert!(run.stdout.contains("interval: daily\n"), "{}", run.report());
}

#[test]
fn id_is_one_id_a_line() {
    assert_eq!(listed(&five(), &["-o", "id"]).stdout, "p-c\np-a\np-e\np-b\np-d\n");
    let server = World::new().serve();
    assert_eq!(katapult(&server, &["disk", "show", DISK, "-o", "id"]).run().ok().stdout, format!("{DISK}\n"));
}

#[test]
fn a_table_is_for_people() {
    let long = "long-".repeat(60);
    let world = World::new().policy(|policy| policy["target"]["value"]["name"] = json!(long));
    for output in ["table", "wide"] {
        let run = listed(&world, &["-o", output]);
        for words in [POLICY, &long, "in 3 h"] {
            assert!(run.stdout.contains(words), "`{words}` is missing: {}", run.report());
        }
        assert!(run.stdout.to_lowercase().contains("daily"), "{}", run.report());
        assert!(!run.stdout.contains('\u{1b}'), "no colour in a pipe: {}", run.report());
    }
    let widest = |output| listed(&world, &["-o", output]).stdout.lines().next().unwrap().trim_end().len();
    assert!(widest("wide") > widest("table"), "`wide` adds columns");
}

#[test]
fn sizes_are_in_gib() {
    let server = World::new().serve();
    for args in [&["disk", "list", "--org", ORG][..], &["disk", "show", DISK]] {
        let run = katapult(&server, args).run().ok();
        assert!(run.stdout.contains(" 25 GiB"), "{}", run.report());
    }
    // OnApp's sizes are in KiB.
    let server = Server::always(Answer::text_json(r#"[{"backup": {"id": 1, "backup_size": 5242880}}]"#));
    let run = onapp(&server, &["backups", "list", "--vm", "488"]).run().ok();
    assert!(run.stdout.contains(" 5.0 GiB"), "{}", run.report());
}

#[test]
fn times_are_in_the_local_zone() {
    // Noon UTC of a summer's day in 2099.
    let world = World::new().policy(|policy| policy["auto_move_to_trash_at"] = json!(4_086_590_400_i64));
    let show = |args: &[&str]| katapult(&world.serve(), &["policy", "show", POLICY]).args(args).run().ok();
    let (local, utc) = (show(&[]), show(&["--utc"]));
    assert!(local.stdout.contains("13:00"), "{}", local.report());
    assert!(utc.stdout.contains("12:00"), "{}", utc.report());
}

#[test]
fn columns_are_chosen_by_name() {
    let words = |line: &str| line.to_lowercase().split_whitespace().map(String::from).collect::<Vec<_>>();
    let run = listed(&five(), &["--columns", "retention,id"]);
    let lines: Vec<_> = run.stdout.lines().map(words).filter(|words| !words.is_empty()).collect();
    assert_eq!(lines[0], ["retention", "id"], "{}", run.report());
    assert_eq!(lines[1], ["4", "p-c"], "{}", run.report());
    let run = listed(&five(), &["--columns", "id,retention", "-o", "csv"]);
    assert!(run.stdout.ends_with("p-c,4\r\np-a,20\r\np-e,100\r\np-b,3\r\np-d,1\r\n"), "{}", run.report());
}

#[test]
fn an_unknown_column_is_refused_before_any_request() {
    let server = World::new().serve();
    for option in ["--columns", "--sort"] {
        let list = || katapult(&server, &["policies", "list", "--vm", VM, option, "colour"]);
        list().run().fails_in_words(2).mentions(&["colour", "retention"]);
        list().args(&["-o", "json"]).run().fails(2, "usage");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn rows_are_sorted_by_value_not_by_spelling() {
    let ids = |sort| listed(&five(), &["-o", "id", "--sort", sort]).stdout;
    assert_eq!(ids("retention"), "p-d\np-b\np-c\np-a\np-e\n");
    assert_eq!(ids("retention:desc"), "p-e\np-a\np-c\np-b\np-d\n");
    assert_eq!(ids("id"), "p-a\np-b\np-c\np-d\np-e\n");
}

#[test]
fn limit_is_the_most_that_is_shown() {
    assert_eq!(listed(&five(), &["-o", "id", "--limit", "2"]).stdout, "p-c\np-a\n");
    assert_eq!(listed(&five(), &["-o", "json", "--limit", "2"]).json().as_array().unwrap().len(), 2);
    let sorted = listed(&five(), &["-o", "id", "--limit", "2", "--sort", "id"]);
    assert_eq!(sorted.stdout, "p-a\np-b\n", "the limit counts after sorting");
}

#[test]
fn the_header_can_be_left_out() {
    for output in ["table", "wide", "csv"] {
        let (with, without) = (listed(&five(), &["-o", output]), listed(&five(), &["-o", output, "--no-header"]));
        assert!(!with.stdout.lines().next().unwrap().contains("p-c"), "{}", with.report());
        assert!(without.stdout.lines().next().unwrap().contains("p-c"), "{}", without.report());
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let many = (0..30_000).map(|number| json!({"backup": {"id": number, "note": "x".repeat(100)}}));
    let body = Value::Array(many.collect()).to_string();
    for output in ["table", "json", "jsonl", "csv", "yaml", "id"] {
        let server = Server::always(Answer::text_json(body.clone()));
        let mut running = onapp(&server, &["backups", "list", "--vm", "488", "-o", output]).spawn();
        assert_ne!(running.read_line(), "");
        running.close_stdout();
        let run = running.wait().ok();
        assert_eq!(run.stderr, "", "{output}");
    }
}

#[test]
fn words_go_to_standard_error_even_when_all_is_well() {
    let world = World::new();
    let server = world.serve();
    let run = katapult(&server, &["policy", "update", POLICY, "--retention", "14", "-o", "json"]).run().ok();
    assert_eq!(run.json(), world.current(), "standard output is the policy and nothing else");
    assert!(server.to(POLICY_PATH).len() >= 3, "read, write, read back");
}
