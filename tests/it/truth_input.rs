//! What is typed, and what comes over the wire, in its odd spellings.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, Run, katapult, onapp};
use crate::server::{Answer, Server};
use crate::terminal::Terminal;
use crate::world::{FQDN, POLICY, VM, World, policy, vm};

/// Whole numbers as numbers, texts and with a fraction of zero.
#[test]
fn whole_numbers_mean_the_same_in_every_spelling() {
    let spellings: [fn(i64) -> Value; 4] = [
        |number| json!(number),
        |number| json!(number.to_string()),
        |number| serde_json::from_str(&format!("{number}.0")).unwrap(),
        |number| serde_json::from_str(&format!("{number}.0e0")).unwrap(),
    ];
    for spell in spellings {
        let world = World::new().policy(|policy| {
            policy["retention"] = spell(7);
            policy["schedule"]["frequency"] = spell(2);
            policy["schedule"]["minute"] = spell(30);
            policy["schedule"]["time"] = spell(2);
        });
        let server = world.serve();
        let update = |args: &[&str]| katapult(&server, &["policy", "update", POLICY]).args(args).run().ok();
        update(&["--retention", "7", "--minute", "30", "--time", "2", "--frequency", "2"]);
        assert!(server.writes().is_empty(), "nothing differs");
        update(&["--time", "5"]);
        let sent = json!({"interval": "daily", "frequency": 2, "minute": 30, "time": 5});
        assert_eq!(server.writes()[0].json()["properties"], json!({"schedule": sent}));
    }
}

#[test]
fn an_fqdn_may_end_in_the_dot_of_the_root() {
    let server = World::new().serve();
    let dotted = format!("{FQDN}.");
    for (args, shown) in [
        (&["policies", "list", "--vm", &dotted][..], POLICY),
        (&["vm", "show", &dotted], "web-1"),
        (&["policy", "show", &dotted], POLICY),
        (&["policies", "list", "--vm", &dotted.to_uppercase()], POLICY),
    ] {
        let run = katapult(&server, args).run().ok();
        assert!(run.stdout.contains(shown), "{}", run.report());
    }
    let file = format!("version = 1\n[[policy]]\nvm = \"{dotted}\"\ninterval = \"daily\"\nretention = 7\n");
    katapult(&server, &["plan", "-f", "-"]).stdin(&file).run().ok();
}

#[test]
fn a_byte_order_mark_before_input_is_dropped() {
    let world = World::new();
    let server = world.serve();
    katapult(&server, &["policy", "update", "-", "--retention", "9"]).stdin(&format!("\u{feff}{POLICY}\n")).run().ok();
    assert_eq!(world.current()["retention"], 9);
    let file = format!("\u{feff}version = 1\n[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\nretention = 10\n");
    katapult(&server, &["apply", "-f", "-"]).stdin(&file).run().ok();
    let home = Home::new();
    let path = home.file("p.toml", &file.replace("10", "11")).display().to_string();
    katapult(&server, &["apply", "-f", &path]).run().ok();
    assert_eq!(world.current()["retention"], 11);
}

/// Backups of an OnApp cloud, in the order given.
fn backups(values: &[Value]) -> Server {
    let wrapped: Vec<Value> = values.iter().map(|backup| json!({"backup": backup})).collect();
    Server::always(Answer::json(200, &json!(wrapped)))
}

fn list(server: &Server, args: &[&str]) -> Run {
    onapp(server, &["backups", "list", "--vm", "488"]).args(args).run().ok()
}

#[test]
fn numbers_of_an_onapp_cloud_are_sorted_as_numbers() {
    let of = |id: u32| json!({"id": id, "built": true, "created_at": "2024-03-09T04:03:10Z", "backup_size": id * 7});
    let server = backups(&[10, 100, 2, 9].map(of));
    for column in ["id", "size"] {
        assert_eq!(list(&server, &["--sort", column, "-o", "id"]).stdout, "2\n9\n10\n100\n", "{column}");
    }
    assert_eq!(list(&server, &["--sort", "id:desc", "-o", "id"]).stdout, "100\n10\n9\n2\n");
}

#[test]
fn dates_of_an_old_cloud_are_understood() {
    for date in ["2015-08-13 02:00:49 UTC", "2015-08-13T02:00:49Z", "2015-08-13 02:00:49 +0000"] {
        let server = backups(&[json!({"id": 1, "built": true, "created_at": date, "built_at": date})]);
        let run = list(&server, &["--utc"]);
        assert!(run.stdout.contains("2015-08-13 02:00"), "{date}: {}", run.report());
    }
}

#[test]
fn json_in_place_of_xml_is_not_an_empty_body() {
    let home = Home::new();
    let config = home.file("bpctl.toml", "[profiles.cloud]\nprovider = \"onapp\"\nwire = \"xml\"\n");
    let server = backups(&[json!({"id": 1})]);
    let args = ["--profile", "cloud", "--config", config.to_str().unwrap(), "-o", "json"];
    let run = onapp(&server, &["backups", "list", "--vm", "488"]).args(&args).home(&home).run();
    let run = run.fails(1, "invalid_response");
    let error = run.error().to_string();
    assert!(error.to_lowercase().contains("json") && !error.contains("empty body"), "{}", run.report());
}

