//! `bpctl config …`

use crate::args::ConfigCommand;
use crate::context::Context;
use crate::error::Result;

/// Carries out a verb.
pub fn run(cx: &Context, verb: ConfigCommand) -> Result<()> {
    match verb {
        ConfigCommand::Path => {
            let path = cx.config_path()?;
            cx.ui.print(|out| writeln!(out, "{}", path.display()))
        }
        ConfigCommand::List => Ok(()),
    }
}
