//! `coverage`, `calendar` and `lint` of several profiles: totals, the HTML report, one calendar, one SARIF document.

use std::collections::HashSet;

use serde_json::Value;

use crate::harness::{Bpctl, Home, bare};
use crate::schemas::{events, is_sarif};

const BOTH: &str = "sandbox,sandbox-onapp";

/// A command on both clouds of the simulator.
fn both(home: &Home, args: &[&str]) -> Bpctl {
    bare(args).args(&["--profile", BOTH]).home(home)
}

/// The same with a third profile, whose server does not answer.
fn with_a_dead_one(home: &Home, args: &[&str]) -> Bpctl {
    let config = home
        .file("bpctl.toml", "[profiles.lab]\napi_url = \"http://127.0.0.1:9/core/v1\"\ntoken = \"not-a-real-one\"\n");
    let config = config.display().to_string();
    bare(args).args(&["--profile", "lab,sandbox,sandbox-onapp", "--retries", "0", "--config", &config]).home(home)
}

fn rows(home: &Home, command: &str) -> Vec<Value> {
    both(home, &[command, "-o", "json"]).run().ok().json().as_array().unwrap().clone()
}

#[test]
fn coverage_has_totals_of_all() {
    let home = Home::new();
    let rows = rows(&home, "coverage");
    let count = |kind: &str| rows.iter().filter(|row| row["object"]["type"] == kind).count();
    let table = both(&home, &["coverage"]).run().ok().stdout;
    let total = |table: &str| table.lines().find(|line| line.contains(" VMs: ")).map(str::to_owned);
    let line = total(&table).unwrap_or_else(|| panic!("{table}"));
    assert!(line.starts_with(&format!("{} VMs: ", count("vm"))), "{line}");
    let of = |verdict: &str| {
        rows.iter().filter(|row| row["object"]["type"] == "vm" && row["object"]["verdict"] == verdict).count()
    };
    assert!(line.contains(&format!(
        "{} none, {} partial, {} weak, {} ok",
        of("none"),
        of("partial"),
        of("weak"),
        of("ok")
    )));
    assert_eq!(total(&both(&home, &["coverage", "--filter", "verdict=none"]).run().ok().stdout), None);
    assert!(!both(&home, &["coverage", "-o", "csv"]).run().ok().stdout.contains("VMs: "));
    let run = with_a_dead_one(&home, &["coverage"]).run().exits(9);
    assert_eq!(total(&run.stdout).as_ref(), Some(&line), "{}", run.report());
    assert!(run.stdout.contains("not counted in full: lab"), "{}", run.report());
}

#[test]
fn one_page_reports_on_all() {
    let home = Home::new();
    let rows = rows(&home, "coverage");
    let path = home.path("page.html").display().to_string();
    let page = |bpctl: Bpctl, code: i32| {
        bpctl.run().exits(code).mentions(&["report written to"]);
        std::fs::read_to_string(&path).unwrap()
    };
    let html = page(both(&home, &["coverage", "--require", "daily", "--report", &path]), 0);
    assert_eq!(html.matches("<tr data-verdict=").count(), rows.len());
    for name in ["sandbox", "sandbox-onapp"] {
        let own = rows.iter().filter(|row| row["profile"] == name).count();
        assert_eq!(html.matches(&format!("<td data-key=\"t:{name}\">{name}</td>")).count(), own, "{name}");
        assert!(html.contains(&format!("<dt>{name}</dt>")), "{name}");
    }
    assert!(html.contains("data-column=\"profile\"") && !html.contains("could not be read"));
    let html = page(with_a_dead_one(&home, &["coverage", "--report", &path]), 9);
    assert!(html.contains("lab could not be read: cannot reach 127.0.0.1"), "{html}");
    assert_eq!(html.matches("<tr data-verdict=").count(), rows.len());
    let output = both(&home, &["coverage", "--fail-on", "none", "--report", "-"]).run().exits(10).stdout;
    assert!(
        output.starts_with("<!DOCTYPE html>") && output.ends_with("</html>\n"),
        "nothing else is on standard output"
    );
    let one = bare(&["coverage", "--profile", "sandbox", "--report", "-"]).home(&home).run().ok().stdout;
    assert!(one.contains("<dt>Organization</dt>") && !one.contains("data-column=\"profile\""));
}

