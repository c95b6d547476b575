//! Keys of the config file as users type them, such as `profiles.NAME.api_url`, and the values that each accepts.

use toml_edit::{Array, Value};

use super::Provider;
use super::file::{PROFILE_KEYS, SECRET_KEYS, check_zone};
use super::settings::check_url;
use crate::error::{Error, Result};
use crate::text::shell_word;

/// The longest profile name.
const MAX_NAME: usize = 64;

/// A place in the config file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// `default_profile`
    DefaultProfile,
    Profile {
        profile: String,
        field: &'static str,
    },
}

impl Key {
    /// Names a key of a profile.
    pub fn of(profile: &str, field: &'static str) -> Self {
        Self::Profile { profile: profile.to_owned(), field }
    }

    /// Parses a key: in full, or short for the profile in use.
    pub fn parse(text: &str, in_use: Option<&str>) -> Result<Self> {
        if text == "default_profile" {
            return Ok(Self::DefaultProfile);
        }
        let (profile, last) = match text.strip_prefix("profiles.").and_then(|rest| rest.rsplit_once('.')) {
            Some((profile, last)) => (Some(profile), last),
            None => (in_use, text),
        };
        let Some(field) = field(last) else {
            return Err(unknown(text));
        };
        let Some(profile) = profile.filter(|name| !name.is_empty()) else {
            return Err(Error::usage(format!("`{text}` belongs to a profile, and none is in use"))
                .hint(format!("name one: `bpctl config set profiles.NAME.{field} VALUE`")));
        };
        Ok(Self::of(profile, field))
    }

    /// Reads a value for this key, as the file's reader would. `allow_http` is what the profile says of it.
    pub fn value(&self, text: &str, allow_http: bool) -> Result<Value> {
        let field = match self {
            Self::DefaultProfile => return Ok(Value::from(text)),
            Self::Profile { field, .. } => *field,
        };
        let wrong = |what: &str| Error::usage(format!("invalid value for `{}`: {what}", self.name()));
        if text.trim().is_empty() {
            return Err(wrong("it is empty"));
        }
        match field {
            key if SECRET_KEYS.contains(&key) => Err(Error::usage(
                "a secret is not accepted as an argument: every user of this machine can see arguments",
            )
            .hint(token_hint(key))),
            "provider" => text.parse::<Provider>().map(|_| Value::from(text)).map_err(|what| wrong(&what)),
            "wire" if !["json", "xml"].contains(&text) => Err(wrong("expected `json` or `xml`")),
            "api_url" => check_url(text, allow_http).map(|_| Value::from(text.trim())).map_err(|what| {
                let error = wrong(&what);
                match (what.contains("allow_http"), self) {
                    (true, Self::Profile { profile, .. }) => {
                        let key = format!("profiles.{profile}.allow_http");
                        error.hint(format!("`bpctl config set {} true`", shell_word(&key)))
                    }
                    _ => error,
                }
            }),
            "allow_http" | "read_only" => {
                text.parse::<bool>().map(Value::from).map_err(|_| wrong("expected `true` or `false`"))
            }
            "time_zone" => check_zone(text).map(|()| Value::from(text)).map_err(|what| wrong(&what)),
            "token_command" | "token_command_ro" => words(text).map(Value::Array).ok_or_else(|| {
                wrong("expected a list: program and arguments, as in '[\"pass\", \"show\", \"katapult\"]'")
            }),
            _ => Ok(Value::from(text)),
        }
    }

    /// Writes it in full.
    pub fn name(&self) -> String {
        match self {
            Self::DefaultProfile => "default_profile".to_owned(),
            Self::Profile { profile, field } => format!("profiles.{profile}.{field}"),
        }
    }
}

/// Accepts a name for a new profile.
pub fn check_name(name: &str) -> Result<()> {
    if Provider::of_built_in_profile(name).is_some() {
        return Err(Error::usage(format!("the profile `{name}` is built in; it needs no token and has no settings"))
            .hint("name another one with `--profile`"));
    }
    let is_plain = name.chars().all(|symbol| symbol.is_alphanumeric() || "-_.@".contains(symbol));
    if is_plain && !name.is_empty() && name.len() <= MAX_NAME {
        return Ok(());
    }
    Err(Error::usage(format!(
        "invalid profile name `{name}`: expected at most {MAX_NAME} letters, digits, `-`, `_`, `.` or `@`"
    )))
}

fn token_hint(key: &str) -> String {
    match key {
        "token" => "`bpctl auth login` asks for it, or reads it from standard input".to_owned(),
        "ping_url" | "webhook_url" => format!("`bpctl config path` prints the file; write `{key} = …` there"),
        key => format!("`bpctl config path` prints the file; write `{key} = …` there, or set `token_command_ro`"),
    }
}

fn field(name: &str) -> Option<&'static str> {
    PROFILE_KEYS.into_iter().find(|known| *known == name)
}

fn unknown(text: &str) -> Error {
    Error::usage(format!("unknown key `{text}`; expected default_profile, or a profile's {}", PROFILE_KEYS.join(", ")))
        .hint("write a profile's key in full, `profiles.NAME.api_url`, or short for the profile in use, `api_url`")
}

/// Reads a list of strings, at least one.
fn words(text: &str) -> Option<Array> {
    let value: Value = text.trim().parse().ok()?;
    let array = value.as_array()?;
    let words: Option<Array> = array.iter().map(Value::as_str).collect();
    words.filter(|words| !words.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_full_and_short() {
        assert_eq!(Key::parse("profiles.work.api_url", None).unwrap(), Key::of("work", "api_url"));
        assert_eq!(Key::parse("profiles.a.b.user", Some("x")).unwrap(), Key::of("a.b", "user"));
        assert_eq!(Key::parse("user", Some("x")).unwrap(), Key::of("x", "user"));
        assert_eq!(Key::parse("default_profile", None).unwrap(), Key::DefaultProfile);
        for wrong in ["usr", "profiles.work", "profiles.work.usr", "profiles..user", "", "profiles.", "user."] {
            assert!(Key::parse(wrong, Some("x")).is_err(), "{wrong}");
        }
        assert!(Key::parse("user", None).is_err());
    }

    #[test]
    fn values_are_held_to_what_the_reader_takes() {
        let value = |field: &'static str, text: &str| Key::of("w", field).value(text, false);
        assert_eq!(value("allow_http", "true").unwrap().as_bool(), Some(true));
        assert_eq!(value("token_command", "['pass', 'show']").unwrap().as_array().map(Array::len), Some(2));
        for (field, wrong) in [
            ("provider", "azure"),
            ("wire", "yaml"),
            ("allow_http", "yes"),
            ("token_command", "pass show"),
            ("token_command", "[]"),
            ("token_command", "[1]"),
            ("api_url", "cloud.example"),
            ("api_url", "http://cloud.example"),
            ("token", "secret"),
            ("user", ""),
        ] {
            assert!(value(field, wrong).is_err(), "{field} = {wrong}");
        }
        assert!(Key::of("w", "api_url").value("http://cloud.example", true).is_ok());
    }
}
