//! Looking again after a write: a server may show the old state for some seconds.

use std::time::Duration;

use crate::error::Result;

/// Pauses between looks at what may not be visible yet.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// Reads until `is_done`, or until the last pause is over; returns what was read last.
///
/// # Errors
/// A look failed, the first or a later one.
pub async fn read_until<T>(mut read: impl AsyncFnMut() -> Result<T>, is_done: impl Fn(&T) -> bool) -> Result<T> {
    let mut last = read().await?;
    for pause in PAUSES {
        if is_done(&last) {
            break;
        }
        tokio::time::sleep(pause).await;
        last = read().await?;
    }
    Ok(last)
}

/// The same, where a later look that fails leaves the earlier one standing.
///
/// # Errors
/// The first look failed.
pub async fn read_while<T>(mut read: impl AsyncFnMut() -> Result<T>, is_old: impl Fn(&T) -> bool) -> Result<T> {
    let mut last = read().await?;
    for pause in PAUSES {
        if !is_old(&last) {
            break;
        }
        tokio::time::sleep(pause).await;
        match read().await {
            Ok(now) => last = now,
            Err(_) => break,
        }
    }
    Ok(last)
}
