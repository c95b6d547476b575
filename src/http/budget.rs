//! The rate budget: never more requests in a window than the server says are left.
//!
//! A client has one, shared by all of its requests in flight. The window is the calendar minute of the server's
//! clock (inferred from recordings); headers correct the count with every answer, in whatever order answers come.

use std::cell::RefCell;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::retry::until_next_minute;

/// What an answer's headers say of the rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    /// Requests that are left in the window.
    pub remaining: u64,
    /// Requests that a whole window permits.
    pub permitted: Option<u64>,
    /// The server's clock.
    pub date: Timestamp,
}

/// A request's place in the budget, from [`Budget::take`] to [`Budget::ended`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// How many were taken before it.
    number: u64,
    /// How many of those were still in flight.
    beside: u64,
}

/// What is known of the current window.
#[derive(Default)]
pub(super) struct Budget {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    taken: u64,
    in_flight: u64,
    window: Option<Window>,
}

/// A window as its answers describe it, or one that follows it and that no answer has described yet.
struct Window {
    /// The server's calendar minute; where the window is not known, the last one that was.
    minute: i64,
    /// Whether an answer described it.
    is_known: bool,
    /// By our clock, not before it has ended by the server's.
    ends: Instant,
    /// Never more than the server would say, were it asked now.
    left: u64,
    permitted: Option<u64>,
    /// How many requests had been taken when `left` was last learned.
    learned_at: u64,
    /// How many of those the server may have counted after its answer.
    unseen: u64,
}

impl Budget {
    /// Takes one request out of the budget, or returns how long to wait for the next window.
    pub(super) fn take(&self, now: Instant) -> Result<Place, Duration> {
        let state = &mut *self.state.borrow_mut();
        state.roll(now);
        if let Some(window) = &mut state.window {
            if window.left == 0 {
                return Err(window.ends.saturating_duration_since(now) + Duration::from_millis(50));
            }
            window.left -= 1;
            window.touch(now);
        }
        let place = Place { number: state.taken, beside: state.in_flight };
        state.taken += 1;
        state.in_flight += 1;
        Ok(place)
    }

    /// Counts a further request in the place of one that was taken: it followed a redirect.
    pub(super) fn count_redirect(&self, now: Instant) {
        let state = &mut *self.state.borrow_mut();
        state.taken += 1;
        if let Some(window) = &mut state.window {
            window.left = window.left.saturating_sub(1);
            window.touch(now);
        }
    }

    /// Gives back the place of a request that has ended, and learns from its answer, if it had one.
    pub(super) fn ended(&self, place: Place, rate: Option<Rate>, now: Instant) {
        let state = &mut *self.state.borrow_mut();
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(window) = &mut state.window {
            window.touch(now);
        }
        if let Some(rate) = rate {
            state.learn(place, rate, now);
        }
    }
}

impl Window {
    /// Postpones the end of a window that no answer has described. When the server's minute begins is not known then;
    /// that a minute without a request lies between two windows makes up for it.
    fn touch(&mut self, now: Instant) {
        if !self.is_known {
            self.ends = now + Duration::from_secs(60);
        }
    }
}

impl State {
    /// Begins a new window when the old one has ended.
    fn roll(&mut self, now: Instant) {
        let Some(old) = self.window.take_if(|window| window.ends <= now) else {
            return;
        };
        // An answer that came late makes its window look longer than it was: what was sent after it may be counted in
        // this one. Between windows that nothing is known of lies a minute without a request.
        let counted = if old.is_known { old.unseen + (self.taken - old.learned_at) } else { self.in_flight };
        self.window = old.permitted.map(|permitted| Window {
            is_known: false,
            ends: now + Duration::from_secs(60),
            left: permitted.saturating_sub(counted),
            learned_at: self.taken,
            ..old
        });
    }

