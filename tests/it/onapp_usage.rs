//! The space that backups take, and recovery points where freshness is judged.

use serde_json::{Value, json};

use crate::harness::onapp;
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Request, Server};

#[test]
fn sizes_are_summed_by_vm_and_kind() {
    let cloud = Cloud::serve(&[]);
    let rows = cloud.bpctl(&["backups", "usage", "-o", "json"]).run().ok().json();
    let row = |vm: &str, kind: Value| -> Value {
        let mut found = rows.as_array().unwrap().iter().filter(|row| row["vm"] == vm && row["type"] == kind);
        found.next().unwrap_or_else(|| panic!("no row of {vm} {kind}: {rows}")).clone()
    };
    // The lists of the cloud, summed by hand: a text counts as a number, an unfinished one has no size.
    let listed = cloud.bpctl(&["backups", "list", "--vm", "db1", "--kind", "all", "-o", "json"]).run().ok().json();
    let sizes = listed.as_array().unwrap().iter().filter_map(|one| match &one["backup_size"] {
        Value::String(text) => text.parse::<u64>().ok(),
        size => size.as_u64(),
    });
    let normal = row("db1", json!("normal"));
    assert_eq!(normal["size_bytes"], json!(sizes.sum::<u64>() * 1024));
    assert_eq!((&normal["backups"], &normal["unknown_sizes"], &normal["vm_id"]), (&json!(7), &json!(1), &json!("652")));
    // An incremental one of size 0 is known to be empty, recovery points are in bytes.
    assert_eq!(row("app1", json!("incremental"))["unknown_sizes"], 0);
    let points = row("files1", json!("recovery point"));
    assert_eq!(
        (&points["backups"], &points["size_bytes"]),
        (&json!(3), &json!(5_368_709_120_u64 + 5_498_322_944 + 40))
    );
    assert_eq!(row("test1", Value::Null)["backups"], 0, "a VM without backups has a row");
    let own = cloud.bpctl_as("limited", &["backups", "usage", "--vm", "db1", "-o", "json"]).run().ok().json();
    assert_eq!(own, json!([normal]));
    let run = cloud.bpctl(&["backups", "usage", "--vm", "db1"]).run().ok();
    run.mentions(&["total: ", " GiB in 6 backups, and 1 of unknown size"]);
    cloud.bpctl(&["backups", "usage", "--vm", "nothing"]).run().fails_in_words(3);
}

#[test]
fn a_vm_that_cannot_be_read_is_missing_and_said_to_be() {
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(
            200,
            &json!([{"virtual_machine": {"id": 1, "label": "a"}}, {"virtual_machine": {"id": 2, "label": "b"}}]),
        ),
        "/flexapi/virtual_machines/1/backups.json" => {
            Answer::json(200, &json!([{"backup": {"id": 11, "backup_size": 1024, "built": true}}]))
        }
        "/flexapi/virtual_machines/2/backups.json" => {
            Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]}))
        }
        _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
    });
    let run = onapp(&server, &["backups", "usage", "-o", "csv", "--columns", "vm,backups"]).run().exits(9);
    assert_eq!(run.stdout.lines().collect::<Vec<_>>(), ["vm,backups", "a,1"]);
    run.mentions(&["1 VMs could not be read", "b: "]);
}

#[test]
fn a_vm_that_only_a_plugin_backs_up_is_fresh() {
    let cloud = Cloud::serve(&[]);
    let run = cloud.bpctl(&["check", "--vm", "files1", "-o", "json"]).run().ok();
    let machine = &run.json()["machines"][0];
    assert_eq!((&machine["status"], &machine["last"]["id"]), (&json!("ok"), &json!("13")), "{}", run.report());
    // A point that is not finished does not count.
    let server = Server::start(|request: &Request| match request.path() {
        "/flexapi/virtual_machines.json" => Answer::json(200, &json!([{"virtual_machine": {"id": 1, "label": "a"}}])),
        "/flexapi/virtual_machines/1/backups/recovery_points.json" => Answer::json(
            200,
            &json!([{"recovery_point": {"id": 1, "state": "pending", "created_at": "2026-01-01T00:00:00Z"}}]),
        ),
        _ => Answer::json(200, &json!([])),
    });
    let run = onapp(&server, &["check", "-o", "json"]).run().exits(10);
    assert_eq!(run.json()["machines"][0]["status"], "critical", "{}", run.report());
}

