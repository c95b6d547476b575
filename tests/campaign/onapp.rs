//! OnApp: the simulator behind it, and what the laws need to know of it.

mod cloud;
mod command;
mod request;

use std::collections::BTreeSet;

use fastrand::Rng;
use serde_json::Value;

use crate::fault::Fault;
use crate::harness::{Bpctl, Home, Run, TOKEN, bare};
use crate::laws::Case;
use crate::onapp_cloud::Cloud as Simulator;
use crate::provider::{Command, Kind, Provider, Sent, plain};
use crate::server::{Answer, Request};
pub use cloud::OnApp;
pub use command::{Deed, Intent};

impl Provider for OnApp {
    type Deed = Deed;
    type Intent = Intent;
    const MORE_READ_FAULTS: &'static [Fault] = &[Fault::EmptyOk];
    const WRITE_FAULTS: &'static [Fault] = &[
        Fault::Lost,
        Fault::Lost,
        Fault::Dropped,
        Fault::CutOff,
        Fault::PageAfter,
        Fault::PageInstead,
        Fault::RuntimeErrorAfter,
        Fault::Unavailable,
        Fault::RateLimited,
        Fault::Busy,
        Fault::Forbidden,
        Fault::PageOk,
        Fault::PageOkAfter,
        Fault::EmptyOk,
        Fault::EmptyOkAfter,
        Fault::Other,
    ];
    const SENDS_POSTS_ONCE: bool = true;

    fn authority(&self) -> &str {
        &self.authority
    }

    fn ids(&self) -> BTreeSet<String> {
        self.list_ids()
    }

    fn object(&self, id: &str) -> Value {
        self.still(id)
    }

    fn asked(&self, request: &Request) -> Option<String> {
        self.line(request).object()
    }

    fn kind(&self, request: &Request) -> Kind {
        self.line(request).kind()
    }

    fn body(&self, request: &Request) -> Value {
        String::from_utf8_lossy(&request.body).into_owned().into()
    }

    fn is_double(&self, request: &Request) -> bool {
        let line = self.line(request);
        let Some(owner) = line.owner().filter(|_| line.kind() == Kind::Create) else { return false };
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let schedules = self.still(&owner);
        schedules.as_array().into_iter().flatten().any(|one| text.contains(one["period"].as_str().unwrap_or("-")))
    }

    fn related(&self, id: &str) -> Vec<String> {
        self.relatives(id)
    }

    fn act(&self, deed: &Deed) -> Vec<String> {
        self.act_as_another(deed)
    }

    fn right_answer(&self, request: &Request, status: u16, body: Vec<u8>) -> Answer {
        Answer::raw(status, if request::is_xml(request) { "application/xml" } else { "application/json" }, body)
    }

    /// In JSON, so that what others make meanwhile is seen.
    fn without(&self, request: &Request, made: &[String], body: &[u8]) -> Option<Vec<u8>> {
        let mut all: Value = serde_json::from_slice(body).ok()?;
        let kind = self.line(request).lists()?;
        let is_hidden = |one: &Value| {
            let id = one.as_object().and_then(|whole| whole.values().next()).map(|one| format!("{kind}/{}", one["id"]));
            id.is_some_and(|id| made.contains(&id))
        };
        all.as_array_mut()?.retain(|one| !is_hidden(one));
        Some(all.to_string().into_bytes())
    }

    fn spoilt_answer(&self, fault: Fault, request: &Request) -> Answer {
        match fault {
            Fault::RuntimeErrorAfter => request::refusal(request, 500, "Internal Server Error"),
            Fault::Unavailable => request::refusal(request, 503, "Service Unavailable"),
            Fault::RateLimited => request::refusal(request, 429, "Too many requests").header("Retry-After", "1"),
            Fault::Forbidden => request::refusal(request, 403, "You do not have permissions for this action"),
            Fault::Busy => {
                request::refusal(request, 422, "Please wait while the virtual machine's transactions will be finished.")
            }
            Fault::Other => {
                let (status, body) = self.another(request);
                self.right_answer(request, status, body)
            }
            other => panic!("not a fault of OnApp: {other:?}"),
        }
    }

    fn bpctl(&self, args: &[&str], server: &str, home: &Home) -> Bpctl {
        let url = format!("{server}{}", self.prefix);
        let bpctl = bare(args).home(home);
        if self.is_xml {
            let file = format!(
                "default_profile = \"c\"\n[profiles.c]\nprovider = \"onapp\"\napi_url = \"{url}\"\nuser = \"{}\"\n\
                 token = \"{TOKEN}\"\nwire = \"xml\"\n",
                self.user()
            );
            return bpctl.env("BPCTL_CONFIG", home.file("campaign.toml", &file).display().to_string());
        }
        bpctl
            .env("BPCTL_PROVIDER", "onapp")
            .env("BPCTL_API_URL", url)
            .env("BPCTL_USER", self.user())
            .env("BPCTL_TOKEN", TOKEN)
    }

    fn command(&self, rng: &mut Rng, ids: &[String], files: [Option<&str>; 2]) -> Command<Intent> {
        command::random(self, rng, ids, files)
    }

    fn rival(&self, rng: &mut Rng, command: &Command<Intent>) -> Option<Deed> {
        command::rival(rng, &command.intent)
    }

    fn crossing(&self, rng: &mut Rng, ids: &[String]) -> Option<[Command<Intent>; 2]> {
        command::crossing(self, rng, ids)
    }

    fn deed(&self, rng: &mut Rng, ids: &[String]) -> Deed {
        command::deed(rng, ids)
    }

    fn weakens(one: &Sent) -> bool {
        let is_enabled = |schedule: &Value| schedule["status"] == "enabled";
        let all = one.before.as_array().map_or(&[][..], Vec::as_slice);
        match one.kind {
            Kind::Delete | Kind::DeleteBackup | Kind::RestoreBackup | Kind::ConvertBackup | Kind::RestorePoint => true,
            Kind::DisableAutobackup => all.iter().any(is_enabled),
            Kind::Update => {
                let (before, after) = (&one.before, &one.after);
                let kept = |schedule: &Value| schedule["rotation_period"].as_i64().unwrap_or(1);
                let is_of_disk = before["target_type"] == "Disk";
                let [old, new] = [before, after].map(hours);
                let keeps_less = !is_of_disk && kept(after) < kept(before);
                is_enabled(before) && (!is_enabled(after) || keeps_less || new > old)
            }
            _ => false,
        }
    }

    fn touched(kind: Kind, object: &Value) -> Value {
        if kind == Kind::NoteBackup { object["note"].clone() } else { object.clone() }
    }

    fn success(case: &Case<Self>) -> Vec<String> {
        let run = case.run.map(Run::json).unwrap_or_default();
        let shown = run.as_array().map_or_else(|| vec![run.clone()], Clone::clone);
        let own = || shown.iter().flat_map(|one| case.is_own(one)).collect::<Vec<String>>();
        match &case.command.intent {
            Intent::Look | Intent::Bulk { .. } | Intent::Undo | Intent::Apply { .. } => Vec::new(),
            Intent::Update { ids, fields } => {
                let is_so = |now: &Value| fields.iter().all(|(name, value)| now[*name] == *value);
                case.each(ids, &is_so)
            }
            Intent::SetEnabled { ids, is_on } => {
                let status = if *is_on { "enabled" } else { "disabled" };
                case.each(ids, &|now| (now["status"] == "enabled") == (status == "enabled"))
            }
            Intent::Delete { ids } => case.each(ids, &Value::is_null),
            Intent::Create { owner, period, .. } => {
                let mut broken = own();
                let id = format!("schedule/{}", shown[0]["id"]);
                let is_so = |now: &Value| now["period"] == *period && owner.ends_with(&now["target_id"].to_string());
                broken.extend(case.each(&[id], &is_so));
                broken
            }
            Intent::Note { id, text } => {
                case.each(std::slice::from_ref(id), &|now| now["note"].as_str().unwrap_or_default() == text)
            }
            Intent::DeleteBackups { ids, waits } => {
                let is_accepted = |id: &&String| {
                    let sent = case.sent.unwrap_or_default();
                    !waits && sent.iter().any(|one| one.is_accepted && one.object.as_ref() == Some(id))
                };
                let ids: Vec<String> = ids.iter().filter(|id| !is_accepted(id)).cloned().collect();
                case.each(&ids, &|now| now.is_null() || now["marked_for_delete"] == true)
            }
            Intent::CreateBackup { waits, .. } => {
                let mut broken = own();
                let id = |one: &Value| one["id"].to_string();
                let unbuilt = shown.iter().filter(|one| *waits && case.provider.backup(&id(one))["built"] != true);
                broken.extend(unbuilt.map(|one| format!("exit code 0, and backup {} is not built", one["id"])));
                broken
            }
            Intent::CreatePoint => own(),
            Intent::Restore { id, waits, .. } | Intent::Convert { id, waits } => {
                let is_its =
                    |one: &&Sent| (one.is_done || one.is_accepted && !waits) && one.object.as_ref() == Some(id);
                if case.sent.is_some_and(|sent| !sent.iter().any(|one| is_its(&one))) {
                    return vec![format!("exit code 0, and nothing was done with {id}")];
                }
                let verb = if matches!(case.command.intent, Intent::Convert { .. }) { "convert" } else { "restore" };
                let status = case.provider.newest_status(verb, plain(id));
                if *waits && status != "complete" {
                    return vec![format!("exit code 0 with --wait, and the transaction of {id} is {status}")];
                }
                Vec::new()
            }
            Intent::Autobackup { owner, is_on } => case.each(std::slice::from_ref(owner), &|now| {
                let all = now.as_array().map_or(&[][..], Vec::as_slice);
                (!is_on || !all.is_empty()) && all.iter().all(|one| (one["status"] == "enabled") == *is_on)
            }),
        }
    }

    fn out_of_scope(case: &Case<Self>, sent: &Sent) -> bool {
        let names = |ids: &[String]| sent.object.as_ref().is_some_and(|id| ids.contains(id));
        let is_below = |owner: &String| sent.line.contains(&format!("/{}/", plain(owner)));
        match &case.command.intent {
            Intent::Look => true,
            Intent::Update { ids, .. } | Intent::SetEnabled { ids, .. } => sent.kind != Kind::Update || !names(ids),
            Intent::Delete { ids } => sent.kind != Kind::Delete || !names(ids),
            Intent::Bulk { glob, kind } => {
                let owners = OnApp::owners_like(glob);
                let owner = sent.object.as_ref().and_then(|id| case.provider.relatives(id).pop());
                sent.kind != *kind || !owner.is_some_and(|owner| owners.contains(&owner))
            }
            Intent::Create { owner, .. } => sent.kind != Kind::Create || !is_below(owner),
            Intent::Note { id, .. } => sent.kind != Kind::NoteBackup || !names(std::slice::from_ref(id)),
            Intent::DeleteBackups { ids, .. } => sent.kind != Kind::DeleteBackup || !names(ids),
            Intent::CreateBackup { owner, .. } => {
                let disks = OnApp::disks_of(owner);
                sent.kind != Kind::CreateBackup || !is_below(owner) && !disks.iter().any(is_below)
            }
            Intent::CreatePoint => sent.kind != Kind::CreatePoint,
            Intent::Restore { id, is_first, .. } => match sent.kind {
                Kind::RestoreBackup | Kind::RestorePoint => !names(std::slice::from_ref(id)),
                Kind::CreateBackup | Kind::CreatePoint => !is_first,
                _ => true,
            },
            Intent::Convert { id, .. } => sent.kind != Kind::ConvertBackup || !names(std::slice::from_ref(id)),
            Intent::Autobackup { owner, is_on } => {
                let kind = if *is_on { Kind::EnableAutobackup } else { Kind::DisableAutobackup };
                sent.kind != kind || !names(std::slice::from_ref(owner))
            }
            // Nothing undoes a backup, a restoration or what was switched.
            Intent::Undo => !matches!(sent.kind, Kind::Update | Kind::Delete | Kind::Create | Kind::NoteBackup),
            Intent::Apply { prunes } => match sent.kind {
                Kind::Update | Kind::Create => false,
                Kind::Delete => !prunes,
                _ => true,
            },
        }
    }

    fn should_succeed(case: &Case<Self>) -> bool {
        if case.provider.is_limited {
            return false;
        }
        let was_there = |id: &String| case.before(id).is_none_or(Value::is_object);
        // One that is being taken or going has its own rules.
        let is_at_rest = |id: &String| case.before(id).is_none() && !["backup/5702", "backup/5733"].contains(&&**id);
        match &case.command.intent {
            Intent::Update { ids, .. } | Intent::SetEnabled { ids, .. } | Intent::Delete { ids } => {
                ids.iter().all(was_there)
            }
            Intent::Note { id, .. } => is_at_rest(id),
            Intent::DeleteBackups { ids, waits } => !waits && ids.iter().all(is_at_rest),
            Intent::CreateBackup { owner, waits } => owner.starts_with("disk/") && !waits,
            Intent::Create { .. } => case.command.allows_double,
            Intent::Autobackup { .. } => true,
            _ => false,
        }
    }
}

