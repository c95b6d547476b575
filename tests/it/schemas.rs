//! Documents that other programs read, held to schemas and parsers that others wrote.

use serde_json::{Value, json};

use crate::harness::{Home, bare, katapult};
use crate::lint::{on_machine, serve};
use crate::server::Server;
use crate::tools;
use crate::world::{World, policy};

/// Holds a document to the schema of SARIF, and returns it.
pub fn is_sarif(text: &str) -> Value {
    if tools::has("check-jsonschema", &["--version"]) {
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schemas/sarif-schema-2.1.0.json");
        // One of its patterns is wrong in the strict dialect.
        tools::accepted_by("check-jsonschema", &["--regex-variant", "nonunicode", "--schemafile", schema, "-"], text);
    }
    serde_json::from_str(text).unwrap()
}

/// The events of a calendar as Python's icalendar reads them: uid, start, summary and description of each.
pub fn events(calendar: &str) -> Option<Vec<[String; 4]>> {
    const READ: &str = "
import json, sys
from icalendar import Calendar
calendar = Calendar.from_ical(sys.stdin.buffer.read())
assert calendar['VERSION'] == '2.0' and calendar['PRODID']
print(json.dumps([[str(event['UID']), event.decoded('DTSTART').isoformat(), str(event['SUMMARY']), str(event['DESCRIPTION'])]
    for event in calendar.walk('VEVENT')]))";
    if !tools::has("python3", &["-c", "import icalendar"]) {
        return None;
    }
    Some(serde_json::from_str(&tools::accepted_by("python3", &["-c", READ], calendar)).unwrap())
}

/// What a finding is located at: line and column of a file.
fn region(result: &Value) -> (Option<u64>, Option<u64>) {
    let region = &result["locations"][0]["physicalLocation"]["region"];
    (region["startLine"].as_u64(), region["startColumn"].as_u64())
}

#[test]
fn sarif_passes_the_official_schema() {
    let server = serve(vec![on_machine("p", "daily", 1)], &["vm_a"]);
    let found = is_sarif(&katapult(&server, &["lint", "-o", "sarif"]).run().ok().stdout);
    assert_eq!(found["runs"][0]["results"].as_array().unwrap().len(), 2);
    is_sarif(&katapult(&serve(vec![on_machine("p", "daily", 7)], &[]), &["lint", "-o", "sarif"]).run().ok().stdout);
    let hostile = "\u{1b}[31m\"<&>\u{202e}\u{0}";
    let mut named = on_machine("p \"#%", "daily", 1);
    named["target"]["value"]["name"] = json!(hostile);
    is_sarif(&katapult(&serve(vec![named], &[]), &["lint", "-o", "sarif"]).run().ok().stdout);
}

