//! `bpctl backups costs`

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::limits::{account, explained};
use crate::args::BackupsCosts;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::Walk;
use crate::model::BackupCosts;
use crate::onapp::CostPeriod;
use crate::ops::rows::Rows;

/// Shows what an account's backups cost.
pub async fn run(cx: &Context, args: BackupsCosts) -> Result<()> {
    let mut rows = Rows::<BackupCosts>::begin(cx)?;
    let period = args.since.map(|since| period(since, args.until, cx.zone(), cx.now())).transpose()?;
    let api = cx.onapp()?;
    let account = account(api, args.user.as_deref()).await?;
    let user = account.id.ok_or_else(|| Error::invalid_response("the cloud does not say which user this is"))?;
    let costs = api.costs(&user, period.as_ref()).await.map_err(explained)?;
    rows.page(costs)?;
    rows.end(Walk::default(), "")
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
