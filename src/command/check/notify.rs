//! `--ping` and `--webhook`: the result goes to URLs that are secrets, so they come from the environment or a profile.

use std::time::Duration;

use serde_json::json;

use crate::args::{Check, WebhookFormat};
use crate::config::{NoticeKind, notice_setting};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::http::{Limits, Message, Notice, Proxy, notice_url};
use crate::model::check::{Report, Status};
use crate::view::summary_line;

/// The time that is kept for reporting: at most this, and at most a quarter of `--max-wait`.
const RESERVE: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";

/// Where the result of a check is reported.
pub struct Notifier<'c> {
    cx: &'c Context,
    ping: Option<Notice>,
    webhook: Option<(Notice, WebhookFormat)>,
}

impl<'c> Notifier<'c> {
    /// Finds the URLs, and keeps some of the command's time for them.
    pub fn open(cx: &'c Context, names: Option<&[String]>, args: &Check) -> Result<Self> {
        let mut this = Self { cx, ping: None, webhook: None };
        if !args.ping && !args.webhook {
            return Ok(this);
        }
        if cx.global.dry_run {
            cx.ui.note("dry run: nothing is reported");
            return Ok(this);
        }
        let limits = cx.limits();
        let reserve = RESERVE.min(limits.max_wait / 4);
        cx.reserved.set(reserve);
        let limits = Limits { max_wait: reserve, timeout: limits.timeout.min(reserve), ..limits };
        if args.ping {
            this.ping = Some(open(cx, names, NoticeKind::Ping, limits)?);
        }
        if args.webhook {
            let notice = open(cx, names, NoticeKind::Webhook, limits)?;
            let format = args.webhook_format.unwrap_or_else(|| match notice.host() {
                "hooks.slack.com" => WebhookFormat::Slack,
                _ => WebhookFormat::Generic,
            });
            this.webhook = Some((notice, format));
        }
        Ok(this)
    }

    /// Reports the start, so that the monitoring service can measure how long a check takes.
    pub async fn start(&self) {
        let Some(ping) = &self.ping else { return };
        let message = Message { segment: Some("start"), content_type: TEXT, body: String::new() };
        if let Err(error) = ping.send(&message, &self.cx.ui.http_progress()).await {
            self.cx.ui.warn(&format!("the start was not reported: {}", error.message));
        }
    }

    /// Reports the result. `failure` is what kept it from being complete, if anything did.
    ///
    /// # Errors
    /// What was not reported, in one sentence.
    pub async fn result(&self, report: &Report, failure: Option<&Error>) -> std::result::Result<(), String> {
        let line = match failure {
            Some(error) => crate::view::unknown_line(&error.message),
            None => summary_line(report),
        };
        let is_ok = report.status() == Status::Ok && failure.is_none();
        let mut failed = Vec::new();
        let progress = self.cx.ui.http_progress();
        if let Some(ping) = &self.ping {
            let segment = (!is_ok).then_some("fail");
            let message = Message { segment, content_type: TEXT, body: line.clone() };
            failed.extend(ping.send(&message, &progress).await.err().map(|error| format!("ping: {}", error.message)));
        }
        if let Some((webhook, format)) = &self.webhook {
            let body = match format {
                WebhookFormat::Slack => json!({"text": line}).to_string(),
                WebhookFormat::Generic => serde_json::to_string(report).unwrap_or_default(),
            };
            let message = Message { segment: None, content_type: "application/json", body };
            let sent = webhook.send(&message, &progress).await;
            failed.extend(sent.err().map(|error| format!("webhook: {}", error.message)));
        }
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
    }
}

fn open(cx: &Context, names: Option<&[String]>, kind: NoticeKind, limits: Limits) -> Result<Notice> {
    let found = notice_setting(kind, &cx.wanted(None), names, &cx.system, cx.file()?)?;
    let url = notice_url(found.value.expose())
        .map_err(|what| Error::config(format!("{} ({}): {what}", kind.key(), found.origin)))?;
    let roots_file = crate::config::env::roots_file(&cx.system);
    let proxy = Proxy::find(&url, |name| cx.system.variable(name))?;
    Notice::open(url, limits, roots_file, proxy)
}
