//! Every fault at every place of every write to an OnApp cloud: the exit code and error code of
//! `tests/fixtures/onapp_fault_matrix.txt`, and nothing said that is not true.
//!
//! What is expected is data; what holds for every cell is code. A POST is sent once, whatever happens.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::faults::fault;
use crate::harness::{Home, Run, onapp};
use crate::matrix::{Cell, Operation, Place, cells, journaled, outcome, refusing};
use crate::server::{Answer, Request, Server};
use crate::side_by_side;

const TABLE: &str = "tests/fixtures/onapp_fault_matrix.txt";

const WRITES: [Operation; 12] = [
    ("create", &["backup", "create", "--vm", "488", "--note", "n"]),
    ("restore", &["backup", "restore", "1", "--yes"]),
    ("delete", &["backup", "delete", "1", "--yes"]),
    ("note", &["backup", "note", "1", "changed"]),
    ("policy create", &["policy", "create", "--vm", "488", "--interval", "weekly", "--retention", "5"]),
    ("policy update", &["policy", "update", "5", "--retention", "14"]),
    ("policy delete", &["policy", "delete", "5", "--yes"]),
    ("autobackup off", &["autobackup", "off", "--vm", "488", "--yes"]),
    ("autobackup on", &["autobackup", "on", "--vm", "488"]),
    ("convert", &["backup", "convert", "1", "--label", "t", "--yes"]),
    ("point create", &["backup", "create", "--vm", "488", "--resource", "3"]),
    ("point restore", &["backup", "restore", "31", "--point", "--vm", "488", "--yes"]),
];

/// A cloud with one VM, two backups of it, a recovery point and one schedule.
#[derive(Clone)]
struct World(Arc<Mutex<State>>);

#[derive(Clone, PartialEq)]
struct State {
    backups: Vec<Value>,
    points: Vec<Value>,
    schedules: Vec<Value>,
    transactions: Vec<Value>,
}

fn backup(id: u64) -> Value {
    json!({"id": id, "backup_type": "incremental", "target_type": "VirtualMachine", "target_id": 488, "built": true,
        "locked": false, "note": null, "created_at": format!("2026-01-0{id}T00:00:00Z")})
}

fn point(id: u64) -> Value {
    json!({"id": id, "resource_id": 3, "virtual_machine_id": 488, "size": 1, "state": "available",
        "created_at": "2026-01-01T00:00:00Z"})
}

fn schedule(id: u64, fields: &Value) -> Value {
    let mut schedule = json!({"id": id, "target_type": "VirtualMachine", "target_id": 488, "period": "days", "duration": 1,
        "rotation_period": 7, "start_at": "2099-01-01T00:00:00Z", "status": "enabled"});
    schedule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    schedule
}

impl World {
    /// The world in which a command has something to do.
    fn of(command: &str) -> Self {
        let status = if command == "autobackup on" { "disabled" } else { "enabled" };
        let state = State {
            backups: vec![backup(1), backup(2)],
            points: vec![point(31)],
            schedules: vec![schedule(5, &json!({ "status": status }))],
            transactions: vec![json!({"id": 10, "action": "take_backup", "status": "complete"})],
        };
        Self(Arc::new(Mutex::new(state)))
    }

    fn now(&self) -> State {
        self.0.lock().unwrap().clone()
    }

    /// The right answer, and what comes of it.
    fn answer(&self, request: &Request) -> Answer {
        self.0.lock().unwrap().answer(request)
    }

    /// The right answer, and nothing comes of it.
    fn answer_only(&self, request: &Request) -> Answer {
        self.now().answer(request)
    }
}

fn wrapped(name: &str, rows: &[Value]) -> Answer {
    let rows: Vec<Value> = rows.iter().map(|row| json!({ name: row })).collect();
    Answer::json(200, &json!(rows))
}

fn one(name: &str, row: Option<&Value>) -> Answer {
    row.map_or_else(not_found, |row| Answer::json(200, &json!({ name: row })))
}

fn not_found() -> Answer {
    Answer::json(404, &json!({"errors": ["Resource not found"]}))
}