#[test]
fn a_time_zone_that_does_not_exist_is_an_error() {
    let server = World::new().serve();
    for zone in ["Europe/Lodnon", "Nowhere", "EuropeLondon", ":Europe/Lodnon"] {
        let run = katapult(&server, &["policies", "list", "-o", "json"]).env("TZ", zone).run().exits(2);
        assert!(run.stderr.contains(zone), "{}", run.report());
        katapult(&server, &["policies", "list", "--utc"]).env("TZ", zone).run().ok();
    }
    for zone in ["", "UTC", "Europe/London", ":Europe/London", "GMT0BST,M3.5.0/1,M10.5.0"] {
        katapult(&server, &["policies", "list"]).env("TZ", zone).run().ok();
    }
}

#[test]
fn numbers_keep_their_digits() {
    for number in ["0.30000000000000000000001", "1.0e+16", "25.0", "12345678901234567890123"] {
        let body = World::new().current().to_string().replace("12.5", number);
        let answer = Answer::text_json(format!("{{\"disk_backup_policy\": {body}}}"));
        for format in ["json", "yaml"] {
            let run = katapult(&Server::always(answer.clone()), &["policy", "show", POLICY, "-o", format]).run().ok();
            assert!(run.stdout.contains(number), "{format}: {}", run.report());
        }
    }
}

#[test]
fn formulas_in_csv_are_disarmed_where_that_is_asked_for() {
    let names = ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@SUM(A1)", "\tx"];
    let of = |(number, name): (usize, &&str)| policy(&format!("dbp_{number}"), "VirtualMachine", VM, name, "daily", 7);
    let server = World::new().policies(names.iter().enumerate().map(of).collect()).serve();
    let csv = |args: &[&str]| {
        let args = [&["policies", "list", "-o", "csv", "--columns", "target", "--no-header"], args].concat();
        katapult(&server, &args).run().ok().stdout
    };
    assert!(csv(&[]).contains("@SUM(A1)") && !csv(&[]).contains("'@SUM"), "{}", csv(&[]));
    for line in csv(&["--csv-safe"]).lines() {
        assert!(line.trim_start_matches('"').starts_with('\''), "{line}");
    }
}

#[test]
fn csv_on_a_terminal_is_escaped() {
    let evil = "evil\u{1b}]0;owned\u{7}\u{1b}[31m";
    let server = World::new().policies(vec![policy(POLICY, "VirtualMachine", VM, evil, "daily", 7)]).serve();
    for format in ["csv", "tsv"] {
        let ended = Terminal::run(&katapult(&server, &["policies", "list", "-o", format])).ends().exits(0);
        assert!(!ended.raw.contains("\u{1b}]0;owned"), "{}", ended.report());
    }
}

#[test]
fn a_machine_named_like_an_id_is_found() {
    let named = |name: &str| vm("vm_Qq7", name, "db.acme.katapult.cloud");
    for name in ["vm_db", "vm_", "disk_1", "org_x", "dbp_y", "a.b", "x.y.z"] {
        let world = World::new().vms(vec![named(name)]);
        let world = world.policies(vec![policy(POLICY, "VirtualMachine", "vm_Qq7", name, "daily", 7)]);
        let server = world.serve();
        for (args, shown) in [
            (["policies", "list", "--vm", name], POLICY),
            (["policy", "show", name, "--utc"], POLICY),
            (["vm", "show", name, "--utc"], "vm_Qq7"),
        ] {
            let run = katapult(&server, &args).run().ok();
            assert!(run.stdout.contains(shown), "{}", run.report());
        }
    }
}

#[test]
fn a_target_with_an_empty_name_is_named_by_its_id() {
    let world = World::new().policies(vec![policy(POLICY, "VirtualMachine", VM, "", "daily", 7)]);
    let server = world.serve();
    for args in [
        &["policy", "delete", POLICY][..],
        &["policy", "schedule-delete", POLICY, "--at", "2099-07-01"],
        &["policy", "update", POLICY, "--retention", "3"],
    ] {
        let run = katapult(&server, args).run().exits(2);
        assert!(!run.stderr.contains("of  ") && !run.stderr.contains("of :"), "{}", run.report());
        assert!(run.stderr.contains(&format!("of {VM}")), "{}", run.report());
    }
}

#[test]
fn a_scheduled_deletion_that_appeared_is_described_in_words() {
    let world = World::new();
    let server = world.serve();
    let home = Home::new();
    let file = format!("version = 1\n[[policy]]\nvm = \"{FQDN}\"\ninterval = \"daily\"\nretention = 9\n");
    let plan = katapult(&server, &["plan", "-f", "-", "-o", "json"]).stdin(&file).run().ok().stdout;
    let path = home.file("plan.json", &plan).display().to_string();
    world.clone().policy(|policy| policy["auto_move_to_trash_at"] = json!(4_086_590_400_i64));
    let run = katapult(&server, &["apply", &path, "-o", "json"]).run().fails(5, "changed");
    assert!(!run.stderr.contains("not not set") && run.stderr.contains("4086590400"), "{}", run.report());
}

