//! `bpctl auth …`

use crate::args::AuthCommand;
use crate::context::Context;
use crate::error::Result;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: AuthCommand) -> Result<()> {
    let AuthCommand::Status = verb;
    let connection = cx.connection(None)?;
    cx.ui.note(&connection.token()?.source.words());
    Ok(())
}
