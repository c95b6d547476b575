//! The formats of `check`, each held to a tool or a convention of its own world, and every fault in every format: what
//! cannot be read is never ok.

use serde_json::json;

use crate::check::{ago, backup, cloud_answer, disk_backup, mixed_cloud, mixed_world};
use crate::faults::fault;
use crate::harness::{Home, Run, katapult, onapp};
use crate::server::{Answer, Server};
use crate::side_by_side;
use crate::tools;
use crate::world::{ORG_POLICIES_PATH, World};

fn format(server: &Server, format: &str) -> Run {
    onapp(server, &["check", "--max-age", "26h", "--format", format]).run()
}

/// Hands a text to a program, which must succeed and have nothing to say.
fn accepted_by(program: &str, args: &[&str], text: &str) {
    assert_eq!(tools::accepted_by(program, args, text), "", "{program}\n{text}");
}

/// Holds a JUnit report to the schema that Jenkins uses.
fn is_junit(text: &str) {
    if tools::has("xmllint", &["--version"]) {
        let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/schemas/junit-10.xsd");
        let said = tools::accepted_by("xmllint", &["--noout", "--schema", schema, "-"], text);
        assert_eq!(said.trim(), "- validates");
    }
}

#[test]
fn nagios_has_a_line_performance_data_and_its_own_exit_codes() {
    let run = format(&mixed_cloud(), "nagios").exits(2);
    let first = run.stdout.lines().next().unwrap();
    let (text, data) = first.split_once(" | ").unwrap();
    assert!(text.starts_with("BACKUP CRITICAL - 3 critical of 4 VMs: bare no finished backup, "), "{first}");
    assert!(
        data.starts_with("stale=3;0;0;0;4 oldest_age=") && data.ends_with("uncovered=1;;0;0;4 unknown=0;;;0;4"),
        "{data}"
    );
    assert!(data.contains("s;93600;93600;0 "), "{data}");
    assert_eq!(run.stdout.lines().count(), 4, "one more line for each VM that is not ok: {}", run.report());
    let server = mixed_cloud();
    let check = |args: &[&str]| onapp(&server, &["check", "--format", "nagios"]).args(args).run();
    assert!(check(&["--vm", "fresh"]).ok().stdout.starts_with("BACKUP OK - 1 of 1 VM ok | stale=0;0;0;0;1 "));
    check(&["--vm", "late", "--max-age", "3d", "--warn-age", "26h"]).exits(1);
    for args in [&["--vm", "unknown"][..], &["--match", "no-*"], &["--max-age", "soon"], &["--no-such-option"]] {
        let run = check(args).exits(3);
        assert!(run.stdout.starts_with("BACKUP UNKNOWN - "), "{}", run.report());
    }
    onapp(&server, &["check", "--format", "nagios"]).run_without_room().exits(3);
}

