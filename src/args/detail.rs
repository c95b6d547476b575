//! `--detail` of reports

use clap::Args;

/// How much is requested from the API
#[derive(Clone, Copy, Debug, Args)]
pub struct Detail {
    /// Read every policy in full, even over 200
    ///
    /// Lists leave out a policy's frequency and scheduled deletion; reading them takes one request for each policy. Up to
    /// 200 policies are always read in full. `--max-wait` allows more time for many.
    #[arg(long)]
    pub detail: bool,
}
