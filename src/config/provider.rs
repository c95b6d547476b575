//! Everything in which the providers differ, apart from their APIs: names, variables, addresses, what bpctl offers
//! for them, and how to get a token. A new provider starts here; its endpoints get a module of their own.

use std::fmt;
use std::str::FromStr;

use super::env;
use crate::model::Capabilities;

/// The clouds that bpctl speaks to. A profile that names none is one of Katapult's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Provider {
    #[default]
    Katapult,
    OnApp,
}

/// What is known of a provider before any request.
struct Facts {
    name: &'static str,
    /// The name as people write it.
    title: &'static str,
    token_variables: &'static [&'static str],
    organization_variables: &'static [&'static str],
    default_api_url: Option<&'static str>,
    /// What its policies can be.
    capabilities: &'static Capabilities,
    needs_user: bool,
    /// The profile that runs the simulator as this provider.
    built_in_profile: &'static str,
    /// The commands that work with it; those that need no provider work with any.
    nouns: &'static [&'static str],
    /// Whether its tokens are printable ASCII without spaces. A password is whatever its user chose.
    has_ascii_tokens: bool,
    token_prompt: &'static str,
    /// Where a token is made, one line each.
    token_help: &'static [&'static str],
}

const KATAPULT: Facts = Facts {
    name: "katapult",
    title: "Katapult",
    token_variables: &[env::TOKEN, env::KATAPULT_TOKEN, env::KATAPULT_KEY],
    organization_variables: &[env::ORG, env::KATAPULT_ORGANIZATION],
    default_api_url: Some(crate::katapult::DEFAULT_API_URL),
    capabilities: &Capabilities::KATAPULT,
    needs_user: false,
    built_in_profile: "sandbox",
    nouns: &[
        "policies", "disk", "vm", "org", "trash", "history", "undo", "coverage", "calendar", "check", "lint",
        "snapshot", "diff", "report", "export", "plan", "apply",
    ],
    has_ascii_tokens: true,
    token_prompt: "Katapult API token (hidden)",
    token_help: &[
        "create a token in the Katapult console: in the settings of the organization (for that organization only), or \
         in your own settings (for all your organizations)",
        "scopes: organizations:read, virtual_machines:read, disks:read, trash_objects:read and \
         disk_backup_policies:read; to change policies also disk_backup_policies and trash_objects:restore",
        "https://developers.katapult.io/concepts/authentication/",
    ],
};

const ONAPP: Facts = Facts {
    name: "onapp",
    title: "OnApp",
    token_variables: &[env::TOKEN],
    organization_variables: &[env::ORG],
    default_api_url: None,
    capabilities: &Capabilities::ONAPP,
    needs_user: true,
    built_in_profile: "sandbox-onapp",
    nouns: &[
        "policies",
        "backups",
        "autobackup",
        "transactions",
        "vm",
        "disk",
        "history",
        "undo",
        "coverage",
        "calendar",
        "check",
        "lint",
        "snapshot",
        "diff",
        "report",
        "export",
        "plan",
        "apply",
    ],
    has_ascii_tokens: false,
    token_prompt: "OnApp API key or password (hidden)",
    token_help: &[
        "generate a key in the control panel, on the page of your own profile; it goes with your email address, at \
         Superb with your account id. A password works with your login",
    ],
};

impl Provider {
    pub const ALL: [Self; 2] = [Self::Katapult, Self::OnApp];

    const fn facts(self) -> &'static Facts {
        match self {
            Self::Katapult => &KATAPULT,
            Self::OnApp => &ONAPP,
        }
    }

    /// As it is written in flags, variables and the config file.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// As people write it.
    pub const fn title(self) -> &'static str {
        self.facts().title
    }

    /// The variables that may hold the token; the first that is set counts.
    pub const fn token_variables(self) -> &'static [&'static str] {
        self.facts().token_variables
    }

    /// The variables that may name the organization; the first that is set counts.
    pub const fn organization_variables(self) -> &'static [&'static str] {
        self.facts().organization_variables
    }

    /// The base URL that is used where none is set.
    pub const fn default_api_url(self) -> Option<&'static str> {
        self.facts().default_api_url
    }

    /// What its policies can be.
    pub const fn capabilities(self) -> &'static Capabilities {
        self.facts().capabilities
    }

    /// Whether the credentials have a user beside the token.
    pub const fn needs_user(self) -> bool {
        self.facts().needs_user
    }

    /// The profile that needs no file: it runs the simulator as this provider.
    pub const fn built_in_profile(self) -> &'static str {
        self.facts().built_in_profile
    }

    /// Finds the provider whose simulator a built-in profile runs.
    pub fn of_built_in_profile(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.built_in_profile() == name)
    }

    /// The commands that work with it, in words.
    pub fn offers(self) -> String {
        in_words(self.facts().nouns, "and")
    }

    /// Finds the provider that alone offers a command.
    pub fn only_one_with(noun: &str) -> Option<Self> {
        let mut having = Self::ALL.into_iter().filter(|provider| provider.facts().nouns.contains(&noun));
        having.next().filter(|_| having.next().is_none())
    }

    /// Whether its tokens are printable ASCII without spaces.
    pub const fn has_ascii_tokens(self) -> bool {
        self.facts().has_ascii_tokens
    }

    /// What the hidden prompt of `auth login` asks for.
    pub const fn token_prompt(self) -> &'static str {
        self.facts().token_prompt
    }

    /// How to get a token, one line each.
    pub const fn token_help(self) -> &'static [&'static str] {
        self.facts().token_help
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.name() == text)
            .ok_or_else(|| format!("expected {}", in_words(&Self::ALL.map(|provider| format!("`{provider}`")), "or")))
    }
}

/// Joins words: `a, b and c`.
fn in_words(words: &[impl AsRef<str>], last: &str) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        Some((end, rest)) if !rest.is_empty() => format!("{} {last} {end}", rest.join(", ")),
        _ => words.concat(),
    }
}
