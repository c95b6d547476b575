//! Whether and when to try again. Pure: every fact is handed in, so that it can be tested without a clock or a network.

use std::time::Duration;

use jiff::Timestamp;

use super::Repeat;

/// The first wait; each further one doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two attempts, when nothing else is said.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// What an attempt came to, as far as a retry is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A complete answer that another attempt would not change.
    Final,
    /// The request surely was not carried out, and the next attempt may be.
    NotCarriedOut {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// It may have been carried out: the answer is missing, or comes from a server in front of the API.
    Unknown {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// 429: not carried out, with what the server said of when to come back.
    RateLimited {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// The server's `Date`.
        date: Option<Timestamp>,
    },
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Take what there is.
    Stop,
    /// Wait this long, then send it again.
    Again(Duration),
}

/// Decides whether attempt number `attempt` (from 0) is followed by another.
///
/// `jitter` is a number from 0 to 1; `left` is what remains of the command's time.
pub(super) fn decide(
    outcome: &Outcome,
    repeat: Repeat,
    attempt: u32,
    retries: u32,
    left: Duration,
    now: Timestamp,
    jitter: f64,
) -> Decision {
    if attempt >= retries {
        return Decision::Stop;
    }
    let wait = match outcome {
        Outcome::Final => return Decision::Stop,
        Outcome::Unknown { .. } if repeat == Repeat::OnlyIfNotCarriedOut => return Decision::Stop,
        Outcome::Unknown { retry_after } | Outcome::NotCarriedOut { retry_after } => {
            // A server that asks for more time than there is may be back sooner than it thinks.
            let asked = retry_after.map(Duration::from_secs).filter(|asked| *asked < left);
            asked.unwrap_or_default().max(backoff(attempt, jitter))
        }
        Outcome::RateLimited { retry_after: Some(seconds), .. } => Duration::from_secs(*seconds),
        // A little later than the minute's start, and not all at once.
        Outcome::RateLimited { retry_after: None, date } => {
            until_next_minute(date.unwrap_or(now)) + Duration::from_secs_f64(0.05 + jitter * 0.5)
        }
    };
    match wait < left {
        true => Decision::Again(wait),
        false => Decision::Stop,
    }
}

/// Grows from half to the whole of [`FIRST_WAIT`] × 2^attempt.
fn backoff(attempt: u32, jitter: f64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST_WAIT);
    longest.mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// Gives the time to the next calendar minute of the server's clock: its rate window (inferred from recordings).
pub(super) fn until_next_minute(server: Timestamp) -> Duration {
    Duration::from_secs(60 - server.as_second().rem_euclid(60).unsigned_abs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEFT: Duration = Duration::from_secs(120);
    const NOT_CARRIED_OUT: Outcome = Outcome::NotCarriedOut { retry_after: None };
    const UNKNOWN: Outcome = Outcome::Unknown { retry_after: None };

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn decision(outcome: &Outcome, repeat: Repeat, attempt: u32, left: Duration) -> Decision {
        decide(outcome, repeat, attempt, 3, left, at("2026-01-01T00:00:10Z"), 0.0)
    }

    #[test]
    fn waits_grow_and_stop_after_the_retries() {
        let waits: Vec<_> = (0..5).map(|n| decision(&NOT_CARRIED_OUT, Repeat::Safe, n, LEFT)).collect();
        let again = |ms| Decision::Again(Duration::from_millis(ms));
        assert_eq!(waits, [again(125), again(250), again(500), Decision::Stop, Decision::Stop]);
    }

    #[test]
    fn a_create_is_repeated_only_when_it_was_not_carried_out() {
        let create = Repeat::OnlyIfNotCarriedOut;
        assert_eq!(decision(&UNKNOWN, create, 0, LEFT), Decision::Stop);
        assert!(matches!(decision(&NOT_CARRIED_OUT, create, 0, LEFT), Decision::Again(_)));
        let limited = Outcome::RateLimited { retry_after: Some(1), date: None };
        assert!(matches!(decision(&limited, create, 0, LEFT), Decision::Again(_)));
    }

    #[test]
    fn a_rate_limit_waits_for_the_servers_next_minute_unless_told() {
        let date = Some(at("2026-01-01T00:00:57Z"));
        let silent = Outcome::RateLimited { retry_after: None, date };
        assert_eq!(decision(&silent, Repeat::Safe, 0, LEFT), Decision::Again(Duration::from_millis(3_050)));
        let told = Outcome::RateLimited { retry_after: Some(7), date };
        assert_eq!(decision(&told, Repeat::Safe, 0, LEFT), Decision::Again(Duration::from_secs(7)));
    }

    #[test]
    fn a_server_in_trouble_is_given_the_time_that_it_asks_for() {
        let wait = |seconds| decision(&Outcome::Unknown { retry_after: Some(seconds) }, Repeat::Safe, 0, LEFT);
        assert_eq!(wait(7), Decision::Again(Duration::from_secs(7)));
        assert_eq!(wait(0), Decision::Again(Duration::from_millis(125)));
        assert_eq!(wait(3_600), Decision::Again(Duration::from_millis(125)));
    }

    #[test]
    fn nothing_waits_beyond_the_time_that_is_left() {
        let told = Outcome::RateLimited { retry_after: Some(30), date: None };
        assert_eq!(decision(&told, Repeat::Safe, 0, Duration::from_secs(5)), Decision::Stop);
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        let limited = (proptest::option::of(any::<u64>()), proptest::option::of(-100_000_000_000..200_000_000_000_i64));
        prop_oneof![
            Just(Outcome::Final),
            Just(NOT_CARRIED_OUT),
            Just(UNKNOWN),
            limited.prop_map(|(retry_after, date)| Outcome::RateLimited {
                retry_after,
                date: date.and_then(|second| Timestamp::from_second(second).ok()),
            }),
        ]
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_what_is_left(
            outcome in outcome(), attempt in any::<u32>(), left in 0..300_000_u64, jitter in 0.0..=1.0_f64,
        ) {
            let left = Duration::from_millis(left);
            let decision = decide(&outcome, Repeat::Safe, attempt, u32::MAX, left, at("2026-01-01T00:00:10Z"), jitter);
            if let Decision::Again(wait) = decision {
                prop_assert!(wait < left, "{wait:?} of {left:?}");
            }
        }

        #[test]
        fn it_stops_after_the_retries(outcome in outcome(), retries in any::<u32>(), more in any::<u32>()) {
            let attempt = retries.saturating_add(more);
            let decision = decide(&outcome, Repeat::Safe, attempt, retries, LEFT, at("2026-01-01T00:00:10Z"), 0.5);
            prop_assert_eq!(decision, Decision::Stop);
        }

        #[test]
        fn waits_grow_and_are_never_nothing(attempt in 0..64_u32, one in 0.0..=1.0_f64, other in 0.0..=1.0_f64) {
            let (first, second) = (backoff(attempt, one), backoff(attempt + 1, other));
            prop_assert!(first >= FIRST_WAIT / 2 && first <= LONGEST_WAIT);
            // Once the longest wait is reached, jitter alone tells them apart.
            prop_assert!(second >= first || second >= LONGEST_WAIT / 2, "{first:?}, then {second:?}");
        }

        #[test]
        fn a_create_that_may_have_been_carried_out_is_never_repeated(
            attempt in any::<u32>(), retries in any::<u32>(), left in any::<u32>(), jitter in 0.0..=1.0_f64,
        ) {
            let left = Duration::from_millis(left.into());
            let create = Repeat::OnlyIfNotCarriedOut;
            let now = at("2026-01-01T00:00:10Z");
            prop_assert_eq!(decide(&UNKNOWN, create, attempt, retries, left, now, jitter), Decision::Stop);
        }
    }
}
