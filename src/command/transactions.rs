//! `bpctl transactions …`

use crate::args::{TransactionShow, TransactionsCommand, TransactionsList};
use crate::context::Context;
use crate::error::{Exit, Result};
use crate::ops::find::with_server;
use crate::ops::rows::Rows;

/// Transactions that are shown where no limit is given.
const NEWEST: u64 = 100;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: TransactionsCommand) -> Result<()> {
    match verb {
        TransactionsCommand::List(args) => list(cx, args).await,
        TransactionsCommand::Show(args) => show(cx, args).await,
    }
}

async fn list(cx: &Context, args: TransactionsList) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let api = cx.onapp()?;
    let wanted = cx.output.limit.and_then(|limit| u64::try_from(limit).ok()).unwrap_or(NEWEST);
    // A filter or an order needs rows that may stand anywhere in the list.
    let count =
        if cx.output.filters.is_empty() && cx.output.sort.is_none() { wanted.max(1) } else { NEWEST.max(wanted) };
    let (walk, of) = match &args.vm {
        None => {
            let listed = api.transactions(None, count, &mut |page| rows.page(page)).await;
            let listed = listed.map_err(|error| match error.exit {
                Exit::Auth => error.hint("`--vm VM` lists those of a VM, which needs no administrator permissions"),
                _ => error,
            });
            (listed?, "on this cloud".to_owned())
        }
        Some(name) => {
            let walk = with_server(api, name, async |server| {
                api.transactions(Some(&server), count, &mut |page| rows.page(page)).await
            });
            (walk.await?, format!("of VM `{name}`"))
        }
    };
    if walk.has_more && cx.output.limit.is_none() {
        cx.ui.note(&format!("the newest {count} transactions; `--limit N` shows more"));
    }
    rows.end(walk, &of)
}

async fn show(cx: &Context, args: TransactionShow) -> Result<()> {
    cx.show(cx.onapp()?.transaction(&args.transaction, args.log).await?)
}
