//! `bpctl backups note`

use super::{carry_out, snapshot};
use crate::args::BackupNote;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Backup;
use crate::ops::onapp_change::OnAppChange;
use crate::ops::pick_onapp;
use crate::ops::pipeline::{Lock, Options};

/// Changes the note of a backup.
pub async fn run(cx: &Context, args: BackupNote) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if args.note.is_none() && !cx.ui.can_ask() {
        return Err(Error::usage("<TEXT> is missing").hint("as in `bpctl backups note 6117 'before the upgrade'`"));
    }
    let id = pick_onapp::backup(cx, args.backup).await?;
    let note = match args.note {
        Some(note) => note,
        None => {
            let present = api.backup(&id).await?.model.note.unwrap_or_default();
            let note = cx.ask(|ui| ui.input("Note", &present, |text| Ok(text.to_owned())))?;
            cx.answered(&[&note]);
            note
        }
    };
    let lock = Lock::take(cx).await?;
    let backup = snapshot(api, &id).await?;
    carry_out(cx, vec![OnAppChange::NoteBackup { backup, note }.into()], Options::new("Change the note?", lock)).await
}