#[test]
fn one_calendar_has_the_runs_of_all() {
    let home = Home::new();
    let path = home.path("all.ics").display().to_string();
    let count = |rows: &Value, name: &str| rows.as_array().unwrap().iter().filter(|row| row["profile"] == name).count();
    let run = both(&home, &["calendar", "--next", "3d", "--ics", &path, "-o", "json"]).run().ok();
    let rows = run.json();
    let (here, there) = (count(&rows, "sandbox"), count(&rows, "sandbox-onapp"));
    assert!(here > 0 && there > 0);
    run.mentions(&[&format!("{} runs written to {path}", here + there)]);
    let calendar = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        (calendar.matches("BEGIN:VCALENDAR").count(), calendar.matches("BEGIN:VEVENT").count()),
        (1, here + there)
    );
    if let Some(events) = events(&calendar) {
        assert_eq!(events.iter().map(|[uid, ..]| uid).collect::<HashSet<_>>().len(), here + there, "ids are different");
        let of = |name: &str| events.iter().filter(|[.., text]| text.ends_with(&format!("\nProfile {name}"))).count();
        assert_eq!((of("sandbox"), of("sandbox-onapp")), (here, there));
    }
    let table = both(&home, &["calendar", "--next", "3d"]).run().ok().stdout;
    let last = table.lines().last().unwrap();
    assert!(last.contains(" runs: sandbox ") && last.contains(", sandbox-onapp "), "{last}");
    assert!(with_a_dead_one(&home, &["calendar", "--ics", "-"]).run().exits(9).stdout.contains("BEGIN:VEVENT"));
}

#[test]
fn one_sarif_document_names_the_profile_of_each_result() {
    let home = Home::new();
    let rows = rows(&home, "lint");
    let table = both(&home, &["lint"]).run().ok().stdout;
    let errors = rows.iter().filter(|row| row["object"]["severity"] == "error").count();
    assert!(table.contains(&format!("\n{} findings: {errors} error", rows.len())), "{table}");
    let document = is_sarif(&both(&home, &["lint", "-o", "sarif"]).run().ok().stdout);
    let results = document["runs"][0]["results"].as_array().unwrap();
    let found = |result: &Value| (result["properties"]["profile"].clone(), result["ruleId"].clone());
    let listed = |row: &Value| (row["profile"].clone(), row["object"]["code"].clone());
    assert_eq!(results.iter().map(found).collect::<Vec<_>>(), rows.iter().map(listed).collect::<Vec<_>>());
    assert_eq!(document["runs"][0]["invocations"][0]["executionSuccessful"], true);
    let named = results.iter().filter(|result| result["locations"].is_array());
    let names = named.map(|result| &result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]);
    assert!(names.clone().count() > 0 && names.into_iter().all(|name| name.as_str().unwrap().starts_with("sandbox")));
    let run = with_a_dead_one(&home, &["lint", "-o", "sarif"]).run().exits(9);
    let document = is_sarif(&run.stdout);
    let invocation = &document["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    let note = &invocation["toolExecutionNotifications"][0];
    assert_eq!(note["level"], "error");
    assert!(note["message"]["text"].as_str().unwrap().starts_with("lab could not be read: "), "{note}");
    let found = both(&home, &["lint", "--fail-on", "warning", "-o", "sarif"]).run().exits(10);
    assert_eq!(is_sarif(&found.stdout)["runs"][0]["results"].as_array().unwrap().len(), rows.len());
}
