//! Recovery points of an OnApp cloud: taken and restored by a plugin, such as Veeam.
//!
//! Both requests rest on the code of one client. A POST is sent once: the points are listed before and after.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use super::onapp_change::plain;
use super::onapp_wait::{self, Follow};
use super::read_back::{Candidate, find_new};
use super::record::{Intent, Record};
use super::write::Write;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Request;
use crate::journal::{Action, Outcome};
use crate::model::{Backup, Loss, Object, Transaction};
use crate::onapp::{Kind, OnApp};
use crate::text::shell_word;
use crate::time;
use crate::view::TimeFormat;

/// One write.
pub struct PointWrite {
    /// The number of the VM, and its name for messages.
    pub machine: String,
    pub label: String,
    pub change: PointChange,
    /// How long to wait until the cloud has done it; none to return when it is queued.
    pub wait: Option<Duration>,
}

pub enum PointChange {
    /// A new point, made by a resource.
    Create {
        resource: String,
        /// Numbers of the VM's points, as last listed.
        existing: Vec<String>,
    },
    /// The VM goes back to a point.
    Restore(Box<Object<Backup>>),
}

/// Reads the points of a VM.
async fn all_points(api: &OnApp, machine: &str) -> Result<Vec<Object<Backup>>> {
    let listed = api.all_backups(machine, Kind::Points).await?;
    listed.walk.refuse_gap("recovery points")?;
    Ok(listed.rows)
}

/// Reads the numbers of a VM's points.
pub async fn point_ids(api: &OnApp, machine: &str) -> Result<Vec<String>> {
    Ok(all_points(api, machine).await?.into_iter().filter_map(|point| point.model.id).collect())
}

fn id_of(point: &Backup) -> &str {
    point.id.as_deref().unwrap_or("-")
}

fn made_at(point: &Backup) -> String {
    point.created_at.map_or_else(|| "an unknown time".to_owned(), |at| time::rfc3339(at, &jiff::tz::TimeZone::UTC))
}

/// Reads a point again, which must be as it was.
async fn is_unchanged(api: &OnApp, machine: &str, point: &Object<Backup>) -> Result<()> {
    let id = id_of(&point.model);
    let now = api.point(machine, id).await?;
    let state = |point: &Backup| (point.built, point.created_at, point.size_kib.map(f64::to_bits));
    if state(&now.model) == state(&point.model) {
        return Ok(());
    }
    Err(Error::new(Exit::Refused, code::CHANGED, format!("recovery point {id} was changed since it was shown"))
        .hint("nothing was sent; look again and repeat the command"))
}

impl PointWrite {
    fn look(&self) -> String {
        format!("`bpctl transactions list --vm {}` shows what happened", shell_word(&self.machine))
    }

    fn look_at_list(&self) -> String {
        format!("`bpctl backups list --vm {} --kind points` shows what happened", shell_word(&self.machine))
    }

    /// The command that shows a point.
    fn show(&self, id: &str) -> String {
        format!("bpctl backup show {id} --point --vm {}", shell_word(&self.machine), id = shell_word(id))
    }

    async fn create(
        &self,
        cx: &Context,
        api: &OnApp,
        request: &Request,
        existing: &[String],
    ) -> Result<Object<Backup>> {
        let wanted = request.body.clone().unwrap_or_default();
        let target = Some(self.label.as_str());
        let (action, before, look) = (Action::CreatePoint, &Value::Null, self.look_at_list());
        // What kept the cloud busy may have been another recovery point: it is not this one, and not in its way.
        let existing = RefCell::new(existing.to_vec());
        let list_again = async || {
            existing.replace(point_ids(api, &self.machine).await?);
            Ok(())
        };
        let since = onapp_wait::newest(api, Some(&self.machine), list_again).await?;
        let record = Record::begin(cx, &Intent { action, policy: None, target, before, wanted, undoes: None, look });
        let id = match self.created(cx, api, request, &existing, list_again).await {
            Ok(id) => id,
            Err(error) => return Err(record.fail(error)),
        };
        record.note_object(&id);
        cx.tally.accept(&id, &format!("`{}` shows its state", self.show(&id)));
        let ended = async {
            if self.wait.is_some() {
                self.follow(cx, api, &id, since).await?;
            }
            api.point(&self.machine, &id).await.map_err(|error| self.not_verified(&id, &error))
        };
        match ended.await {
            Ok(point) => {
                record.end(Outcome::Done, Some(id), point.raw.clone());
                Ok(point)
            }
            Err(error) => Err(record.fail_with(error, &id)),
        }
    }