fn with_id(rows: &[Value], id: u64) -> Option<&Value> {
    rows.iter().find(|row| row["id"] == id)
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let path = request.path().strip_prefix("/flexapi").unwrap_or_default();
        match (request.method.as_str(), path) {
            ("GET", "/virtual_machines/488.json") => {
                one("virtual_machine", Some(&json!({"id": 488, "label": "web1", "support_incremental_backups": true})))
            }
            ("GET", "/virtual_machines/488/disks.json") => wrapped("disk", &[json!({"id": 9, "is_swap": false})]),
            ("GET", "/virtual_machines/488/backups.json") => wrapped("backup", &self.backups),
            ("GET", "/backups/1.json") => one("backup", with_id(&self.backups, 1)),
            ("GET", "/backups/3.json") => one("backup", with_id(&self.backups, 3)),
            ("GET", "/virtual_machines/488/schedules.json") => wrapped("schedule", &self.schedules),
            ("GET", "/settings/schedules/5.json") => one("schedule", with_id(&self.schedules, 5)),
            ("GET", "/settings/schedules/6.json") => one("schedule", with_id(&self.schedules, 6)),
            ("GET", "/virtual_machines/488/transactions.json/per_page/50") => {
                wrapped("transaction", &self.transactions)
            }
            ("POST", "/virtual_machines/488/backups.json") => {
                self.backups.push(backup(3));
                Answer::json(201, &json!({"backup": backup(3)}))
            }
            ("GET", "/virtual_machines/488/backups/recovery_points.json") => wrapped("recovery_point", &self.points),
            ("GET", "/virtual_machines/488/backups/recovery_points/31.json") => {
                one("recovery_point", with_id(&self.points, 31))
            }
            ("GET", "/virtual_machines/488/backups/recovery_points/32.json") => {
                one("recovery_point", with_id(&self.points, 32))
            }
            ("POST", "/backups/1/restore.json") => {
                self.queue("restore_incremental_backup", ("Backup", 1));
                Answer::json(201, &json!({"backup": backup(1)}))
            }
            ("DELETE", "/backups/1.json") => {
                self.queue("destroy_backup", ("Backup", 1));
                self.backups.retain(|backup| backup["id"] != 1);
                Answer::empty(204)
            }
            ("PUT", "/backups/1/note.json") => {
                self.backups[0]["note"] = request.json()["note"].take();
                Answer::empty(204)
            }
            ("POST", "/virtual_machines/488/schedules.json") => {
                let schedule = schedule(6, &request.json()["schedule"]);
                self.schedules.push(schedule.clone());
                Answer::json(201, &json!({ "schedule": schedule }))
            }
            ("PUT", "/settings/schedules/5.json") => {
                self.schedules[0] = schedule(5, &request.json()["schedule"]);
                Answer::empty(204)
            }
            ("DELETE", "/settings/schedules/5.json") => {
                self.schedules.retain(|schedule| schedule["id"] != 5);
                Answer::empty(204)
            }
            ("POST", "/virtual_machines/488/autobackup_disable.json") => self.switch("disabled"),
            ("POST", "/virtual_machines/488/autobackup_enable.json") => self.switch("enabled"),
            ("POST", "/backups/1/convert.json") => {
                self.queue("convert_backup", ("Backup", 1));
                Answer::json(201, &json!({"image_template": {"id": 41, "label": "t"}}))
            }
            ("POST", "/virtual_machines/488/backups/recovery_points.json") => {
                self.points.push(point(32));
                Answer::json(201, &json!({"recovery_point": point(32)}))
            }
            ("POST", "/virtual_machines/488/backups/recovery_points/31/restore.json") => {
                self.queue("restore_recovery_point", ("RecoveryPoint", 31));
                Answer::json(201, &json!({"recovery_point": point(31)}))
            }
            _ => not_found(),
        }
    }

    fn queue(&mut self, action: &str, (kind, id): (&str, u64)) {
        let transaction =
            json!({"id": 11, "action": action, "status": "pending", "parent_type": kind, "parent_id": id});
        self.transactions.insert(0, transaction);
    }

    fn switch(&mut self, status: &str) -> Answer {
        self.schedules.iter_mut().for_each(|schedule| schedule["status"] = json!(status));
        Answer::json(201, &json!({"virtual_machine": {"id": 488}}))
    }
}

/// The operations that the columns of the table stand for.
fn operations(place: Place) -> &'static [Operation] {
    assert_ne!(place, Place::Read, "the table has writes only");
    &WRITES
}

fn serve(cell: &Cell, world: &World) -> Server {
    let (right, idle) = (world.clone(), world.clone());
    let right = move |request: &Request| right.answer(request);
    if cell.fault == "refused" {
        assert_eq!(cell.place, Place::After, "before the write, its reads are refused");
        return refusing(cell.place, right);
    }
    let spoil = fault(&cell.fault);
    let needs_body = ["bad-utf8", "missing-fields", "nulls"].contains(&cell.fault.as_str());
    cell.serve(
        right,
        move |request| idle.answer_only(request),
        move |request, answer| {
            if needs_body && answer.body().is_empty() { answer } else { spoil(request, answer) }
        },
    )
}

/// Whether it mostly waits: for a silent server, or until what was accepted is seen.
fn waits(cell: &Cell) -> bool {
    cell.fault == "silent" || cell.place == Place::Undone && claims_success(cell)
}

/// How it ended, and which laws are broken.
fn play(cell: &Cell) -> (String, Vec<String>, Run) {
    let (world, home) = (World::of(cell.command), Home::new());
    let before = world.now();
    let server = serve(cell, &world);
    let (timeout, max_wait) = if cell.fault == "silent" { ("2s", "6s") } else { ("30s", "40s") };
    let limits = ["-o", "json", "--retries", "1", "--timeout", timeout, "--max-wait", max_wait];
    let run = onapp(&server, cell.args).args(&limits).home(&home).run();
    let mut wrong = truth(cell, &run, &before, &world.now(), &home);
    let posts = server.writes().into_iter().filter(|request| request.method == "POST").count();
    if posts > 1 && cell.place != Place::Undone {
        wrong.push(format!("a POST was sent {posts} times"));
    }
    (outcome(&run), wrong, run)
}

