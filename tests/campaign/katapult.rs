//! Katapult: the simulator behind it, and what the laws need to know of it.

mod command;

use std::collections::BTreeSet;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::harness::{Bpctl, Home, TOKEN, bare};
use crate::laws::Case;
use crate::provider::{Command, Kind, Provider, Sent};
use crate::server::{Answer, Request};
use crate::simulator::{Api, Simulator, serve};
pub use command::Intent;

/// The truth of Katapult.
pub struct Katapult {
    api: Api,
}

/// What another user does.
#[derive(Clone, Debug)]
pub enum Deed {
    SetRetention(String, i64),
    Delete(String),
    ScheduleDelete(String, i64),
    Restore(String),
}

impl Katapult {
    pub fn start(home: &Home) -> (Self, Simulator) {
        let simulator = serve(home, &["--ephemeral", "--rate-limit", "1000000"]);
        (Self { api: simulator.api.clone() }, simulator)
    }
}

/// Hours between two backups.
fn period(interval: &Value, frequency: &Value) -> i64 {
    let hours = match interval.as_str() {
        Some("hourly") => 1,
        Some("daily") => 24,
        Some("weekly") => 7 * 24,
        _ => 30 * 24,
    };
    hours * frequency.as_i64().unwrap_or(1)
}

/// The header by which an error is known to be the API's.
fn schema(status: u16) -> &'static str {
    if status < 400 { "json" } else { "json-error" }
}

