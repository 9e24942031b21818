//! A stream under hyper with deadlines for the client: for the head of a request, for silence
//! between requests, and for taking what is written.
//!
//! hyper's own deadline for heads also cuts connections that merely wait for their next request. A
//! proxy that keeps connections to this server open would then find one closed just as it sends a
//! POST, which it may not repeat.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::Arrival;
use crate::socket::Socket;

/// Time for the head of a request, the TLS handshake of a first one included.
const HEAD: Duration = Duration::from_secs(5);
/// Longest silence between requests; longer than the proxies keep connections (nginx: 60 s).
const IDLE: Duration = Duration::from_secs(75);
/// Longest time that a write may wait for the client.
const STALL: Duration = Duration::from_secs(10);

/// What the connection is waiting for from its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of a request, which is due at this time.
    Head(Instant),
    /// The first byte of the next request.
    Idle,
    /// Nothing: a request is being served.
    Busy,
}

/// What the requests of a connection tell its stream: when one begins and ends, and what the stream
/// becomes after the last.
pub(crate) struct Course {
    phase: Cell<Phase>,
    arrival: Cell<Option<Box<Arrival>>>,
}

impl Course {
    /// Of a connection whose first request is due.
    pub(crate) fn begin() -> Rc<Self> {
        Rc::new(Self {
            phase: Cell::new(Phase::Head(Instant::now() + HEAD)),
            arrival: Cell::default(),
        })
    }

    /// A request's head has arrived.
    pub(crate) fn served(&self) {
        self.phase.set(Phase::Busy);
    }

    /// Its answer is given.
    pub(crate) fn answered(&self) {
        self.phase.set(Phase::Idle);
    }

    /// With its answer the stream is switched, for this.
    pub(crate) fn switched(&self, arrival: Box<Arrival>) {
        self.arrival.set(Some(arrival));
    }

    /// What the stream was switched for, told once.
    pub(crate) fn arrival(&self) -> Option<Box<Arrival>> {
        self.arrival.take()
    }
}

/// A [`Socket`] whose client has deadlines.
pub(crate) struct Guarded {
    socket: Socket,
    course: Rc<Course>,
    reading: Deadline,
    writing: Deadline,
}

impl Guarded {
    pub(crate) fn new(socket: Socket, course: Rc<Course>) -> Self {
        Self {
            socket,
            course,
            reading: Deadline::default(),
            writing: Deadline::default(),
        }
    }

    pub(crate) fn into_inner(self) -> Socket {
        self.socket
    }

    fn watch_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing.clear();
            return written;
        }
        if self.writing.is_over(cx, || Instant::now() + STALL) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

/// A deadline that is set when something begins to wait.
#[derive(Default)]
struct Deadline(Option<Pin<Box<Sleep>>>);

impl Deadline {
    fn clear(&mut self) {
        self.0 = None;
    }

    /// Whether it has passed; sets it first where it is not set, and wakes the caller when it does.
    fn is_over(&mut self, cx: &mut Context<'_>, at: impl FnOnce() -> Instant) -> bool {
        let sleep = self.0.get_or_insert_with(|| Box::pin(sleep_until(at())));
        sleep.as_mut().poll(cx).is_ready()
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = Pin::new(&mut this.socket).poll_read(cx, buf);
        let phase = this.course.phase.get();
        if read.is_ready() {
            if phase == Phase::Idle {
                this.course.phase.set(Phase::Head(Instant::now() + HEAD));
                this.reading.clear();
            }
            return read;
        }
        let over = match phase {
            Phase::Busy => {
                this.reading.clear();
                false
            }
            Phase::Head(due) => this.reading.is_over(cx, || due),
            Phase::Idle => this.reading.is_over(cx, || Instant::now() + IDLE),
        };
        if over {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.watch_write(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.watch_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let flushed = Pin::new(&mut this.socket).poll_flush(cx);
        this.watch_write(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
