//! Checks HTTP Basic credentials. The simulator has no accounts: it accepts nearly all of them, and the first
//! letters of the user's name decide about permissions, as those of a token do on Katapult.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whose request it is.
#[derive(Debug)]
pub(super) struct User(String);

impl User {
    /// Accepts any user and any password that does not begin with `wrong` or `invalid`.
    pub(super) fn authenticate(authorization: Option<&str>) -> Option<Self> {
        let (scheme, encoded) = authorization?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = LENIENT.decode(encoded.trim()).ok()?;
        let decoded = String::from_utf8_lossy(&decoded);
        let (user, password) = decoded.split_once(':')?;
        let is_wrong = password.is_empty() || password.starts_with("wrong") || password.starts_with("invalid");
        let is_good = !user.is_empty() && !is_wrong;
        is_good.then(|| Self(user.to_owned()))
    }

    /// Whether the user is not an administrator: `/settings`, `/billing` and the list of all transactions are refused.
    pub(super) fn is_limited(&self) -> bool {
        self.0.starts_with("limited")
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.0.starts_with("readonly")
    }
}