    /// Sends it, and finds the number of the new point.
    async fn created(
        &self,
        cx: &Context,
        api: &OnApp,
        request: &Request,
        existing: &RefCell<Vec<String>>,
        list_again: impl AsyncFn() -> Result<()> + Copy,
    ) -> Result<String> {
        let look = self.look_at_list();
        let send = async || api.write(request, async |_| list_again().await).await;
        let sent = onapp_wait::unless_busy(cx, self.wait, list_again, send).await;
        let existing = existing.take();
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) if error.outcome_unknown() => {
                let is_new = |id: &String| !existing.contains(id);
                let seen = match point_ids(api, &self.machine).await {
                    Err(_) => return Err(error.hint(look)),
                    Ok(now) => match now.into_iter().filter(is_new).collect::<Vec<_>>() {
                        new if new.is_empty() => "no new recovery point found".to_owned(),
                        new => format!("found new: recovery point {}", new.join(", ")),
                    },
                };
                let message = format!("{}; checked {}: {seen}", error.message, self.label);
                return Err(Error { message, ..error }.hint(look));
            }
            Err(error) => return Err(error),
        };
        let named = &answer["recovery_point"]["id"];
        let list = async || {
            let points =
                all_points(api, &self.machine).await.map_err(|error| self.not_verified(&self.label, &error))?;
            let candidate =
                |row: Object<Backup>| Some(Candidate { fits: self.is_by_its_resource(&row), id: row.model.id? });
            Ok(points.into_iter().filter_map(candidate).collect())
        };
        match find_new(list, &existing, named).await? {
            Ok(id) => Ok(id),
            Err(new) => {
                let found = if new.is_empty() { "none".to_owned() } else { new.join(", ") };
                let message =
                    format!("the cloud accepted a recovery point of {}; new in its list: {found}", self.label);
                Err(Error::new(Exit::Partly, code::NOT_VERIFIED, message)
                    .detail(json!({"ids": new}))
                    .changed(Changed::Yes)
                    .hint(look))
            }
        }
    }

    /// Whether a new point can be the one that was asked for: one that does not say which resource made it may be.
    fn is_by_its_resource(&self, point: &Object<Backup>) -> bool {
        let made_by = &point.raw["resource_id"];
        match &self.change {
            PointChange::Create { resource, .. } => made_by.is_null() || plain(made_by) == *resource,
            PointChange::Restore(_) => false,
        }
    }

    async fn restore(&self, cx: &Context, api: &OnApp, request: &Request, point: &Object<Backup>) -> Result<()> {
        let id = id_of(&point.model);
        let target = Some(self.label.as_str());
        let intent = Intent {
            action: Action::RestorePoint,
            policy: Some(id),
            target,
            before: &point.raw,
            wanted: Value::Null,
            undoes: None,
            look: self.look(),
        };
        let check = async || is_unchanged(api, &self.machine, point).await;
        let since = onapp_wait::newest(api, Some(&self.machine), check).await?;
        let record = Record::begin(cx, &intent);
        let done = async {
            let send = async || api.write(request, async |_| check().await).await;
            let sent = onapp_wait::unless_busy(cx, self.wait, check, send);
            match sent.await {
                Err(error) if error.outcome_unknown() => {
                    return Err(self.after_lost_answer(api, id, since, error).await);
                }
                sent => drop(sent?),
            }
            cx.tally.accept(id, &self.look());
            match self.wait {
                Some(_) => self.follow(cx, api, id, since).await,
                None => {
                    cx.ui.note(&format!("accepted by the cloud; {}", self.look()));
                    Ok(())
                }
            }
        };
        match done.await {
            Ok(()) => {
                record.end(Outcome::Done, Some(id.to_owned()), point.raw.clone());
                Ok(())
            }
            Err(error) => Err(record.fail_with(error, id)),
        }
    }

    /// Looks what became of a restoration whose answer was lost.
    async fn after_lost_answer(&self, api: &OnApp, id: &str, since: Option<u64>, error: Error) -> Error {
        let found = match since {
            Some(since) => {
                onapp_wait::find_newer(api, Some(&self.machine), since, |one| self.is_its(one, id)).await.ok()
            }
            None => None,
        };
        let seen = match found {
            None => return error.hint(self.look()),
            Some(None) => "no new transaction found".to_owned(),
            Some(Some(transaction)) => {
                let status = transaction.status.as_deref().unwrap_or("of unknown status");
                format!("transaction {} is {status}", transaction.id.as_deref().unwrap_or("-"))
            }
        };
        Error { message: format!("{}; checked {}: {seen}", error.message, self.label), ..error }.hint(self.look())
    }

    async fn follow(&self, cx: &Context, api: &OnApp, id: &str, since: Option<u64>) -> Result<()> {
        let is_created = matches!(self.change, PointChange::Create { .. });
        let (what, show) = (format!("recovery point {id}"), self.show(id));
        let follow = Follow { what: &what, show: &show, id, object_shows_end: is_created };
        if since.is_none() && !is_created {
            return Err(follow.unseen("its transactions cannot be read"));
        }
        let find = async || match since {
            Some(since) => onapp_wait::find_newer(api, Some(&self.machine), since, |one| self.is_its(one, id)).await,
            None => Err(Error::invalid_response("the transactions cannot be read")),
        };
        let is_reached = async || Ok(is_created && api.point(&self.machine, id).await?.model.built == Some(true));
        follow.until_done(cx, api, self.wait.unwrap_or_default(), find, is_reached).await
    }

    /// Whether a transaction is that of this write. The names of its actions are not documented.
    fn is_its(&self, transaction: &Transaction, id: &str) -> bool {
        let action = transaction.action.as_deref().unwrap_or_default();
        let verb = if matches!(self.change, PointChange::Create { .. }) { "take" } else { "restore" };
        let is_named = action.contains("recovery_point") && action.contains(verb);
        transaction.is_about("RecoveryPoint", id) || is_named && transaction.is_about("VirtualMachine", &self.machine)
    }

    fn not_verified(&self, id: &str, error: &Error) -> Error {
        let message = format!("a recovery point was accepted, but reading it back failed: {}", error.message);
        Error { status: error.status, ..Error::new(Exit::Partly, code::NOT_VERIFIED, message) }
            .detail(json!({"id": id, "error": error.to_json()["error"]}))
            .changed(Changed::Yes)
            .hint(self.look())
    }
}

