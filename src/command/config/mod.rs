//! `bpctl config …`: what is set, and changing it. Never prints a token that nobody asked for.

mod get;
mod list;
mod path;
mod set;
mod settings;
mod use_;

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
        ConfigCommand::Get(args) => get::run(cx, &args).await,
        ConfigCommand::Set(args) => set::run(cx, &args).await,
        ConfigCommand::Use(args) => use_::run(cx, &args.profile).await,
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

/// Tells what was set.
fn report(cx: &Context, setting: ConfigSetting) -> Result<()> {
    match cx.style.format {
        Format::Table | Format::Wide => {
            let (key, text) = (crate::view::escape(&setting.key).into_owned(), setting.text());
            cx.ui.print(|out| writeln!(out, "{key} = {}", crate::view::escape(&text)))
        }
        _ => cx.show(setting.object()),
    }
}
