//! The rate budget: never more requests in a window than the server says are left.
//!
//! One per client, shared by all of its requests in flight. The window is the calendar minute of the server's
//! clock (inferred from recordings); headers correct the count with every answer.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::retry::until_next_minute;

/// What is known of the current window.
#[derive(Default)]
pub(super) struct Budget {
    left: Cell<Option<u64>>,
    in_flight: Cell<u64>,
    window_ends: Cell<Option<Instant>>,
}

impl Budget {
    /// Takes one request out of the budget, or tells how long to wait for the next window.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        if self.window_ends.get().is_some_and(|end| end <= now) {
            self.left.set(None);
            self.window_ends.set(None);
        }
        if let (Some(0), Some(end)) = (self.left.get(), self.window_ends.get()) {
            return Err(end.saturating_duration_since(now) + Duration::from_millis(50));
        }
        self.left.set(self.left.get().map(|left| left.saturating_sub(1)));
        self.in_flight.set(self.in_flight.get() + 1);
        Ok(())
    }

    /// Gives back the place of a request that has ended.
    pub(super) fn ended(&self) {
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
    }

    /// Learns from an answer's headers. Requests still in flight are counted as not yet seen by the server.
    pub(super) fn learn(&self, answer: &Answer, now: Instant) {
        let (Some(remaining), Some(date)) = (answer.rate_remaining, answer.date) else {
            return;
        };
        let unseen = self.in_flight.get().saturating_sub(1);
        self.left.set(Some(remaining.saturating_sub(unseen)));
        self.window_ends.set(Some(now + until_next_minute(date)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(remaining: u64, date: &str) -> Answer {
        Answer {
            status: 200,
            content_type: None,
            request_id: None,
            date: date.parse().ok(),
            retry_after: None,
            rate_remaining: Some(remaining),
            rate_permitted: None,
            total: None,
            limit: None,
            body: Vec::new(),
            after_lost_answer: false,
        }
    }

    #[test]
    fn an_empty_budget_waits_for_the_window_to_end() {
        let (budget, now) = (Budget::default(), Instant::now());
        assert_eq!(budget.take(now), Ok(()));
        budget.learn(&answer(1, "2026-01-01T00:00:50Z"), now);
        budget.ended();
        assert_eq!(budget.take(now), Ok(()));
        assert!(budget.take(now).is_err_and(|wait| wait >= Duration::from_secs(10)));
        assert_eq!(budget.take(now + Duration::from_secs(11)), Ok(()));
    }

    #[test]
    fn requests_in_flight_are_not_counted_twice() {
        let (budget, now) = (Budget::default(), Instant::now());
        assert_eq!((budget.take(now), budget.take(now)), (Ok(()), Ok(())));
        budget.learn(&answer(1, "2026-01-01T00:00:00Z"), now);
        budget.ended();
        assert!(budget.take(now).is_err(), "the one that is left belongs to the request in flight");
    }
}
