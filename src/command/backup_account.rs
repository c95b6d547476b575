//! `bpctl backups limits` and `bpctl backups costs`: what an account may use, and what it pays. Both read alone.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::args::{BackupsCosts, BackupsLimits};
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::http::Walk;
use crate::model::{Account, BackupCosts, BackupLimit};
use crate::onapp::{CostPeriod, OnApp};
use crate::ops::rows::Rows;

/// Lists the limits and prices of an account's bucket.
pub async fn limits(cx: &Context, args: BackupsLimits) -> Result<()> {
    let mut rows = Rows::<BackupLimit>::begin(cx)?;
    let api = cx.onapp()?;
    let account = account(api, args.user.as_deref()).await?;
    let Some(bucket) = account.bucket_id else {
        let why = "the cloud does not say which bucket the account has";
        return Err(
            not_offered(why).hint("clouds before OnApp 6 have billing plans instead, which bpctl does not read")
        );
    };
    let limits = api.limits(&bucket).await.map_err(explained)?;
    if let Err(error) = limits.prices {
        cx.ui.warn(&format!("the prices could not be read: {}", error.message));
    }
    rows.page(limits.rows)?;
    rows.end(limits.walk, &format!("in bucket {bucket}"))
}

/// Shows what an account's backups cost.
pub async fn costs(cx: &Context, args: BackupsCosts) -> Result<()> {
    let mut rows = Rows::<BackupCosts>::begin(cx)?;
    let period = args.since.map(|since| period(since, args.until, cx.zone(), cx.now())).transpose()?;
    let api = cx.onapp()?;
    let account = account(api, args.user.as_deref()).await?;
    let user = account.id.ok_or_else(|| Error::invalid_response("the cloud does not say which user this is"))?;
    let costs = api.costs(&user, period.as_ref()).await.map_err(explained)?;
    rows.page(vec![costs])?;
    rows.end(Walk::default(), "")
}

async fn account(api: &OnApp, user: Option<&str>) -> Result<Account> {
    match user {
        Some(id) => api.account(id).await.map_err(permitted),
        None => api.own_account().await.map_err(explained),
    }
}

/// From the beginning of one day to that of another, or to now.
fn period(since: Date, until: Option<Date>, zone: &TimeZone, now: Timestamp) -> Result<CostPeriod> {
    let day = |date: Date| {
        let begins = date.to_zoned(zone.clone()).map_err(|error| Error::usage(format!("{date}: {error}")))?;
        Ok::<_, Error>(begins.timestamp())
    };
    let (start, end) = (day(since)?, until.map_or(Ok(now), day)?);
    if start >= end {
        return Err(Error::usage("the period ends before it begins"));
    }
    let written = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
    Ok(CostPeriod { start: written(start), end: written(end) })
}

/// Says what a refusal means here: accounts are closed to many users, and unknown to some clouds.
fn explained(error: Error) -> Error {
    match error.status {
        Some(404) => {
            Error { status: error.status, ..not_offered(&format!("this cloud does not show it: {}", error.message)) }
        }
        _ => permitted(error),
    }
}

fn permitted(error: Error) -> Error {
    match error.exit {
        Exit::Auth => error.hint("ask an administrator of the cloud, or use an administrator's profile with `--user`"),
        _ => error,
    }
}

fn not_offered(why: &str) -> Error {
    Error::new(Exit::Usage, code::NOT_OFFERED, format!("not offered: {why}"))
        .hint("`bpctl backups usage` sums up the sizes of the backups")
}
