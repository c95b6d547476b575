//! The loop around an attempt: one clock, one deadline, one rate budget.
//!
//! It knows no bytes and no status: the caller sends and judges, and `retry` decides. All waiting of the HTTP client
//! happens here, on tokio's clock, so that tests can drive it.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use super::Repeat;
use super::budget::{Budget, Place, Rate};
use super::options::{Limits, Progress};
use super::retry::{Decision, Outcome, Situation, decide};

/// The reason for waiting when a window has no request left.
const USED_UP: &str = "the rate limit of this minute is used up";

/// Deadline and budget of one client.
pub(super) struct Attempts {
    limits: Limits,
    deadline: Cell<Option<Instant>>,
    budget: Budget,
}

/// What one attempt came to.
pub(super) struct Attempt<T> {
    /// What that means for another.
    pub outcome: Outcome,
    /// The rate limit, as its answer states it.
    pub rate: Option<Rate>,
    /// The reason for another, in a few words.
    pub reason: String,
    pub result: T,
}

/// The end of all attempts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End<T> {
    /// An attempt that was not repeated.
    Settled(T),
    /// The rate limit allowed no request within the time.
    RateBudget,
    /// The time was up before the next attempt.
    NoTime,
    /// Something had changed while the next attempt waited.
    NotReady,
}

/// The end of all attempts, and what the earlier ones may have done.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended<T> {
    pub end: End<T>,
    /// An earlier attempt may have been carried out, its answer lost.
    pub after_lost_answer: bool,
}

impl Attempts {
    /// Makes the loop; the time runs from the first request, or from [`Self::begin`].
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, deadline: Cell::new(None), budget: Budget::default() }
    }

    /// Starts the clock, if it does not run, and returns what is left.
    pub(super) fn begin(&self) -> Duration {
        if self.deadline.get().is_none() {
            self.deadline.set(Some(Instant::now() + self.limits.max_wait));
        }
        self.left()
    }

    pub(super) fn extend(&self, by: Duration) {
        self.deadline.set(self.deadline.get().map(|deadline| deadline + by));
    }

    /// Returns the time that one attempt may take.
    pub(super) fn timeout(&self) -> Duration {
        self.limits.timeout.min(self.left())
    }

    /// Counts a request that followed a redirect.
    pub(super) fn count_redirect(&self) {
        self.budget.count_redirect(Instant::now());
    }

    fn left(&self) -> Duration {
        match self.deadline.get() {
            Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            None => self.limits.max_wait,
        }
    }

    /// Runs `once` until `retry` says to stop. Its argument is whether an earlier attempt may have been carried out.
    pub(super) async fn run<T>(
        &self,
        repeat: Repeat,
        progress: &dyn Progress,
        once: impl AsyncFnMut(bool) -> Attempt<T>,
    ) -> Ended<T> {
        self.run_while(repeat, progress, async |_| true, once).await
    }

    /// The same; an attempt that had to wait is made only if `is_ready`, which gets the same argument.
    pub(super) async fn run_while<T>(
        &self,
        repeat: Repeat,
        progress: &dyn Progress,
        mut is_ready: impl AsyncFnMut(bool) -> bool,
        mut once: impl AsyncFnMut(bool) -> Attempt<T>,
    ) -> Ended<T> {
        self.begin();
        let (mut retried, mut was_stale, mut after_lost_answer, mut has_waited) = (0, false, false, false);
        loop {
            let place = match self.place(progress, has_waited, async || is_ready(after_lost_answer).await).await {
                Ok(place) => place,
                Err(end) => return Ended { end, after_lost_answer },
            };
            let Attempt { outcome, rate, reason, result } = once(after_lost_answer).await;
            place.ended(rate);
            let situation = Situation {
                repeat,
                retried,
                retries: self.limits.retries,
                was_stale,
                left: self.left(),
                now: progress.now(),
                jitter: fastrand::f64(),
            };
            match decide(&outcome, &situation) {
                Decision::Stop => return Ended { end: End::Settled(result), after_lost_answer },
                Decision::Afresh => was_stale = true,
                Decision::Again(wait) => {
                    pause(progress, &reason, wait).await;
                    retried += 1;
                    has_waited = true;
                }
            }
            after_lost_answer |= outcome.may_be_carried_out();
        }
    }

    /// Takes a place in the rate budget, and waits for one where there is time. After each wait `is_ready` is asked.
    async fn place<T>(
        &self,
        progress: &dyn Progress,
        mut has_waited: bool,
        mut is_ready: impl AsyncFnMut() -> bool,
    ) -> Result<Taken<'_>, End<T>> {
        loop {
            if self.left().is_zero() {
                return Err(End::NoTime);
            }
            if std::mem::take(&mut has_waited) && !is_ready().await {
                return Err(End::NotReady);
            }
            match self.budget.take(Instant::now()) {
                Ok(place) => return Ok(Taken { budget: &self.budget, place: Some(place) }),
                Err(wait) if wait >= self.left() => return Err(End::RateBudget),
                Err(wait) => {
                    pause(progress, USED_UP, wait).await;
                    has_waited = true;
                }
            }
        }
    }
}