#[test]
fn a_schema_that_is_broken_is_noticed() {
    // Else the test above would prove nothing.
    if tools::has("check-jsonschema", &["--version"]) {
        let wrong = std::panic::catch_unwind(|| is_sarif(r#"{"version": "2.1.0", "runs": [{"results": []}]}"#));
        assert!(wrong.is_err());
    }
}

#[test]
fn findings_are_located_in_a_policy_file() {
    let server = serve(vec![on_machine("p", "daily", 1)], &["vm_a"]);
    let home = Home::new();
    let path = home.path("my policies.toml").display().to_string();
    let expected_uri = format!("file://{}", path.replace(' ', "%20"));
    let lint = |text: &str, args: &[&str]| {
        home.file("my policies.toml", text);
        katapult(&server, &["lint", "-o", "sarif", "-f", &path]).args(args).home(&home).run()
    };
    let entry = "[[policy]]\nvm = \"a\"\ninterval = \"daily\"\nretention = 1\n";
    let document = is_sarif(&lint(&format!("version = 1\n\n{entry}"), &[]).ok().stdout);
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert!(results.iter().all(|result| region(result) == (Some(3), Some(1))), "{document}");
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(*uri, expected_uri);
    assert_eq!(results[0]["locations"][0]["logicalLocations"][0]["name"], "p");
    let inline = "version = 1\npolicy = [{vm = \"a\", interval = \"daily\", retention = 1}]\n";
    let document = is_sarif(&lint(inline, &[]).ok().stdout);
    assert_eq!(region(&document["runs"][0]["results"][0]), (Some(2), Some(11)));
    let rule = "version = 1\n[[rule]]\nmatch = \"a*\"\ninterval = \"daily\"\nretention = 1\n";
    assert_eq!(region(&is_sarif(&lint(rule, &[]).ok().stdout)["runs"][0]["results"][0]), (Some(2), Some(1)));
    // What the file does not speak of is located at the file alone, and lines that mean nothing hide nothing.
    let other = format!("version = 1\n{}", entry.replace("\"a\"", "\"unknown\""));
    let document = is_sarif(&lint(&other, &[]).ok().stdout);
    let result = &document["runs"][0]["results"][0];
    assert_eq!((region(result), &result["ruleId"]), ((None, None), &json!("W021")));
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], expected_uri);
    let rows = lint(&format!("version = 1\n\n{entry}"), &["-o", "json"]).ok().json();
    assert_eq!(rows[0]["location"], json!({"file": path, "line": 3, "column": 1}));
    let table = lint(&format!("version = 1\n\n{entry}"), &["-o", "csv", "--columns", "code,location"]).ok().stdout;
    assert!(table.contains(&format!("W021,{path}:3\r\n")), "{table}");
    assert!(katapult(&server, &["lint", "-o", "json"]).run().ok().json()[0].get("location").is_none());
}

#[test]
fn a_policy_file_that_cannot_be_used_is_refused_before_any_request() {
    let server = World::new().serve();
    let home = Home::new();
    let file = |text: &str| home.file("p.toml", text).display().to_string();
    for path in
        [file("version = 2\n"), file("[[policy]\n"), home.path("missing.toml").display().to_string(), "-".into()]
    {
        katapult(&server, &["lint", "-f", &path]).run().fails_in_words(2);
    }
    assert_eq!(server.count(), 0);
    let of_another = file("version = 1\norganization = \"org_other\"\n");
    katapult(&server, &["lint", "-f", &of_another]).env("BPCTL_ORG", "acme").run().exits_nonzero();
    bare(&["lint", "-f", "p.toml", "--profile", "sandbox,sandbox-onapp"]).run().fails_in_words(2);
    bare(&["lint", "-f", "p.toml", "--list-codes"]).run().fails_in_words(2);
}

#[test]
fn an_icalendar_is_what_the_calendar_says() {
    let hostile = "a,b;c\\d \u{1f4be} ".repeat(20);
    let mut named = policy("p", "VirtualMachine", "vm_a", "a", "daily", 7);
    named["target"]["value"]["name"] = json!(hostile);
    let world = World::new().policies(vec![named, policy("q", "VirtualMachine", "vm_b", "b", "hourly", 7)]);
    let server: Server = world.serve();
    let rows = katapult(&server, &["calendar", "--next", "2d", "-o", "json"]).run().ok().json();
    let calendar = katapult(&server, &["calendar", "--next", "2d", "--ics", "-"]).run().ok().stdout;
    let Some(events) = events(&calendar) else { return };
    let time = |seconds: &Value| {
        let at = jiff::Timestamp::from_second(seconds.as_i64().unwrap()).unwrap();
        at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
    };
    let rows = rows.as_array().unwrap();
    assert!(rows.len() > 40);
    let expected: Vec<String> = rows.iter().map(|row| time(&row["at"])).collect();
    assert_eq!(events.iter().map(|[_, at, ..]| at.clone()).collect::<Vec<_>>(), expected);
    let named = events.iter().find(|[uid, ..]| uid.starts_with("p-")).unwrap();
    assert_eq!(named[2], format!("Backup of {} (daily)", hostile));
    assert_eq!(named[3], format!("Policy p\nvm {hostile}"));
}
