//! Waiting for an OnApp cloud: its transactions say how far it is and how it ended; where they cannot be read,
//! bpctl polls the backup itself.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::context::Context;
use crate::error::{Changed, Error, Exit, Result, code};
use crate::http::Flow;
use crate::model::Transaction;
use crate::onapp::{OnApp, is_gone};
use crate::text::shell_word;

/// Transactions that are looked through: those of one VM since a moment ago.
const LOOKED_THROUGH: u64 = 50;
/// Pauses between looks; the last is what OnApp's own portal waits (client code).
const PAUSES: [u64; 5] = [1, 2, 4, 8, 15];

/// What takes longer than this may have waited for something.
const SOON: Duration = Duration::from_millis(500);

/// What is waited for.
pub struct Watch<'a> {
    /// The VM whose transactions are read; none for those of the cloud, which only an administrator may read.
    pub machine: Option<&'a str>,
    pub backup: &'a str,
    /// The actions of the transaction.
    pub actions: &'a [&'a str],
    /// The newest transaction before; none where they cannot be read.
    pub since: Option<u64>,
    pub goal: Goal,
}

/// When it is done, by the backup alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It is built.
    Built,
    /// It no longer exists.
    Gone,
    /// Only the transaction says it.
    Complete,
}

/// Finds the newest transaction before a write, where a lost answer or a wait will need it. `check` is asked where that
/// took so long that what was read before may have changed.
///
/// # Errors
/// That of `check`.
pub async fn newest(api: &OnApp, machine: Option<&str>, check: impl AsyncFn() -> Result<()>) -> Result<Option<u64>> {
    let begun = Instant::now();
    let newest = newest_of(api, machine).await;
    if begun.elapsed() >= SOON {
        check().await?;
    }
    Ok(newest)
}

async fn newest_of(api: &OnApp, machine: Option<&str>) -> Option<u64> {
    let mut newest = 0;
    let mut each = |page: Vec<crate::model::Object<Transaction>>| {
        newest = page.iter().map(|row| row.model.number()).max().unwrap_or(0).max(newest);
        Ok(Flow::More)
    };
    api.transactions(machine, LOOKED_THROUGH, &mut each).await.ok()?;
    Some(newest)
}

/// Finds the transaction of a write.
pub async fn find(api: &OnApp, watch: &Watch<'_>) -> Result<Option<Transaction>> {
    let since = watch.since.ok_or_else(|| Error::invalid_response("the transactions cannot be read"))?;
    find_newer(api, watch.machine, since, |transaction| {
        let has_action = transaction.action.as_deref().is_some_and(|action| watch.actions.contains(&action));
        has_action && transaction.is_about("Backup", watch.backup)
    })
    .await
}

/// Finds the newest transaction that is newer than `since`, and is `wanted`.
pub async fn find_newer(
    api: &OnApp,
    machine: Option<&str>,
    since: u64,
    wanted: impl Fn(&Transaction) -> bool,
) -> Result<Option<Transaction>> {
    let mut found = None;
    let mut each = |page: Vec<crate::model::Object<Transaction>>| {
        found = page.into_iter().map(|row| row.model).find(|one| one.number() > since && wanted(one));
        Ok(Flow::Enough)
    };
    api.transactions(machine, LOOKED_THROUGH, &mut each).await?;
    Ok(found)
}

/// Waits until the cloud has done what was asked for.
pub async fn wait(cx: &Context, api: &OnApp, watch: &Watch<'_>, limit: Duration) -> Result<()> {
    let what = format!("backup {}", watch.backup);
    let show = format!("bpctl backup show {}", shell_word(watch.backup));
    let object_shows_end = watch.goal != Goal::Complete;
    let follow = Follow { what: &what, show: &show, id: watch.backup, object_shows_end };
    if !object_shows_end && watch.since.is_none() {
        return Err(follow.unseen("its transactions cannot be read"));
    }
    follow.until_done(cx, api, limit, async || find(api, watch).await, async || is_reached(api, watch).await).await
}

/// Something that the cloud is to do, and how its progress is seen.
pub struct Follow<'a> {
    /// What it is about, for messages.
    pub what: &'a str,
    /// The command that shows it.
    pub show: &'a str,
    pub id: &'a str,
    /// Whether the object shows when it is done; else only the transaction does.
    pub object_shows_end: bool,
}

