//! What a command is given: settings, clients that are made when they are first used, and the way to print.

mod hints;

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::args::Global;
use crate::config::{Connection, Edit, File, Paths, Provider, Wanted, env, resolve};
use crate::error::{Error, Exit, Result, code, reason as error_reason};
use crate::fs::lock::lock;
use crate::fs::private::create_own_directory;
use crate::http::{Authentication, Http, Limits, Proxy, Target};
use crate::journal::Journal;
use crate::katapult::{Katapult, Lookup};
use crate::model::Object;
use crate::onapp::OnApp;
use crate::progress_tally::Tally;
#[cfg(feature = "sandbox")]
use crate::sandbox;
use crate::system::{System, quoted};
use crate::ui::Ui;
use crate::view::{Listing, OutputOptions, Resource, show};

/// What the journal calls the API of the sandbox, which has an address only while it runs.
pub const SANDBOX_API: &str = "sandbox";

/// How long another bpctl is waited for before a note says so.
const LOCK_NOTICE: Duration = Duration::from_secs(1);

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
    /// Whether a check has come to its report, and written it where that was possible.
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
            self.ui.warn(&format!("{path} holds a token and can be read by other users: run `chmod 600 {path}`"));
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

    /// What the flags say of the connection. `suits` is the provider that the command needs: the sandbox has both.
    pub fn wanted(&self, suits: Option<Provider>) -> Wanted {
        let global = &self.global;
        Wanted {
            profile: global.profile.clone(),
            provider: global.provider.or(suits.filter(|_| global.sandbox)),
            api_url: global.api_url.clone(),
            organization: global.org.clone(),
            user: None,
            sandbox: global.sandbox,
            read_only: self.global.read_only,
        }
    }

    /// The connection, resolved once.
    pub fn connection(&self, suits: Option<Provider>) -> Result<&Connection> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let connection = resolve(&self.wanted(suits), &self.system, self.file()?)?;
        Ok(self.connection.get_or_init(|| connection))
    }

    /// Returns the provider in use.
    pub fn provider(&self) -> Result<Provider> {
        Ok(self.connection(None)?.provider.value)
    }

    /// The organization that is named, if any.
    pub fn organization(&self) -> Result<Option<&str>> {
        Ok(self.connection(None)?.organization.as_ref().map(|setting| setting.value.as_str()))
    }

    /// The organization that is named, or that the run has looked into. Sends nothing.
    pub fn known_organization(&self) -> Result<Option<&str>> {
        let known = || self.katapult.get().and_then(Katapult::known_organization);
        Ok(self.organization()?.or_else(known))
    }

    /// The Katapult client.
    pub fn katapult(&self) -> Result<&Katapult> {
        if let Some(client) = self.katapult.get() {
            return Ok(client);
        }
        let connection = self.connection(Some(Provider::Katapult))?;
        if connection.provider.value != Provider::Katapult {
            return Err(not_offered(Provider::OnApp));
        }
        let client = self.katapult_at(connection)?;
        Ok(self.katapult.get_or_init(|| client))
    }

    /// The Katapult client, and the organization that the command looks into: the one that is named, else the only one
    /// that the token has access to.
    pub async fn katapult_in_org(&self) -> Result<(&Katapult, Lookup)> {
        let api = self.katapult()?;
        let organization = api.find_organization(self.organization()?).await?;
        Ok((api, organization))
    }

    /// A Katapult client for a connection that is not, or not yet, the one in use.
    pub fn katapult_at(&self, connection: &Connection) -> Result<Katapult> {
        let token = connection.write_credential()?;
        let http = self.http(connection, Authentication::Bearer(token), Katapult::DIALECT)?;
        Ok(Katapult::new(http, self.global.show_secrets))
    }

    /// The OnApp client.
    pub fn onapp(&self) -> Result<&OnApp> {
        if let Some(client) = self.onapp.get() {
            return Ok(client);
        }
        let connection = self.connection(Some(Provider::OnApp))?;
        if connection.provider.value != Provider::OnApp {
            let hint = match connection.api_url {
                Some(_) => "for an OnApp cloud set `--provider onapp`, `BPCTL_PROVIDER=onapp` or a profile",
                None => "the sandbox has an OnApp cloud, too: `--profile sandbox-onapp`",
            };
            return Err(not_offered(Provider::Katapult).hint(hint));
        }
        let client = self.onapp_at(connection)?;
        Ok(self.onapp.get_or_init(|| client))
    }

    /// An OnApp client for a connection that is not, or not yet, the one in use.
    pub fn onapp_at(&self, connection: &Connection) -> Result<OnApp> {
        connection.token()?;
        let Some(user) = &connection.user else {
            return Err(Error::config("an OnApp cloud needs a user")
                .hint(format!("set `{}`, or `user` in the profile: the account's email or id", env::USER)));
        };
        let authentication =
            Authentication::Basic { user: user.value.clone(), password: connection.write_credential()? };
        let http = self.http(connection, authentication, OnApp::DIALECT)?;
        Ok(OnApp::new(http, connection.wire.value, self.global.show_secrets))
    }

    fn http(
        &self,
        connection: &Connection,
        authentication: Authentication,
        dialect: crate::http::Dialect,
    ) -> Result<Http> {
        let base = match &connection.api_url {
            Some(url) => url.value.clone(),
            None => self.sandbox_url(connection.provider.value)?,
        };
        let ca_file = connection.ca_file.as_ref().map(|file| file.value.clone());
        let roots_file = env::roots_file(&self.system);
        let proxy = Proxy::find(&base, |name| self.system.variable(name))?;
        let read_credential = connection.read_credential()?;
        let target = Target { base, authentication, read_credential, ca_file, roots_file, proxy };
        let http = Http::new(target, self.limits(), dialect, Box::new(self.ui.http_progress()));
        let http = http.showing_secrets(self.global.show_secrets).read_only(connection.read_only.value);
        Ok(if self.global.print_request.is_some() { http.recording() } else { http })
    }

    /// How much time and how many tries there are.
    pub fn limits(&self) -> Limits {
        Limits {
            timeout: self.global.timeout.unwrap_or(Duration::from_secs(30)),
            max_wait: self.global.max_wait.unwrap_or(Duration::from_secs(120)).saturating_sub(self.reserved.get()),
            retries: self.global.retries.unwrap_or(3),
            concurrency: self.global.concurrency.unwrap_or(6),
        }
    }

    #[cfg(feature = "sandbox")]
    fn sandbox_url(&self, provider: Provider) -> Result<url::Url> {
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
            self.ui.warn(&format!("{}: the sandbox's state has no file, so it is not kept", error.message));
        }
        file.ok()
    }

    /// Starts the simulator.
    #[cfg(feature = "sandbox")]
    pub fn launch_sandbox(&self, options: sandbox::Options) -> Result<sandbox::Running> {
        let running = sandbox::start(options).map_err(|error| {
            Error::io("cannot start the sandbox", &error)
                .hint("`bpctl sandbox reset` makes its state anew; `bpctl sandbox serve --ephemeral` needs no file")
        })?;
        running.notices().iter().for_each(|notice| self.ui.warn(notice));
        Ok(running)
    }

    #[cfg(not(feature = "sandbox"))]
    fn sandbox_url(&self, _: Provider) -> Result<url::Url> {
        Err(Error::usage("this build of bpctl has no sandbox"))
    }

    /// The HTTP client in use, if one was made.
    pub fn http_in_use(&self) -> Option<&Http> {
        self.katapult.get().map(Katapult::http).or_else(|| self.onapp.get().map(OnApp::http))
    }

    /// The journal of writes.
    pub fn journal(&self) -> Result<Journal> {
        Ok(Journal::at(self.paths().journal_file()?))
    }

    /// Names the API in use, for the journal: its base URL, or `sandbox`.
    pub fn api_name(&self) -> Result<String> {
        let connection = self.connection(None)?;
        Ok(connection.api_url.as_ref().map_or_else(|| SANDBOX_API.to_owned(), |url| url.value.to_string()))
    }

    /// Waits until no other bpctl of this user on this machine is between reading and reading back; holds off the
    /// others until the file is dropped. Without a directory beside the journal the lock is in the session's runtime
    /// directory or among temporary files; where it cannot be there, a warning says so.
    pub async fn lock_writes(&self) -> Result<Option<std::fs::File>> {
        let paths = self.paths();
        let mut reason = match paths.lock_file() {
            Err(error) => error.message,
            Ok(path) => match self.lock_file(&path).await {
                Ok(locked) => return locked.map(Some),
                Err(error) => format!("{}: {}", path.display(), error_reason(&error)),
            },
        };
        for directory in paths.other_lock_directories().into_iter().flatten() {
            let path = directory.join("writes.lock");
            let locked = match create_own_directory(&directory) {
                Ok(()) => self.lock_file(&path).await,
                Err(error) => Err(error),
            };
            match locked {
                Ok(locked) => return locked.map(Some),
                Err(error) => reason = format!("{reason}; {}: {}", path.display(), error_reason(&error)),
            }
        }
        self.ui.warn(&format!("other writes on this machine are not held off: {reason}"));
        Ok(None)
    }

    /// Locks a file; says so after a second of waiting. The inner error is that of others which hold it for too long.
    async fn lock_file(&self, path: &Path) -> std::io::Result<Result<std::fs::File>> {
        let max_wait = self.limits().max_wait;
        let held = match lock(path, LOCK_NOTICE.min(max_wait)).await? {
            None if max_wait > LOCK_NOTICE => {
                self.ui.note("waiting for another bpctl of yours to finish its change");
                lock(path, max_wait.saturating_sub(LOCK_NOTICE)).await?
            }
            held => held,
        };
        Ok(held.ok_or_else(|| {
            let message = "timed out waiting for another bpctl of yours to finish its change";
            Error::new(Exit::Unreachable, code::TIMEOUT, message).hint(format!("it holds {}", path.display()))
        }))
    }

    /// Asks a question that the user must answer with yes.
    pub fn must_confirm(&self, question: &str) -> Result<()> {
        if self.ask(|ui| ui.confirm(question))? { Ok(()) } else { Err(Error::cancelled()) }
    }

    /// Asks a question that the user must answer with a name, to the letter.
    pub fn must_confirm_by_name(&self, question: &str, name: &str) -> Result<()> {
        let is_confirmed = self.ask(|ui| ui.confirm_by_name(question, name))?;
        if is_confirmed { Ok(()) } else { Err(Error::cancelled()) }
    }

    /// Asks something; the time that the user thinks does not count against `--max-wait`.
    pub fn ask<T>(&self, question: impl FnOnce(&Ui) -> Result<T>) -> Result<T> {
        let answer = question(&self.ui);
        if let Some(http) = self.http_in_use() {
            http.extend(self.ui.take_thinking_time());
        }
        answer
    }

    /// Keeps what was answered as the words that would have said the same on the command line.
    pub fn answered(&self, words: &[&str]) {
        self.answers.borrow_mut().extend(words.iter().map(|word| quoted(word)));
    }

    /// Returns the command line without the program, with what was answered to questions: the same command, without
    /// questions.
    pub fn command_line(&self) -> String {
        let answers = self.answers.borrow();
        std::iter::once(self.system.command_line()).chain(answers.iter().cloned()).collect::<Vec<_>>().join(" ")
    }

    /// Begins a list; a bad column is found before any request.
    pub fn listing<T: Resource>(&self) -> Result<Listing<'_, T>> {
        Listing::new(&self.output).map_err(Error::usage)
    }

    /// Lists the columns where `--columns` has no value.
    pub fn answer_bare_columns<T: Resource>(&self) -> Result<()> {
        if self.output.columns.as_ref().is_none_or(|names| !names.is_empty()) {
            return Ok(());
        }
        self.ui.print(|out| T::COLUMNS.iter().try_for_each(|column| writeln!(out, "{}", column.name)))?;
        Err(Error::everything_printed())
    }

    /// Refuses a bad column before anything is sent: a write would be carried out by the time its result is printed.
    pub fn check_columns<T: Resource>(&self) -> Result<()> {
        if !self.output.filters.is_empty() {
            return Err(Error::usage("`--filter` works on lists"));
        }
        self.check_result_columns::<T>()
    }

    /// The same, of a write whose policies `--filter` may select.
    ///
    /// # Errors
    /// `--columns` or `--sort` names a column that there is not.
    pub fn check_result_columns<T: Resource>(&self) -> Result<()> {
        self.answer_bare_columns::<T>()?;
        Listing::<T>::of_results(&self.output).map(drop).map_err(Error::usage)
    }

    /// Prints one object as the result.
    pub fn show<T: Resource>(&self, object: Object<T>) -> Result<()> {
        self.answer_bare_columns::<T>()?;
        let mut wrong_column = None;
        self.ui.print(|out| match show(object, &self.output, out) {
            Ok(written) => written,
            Err(sentence) => {
                wrong_column = Some(sentence);
                Ok(())
            }
        })?;
        wrong_column.map_or(Ok(()), |sentence| Err(Error::usage(sentence)))
    }
}

/// The error of a command that this provider does not have.
pub fn not_offered(provider: Provider) -> Error {
    let offers = provider.offers();
    Error::usage(format!("not supported by provider {provider}; supported: {offers}"))
}
