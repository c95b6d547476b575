//! The real world, once: environment, clock, time zone and what the standard streams are.
//!
//! Nothing else in the crate reads the environment or the clock. Some libraries read it on their own, by design:
//! `reqwest` the proxy variables, `directories` the XDG ones (see `config::Paths`), and on Linux `rustls-native-certs`
//! and `openssl-probe` where certificates are (`SSL_CERT_FILE`, `SSL_CERT_DIR`; see `http::trust`).

use std::collections::{HashMap, HashSet};
use std::io::IsTerminal;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::secret::Secret;

/// What the process was given by its surroundings.
#[derive(Clone)]
pub struct System {
    variables: HashMap<String, String>,
    secrets: HashMap<String, Secret>,
    present: HashSet<String>,
    arguments: Vec<String>,
    /// Whether standard input is a terminal.
    pub stdin_is_terminal: bool,
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
}

impl System {
    /// Reads the real surroundings. The variables named in `secret` are kept apart, wiped when they are dropped.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn real(secret: &[&str]) -> Self {
        let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        let (mut variables, mut secrets, mut present) = (HashMap::new(), HashMap::new(), HashSet::new());
        for (name, value) in all {
            present.insert(name.clone());
            let Some(value) = value.into_string().ok().filter(|value| !value.is_empty()) else {
                continue;
            };
            match secret.contains(&name.as_str()) {
                true => drop(secrets.insert(name, Secret::new(value))),
                false => drop(variables.insert(name, value)),
            }
        }
        Self {
            variables,
            secrets,
            present,
            arguments: std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Gives an environment variable that holds no secret; an empty one counts as not set.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Gives an environment variable that holds a secret; an empty one counts as not set.
    pub fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name)
    }

    /// Tells whether an environment variable is there at all, be it empty.
    pub fn is_present(&self, name: &str) -> bool {
        self.present.contains(name)
    }

    /// Gives the command line without the program, quoted for a shell where that is needed. Holds no secret: no flag
    /// takes one.
    pub fn command_line(&self) -> String {
        self.arguments.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// Tells the time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// Gives the local time zone (`TZ`, then the system's), or UTC where there is none.
    pub fn local_zone(&self) -> TimeZone {
        TimeZone::try_system().unwrap_or(TimeZone::UTC)
    }
}

/// Quotes a word for a POSIX shell, if it needs that.
pub fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    match !word.is_empty() && word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}
