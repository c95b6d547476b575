//! `bpctl backups convert`

use super::{carry_out, snapshot};
use crate::args::BackupConvert;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::model::Backup;
use crate::ops::onapp_change::{OnAppChange, OnAppWrite};
use crate::ops::pick_onapp;
use crate::ops::pipeline::{Lock, Options};

/// Converts a backup to a template.
pub async fn run(cx: &Context, args: BackupConvert) -> Result<()> {
    cx.check_columns::<Backup>()?;
    let api = cx.onapp()?;
    if args.label.is_none() && !cx.ui.can_ask() {
        return Err(Error::usage("--label is missing").hint("as in `bpctl backups convert 6117 --label 'web 6.4'`"));
    }
    let id = pick_onapp::backup(cx, args.backup).await?;
    let label = args.label.map_or_else(|| new_label(cx), Ok)?;
    let lock = Lock::take(cx).await?;
    let change = OnAppChange::ConvertBackup { backup: snapshot(api, &id).await?, label };
    carry_out(cx, vec![OnAppWrite { wait: args.wait.wait, ..change.into() }], Options::new("Convert it?", lock)).await
}

fn new_label(cx: &Context) -> Result<String> {
    let is_label = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let label = cx.ask(|ui| {
        ui.input("Label of the new template", "", |text| is_label(text).ok_or_else(|| "expected a label".to_owned()))
    })?;
    cx.answered(&["--label", &label]);
    Ok(label)
}
