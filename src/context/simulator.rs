//! The simulator inside the program, which is started when a command first needs it.

#[cfg(feature = "sandbox")]
use std::path::PathBuf;

use super::Context;
use crate::config::Provider;
use crate::error::{Error, Result};
#[cfg(feature = "sandbox")]
use crate::sandbox;

impl Context {
    #[cfg(feature = "sandbox")]
    pub(super) fn sandbox_url(&self, provider: Provider) -> Result<url::Url> {
        let running = match self.sandbox.get() {
            Some(running) => running,
            None => {
                let state_file = self.sandbox_file();
                let running = self.launch_sandbox(sandbox::Options { state_file, ..sandbox::Options::default() })?;
                self.sandbox.get_or_init(|| running)
            }
        };
        let url = match provider {
            Provider::Katapult => running.katapult_url(),
            Provider::OnApp => running.onapp_url(),
        };
        url.parse().map_err(|_| Error::config("the sandbox has no address"))
    }

    /// Where the sandbox's state is kept; nowhere without a home directory, with a warning.
    #[cfg(feature = "sandbox")]
    pub fn sandbox_file(&self) -> Option<PathBuf> {
        let file = self.paths().sandbox_file();
        if let Err(error) = &file {
            self.ui.warn(&format!("{}: the sandbox's state is kept in memory only", error.message));
        }
        file.ok()
    }

    /// Starts the simulator.
    #[cfg(feature = "sandbox")]
    pub fn launch_sandbox(&self, options: sandbox::Options) -> Result<sandbox::Running> {
        let running = sandbox::start(options).map_err(|error| {
            Error::io("cannot start the sandbox", &error)
                .hint("`bpctl sandbox reset` recreates its state; `bpctl sandbox serve --ephemeral` needs no file")
        })?;
        running.notices().iter().for_each(|notice| self.ui.warn(notice));
        Ok(running)
    }

    #[cfg(not(feature = "sandbox"))]
    pub(super) fn sandbox_url(&self, _: Provider) -> Result<url::Url> {
        Err(Error::usage("this build of bpctl has no sandbox"))
    }
}
