//! `bpctl completions`

use crate::args::Completions;
use crate::complete;
use crate::context::Context;
use crate::error::Result;

/// Prints a completion script, which asks bpctl itself for candidates.
pub fn run(cx: &Context, args: Completions) -> Result<()> {
    cx.ui.print(|out| out.write_all(complete::script(args.shell).as_bytes()))
}
