//! Holds what `bpctl` sends, and what the simulator answers, against Katapult's OpenAPI document.
//!
//! `BPCTL_OPENAPI` says where the document is; without it there is nothing to compare with, and the test says so.
//! Between the two sits a recorder: `bpctl` is pointed at it, and it passes everything on to the simulator.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::harness::{Home, Run, TOKEN, bare};
use crate::openapi::Document;
use crate::server::{Answer, Request, Server};
use crate::simulator::{Simulator, forward, serve};
use crate::tools::missing;

/// Where the API is known to differ from its document; the simulator does as the API does.
struct Deviation {
    what: &'static str,
    reason: &'static str,
    allowance: Allowance,
}

/// What is made of a deviation.
enum Allowance {
    /// The answer is adapted before it is compared.
    Adapt(fn(u16, Value) -> Value),
    /// Problems that end so are none.
    Overlook(&'static [&'static str]),
}

const DEVIATIONS: [Deviation; 5] = [
    Deviation {
        what: "errors come wrapped in `error`",
        reason: "documented bare; wrapped in every recorded error answer",
        allowance: Allowance::Adapt(|status, body| match body.get("error") {
            Some(error) if status >= 400 => error.clone(),
            _ => body,
        }),
    },
    Deviation {
        what: "the inner object of a `target` is named `value`, beside its `type`",
        reason: "documented as `target.target`, an artefact of the document's generator; recorded answers spell \
                 every other such choice as `type` and `value`",
        allowance: Allowance::Adapt(|_, body| adapt_targets(body)),
    },
    Deviation {
        what: "a target holds an id and at most a name",
        reason: "documented as a whole machine or disk; the server's own field list says `id` and `name`, after \
                 writes `id` only",
        allowance: Allowance::Overlook(&[
            ".target.target.name",
            ".target.target.size_in_gb",
            ".target.target.wwn",
            ".target.target.state",
            ".target.target.created_at",
            ".target.target.storage_speed",
            ".target.target.io_profile",
            ".target.target.bus_type",
            ".target.target.data_center",
            ".target.target.virtual_machine_disk",
            ".target.target.installation",
        ]),
    },
    Deviation {
        what: "a machine has no `hypervisor`, its zone in a list no `country`",
        reason: "documented, and absent from every recorded answer",
        allowance: Allowance::Overlook(&[".hypervisor", "].zone.data_center.country"]),
    },
    Deviation {
        what: "an installation's template is in its short form",
        reason: "documented in full, and short in every recorded answer",
        allowance: Allowance::Overlook(&[
            ".disk_template_version.id",
            ".disk_template_version.size_in_gb",
            ".disk_template.description",
            ".disk_template.universal",
            ".disk_template.size_in_gb",
            ".disk_template.latest_version",
            ".disk_template.operating_system.badge",
        ]),
    },
];

/// Whether a problem is a documented property whose absence is known.
fn is_known(problem: &str) -> bool {
    let Some(place) = problem.strip_suffix(": is absent") else {
        return false;
    };
    DEVIATIONS.iter().any(|deviation| match deviation.allowance {
        Allowance::Overlook(places) => places.iter().any(|known| place.ends_with(known)),
        Allowance::Adapt(_) => false,
    })
}

/// Renames `value` to `target` in every target.
fn adapt_targets(body: Value) -> Value {
    match body {
        Value::Array(items) => items.into_iter().map(adapt_targets).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, field)| match (name.as_str(), field.get("type"), field.get("value")) {
                ("target", Some(Value::String(_)), Some(value)) => (name, json!({"target": value})),
                _ => (name, adapt_targets(field)),
            })
            .collect(),
        other => other,
    }
}

fn adapted(status: u16, body: &Value) -> Value {
    let adapt = |body, deviation: &Deviation| match deviation.allowance {
        Allowance::Adapt(adapt) => adapt(status, body),
        Allowance::Overlook(_) => body,
    };
    DEVIATIONS.iter().fold(body.clone(), adapt)
}

/// A request that passed the recorder, and what came back.
struct Exchange {
    request: Request,
    status: u16,
    body: Value,
}

/// The running simulator, and the recorder before it.
struct Recorded {
    recorder: Server,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    /// Where the API begins below the recorder.
    base: String,
    _simulator: Simulator,
}

