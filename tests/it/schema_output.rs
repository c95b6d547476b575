//! `bpctl schema`: real output, of both clouds and of errors, is held to the schemas by a validator that others wrote.

use serde_json::{Value, json};

use crate::harness::{Bpctl, Home, Run, bare, katapult};
use crate::onapp_cloud::Cloud;
use crate::server::{Answer, Server};
use crate::tools;
use crate::world::{DISK, POLICY, VM, World, policy};

const NOUNS: [&str; 10] =
    ["calendar", "check", "coverage", "diff", "dry-run", "error", "history", "lint", "plan", "snapshot"];

fn schema(noun: &str) -> Value {
    bare(&["schema", noun]).run().ok().json()
}

/// Documents and the schemas that they must meet, checked at once: starting the validator takes a second.
#[derive(Default)]
struct Documents(Vec<Value>);

impl Documents {
    fn add(&mut self, noun: &str, document: Value) {
        self.0.push(json!([noun, document]));
    }

    /// Adds what a command prints with `-o json`, or its error.
    fn of(&mut self, noun: &str, command: Bpctl) -> Run {
        let run = command.args(&["-o", "json"]).run();
        if !run.stdout.is_empty() {
            self.add(noun, run.json());
        }
        if run.code != 0 {
            self.add("error", serde_json::from_str(&run.stderr).unwrap());
        }
        run
    }

    /// Checks them, and that each is refused as soon as it has another field.
    fn check(self) {
        const CHECK: &str = "
import json, sys
from jsonschema import Draft202012Validator
schemas, documents = json.load(sys.stdin)
for schema in schemas.values():
    Draft202012Validator.check_schema(schema)
validators = {noun: Draft202012Validator(schema) for noun, schema in schemas.items()}
for noun, document in documents:
    errors = ['%s: %s' % (error.json_path, error.message) for error in validators[noun].iter_errors(document)]
    assert not errors, (noun, errors, document)
    rows = document if isinstance(document, list) else [document]
    for row in rows[:1]:
        if noun not in ('history',):
            row['a_field_of_tomorrow'] = 1
            assert not validators[noun].is_valid(document), noun
";
        if !tools::has("python3", &["-c", "import jsonschema"]) {
            return;
        }
        let schemas: Value = NOUNS.iter().map(|noun| ((*noun).to_owned(), schema(noun))).collect();
        tools::accepted_by("python3", &["-W", "ignore", "-c", CHECK], &json!([schemas, self.0]).to_string());
    }
}

#[test]
fn the_nouns_are_listed_and_each_has_a_schema() {
    let listed = bare(&["schema"]).run().ok();
    assert_eq!(listed.stdout.lines().collect::<Vec<_>>(), NOUNS);
    for noun in NOUNS {
        let schema = schema(noun);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{noun}");
    }
    bare(&["schema", "policies"]).run().fails_in_words(2).mentions(&["snapshot"]);
}

#[test]
fn output_on_katapult_meets_its_schemas() {
    let server = World::new()
        .policies(vec![
            policy(POLICY, "VirtualMachine", VM, "web-1", "daily", 7),
            policy("dbp_2", "Disk", DISK, "System Disk", "fortnightly", 1),
        ])
        .serve();
    let home = Home::new();
    let bpctl = |args: &[&str]| katapult(&server, args).home(&home);
    let mut documents = Documents::default();
    for noun in ["coverage", "lint", "check", "calendar"] {
        documents.of(noun, bpctl(&[noun]));
    }
    documents.of("coverage", bpctl(&["coverage", "--require", "daily", "--min-retention", "30", "--fail-on", "weak"]));
    documents.of("check", bpctl(&["check", "--max-age", "26h", "--warn-age", "25h"]));
    documents.of("check", bpctl(&["check", "--match", "nothing"]));
    let snapshot = documents.of("snapshot", bpctl(&["snapshot"]));
    documents.of("dry-run", bpctl(&["policies", "update", POLICY, "--retention", "9", "--dry-run"]));
    documents.of("dry-run", bpctl(&["policies", "delete", "--match", "*", "--dry-run"]));
    let file = home.file("policies.toml", "[[policy]]\nvm = 'web-1'\ninterval = 'daily'\nretention = 3\n[[policy]]\nvm = 'mail'\ninterval = 'weekly'\nretention = 9\n");
    let file = file.display().to_string();
    documents.of("plan", bpctl(&["plan", "-f", &file]));
    documents.of("lint", bpctl(&["lint", "-f", &file]));
    bpctl(&["policies", "update", POLICY, "--retention", "9"]).run().ok();
    bpctl(&["policies", "delete", "dbp_2", "--yes"]).run().ok();
    documents.of("history", bpctl(&["history"]));
    documents.of("history", bpctl(&["history", "1"]));
    let old = home.file("old.json", &snapshot.stdout).display().to_string();
    documents.of("diff", bpctl(&["diff", &old]));
    documents.check();
}

