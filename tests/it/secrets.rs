//! What must not be seen is not shown: passwords in answers unless asked for, tokens never.

use serde_json::json;

use crate::harness::{BASIC, Bpctl, Home, TOKEN, katapult, onapp};
use crate::server::{Answer, Server};
use crate::world::{DISK, FQDN, ORG, POLICY, ROOT_PASSWORD, VM, World};

const FORMATS: [&str; 8] = ["table", "wide", "json", "jsonl", "yaml", "csv", "tsv", "id"];

/// A policy's target as the API's documents show it, and as the API most likely sends it, each with a whole machine.
fn worlds_with_a_password_in_the_target() -> [World; 2] {
    let machine = json!({"id": VM, "name": "web-1", "fqdn": FQDN, "initial_root_password": ROOT_PASSWORD});
    let (one, other) = (machine.clone(), machine);
    [
        World::new().policy(move |policy| policy["target"] = json!({"type": "VirtualMachine", "value": one})),
        World::new().policy(move |policy| policy["target"] = json!({"target": other})),
    ]
}

fn shows_no_password(command: impl Fn(&[&str]) -> Bpctl) {
    for format in FORMATS {
        let run = command(&["-o", format]).run().ok();
        assert!(!run.stdout.contains(ROOT_PASSWORD), "{}", run.report());
        assert!(!run.stderr.contains(ROOT_PASSWORD), "{}", run.report());
        if ["json", "jsonl", "yaml"].contains(&format) {
            assert!(run.stdout.contains("[REDACTED]"), "{}", run.report());
        }
    }
    for format in ["json", "jsonl", "yaml"] {
        let run = command(&["-o", format, "--show-secrets"]).run().ok();
        assert!(run.stdout.contains(ROOT_PASSWORD), "{}", run.report());
        assert!(!run.stdout.contains("[REDACTED]"), "{}", run.report());
    }
    let run = command(&["-vv"]).run().ok();
    assert!(!run.stderr.contains(ROOT_PASSWORD), "{}", run.report());
}

#[test]
fn the_root_password_in_a_policys_target() {
    for world in worlds_with_a_password_in_the_target() {
        let server = world.serve();
        shows_no_password(|args| katapult(&server, &["policy", "show", POLICY]).args(args));
        shows_no_password(|args| katapult(&server, &["policies", "list", "--org", ORG]).args(args));
    }
}

#[test]
fn the_root_password_of_a_machine() {
    let server = World::new().serve();
    shows_no_password(|args| katapult(&server, &["vm", "show", VM]).args(args));
}

#[test]
fn protected_installation_attributes_of_a_disk() {
    let server = World::new().serve();
    shows_no_password(|args| katapult(&server, &["disk", "show", DISK]).args(args));
    let run = katapult(&server, &["disk", "show", DISK, "-o", "json"]).run().ok();
    let attributes = &run.json()["installation"]["attributes"];
    assert_eq!(attributes[0]["value"], "web-1", "an attribute that is not protected is shown");
    assert_eq!(attributes[1]["value"], "[REDACTED]");
    assert_eq!(attributes[1]["key"], "root_password", "only the value is hidden");
}

#[test]
fn a_dry_run_hides_them_too() {
    for world in worlds_with_a_password_in_the_target() {
        let server = world.serve();
        for format in ["table", "json"] {
            let run = katapult(&server, &["policy", "update", POLICY, "--retention", "9", "--dry-run", "-o", format])
                .run()
                .ok();
            assert!(run.stdout.contains("[REDACTED]") || format == "table", "{}", run.report());
            assert!(!run.stdout.contains(ROOT_PASSWORD) && !run.stderr.contains(ROOT_PASSWORD), "{}", run.report());
        }
    }
}

#[test]
fn verbose_shows_requests_and_answers_but_no_token() {
    // That neither stream holds the token is checked of every run.
    let server = World::new().serve();
    let run = katapult(&server, &["disk", "show", DISK, "-vv", "--show-secrets"]).run().ok();
    for words in ["GET", "/core/v1/disks/disk", "200"] {
        assert!(run.stderr.contains(words), "`{words}` is missing: {}", run.report());
    }
    let server = Server::always(Answer::text_json("[]"));
    let run = onapp(&server, &["backups", "list", "--vm", "488", "-vv", "--show-secrets"]).run().ok();
    assert!(run.stderr.contains("/flexapi/virtual_machines/488/backups/images.json"), "{}", run.report());
}

#[test]
fn a_server_that_repeats_the_token_does_not_make_us_print_it() {
    let description = format!("The token {TOKEN} was not valid");
    let body = json!({"error": {"code": "invalid_api_token", "description": description, "detail": {"token": TOKEN}}});
    let server = Server::always(Answer::json(403, &body).header("X-Request-Id", TOKEN));
    for args in [&["-o", "json"][..], &["-o", "table"], &["-vv"]] {
        katapult(&server, &["disk", "show", DISK]).args(args).run().exits(4);
    }
}

