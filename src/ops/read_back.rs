//! Looking again after a write: a server may show the old state for some seconds.

use std::time::Duration;

use serde_json::Value;

use crate::error::Result;

/// Pauses between looks at what may not be visible yet.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2)];

/// What a later look that fails leads to. A first look that fails is always the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfLaterFails {
    /// Its error is the result.
    Fail,
    /// What was read before it is the result.
    KeepEarlier,
}

/// Reads until `is_done`, or until the last pause is over; returns what was read last.
///
/// # Errors
/// A look failed: the first, or a later one where that counts.
pub async fn read_until<T>(
    mut read: impl AsyncFnMut() -> Result<T>,
    is_done: impl Fn(&T) -> bool,
    if_later_fails: IfLaterFails,
) -> Result<T> {
    let mut last = read().await?;
    for pause in PAUSES {
        if is_done(&last) {
            break;
        }
        tokio::time::sleep(pause).await;
        match read().await {
            Ok(now) => last = now,
            Err(_) if if_later_fails == IfLaterFails::KeepEarlier => break,
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}

/// A row of a list, and whether it can be what a POST has made.
pub struct Candidate {
    pub id: String,
    pub fits: bool,
}

/// Finds the number of what a POST has made: the one that its answer names, where that is new, else the only new one that
/// fits. Another user may make something at the same moment: where it is not clear which is meant, all new ones are the error.
///
/// # Errors
/// A look failed, the first or a later one.
pub async fn find_new(
    mut list: impl AsyncFnMut() -> Result<Vec<Candidate>>,
    existing: &[String],
    named: &Value,
) -> Result<std::result::Result<String, Vec<String>>> {
    let named = (!named.is_null()).then(|| named.to_string().replace('"', "")).filter(|id| !existing.contains(id));
    let is_it = |one: &&Candidate| named.as_ref().map_or(one.fits, |id| one.id == *id);
    let new =
        async || Ok(list().await?.into_iter().filter(|one| !existing.contains(&one.id)).collect::<Vec<Candidate>>());
    let new = read_until(new, |new| new.iter().any(|one| is_it(&one)), IfLaterFails::Fail).await?;
    let found: Vec<&Candidate> = new.iter().filter(is_it).collect();
    Ok(match found.as_slice() {
        [one] => Ok(one.id.clone()),
        _ => Err(new.into_iter().map(|one| one.id).collect()),
    })
}
