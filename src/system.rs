//! The environment, the clock, the time zone, and whether the standard streams are terminals.
//!
//! Nothing else in the crate reads the environment or the clock. Some libraries read it on their own, by design:
//! `directories` the XDG variables (see `config::Paths`), and on Linux `rustls-native-certs` and `openssl-probe` where
//! certificates are (`SSL_CERT_FILE`, `SSL_CERT_DIR`; see `http::trust`).

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::secret::Secret;
use crate::text::shell_word;

/// What the process gets from the operating system.
#[derive(Clone)]
pub struct System {
    variables: HashMap<String, OsString>,
    secrets: HashMap<String, Secret>,
    /// The variables that hold a secret which is not UTF-8, and so cannot be one.
    bad_secrets: HashSet<String>,
    arguments: Vec<String>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
}

impl System {
    /// Reads the environment. The variables named in `secret` are kept apart and wiped when they are dropped.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn real(secret: &[&str]) -> Self {
        let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let (mut variables, mut secrets, mut bad_secrets) = (HashMap::new(), HashMap::new(), HashSet::new());
        for (name, value) in all {
            match (secret.contains(&name.as_str()), value.to_str()) {
                (false, _) => drop(variables.insert(name, value)),
                (true, Some("")) => {}
                (true, Some(text)) => drop(secrets.insert(name, Secret::new(text))),
                (true, None) => drop(bad_secrets.insert(name)),
            }
        }
        Self {
            variables,
            secrets,
            bad_secrets,
            arguments: std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Returns an environment variable that holds no secret; an empty one counts as not set, and one that is not UTF-8
    /// as well (see [`Self::is_text`]).
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.raw_variable(name)?.to_str()
    }

    /// Returns an environment variable that holds no secret, whatever bytes it holds; an empty one counts as not set.
    pub fn raw_variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The directory for temporary files of all users.
    pub fn temporary_directory(&self) -> std::path::PathBuf {
        std::env::temp_dir()
    }

    /// The names of all environment variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().chain(self.secrets.keys()).map(String::as_str)
    }

    /// Whether an environment variable is UTF-8, or not set.
    pub fn is_text(&self, name: &str) -> bool {
        !self.bad_secrets.contains(name) && self.variables.get(name).is_none_or(|value| value.to_str().is_some())
    }

    /// Returns an environment variable that holds a secret; an empty one counts as not set.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name)
    }

    /// Whether an environment variable that holds no secret is set, even to nothing.
    pub fn is_present(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Returns the command line without the program, quoted for a shell where that is needed. Holds no secret: no flag
    /// takes one.
    pub fn command_line(&self) -> String {
        self.arguments.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Returns the local time zone: that of `TZ`, else the system's, else UTC.
    ///
    /// # Errors
    /// `TZ` names no zone. UTC instead would delete a policy hours away from the time that was meant.
    pub fn local_zone(&self) -> Result<TimeZone, String> {
        if let Some(zone) = self.named_zone() {
            return Ok(zone);
        }
        match (TimeZone::try_system(), self.variable("TZ")) {
            (Ok(zone), _) => Ok(zone),
            (Err(_), None) => Ok(TimeZone::UTC),
            (Err(_), Some(name)) => Err(format!("environment variable TZ names no time zone: `{name}`")),
        }
    }

    /// The local zone where it has a name that the built-in database knows. The library would look through the whole
    /// database of the system for it, which takes longer than a list does.
    fn named_zone(&self) -> Option<TimeZone> {
        let name = match self.variable("TZ") {
            Some(name) => name.strip_prefix(':').unwrap_or(name).to_owned(),
            None => {
                let file = std::fs::read_link("/etc/localtime").ok()?;
                file.to_str()?.rsplit_once("/zoneinfo/")?.1.to_owned()
            }
        };
        TimeZoneDatabase::bundled().get(&name).ok()
    }
}

impl System {
    /// Whether a stream has no signs but ASCII for sure: the locale's character set is another than UTF-8, or it is a
    /// terminal that can do nothing but print. Where no locale is set, terminals are UTF-8 today.
    pub fn is_ascii(&self, is_terminal: bool) -> bool {
        let is_dumb = is_terminal && self.variable("TERM") == Some("dumb");
        let is_utf8 = |name: String| name.contains("utf-8") || name.contains("utf8");
        is_dumb || self.locale().is_some_and(|name| !is_utf8(name.to_lowercase()))
    }

    /// Whether a locale is set.
    pub fn has_locale(&self) -> bool {
        self.locale().is_some()
    }

    fn locale(&self) -> Option<&str> {
        ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.variable(name))
    }
}

/// Whether SIGHUP is ignored, as `nohup` does it. Only Linux says so; elsewhere it is taken for ignored.
#[cfg(unix)]
pub(crate) fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // The first bit is signal 1, SIGHUP.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & 1 == 1)
}
