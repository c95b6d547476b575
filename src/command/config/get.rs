//! `bpctl config get`

use super::settings::{in_force, of_profile};
use crate::args::{ConfigGet, Format};
use crate::config::{Key, Origin};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::model::ConfigSetting;

/// Prints one setting: in full what the file says, short what is in force.
pub async fn run(cx: &Context, args: &ConfigGet) -> Result<()> {
    let is_short = !args.key.starts_with("profiles.") && args.key != "default_profile";
    let mut setting = match is_short {
        true => effective(cx, &args.key)?,
        false => written(cx, &Key::parse(&args.key, None)?)?,
    };
    if setting.value.is_null() {
        return Err(Error::new(Exit::NotFound, "not_set", format!("`{}` is not set", args.key))
            .hint("`bpctl config list --origin` shows the settings in force"));
    }
    if setting.key.rsplit('.').next() == Some("token") {
        setting.value = token(cx, is_short, &args.key).await?.into();
    }
    match cx.style.format {
        Format::Table | Format::Wide => cx.ui.print(|out| writeln!(out, "{}", setting.text())),
        _ => cx.show(setting.object()),
    }
}

fn effective(cx: &Context, key: &str) -> Result<ConfigSetting> {
    match in_force(cx)?.into_iter().find(|setting| setting.key == key) {
        Some(setting) => Ok(setting),
        // Its error names the keys that there are.
        None => Key::parse(key, Some("NAME")).map(|_| ConfigSetting::absent(key)),
    }
}

fn written(cx: &Context, key: &Key) -> Result<ConfigSetting> {
    let file = cx.file()?;
    let (value, origin) = match key {
        Key::DefaultProfile => (file.default_profile.clone().into(), Origin::File),
        Key::Profile { profile, field } => {
            (of_profile(file.profile(profile)?, field), Origin::Profile(profile.clone()))
        }
    };
    Ok(ConfigSetting { value, ..ConfigSetting::set(key.name(), "", origin) })
}

/// Gives the token itself, to whoever asks for it twice.
async fn token(cx: &Context, is_short: bool, key: &str) -> Result<String> {
    if !cx.global.show_secrets {
        return Err(Error::usage("a token is not printed").hint(format!(
            "`bpctl config get {key} --show-secrets` prints it all the same; `bpctl auth status` says whether it works"
        )));
    }
    if is_short {
        return Ok(cx.connection(None)?.token()?.fetch(cx.limits().max_wait).await?.expose().to_owned());
    }
    let Key::Profile { profile, .. } = Key::parse(key, None)? else {
        return Err(Error::usage("a token is not printed"));
    };
    let token = cx.file()?.profile(&profile)?.token.clone();
    Ok(token.map(|token| token.expose().to_owned()).unwrap_or_default())
}