impl Follow<'_> {
    /// Looks until it is done: at its transaction, and where that cannot be read at the object.
    ///
    /// # Errors
    /// It failed; `still_pending` when the time is over; `not_verified` when nothing shows how it ended.
    pub async fn until_done(
        &self,
        cx: &Context,
        api: &OnApp,
        limit: Duration,
        find: impl AsyncFn() -> Result<Option<Transaction>>,
        is_reached: impl AsyncFn() -> Result<bool>,
    ) -> Result<()> {
        // The time for waiting is another than that for requests.
        api.http().extend(limit);
        let _bar = cx.ui.progress("waiting for the cloud");
        let begun = Instant::now();
        let mut said = String::new();
        let mut last: Option<String> = None;
        let mut is_blind = false;
        for pause in PAUSES.into_iter().chain(std::iter::repeat(15)) {
            let mut seen = find().await;
            if let (Ok(None), Some(id)) = (&seen, &last) {
                // Newer ones have pushed it out of the list, or it was purged.
                seen = self.by_number(api, id).await?;
            }
            is_blind = seen.is_err() && !self.object_shows_end;
            if let Ok(Some(transaction)) = seen {
                if is_ended(&transaction, api).await? {
                    return Ok(());
                }
                let words = progress(&transaction);
                if words != said {
                    cx.ui.note(&words);
                    said = words;
                }
                last = transaction.id;
            } else if is_reached().await? {
                return Ok(());
            }
            let left = limit.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            tokio::time::sleep(left.min(Duration::from_secs(pause))).await;
        }
        if is_blind {
            return Err(self.unseen("its transactions cannot be read"));
        }
        Err(self.still_pending(last.as_deref(), limit))
    }

    /// Reads a transaction that the list no longer has.
    async fn by_number(&self, api: &OnApp, id: &str) -> Result<Result<Option<Transaction>>> {
        match api.transaction(id, false).await {
            Ok(read) => Ok(Ok(Some(read.model))),
            Err(error) if is_gone(&error) && self.object_shows_end => Ok(Ok(None)),
            Err(error) if is_gone(&error) => Err(self.unseen(&format!("transaction {id} no longer exists"))),
            Err(error) => Ok(Err(error)),
        }
    }

    /// The error of work that was accepted, and whose end nothing shows.
    pub fn unseen(&self, why: &str) -> Error {
        let message = format!("the cloud accepted it, but {why}: how it ended is unknown ({})", self.what);
        Error::new(Exit::Partly, code::NOT_VERIFIED, message)
            .detail(json!({"id": self.id}))
            .changed(Changed::Yes)
            .hint(format!("`{}` shows its state", self.show))
    }

    fn still_pending(&self, transaction: Option<&str>, limit: Duration) -> Error {
        let message = format!("the cloud is still working on {} after {} s", self.what, limit.as_secs());
        let look = match transaction {
            Some(id) => format!("`bpctl transaction show {id}` shows how far it is", id = shell_word(id)),
            None => format!("`{}` shows how far it is", self.show),
        };
        Error::new(Exit::Pending, code::STILL_PENDING, message)
            .detail(json!({"id": self.id, "transaction": transaction}))
            .changed(Changed::Yes)
            .hint(look)
    }
}

/// Whether a transaction ended well.
async fn is_ended(transaction: &Transaction, api: &OnApp) -> Result<bool> {
    let id = transaction.id.as_deref().unwrap_or("-");
    match transaction.status.as_deref() {
        Some("complete") => Ok(true),
        Some(status @ ("failed" | "cancelled")) => {
            let read = api.transaction(id, true).await;
            let words = read.as_ref().ok().and_then(|read| read.model.last_words()).map(|words| format!(": {words}"));
            let action = transaction.action.as_deref().unwrap_or("transaction");
            let message = format!("{action} {status} (transaction {id}){}", words.unwrap_or_default());
            let detail = json!({"transaction": {"id": id, "action": action, "status": status}});
            Err(Error::new(Exit::Failure, code::TRANSACTION_FAILED, message)
                .detail(detail)
                .changed(Changed::Maybe)
                .hint(format!("`bpctl transaction show {id} --log` shows its log", id = shell_word(id))))
        }
        _ => Ok(false),
    }
}

async fn is_reached(api: &OnApp, watch: &Watch<'_>) -> Result<bool> {
    match (api.backup(watch.backup).await, watch.goal) {
        (Ok(backup), Goal::Built) => Ok(backup.model.built == Some(true)),
        (Ok(_), Goal::Gone | Goal::Complete) => Ok(false),
        (Err(error), Goal::Gone) if is_gone(&error) => Ok(true),
        (Err(error), _) => Err(error.changed(Changed::Yes)),
    }
}

fn progress(transaction: &Transaction) -> String {
    let id = transaction.id.as_deref().unwrap_or("-");
    let (action, status) = (transaction.action.as_deref().unwrap_or("-"), transaction.status.as_deref().unwrap_or("-"));
    let behind =
        transaction.waits_for.as_ref().map_or_else(String::new, |other| format!(", after transaction {other}"));
    format!("{action}: {status} (transaction {id}{behind})")
}

/// Sends a write again while the cloud says that it is busy, which means that nothing was done, within the time to wait.
/// `check` is asked each time before it is sent again.
pub async fn unless_busy<T>(
    cx: &Context,
    wait: Option<Duration>,
    check: impl AsyncFn() -> Result<()>,
    send: impl AsyncFn() -> Result<T>,
) -> Result<T> {
    let begun = Instant::now();
    let limit = wait.unwrap_or_default();
    let mut has_said = false;
    for pause in PAUSES.into_iter().chain(std::iter::repeat(15)) {
        let round = Instant::now();
        let sent = send().await;
        let left = limit.saturating_sub(begun.elapsed());
        match sent {
            Err(error) if error.code == code::BUSY && error.changed == Changed::No && !left.is_zero() => {
                if !std::mem::replace(&mut has_said, true) {
                    cx.ui.note("the cloud is busy with this VM; waiting");
                }
                // The command's time does not run meanwhile.
                let extend = |by| cx.http_in_use().into_iter().for_each(|http| http.extend(by));
                extend(round.elapsed() + Duration::from_secs(pause));
                tokio::time::sleep(left.min(Duration::from_secs(pause))).await;
                let checking = Instant::now();
                check().await?;
                extend(checking.elapsed());
            }
            Err(error) if error.code == code::BUSY && error.changed == Changed::No && wait.is_none() => {
                return Err(error.hint("add `--wait` to wait for it"));
            }
            Err(error) if error.code == code::BUSY && error.changed == Changed::No => {
                return Err(error.hint("the cloud stayed busy with this VM for the whole wait; nothing was done"));
            }
            sent => return sent,
        }
    }
    Err(Error::new(Exit::Refused, code::BUSY, "the cloud is busy"))
}