impl Write for PointWrite {
    type Written = Object<Backup>;

    fn label(&self) -> String {
        match &self.change {
            PointChange::Create { .. } => self.label.clone(),
            PointChange::Restore(point) => id_of(&point.model).to_owned(),
        }
    }

    fn request(&self) -> Option<Request> {
        Some(match &self.change {
            PointChange::Create { resource, .. } => OnApp::create_point_request(&self.machine, resource),
            PointChange::Restore(point) => OnApp::restore_point_request(&self.machine, id_of(&point.model)),
        })
    }

    fn before(&self) -> Value {
        match &self.change {
            PointChange::Create { .. } => Value::Null,
            PointChange::Restore(point) => point.raw.clone(),
        }
    }

    fn after(&self) -> Value {
        self.before()
    }

    fn describe(&self, times: &TimeFormat) -> Vec<String> {
        vec![match &self.change {
            PointChange::Create { resource, .. } => {
                format!("new recovery point of {} by resource {resource}", self.label)
            }
            PointChange::Restore(point) => {
                let made =
                    point.model.created_at.map(|at| format!(" of {}", time::in_full(at, times.now, &times.zone)));
                let id = id_of(&point.model);
                format!("restore {} from recovery point {id}{}", self.label, made.unwrap_or_default())
            }
        }]
    }

    fn losses(&self) -> Vec<Loss> {
        match &self.change {
            PointChange::Create { .. } => Vec::new(),
            PointChange::Restore(point) => vec![Loss(format!(
                "{} goes back to {}: what was written since is lost, and the VM may be stopped meanwhile",
                self.label,
                made_at(&point.model)
            ))],
        }
    }

    async fn read_again(&mut self, cx: &Context) -> Result<()> {
        let api = cx.onapp()?;
        match &mut self.change {
            PointChange::Create { existing, .. } => *existing = point_ids(api, &self.machine).await?,
            PointChange::Restore(point) => is_unchanged(api, &self.machine, point).await?,
        }
        Ok(())
    }

    async fn execute(&self, cx: &Context) -> Result<Object<Backup>> {
        let api = cx.onapp()?;
        let request = match self.request() {
            Some(request) => request,
            None => return Err(Error::invalid_response("there is nothing to send")),
        };
        match &self.change {
            PointChange::Create { existing, .. } => self.create(cx, api, &request, existing).await,
            PointChange::Restore(point) => {
                self.restore(cx, api, &request, point).await?;
                Ok((**point).clone())
            }
        }
    }
}