    fn learn(&mut self, place: Place, rate: Rate, now: Instant) {
        let minute = rate.date.as_second().div_euclid(60);
        // The server may have counted this one before all that were in flight beside it, and all that came later.
        let unseen = place.beside + (self.taken - place.number - 1);
        let left = rate.remaining.saturating_sub(unseen);
        let ends = now + until_next_minute(rate.date);
        let permitted = rate.permitted.or(self.window.as_ref().and_then(|window| window.permitted));
        let fresh = Window { minute, is_known: true, ends, left, permitted, learned_at: self.taken, unseen };
        self.window = Some(match self.window.take() {
            Some(old) if old.minute > minute || old.minute == minute && !old.is_known => old,
            Some(old) if old.minute == minute => {
                // Only a request that was sent after the last news surely brings newer news.
                let is_newer = place.number >= old.learned_at;
                Window { left: if is_newer { left } else { left.min(old.left) }, ends: old.ends.min(ends), ..fresh }
            }
            _ => fresh,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn rate(remaining: u64, date: &str) -> Option<Rate> {
        Some(Rate { remaining, permitted: None, date: date.parse().unwrap() })
    }

    #[test]
    fn an_empty_budget_waits_for_the_window_to_end() {
        let (budget, now) = (Budget::default(), Instant::now());
        let place = budget.take(now).unwrap();
        budget.ended(place, rate(1, "2026-01-01T00:00:50Z"), now);
        assert!(budget.take(now).is_ok());
        assert!(budget.take(now).is_err_and(|wait| wait >= Duration::from_secs(10)));
        assert!(budget.take(now + Duration::from_secs(11)).is_ok());
    }

    #[test]
    fn requests_in_flight_are_not_counted_twice() {
        let (budget, now) = (Budget::default(), Instant::now());
        let (one, _two) = (budget.take(now).unwrap(), budget.take(now));
        budget.ended(one, rate(1, "2026-01-01T00:00:00Z"), now);
        assert!(budget.take(now).is_err(), "the one that is left belongs to the request in flight");
    }

    #[test]
    fn answers_that_overtake_each_other_do_not_make_requests_out_of_nothing() {
        let (budget, now) = (Budget::default(), Instant::now());
        let (one, two) = (budget.take(now).unwrap(), budget.take(now).unwrap());
        budget.ended(two, rate(0, "2026-01-01T00:00:00Z"), now);
        // Counted first, answered last: that one was left then says nothing of now.
        budget.ended(one, rate(1, "2026-01-01T00:00:00Z"), now);
        assert!(budget.take(now).is_err());
    }

    #[test]
    fn another_client_that_uses_up_the_window_is_noticed() {
        let (budget, now) = (Budget::default(), Instant::now());
        for remaining in [500, 0] {
            let place = budget.take(now).unwrap();
            budget.ended(place, rate(remaining, "2026-01-01T00:00:00Z"), now);
        }
        assert!(budget.take(now).is_err());
    }

    /// What happens next on the way.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        /// The client sends, if its budget allows.
        Send,
        /// The server counts the n-th request that it has not counted yet.
        Count(usize),
        /// The n-th counted answer arrives.
        Arrive(usize),
        /// The n-th counted answer is lost.
        Lose(usize),
        /// Time passes, in seconds.
        Pass(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => Just(Step::Send),
            5 => (0..8_usize).prop_map(Step::Count),
            5 => (0..8_usize).prop_map(Step::Arrive),
            1 => (0..8_usize).prop_map(Step::Lose),
            1 => (1..40_u64).prop_map(Step::Pass),
        ]
    }

    /// A server that counts by calendar minutes, and what it has seen.
    struct Minute {
        permitted: u64,
        clock: i64,
        counted: u64,
    }

    impl Minute {
        fn pass(&mut self, seconds: u64) {
            let before = self.clock.div_euclid(60);
            self.clock = self.clock.saturating_add_unsigned(seconds);
            if self.clock.div_euclid(60) != before {
                self.counted = 0;
            }
        }

        fn rate(&self) -> Rate {
            Rate {
                remaining: self.permitted.saturating_sub(self.counted),
                permitted: Some(self.permitted),
                date: Timestamp::from_second(self.clock).unwrap(),
            }
        }
    }

    proptest! {
        /// Whatever the interleaving: once one answer is in, no further request is beyond the window's limit. What
        /// was sent before the first answer could not know of any limit.
        #[test]
        fn never_more_requests_than_are_left(
            permitted in 1..12_u64,
            start in 0..60_i64,
            steps in proptest::collection::vec(step(), 1..200),
        ) {
            let (budget, mut now) = (Budget::default(), Instant::now());
            let mut server = Minute { permitted, clock: 6_000 + start, counted: 0 };
            let (mut sent, mut answers) = (VecDeque::new(), VecDeque::new());
            let mut has_answer = false;
            for step in steps {
                match step {
                    // A first request goes alone, as in every command.
                    Step::Send if !(has_answer || sent.is_empty() && answers.is_empty()) => {}
                    Step::Send => sent.extend(budget.take(now).ok()),
                    Step::Count(n) if n < sent.len() => {
                        let place = sent.remove(n).unwrap();
                        server.counted += 1;
                        prop_assert!(!has_answer || server.counted <= permitted, "{} of {permitted}", server.counted);
                        answers.push_back((place, server.rate()));
                    }
                    Step::Arrive(n) if n < answers.len() => {
                        let (place, rate) = answers.remove(n).unwrap();
                        budget.ended(place, Some(rate), now);
                        has_answer = true;
                    }
                    Step::Lose(n) if n < answers.len() => {
                        let (place, _) = answers.remove(n).unwrap();
                        budget.ended(place, None, now);
                    }
                    Step::Pass(seconds) => {
                        now += Duration::from_secs(seconds);
                        server.pass(seconds);
                    }
                    _ => {}
                }
            }
        }

        /// No budget is lost: alone, every request that the headers grant can be sent.
        #[test]
        fn one_at_a_time_nothing_is_wasted(permitted in 1..30_u64) {
            let (budget, now) = (Budget::default(), Instant::now());
            let mut server = Minute { permitted, clock: 0, counted: 0 };
            while let Ok(place) = budget.take(now) {
                server.counted += 1;
                budget.ended(place, Some(server.rate()), now);
            }
            prop_assert_eq!(server.counted, permitted);
        }
    }
}
