//! Work that waits for somebody else and that no signal ends: reading a pipe that stays open, opening a FIFO.
//!
//! It runs on a thread of its own, so that Ctrl-C and SIGTERM still end the program. The runtime's own threads would
//! not do: the runtime waits for them before it ends. The work must hold nothing that needs to be put back.

use std::io;

use tokio::sync::oneshot;

/// Does `work` on a thread of its own, and waits for it. Where nobody waits any more, it ends with the process.
///
/// # Errors
/// The thread cannot be made, or `work` ended without an answer.
pub async fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        // Nobody waits any more after Ctrl-C.
        let _ = answer.send(work());
    })?;
    answered.await.map_err(|_| io::Error::other("it ended without an answer"))
}
