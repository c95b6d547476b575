//! `bpctl backups limits`

use serde_json::json;

use crate::args::BackupsLimits;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::{Account, BackupLimit};
use crate::onapp::OnApp;
use crate::ops::onapp_fleet::is_closed;
use crate::ops::rows::Rows;

/// Lists the limits and prices of an account's bucket.
pub async fn run(cx: &Context, args: BackupsLimits) -> Result<()> {
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
    rows.page(limits.rows)?;
    rows.end(limits.walk, &format!("in bucket {bucket}"))?;
    match limits.prices {
        Err(error) if is_closed(&error) => {
            cx.ui.warn(&format!("the prices may not be read: {}", error.message));
            Ok(())
        }
        prices => prices.map_err(without_prices),
    }
}

/// The error of limits whose prices are missing, and may be read another time.
fn without_prices(error: Error) -> Error {
    let message = format!("the prices could not be read: {}", error.message);
    let detail = json!({"error": error.to_json()["error"]});
    Error { hints: error.hints, ..Error::new(Exit::Partly, code::PARTLY_DONE, message) }.detail(detail)
}

/// Reads the account that is named, or whose credentials are used.
pub(super) async fn account(api: &OnApp, user: Option<&str>) -> Result<Account> {
    match user {
        Some(id) => api.account(id).await.map_err(permitted),
        None => api.own_account().await.map_err(explained),
    }
}

/// Says what a refusal means here: accounts are closed to many users, and unknown to some clouds.
pub(super) fn explained(error: Error) -> Error {
    match error.status {
        Some(404) => {
            Error { status: error.status, ..not_offered(&format!("this cloud does not show it: {}", error.message)) }
        }
        _ => permitted(error),
    }
}

fn permitted(error: Error) -> Error {
    match error.status {
        Some(403) => error.hint("an administrator's profile reads it with `--user ID`"),
        _ => error,
    }
}

fn not_offered(why: &str) -> Error {
    Error::new(Exit::Usage, code::NOT_OFFERED, format!("not offered: {why}"))
        .hint("`bpctl backups usage` sums up the sizes of the backups")
}