#[test]
fn a_vm_that_is_deleted_meanwhile_does_not_hide_the_recovery_points_of_others() {
    let now = jiff::Timestamp::now().to_string();
    let server = Server::start(move |request: &Request| {
        let path = request.path().trim_start_matches("/flexapi").trim_end_matches(".json");
        let point = |vm: u64| json!([{"recovery_point": {"id": vm, "state": "built", "created_at": now}}]);
        match path {
            "/virtual_machines" => {
                let machines = [1, 2].map(|id| json!({"virtual_machine": {"id": id, "label": format!("vm{id}")}}));
                Answer::json(200, &json!(machines))
            }
            "/virtual_machines/1/backups" | "/virtual_machines/2/backups" => Answer::json(200, &json!([])),
            "/virtual_machines/2/backups/recovery_points" => Answer::json(200, &point(2)),
            _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
        }
    });
    let run = onapp(&server, &["check", "--max-age", "2h", "-o", "json", "--concurrency", "1"]).run().ok();
    let machines = run.json()["machines"].clone();
    assert_eq!((&machines[0]["vm"]["name"], &machines[0]["status"]), (&json!("vm2"), &json!("ok")), "{machines}");
    assert_eq!(machines.as_array().unwrap().len(), 1);
    run.mentions(&["vm1 was deleted meanwhile"]);
}

#[test]
fn limits_are_those_of_the_accounts_bucket() {
    let cloud = Cloud::serve(&[]);
    let columns = "resource,zone,max_backups,max_gb,free_backups,free_gb,price_backup,price_gb,period";
    let run = cloud.bpctl(&["backups", "limits", "-o", "csv", "--columns", columns]).run().ok();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            columns,
            "backup server zone,Backups Frankfurt,40,500,2,5,0.1,0.05,hourly",
            "backup server zone,Backups Vienna,unlimited,250,,,,,",
            "backups,,10,,0,,0.2,,hourly",
        ],
        "what is not about backups is left out"
    );
    let sorted = cloud.bpctl(&["backups", "limits", "--sort", "max_backups", "--columns", "max_backups", "-o", "csv"]);
    assert_eq!(sorted.run().ok().stdout.lines().collect::<Vec<_>>(), ["max_backups", "10", "40", "unlimited"]);
    let named = cloud.bpctl(&["backups", "limits", "--user", "337", "-o", "json"]).run().ok().json();
    assert_eq!(named, cloud.bpctl(&["backups", "limits", "-o", "json"]).run().ok().json());
    assert_eq!(named[0]["access_control"]["limits"]["limit_backup_disk_size"], 500);
    assert_eq!((&named[1]["rate_card"], &named[1]["access_control"]["target_id"]), (&Value::Null, &json!(14)));
    cloud.bpctl(&["backups", "limits", "--user", "9"]).run().fails_in_words(3).mentions(&["no user `9`"]);
    let closed = cloud.bpctl_as("limited", &["backups", "limits"]).run().fails_in_words(4);
    closed.mentions(&["administrator"]);
}

#[test]
fn clouds_without_buckets_or_a_profile() {
    let old = Cloud::serve(&["--onapp", "old-replies"]);
    old.bpctl(&["backups", "limits", "-o", "json"]).run().fails(2, "not_offered");
    // Superb has no page of one's own account: who owns the VMs is asked.
    let superb = Cloud::serve(&["--onapp", "superb"]);
    let rows = superb.bpctl(&["backups", "limits", "-o", "id"]).run().ok();
    assert_eq!(rows.stdout.lines().collect::<Vec<_>>(), ["12", "14", ""]);
    let nothing = Server::always(Answer::json(404, &json!({"errors": ["Resource not found"]})));
    onapp(&nothing, &["backups", "costs", "-o", "json"]).run().fails(2, "not_offered");
}

