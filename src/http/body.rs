//! Reading a body: bounded, whatever its headers say.

use super::transport_error::TransportError;

/// The largest answer that is read, in bytes, after decompression.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// The part of an error's body that is read; the status alone says enough.
const MAX_ERROR_BODY: usize = 1024 * 1024;

/// Reads the whole body, or stops as soon as it is too large.
pub(super) async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, TransportError> {
    let declared = response.content_length().unwrap_or(0);
    let is_error = !response.status().is_success();
    if !is_error && declared > MAX_BODY as u64 {
        return Err(TransportError::TooLarge);
    }
    // The declared length is a hint, not a promise: reserve little on its word.
    let mut body = Vec::with_capacity(usize::try_from(declared).unwrap_or(0).min(256 * 1024));
    while let Some(chunk) = response.chunk().await? {
        if is_error && body.len() + chunk.len() > MAX_ERROR_BODY {
            return Ok(body);
        }
        if body.len() + chunk.len() > MAX_BODY {
            return Err(TransportError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
