//! The config file: TOML, read strictly. Every error names the file, the line and the key, never a secret.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};
use zeroize::Zeroizing;

use crate::config::Provider;
use crate::error::{Error, Result, reason};
use crate::fs::private::{self, ForeignWriter};
use crate::secret::Secret;
use crate::text::shell_word;

/// Keys of a profile, in the order of the documentation.
pub const PROFILE_KEYS: [&str; 15] = [
    "provider",
    "api_url",
    "organization",
    "user",
    "token",
    "token_command",
    "token_ro",
    "token_command_ro",
    "wire",
    "ca_file",
    "allow_http",
    "read_only",
    "time_zone",
    "ping_url",
    "webhook_url",
];
/// The keys of a profile that hold a secret.
pub const SECRET_KEYS: [&str; 4] = ["token", "token_ro", "ping_url", "webhook_url"];
/// Bytes of a config file; a larger one is a mistake, and would be read into memory.
const MAX_BYTES: u64 = 1024 * 1024;
/// Keys at the top.
const TOP_KEYS: [&str; 2] = ["default_profile", "profiles"];

#[derive(Clone, Debug, Default)]
pub struct File {
    /// Where it was read from, or would be.
    pub path: PathBuf,
    pub exists: bool,
    /// Used when none is named.
    pub default_profile: Option<String>,
    /// By name.
    pub profiles: BTreeMap<String, Profile>,
    /// It holds a token and other users can read it.
    pub is_exposed: bool,
}

/// A profile, as written.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// `katapult` (the default) or `onapp`.
    pub provider: Option<Provider>,
    /// The base URL.
    pub api_url: Option<String>,
    /// The organization's id or sub-domain.
    pub organization: Option<String>,
    /// The OnApp user.
    pub user: Option<String>,
    /// The token itself.
    pub token: Option<Secret>,
    /// A program and its arguments that print the token.
    pub token_command: Option<Vec<String>>,
    /// A token that may only read; reads prefer it.
    pub token_ro: Option<Secret>,
    /// A program and its arguments that print such a token.
    pub token_command_ro: Option<Vec<String>>,
    /// `json` or `xml`.
    pub wire: Option<String>,
    /// PEM certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// Whether `http://` is allowed.
    pub allow_http: Option<bool>,
    /// Whether every write is refused.
    pub read_only: Option<bool>,
    /// The zone that times are read and shown in.
    pub time_zone: Option<String>,
    /// Where `check --ping` reports to.
    pub ping_url: Option<Secret>,
    /// Where `check --webhook` reports to.
    pub webhook_url: Option<Secret>,
}

impl Profile {
    /// Whether it has a token of its own, or a program that prints one.
    pub fn has_token(&self) -> bool {
        self.token.is_some()
            || self.token_command.is_some()
            || self.token_ro.is_some()
            || self.token_command_ro.is_some()
    }
}

impl File {
    /// Reads the file at `path`; one that does not exist is empty.
    pub fn read(path: &Path) -> Result<Self> {
        let failed =
            |error: &std::io::Error| Error::config(format!("cannot read {}: {}", path.display(), reason(error)));
        let file = match std::fs::File::open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Self { path: path.to_owned(), ..Self::default() });
            }
            Err(error) => return Err(failed(&error)),
        };
        let metadata = file.metadata().map_err(|error| failed(&error))?;
        check_owner(path, &metadata)?;
        // It may hold a token.
        let mut text = Zeroizing::new(String::new());
        file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(|error| failed(&error))?;
        if text.len() as u64 > MAX_BYTES {
            return Err(Error::config(format!("{} is larger than 1 MiB", path.display())));
        }
        let mut file = Self::parse(path, &text)?;
        file.is_exposed = file.holds_token() && private::others_can_read(&metadata);
        Ok(file)
    }

    /// Reads `text` as the content of the file at `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        Reader { path, text }.file()
    }

    /// Whether a token, or another secret, is written in it.
    pub fn holds_token(&self) -> bool {
        let secrets = |profile: &Profile| {
            let Profile { token, token_ro, ping_url, webhook_url, .. } = profile;
            [token, token_ro, ping_url, webhook_url].into_iter().any(Option::is_some)
        };
        self.profiles.values().any(secrets)
    }

    /// Returns a profile.
    pub fn profile(&self, name: &str) -> Result<&Profile> {
        self.profiles.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
            let place = if self.path.as_os_str().is_empty() {
                "the config file".into()
            } else {
                self.path.display().to_string()
            };
            Error::config(format!("no profile `{name}` in {place} ({known})"))
                .hint("`bpctl auth login --profile NAME` creates a profile; `sandbox` and `sandbox-onapp` are built in")
        })
    }
}

/// Refuses a file that other users can write: it can name a program to run, and the host that the token is sent to.
fn check_owner(path: &Path, metadata: &Metadata) -> Result<()> {
    let Some(risk) = private::foreign_writer(metadata) else {
        return Ok(());
    };
    let path = path.display().to_string();
    let word = shell_word(&path);
    Err(match risk {
        ForeignWriter::Owner(uid) => Error::config(format!("{path} belongs to another user (uid {uid})")).hint(
            format!("check what it says, then `chown \"$(id -u)\" {word}`, or name another file with `--config`"),
        ),
        ForeignWriter::Others => Error::config(format!("{path} can be written by other users"))
            .hint(format!("check what it says, then `chmod go-w {word}`")),
    })
}

