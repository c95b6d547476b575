//! `bpctl config path`

use serde_json::json;

use crate::args::Format;
use crate::context::Context;
use crate::error::Result;
use crate::view::structured;

/// Prints where the config file is, or would be.
pub fn run(cx: &Context) -> Result<()> {
    let path = cx.config_path()?;
    let exists = path.exists();
    cx.ui.print(|out| match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            structured(&cx.output, &json!({"path": path.display().to_string(), "exists": exists}), out)
        }
        _ => writeln!(out, "{}", path.display()),
    })
}