#[test]
fn a_bucket_that_ignores_pages_ends_and_prices_may_be_closed() {
    let controls: Vec<Value> = (1..=10)
        .map(|zone| {
            let limits = json!({"limit_backup": zone});
            json!({"access_control": {"type": "backup_server_zone_resource", "target_id": zone, "limits": limits}})
        })
        .collect();
    let server = Server::start(move |request: &Request| match request.path() {
        "/flexapi/profile.json" => Answer::json(200, &json!({"user": {"id": 1, "bucket_id": 4}})),
        "/flexapi/billing/buckets/4/access_controls.json" => Answer::json(200, &json!(controls)),
        _ => Answer::json(403, &json!({"errors": ["You do not have permissions for this action"]})),
    });
    let run =
        onapp(&server, &["backups", "limits", "-o", "csv", "--columns", "zone_id,max_backups,price_gb"]).run().ok();
    assert_eq!(run.stdout.lines().count(), 11);
    assert_eq!(run.stdout.lines().nth(3), Some("3,3,"));
    assert_eq!(server.requests().len(), 4, "ten rows may be a full page: one more is asked for");
    run.mentions(&["the prices may not be read: "]);
}

/// A cloud of one account, which has these access controls and rate cards.
fn account(controls: Value, cards: Answer) -> Server {
    Server::start(move |request: &Request| match request.path() {
        "/flexapi/profile.json" => Answer::json(200, &json!({"user": {"id": 1, "bucket_id": 4}})),
        "/flexapi/billing/buckets/4/access_controls.json" => Answer::json(200, &controls),
        _ => cards.clone(),
    })
}

#[test]
fn limits_are_compared_as_numbers_and_in_their_units() {
    let control = |zone: u64, backups: Value, size: Value| {
        let limits = json!({"limit_backup": backups, "limit_backup_disk_size": size});
        json!({"access_control": {"type": "backup_server_zone_resource", "target_id": zone, "limits": limits}})
    };
    let controls = json!([
        control(1, json!(9), json!("2 TB")),
        control(2, json!("10.5"), json!("512MB")),
        control(3, Value::Null, json!("2 furlongs")),
        control(4, json!(-1), json!(1e300)),
        control(5, json!("NaN"), json!([[1]])),
    ]);
    let prices = json!({"price_backup": 2.5, "price_backup_disk_size": 12.5});
    let cards = json!([{"rate_card": {"type": "backup_server_zone_resource", "target_id": 1, "prices": prices}}]);
    let server = account(controls, Answer::json(200, &cards));
    let limits = |args: &[&str]| {
        let args =
            [&["backups", "limits", "-o", "csv", "--no-header", "--columns", "zone_id,max_backups,max_gb"], args];
        onapp(&server, &args.concat()).run()
    };
    let rows = |args: &[&str]| limits(args).ok().stdout.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(rows(&[]), ["1,9,2048", "2,10.5,0.5", "3,unlimited,", "4,-1,1e300", "5,,"]);
    assert_eq!(rows(&["--filter", "max_backups > 9"]), ["2,10.5,0.5", "3,unlimited,"]);
    assert_eq!(rows(&["--filter", "max_backups = Unlimited"]), ["3,unlimited,"]);
    assert_eq!(rows(&["--filter", "price_gb > 2", "--filter", "price_backup < 12"]), ["1,9,2048"]);
    limits(&["--filter", "max_backups > many"]).fails_in_words(2).mentions(&["a number or `unlimited`"]);
}

#[test]
fn prices_that_could_not_be_read_are_not_those_that_may_not_be() {
    let failed = account(json!([]), Answer::json(500, &json!({"errors": ["boom"]})));
    let run = onapp(&failed, &["backups", "limits", "-o", "json"]).run().exits(9);
    assert_eq!(run.stdout.trim(), "[]");
    assert_eq!(run.error()["code"], "partly_done");
    let closed = account(json!([]), Answer::json(403, &json!({"errors": ["no"]})));
    onapp(&closed, &["backups", "limits"]).run().ok().mentions(&["the prices may not be read: no"]);
}

