//! Names of the environment variables that bpctl reads.

use crate::error::{Error, Result};
use crate::http::RootsFile;
use crate::system::System;
use crate::text::most_like;

/// The token; on OnApp the password or API key.
pub const TOKEN: &str = "BPCTL_TOKEN";
/// Katapult's token, as other tools name it.
pub const KATAPULT_TOKEN: &str = "KATAPULT_API_TOKEN";
/// Katapult's token, as the Terraform provider names it.
pub const KATAPULT_KEY: &str = "KATAPULT_API_KEY";
/// Where `check --ping` reports to.
pub const PING_URL: &str = "BPCTL_PING_URL";
/// Where `check --webhook` reports to.
pub const WEBHOOK_URL: &str = "BPCTL_WEBHOOK_URL";
/// The variables that hold secrets.
pub const SECRETS: [&str; 5] = [TOKEN, KATAPULT_TOKEN, KATAPULT_KEY, PING_URL, WEBHOOK_URL];
/// The OnApp user.
pub const USER: &str = "BPCTL_USER";
pub const PROFILE: &str = "BPCTL_PROFILE";
pub const CONFIG: &str = "BPCTL_CONFIG";
/// `katapult` or `onapp`.
pub const PROVIDER: &str = "BPCTL_PROVIDER";
/// The base URL that paths are appended to.
pub const API_URL: &str = "BPCTL_API_URL";
/// The organization's id or sub-domain.
pub const ORG: &str = "BPCTL_ORG";
/// The organization's sub-domain, as the Terraform provider names it.
pub const KATAPULT_ORGANIZATION: &str = "KATAPULT_ORGANIZATION";
pub const OUTPUT: &str = "BPCTL_OUTPUT";
/// Refuses every write.
pub const READ_ONLY: &str = "BPCTL_READ_ONLY";
pub const TZ: &str = "BPCTL_TZ";
/// Switches colors off (any value).
pub const NO_COLOR: &str = "NO_COLOR";
/// Switches colors on although the output is not a terminal (any value but `0`).
pub const CLICOLOR_FORCE: &str = "CLICOLOR_FORCE";
/// The terminal type; `dumb` has no colors.
pub const TERM: &str = "TERM";
/// Where trusted certificates are, instead of where the system has them; the TLS libraries read them as well.
const TRUSTED_FILE: &str = "SSL_CERT_FILE";
const TRUSTED_DIRECTORIES: &str = "SSL_CERT_DIR";

/// Every variable with its meaning, for the manual.
pub const ALL: [(&str, &str); 18] = [
    (TOKEN, "The token; on OnApp the password or API key."),
    (KATAPULT_TOKEN, "Katapult's token, where BPCTL_TOKEN is not set."),
    (KATAPULT_KEY, "Katapult's token, where neither of the two is set."),
    (USER, "The OnApp user."),
    (PROFILE, "The profile, as --profile."),
    (CONFIG, "The config file, as --config."),
    (PROVIDER, "katapult or onapp, as --provider."),
    (API_URL, "The base URL that paths are appended to, as --api-url."),
    (ORG, "The organization's id or sub-domain, as --org."),
    (KATAPULT_ORGANIZATION, "The organization's sub-domain, where BPCTL_ORG is not set."),
    (OUTPUT, "The output format, as --output; for commands that have it."),
    (PING_URL, "The URL that check --ping reports to, a secret."),
    (WEBHOOK_URL, "The URL that check --webhook reports to, a secret."),
    (READ_ONLY, "1 refuses every write, as --read-only."),
    (TZ, "The zone that times are read and shown in, as --tz."),
    (NO_COLOR, "Switches colors off (any value)."),
    (CLICOLOR_FORCE, "Switches colors on although the output is not a terminal (any value but 0)."),
    (TERM, "The terminal type; dumb has no colors."),
];

/// What need not be UTF-8: a path, and what any value switches.
const ANY_BYTES: [&str; 4] = [CONFIG, NO_COLOR, CLICOLOR_FORCE, TERM];

/// How the variables of this program begin.
pub const PREFIX: &str = "BPCTL_";

/// Describes the variables that look like bpctl's own and are not: a misspelt one would be ignored.
pub fn unknown(system: &System) -> Vec<String> {
    let known = || ALL.into_iter().map(|(name, _)| name).filter(|name| name.starts_with(PREFIX));
    let mut names: Vec<&str> =
        system.names().filter(|name| name.starts_with(PREFIX) && known().all(|known| known != *name)).collect();
    names.sort_unstable();
    let warning = |name: &str| {
        let meant = most_like(&name[PREFIX.len()..], known(), |known| &known[PREFIX.len()..]);
        let meant = meant.map(|known| format!("; did you mean {known}?")).unwrap_or_default();
        format!("unknown environment variable {name}{meant}")
    };
    names.into_iter().map(warning).collect()
}

/// Returns the file to look for trusted certificates in. A variable that is set to nothing names a place as well: one
/// that holds none.
pub fn roots_file(system: &System) -> RootsFile {
    if system.is_present(TRUSTED_FILE) {
        return RootsFile::Named(system.raw_variable(TRUSTED_FILE).unwrap_or_default().into());
    }
    if system.is_present(TRUSTED_DIRECTORIES) { RootsFile::Absent } else { RootsFile::Usual }
}

/// Refuses variables that cannot be read: left out silently, they would let another account or cloud be used.
///
/// # Errors
/// One of them is not UTF-8; it is named.
pub fn check(system: &System) -> Result<()> {
    let mut names = ALL.into_iter().map(|(name, _)| name).filter(|name| !ANY_BYTES.contains(name));
    let wrong = names.find(|name| !system.is_text(name));
    match wrong {
        Some(name) => Err(Error::config(format!("environment variable {name} is not UTF-8"))
            .hint(format!("set it again, or unset it: `unset {name}`"))),
        None => Ok(()),
    }
}
