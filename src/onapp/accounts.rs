//! Accounts: whose the credentials are, what they may use, and what their backups cost. All of it is known from the code
//! of clients alone.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::client::{OnApp, PageCount, rows, segment, unwrap};
use super::convert;
use super::reads::same_id;
use crate::error::{Error, Exit, Result, code};
use crate::http::{Flow, Walk};
use crate::model::{Account, BackupCosts, BackupLimit, Machine, Object};

/// From when to when costs are summed up, as the API writes it: `2026-11-01 00:00`, in UTC.
pub struct CostPeriod {
    pub start: String,
    pub end: String,
}

/// The limits of a bucket.
pub struct Limits {
    pub rows: Vec<Object<BackupLimit>>,
    /// What the pages said of them.
    pub walk: Walk,
    /// Why the prices are missing: they may be closed to a user who reads the limits.
    pub prices: Result<()>,
}

impl OnApp {
    /// Reads whose credentials these are. Where the cloud has no such page (404), it is the owner of the VMs.
    ///
    /// # Errors
    /// The API's. `not_found` where it cannot be said: no page, and no VM; `not_offered` where the VMs have several owners:
    /// an administrator sees those of others.
    pub async fn own_account(&self) -> Result<Account> {
        match self.one("/profile", "user", convert::account).await {
            Ok(read) => Ok(read.model),
            Err(error) if error.status == Some(404) => {
                let mut owners = BTreeSet::new();
                let mut take = |page: Vec<Object<Machine>>| {
                    owners.extend(page.iter().filter_map(|machine| convert::word(&machine.raw, "user_id")));
                    Ok(if owners.len() > 1 { Flow::Enough } else { Flow::More })
                };
                self.machines(&mut take).await?.refuse_gap("VMs")?;
                if owners.len() > 1 {
                    let message = "not offered: the cloud does not say whose credentials these are";
                    return Err(Error::new(Exit::Usage, code::NOT_OFFERED, message)
                        .hint("these credentials list the VMs of several users: name one with `--user ID`"));
                }
                self.account(&owners.pop_first().ok_or(error)?).await
            }
            Err(error) => Err(error),
        }
    }

    /// Reads an account by its number. Only an administrator may read those of others.
    pub async fn account(&self, id: &str) -> Result<Account> {
        let read = self.one(&format!("/users/{}", segment(id)), "user", convert::account).await;
        let read = read.map_err(|error| match error.status {
            Some(404) => Error { message: format!("no user `{id}`: {}", error.message), ..error },
            _ => error,
        })?;
        same_id(id, read.model.id.as_deref(), "user")?;
        Ok(read.model)
    }

    /// Reads what a user's backups cost, summed up by the cloud. What it covers without a period is not documented. One
    /// client reads an object, another one a list of them.
    pub async fn costs(&self, user: &str, period: Option<&CostPeriod>) -> Result<Vec<Object<BackupCosts>>> {
        let mut request = self.request(&format!("/users/{}/user_statistics", segment(user)));
        if let Some(period) = period {
            request = request
                .query("period[startdate]", str::to_owned(&period.start))
                .query("period[enddate]", str::to_owned(&period.end));
        }
        let (body, _) = self.http.fetch(&request, self.decoder()).await?;
        let sums = match body {
            Value::Array(sums) if !sums.is_empty() => sums,
            body => vec![body],
        };
        sums.into_iter().map(|sum| self.costs_of(user, sum)).collect()
    }

    /// Takes one sum, which must be of this user.
    fn costs_of(&self, user: &str, sum: Value) -> Result<Object<BackupCosts>> {
        let mut costs = self.object(unwrap(sum, "user_stat"), convert::costs);
        if costs.model.total_cost.is_none() && costs.model.backup_count_cost.is_none() {
            return Err(Error::invalid_response("the response has no costs"));
        }
        same_id(user, costs.model.user_id.as_deref(), "user")?;
        costs.model.user_id.get_or_insert_with(|| user.to_owned());
        Ok(costs)
    }

    /// Reads what a bucket says of backups: its access controls, and its rate cards where those may be read.
    pub async fn limits(&self, bucket: &str) -> Result<Limits> {
        let bucket = segment(bucket);
        let path = format!("/billing/buckets/{bucket}/access_controls");
        let (controls, walk) = self.about_backups(&path, "access_control").await?;
        let path = format!("/billing/buckets/{bucket}/rate_cards");
        let (cards, prices) = match self.about_backups(&path, "rate_card").await {
            Ok((cards, walk)) => (cards, walk.refuse_gap("rate cards")),
            Err(error) => (Vec::new(), Err(error)),
        };
        let pairs = pairs(controls, cards);
        let rows = pairs.into_iter().map(|[control, card]| {
            self.object(json!({ "access_control": control, "rate_card": card }), convert::limit)
        });
        let rows = rows.collect();
        Ok(Limits { rows, walk, prices })
    }

    /// Reads the rows of a bucket that are about backups. They have no number: what is new is seen by the whole row.
    async fn about_backups(&self, path: &str, key: &str) -> Result<(Vec<Value>, Walk)> {
        let (mut seen, mut found) = (HashSet::new(), Vec::new());
        let mut take = |body: Value| {
            let rows = rows(body, key)?;
            let mut count = PageCount { all: rows.len() as u64, new: 0 };
            for row in rows {
                if !seen.insert(row.to_string()) {
                    continue;
                }
                count.new += 1;
                if convert::word(&row, "type").is_some_and(|kind| kind.contains("backup")) {
                    found.push(row);
                }
            }
            Ok((count, Flow::More))
        };
        let walk = self.walk(path, &[], self.decoder(), &mut take).await?;
        Ok((found, walk))
    }
}

/// Puts the rate card of each access control beside it; one without a match is beside nothing.
fn pairs(controls: Vec<Value>, mut cards: Vec<Value>) -> Vec<[Value; 2]> {
    let place = |row: &Value| ["type", "target_id", "server_type"].map(|name| convert::word(row, name));
    let mut pairs: Vec<_> = controls
        .into_iter()
        .map(|control| {
            let found = cards.iter().position(|card| place(card) == place(&control));
            let card = found.map(|at| cards.remove(at)).unwrap_or_default();
            [control, card]
        })
        .collect();
    pairs.extend(cards.into_iter().map(|card| [Value::Null, card]));
    pairs
}
