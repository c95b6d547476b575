//! `bpctl backups delete`

use super::{carry_out, snapshot};
use crate::args::BackupDelete;
use crate::context::Context;
use crate::error::Result;
use crate::model::Backup;
use crate::ops::onapp_change::{BackupSnapshot, OnAppChange, OnAppWrite};
use crate::ops::pick_onapp;
use crate::ops::pipeline::{Lock, Options};

/// Deletes backups.
pub async fn run(cx: &Context, args: BackupDelete) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    let ids = pick_onapp::backups(cx, args.backups).await?;
    let lock = Lock::take(cx).await?;
    let mut backups: Vec<BackupSnapshot> = Vec::new();
    for id in &ids {
        let backup = snapshot(api, id).await?;
        if backups.iter().all(|known| known.id != backup.id) {
            backups.push(backup);
        }
    }
    let going: Vec<String> = backups.iter().map(|backup| backup.id.clone()).collect();
    let mut writes = Vec::new();
    for mut backup in backups {
        // What is deleted by the same command is not left.
        backup.going.extend(going.iter().filter(|id| **id != backup.id).cloned());
        writes.push(OnAppWrite { wait: args.wait.wait, ..OnAppChange::DeleteBackup(backup).into() });
    }
    let question = match writes.len() {
        1 => "Delete it?".to_owned(),
        count => format!("Delete {count} backups?"),
    };
    carry_out(cx, writes, Options::new(question, lock)).await
}
