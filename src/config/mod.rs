//! What is set: flags, environment and file, resolved into one value that remembers where each part came from.
//!
//! The layers, strongest first: 1. flags; 2. environment variables; 3. the profile (`--profile`,
//! `BPCTL_PROFILE`, `default_profile`); 4. built-in defaults. Opens no connection.

mod credential;
mod edit;
pub mod env;
mod file;
mod key;
mod notice;
mod paths;
mod provider;
mod settings;
mod token;

pub use edit::Edit;
pub use file::{File, PROFILE_KEYS, Profile, SECRET_KEYS};
pub use key::{Key, check_name};
pub use notice::{NoticeKind, notice_setting};
pub use paths::Paths;
pub use provider::Provider;
pub use settings::{Connection, DEFAULT_NAME, Origin, Setting, Wanted, check_url, profile_in_use, resolve};
pub use token::{Token, TokenSource, bad_character};
