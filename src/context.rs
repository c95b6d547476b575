//! What a command is given: settings, clients that are made when they are first used, and the way to print.

mod clients;
mod hints;
mod questions;
mod results;
mod simulator;
mod writes;

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::clients::not_offered;
pub use self::writes::SANDBOX_API;
use crate::args::Global;
use crate::config::{Connection, Edit, File, Paths, env, resolve};
use crate::error::{Error, Result};
use crate::katapult::Katapult;
use crate::onapp::OnApp;
use crate::progress_tally::Tally;
#[cfg(feature = "sandbox")]
use crate::sandbox;
use crate::system::System;
use crate::text::shell_word;
use crate::ui::Ui;
use crate::view::OutputOptions;

pub struct Context {
    pub system: System,
    /// The options of every command.
    pub global: Global,
    pub ui: Ui,
    /// How results are wanted.
    pub output: OutputOptions,
    answers: RefCell<Vec<String>>,
    /// The number of the command's first change in the journal, which stands in all its entries.
    pub first_change: Cell<Option<u64>>,
    /// Whether a warning said that changes are not recorded.
    pub has_warned_of_journal: Cell<bool>,
    /// Whether the writes of a command were printed as command lines.
    pub has_printed_request: Cell<bool>,
    /// Whether a check has written its report.
    pub has_report: Cell<bool>,
    /// The part of `--max-wait` that is kept for reporting the result.
    pub reserved: Cell<Duration>,
    /// Where several writes stand.
    pub tally: Tally,
    /// Where a list leaves its rows, when it is one of several profiles'.
    pub gathering: Option<RefCell<Option<Box<dyn Any>>>>,
    paths: OnceCell<Paths>,
    file: OnceCell<File>,
    /// Whether the file's mode was warned of.
    has_warned: Cell<bool>,
    connection: OnceCell<Connection>,
    katapult: OnceCell<Katapult>,
    onapp: OnceCell<OnApp>,
    #[cfg(feature = "sandbox")]
    sandbox: OnceCell<sandbox::Running>,
}

impl Context {
    /// Puts the parts together; reads and opens nothing.
    pub fn new(system: System, global: Global, ui: Ui, output: OutputOptions) -> Self {
        Self {
            system,
            global,
            ui,
            output,
            answers: RefCell::default(),
            first_change: Cell::new(None),
            has_warned_of_journal: Cell::new(false),
            has_printed_request: Cell::new(false),
            has_report: Cell::new(false),
            reserved: Cell::new(Duration::ZERO),
            tally: Tally::default(),
            gathering: None,
            paths: OnceCell::new(),
            file: OnceCell::new(),
            has_warned: Cell::new(false),
            connection: OnceCell::new(),
            katapult: OnceCell::new(),
            onapp: OnceCell::new(),
            #[cfg(feature = "sandbox")]
            sandbox: OnceCell::new(),
        }
    }

    /// Makes the context of the same command on one of several profiles: its rows are gathered, and its notes begin
    /// with the profile's name.
    pub fn on_profile(&self, name: &str) -> Self {
        let global = Global { profile: Some(name.to_owned()), all_profiles: false, ..self.global.clone() };
        let cx = Self::new(self.system.clone(), global, self.ui.on_profile(name), self.output.clone());
        Self { gathering: Some(RefCell::new(None)), reserved: self.reserved.clone(), ..cx }
    }

    pub fn now(&self) -> Timestamp {
        self.output.times.now
    }

    /// The zone that times are read and shown in.
    pub fn zone(&self) -> &TimeZone {
        &self.output.times.zone
    }

    pub fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| Paths::find(&self.system))
    }

    /// Where the config file is, or would be.
    ///
    /// # Errors
    /// No home directory exists, and no file is named.
    pub fn config_path(&self) -> Result<PathBuf> {
        let named = self.global.config.clone().or_else(|| self.system.raw_variable(env::CONFIG).map(PathBuf::from));
        named.map_or_else(|| self.paths().config_file(), |path| self.paths().expand(&path))
    }

    /// The same, of a file that is about to be changed.
    pub fn config_path_to_change(&self) -> Result<PathBuf> {
        let path = self.config_path()?;
        Edit::check(&path)?;
        Ok(path)
    }

    /// The config file, read once.
    pub fn file(&self) -> Result<&File> {
        let file = self.silent_file()?;
        if file.is_exposed && !self.has_warned.replace(true) {
            let path = file.path.display();
            self.ui.warn(&format!(
                "{path} holds a token and can be read by other users: run `chmod 600 {}`",
                shell_word(&path.to_string())
            ));
        }
        Ok(file)
    }

    fn silent_file(&self) -> Result<&File> {
        if let Some(file) = self.file.get() {
            return Ok(file);
        }
        let file = self.read_file()?;
        Ok(self.file.get_or_init(|| file))
    }

    /// The time zone that the profile in use names. A configuration that cannot be read has none: the command, where it
    /// needs one, reports that.
    pub fn profile_zone(&self) -> Option<TimeZone> {
        let connection = resolve(&self.wanted(None), &self.system, self.silent_file().ok()?).ok()?;
        crate::time::zone(&connection.time_zone?.value).ok()
    }

    /// Reads the config file, without a warning about its mode.
    ///
    /// # Errors
    /// It cannot be read or understood; one that was named does not exist.
    pub fn read_file(&self) -> Result<File> {
        let is_named = self.global.config.is_some() || self.system.raw_variable(env::CONFIG).is_some();
        if !is_named && self.paths().config_file().is_err() {
            return Ok(File::default());
        }
        let path = self.config_path()?;
        let file = File::read(&path)?;
        let is_usual = || self.paths().config_file().is_ok_and(|usual| path == usual);
        if !file.exists && is_named && !is_usual() {
            return Err(Error::config(format!("no config file at {}", path.display()))
                .hint("it was named with `--config` or `BPCTL_CONFIG`"));
        }
        Ok(file)
    }
}
