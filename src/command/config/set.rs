//! `bpctl config set`

use super::{begin, report, save, settings, use_};
use crate::args::ConfigSet;
use crate::config::{DEFAULT_NAME, File, Key, Origin, check_name, profile_in_use};
use crate::context::Context;
use crate::error::Result;
use crate::model::ConfigSetting;

/// Changes a setting in the config file.
pub async fn run(cx: &Context, args: &ConfigSet) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let file = File::read(&path)?;
    let in_use = profile_in_use(&cx.wanted(None), &cx.system, &file).map(|setting| setting.value);
    // As with a first login: where there is no profile at all, nobody has to think of a name for one.
    let is_first = file.profiles.is_empty() && !cx.global.sandbox;
    let in_use = in_use.or_else(|| is_first.then(|| DEFAULT_NAME.to_owned()));
    let key = Key::parse(&args.key, in_use.as_deref())?;
    let Key::Profile { profile, field } = &key else {
        return use_::run(cx, &args.value).await;
    };
    let known = file.profiles.get(profile);
    if known.is_none() {
        check_name(profile)?;
    }
    let value = key.value(&args.value, known.and_then(|profile| profile.allow_http).unwrap_or(false))?;
    let mut edit = begin(cx, &path).await?;
    edit.set(&key, value)?;
    let after = edit.outcome()?;
    save(cx, edit)?;
    let now = settings::of_profile(after.profile(profile)?, field);
    report(cx, ConfigSetting::set(key.name(), now, Origin::Profile(profile.clone())))
}
