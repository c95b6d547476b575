//! One request, as an endpoint describes it.

use serde_json::Value;
use url::Url;

/// The methods that the two APIs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    /// Creates, or starts an action.
    Post,
    Patch,
    Put,
    Delete,
}

impl Method {
    /// The method's name as it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

impl From<Method> for reqwest::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Post => Self::POST,
            Method::Patch => Self::PATCH,
            Method::Put => Self::PUT,
            Method::Delete => Self::DELETE,
        }
    }
}

/// Whether a request may be sent again when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Sending it twice has the same effect as once.
    Safe,
    /// A second one could create a second object: only when the first surely was not carried out.
    OnlyIfNotCarriedOut,
}

/// One request: what is appended to the base URL, and what is sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    /// The path below the base URL, beginning with `/`; already percent-encoded.
    pub path: String,
    /// Query pairs, not yet encoded.
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    /// What the answer may be (`Accept`).
    pub accept: &'static str,
    /// Whether it may be repeated.
    pub repeat: Repeat,
}

impl Request {
    /// A read of `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::Get, path)
    }

    /// A request without query or body that is safe to repeat.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            body: None,
            accept: "application/json",
            repeat: Repeat::Safe,
        }
    }

    /// Adds a query pair.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Appends path and query to `base`. Not RFC 3986 resolution: that would drop the base's own path.
    pub(super) fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        if !self.query.is_empty() {
            // Brackets become %5B and %5D, as in every recorded request.
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}
