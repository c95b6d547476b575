//! `bpctl config …`: what is set, and changing it. Never prints a token that nobody asked for.

mod get;
mod list;
mod path;
mod set;
mod settings;
mod use_;

use std::path::Path;

use crate::args::{ConfigCommand, Format};
use crate::config::Edit;
use crate::context::Context;
use crate::error::Result;
use crate::model::ConfigSetting;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: ConfigCommand) -> Result<()> {
    match verb {
        ConfigCommand::Path => path::run(cx),
        ConfigCommand::List(args) => list::run(cx, &args),
        ConfigCommand::Get(args) => get::run(cx, &args),
        ConfigCommand::Set(args) => set::run(cx, &args).await,
        ConfigCommand::Use(args) => use_::run(cx, &args.profile).await,
    }
}

/// Begins a change of the config file; a dry run touches nothing.
///
/// # Errors
/// It cannot be changed, read or understood.
pub async fn begin(cx: &Context, path: &Path) -> Result<Edit> {
    match cx.global.dry_run {
        true => Edit::rehearse(path),
        false => Edit::begin(path).await,
    }
}

/// Writes the config file, save in a dry run.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub fn save(cx: &Context, edit: Edit) -> Result<()> {
    match cx.global.dry_run {
        true => {
            cx.ui.note("dry run: the config file is left as it is");
            Ok(())
        }
        false => edit.save(),
    }
}

/// Tells what was set, or would be.
fn report(cx: &Context, setting: ConfigSetting) -> Result<()> {
    let is_dry = cx.global.dry_run;
    match cx.output.format {
        Format::Table | Format::Wide => {
            let (key, text) = (crate::text::escape(&setting.key).into_owned(), setting.text());
            let verb = if is_dry { "valid: " } else { "" };
            cx.ui.print(|out| writeln!(out, "{verb}{key} = {}", crate::text::escape(&text)))
        }
        _ => {
            let mut object = setting.object();
            if is_dry {
                object.raw["stored"] = false.into();
            }
            cx.show(object)
        }
    }
}
