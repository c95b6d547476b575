//! The steps of every write: dry run, preview, confirmation, lock, reading again, execution, report.
//!
//! Verbs for one policy and for several, `undo` and `apply` all come through [`run`], so that none of these steps can
//! be forgotten. What is special to a write is in its [`Write`]; sending is in [`execute`](super::execute).

use std::fs::File;

use super::dry_run;
use super::record;
use super::sequence::{FailurePolicy, Sequence};
use super::write::Write;
use crate::context::Context;
use crate::error::{Error, Exit, Result, code};
use crate::model::Loss;

/// When a question is asked on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Where protection is lost. A script needs `--yes` then.
    Losses,
    /// Always on a terminal; in a script where protection is lost.
    Always,
}

/// How a list of writes is carried out.
pub struct Options {
    /// The question before the first write.
    pub question: String,
    /// When it is asked.
    pub ask: Ask,
    /// The name that has to be typed instead of a yes.
    pub typed: Option<String>,
    /// What a failure does to the writes after it.
    pub failure_policy: FailurePolicy,
    /// The lock under which the objects were read.
    pub lock: Lock,
    /// The objects may have changed since they were read, for example during a question.
    pub is_stale: bool,
    /// Lines shown in place of each write's own description.
    pub preview: Option<Vec<String>>,
    /// Doubts and limits that the user must see even with `--yes`.
    pub warnings: Vec<String>,
}

impl Options {
    /// Asks `question` where protection is lost, and goes on after a failure.
    pub fn new(question: impl Into<String>, lock: Lock) -> Self {
        Self {
            question: question.into(),
            ask: Ask::Losses,
            typed: None,
            failure_policy: FailurePolicy::of(true),
            lock,
            is_stale: false,
            preview: None,
            warnings: Vec::new(),
        }
    }
}

/// Keeps this user's other writes on this machine from crossing this one.
#[derive(Default)]
pub struct Lock(Option<File>);

impl Lock {
    /// Takes the lock, unless this is a dry run.
    pub async fn take(cx: &Context) -> Result<Self> {
        if cx.global.dry_run {
            return Ok(Self::default());
        }
        Ok(Self(cx.lock_writes().await?))
    }

    /// Lets others write while the user thinks.
    pub fn release(&mut self) {
        self.0 = None;
    }
}

/// The names of writes in results.
pub fn labels(writes: &[impl Write]) -> Vec<String> {
    writes.iter().map(Write::label).collect()
}

/// Carries out writes; none of it in a dry run, which is printed here.
///
/// # Errors
/// The answer to the question was no, or it could not be asked. What became of each write is in the result.
pub async fn run<W: Write>(cx: &Context, writes: Vec<W>, options: Options) -> Result<Option<Sequence<W::Written>>> {
    if cx.global.dry_run {
        options.warnings.iter().for_each(|warning| cx.ui.warn(warning));
        dry_run::print(cx, &writes)?;
        return Ok(None);
    }
    if cx.connection(None)?.read_only.value {
        return Err(Error::read_only("the change"));
    }
    show(cx, &writes, &options);
    let losses: Vec<Loss> = writes.iter().flat_map(Write::losses).collect();
    let Options { mut lock, is_stale, failure_policy, ask, typed, question, .. } = options;
    let question = Question { ask, typed, text: question };
    if is_question_due(cx, &losses, ask, &writes) {
        lock.release();
    }
    let was_asked = confirm(cx, &writes, &losses, &question)?;
    // The first write may use the reading under the lock; for every other, something has come between.
    let is_current = !was_asked && !is_stale;
    let mut first = Some(lock);
    let mut has_written = false;
    let items = writes.into_iter().map(|write| (write.label(), write)).collect();
    let sequence = Sequence::run(cx, items, failure_policy, async |mut write: W| {
        if write.request().is_none() {
            return write.execute(cx).await;
        }
        let (_lock, is_current) = match first.take() {
            Some(held) if held.0.is_some() => (held, is_current),
            _ => (Lock::take(cx).await?, false),
        };
        if !is_current {
            write.read_again(cx).await?;
        }
        let written = write.execute(cx).await?;
        has_written = true;
        Ok(written)
    });
    let sequence = sequence.await;
    record::sync(cx);
    Ok(Some(Sequence { has_written, ..sequence }))
}

fn show(cx: &Context, writes: &[impl Write], options: &Options) {
    match &options.preview {
        Some(lines) => lines.iter().for_each(|line| cx.ui.note(line)),
        None => writes.iter().flat_map(|write| write.describe(&cx.output.times)).for_each(|line| cx.ui.note(&line)),
    }
    options.warnings.iter().for_each(|warning| cx.ui.warn(warning));
}

fn is_question_due(cx: &Context, losses: &[Loss], ask: Ask, writes: &[impl Write]) -> bool {
    let has_work = writes.iter().any(|write| write.request().is_some());
    cx.ui.can_ask() && !cx.global.yes && has_work && (ask == Ask::Always || !losses.is_empty())
}

/// What is asked before the first write.
struct Question {
    text: String,
    ask: Ask,
    typed: Option<String>,
}

/// Asks where that is due, and returns whether it did.
fn confirm(cx: &Context, writes: &[impl Write], losses: &[Loss], question: &Question) -> Result<bool> {
    let lines: Vec<&str> = losses.iter().map(|loss| loss.0.as_str()).collect();
    if is_question_due(cx, losses, question.ask, writes) {
        cx.ui.print_unsaid();
        lines.iter().for_each(|line| cx.ui.warn(line));
        let confirmed = match &question.typed {
            Some(name) => cx.must_confirm_by_name(&question.text, name),
            None => cx.must_confirm(&question.text),
        };
        return confirmed.map(|()| true);
    }
    if losses.is_empty() || cx.global.yes {
        return Ok(false);
    }
    let message = format!("this weakens protection: {}", lines.join("; "));
    Err(Error::new(Exit::Usage, code::CONFIRMATION_REQUIRED, message)
        .hint("add `--yes` to proceed anyway, or `--dry-run` to see what would be sent"))
}