/// A place in the budget, given back whatever becomes of the attempt: one that is dropped midway must not count as in
/// flight for ever.
struct Taken<'a> {
    budget: &'a Budget,
    place: Option<Place>,
}

impl Taken<'_> {
    /// Gives it back, and learns from the answer.
    fn ended(mut self, rate: Option<Rate>) {
        self.give_back(rate);
    }

    fn give_back(&mut self, rate: Option<Rate>) {
        if let Some(place) = self.place.take() {
            self.budget.ended(place, rate, Instant::now());
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.give_back(None);
    }
}

async fn pause(progress: &dyn Progress, reason: &str, wait: Duration) {
    progress.waiting(reason, wait);
    tokio::time::sleep(wait).await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use futures_util::future::join_all;

    use super::*;

    /// A clock that stands still, and the waits that were reported.
    #[derive(Clone, Default)]
    struct Waits(Rc<RefCell<Vec<(String, Duration)>>>);

    impl Progress for Waits {
        fn waiting(&self, reason: &str, wait: Duration) {
            self.0.borrow_mut().push((reason.to_owned(), wait));
        }

        fn warn(&self, _: &str) {}

        fn trace_level(&self) -> u8 {
            0
        }

        fn trace(&self, _: &str) {}

        fn now(&self) -> jiff::Timestamp {
            "2026-01-01T00:00:30Z".parse().unwrap()
        }
    }

    fn limits(max_wait: u64, retries: u32) -> Limits {
        let seconds = Duration::from_secs;
        Limits { timeout: seconds(30), max_wait: seconds(max_wait), retries, concurrency: 6 }
    }

    fn attempt(outcome: Outcome, rate: Option<Rate>) -> Attempt<Outcome> {
        Attempt { outcome: outcome.clone(), rate, reason: "because".to_owned(), result: outcome }
    }

    /// Runs on a clock that is moved on by waiting alone; gives what came of it and how long it took.
    fn paused<T>(run: impl AsyncFnOnce() -> T) -> (T, Duration) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let began = Instant::now();
            let result = run().await;
            (result, began.elapsed())
        })
    }

    #[test]
    fn max_wait_is_honoured_to_the_second() {
        for (max_wait, each) in [(10, 3), (10, 0), (7, 2), (120, 30)] {
            let attempts = Attempts::new(limits(max_wait, 10_000));
            let (ended, took) = paused(async || {
                let once = async |_| {
                    // As an attempt does that is cut short by its own limit.
                    tokio::time::sleep(attempts.timeout().min(Duration::from_secs(each))).await;
                    attempt(Outcome::Unknown { retry_after: None }, None)
                };
                attempts.run(Repeat::Safe, &Waits::default(), once).await
            });
            assert!(
                matches!(ended.end, End::Settled(Outcome::Unknown { retry_after: None }) | End::NoTime),
                "{ended:?}"
            );
            let limit = Duration::from_secs(max_wait);
            assert!(took <= limit, "{max_wait} s with {each} s each: took {took:?}");
            assert!(took + Duration::from_secs(11) >= limit, "{max_wait} s with {each} s each: gave up at {took:?}");
        }
    }

    #[test]
    fn nothing_is_attempted_when_the_time_is_up() {
        let attempts = Attempts::new(limits(5, 3));
        let (ended, _) = paused(async || {
            let idle = async |_| attempt(Outcome::Done, None);
            attempts.run(Repeat::Safe, &Waits::default(), idle).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            let never = async |_| -> Attempt<Outcome> { panic!("the time is up") };
            attempts.run(Repeat::Safe, &Waits::default(), never).await
        });
        assert_eq!(ended, Ended { end: End::NoTime, after_lost_answer: false });
    }

    #[test]
    fn time_that_a_question_took_is_given_back() {
        let attempts = Attempts::new(limits(5, 0));
        let (ended, _) = paused(async || {
            let idle = async |_| attempt(Outcome::Done, None);
            attempts.run(Repeat::Safe, &Waits::default(), idle).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            attempts.extend(Duration::from_secs(60));
            attempts.run(Repeat::Safe, &Waits::default(), idle).await
        });
        assert_eq!(ended.end, End::Settled(Outcome::Done));
    }

    #[test]
    fn a_rate_limit_waits_as_waits_and_says_so() {
        let (attempts, waits) = (Attempts::new(limits(120, 3)), Waits::default());
        let answers = RefCell::new(vec![
            Outcome::Done,
            Outcome::RateLimited { retry_after: None, date: None },
            Outcome::RateLimited { retry_after: Some(7), date: None },
        ]);
        let (ended, took) = paused(async || {
            let once = async |_| attempt(answers.borrow_mut().pop().unwrap(), None);
            attempts.run(Repeat::Safe, &waits, once).await
        });
        assert_eq!(ended.end, End::Settled(Outcome::Done));
        // Seven seconds, and from second 30 to the next minute.
        assert!((37.0..38.0).contains(&took.as_secs_f64()), "took {took:?}");
        let waits = waits.0.borrow();
        assert_eq!(waits[0], ("because".to_owned(), Duration::from_secs(7)));
        assert_eq!(waits.len(), 2);
    }

    #[test]
    fn a_lost_answer_is_remembered_and_a_create_is_not_repeated() {
        let lost_then = |last: Outcome| {
            let answers = RefCell::new(vec![last, Outcome::Unknown { retry_after: None }]);
            let attempts = Attempts::new(limits(120, 3));
            paused(async || {
                let once = async |_| attempt(answers.borrow_mut().pop().unwrap(), None);
                attempts.run(Repeat::Safe, &Waits::default(), once).await
            })
            .0
        };
        assert_eq!(lost_then(Outcome::Done), Ended { end: End::Settled(Outcome::Done), after_lost_answer: true });
        let attempts = Attempts::new(limits(120, 3));
        let count = RefCell::new(0);
        let (ended, _) = paused(async || {
            let once = async |_| {
                *count.borrow_mut() += 1;
                attempt(Outcome::Unknown { retry_after: None }, None)
            };
            attempts.run(Repeat::OnlyIfNotCarriedOut, &Waits::default(), once).await
        });
        assert_eq!((ended.end, *count.borrow()), (End::Settled(Outcome::Unknown { retry_after: None }), 1));
    }

    #[test]
    fn a_stale_connection_is_replaced_within_the_rate_budget() {
        let attempts = Attempts::new(limits(120, 0));
        let rate = |remaining| Rate { remaining, permitted: None, date: "2026-01-01T00:00:50Z".parse().unwrap() };
        let waits = Waits::default();
        let (count, took) = paused(async || {
            let first = async |_| attempt(Outcome::Done, Some(rate(1)));
            attempts.run(Repeat::Safe, &waits, first).await;
            let count = RefCell::new(0);
            let stale_once = async |_| {
                *count.borrow_mut() += 1;
                attempt(if *count.borrow() == 1 { Outcome::Stale } else { Outcome::Done }, None)
            };
            let ended = attempts.run(Repeat::Safe, &waits, stale_once).await;
            assert_eq!(ended, Ended { end: End::Settled(Outcome::Done), after_lost_answer: false });
            count.into_inner()
        });
        // The window had one request left: the second one waits for the next window.
        assert_eq!((count, took.as_secs()), (2, 10));
    }

    #[test]
    fn an_attempt_that_is_dropped_gives_its_place_back() {
        let attempts = Attempts::new(limits(120, 0));
        let (ended, took) = paused(async || {
            let waits = Waits::default();
            let never = async |_| std::future::pending::<Attempt<Outcome>>().await;
            let dropped = attempts.run(Repeat::Safe, &waits, never);
            assert!(tokio::time::timeout(Duration::from_secs(1), dropped).await.is_err());
            let rate = |remaining| Rate { remaining, permitted: None, date: "2026-01-01T00:00:10Z".parse().unwrap() };
            for remaining in [1, 0] {
                let answered = async |_| attempt(Outcome::Done, Some(rate(remaining)));
                attempts.run(Repeat::Safe, &waits, answered).await;
            }
            waits.0.borrow().len()
        });
        assert_eq!((ended, took), (0, Duration::from_secs(1)), "the one that is left was waited for");
    }

    #[test]
    fn many_at_once_share_one_budget_and_one_window() {
        let rate = |remaining, date: &str| Some(Rate { remaining, permitted: Some(5), date: date.parse().unwrap() });
        let attempts = Attempts::new(limits(200, 0));
        let (_, took) = paused(async || {
            let began = Instant::now();
            let counted = RefCell::new((0, 0));
            let once = async |_| {
                let second = began.elapsed().as_secs();
                let count = &mut *counted.borrow_mut();
                // A server whose minutes begin with the test.
                if second / 60 != count.0 {
                    *count = (second / 60, 0);
                }
                count.1 += 1;
                assert!(count.1 <= 5, "{} requests in minute {}", count.1, count.0);
                let date = format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60);
                attempt(Outcome::Done, rate(5 - count.1, &date))
            };
            attempts.run(Repeat::Safe, &Waits::default(), once).await;
            let waits = Waits::default();
            let all = join_all((0..14).map(|_| attempts.run(Repeat::Safe, &waits, once))).await;
            assert!(all.iter().all(|ended| ended.end == End::Settled(Outcome::Done)), "{all:?}");
            assert!(waits.0.borrow().iter().all(|(reason, _)| reason == USED_UP));
        });
        assert!((120.0..125.0).contains(&took.as_secs_f64()), "15 requests at 5 a minute took {took:?}");
    }

    #[test]
    fn a_window_that_ends_too_late_is_not_waited_for() {
        let attempts = Attempts::new(limits(20, 0));
        let (ended, took) = paused(async || {
            let date = "2026-01-01T00:00:10Z".parse().unwrap();
            let last = async |_| attempt(Outcome::Done, Some(Rate { remaining: 0, permitted: None, date }));
            attempts.run(Repeat::Safe, &Waits::default(), last).await;
            attempts.run(Repeat::Safe, &Waits::default(), last).await
        });
        assert_eq!((ended.end, took), (End::RateBudget, Duration::ZERO));
    }
}
