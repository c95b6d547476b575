//! Counts requests per token in the current calendar minute.
//!
//! The window is a fixed calendar minute (inferred from recordings); nothing announces when it ends: no
//! `Retry-After`, no reset header in any recording.

use std::collections::HashMap;

/// The counts of the current minute.
#[derive(Debug, Default)]
pub(super) struct Limits {
    minute: i64,
    used: HashMap<String, u32>,
}

impl Limits {
    /// Counts one request; returns how many remain, or `None` when it is one too many.
    pub(super) fn take(&mut self, token: &str, now: i64, permitted: u32) -> Option<u32> {
        self.turn(now);
        let used = self.used.entry(token.to_owned()).or_default();
        let remaining = permitted.checked_sub(*used)?.checked_sub(1)?;
        *used += 1;
        Some(remaining)
    }

    /// Returns how many requests remain for a token.
    pub(super) fn remaining(&mut self, token: &str, now: i64, permitted: u32) -> u32 {
        self.turn(now);
        permitted.saturating_sub(self.used.get(token).copied().unwrap_or_default())
    }

    fn turn(&mut self, now: i64) {
        let minute = now.div_euclid(60);
        if minute != self.minute {
            self.minute = minute;
            self.used.clear();
        }
    }
}
