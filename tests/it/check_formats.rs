//! The formats of `check`, each held to a tool or a convention of its own world, and every fault in every format: what
//! cannot be read is never ok.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::check::{backup, cloud_answer, mixed_cloud, mixed_world};
use crate::faults::fault;
use crate::harness::{Home, Run, katapult, onapp};
use crate::server::{Answer, Server};
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
    assert!(check(&["--vm", "fresh"]).ok().stdout.starts_with("BACKUP OK - 1 of 1 VMs ok | stale=0;0;0;0;1 "));
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
/// Faults of an answer; what takes long to fail is tested elsewhere.
const FAULTS: [&str; 22] = [
    "reset-before",
    "closed",
    "reset-midway",
    "cut-off",
    "html-200",
    "html-502",
    "empty-500",
    "json-503",
    "empty-503",
    "429-retry-after",
    "redirect-away",
    "redirect-loop",
    "redirect-nowhere",
    "wrong-type",
    "gzip-bomb",
    "many-values",
    "bad-utf8",
    "deep",
    "wrong-shape",
    "missing-fields",
    "unknown-words",
    "nulls",
];
/// Faults that change nothing that the verdict depends on: the answer is understood.
const HARMLESS: [&str; 2] = ["wrong-type", "bad-utf8"];

/// A server whose VMs are all well backed up, but for a fault in one kind of answer.
fn faulty(provider: &str, fault_name: &'static str, place: &'static str) -> Server {
    let (spoil, is_onapp) = (fault(fault_name), provider == "onapp");
    let world = World::new().vms(vec![crate::world::vm(crate::world::VM, "web-1", crate::world::FQDN)]);
    Server::start(move |request| {
        let answer =
            if is_onapp { cloud_answer(request, &[(1, "web-1", vec![backup(11, 60)])]) } else { world.answer(request) };
        if request.path().ends_with(place) { spoil(request, answer) } else { answer }
    })
}

/// Says what is wrong with a run that must not be ok.
fn looks_ok(run: &Run, format: &str) -> bool {
    let says_so = match format {
        "nagios" => run.stdout.contains("BACKUP OK") || run.code != 3 && run.code != 2,
        "prometheus" => run.stdout.contains("bpctl_check_success 1") && run.code != 10,
        "junit" => !run.stdout.contains("<error ") && !run.stdout.contains("<failure "),
        "json" => run.stdout.contains("\n  \"status\": \"ok\""),
        _ => false,
    };
    run.code == 0 || says_so
}

#[test]
fn no_fault_is_ever_ok() {
    let places = [
        ("onapp", "/virtual_machines.json"),
        ("onapp", "/1/backups.json"),
        ("katapult", "/organizations/organization/virtual_machines"),
        ("katapult", "/organizations/organization/disks"),
        ("katapult", ORG_POLICIES_PATH),
        ("katapult", "/disk_backup_policies/disk_backup_policy"),
    ];
    let mut cells = Vec::new();
    for (provider, place) in places {
        for name in FAULTS.iter().filter(|name| !HARMLESS.contains(name)) {
            // Each policy is read in full as well, so the list decides only which there are; a disk's own fields decide
            // nothing where the VM has a policy, and a VM without a name still has its number.
            let is_harmless = place.ends_with("disks") && ["missing-fields", "unknown-words", "nulls"].contains(name)
                || *name == "unknown-words" && place != "/disk_backup_policies/disk_backup_policy"
                || *name == "missing-fields"
                    && place != "/disk_backup_policies/disk_backup_policy"
                    && place != "/1/backups.json";
            if !is_harmless {
                cells.extend(FORMATS.map(|format| (provider, place, *name, format)));
            }
        }
    }
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Some((provider, place, name, format)) = cells.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let server = faulty(provider, name, place);
                    let args = ["check", "--max-age", "26h", "--format", format, "--retries", "0"];
                    let run = if *provider == "onapp" { onapp(&server, &args) } else { katapult(&server, &args) }.run();
                    if looks_ok(&run, format) {
                        let cell = format!("=== {provider} {place} {name} {format}\n{}", run.report());
                        wrong.lock().unwrap().push(cell);
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cells\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}

#[test]
fn without_a_fault_it_is_ok() {
    // Else the matrix would prove nothing.
    for (provider, format) in
        ["onapp", "katapult"].into_iter().flat_map(|provider| FORMATS.map(|format| (provider, format)))
    {
        for name in HARMLESS {
            let server = faulty(provider, name, "nowhere");
            let args = ["check", "--max-age", "26h", "--format", format];
            let run = if provider == "onapp" { onapp(&server, &args) } else { katapult(&server, &args) }.run().ok();
            assert!(!looks_ok(&run, format) || run.code == 0, "{}", run.report());
        }
    }
}
