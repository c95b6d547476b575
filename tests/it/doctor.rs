//! `doctor`: each check, what it says when something is wrong, and the exit code.

use serde_json::{Value, json};

use crate::harness::{Home, Run, TOKEN, bare, katapult, onapp};
use crate::server::{Answer, Request, Server};
use crate::world::World;

const TRASH: &str = "/core/v1/organizations/organization/trash_objects";

/// The world, with a trash and a clock that is right.
fn healthy(other: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static) -> Server {
    World::new().serve_but(move |request| {
        let empty =
            || Answer::json(200, &json!({"trash_objects": [], "pagination": {"current_page": 1, "total_pages": 1}}));
        other(request).or_else(|| (request.path() == TRASH).then(empty))
    })
}

fn doctor(server: &Server, args: &[&str]) -> Run {
    katapult(server, &["doctor", "-o", "json", "--retries", "0"]).args(args).run()
}

/// The row of a check: status, message, hint.
fn row(run: &Run, check: &str) -> (String, String, String) {
    let rows = run.json();
    let row = rows.as_array().unwrap().iter().find(|row| row["check"] == check);
    let row = row.unwrap_or_else(|| panic!("no check {check}: {}", run.report()));
    let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
    (text("status"), text("message"), text("hint"))
}

/// The checks of a status, in order.
fn with_status(run: &Run, status: &str) -> Vec<String> {
    let rows = run.json();
    let rows = rows.as_array().unwrap().iter().filter(|row| row["status"] == status);
    rows.map(|row| row["check"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn all_is_well_in_the_sandbox() {
    let run = bare(&["--sandbox", "doctor", "-o", "json"]).run().ok();
    assert_eq!((with_status(&run, "failed"), with_status(&run, "warning")), (vec![], vec![]), "{}", run.report());
    for check in [
        "config",
        "profile",
        "token",
        "api",
        "clock",
        "credentials",
        "organization",
        "policies",
        "vms",
        "disks",
        "trash",
    ] {
        assert_eq!(row(&run, check).0, "ok", "{check}: {}", run.report());
    }
    let run = bare(&["doctor", "-o", "json", "--profile", "sandbox-onapp"]).run().ok();
    assert_eq!((with_status(&run, "failed"), with_status(&run, "warning")), (vec![], vec![]), "{}", run.report());
    assert_eq!(row(&run, "vms").0, "ok");
}

#[test]
fn each_row_has_the_documented_keys() {
    let server = healthy(|_| None);
    let run = doctor(&server, &[]).ok();
    for row in run.json().as_array().unwrap() {
        let keys: Vec<&String> = row.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["check", "status", "message", "hint", "exit_code"]);
        assert_eq!(row["exit_code"], 0);
    }
    assert_eq!((row(&run, "dns").0, row(&run, "connect").0), ("ok".into(), "ok".into()));
    assert_eq!(server.count(), 5, "one request for the token, one for each of policies, VMs, disks, trash");
    assert!(server.writes().is_empty());
    let table = katapult(&server, &["doctor"]).run().ok().stdout;
    assert!(table.lines().any(|line| line.starts_with("trash") && line.contains("ok")), "{table}");
}

#[test]
fn a_refused_connection_skips_what_needs_one() {
    let run =
        bare(&["doctor", "-o", "json", "--api-url", "http://127.0.0.1:1/core/v1"]).env("BPCTL_TOKEN", TOKEN).run();
    let run = run.exits(7);
    assert_eq!(with_status(&run, "failed"), ["connect"]);
    assert_eq!(row(&run, "dns").0, "ok");
    for check in ["api", "clock", "credentials", "policies", "disks", "trash", "rate_limit"] {
        assert_eq!(row(&run, check), ("skipped".into(), "needs connect".into(), String::new()), "{}", run.report());
    }
    let error = run.error();
    assert_eq!((&error["code"], &error["exit_code"]), (&json!("network"), &json!(7)));
}

#[test]
fn a_name_that_is_not_known() {
    let run = bare(&["doctor", "-o", "json", "--api-url", "https://nowhere.invalid", "--timeout", "20s"])
        .env("BPCTL_TOKEN", TOKEN)
        .run();
    let run = run.exits(7);
    assert_eq!(with_status(&run, "failed"), ["dns"]);
}

#[test]
fn tls_that_fails() {
    let server = healthy(|_| None);
    let url = server.katapult_url().replace("http://", "https://");
    let run =
        bare(&["doctor", "-o", "json", "--retries", "0", "--api-url", &url]).env("BPCTL_TOKEN", TOKEN).run().exits(7);
    assert_eq!(with_status(&run, "failed"), ["tls"], "{}", run.report());
    assert_eq!(row(&run, "api").0, "skipped");
}

#[test]
fn a_token_that_is_refused() {
    for (status, code) in [(403, "invalid_api_token"), (401, "unauthorized"), (400, "missing_api_token")] {
        let server = healthy(move |_| Some(Answer::error(status, code)));
        let run = doctor(&server, &[]).exits(4);
        assert_eq!(with_status(&run, "failed"), ["credentials"], "{}", run.report());
        let (_, message, hint) = row(&run, "credentials");
        assert!(message.contains(code) && !hint.is_empty(), "{}", run.report());
        assert_eq!((row(&run, "api").0, row(&run, "policies").0), ("ok".into(), "skipped".into()));
        assert_eq!(run.error()["code"], code);
    }
}

#[test]
fn an_api_that_is_not_there() {
    for (answer, code, name) in [
        (Answer::error(503, "service_unavailable"), 7, "service_unavailable"),
        (Answer::html(200), 1, "invalid_response"),
        (Answer::html(404), 7, "network"),
        (Answer::closed(), 7, "network"),
    ] {
        let server = Server::always(answer);
        let run = doctor(&server, &[]).exits(code);
        assert_eq!(with_status(&run, "failed"), ["api"], "{}", run.report());
        assert_eq!(run.error()["code"], name);
    }
    let hanging = Server::always(Answer::empty(200).delayed(std::time::Duration::from_secs(20)));
    let run = doctor(&hanging, &["--timeout", "300ms"]).exits(7);
    assert_eq!((row(&run, "api").0, &run.error()["code"]), ("failed".into(), &json!("timeout")));
    let run = doctor(&hanging, &["--max-wait", "300ms"]).exits(7);
    assert_eq!(run.error()["code"], "timeout", "{}", run.report());
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    for (offset, words) in [(-3600, "ahead of"), (3600, "behind")] {
        let server = healthy(move |request| {
            let date = crate::world::now() + offset;
            let organizations = json!({"organizations": [crate::world::org(crate::world::ORG, "ACME Inc.", "acme")]});
            let date = jiff::fmt::rfc2822::to_string(
                &jiff::Timestamp::from_second(date).unwrap().to_zoned(jiff::tz::TimeZone::UTC),
            )
            .unwrap();
            (request.path() == "/core/v1/organizations")
                .then(|| Answer::json(200, &organizations).header("Date", &date.replace("+0000", "GMT")))
        });
        let run = doctor(&server, &[]).ok();
        assert_eq!(with_status(&run, "warning"), ["clock"], "{}", run.report());
        let (_, message, hint) = row(&run, "clock");
        assert!(message.contains(words) && hint.contains("NTP"), "{}", run.report());
    }
}

#[test]
fn a_missing_scope_is_a_warning_that_says_what_will_not_work() {
    for (check, path, loss) in [
        ("policies", "/core/v1/organizations/organization/disk_backup_policies", "policies list"),
        ("vms", "/core/v1/organizations/organization/virtual_machines", "vm list"),
        ("disks", "/core/v1/organizations/organization/disks", "disk list"),
        ("trash", TRASH, "trash list"),
    ] {
        let server = healthy(move |request| {
            let scopes = json!({"scopes": ["some:scope"]});
            (request.path() == path).then(|| Answer::error_with(403, "scope_not_granted", scopes))
        });
        let run = doctor(&server, &[]).ok();
        assert_eq!(with_status(&run, "warning"), [check], "{}", run.report());
        let (_, message, hint) = row(&run, check);
        assert!(message.contains(loss) && hint.contains("some:scope"), "{}", run.report());
    }
}

#[test]
fn a_token_that_may_not_list_organizations() {
    let server = healthy(|request| {
        (request.path() == "/core/v1/organizations").then(|| Answer::error(403, "scope_not_granted"))
    });
    let run = doctor(&server, &[]).ok();
    assert_eq!((row(&run, "credentials").0, row(&run, "organization").0), ("ok".into(), "warning".into()));
    assert_eq!(
        with_status(&run, "skipped")[2..],
        ["policies", "vms", "disks", "trash", "rate_limit"],
        "{}",
        run.report()
    );
    let run = doctor(&server, &["--org", "acme"]).ok();
    assert_eq!((row(&run, "policies").0, row(&run, "trash").0), ("ok".into(), "ok".into()), "{}", run.report());
}

#[test]
fn an_organization_that_the_token_does_not_see() {
    let server = healthy(|_| None);
    let run = doctor(&server, &["--org", "amce"]).exits(3);
    assert_eq!(with_status(&run, "failed"), ["organization"]);
    assert_eq!(row(&run, "policies").0, "skipped");
}

#[test]
fn a_check_that_fails_late_sets_the_exit_code() {
    let server = healthy(|request| request.path().ends_with("/disks").then(|| Answer::error(403, "permission_denied")));
    let run = doctor(&server, &[]).exits(4);
    assert_eq!(with_status(&run, "failed"), ["disks"]);
    assert_eq!(row(&run, "trash").0, "ok", "the checks beside it are still made");
}

#[test]
fn few_requests_left_is_a_warning() {
    let server = healthy(|request| {
        let trash = json!({"trash_objects": []});
        let answer =
            Answer::json(200, &trash).header("X-RateLimit-Permitted", "1000").header("X-RateLimit-Remaining", "3");
        (request.path() == TRASH).then_some(answer)
    });
    let run = doctor(&server, &[]).ok();
    let (status, message, _) = row(&run, "rate_limit");
    assert_eq!(status, "warning", "{}", run.report());
    assert!(message.contains("3 of 1000"), "{message}");
}

#[test]
fn the_config_file_is_looked_at_first() {
    let server = healthy(|_| None);
    let home = Home::new();
    let content = format!("[profiles.w]\napi_url = \"{}\"\ntoken = \"{TOKEN}\"\n", server.katapult_url());
    let exposed = home.file_with_mode("exposed.toml", &content, 0o644);
    let args = ["doctor", "-o", "json", "--profile", "w", "--config"];
    let run = bare(&args).arg(exposed.to_str().unwrap()).home(&home).run().ok();
    let (status, _, hint) = row(&run, "config");
    assert!(status == "warning" && hint.contains("chmod 600"), "{}", run.report());
    let broken = home.file("broken.toml", "[profiles.w]\nproviderr = 'x'\n");
    let run = bare(&args).arg(broken.to_str().unwrap()).home(&home).run().exits(2);
    assert_eq!(with_status(&run, "failed"), ["config"]);
    assert!(row(&run, "config").1.contains("line 2"), "{}", run.report());
    let other = home.file("other.toml", "[profiles.v]\n");
    let run = bare(&args).arg(other.to_str().unwrap()).home(&home).run().exits(2);
    assert_eq!(with_status(&run, "failed"), ["profile"]);
}

#[test]
fn without_a_token_the_way_is_still_looked_at() {
    let server = healthy(|_| None);
    let run = doctor_without_token(&server).exits(4);
    assert_eq!(with_status(&run, "failed"), ["token"]);
    assert_eq!((row(&run, "connect").0, row(&run, "credentials").0), ("ok".into(), "skipped".into()));
    assert_eq!((server.count(), &run.error()["code"]), (0, &json!("no_token")));
}

fn doctor_without_token(server: &Server) -> Run {
    bare(&["doctor", "-o", "json", "--api-url", &server.katapult_url()]).run()
}

#[test]
fn a_token_command_is_run_once() {
    let server = healthy(|_| None);
    let home = Home::new();
    let script = format!("echo run >> {}; printf from-command", home.path("runs").display());
    let content = format!(
        "default_profile = 'w'\n[profiles.w]\napi_url = \"{}\"\ntoken_command = ['sh', '-c', '{script}']\n",
        server.katapult_url()
    );
    let config = home.file("bpctl.toml", &content);
    let run = bare(&["doctor", "-o", "json", "--config", config.to_str().unwrap()]).home(&home).run().ok();
    assert_eq!(row(&run, "token").1, "token_command of profile w");
    assert_eq!(std::fs::read_to_string(home.path("runs")).unwrap(), "run\n");
}

#[test]
fn an_onapp_cloud() {
    let script = |version: Answer, machines: Answer| {
        Server::start(move |request: &Request| match request.path() {
            "/flexapi/version.json" => version.clone(),
            _ => machines.clone(),
        })
    };
    let (version, none) = (Answer::json(200, &json!({"version": "6.7.0"})), Answer::json(200, &json!([])));
    let errors = |status, words: &str| Answer::json(status, &json!({"errors": [words]}));
    let args = ["doctor", "-o", "json", "--retries", "0"];
    let run = onapp(&script(version.clone(), none.clone()), &args).run().ok();
    assert!(row(&run, "credentials").1.contains("6.7.0"), "{}", run.report());
    assert_eq!(row(&run, "vms").0, "ok");
    onapp(&script(errors(404, "no"), none), &args).run().ok();
    let run = onapp(&script(errors(401, "no"), errors(401, "no")), &args).run().exits(4);
    assert_eq!(with_status(&run, "failed"), ["credentials"]);
    let run = onapp(&script(version, errors(403, "no")), &args).run().exits(4);
    assert_eq!(with_status(&run, "failed"), ["vms"]);
    let rows: Value = run.json();
    assert!(rows.as_array().unwrap().iter().all(|row| row["check"] != "policies"), "{rows}");
}