fn is_done(cell: &Cell, before: &State, now: &State) -> bool {
    match cell.command {
        "create" => now.backups.len() > before.backups.len(),
        "restore" | "convert" | "point restore" => now.transactions.len() > before.transactions.len(),
        "point create" => now.points.len() > before.points.len(),
        "delete" => now.backups.len() < before.backups.len(),
        "note" => now.backups[0]["note"] == "changed",
        "policy create" => now.schedules.len() > before.schedules.len(),
        "policy update" => now.schedules[0]["rotation_period"] == 14,
        "policy delete" => now.schedules.is_empty(),
        "autobackup on" => now.schedules[0]["status"] == "enabled",
        _ => now.schedules[0]["status"] == "disabled",
    }
}

/// Whether the server says that the write was carried out, which it was not. An answer without a body cannot be cut off.
fn claims_success(cell: &Cell) -> bool {
    let is_bodiless = ["delete", "note", "policy update", "policy delete"].contains(&cell.command);
    let is_claim = match cell.fault.as_str() {
        "wrong-type" | "bad-utf8" | "deep" | "wrong-shape" | "missing-fields" | "nulls" => true,
        "reset-midway" | "cut-off" => is_bodiless,
        _ => false,
    };
    cell.place == Place::Undone && is_claim
}

fn truth(cell: &Cell, run: &Run, before: &State, now: &State, home: &Home) -> Vec<String> {
    let is_done = is_done(cell, before, now);
    let mut wrong = Vec::new();
    let is_silent = !claims_success(cell);
    if run.code == 0 && !is_done && is_silent {
        wrong.push("reported as done, and it is not".to_owned());
    }
    match (journaled(home).as_deref(), is_done) {
        (Some("done"), false) if is_silent => wrong.push("the journal says that it is done".to_owned()),
        (Some("failed"), true) => wrong.push("the journal says that it failed".to_owned()),
        (None, _) => wrong.push("the journal has no end of it".to_owned()),
        _ => {}
    }
    if run.code == 0 {
        return wrong;
    }
    let error = run.error();
    let changed = error["changed"].as_str().unwrap_or_default().to_owned();
    if changed == "no" && is_done {
        wrong.push("it is done, and `changed` says that it is not".to_owned());
    }
    if changed == "yes" && !is_done && is_silent {
        wrong.push("it is not done, and `changed` says that it is".to_owned());
    }
    if error["retryable"] == true && changed != "no" {
        wrong.push("`retryable`, although it may be done twice then".to_owned());
    }
    let text = error.to_string();
    for (words, is_false) in [
        ("no new backup found", cell.command == "create" && is_done),
        ("no new policy found", cell.command == "policy create" && is_done),
        ("no new recovery point found", cell.command == "point create" && is_done),
        ("found new:", !is_done),
        ("no new transaction found", is_done),
    ] {
        if is_false && text.contains(words) {
            wrong.push(format!("says `{words}`, which is not true"));
        }
    }
    wrong
}

#[test]
fn the_fault_matrix_of_onapp() {
    let cells = cells(TABLE, operations);
    assert!(cells.len() > 250, "the table has {} cells", cells.len());
    let played = side_by_side::play(&cells, waits, play);
    let mut failures = Vec::new();
    for (cell, (actual, wrong, run)) in cells.iter().zip(&played) {
        if !cell.expects(actual) || !wrong.is_empty() {
            failures.push(format!(
                "=== {}: expected {}, is {actual}; {}\n{}",
                cell.name(),
                cell.expected,
                wrong.join("; "),
                run.report()
            ));
        }
    }
    let rows = cells.chunks(WRITES.len()).zip(played.chunks(WRITES.len()));
    let rows = rows.map(|(cells, played)| {
        let words: Vec<&str> = played.iter().map(|(actual, ..)| actual.as_str()).collect();
        format!("{} {} {}", cells[0].fault, format!("{:?}", cells[0].place).to_lowercase(), words.join(" "))
    });
    let actual: Vec<String> = rows.collect();
    assert!(
        failures.is_empty(),
        "{} of {} cells failed\n{}\n--- the table as it is\n{}",
        failures.len(),
        cells.len(),
        failures.join("\n"),
        actual.join("\n")
    );
}

#[test]
fn the_cloud_itself_is_right() {
    // Without a fault every write succeeds: else the matrix would prove nothing.
    for (command, args) in WRITES {
        let (world, home) = (World::of(command), Home::new());
        let inner = world.clone();
        let server = Server::start(move |request| inner.answer(request));
        onapp(&server, args).args(&["-o", "json"]).home(&home).run().ok();
        assert_eq!(journaled(&home).as_deref(), Some("done"), "{command}");
        assert!(world.now() != World::of(command).now(), "{command} changed nothing");
    }
}
