//! What the program is doing, on standard error: shown after a second without output, gone with the next output.
//!
//! Nothing is drawn unless standard error is a terminal that can erase a line. [`Progress::animate`] draws while the
//! program waits; whoever prints calls [`Progress::clear`] first.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::text::escape;

/// How long nothing is printed before something is drawn.
const QUIET: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(100);
/// Columns of the bar of a task whose length is known.
const BAR: usize = 20;

/// The line that says what is being done.
pub(super) struct Progress {
    is_on: bool,
    line: RefCell<Option<ProgressBar>>,
    tasks: RefCell<Vec<Rc<Task>>>,
    wait: RefCell<Option<(String, Instant)>>,
    last_output: Cell<Instant>,
    /// A prompt has the line.
    is_held: Cell<bool>,
}

/// Something that takes a while.
struct Task {
    what: String,
    done: Cell<usize>,
    length: Cell<Option<usize>>,
}

impl Progress {
    pub(super) fn new(is_on: bool) -> Self {
        Self {
            is_on,
            line: RefCell::default(),
            tasks: RefCell::default(),
            wait: RefCell::default(),
            last_output: Cell::new(Instant::now()),
            is_held: Cell::new(false),
        }
    }

    /// Draws as long as it is polled; never ends.
    pub(super) async fn animate(&self) {
        if !self.is_on {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(STEP).await;
            self.draw();
        }
    }

    fn draw(&self) {
        if self.is_held.get() || self.last_output.get().elapsed() < QUIET {
            return;
        }
        let mut line = self.line.borrow_mut();
        let line = line.get_or_insert_with(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            line.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()).tick_chars("|/-\\ "))
        });
        line.set_message(self.message());
        line.tick();
    }

    fn message(&self) -> String {
        if let Some((reason, until)) = &*self.wait.borrow() {
            let left = until.saturating_duration_since(Instant::now());
            if !left.is_zero() {
                return format!("waiting {} s: {}", left.as_secs() + 1, escape(reason));
            }
        }
        let tasks = self.tasks.borrow();
        let Some(task) = tasks.last() else {
            return "waiting".to_owned();
        };
        match (task.length.get().filter(|length| *length > 0), task.done.get()) {
            (None, 0) => task.what.clone(),
            (None, done) => format!("{}: {done}", task.what),
            (Some(length), done) => {
                let filled = BAR * done.min(length) / length;
                format!("{} [{}{}] {done}/{length}", task.what, "=".repeat(filled), " ".repeat(BAR - filled))
            }
        }
    }

    /// Takes the line away, since something is printed now.
    pub(super) fn clear(&self) {
        self.hide();
        self.last_output.set(Instant::now());
    }

    /// Takes the line away for now.
    pub(super) fn hide(&self) {
        if let Some(line) = self.line.borrow_mut().take() {
            line.finish_and_clear();
        }
    }

    /// Leaves the line to a prompt, or takes it back.
    pub(super) fn hold(&self, is_held: bool) {
        self.clear();
        self.is_held.set(is_held);
    }

    /// Counts down to the end of a wait.
    pub(super) fn wait(&self, reason: &str, length: Duration) {
        *self.wait.borrow_mut() = Some((reason.to_owned(), Instant::now() + length));
    }

    pub(super) fn begin(self: &Rc<Self>, what: &str) -> Bar {
        let task = Rc::new(Task { what: what.to_owned(), done: Cell::new(0), length: Cell::new(None) });
        self.tasks.borrow_mut().push(Rc::clone(&task));
        Bar { progress: Rc::clone(self), task }
    }
}

/// How far a task has come; it ends when this is dropped.
pub struct Bar {
    progress: Rc<Progress>,
    task: Rc<Task>,
}

impl Bar {
    /// Sets how much there is to do.
    pub fn length(&self, length: usize) {
        self.task.length.set(Some(length));
    }

    /// Adds to what is done.
    pub fn step(&self, count: usize) {
        self.task.done.set(self.task.done.get() + count);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.progress.tasks.borrow_mut().retain(|task| !Rc::ptr_eq(task, &self.task));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_task_and_then_a_wait_are_what_is_shown() {
        let progress = Rc::new(Progress::new(true));
        assert_eq!(progress.message(), "waiting");
        let outer = progress.begin("reading policies");
        outer.step(200);
        assert_eq!(progress.message(), "reading policies: 200");
        let inner = progress.begin("reading each policy");
        inner.length(40);
        inner.step(10);
        assert_eq!(progress.message(), "reading each policy [=====               ] 10/40");
        progress.wait("rate \u{1b}limit", Duration::from_secs(90));
        assert_eq!(progress.message(), "waiting 90 s: rate \\x1blimit");
        progress.wait("over", Duration::ZERO);
        drop(inner);
        assert_eq!(progress.message(), "reading policies: 200");
    }
}