impl Recorded {
    fn start() -> Self {
        let home = Home::new();
        let simulator = serve(&home, &[]);
        let (authority, base) = simulator.url["http://".len()..].split_once('/').expect("a URL with a path");
        let (authority, base) = (authority.to_string(), format!("/{base}"));
        let exchanges = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&exchanges);
        let recorder = Server::start(move |request| {
            let (status, body) = forward(&authority, request);
            let parsed = serde_json::from_slice(&body).unwrap_or(Value::Null);
            record.lock().unwrap().push(Exchange { request: request.clone(), status, body: parsed });
            Answer::raw(status, "application/json", body)
        });
        Self { recorder, exchanges, base, _simulator: simulator }
    }

    fn run(&self, args: &[&str]) -> Run {
        bare(args).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", self.recorder.url() + &self.base).run()
    }

    fn first_id(&self, args: &[&str]) -> String {
        let run = self.run(&[args, &["-o", "id"]].concat()).ok();
        run.stdout.lines().next().unwrap_or_else(|| panic!("nothing is listed: {}", run.report())).to_string()
    }
}

/// Runs every command that talks to Katapult, some of them in vain.
fn exercise(recorded: &Recorded) {
    let org = recorded.first_id(&["org", "list"]);
    let disk = recorded.first_id(&["disk", "list", "--vm", "web-1"]);
    let policy = recorded.first_id(&["policies", "list", "--vm", "web-1"]);
    let fqdn = recorded.run(&["vm", "show", "web-1", "-o", "json"]).ok().json()["fqdn"].as_str().unwrap().to_string();
    let retention = recorded.run(&["policy", "show", &policy, "-o", "json"]).ok().json()["retention"].as_u64().unwrap();
    for args in [
        &["vm", "list"][..],
        &["disk", "list"],
        &["disk", "show", &disk],
        &["policies", "list"],
        &["policies", "list", "--org", &org],
        &["policies", "list", "--vm", &fqdn, "--include-disks"],
        &["policies", "list", "--disk", &disk],
        &["policy", "update", &policy, "--retention", &(retention + 1).to_string()],
        &["policy", "update", &policy, "--minute", "7", "--time", "0"],
        &["policy", "schedule-delete", &policy, "--at", "+7d", "--yes"],
        &["policy", "delete", &policy, "--yes"],
        &["trash", "list"],
        &["trash", "show", &policy],
        &["policy", "restore", &policy],
        &["policy", "create", "--vm", &fqdn, "--interval", "weekly", "--retention", "3", "--time", "4"],
        &["policy", "create", "--disk", &disk, "--interval", "monthly", "--retention", "3", "--frequency", "2"],
    ] {
        recorded.run(args).ok();
    }
    for args in [
        &["disk", "show", "disk_0000000000000000"][..],
        &["policy", "show", "none"],
        &["policies", "list", "--vm", "vm_0000000000000000"],
    ] {
        recorded.run(args).exits(3);
    }
}

#[test]
fn requests_and_answers_are_as_documented() {
    let Ok(path) = std::env::var("BPCTL_OPENAPI") else {
        missing("OpenAPI document: BPCTL_OPENAPI names it");
        return;
    };
    let document = Document::new(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap());
    let recorded = Recorded::start();
    exercise(&recorded);
    let exchanges = recorded.exchanges.lock().unwrap();
    let mut problems = Vec::new();
    for Exchange { request, status, body } in exchanges.iter() {
        let path = request.path().strip_prefix(&recorded.base).unwrap();
        problems.extend(document.check_request(path, request));
        problems.extend(document.check_answer(&request.method, path, *status, &adapted(*status, body)));
    }
    problems.retain(|problem| !is_known(problem));
    problems.sort();
    problems.dedup();
    let known: Vec<_> = DEVIATIONS.iter().map(|known| format!("{} ({})", known.what, known.reason)).collect();
    assert!(
        problems.is_empty(),
        "against the document:\n{}\nbeyond what is known:\n{}",
        problems.join("\n"),
        known.join("\n")
    );
    for (method, path) in [
        ("GET", "/virtual_machines/virtual_machine/disk_backup_policies"),
        ("GET", "/organizations/organization/disk_backup_policies"),
        ("GET", "/disks/disk/disk_backup_policies"),
        ("GET", "/disk_backup_policies/disk_backup_policy"),
        ("PATCH", "/disk_backup_policies/disk_backup_policy"),
        ("DELETE", "/disk_backup_policies/disk_backup_policy/schedule"),
        ("GET", "/disks/disk"),
        ("DELETE", "/disk_backup_policies/disk_backup_policy"),
        ("GET", "/organizations/organization/trash_objects"),
        ("GET", "/trash_objects/trash_object"),
        ("POST", "/trash_objects/trash_object/restore"),
        ("POST", "/virtual_machines/virtual_machine/disk_backup_policies"),
        ("POST", "/disks/disk/disk_backup_policies"),
    ] {
        let hit = |exchange: &&Exchange| exchange.request.method == method && exchange.request.path().ends_with(path);
        let checked = exchanges.iter().filter(hit).any(|exchange| matches!(exchange.status, 200 | 201));
        assert!(checked, "{method} {path} was never seen to succeed");
    }
}

