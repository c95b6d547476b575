//! Everything in which the providers differ, apart from their APIs: names, variables, addresses, what bpctl offers
//! for them, and how to get a token. A new provider starts here; its endpoints get a module of their own.

use std::fmt;
use std::str::FromStr;

use super::env;

/// The clouds that bpctl speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Katapult,
    OnApp,
}

/// What is known of a provider before any request.
struct Facts {
    name: &'static str,
    token_variables: &'static [&'static str],
    organization_variables: &'static [&'static str],
    default_api_url: Option<&'static str>,
    needs_user: bool,
    /// The profile that runs the simulator as this provider.
    built_in_profile: &'static str,
    offers: &'static str,
    token_prompt: &'static str,
    /// Where a token is made, one line each.
    token_help: &'static [&'static str],
}

const KATAPULT: Facts = Facts {
    name: "katapult",
    token_variables: &[env::TOKEN, env::KATAPULT_TOKEN, env::KATAPULT_KEY],
    organization_variables: &[env::ORG, env::KATAPULT_ORGANIZATION],
    default_api_url: Some(crate::katapult::DEFAULT_API_URL),
    needs_user: false,
    built_in_profile: "sandbox",
    offers: "policies, disk, vm, org, trash, history, undo, coverage, calendar, check, lint, snapshot, diff, report, export, \
             plan and apply",
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
    token_variables: &[env::TOKEN],
    organization_variables: &[env::ORG],
    default_api_url: None,
    needs_user: true,
    built_in_profile: "sandbox-onapp",
    offers: "policies, backups, transactions, vm, disk, history, undo, coverage, calendar, check, lint, snapshot, diff and \
             report",
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

    /// The commands that work with it.
    pub const fn offers(self) -> &'static str {
        self.facts().offers
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
            .ok_or_else(|| "expected `katapult` or `onapp`".to_owned())
    }
}
