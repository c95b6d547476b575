//! What every write does: preview, confirmation, and the comparison of what was asked with what is. Sends nothing.

use serde_json::{Value, json};

use crate::args::Format;
use crate::context::Context;
use crate::error::{Changed, Error, Exit, Report, Result, code};
use crate::http::Request;
use crate::model::{Change, Interval, Loss, Object, Policy};
use crate::time::utc;

/// What a dry run would do.
pub struct DryRun {
    /// The writes, in order.
    pub requests: Vec<Request>,
    /// The object as it is.
    pub before: Value,
    /// The object as it would be, as far as is known.
    pub after: Value,
    /// In words, a line each: what it is about, and the difference.
    pub words: Vec<String>,
}

/// Prints what would be sent. Of several objects, `before` and `after` are lists.
///
/// # Errors
/// Standard output's.
pub fn print_dry_runs(cx: &Context, mut runs: Vec<DryRun>) -> Result<()> {
    if !matches!(cx.output.format, Format::Json | Format::Jsonl | Format::Yaml) {
        // Rows and ids are for programs: words would not be among them.
        if matches!(cx.output.format, Format::Csv | Format::Id) {
            cx.ui.note("a dry run has no rows: see it with `-o table` or `-o json`");
            return Ok(());
        }
        return runs.iter().try_for_each(|run| cx.ui.print(|out| run.print_words(out)));
    }
    let requests: Vec<Value> = runs
        .iter()
        .flat_map(|run| &run.requests)
        .map(|request| json!({"method": request.method.name(), "path": request.path, "body": request.body}))
        .collect();
    let (before, after) = match runs.len() {
        1 => {
            let run = runs.remove(0);
            (run.before, run.after)
        }
        _ => {
            let (before, after): (Vec<_>, Vec<_>) = runs.into_iter().map(|run| (run.before, run.after)).unzip();
            (before.into(), after.into())
        }
    };
    let value = json!({"dry_run": true, "requests": requests, "before": before, "after": after});
    cx.ui.print(|out| crate::view::structured(&cx.output, &value, out))
}

impl DryRun {
    fn print_words(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        if self.requests.is_empty() {
            writeln!(out, "dry run: nothing would be sent")?;
        }
        for request in &self.requests {
            writeln!(out, "dry run: would send {} {}", request.method.name(), request.path)?;
            if let Some(body) = &request.body {
                writeln!(out, "  {}", crate::text::escape(&body.to_string()))?;
            }
        }
        for line in &self.words {
            writeln!(out, "  {}", crate::text::escape(line))?;
        }
        Ok(())
    }
}

/// Says in a dry run what would be lost.
pub fn weakens(loss: &Loss) -> String {
    format!("weakens protection: {}", loss.0)
}

/// Prints the result of writes that were carried out: where that fails, the error still says what was done.
///
/// # Errors
/// Standard output's.
pub fn print_result(cx: &Context, done: &str, print: impl FnOnce() -> Result<()>) -> Result<()> {
    print().and_then(|()| cx.ui.flush()).map_err(|error| match error.report == Report::Success {
        true => error,
        false => Error { message: format!("{done}, but printing the result failed: {}", error.message), ..error },
    })
}

/// Confirms a change that takes protection away.
///
/// # Errors
/// `confirmation_required` where nobody can be asked; no, or Ctrl-C, where somebody can. Tells whether somebody was
/// asked, since time has passed then.
pub fn confirm_losses(cx: &Context, losses: &[Loss], question: &str) -> Result<bool> {
    let words: Vec<&str> = losses.iter().map(|loss| loss.0.as_str()).collect();
    if losses.is_empty() || cx.global.yes {
        return Ok(false);
    }
    if !cx.ui.can_ask() {
        let message = format!("this weakens protection: {}", words.join("; "));
        return Err(Error::new(Exit::Usage, code::CONFIRMATION_REQUIRED, message)
            .hint("add `--yes` to do it all the same, or `--dry-run` to see what would be sent"));
    }
    cx.ui.tell_unsaid();
    for line in &words {
        cx.ui.warn(line);
    }
    cx.must_confirm(question).map(|()| true)
}

