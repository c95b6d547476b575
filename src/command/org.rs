//! `bpctl org …`

use crate::args::OrgCommand;
use crate::context::Context;
use crate::error::Result;
use crate::http::Walk;
use crate::ops::rows::Rows;

/// Carries out a verb.
pub async fn run(cx: &Context, verb: OrgCommand) -> Result<()> {
    let OrgCommand::List = verb;
    let mut rows = Rows::begin(cx)?;
    let organizations = cx.katapult()?.organizations().await?;
    rows.page(organizations)?;
    rows.end(Walk::default(), "that the token has access to")
}
