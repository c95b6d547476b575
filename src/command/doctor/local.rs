//! What can be checked without a network: the config file, the profile, the token's source.

use super::report::Report;
use crate::config::{Connection, File, resolve};
use crate::context::Context;
use crate::text::shell_word;

/// Checks them, and gives the connection if there is one to look at.
pub async fn check(cx: &Context, report: &mut Report) -> Option<Connection> {
    let file = match cx.read_file() {
        Ok(file) => file,
        Err(error) => {
            report.fail("config", error);
            return None;
        }
    };
    config(report, &file);
    let connection = match resolve(&cx.wanted(None), &cx.system, &file) {
        Ok(connection) => connection,
        Err(error) => {
            report.fail("profile", error);
            return None;
        }
    };
    profile(report, &connection);
    Some(token(cx, report, connection).await)
}

fn config(report: &mut Report, file: &File) {
    let path = file.path.display();
    if !file.exists {
        return report.ok("config", format!("no file at {path}; none is needed"));
    }
    if file.is_exposed {
        let message = format!("{path} holds a token and can be read by other users");
        return report.warn("config", message, format!("run `chmod 600 {}`", shell_word(&path.to_string())));
    }
    if file.holds_token() {
        report.ok("config", format!("{path}, readable only by you"))
    } else {
        report.ok("config", path.to_string())
    }
}

fn profile(report: &mut Report, connection: &Connection) {
    let name = match &connection.profile {
        Some(profile) => format!("{} ({})", profile.value, profile.origin),
        None => "none".to_owned(),
    };
    let api_url = connection.api_url.as_ref().map_or("the sandbox", |url| url.value.as_str());
    let mode = if connection.read_only.value { ", read-only" } else { "" };
    report.ok("profile", format!("{name}: {} at {api_url}{mode}", connection.provider.value));
}

/// A command that prints the token is run once.
async fn token(cx: &Context, report: &mut Report, connection: Connection) -> Connection {
    let fetched = match connection.token() {
        Ok(token) => token.fetch(cx.limits().max_wait).await.map(|secret| (token.source.words(), secret)),
        Err(error) => Err(error),
    };
    match fetched {
        Ok((words, token)) => {
            report.ok("token", words);
            connection.with_token(token)
        }
        Err(error) => {
            report.fail("token", error);
            connection
        }
    }
}
