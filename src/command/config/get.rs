//! `bpctl config get`

use super::settings::{in_force, of_profile};
use crate::args::{ConfigGet, Format};
use crate::config::{Key, Origin};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::model::ConfigSetting;

/// Prints one setting: in full what the file says, short what is in force.
pub fn run(cx: &Context, args: &ConfigGet) -> Result<()> {
    let is_short = !args.key.starts_with("profiles.") && args.key != "default_profile";
    let setting = match is_short {
        true => effective(cx, &args.key)?,
        false => written(cx, &Key::parse(&args.key, None)?)?,
    };
    if setting.value.is_null() {
        return Err(Error::new(Exit::NotFound, "not_found", format!("`{}` is not set", args.key))
            .hint("`bpctl config list --origin` shows the settings in force"));
    }
    if setting.key.rsplit('.').next() == Some("token") {
        return Err(Error::usage("a token is not printed").hint("`bpctl auth status` says whether it works"));
    }
    match cx.output.format {
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
