//! Every decision about repeating a request: what an attempt means for the next one, and whether and when that follows.
//!
//! Pure: every fact is passed in, so that the laws below need no clock and no network. The loop that waits and
//! sends is in `attempts`.

use std::time::Duration;

use jiff::Timestamp;

use super::Repeat;
use super::answer::Answer;
use super::transport_error::TransportError;

/// The first wait; each further one doubles.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between two attempts, unless the server asks for a longer one.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// Codes of 400 that Katapult's framework also sends after the action was carried out, when it cannot serialize the
/// result (seen on the framework). The other one, `null_value_for_non_null_field`, is a 500.
const AFTER_THE_ACTION: [&str; 2] = ["generic_runtime_error", "null_value_for_non_null_field"];

/// What an attempt means for the next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// It was surely not carried out, and another attempt would fare the same.
    Rejected,
    /// Another attempt would fare the same, and it may have been carried out.
    Failed,
    /// It was surely not carried out, and another attempt may succeed.
    NotCarriedOut {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// It may have been carried out, and another attempt may succeed: the answer was lost, or a server in front of the
    /// API sent it.
    Unknown {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// 429: not carried out.
    RateLimited {
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// The server's `Date`.
        date: Option<Timestamp>,
    },
    /// A read on a connection that was kept, and that the server had closed: it never arrived.
    Stale,
}

impl Outcome {
    /// Judges an answer. `code` is that of its error; a success has none.
    pub(super) fn of_answer(answer: &Answer, code: Option<&str>) -> Self {
        let retry_after = answer.retry_after;
        let Some(code) = code else {
            return Self::Done;
        };
        match answer.status {
            429 => Self::RateLimited { retry_after, date: answer.date },
            503 if answer.is_unprocessed => Self::NotCarriedOut { retry_after },
            // Proxies send 408 and 499 for a request that they passed on and that was not answered in time.
            408 | 499 | 502..=504 => Self::Unknown { retry_after },
            // Whoever asks for credentials did not let the request pass.
            401 => Self::Rejected,
            400..=499 if answer.is_from_api && !AFTER_THE_ACTION.contains(&code) => Self::Rejected,
            _ => Self::Failed,
        }
    }

    /// Judges an attempt without a usable answer.
    pub(super) fn of_error(error: &TransportError) -> Self {
        use TransportError as E;
        match error {
            E::Connect(_) => Self::NotCarriedOut { retry_after: None },
            E::Broken(_) | E::Timeout | E::CutOff => Self::Unknown { retry_after: None },
            E::Stale(_) => Self::Stale,
            E::Tls(..) | E::Unsendable(_) | E::NoTime | E::RateBudget => Self::Rejected,
            E::TooLarge | E::Invalid(..) | E::Redirect(_) => Self::Failed,
        }
    }

    /// Whether the request may have been carried out although it did not succeed.
    pub(super) fn may_be_carried_out(&self) -> bool {
        matches!(self, Self::Failed | Self::Unknown { .. })
    }
}

/// What is known when an attempt has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation {
    /// Whether the request may be sent twice.
    pub repeat: Repeat,
    /// The number of retries before this attempt.
    pub retried: u32,
    /// The most retries.
    pub retries: u32,
    /// Whether the request was already sent again because of a stale connection.
    pub was_stale: bool,
    /// What remains of the command's time.
    pub left: Duration,
    /// The local clock.
    pub now: Timestamp,
    /// A random number from 0 to 1.
    pub jitter: f64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Take what there is.
    Stop,
    /// Wait this long, then send it again.
    Again(Duration),
    /// Send it again at once, on a new connection; this is not one of the retries.
    Afresh,
}

/// Decides whether an attempt is followed by another.
pub(super) fn decide(outcome: &Outcome, situation: &Situation) -> Decision {
    let Situation { repeat, retried, retries, was_stale, left, now, jitter } = *situation;
    if *outcome == Outcome::Stale && !was_stale {
        return Decision::Afresh;
    }
    if retried >= retries {
        return Decision::Stop;
    }
    let wait = match outcome {
        Outcome::Done | Outcome::Rejected | Outcome::Failed => return Decision::Stop,
        Outcome::Unknown { .. } if repeat == Repeat::OnlyIfNotCarriedOut => return Decision::Stop,
        Outcome::Unknown { retry_after } | Outcome::NotCarriedOut { retry_after } => {
            // A server that asks for more time than there is may be back sooner than it thinks.
            let asked = retry_after.map(Duration::from_secs).filter(|asked| *asked < left);
            asked.unwrap_or_default().max(backoff(retried, jitter))
        }
        Outcome::Stale => backoff(retried, jitter),
        Outcome::RateLimited { retry_after: Some(seconds), .. } => Duration::from_secs(*seconds),
        // A little later than the minute's start, and not all at once.
        Outcome::RateLimited { retry_after: None, date } => {
            until_next_minute(date.unwrap_or(now)) + Duration::from_secs_f64(0.05 + jitter * 0.5)
        }
    };
    if wait < left { Decision::Again(wait) } else { Decision::Stop }
}

