//! How an answer's bytes reach the wire: whole, cut off in the middle, or a byte a second.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, SizeHint};
use tokio::time::Sleep;

/// How an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Whole,
    Cut,
    Slow,
}

/// Ends a connection without (the rest of) an answer.
#[derive(Debug)]
pub(super) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection was dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// A body on its way out.
#[derive(Debug)]
pub(super) struct Outgoing {
    rest: Bytes,
    delivery: Delivery,
    half: usize,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Outgoing {
    pub(super) fn new(body: Vec<u8>, delivery: Delivery) -> Self {
        let rest = Bytes::from(body);
        Self { half: rest.len() / 2, rest, delivery, pause: None }
    }

    /// Waits out a pause that begins at the first call.
    fn paused(&mut self, context: &mut Context<'_>, length: Duration) -> Poll<()> {
        let pause = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(length)));
        if pause.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.pause = None;
        Poll::Ready(())
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let count = match self.delivery {
            Delivery::Whole => self.rest.len(),
            Delivery::Cut if self.half > 0 => std::mem::take(&mut self.half),
            Delivery::Cut => {
                // Gives the first half time to leave the buffers before the connection ends.
                if self.paused(context, Duration::from_millis(50)).is_pending() {
                    return Poll::Pending;
                }
                return Poll::Ready(Some(Err(Dropped)));
            }
            Delivery::Slow => {
                if self.paused(context, Duration::from_secs(1)).is_pending() {
                    return Poll::Pending;
                }
                1
            }
        };
        let bytes = self.rest.split_to(count);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
