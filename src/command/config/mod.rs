//! `bpctl config …`: shows and changes settings. Never prints a token.

mod settings;

use std::path::Path;

use serde_json::json;

use crate::args::{ConfigCommand, ConfigGet, ConfigKey, ConfigList, ConfigSet, Format};
use crate::config::{DEFAULT_NAME, Edit, File, Key, Origin, Provider, SECRET_KEYS, check_name, profile_in_use};
use crate::context::Context;
use crate::error::{Error, Exit, Result};
use crate::http::Walk;
use crate::model::{ConfigSetting, Object};
use crate::ops::batch::print_result;
use crate::ops::rows::Rows;
use crate::text::escape;
use crate::view::structured;

/// Runs a verb of `bpctl config`.
pub async fn run(cx: &Context, verb: ConfigCommand) -> Result<()> {
    match verb {
        ConfigCommand::Path => path(cx),
        ConfigCommand::List(args) => list(cx, &args),
        ConfigCommand::Get(args) => get(cx, &args),
        ConfigCommand::Set(args) => set(cx, &args).await,
        ConfigCommand::Unset(args) => unset(cx, &args).await,
        ConfigCommand::Use(args) => set_default_profile(cx, &args.name).await,
    }
}

/// Begins a change of the config file; a dry run touches nothing.
pub async fn begin(cx: &Context, path: &Path) -> Result<Edit> {
    if cx.global.dry_run { Edit::begin_dry_run(path) } else { Edit::begin(path).await }
}

/// Writes the config file, except in a dry run.
///
/// # Errors
/// It cannot be written; then it is as it was.
pub fn save(cx: &Context, edit: Edit) -> Result<()> {
    if cx.global.dry_run {
        cx.ui.note("dry run: the config file is left as it is");
        return Ok(());
    }
    edit.save()?;
    cx.tally.note_local_change();
    Ok(())
}

fn path(cx: &Context) -> Result<()> {
    let path = cx.config_path()?;
    let exists = path.exists();
    cx.ui.print(|out| match cx.output.format {
        Format::Json | Format::Jsonl | Format::Yaml => {
            structured(&cx.output, &json!({"path": path.display().to_string(), "exists": exists}), out)
        }
        _ => writeln!(out, "{}", path.display()),
    })
}

fn list(cx: &Context, args: &ConfigList) -> Result<()> {
    let settings: Vec<Object<ConfigSetting>> = settings::in_use(cx)?.into_iter().map(ConfigSetting::object).collect();
    let origin: &[&str] = if args.origin { &["origin"] } else { &[] };
    let mut rows = Rows::begin(cx)?.with_columns(origin, &[]);
    rows.page(settings)?;
    rows.end(Walk::default(), "in use")
}

/// Prints one setting: `profiles.NAME.KEY` is what the file has, `KEY` the value in use.
fn get(cx: &Context, args: &ConfigGet) -> Result<()> {
    let is_short = !args.key.starts_with("profiles.") && args.key != "default_profile";
    let setting =
        if is_short { value_in_use(cx, &args.key)? } else { value_in_file(cx, &Key::parse(&args.key, None)?)? };
    if setting.value.is_null() {
        return Err(Error::new(Exit::NotFound, "not_found", format!("`{}` is not set", args.key))
            .hint("`bpctl config list --origin` shows the settings in use"));
    }
    if setting.key.rsplit('.').next().is_some_and(|key| SECRET_KEYS.contains(&key)) {
        let error = Error::usage(format!("`{}` is a secret, which is not printed", args.key));
        let is_token = setting.key.ends_with("token") || setting.key.ends_with("token_ro");
        return Err(if is_token { error.hint("`bpctl auth status` checks whether it works") } else { error });
    }
    match cx.output.format {
        Format::Table | Format::Wide => cx.ui.print(|out| writeln!(out, "{}", setting.text())),
        _ => cx.show(setting.object()),
    }
}

