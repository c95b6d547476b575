//! `bpctl backups …`

use crate::args::{BackupKind, BackupsCommand, BackupsList};
use crate::context::Context;
use crate::error::Result;
use crate::onapp::Kind;
use crate::ops::find::with_server;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: BackupsCommand) -> Result<()> {
    let BackupsCommand::List(args) = verb;
    list(cx, args).await
}

async fn list(cx: &Context, args: BackupsList) -> Result<()> {
    let mut rows = Rows::begin(cx)?;
    let api = cx.onapp()?;
    let kind = match args.kind {
        BackupKind::Images => Kind::Images,
        BackupKind::Files => Kind::Files,
        BackupKind::All => Kind::All,
    };
    let mut count = 0;
    let walk = with_server(api, &args.vm, async |server| {
        let mut each = |page: Vec<_>| {
            count += page.len();
            rows.page(page)
        };
        api.backups(&server, kind, &mut each).await
    })
    .await?;
    // A cloud with incremental backups has no normal ones (documented): an empty list may only look unprotected.
    if count == 0 && kind != Kind::All {
        cx.ui.note(&format!(
            "hint: no {} backups; the server may have the other kind: try `--kind all`",
            if kind == Kind::Images { "normal" } else { "incremental" }
        ));
    }
    rows.end(walk, &format!("of virtual server `{}`", args.vm))
}
