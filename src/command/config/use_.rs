//! `bpctl config use`

use super::{begin, report, save};
use crate::config::{File, Key, Origin, Provider};
use crate::context::Context;
use crate::error::Result;
use crate::model::ConfigSetting;

/// Makes a profile the one that is used when none is named.
pub async fn run(cx: &Context, profile: &str) -> Result<()> {
    let path = cx.config_path_to_change()?;
    // Before anything is made: a profile that is not there leaves no trace.
    check(&File::read(&path)?, profile)?;
    let mut edit = begin(cx, &path).await?;
    check(edit.file(), profile)?;
    edit.set(&Key::DefaultProfile, profile)?;
    save(cx, edit)?;
    report(cx, ConfigSetting::set("default_profile", profile, Origin::File))
}

fn check(file: &File, profile: &str) -> Result<()> {
    match Provider::of_built_in_profile(profile).is_some() {
        true => Ok(()),
        false => file.profile(profile).map(drop),
    }
}