/// Grows from half to the whole of [`FIRST_WAIT`] × 2^attempt.
fn backoff(attempt: u32, jitter: f64) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(attempt)).min(MAX_WAIT);
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

    fn situation(repeat: Repeat, retried: u32) -> Situation {
        let now = at("2026-01-01T00:00:10Z");
        Situation { repeat, retried, retries: 3, was_stale: false, left: LEFT, now, jitter: 0.0 }
    }

    fn decision(outcome: &Outcome, repeat: Repeat, retried: u32) -> Decision {
        decide(outcome, &situation(repeat, retried))
    }

    fn answer(status: u16, is_from_api: bool) -> Answer {
        Answer { is_from_api, ..Answer::of(status, "") }
    }

    #[test]
    fn answers_are_judged_by_what_the_api_may_have_done() {
        let unknown = UNKNOWN;
        let limited = Outcome::RateLimited { retry_after: None, date: None };
        for (status, is_from_api, code, expected) in [
            (200, true, None, Outcome::Done),
            (400, true, Some("invalid_argument"), Outcome::Rejected),
            (404, true, Some("disk_backup_policy_not_found"), Outcome::Rejected),
            (406, true, Some("object_in_trash"), Outcome::Rejected),
            (422, true, Some("validation_error"), Outcome::Rejected),
            (400, true, Some("generic_runtime_error"), Outcome::Failed),
            (500, true, Some("null_value_for_non_null_field"), Outcome::Failed),
            (500, true, Some("unhandled_exception"), Outcome::Failed),
            (401, false, Some("unauthorized"), Outcome::Rejected),
            // A proxy's page does not say what the API did.
            (403, false, Some("network"), Outcome::Failed),
            (404, false, Some("network"), Outcome::Failed),
            (302, false, Some("invalid_response"), Outcome::Failed),
            (502, false, Some("network"), unknown.clone()),
            (504, true, Some("x"), unknown.clone()),
            (408, true, Some("refused"), unknown.clone()),
            (503, true, Some("service_unavailable"), unknown.clone()),
            (503, false, Some("network"), unknown),
            (429, true, Some("rate_limit_reached"), limited.clone()),
            (429, false, Some("rate_limit_reached"), limited),
        ] {
            let outcome = Outcome::of_answer(&answer(status, is_from_api), code);
            assert_eq!(outcome, expected, "{status} {is_from_api} {code:?}");
        }
        let unprocessed = |status| Answer { is_unprocessed: true, ..answer(status, true) };
        let outcome = |status| Outcome::of_answer(&unprocessed(status), Some("service_unavailable"));
        assert_eq!((outcome(503), outcome(500)), (NOT_CARRIED_OUT, Outcome::Failed));
    }

    #[test]
    fn what_never_left_this_machine_was_not_carried_out() {
        use TransportError as E;
        let text = String::new;
        for sent in [E::Broken(text()), E::Timeout, E::CutOff, E::TooLarge, E::Redirect(text())] {
            assert!(Outcome::of_error(&sent).may_be_carried_out(), "{sent:?}");
        }
        for unsent in [E::Connect(text()), E::Tls(text(), ""), E::NoTime, E::RateBudget, E::Unsendable(text())] {
            assert!(!Outcome::of_error(&unsent).may_be_carried_out(), "{unsent:?}");
        }
    }

    #[test]
    fn a_stale_connection_is_replaced_once_and_costs_no_retry() {
        let none_left = Situation { retries: 0, ..situation(Repeat::Safe, 0) };
        assert_eq!(decide(&Outcome::Stale, &none_left), Decision::Afresh);
        let again = Situation { was_stale: true, ..none_left };
        assert_eq!(decide(&Outcome::Stale, &again), Decision::Stop);
        assert!(matches!(decide(&Outcome::Stale, &Situation { retries: 1, ..again }), Decision::Again(_)));
    }

    #[test]
    fn waits_grow_and_stop_after_the_retries() {
        let waits: Vec<_> = (0..5).map(|n| decision(&NOT_CARRIED_OUT, Repeat::Safe, n)).collect();
        let again = |ms| Decision::Again(Duration::from_millis(ms));
        assert_eq!(waits, [again(125), again(250), again(500), Decision::Stop, Decision::Stop]);
    }

    #[test]
    fn a_create_is_repeated_only_when_it_was_not_carried_out() {
        let create = Repeat::OnlyIfNotCarriedOut;
        assert_eq!(decision(&UNKNOWN, create, 0), Decision::Stop);
        assert!(matches!(decision(&NOT_CARRIED_OUT, create, 0), Decision::Again(_)));
        let limited = Outcome::RateLimited { retry_after: Some(1), date: None };
        assert!(matches!(decision(&limited, create, 0), Decision::Again(_)));
    }

    #[test]
    fn a_rate_limit_waits_for_the_servers_next_minute_unless_it_says_when() {
        let date = Some(at("2026-01-01T00:00:57Z"));
        let silent = Outcome::RateLimited { retry_after: None, date };
        assert_eq!(decision(&silent, Repeat::Safe, 0), Decision::Again(Duration::from_millis(3_050)));
        let exact = Outcome::RateLimited { retry_after: Some(7), date };
        assert_eq!(decision(&exact, Repeat::Safe, 0), Decision::Again(Duration::from_secs(7)));
    }

    #[test]
    fn a_server_in_trouble_is_given_the_time_that_it_asks_for() {
        let wait = |seconds| decision(&Outcome::Unknown { retry_after: Some(seconds) }, Repeat::Safe, 0);
        assert_eq!(wait(7), Decision::Again(Duration::from_secs(7)));
        assert_eq!(wait(0), Decision::Again(Duration::from_millis(125)));
        assert_eq!(wait(3_600), Decision::Again(Duration::from_millis(125)));
    }

    #[test]
    fn nothing_waits_beyond_the_time_that_is_left() {
        let limited = Outcome::RateLimited { retry_after: Some(30), date: None };
        let short = Situation { left: Duration::from_secs(5), ..situation(Repeat::Safe, 0) };
        assert_eq!(decide(&limited, &short), Decision::Stop);
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        let limited = (proptest::option::of(any::<u64>()), proptest::option::of(-100_000_000_000..200_000_000_000_i64));
        prop_oneof![
            Just(Outcome::Done),
            Just(Outcome::Rejected),
            Just(Outcome::Failed),
            Just(Outcome::Stale),
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
            outcome in outcome(), retried in any::<u32>(), left in 0..300_000_u64, jitter in 0.0..=1.0_f64,
        ) {
            let left = Duration::from_millis(left);
            let decision =
                decide(&outcome, &Situation { retries: u32::MAX, left, jitter, ..situation(Repeat::Safe, retried) });
            if let Decision::Again(wait) = decision {
                prop_assert!(wait < left, "{wait:?} of {left:?}");
            }
        }

        #[test]
        fn it_stops_after_the_retries(outcome in outcome(), retries in any::<u32>(), more in any::<u32>()) {
            let retried = retries.saturating_add(more);
            let situation = Situation { retries, was_stale: true, ..situation(Repeat::Safe, retried) };
            prop_assert_eq!(decide(&outcome, &situation), Decision::Stop);
        }

        #[test]
        fn waits_grow_and_are_never_nothing(attempt in 0..64_u32, one in 0.0..=1.0_f64, other in 0.0..=1.0_f64) {
            let (first, second) = (backoff(attempt, one), backoff(attempt + 1, other));
            prop_assert!(first >= FIRST_WAIT / 2 && first <= MAX_WAIT);
            // Once the longest wait is reached, only the jitter differs.
            prop_assert!(second >= first || second >= MAX_WAIT / 2, "{first:?}, then {second:?}");
        }

        #[test]
        fn a_create_that_may_have_been_carried_out_is_never_repeated(
            outcome in outcome(), retried in any::<u32>(), retries in any::<u32>(), left in any::<u32>(),
            jitter in 0.0..=1.0_f64,
        ) {
            let left = Duration::from_millis(left.into());
            let situation = Situation { retries, left, jitter, ..situation(Repeat::OnlyIfNotCarriedOut, retried) };
            if outcome.may_be_carried_out() {
                prop_assert_eq!(decide(&outcome, &situation), Decision::Stop);
            }
        }

        /// Only the API itself, or who asks for credentials in front of it, can say that nothing was done.
        #[test]
        fn only_the_api_says_that_nothing_was_done(
            status in 300..600_u16, is_from_api in any::<bool>(), is_unprocessed in any::<bool>(), code in "[a-z_]{1,20}",
        ) {
            let answer = Answer { is_unprocessed, ..answer(status, is_from_api) };
            let outcome = Outcome::of_answer(&answer, Some(&code));
            if outcome == Outcome::Rejected || matches!(outcome, Outcome::NotCarriedOut { .. }) {
                prop_assert!(is_from_api && status < 500 && status != 408 || is_unprocessed && status == 503 || status == 401);
            }
        }
    }
}