impl Provider for Katapult {
    type Deed = Deed;
    type Intent = Intent;
    const MORE_READ_FAULTS: &'static [Fault] = &[];
    const WRITE_FAULTS: &'static [Fault] = &[
        Fault::Lost,
        Fault::Dropped,
        Fault::CutOff,
        Fault::PageAfter,
        Fault::PageInstead,
        Fault::RuntimeErrorAfter,
        Fault::Unavailable,
        Fault::RateLimited,
        Fault::Forbidden,
        Fault::PageOk,
        Fault::PageOkAfter,
        Fault::Other,
    ];
    const SENDS_POSTS_ONCE: bool = false;

    fn authority(&self) -> &str {
        &self.api.authority
    }

    fn ids(&self) -> BTreeSet<String> {
        self.api.ids().into_iter().collect()
    }

    fn object(&self, id: &str) -> Value {
        let Some(mut policy) = self.api.policy(id) else { return Value::Null };
        policy["schedule"]["next_invocation_at"] = Value::Null;
        policy
    }

    fn asked(&self, request: &Request) -> Option<String> {
        if !request.is_write() {
            return request.query("disk_backup_policy[id]");
        }
        let body = request.json();
        let id = body["disk_backup_policy"]["id"].as_str().or_else(|| body["trash_object"]["object_id"].as_str());
        id.map(str::to_owned)
    }

    fn kind(&self, request: &Request) -> Kind {
        match (request.method.as_str(), request.path()) {
            ("PATCH", _) => Kind::Update,
            ("DELETE", path) if path.ends_with("/schedule") => Kind::ScheduleDelete,
            ("DELETE", _) => Kind::Delete,
            (_, path) if path.ends_with("/restore") => Kind::Restore,
            _ => Kind::Create,
        }
    }

    fn body(&self, request: &Request) -> Value {
        request.json()
    }

    fn is_double(&self, request: &Request) -> bool {
        if self.kind(request) != Kind::Create {
            return false;
        }
        let (path, create) = (request.path(), request.json());
        let owner = if path.contains("/disks/") { "disk" } else { "virtual_machine" };
        let Some((key, value)) = create[owner].as_object().and_then(|lookup| lookup.iter().next()) else {
            return false;
        };
        let path = path.strip_prefix(&self.api.base).unwrap_or(path);
        let path = format!("{path}?{owner}%5B{key}%5D={}&per_page=200", value.as_str().unwrap_or_default());
        let (_, body) = self.api.raw("GET", &path, &Value::Null);
        let policies = body["disk_backup_policies"].as_array().cloned().unwrap_or_default();
        let interval = &create["properties"]["schedule"]["interval"];
        policies.iter().any(|policy| policy["schedule"]["interval"] == *interval)
    }

    fn related(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn act(&self, deed: &Deed) -> Vec<String> {
        let policy = |id: &str| json!({"disk_backup_policy": {"id": id}});
        let (id, method, path, body) = match deed {
            Deed::SetRetention(id, retention) => {
                let mut body = policy(id);
                body["properties"] = json!({"retention": retention});
                (id, "PATCH", "/disk_backup_policies/disk_backup_policy", body)
            }
            Deed::Delete(id) => (id, "DELETE", "/disk_backup_policies/disk_backup_policy", policy(id)),
            Deed::ScheduleDelete(id, at) => {
                let mut body = policy(id);
                body["timestamp"] = json!(at);
                (id, "DELETE", "/disk_backup_policies/disk_backup_policy/schedule", body)
            }
            Deed::Restore(id) => {
                (id, "POST", "/trash_objects/trash_object/restore", json!({"trash_object": {"object_id": id}}))
            }
        };
        let before = self.object(id);
        self.api.raw(method, path, &body);
        if self.object(id) == before { Vec::new() } else { vec![id.clone()] }
    }

    fn right_answer(&self, _: &Request, status: u16, body: Vec<u8>) -> Answer {
        Answer::raw(status, "application/json", body).header("X-Api-Schema", schema(status))
    }

    fn without(&self, _: &Request, _: &[String], _: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn spoilt_answer(&self, fault: Fault, request: &Request) -> Answer {
        match fault {
            Fault::RuntimeErrorAfter => Answer::error(400, "generic_runtime_error"),
            Fault::Unavailable => Answer::error(503, "service_unavailable"),
            Fault::RateLimited => Answer::error(429, "rate_limit_reached").header("Retry-After", "1"),
            Fault::Forbidden => Answer::error(403, "permission_denied"),
            Fault::Other => {
                let asked = self.asked(request);
                let ids = self.api.ids();
                let other = ids.iter().find(|id| Some(*id) != asked.as_ref()).and_then(|id| self.api.policy(id));
                Answer::json(200, &json!({"disk_backup_policy": other}))
            }
            other => panic!("not a fault of Katapult: {other:?}"),
        }
    }

    fn bpctl(&self, args: &[&str], server: &str, home: &Home) -> Bpctl {
        let url = format!("{server}{}", self.api.base);
        bare(args).env("BPCTL_TOKEN", TOKEN).env("BPCTL_API_URL", url).home(home)
    }

    fn command(&self, rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> Command<Intent> {
        command::random(rng, ids, files)
    }

    fn rival(&self, rng: &mut Rng, command: &Command<Intent>) -> Option<Deed> {
        command::rival(rng, &command.intent)
    }

    fn crossing(&self, rng: &mut Rng, ids: &[String]) -> Option<[Command<Intent>; 2]> {
        let id = rng.choice(ids)?.clone();
        Some(command::crossing(rng, &id))
    }

    fn deed(&self, rng: &mut Rng, ids: &[String]) -> Deed {
        command::deed(rng, ids)
    }

    fn weakens(one: &Sent) -> bool {
        match one.kind {
            Kind::Update => {
                let (wanted, before) = (&one.body["properties"], &one.before);
                let field = |name: &str| wanted["schedule"].get(name).unwrap_or(&before["schedule"][name]).clone();
                let old_kept = before["retention"].as_i64().unwrap_or(0);
                let new_kept = wanted["retention"].as_i64().unwrap_or(old_kept);
                let old = period(&before["schedule"]["interval"], &before["schedule"]["frequency"]);
                let new = period(&field("interval"), &field("frequency"));
                // A month has no length of its own: only what is clearly less counts.
                new_kept < old_kept || new > old || new_kept * new * 100 < old_kept * old * 95
            }
            kind => matches!(kind, Kind::Delete | Kind::ScheduleDelete),
        }
    }

    /// An update leaves a pending deletion as it is, and a pending deletion all the rest.
    fn touched(kind: Kind, policy: &Value) -> Value {
        let mut policy = policy.clone();
        match kind {
            Kind::ScheduleDelete => return policy["auto_move_to_trash_at"].take(),
            Kind::Update => policy["auto_move_to_trash_at"] = Value::Null,
            _ => {}
        }
        policy
    }

    fn success(case: &Case<Self>) -> Vec<String> {
        match &case.command.intent {
            Intent::Update { ids, fields } => case.each(ids, &|now| {
                fields.iter().all(|(name, value)| {
                    if *name == "retention" { now[name] == *value } else { now["schedule"][name] == *value }
                })
            }),
            Intent::ScheduleDelete { ids, at } => case.each(ids, &|now| now["auto_move_to_trash_at"] == *at),
            Intent::Delete { ids } => case.each(ids, &Value::is_null),
            Intent::Restore { ids } => case.each(ids, &Value::is_object),
            Intent::Create { retention, interval } => {
                let shown = case.run.map(crate::harness::Run::json).unwrap_or_default();
                let mut broken = case.is_own(&shown);
                if shown["retention"] != *retention || shown["schedule"]["interval"] != *interval {
                    broken.push(format!("exit code 0, and the new policy is another: {shown}"));
                }
                broken
            }
            Intent::Look | Intent::Bulk | Intent::Undo | Intent::Apply => Vec::new(),
        }
    }

    fn out_of_scope(case: &Case<Self>, sent: &Sent) -> bool {
        let names = |ids: &[String]| sent.object.as_ref().is_some_and(|id| ids.contains(id));
        match &case.command.intent {
            Intent::Look => true,
            Intent::Update { ids, .. } => sent.kind != Kind::Update || !names(ids),
            Intent::Bulk => sent.kind != Kind::Update,
            Intent::Create { .. } => sent.kind != Kind::Create,
            Intent::ScheduleDelete { ids, .. } => sent.kind != Kind::ScheduleDelete || !names(ids),
            Intent::Delete { ids } => sent.kind != Kind::Delete || !names(ids),
            Intent::Restore { ids } => sent.kind != Kind::Restore || !names(ids),
            Intent::Undo => false,
            Intent::Apply => sent.kind == Kind::Restore,
        }
    }

    fn should_succeed(case: &Case<Self>) -> bool {
        let was_live = |id: &String| case.before(id).is_none_or(Value::is_object);
        match &case.command.intent {
            Intent::Update { ids, .. } | Intent::Delete { ids } | Intent::ScheduleDelete { ids, .. } => {
                ids.iter().all(was_live)
            }
            Intent::Restore { ids } => ids.iter().all(|id| case.before(id).is_some_and(Value::is_null)),
            Intent::Create { .. } => case.command.allows_double,
            Intent::Look | Intent::Bulk | Intent::Undo | Intent::Apply => false,
        }
    }
}