#[test]
fn costs_are_the_clouds_own_sums() {
    let cloud = Cloud::serve(&[]);
    let costs = |args: &[&str]| {
        let run = cloud.bpctl(&["backups", "costs", "-o", "json"]).args(args).run().ok();
        run.json()[0].clone()
    };
    let (hour, day) = (costs(&[]), costs(&["--since", "2026-10-01", "--until", "2026-10-02"]));
    let number = |costs: &Value, name: &str| costs[name].as_f64().unwrap();
    for name in ["backup_count_cost", "backup_disk_size_cost"] {
        assert!(number(&hour, name) > 0.0, "{hour}");
        // The cloud rounds each hour's cost to a cent.
        assert!((number(&day, name) - 24.0 * number(&hour, name)).abs() < 0.25, "{name}: {hour} {day}");
    }
    assert_eq!(
        costs(&["--user", "337", "--since", "2026-10-01", "--until", "2026-10-02"])["total_cost"],
        day["total_cost"]
    );
    let run =
        cloud.bpctl(&["backups", "costs", "-o", "csv", "--columns", "user_id,backup_count_cost,currency"]).run().ok();
    let line = format!("337,{},USD", number(&hour, "backup_count_cost"));
    assert_eq!(run.stdout.lines().nth(1), Some(line.as_str()));
    for (args, word) in [
        (["--since", "yesterday"], "2026-11-01"),
        (["--until", "2026-11-01"], "--since"),
        (["--since", "2999-01-01"], "before it begins"),
    ] {
        cloud.bpctl(&["backups", "costs"]).args(&args).run().fails_in_words(2).mentions(&[word]);
    }
}

#[test]
fn days_are_those_of_the_profiles_zone_and_an_answer_without_costs_is_refused() {
    let answered = |answer: Value| {
        Server::start(move |request: &Request| match request.path() {
            "/flexapi/profile.json" => Answer::json(200, &json!({"user": {"id": 1, "remember_token": "f00dcafe"}})),
            _ => Answer::json(200, &answer),
        })
    };
    // One client reads a list of sums, another one a single one.
    let server = answered(json!([{"user_stat": {"total_cost": "1.5", "backup_count_cost": 0}}]));
    let args = ["backups", "costs", "--since", "2026-03-29", "--until", "2026-03-30", "-o", "csv", "-vv"];
    let run = onapp(&server, &args).args(&["--columns", "user_id,total_cost"]).env("TZ", "Europe/Vienna").run().ok();
    assert_eq!(run.stdout.lines().nth(1), Some("1,1.5"));
    assert!(!run.stderr.contains("f00dcafe"), "{}", run.stderr);
    let request = server.requests().pop().unwrap();
    assert_eq!(request.query("period[startdate]").as_deref(), Some("2026-03-28 23:00"));
    assert_eq!(request.query("period[enddate]").as_deref(), Some("2026-03-29 22:00"), "a day of 23 hours");
    for wrong in [json!([]), json!({}), json!({"user_stat": {"vm_cost": 1}}), json!([1])] {
        let server = answered(wrong);
        onapp(&server, &["backups", "costs", "-o", "json"]).run().fails(1, "invalid_response");
    }
}

#[test]
fn costs_are_those_of_the_user_and_all_of_them() {
    let answered = |answer: Value| {
        Server::start(move |request: &Request| match request.path() {
            "/flexapi/profile.json" => Answer::json(200, &json!({"user": {"id": 1}})),
            _ => Answer::json(200, &answer),
        })
    };
    let sum = |user: u64, total: u64| json!({"user_stat": {"user_id": user, "total_cost": total}});
    let costs = |server: &Server| onapp(server, &["backups", "costs", "-o", "json", "--jq", ".[].total_cost"]).run();
    assert_eq!(costs(&answered(json!([sum(1, 3), sum(1, 4)]))).ok().stdout, "3\n4\n");
    costs(&answered(json!([sum(1, 3), sum(2, 4)]))).fails(1, "invalid_response");
    // Without a page of one's own account, VMs of several users do not say whose the credentials are.
    let of_users = |users: [u64; 2]| {
        let machines = users.map(|user| json!({"virtual_machine": {"id": user, "label": "a", "user_id": user}}));
        Server::start(move |request: &Request| match request.path() {
            "/flexapi/virtual_machines.json" => Answer::json(200, &json!(machines)),
            "/flexapi/users/7.json" => Answer::json(200, &json!({"user": {"id": 7}})),
            "/flexapi/users/7/user_statistics.json" => Answer::json(200, &json!({"user_stat": {"total_cost": 5}})),
            _ => Answer::json(404, &json!({"errors": ["Resource not found"]})),
        })
    };
    assert_eq!(costs(&of_users([7, 7])).ok().stdout, "5\n");
    let refused = costs(&of_users([7, 8])).fails(2, "not_offered").error();
    assert!(refused["hint"].as_str().unwrap().contains("--user"), "{refused}");
}