fn value_in_use(cx: &Context, key: &str) -> Result<ConfigSetting> {
    match settings::in_use(cx)?.into_iter().find(|setting| setting.key == key) {
        Some(setting) => Ok(setting),
        // Its error names the known keys.
        None => Key::parse(key, Some("NAME")).map(|_| ConfigSetting::absent(key)),
    }
}

fn value_in_file(cx: &Context, key: &Key) -> Result<ConfigSetting> {
    let file = cx.file()?;
    let (value, origin) = match key {
        Key::DefaultProfile => (file.default_profile.clone().into(), Origin::File),
        Key::Profile { profile, field } => {
            (settings::of_profile(file.profile(profile)?, field), Origin::Profile(profile.clone()))
        }
    };
    Ok(ConfigSetting { value, ..ConfigSetting::set(key.name(), "", origin) })
}

async fn set(cx: &Context, args: &ConfigSet) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let file = File::read(&path)?;
    let key = key_to_change(cx, &file, &args.key)?;
    let Key::Profile { profile, field } = &key else {
        return set_default_profile(cx, &args.value).await;
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

/// Removes a key from the file, so that the environment or the default counts again.
async fn unset(cx: &Context, args: &ConfigKey) -> Result<()> {
    let path = cx.config_path_to_change()?;
    let key = key_to_change(cx, &File::read(&path)?, &args.key)?;
    let mut edit = begin(cx, &path).await?;
    if let Key::Profile { profile, .. } = &key {
        edit.file().profile(profile)?;
    }
    if !edit.remove(&key)? {
        cx.ui.note(&format!("`{}` is not set; no changes", key.name()));
        return report(cx, ConfigSetting::absent(key.name()));
    }
    save(cx, edit)?;
    report(cx, ConfigSetting::absent(key.name()))
}

/// Reads the key of a setting that is about to be changed; a short one belongs to the profile in use.
fn key_to_change(cx: &Context, file: &File, text: &str) -> Result<Key> {
    let in_use = profile_in_use(&cx.wanted(None), &cx.system, file).map(|setting| setting.value);
    // As with a first login: a first profile needs no name.
    let is_first = file.profiles.is_empty() && !cx.global.sandbox;
    let in_use = in_use.or_else(|| is_first.then(|| DEFAULT_NAME.to_owned()));
    Key::parse(text, in_use.as_deref())
}

async fn set_default_profile(cx: &Context, profile: &str) -> Result<()> {
    let path = cx.config_path_to_change()?;
    // Checked before the file or its directory is made.
    check_exists(&File::read(&path)?, profile)?;
    let mut edit = begin(cx, &path).await?;
    check_exists(edit.file(), profile)?;
    edit.set(&Key::DefaultProfile, profile)?;
    save(cx, edit)?;
    report(cx, ConfigSetting::set("default_profile", profile, Origin::File))
}

fn check_exists(file: &File, profile: &str) -> Result<()> {
    if Provider::of_built_in_profile(profile).is_some() { Ok(()) } else { file.profile(profile).map(drop) }
}

/// Prints a setting as it is now, or would be.
fn report(cx: &Context, setting: ConfigSetting) -> Result<()> {
    if cx.tally.has_accepted() {
        print_result(cx, "the config file was changed", || print(cx, setting))
    } else {
        print(cx, setting)
    }
}

fn print(cx: &Context, setting: ConfigSetting) -> Result<()> {
    let is_dry = cx.global.dry_run;
    match cx.output.format {
        Format::Table | Format::Wide => {
            let (key, text) = (escape(&setting.key).into_owned(), setting.text());
            let verb = if is_dry { "valid: " } else { "" };
            cx.ui.print(|out| writeln!(out, "{verb}{key} = {}", escape(&text)))
        }
        _ => {
            let mut object = setting.object();
            if is_dry {
                object.raw["stored"] = false.into();
            }
            cx.show(object)
        }
    }
}
