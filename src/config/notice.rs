//! The URLs that a check reports to. They are secrets: whoever knows one can report in its place.

use super::file::{File, Profile};
use super::settings::{Origin, Setting, Wanted, profile_in_use};
use super::{Provider, env};
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::system::System;

/// What a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// A dead man's switch.
    Ping,
    /// A receiver of results.
    Webhook,
}

impl NoticeKind {
    /// The key of a profile.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ping => "ping_url",
            Self::Webhook => "webhook_url",
        }
    }

    fn variable(self) -> &'static str {
        match self {
            Self::Ping => env::PING_URL,
            Self::Webhook => env::WEBHOOK_URL,
        }
    }

    fn of(self, profile: &Profile) -> Option<&Secret> {
        match self {
            Self::Ping => profile.ping_url.as_ref(),
            Self::Webhook => profile.webhook_url.as_ref(),
        }
    }
}

/// Finds a URL: that of the environment, then that of the profile; a profile that is named by a flag comes first. Of
/// several profiles, those that have one must agree.
pub fn notice_setting(
    kind: NoticeKind,
    wanted: &Wanted,
    names: Option<&[String]>,
    system: &System,
    file: &File,
) -> Result<Setting<Secret>> {
    let in_use = profile_in_use(wanted, system, file);
    let is_first = names.is_none() && matches!(in_use, Some(Setting { origin: Origin::Flag(_), .. }));
    let names = names.map_or_else(|| in_use.into_iter().map(|setting| setting.value).collect(), <[String]>::to_vec);
    let mut of_profiles: Vec<Setting<Secret>> = Vec::new();
    for name in names.iter().filter(|name| Provider::of_built_in_profile(name).is_none()) {
        let found = file.profiles.get(name).and_then(|profile| kind.of(profile));
        let is_new = |url: &&Secret| of_profiles.iter().all(|known| known.value.expose() != url.expose());
        let new = found.filter(is_new).cloned();
        of_profiles.extend(new.map(|value| Setting { value, origin: Origin::Profile(name.clone()) }));
    }
    let variable = system.secret(kind.variable()).cloned();
    let variable = variable.map(|value| Setting { value, origin: Origin::Environment(kind.variable()) });
    match (variable, of_profiles.as_slice()) {
        (_, [one]) if is_first => Ok(one.clone()),
        (Some(variable), _) => Ok(variable),
        (None, [one]) => Ok(one.clone()),
        (None, []) => Err(Error::config(format!("no {} is set", kind.key())).hint(format!(
            "set `{}`, or `{}` in the profile",
            kind.variable(),
            kind.key()
        ))),
        (None, _) => Err(Error::config(format!("the profiles have different values of {}", kind.key()))
            .hint(format!("set `{}`: one result has one receiver", kind.variable()))),
    }
}
