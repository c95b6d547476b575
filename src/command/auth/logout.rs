//! `bpctl auth logout`

use serde_json::json;

use super::profile;
use crate::args::Format;
use crate::command::config::{begin, save};
use crate::config::{File, Key};
use crate::context::Context;
use crate::error::Result;
use crate::text::escape;
use crate::view::structured;

/// Removes the token from a profile; its other settings stay.
pub async fn run(cx: &Context) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let file = File::read(&path)?;
    let name = profile::to_change(cx, &file)?;
    let provider = file.profile(&name)?.provider.unwrap_or_default();
    let mut edit = begin(cx, &path).await?;
    let is_there = edit.remove(&Key::of(&name, "token"))?;
    if is_there {
        save(cx, edit)?;
    }
    let others = profile::stronger_sources(cx, &file, &name, provider);
    for source in &others {
        cx.ui.note(&format!("a token is still provided by: {source}"));
    }
    let is_dry = cx.global.dry_run;
    let mut result = json!({"profile": name, "removed": is_there && !is_dry, "still_provided_by": others});
    if is_dry {
        result["would_remove"] = is_there.into();
    }
    cx.ui.print(|out| match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => structured(&cx.output, &result, out),
        Format::Id => writeln!(out, "{}", escape(&name)),
        _ if is_there && is_dry => writeln!(out, "would remove the token of profile {}", escape(&name)),
        _ if is_there => writeln!(out, "removed the token of profile {}", escape(&name)),
        _ => writeln!(out, "profile {} holds no token", escape(&name)),
    })
}
