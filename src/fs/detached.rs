//! Blocking work that no signal ends, such as reading a pipe that stays open or opening a FIFO.
//!
//! It runs on a thread of its own, so that Ctrl-C and SIGTERM still end the program: the runtime would wait for one of
//! its own threads before it ends. The work must not hold anything that has to be restored.

use std::io;

use tokio::sync::oneshot;

/// Runs `work` on a thread of its own and waits for it. When the future is dropped, the thread ends with the process.
pub async fn spawn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (answer, answered) = oneshot::channel();
    std::thread::Builder::new().spawn(move || {
        // Fails after Ctrl-C, when the receiver is gone.
        let _ = answer.send(work());
    })?;
    answered.await.map_err(|_| io::Error::other("it ended without an answer"))
}