#[test]
fn names_cannot_break_a_format() {
    let hostile = "a|b \"c\" \\d\n<e>&\u{1b}[31m";
    let server = Server::start(move |request| {
        if request.path().ends_with("virtual_machines.json") {
            Answer::json(200, &json!([{"virtual_machine": {"id": 1, "label": hostile}}]))
        } else {
            cloud_answer(request, &[(1, "x", vec![])])
        }
    });
    let nagios = format(&server, "nagios").exits(2).stdout;
    assert_eq!(nagios.matches('|').count(), 1, "{nagios}");
    assert_eq!(nagios.lines().count(), 2, "{nagios}");
    let metrics = format(&server, "prometheus").exits(10).stdout;
    assert!(metrics.contains(r#"vm="a|b \"c\" \\d\n<e>&"#), "{metrics}");
    let junit = format(&server, "junit").exits(10).stdout;
    assert!(junit.contains("&lt;e&gt;&amp;") && !junit.contains('\u{1b}'), "{junit}");
    if tools::has("promtool", &["--version"]) {
        accepted_by("promtool", &["check", "metrics"], &metrics);
    }
    is_junit(&junit);
}

#[test]
fn prometheus_accepts_the_metrics() {
    let katapult = katapult(&mixed_world(), &["check", "--max-age", "26h", "--format", "prometheus"]).run().exits(10);
    let onapp = format(&mixed_cloud(), "prometheus").exits(10);
    let has = |run: &Run, line: &str| {
        assert!(run.stdout.lines().any(|known| known.starts_with(line)), "{line}\n{}", run.stdout)
    };
    has(
        &onapp,
        r#"bpctl_backup_last_success_timestamp_seconds{profile="",provider="onapp",vm="fresh",vm_id="1",target="vm"} "#,
    );
    has(
        &onapp,
        r#"bpctl_backup_last_success_timestamp_seconds{profile="",provider="onapp",vm="half",vm_id="4",target="disk 8"} "#,
    );
    has(&onapp, r#"bpctl_backup_age_limit_seconds{profile="",provider="onapp",vm="fresh",vm_id="1"} 93600"#);
    has(&onapp, r#"bpctl_backup_size_bytes{profile="",provider="onapp",vm="fresh",vm_id="1",target="vm"} 2097152"#);
    has(&onapp, r#"bpctl_machine_covered{profile="",provider="onapp",vm="bare",vm_id="3"} 0"#);
    has(&katapult, r#"bpctl_policy_interval_seconds{profile="",provider="katapult",policy="p-fresh"} 86400"#);
    has(&katapult, r#"bpctl_policy_retention{profile="",provider="katapult",policy="p-fresh"} 7"#);
    has(&katapult, "bpctl_policy_next_run_timestamp_seconds{");
    for run in [&katapult, &onapp] {
        has(run, "bpctl_check_success 1");
        has(run, "bpctl_check_incomplete 0");
        has(run, "bpctl_check_timestamp_seconds 1");
        if tools::has("promtool", &["--version"]) {
            accepted_by("promtool", &["check", "metrics"], &run.stdout);
        }
    }
}

#[test]
fn the_file_of_metrics_is_replaced_also_where_nothing_could_be_read() {
    let home = Home::new();
    let file = home.path("bpctl.prom");
    let check = |server: &Server| {
        let args = ["check", "--format", "prometheus", "--retries", "0", "--output-file"];
        onapp(server, &args).arg(file.display().to_string()).home(&home).run()
    };
    let run = check(&mixed_cloud()).exits(10);
    assert_eq!(run.stdout, "");
    assert!(std::fs::read_to_string(&file).unwrap().contains("bpctl_check_success 1\n"));
    check(&Server::start(|_| Answer::empty(401))).exits(4);
    let metrics = std::fs::read_to_string(&file).unwrap();
    assert!(metrics.contains("bpctl_check_success 0\n") && !metrics.contains("bpctl_backup_last"), "{metrics}");
    std::fs::write(&file, "old").unwrap();
    let args = ["check", "--format", "prometheus", "--profile", "unknown", "--output-file"];
    onapp(&mixed_cloud(), &args).arg(file.display().to_string()).home(&home).run().exits(2);
    assert!(std::fs::read_to_string(&file).unwrap().contains("bpctl_check_success 0\n"));
    let nowhere = home.path("no/such/bpctl.prom").display().to_string();
    onapp(&mixed_cloud(), &["check", "--output-file", &nowhere]).run().fails_in_words(1);
}

#[test]
fn the_file_of_metrics_is_replaced_also_where_the_command_line_or_the_environment_is_wrong() {
    let (home, server) = (Home::new(), mixed_cloud());
    let file = home.path("bpctl.prom");
    let path = file.display().to_string();
    let joined = format!("--output-file={path}");
    let separate = ["--format", "prometheus", "--output-file", &path];
    let check = |args: &[&str]| {
        std::fs::write(&file, "bpctl_check_success 1\n").unwrap();
        onapp(&server, &["check"]).args(args).home(&home)
    };
    let has_failed = |run: Run| {
        let metrics = std::fs::read_to_string(&file).unwrap();
        assert!(metrics.contains("bpctl_check_success 0\n"), "{metrics}{}", run.report());
        assert!(!metrics.contains("bpctl_check_success 1\n"), "{metrics}");
    };
    for wrong in [
        &["--max-age", "abc"][..],
        &["--no-such-flag"],
        &["--max-age", "26h", "--warn-age", "30h"],
        &["--filter", "status=ok"],
        &["--jq", "."],
        &["--tz", "No/Where"],
    ] {
        has_failed(check(&separate).args(wrong).run().fails_in_words(2));
        has_failed(check(wrong).args(&["--format=prometheus", &joined]).run().fails_in_words(2));
    }
    has_failed(check(&separate).env("BPCTL_TZ", "No/Where").run().fails_in_words(2));
    // A misspelt format still means metrics where it is like their name, or where the file is named like theirs.
    for format in ["prom", "Prometheus", "promethues", "metrics"] {
        has_failed(check(&["--format", format, "--output-file", &path]).run().fails_in_words(2));
    }
    let other = home.path("metrics.txt");
    std::fs::write(&other, "old").unwrap();
    for (format, is_meant) in [("prometheuss", true), ("jsn", false), ("json", false)] {
        let args = ["check", "--max-age", "abc", "--format", format, "--output-file", &other.display().to_string()];
        onapp(&server, &args).run().fails_in_words(2);
        let has_changed = std::fs::read_to_string(&other).unwrap().contains("bpctl_check_success 0\n");
        assert_eq!(has_changed, is_meant, "{format}");
        std::fs::write(&other, "old").unwrap();
    }
    // Help is not a failure, and another format is not that of metrics, whatever its file is called.
    check(&separate).arg("--help").run().exits(0);
    check(&["--format", "junit", "--max-age", "abc", "--output-file", &path]).run().fails_in_words(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "bpctl_check_success 1\n");
    let nowhere = home.path("no/such/bpctl.prom").display().to_string();
    let args = ["check", "--format", "prometheus", "--max-age", "abc", "--output-file", &nowhere];
    onapp(&server, &args).run().exits(2).mentions(&["metrics were not written"]);
}

#[test]
fn junit_counts_what_it_holds() {
    let junit = format(&mixed_cloud(), "junit").exits(10).stdout;
    assert!(junit.contains(r#"<testsuite name="bpctl" tests="4" failures="3" errors="0" skipped="0""#), "{junit}");
    assert_eq!((junit.matches("<testcase ").count(), junit.matches("<failure ").count()), (4, 3), "{junit}");
    let nothing = format(&Server::start(|_| Answer::empty(403)), "junit").exits(4).stdout;
    assert_eq!((nothing.matches("<error ").count(), nothing.matches("errors=\"1\"").count()), (1, 1), "{nothing}");
    is_junit(&junit);
    is_junit(&nothing);
    is_junit(&katapult(&mixed_world(), &["check", "--format", "junit"]).run().exits(10).stdout);
}

const FORMATS: [&str; 5] = ["table", "json", "nagios", "prometheus", "junit"];
const FAULTS: [&str; 28] = [
    "reset-before",
    "closed",
    "reset-midway",
    "cut-off",
    "stalled",
    "endless",
    "silent",
    "byte-a-second",
    "html-200",
    "html-502",
    "empty-500",
    "json-503",
    "empty-503",
    "429-retry-after",
    "429-silent",
    "redirect-away",
    "redirect-loop",
    "redirect-nowhere",
    "gzip-bomb",
    "many-values",
    "bad-utf8",
    "deep",
    "wrong-shape",
    "missing-fields",
    "unknown-words",
    "nulls",
    "refused",
    "forbidden",
];
/// Faults that end when the time is up.
const SLOW: [&str; 3] = ["stalled", "silent", "byte-a-second"];
/// A fault that changes nothing that the verdict depends on: the answer is understood.
const HARMLESS: &str = "wrong-type";

/// A kind of cloud whose VMs are all well backed up, and an answer that a check of it depends on.
struct Place {
    provider: &'static str,
    /// How its path ends.
    path: &'static str,
    args: &'static [&'static str],
    /// Faults that leave enough to know that all is well.
    harmless: &'static [&'static str],
}

const fn place(
    provider: &'static str,
    path: &'static str,
    args: &'static [&'static str],
    harmless: &'static [&'static str],
) -> Place {
    Place { provider, path, args, harmless }
}

const MAX_AGE: &[&str] = &["--max-age", "26h"];
const PER_POLICY: &[&str] = &["--per-policy"];
const POLICY_PATH: &str = "/disk_backup_policies/disk_backup_policy";
/// A list decides only which things there are: each policy is read in full as well, a VM without a name has its number, and a
/// disk's own fields decide nothing where the VM has a policy.
const PLACES: [Place; 10] = [
    place("onapp", "/virtual_machines.json", MAX_AGE, &["missing-fields", "unknown-words"]),
    place("onapp", "/1/backups.json", MAX_AGE, &["unknown-words"]),
    place("onapp-disks", "/1/backups.json", MAX_AGE, &["unknown-words"]),
    place("onapp-disks", "/1/disks.json", MAX_AGE, &["missing-fields", "unknown-words"]),
    place("onapp-points", "/1/backups/recovery_points.json", MAX_AGE, &[]),
    place("onapp", "/1/schedules.json", PER_POLICY, &["unknown-words"]),
    place("katapult", "/organizations/organization/virtual_machines", MAX_AGE, &["missing-fields", "unknown-words"]),
    place("katapult", "/organizations/organization/disks", MAX_AGE, &["missing-fields", "unknown-words", "nulls"]),
    place("katapult", ORG_POLICIES_PATH, PER_POLICY, &["missing-fields", "unknown-words"]),
    place("katapult", POLICY_PATH, MAX_AGE, &[]),
];

impl Place {
    fn is_onapp(&self) -> bool {
        self.provider != "katapult"
    }

    /// A server that has a fault in this one answer.
    fn serve(&self, fault_name: &str) -> Server {
        let (provider, path, is_onapp) = (self.provider, self.path, self.is_onapp());
        let fault_name = fault_name.to_owned();
        let world = World::new().vms(vec![crate::world::vm(crate::world::VM, "web-1", crate::world::FQDN)]);
        Server::start(move |request| {
            let answer = if is_onapp { cloud_of(provider, request) } else { world.answer(request) };
            match fault_name.as_str() {
                _ if !request.path().ends_with(path) => answer,
                "none" => answer,
                "refused" => Answer::closed().last(),
                "forbidden" => Answer::json(403, &json!({"errors": ["no"], "error": {"code": "permission_denied"}})),
                name => fault(name)(request, answer),
            }
        })
    }

    fn check(&self, server: &Server, format: &str, fault_name: &str) -> Run {
        let args = [&["check", "--format", format, "--retries", "0"], self.args].concat();
        let limits: &[&str] = match fault_name {
            slow if SLOW.contains(&slow) => &["--timeout", "1s", "--max-wait", "3s"],
            _ => &[],
        };
        let bpctl = if self.is_onapp() { onapp(server, &args) } else { katapult(server, &args) };
        bpctl.args(limits).run()
    }
}

/// A VM with a recent backup of the whole, of its disk, or as a recovery point.
fn cloud_of(provider: &str, request: &crate::server::Request) -> Answer {
    let own = match provider {
        "onapp-disks" => disk_backup(11, 7, 60),
        "onapp-points" => backup(11, 900_000),
        _ => backup(11, 60),
    };
    let path = request.path();
    if provider == "onapp-points" && path.ends_with("/recovery_points.json") {
        let point = json!({"id": 31, "state": "built", "virtual_machine_id": 1, "created_at": ago(60)});
        return Answer::json(200, &json!([{"recovery_point": point}]));
    }
    if path.ends_with("/1/schedules.json") {
        let schedule = json!({"id": 61, "target_type": "VirtualMachine", "target_id": 1, "duration": 1, "period": "days",
            "rotation_period": 7, "status": "enabled", "start_at": ago(-60)});
        return Answer::json(200, &json!([{"schedule": schedule}]));
    }
    cloud_answer(request, &[(1, "web-1", vec![own])])
}

/// Says what is wrong with a run that must not be ok.
fn looks_ok(run: &Run, format: &str) -> bool {
    let says_so = match format {
        "nagios" => run.stdout.starts_with("BACKUP OK") || run.code != 3 && run.code != 2,
        "prometheus" => run.stdout.contains("bpctl_check_success 1") && !run.stdout.contains("status=\"critical\"} 1"),
        "junit" => !run.stdout.contains("<error ") && !run.stdout.contains("<failure "),
        "json" => run.stdout.contains("\n  \"status\": \"ok\""),
        _ => false,
    };
    run.code == 0 || says_so
}

#[test]
fn no_fault_is_ever_ok() {
    let mut cells: Vec<(&Place, &str, &str)> = Vec::new();
    for place in &PLACES {
        for name in FAULTS.iter().filter(|name| !place.harmless.contains(name)) {
            cells.extend(FORMATS.map(|format| (place, *name, format)));
        }
    }
    assert!(cells.len() > 1_000, "{} cells", cells.len());
    let wrong = side_by_side::play(
        &cells,
        |(_, name, _)| SLOW.contains(name),
        |(place, name, format)| {
            let run = place.check(&place.serve(name), format, name);
            let words = || format!("=== {} {} {name} {format}\n{}", place.provider, place.path, run.report());
            looks_ok(&run, format).then(words)
        },
    );
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} of {} cells\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}

#[test]
fn without_a_fault_it_is_ok() {
    // Else the matrix would prove nothing.
    for place in &PLACES {
        for name in ["none", HARMLESS] {
            let run = place.check(&place.serve(name), "nagios", name);
            assert!(
                looks_ok(&run, "nagios") && run.code == 0,
                "{} {} {name}: {}",
                place.provider,
                place.path,
                run.report()
            );
        }
        for format in FORMATS {
            place.check(&place.serve("none"), format, "none").ok();
        }
    }
}

#[test]
fn a_list_that_says_it_has_more_is_never_ok() {
    let more = |onapp_total: bool| {
        let world = World::new().vms(vec![crate::world::vm(crate::world::VM, "web-1", crate::world::FQDN)]);
        Server::start(move |request| {
            if onapp_total {
                let answer = cloud_of("onapp", request);
                let is_list = request.path().ends_with("/virtual_machines.json");
                return if is_list { answer.header("X-Total", "3") } else { answer };
            }
            let answer = world.answer(request);
            if !request.path().ends_with("/organization/virtual_machines") {
                return answer;
            }
            let mut body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
            body["pagination"]["total"] = json!(3);
            Answer::json(200, &body)
        })
    };
    for format in FORMATS {
        for is_onapp in [true, false] {
            let server = more(is_onapp);
            let args = ["check", "--format", format];
            let run = if is_onapp { onapp(&server, &args) } else { katapult(&server, &args) }.run();
            assert!(!looks_ok(&run, format), "{}", run.report());
        }
    }
}
