//! A time limit for heads of requests, apart from that for idle connections: hyper has one for both.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Whether a request is being served: what comes then is its body, not a head.
#[derive(Debug, Clone, Default)]
pub struct Busy(Arc<Served>);

#[derive(Debug, Default)]
struct Served {
    now: AtomicBool,
    /// How many heads have ended.
    heads: AtomicU64,
}

impl Busy {
    /// A head is there, whole.
    pub fn begin(&self) {
        self.0.now.store(true, Ordering::Relaxed);
        self.0.heads.fetch_add(1, Ordering::Relaxed);
    }

    /// Its answer is there; what comes next is another head.
    pub fn end(&self) {
        self.0.now.store(false, Ordering::Relaxed);
    }
}

/// A stream whose reading fails where a head that has begun does not end in time.
#[derive(Debug)]
pub struct Heads<S> {
    stream: S,
    busy: Busy,
    limit: Duration,
    timer: Pin<Box<Sleep>>,
    /// How many heads had ended when the one began for which the timer runs.
    begun: Option<u64>,
}

impl<S> Heads<S> {
    /// Gives each head on `stream` the time `limit`.
    pub fn new(stream: S, busy: Busy, limit: Duration) -> Self {
        Self { stream, busy, limit, timer: Box::pin(sleep(limit)), begun: None }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Heads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        let heads = this.busy.0.heads.load(Ordering::Relaxed);
        this.begun = this.begun.filter(|begun| *begun == heads);
        if this.busy.0.now.load(Ordering::Relaxed) {
            return read;
        }
        match &read {
            Poll::Ready(Ok(())) if buffer.filled().len() > before && this.begun.is_none() => {
                this.begun = Some(heads);
                this.timer.as_mut().reset(Instant::now() + this.limit);
            }
            Poll::Pending if this.begun.is_some() && this.timer.as_mut().poll(context).is_ready() => {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head did not end in time")));
            }
            _ => {}
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Heads<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