/// A document just big enough to try the checks themselves.
fn small_document() -> Document {
    Document::new(json!({
        "paths": {"/things/thing": {"patch": {
            "parameters": [{"in": "query", "name": "page", "schema": {"type": "integer"}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/PolicyPatch"}}}},
            "responses": {"200": {"content": {"application/json": {"schema": {
                "required": ["thing"],
                "properties": {"thing": {"allOf": [{"$ref": "#/components/schemas/Thing"}]}},
            }}}}},
        }}},
        "components": {"schemas": {
            "PolicyPatch": {"required": ["size"], "properties": {"size": {"type": "integer"}}},
            "Thing": {"type": "object", "properties": {
                "mood": {"type": "string", "enum": ["good", "bad"]},
                "note": {"type": "string", "nullable": true},
                "parts": {"type": "array", "items": {"type": "integer"}},
            }},
        }},
    }))
}

#[test]
fn the_check_finds_what_is_wrong() {
    let document = small_document();
    let request = |target: &str, body: Value| {
        let request = Request {
            method: "PATCH".into(),
            target: target.into(),
            headers: Vec::new(),
            body: body.to_string().into(),
        };
        document.check_request(request.path(), &request).len()
    };
    assert_eq!(request("/things/thing?page=2", json!({"size": 3})), 0);
    assert_eq!(request("/things/thing?page=two", json!({"size": 3})), 1);
    assert_eq!(request("/things/thing?pages=2", json!({"size": 3})), 1);
    assert_eq!(request("/things/think", json!({"size": 3})), 1);
    assert_eq!(request("/things/thing", json!({"size": "3"})), 1);
    assert_eq!(request("/things/thing", json!({})), 1);
    assert_eq!(request("/things/thing", json!({"size": 3, "syze": 3})), 1);

    let answer = |status, body: Value| document.check_answer("PATCH", "/things/thing", status, &body).len();
    assert_eq!(answer(200, json!({"thing": {"mood": "good", "note": null, "parts": [1], "new": 1}})), 0);
    assert_eq!(answer(200, json!({"thing": {"mood": "odd", "note": "", "parts": []}})), 1);
    assert_eq!(answer(200, json!({"thing": {"mood": null, "note": null, "parts": []}})), 1);
    assert_eq!(answer(200, json!({"thing": {"mood": "bad", "note": "", "parts": [1, "2", 3.5]}})), 2);
    assert_eq!(answer(200, json!({"thing": {"mood": "bad", "parts": []}})), 1);
    assert_eq!(answer(200, json!({"thing": []})), 1);
    assert_eq!(answer(200, json!({})), 1);
    assert_eq!(answer(201, json!({})), 1);
}

#[test]
fn the_deviations_are_allowed_for() {
    let error = json!({"error": {"code": "c"}});
    assert_eq!(adapted(404, &error), json!({"code": "c"}));
    assert_eq!(adapted(200, &error), error);
    let policies = json!({"policies": [{"target": {"type": "Disk", "value": {"id": "d"}}, "size": 1}]});
    assert_eq!(adapted(200, &policies), json!({"policies": [{"target": {"target": {"id": "d"}}, "size": 1}]}));
    assert!(is_known("GET /disks/disk 200.disk.hypervisor: is absent"));
    assert!(!is_known("GET /disks/disk 200.disk.hypervisor: \"string\" is due, not 7"));
    assert!(!is_known("GET /disks/disk 200.disk.size_in_gb: is absent"));
}