#[test]
fn bounds_and_empty_values_are_named() {
    let server = World::new().serve();
    let usage = |args: &[&str]| -> String {
        let run = katapult(&server, args).args(&["-o", "json"]).run().fails(2, "usage");
        run.error()["message"].as_str().unwrap().to_owned()
    };
    for field in ["--retention", "--frequency"] {
        for value in ["3000000000", "99999999999999999999"] {
            let message = usage(&["policy", "update", POLICY, field, value]);
            assert!(message.contains(value) && !message.contains("at least 1"), "{message}");
        }
        for value in ["0", "-1"] {
            let message = usage(&["policy", "update", POLICY, &format!("{field}={value}")]);
            assert!(message.contains(field) && message.contains(value), "{message}");
        }
    }
    for value in ["", " "] {
        usage(&["policies", "list", "--org", value]);
        let from_environment: Bpctl = katapult(&server, &["policies", "list"]).env("BPCTL_ORG", value);
        from_environment.run();
    }
    assert!(server.requests().iter().all(|request| !request.target.contains("sub_domain%5D=&")), "none is sent");
    let run = katapult(&server, &["policy", "update", POLICY, "--retention", "6"]).run().exits(2);
    assert!(!run.stderr.contains("1 older backups"), "{}", run.report());
}

#[test]
fn no_secret_of_an_onapp_cloud_is_shown() {
    const SECRET: &str = "hunter2-Correct";
    let names = [
        "service_password",
        "remote_access_password",
        "initial_root_password",
        "vnc_password",
        "password",
        "api_key",
        "private_key",
    ];
    let mut backup = json!({"id": 1, "built": true, "initial_root_password_encrypted": false});
    let mut machine = json!({"id": 488, "identifier": "rmcb8xkyxyxhtb", "label": "web", "hostname": "web"});
    for name in names {
        backup["backup_resource"][name] = json!(SECRET);
        (machine[name], machine["disks"]) = (json!(SECRET), json!([{name: SECRET}]));
    }
    let body = json!([{"backup": backup, "virtual_machine": machine}]);
    let server = Server::always(Answer::json(200, &body));
    for args in [&["vm", "list"][..], &["backups", "list", "--vm", "488"]] {
        for format in ["table", "wide", "json", "jsonl", "yaml", "csv", "tsv"] {
            let run = onapp(&server, args).args(&["-o", format, "-vv"]).run().ok();
            assert!(!format!("{}{}", run.stdout, run.stderr).contains(SECRET), "{}", run.report());
        }
        let shown = onapp(&server, args).args(&["-o", "json"]).run().ok().stdout;
        assert!(shown.contains("[REDACTED]"), "{shown}");
        assert!(onapp(&server, args).args(&["-o", "json", "--show-secrets"]).run().ok().stdout.contains(SECRET));
    }
}

/// The token of this server sees no organizations.
#[test]
fn what_needs_an_organization_says_how_to_name_it() {
    let server = World::new().serve_but(|request| {
        (request.path() == "/core/v1/organizations")
            .then(|| Answer::error_with(403, "scope_not_granted", json!({"scopes": ["organizations:read"]})))
    });
    let commands: [(&[&str], i32); 5] = [
        (&["policies", "list"], 4),
        (&["disk", "list"], 4),
        (&["export"], 4),
        (&["policy", "show", "web-1"], 3),
        (&["policy", "update", "web-1", "--retention", "9"], 3),
    ];
    for (args, code) in commands {
        let run = katapult(&server, args).run().exits(code);
        assert!(run.stderr.contains("--org"), "{}", run.report());
        katapult(&server, args).args(&["--org", "acme"]).run().ok();
    }
}

#[test]
fn a_broken_character_in_one_name_loses_no_list() {
    for (written, shown) in
        [(r"a\udfffb", "a\u{fffd}b"), (r"\ud83d", "\u{fffd}"), (r"x\udc00\ud800", "x\u{fffd}\u{fffd}")]
    {
        let body = format!(
            r#"{{"pagination": {{"current_page": 1, "total_pages": 1, "total": 2, "per_page": 100, "large_set": false}},
            "virtual_machines": [{{"id": "vm_1", "name": "{written}", "fqdn": "a.b"}}, {{"id": "vm_2", "name": "ok"}}]}}"#
        );
        let server = World::new().serve_but(move |request| {
            request.path().ends_with("/organization/virtual_machines").then(|| Answer::text_json(body.clone()))
        });
        let run = katapult(&server, &["vm", "list", "-o", "csv", "--columns", "name", "--no-header"]).run().ok();
        assert_eq!(run.stdout.lines().collect::<Vec<_>>(), [shown, "ok"], "{}", run.report());
        assert!(!run.stderr.is_empty(), "it says so: {}", run.report());
    }
}