#[test]
fn output_on_onapp_meets_its_schemas() {
    let cloud = Cloud::serve(&[]);
    let mut documents = Documents::default();
    for noun in ["coverage", "lint", "check", "calendar", "snapshot"] {
        documents.of(noun, cloud.bpctl(&[noun]));
    }
    documents.of("check", cloud.bpctl(&["check", "--max-age", "1m"]));
    documents.of("dry-run", cloud.bpctl(&["policies", "delete", "--match", "db1*", "--dry-run"]));
    documents.of("dry-run", cloud.bpctl(&["backup", "create", "--disk", "1101", "--dry-run"]));
    let before = cloud.bpctl(&["snapshot"]).run().ok().stdout;
    let before = cloud.home.file("before.json", &before).display().to_string();
    let file = "version = 1\n[[policy]]\nvm = 'web1'\ninterval = 'daily'\nretention = 9\n[[policy]]\nvm = 'test1'\ninterval = 'weekly'\nretention = 4\n";
    let file = cloud.home.file("policies.toml", file).display().to_string();
    documents.of("plan", cloud.bpctl(&["plan", "-f", &file]));
    documents.of("lint", cloud.bpctl(&["lint", "-f", &file]));
    cloud.bpctl(&["apply", "-f", &file, "--yes"]).run().ok();
    cloud.bpctl(&["policy", "delete", "31", "--yes"]).run().ok();
    cloud.bpctl(&["policy", "pause", "32", "--yes"]).run().ok();
    let changes = documents.of("diff", cloud.bpctl(&["diff", &before])).json();
    assert!(changes.to_string().contains("test1"), "{changes}");
    documents.of("history", cloud.bpctl(&["history"]));
    documents.check();
}

/// Every way to fail has the same fields.
#[test]
fn errors_meet_their_schema() {
    let refusing = |status, code: &'static str| Server::start(move |_| Answer::error(status, code));
    let mut documents = Documents::default();
    for (server, args) in [
        (refusing(400, "missing_api_token"), &["policies", "list"][..]),
        (refusing(403, "permission_denied"), &["vm", "list"]),
        (refusing(404, "disk_backup_policy_not_found"), &["policy", "show", "x"]),
        (refusing(406, "object_in_trash"), &["policy", "show", "x"]),
        (refusing(422, "validation_error"), &["coverage"]),
        (refusing(429, "rate_limit_reached"), &["lint"]),
        (Server::start(|_| Answer::html(502)), &["snapshot"]),
        (Server::start(|_| Answer::closed()), &["org", "list"]),
        (World::new().serve(), &["policies", "delete", POLICY]),
        (World::new().serve(), &["policies", "list", "--no-such-option"]),
        (World::new().serve(), &["policies", "update", "--match", "x", "--retention", "3"]),
        (World::new().deaf().serve(), &["policies", "update", POLICY, "--retention", "30"]),
    ] {
        let run = documents.of("error", katapult(&server, args).args(&["--retries", "0", "--max-wait", "2s"]));
        assert_ne!(run.code, 0, "{}", run.report());
        let error = run.error();
        assert!(error["retryable"].is_boolean() && error["changed"].is_string(), "{error}");
    }
    documents.check();
}