/// Confirms several changes: on a terminal always, elsewhere only what takes protection away.
///
/// # Errors
/// Those of [`confirm_losses`].
pub fn confirm_several(cx: &Context, losses: &[Loss], question: &str) -> Result<bool> {
    match losses.is_empty() && !cx.global.yes && cx.ui.can_ask() {
        true => cx.must_confirm(question).map(|()| true),
        false => confirm_losses(cx, losses, question),
    }
}

/// Says a change field by field: `retention  7 → 30`.
pub fn difference_lines(change: &Change) -> Vec<String> {
    change
        .differences
        .iter()
        .map(|(name, before, after)| format!("{name:<9}  {} → {after}", before.as_deref().unwrap_or("(not set)")))
        .collect()
}

/// Gives the raw object as it would be after a change.
pub fn raw_after(before: &Object<Policy>, change: &Change) -> Value {
    let mut raw = before.raw.clone();
    if let Some(retention) = change.retention {
        raw["retention"] = retention.into();
    }
    let Some(schedule) = &change.schedule else {
        return raw;
    };
    if !raw["schedule"].is_object() {
        raw["schedule"] = json!({});
    }
    let fields = &mut raw["schedule"];
    if let Some(interval) = &schedule.interval {
        fields["interval"] = interval.as_str().into();
    }
    for (name, value) in [("frequency", schedule.frequency), ("minute", schedule.minute), ("time", schedule.time)] {
        if let Some(value) = value {
            fields[name] = value.into();
        }
    }
    // When it will run then is the server's to say.
    fields["next_invocation_at"] = Value::Null;
    raw
}

/// Compares what was asked with what the API holds now: the fields that were to change, and those that were not.
///
/// # Errors
/// `not_applied`, with both values of each field: the API silently ignores what it does not take, and whether it
/// leaves alone what it is not told of is not documented.
pub fn verify(change: &Change, before: &Policy, after: &Policy) -> Result<()> {
    let is_asked = |name: &str| change.differences.iter().any(|difference| difference.0 == name);
    let is_known = !matches!(after.schedule.interval, Some(Interval::Other(_)));
    let wanted = change.applied_to(before).settings().into_iter().zip(after.settings());
    let (asked, others): (Vec<_>, Vec<_>) = wanted
        .filter_map(|((name, wanted), (_, actual))| Some((name, wanted?, actual)))
        .filter(|(_, wanted, actual)| actual.as_ref() != Some(wanted))
        // A field that was not to change, and is not told of or in a word that is new to us, is no contradiction.
        .filter(|(name, _, actual)| is_asked(name) || actual.is_some() && (is_known || *name != "interval"))
        .partition(|(name, ..)| is_asked(name));
    not_applied(&asked)?;
    let mut words: Vec<String> = others
        .iter()
        .map(|(name, was, actual)| format!("{name}: was {was}, is {}", actual.as_deref().unwrap_or("not set")))
        .collect();
    if let (None, Some(at)) = (before.auto_move_to_trash_at, after.auto_move_to_trash_at) {
        words.push(format!("a deletion is planned at {}", utc(at)));
    }
    match words.is_empty() {
        true => Ok(()),
        false => Err(Error::new(
            Exit::Failure,
            code::NOT_APPLIED,
            format!("the change was made, and with it something that was not asked for ({})", words.join("; ")),
        )
        .hint("the server did it, or somebody else at the same time")
        .with_outcome_unknown()),
    }
}

/// Builds the error for values that the server did not take, given as name, asked, actual.
///
/// # Errors
/// `not_applied`, when there are any.
pub fn not_applied(wrong: &[(&str, String, Option<String>)]) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = wrong
        .iter()
        .map(|(name, asked, actual)| format!("{name}: asked {asked}, is {}", actual.as_deref().unwrap_or("not set")))
        .collect();
    let detail =
        wrong.iter().map(|(name, asked, actual)| ((*name).to_owned(), json!({"asked": asked, "actual": actual})));
    let message = format!("the server accepted the request but did not apply it ({})", words.join("; "));
    Err(Error::new(Exit::Failure, code::NOT_APPLIED, message)
        .detail(Value::Object(detail.collect()))
        .with_outcome_unknown())
}

/// Says of an error while reading back that the write itself was accepted.
pub fn after_write(error: Error) -> Error {
    let message = format!("the change was accepted, but reading it back failed: {}", error.message);
    Error { message, changed: Changed::Yes, ..error }
}
