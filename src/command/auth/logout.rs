//! `bpctl auth logout`

use serde_json::json;

use super::{other_sources, profile};
use crate::args::Format;
use crate::command::config::save;
use crate::config::{Edit, File, Provider};
use crate::context::Context;
use crate::error::Result;
use crate::view::{escape, structured};

/// Removes the token from a profile; its other settings stay.
pub async fn run(cx: &Context) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let file = File::read(&path)?;
    let name = profile(cx, &file)?;
    let provider = file.profile(&name)?.provider.unwrap_or(Provider::Katapult);
    let mut edit = Edit::begin(&path).await?;
    let is_removed = edit.remove(&name, "token")?;
    if is_removed {
        save(cx, edit)?;
    }
    let others = other_sources(cx, &file, &name, provider);
    for source in &others {
        cx.ui.note(&format!("a token is still provided by: {source}"));
    }
    cx.ui.print(|out| match cx.style.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            structured(&cx.style, &json!({"profile": name, "removed": is_removed, "still_provided_by": others}), out)
        }
        Format::Id => writeln!(out, "{}", escape(&name)),
        _ if is_removed => writeln!(out, "removed the token of profile {}", escape(&name)),
        _ => writeln!(out, "profile {} holds no token", escape(&name)),
    })
}
