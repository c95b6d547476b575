//! The OnApp side.

use super::reply::Reply;
use super::request::Request;
use super::state::OnApp;

pub(super) fn answer(_request: &Request, _cloud: &OnApp) -> Reply {
    Reply::html(404, "404")
}
