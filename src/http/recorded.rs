//! What `--print-request` needs to know of a client: which reads it sent, and what their command lines are made of.

use std::cell::RefCell;
use std::path::Path;

use url::Url;

use super::options::Authentication;
use super::{Http, Method, Request};

impl Http {
    /// Keeps the reads that are sent.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.recorded = Some(RefCell::default());
        self
    }

    /// Keeps a read; an attempt after a failed one is the same read.
    pub(super) fn record(&self, request: &Request) {
        if let Some(recorded) = self.recorded.as_ref().filter(|_| request.method == Method::Get) {
            recorded.borrow_mut().push(request.clone());
        }
    }

    /// The reads that were sent, in order.
    pub fn recorded(&self) -> Vec<Request> {
        self.recorded.as_ref().map(|recorded| recorded.borrow().clone()).unwrap_or_default()
    }

    /// The URL of a request.
    pub fn url(&self, request: &Request) -> Url {
        request.url(&self.target.base)
    }

    /// Whether it authenticates with a user and a password.
    pub fn is_basic(&self) -> bool {
        matches!(self.target.authentication, Authentication::Basic { .. })
    }

    pub fn ca_file(&self) -> Option<&Path> {
        self.target.ca_file.as_deref()
    }
}