/// Hours between two backups.
fn hours(schedule: &Value) -> i64 {
    let hours = match schedule["period"].as_str() {
        Some("days") => 24,
        Some("weeks") => 7 * 24,
        Some("months") => 30 * 24,
        _ => 365 * 24,
    };
    hours * schedule["duration"].as_i64().unwrap_or(1)
}

impl OnApp {
    /// Starts a cloud of a kind, a wire format, a kind of users and failing transactions as drawn; says which.
    pub fn start(rng: &mut Rng) -> (Self, Simulator, String) {
        let modes = [&[][..], &[], &["parent-replies"], &["empty-replies"], &["old-replies"], &["normal-only"]];
        let fates = [
            "",
            "",
            "",
            "take_incremental_backup:failed:1",
            "take_backup:failed:1",
            "restore_incremental_backup:failed:1",
            "convert_backup:failed:1",
            "restore_backup:stuck:1",
        ];
        let (mode, fate) = (modes[rng.usize(..modes.len())], fates[rng.usize(..fates.len())]);
        let (is_xml, is_limited) = (rng.u8(..3) == 0, rng.u8(..8) == 0);
        let mut args: Vec<&str> = vec!["--rate-limit", "1000000"];
        args.extend(mode.iter().flat_map(|mode| ["--onapp", mode]));
        if !fate.is_empty() {
            args.extend(["--fail", fate]);
        }
        let simulator = Simulator::serve(&args);
        let words = [if is_xml { "xml" } else { "json" }, if is_limited { "limited" } else { "administrator" }];
        let words = format!("onapp {} {}", words.join(" "), args.join(" "));
        let is_normal_only = mode.contains(&"normal-only");
        (Self { is_xml, is_limited, is_normal_only, ..Self::new(&simulator) }, simulator, words)
    }
}