#[test]
fn a_code_of_the_api_stays_whole_and_no_other_shows_a_token() {
    let refused = |code: &str, token: &str| {
        let server = Server::always(Answer::error(403, code));
        let run = katapult(&server, &["disk", "show", DISK, "-o", "json"]).env("BPCTL_TOKEN", token).run().exits(4);
        run.error()["code"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("invalid_api_token", "invalid"), "invalid_api_token");
    assert_eq!(refused("permission_denied", "denied"), "permission_denied");
    assert_eq!(refused("denied", "denied"), "[REDACTED]");
    assert_eq!(refused("invalid_s3cr3t_t0k3n", "s3cr3t_t0k3n"), "invalid_[REDACTED]");
    assert_eq!(refused("permission_denied", "permission_denied"), "[REDACTED]");
}

#[test]
fn a_token_that_cannot_be_sent_is_refused_without_being_shown() {
    let server = World::new().serve();
    katapult(&server, &["disk", "show", DISK]).env("BPCTL_TOKEN", format!("{TOKEN}\u{7}")).run().exits_nonzero();
    assert_eq!(server.count(), 0);
}

#[test]
fn the_root_password_in_the_detail_of_an_error() {
    let machine = json!({"id": VM, "initial_root_password": ROOT_PASSWORD});
    let body = json!({"error": {"code": "conflict", "description": "no", "detail": {"virtual_machine": machine}}});
    let server = Server::always(Answer::json(409, &body));
    let run = katapult(&server, &["vm", "show", VM, "-o", "json"]).run().fails(5, "conflict");
    assert_eq!(run.error()["detail"]["virtual_machine"], json!({"id": VM, "initial_root_password": "[REDACTED]"}));
    let run = katapult(&server, &["vm", "show", VM, "-o", "json", "-vv"]).run().exits(5);
    assert!(!run.stderr.contains(ROOT_PASSWORD), "{}", run.report());
    let run = katapult(&server, &["vm", "show", VM, "-o", "json", "--show-secrets"]).run().fails(5, "conflict");
    assert_eq!(run.error()["detail"]["virtual_machine"]["initial_root_password"], ROOT_PASSWORD);

    let server =
        Server::always(Answer::json(422, &json!({"errors": {"vm": {"initial_root_password": ROOT_PASSWORD}}})));
    for format in ["json", "table"] {
        let run = onapp(&server, &["vm", "show", "488", "-o", format]).run().exits(5);
        assert!(!run.stderr.contains(ROOT_PASSWORD), "{}", run.report());
    }
}

#[test]
fn a_server_that_repeats_the_header_of_the_credentials() {
    let errors = Server::always(Answer::json(422, &json!({"errors": {"base": [format!("Basic {BASIC}==?")]}})));
    let result = Server::always(Answer::json(200, &json!({"virtual_machine": {"id": 488, "label": BASIC}})));
    for args in [&["-o", "json"][..], &["-o", "table"], &["-vv"], &["-o", "json", "--show-secrets"]] {
        // That neither stream holds it is checked of every run.
        let run = onapp(&errors, &["vm", "show", "488"]).args(args).run().exits(5);
        assert!(run.stderr.contains("Basic [REDACTED]"), "{}", run.report());
        let run = onapp(&result, &["vm", "show", "488"]).args(args).run().ok();
        assert!(run.stdout.contains("[REDACTED]"), "{}", run.report());
    }
}

#[test]
fn a_password_that_json_has_to_escape_is_hidden_as_well() {
    let password = r#"Q7"zz\K9/x4Vt"#;
    let escaped = json!(password).to_string();
    let errors = json!({"errors": [format!("no: {password}")], "you": {"sent": password}});
    let label = json!({"virtual_machine": {"id": 488, "label": password}});
    let answers = [
        Answer::json(422, &errors),
        Answer::text_json(errors.to_string().replace('/', "\\/")).with_status(422),
        Answer::text_json(format!("<p>you sent {{{escaped}}}</p>")).with_status(502),
        Answer::text_json(format!("<p>you sent {{{}}}</p>", escaped.replace('/', "\\/"))).with_status(502),
        Answer::xml(&format!("<errors><error>{}</error></errors>", password.replace('"', "&quot;"))).with_status(422),
        Answer::json(200, &label),
        Answer::text_json(label.to_string().replace("Q7", "\\u00517").replace('/', "\\/")),
    ];
    for answer in answers {
        let server = Server::always(answer);
        for args in [&["-o", "json"][..], &["-o", "table"], &["-vv"]] {
            let args = [&["vm", "show", "488", "--retries", "0"], args].concat();
            let run = onapp(&server, &args).env("BPCTL_TOKEN", password).run();
            for part in ["zz", "x4Vt"] {
                assert!(!run.report().contains(part), "`{part}`: {}", run.report());
            }
            assert!(run.report().contains("[REDACTED]"), "{}", run.report());
        }
    }
}

#[test]
fn a_token_that_is_repeated_in_a_result_is_not_shown_and_not_recorded() {
    let world = || {
        World::new().policy(|policy| {
            policy["target"] =
                json!({"type": "VirtualMachine", "value": {"id": VM, "name": TOKEN, "note": [{TOKEN: TOKEN}]}});
        })
    };
    let server = world().serve();
    for format in FORMATS {
        let run = katapult(&server, &["policy", "show", POLICY, "-o", format]).run().ok();
        assert!(run.stdout.contains("[REDACTED]") || format == "id", "{}", run.report());
        katapult(&server, &["policies", "list", "--org", ORG, "-o", format, "--show-secrets"]).run().ok();
    }
    let home = Home::new();
    katapult(&server, &["policy", "update", POLICY, "--retention", "30", "-vv"]).home(&home).run().ok();
    let journal = std::fs::read_to_string(home.path("data/bpctl/journal.jsonl")).unwrap();
    assert!(journal.contains("[REDACTED]") && !journal.contains(TOKEN), "{journal}");
}

/// The kernel's own word on what it would write of a process that is about to use its token.
#[test]
#[cfg(target_os = "linux")]
fn the_kernel_writes_no_core_dump() {
    let server = Server::always(Answer::empty(200).delayed(std::time::Duration::from_secs(30)));
    let running = katapult(&server, &["disk", "show", "disk_x"]).spawn();
    server.await_requests(1);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(line.split_whitespace().nth(4), Some("0"), "{line}");
    running.kill();
}
