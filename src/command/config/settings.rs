//! The settings in use, each with its origin.

use std::fmt::Display;

use serde_json::Value;

use crate::config::{Connection, File, NoticeKind, Origin, Profile, Setting, TokenSource, env, notice_setting};
use crate::context::Context;
use crate::error::Result;
use crate::model::{ConfigSetting, REDACTED};

/// Returns them in the order of the documentation.
pub fn in_use(cx: &Context) -> Result<Vec<ConfigSetting>> {
    let connection = cx.connection(None)?;
    Ok(vec![
        of("profile", connection.profile.as_ref()),
        of("provider", Some(&connection.provider)),
        api_url(connection),
        of("organization", connection.organization.as_ref()),
        of("user", connection.user.as_ref()),
        token(connection),
        of_file(connection, cx.file()?, "token_command"),
        of_file(connection, cx.file()?, "token_ro"),
        of_file(connection, cx.file()?, "token_command_ro"),
        ConfigSetting::set("wire", connection.wire.value.name(), &connection.wire.origin),
        of("ca_file", connection.ca_file.as_ref().map(shown).as_ref()),
        ConfigSetting::set("allow_http", connection.allow_http.value, &connection.allow_http.origin),
        ConfigSetting::set("read_only", connection.read_only.value, &connection.read_only.origin),
        of("time_zone", connection.time_zone.as_ref()),
        notice(cx, cx.file()?, NoticeKind::Ping),
        notice(cx, cx.file()?, NoticeKind::Webhook),
        output(cx),
    ])
}

/// The value of a profile's key in the file; tokens are hidden.
pub fn of_profile(profile: &Profile, field: &str) -> Value {
    let text = |value: Option<&String>| value.map_or(Value::Null, |text| Value::from(text.as_str()));
    match field {
        "provider" => profile.provider.map_or(Value::Null, |provider| provider.to_string().into()),
        "api_url" => text(profile.api_url.as_ref()),
        "organization" => text(profile.organization.as_ref()),
        "user" => text(profile.user.as_ref()),
        "token" => profile.token.as_ref().map_or(Value::Null, |_| REDACTED.into()),
        "token_command" => profile.token_command.clone().map_or(Value::Null, Value::from),
        "token_ro" => profile.token_ro.as_ref().map_or(Value::Null, |_| REDACTED.into()),
        "token_command_ro" => profile.token_command_ro.clone().map_or(Value::Null, Value::from),
        "wire" => text(profile.wire.as_ref()),
        "ca_file" => profile.ca_file.as_ref().map_or(Value::Null, |path| path.display().to_string().into()),
        "allow_http" => profile.allow_http.map_or(Value::Null, Value::from),
        "read_only" => profile.read_only.map_or(Value::Null, Value::from),
        "time_zone" => text(profile.time_zone.as_ref()),
        "ping_url" => profile.ping_url.as_ref().map_or(Value::Null, |_| REDACTED.into()),
        "webhook_url" => profile.webhook_url.as_ref().map_or(Value::Null, |_| REDACTED.into()),
        _ => Value::Null,
    }
}

fn of<T: Display>(key: &str, setting: Option<&Setting<T>>) -> ConfigSetting {
    match setting {
        Some(setting) => ConfigSetting::set(key, setting.value.to_string(), &setting.origin),
        None => ConfigSetting::absent(key),
    }
}

fn shown(path: &Setting<std::path::PathBuf>) -> Setting<String> {
    Setting { value: path.value.display().to_string(), origin: path.origin.clone() }
}

/// The sandbox has an address only while it runs.
fn api_url(connection: &Connection) -> ConfigSetting {
    match &connection.api_url {
        None => ConfigSetting { origin: Some(Origin::Sandbox.to_string()), ..ConfigSetting::absent("api_url") },
        url => of("api_url", url.as_ref()),
    }
}

fn token(connection: &Connection) -> ConfigSetting {
    let Ok(token) = connection.token() else {
        return ConfigSetting::absent("token");
    };
    let origin = match &token.source {
        TokenSource::Environment(name) => Origin::Environment(name).to_string(),
        TokenSource::Command { profile, key } => format!("{} ({key})", Origin::Profile(profile.clone())),
        TokenSource::File { profile, key } if *key != "token" => {
            format!("{} ({key})", Origin::Profile(profile.clone()))
        }
        TokenSource::File { profile, .. } => Origin::Profile(profile.clone()).to_string(),
        TokenSource::Sandbox => Origin::Sandbox.to_string(),
        TokenSource::Typed => token.source.words(),
    };
    ConfigSetting::set("token", REDACTED, origin)
}

/// A key that only the profile in use can have.
fn of_file(connection: &Connection, file: &File, key: &str) -> ConfigSetting {
    let name = connection.profile.as_ref().map(|setting| &setting.value);
    let found = name.and_then(|name| Some((name, of_profile(file.profiles.get(name)?, key))));
    match found.filter(|(_, value)| !value.is_null()) {
        Some((name, value)) => ConfigSetting::set(key, value, Origin::Profile(name.clone())),
        None => ConfigSetting::absent(key),
    }
}

fn notice(cx: &Context, file: &File, kind: NoticeKind) -> ConfigSetting {
    match notice_setting(kind, &cx.wanted(None), None, &cx.system, file) {
        Ok(setting) => ConfigSetting::set(kind.key(), REDACTED, &setting.origin),
        Err(_) => ConfigSetting::absent(kind.key()),
    }
}

fn output(cx: &Context) -> ConfigSetting {
    let origin = match (cx.global.output, cx.system.variable(env::OUTPUT)) {
        (Some(_), _) => Origin::Flag("--output"),
        (None, Some(_)) => Origin::Environment(env::OUTPUT),
        (None, None) => Origin::Default,
    };
    ConfigSetting::set("output", cx.output.format.name(), origin)
}
