//! `--detail` of `coverage`, `calendar` and `lint`

use clap::Args;

/// How much is asked of the API
#[derive(Clone, Copy, Debug, Args)]
pub struct Detail {
    /// Read each policy by itself, however many there are
    ///
    /// Lists tell neither the frequency nor a pending deletion of a policy: that takes one request a policy. Up to
    /// 200 policies they are read in any case; `--max-wait` gives more time for many.
    #[arg(long)]
    pub detail: bool,
}