/// Reads one document and knows where in it something stands.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn file(&self) -> Result<File> {
        let document = Document::parse(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            // The library's own text quotes the line, which may hold a token.
            self.wrong(offset, &format!("not TOML: {}", first_line(error.message())))
        })?;
        let table = document.as_table();
        self.check_keys(table, "", &TOP_KEYS)?;
        let mut file = File {
            path: self.path.to_owned(),
            exists: true,
            default_profile: self.text_of(table, "", "default_profile")?,
            ..File::default()
        };
        let Some(profiles) = table.get("profiles") else {
            return Ok(file);
        };
        let profiles = self.table_of(profiles, "profiles")?;
        for (name, item) in profiles.iter() {
            let place = format!("profiles.{name}");
            let profile = self.profile(self.table_of(item, &place)?, &place)?;
            file.profiles.insert(name.to_owned(), profile);
        }
        Ok(file)
    }

    fn profile(&self, table: &dyn TableLike, place: &str) -> Result<Profile> {
        self.check_keys(table, place, &PROFILE_KEYS)?;
        let text = |key: &str| self.text_of(table, place, key);
        let provider = text("provider")?
            .map(|word| {
                let wrong = |error| self.wrong_key(table, place, "provider", &format!("`{word}`: {error}"));
                word.parse::<Provider>().map_err(wrong)
            })
            .transpose()?;
        let wire = text("wire")?;
        if let Some(wire) = wire.as_deref().filter(|wire| !["json", "xml"].contains(wire)) {
            return Err(self.wrong_key(table, place, "wire", &format!("`{wire}`: expected `json` or `xml`")));
        }
        let time_zone = text("time_zone")?;
        if let Some(what) = time_zone.as_deref().and_then(|name| check_zone(name).err()) {
            return Err(self.wrong_key(table, place, "time_zone", &what));
        }
        Ok(Profile {
            provider,
            api_url: text("api_url")?,
            organization: text("organization")?,
            user: text("user")?,
            token: text("token")?.filter(|token| !token.is_empty()).map(Secret::new),
            token_command: self.words_of(table, place, "token_command")?,
            token_ro: text("token_ro")?.filter(|token| !token.is_empty()).map(Secret::new),
            token_command_ro: self.words_of(table, place, "token_command_ro")?,
            wire,
            ca_file: text("ca_file")?.map(PathBuf::from),
            allow_http: self.flag_of(table, place, "allow_http")?,
            read_only: self.flag_of(table, place, "read_only")?,
            time_zone,
            ping_url: text("ping_url")?.filter(|url| !url.is_empty()).map(Secret::new),
            webhook_url: text("webhook_url")?.filter(|url| !url.is_empty()).map(Secret::new),
        })
    }

    fn check_keys(&self, table: &dyn TableLike, place: &str, known: &[&str]) -> Result<()> {
        match table.iter().find(|(key, _)| !known.contains(key)) {
            None => Ok(()),
            Some((key, _)) => {
                Err(self.wrong_key(table, place, key, &format!("unknown key; expected one of {}", known.join(", "))))
            }
        }
    }

    fn table_of<'i>(&self, item: &'i Item, place: &str) -> Result<&'i dyn TableLike> {
        item.as_table_like().ok_or_else(|| {
            let offset = item.span().map_or(0, |span| span.start);
            self.wrong(offset, &format!("`{place}`: expected a table"))
        })
    }

    fn text_of(&self, table: &dyn TableLike, place: &str, key: &str) -> Result<Option<String>> {
        match table.get(key) {
            None => Ok(None),
            Some(item) => match item.as_str() {
                Some(text) => Ok(Some(text.to_owned())),
                None => Err(self.wrong_key(table, place, key, "expected a string")),
            },
        }
    }

    fn flag_of(&self, table: &dyn TableLike, place: &str, key: &str) -> Result<Option<bool>> {
        let wrong = || self.wrong_key(table, place, key, "expected `true` or `false`");
        table.get(key).map(|item| item.as_bool().ok_or_else(wrong)).transpose()
    }

    fn words_of(&self, table: &dyn TableLike, place: &str, key: &str) -> Result<Option<Vec<String>>> {
        let Some(item) = table.get(key) else {
            return Ok(None);
        };
        let words = item.as_array().and_then(|array| {
            array.iter().map(|word| word.as_str().map(str::to_owned)).collect::<Option<Vec<String>>>()
        });
        match words {
            Some(words) if !words.is_empty() => Ok(Some(words)),
            _ => Err(self.wrong_key(
                table,
                place,
                key,
                "expected a list of strings: program and arguments, as in [\"pass\", \"show\", \"katapult\"]",
            )),
        }
    }

    fn wrong_key(&self, table: &dyn TableLike, place: &str, key: &str, what: &str) -> Error {
        let offset = table.get_key_value(key).and_then(|(name, item)| name.span().or_else(|| item.span()));
        let full = match place {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        };
        self.wrong(offset.map_or(0, |span| span.start), &format!("`{full}`: {what}"))
    }

    fn wrong(&self, offset: usize, what: &str) -> Error {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        Error::config(format!("{} line {line}: {what}", self.path.display()))
    }
}

/// Accepts the name of a time zone.
pub(super) fn check_zone(name: &str) -> std::result::Result<(), String> {
    match jiff::tz::TimeZoneDatabase::bundled().get(name) {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("unknown time zone `{name}`; expected a name such as `Europe/London` or `UTC`")),
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
