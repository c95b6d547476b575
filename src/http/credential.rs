//! The secret half of the credentials: known, or fetched when the first request needs it.
//!
//! It knows no source of secrets: the caller says how one is fetched. It is fetched once, also where that fails.

use std::fmt;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, ready};
use tokio::sync::OnceCell;

use crate::error::Result;
use crate::secret::Secret;

/// Fetches a secret within the given time. Dropping the future ends whatever it started.
pub type Fetch = Box<dyn Fn(Duration) -> LocalBoxFuture<'static, Result<Secret>>>;

/// A token or password.
pub struct Credential {
    secret: OnceCell<Result<Secret>>,
    fetch: Fetch,
}

impl Credential {
    pub fn known(secret: Secret) -> Self {
        let again = secret.clone();
        let fetch: Fetch = Box::new(move |_| Box::pin(ready(Ok(again.clone()))));
        Self { secret: OnceCell::new_with(Some(Ok(secret))), fetch }
    }

    /// One that has to be fetched.
    pub fn fetched(fetch: Fetch) -> Self {
        Self { secret: OnceCell::new(), fetch }
    }

    /// Returns the secret; the first call fetches it within `limit`, the others wait for that.
    pub(super) async fn get(&self, limit: impl FnOnce() -> Duration) -> Result<&Secret> {
        self.secret.get_or_init(|| (self.fetch)(limit())).await.as_ref().map_err(Clone::clone)
    }

    /// The secret, if it is known by now.
    pub(super) fn if_known(&self) -> Option<&Secret> {
        self.secret.get()?.as_ref().ok()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
