//! The thread of a shard: its runtime, its standing tasks, and its end.

use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bellgate_gate::{Peer, PeerAddr};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_local};

use super::bell::OnShard;
use super::inlet::{BATCH, Inlet, Inlets};
use super::net::Net;
use super::{Local, Shard, flush, now};
use crate::app::App;
use crate::http::endpoint::Endpoint;
use crate::http::poll::Asked;
use crate::http::serve::Connection;
use crate::http::{Fallback, Handover, Reply};
use crate::server::Shared;
use crate::socket::{Portable, Socket};
use crate::tls::TlsStream;
use crate::websocket::lane;

/// What a shard accepts connections on.
pub(crate) enum Listening {
    /// Nothing: it is given its streams.
    None,
    /// TCP listeners of its own.
    Tcp(Vec<std::net::TcpListener>),
    /// The server's unix listener, whose streams this shard hands out.
    Unix(UnixListener),
}

/// How often gauges and the loop's lag are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Pause after a failed accept (no descriptors left), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often a shard that drains looks whether it may end.
const LOOK_FOR_END: Duration = Duration::from_millis(50);
/// Longest time for polling clients to fetch what is kept for them, when all sessions are closed.
const LAST_POLLS: Duration = Duration::from_secs(3);
/// Time for answers that were given to be written, when the last session has been closed.
const LAST_ANSWERS: Duration = Duration::from_millis(50);
/// Longest time for WebSockets to be closed by their clients then.
const LAST_CLOSES: Duration = Duration::from_secs(3);

/// Runs a shard until it has drained.
pub(crate) fn run<A: App>(
    index: u16,
    shared: Arc<Shared<A::Command>>,
    inlets: Inlets<A::Command>,
    listening: Listening,
    app: A,
    fallback: Fallback,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, shard = index, "the shard has no runtime");
            return;
        }
    };
    let Some(stats) = shared.stats.get(usize::from(index)).map(Arc::clone) else {
        return;
    };
    let local = Local::new(Shard {
        app,
        net: Net::new(index, &shared.live(), stats),
    });
    let endpoint = Endpoint {
        local: local.clone(),
        shared,
        index,
    };
    let _here = OnShard::enter(inlets.bell(), local.borrow().net.flush.clone());
    LocalSet::new().block_on(&runtime, async move {
        spawn_local(flush::run(local.clone()));
        let timers = local.clone();
        spawn_local(std::future::poll_fn(move |cx| {
            timers.borrow().poll_timers(cx)
        }));
        spawn_local(look(endpoint.clone()));
        let acceptors = accept_all(&endpoint, &fallback, listening);
        pump(&endpoint, &fallback, inlets, acceptors).await;
    });
}

/// Takes in what other threads send; returns when the shard has drained.
async fn pump<A: App>(
    endpoint: &Endpoint<A>,
    fallback: &Fallback,
    mut inlets: Inlets<A::Command>,
    acceptors: Vec<tokio::task::JoinHandle<()>>,
) {
    let mut end: Option<End> = None;
    loop {
        // The end is looked for however much comes in.
        if let Some(end) = &mut end
            && end.is_reached(endpoint, &acceptors)
        {
            return finish(endpoint).await;
        }
        let inlet = match &end {
            None => inlets.recv().await,
            Some(end) => match tokio::time::timeout_at(end.next_look, inlets.recv()).await {
                Ok(inlet) => inlet,
                Err(_) => continue,
            },
        };
        let Some(inlet) = inlet else { return };
        let (mut next, mut left) = (Some(inlet), BATCH);
        while let Some(inlet) = next {
            if let Inlet::Drain(window) = inlet {
                endpoint.local.borrow().begin_drain(window, now());
                end = Some(End::new());
            } else {
                take_in(endpoint, fallback, inlet);
            }
            left -= 1;
            // What this turn would not handle is not taken out: it would be lost.
            next = if left > 0 { inlets.try_recv() } else { None };
        }
        tokio::task::yield_now().await;
    }
}

/// When a shard that drains may end.
struct End {
    next_look: tokio::time::Instant,
    /// When no session was left on any shard.
    empty_since: Option<tokio::time::Instant>,
}

impl End {
    fn new() -> Self {
        Self {
            next_look: tokio::time::Instant::now(),
            empty_since: None,
        }
    }

    /// No live session is left on any shard, and who polls has been told, or had time to ask.
    ///
    /// Listeners go as soon as nobody who polls needs them, so that a proxy or a client finds the
    /// next server at once.
    fn is_reached<A: App>(
        &mut self,
        endpoint: &Endpoint<A>,
        acceptors: &[tokio::task::JoinHandle<()>],
    ) -> bool {
        let now = tokio::time::Instant::now();
        if now < self.next_look {
            return false;
        }
        self.next_look = now + LOOK_FOR_END;
        let server = &endpoint.shared;
        let is_polled = endpoint.local.borrow().net.is_polled(now.into_std());
        server.set_polling(endpoint.index, is_polled);
        let is_polled = server.is_any_polling();
        if !is_polled {
            acceptors.iter().for_each(tokio::task::JoinHandle::abort);
        }
        if server.sessions.load(Ordering::Acquire) > 0 {
            return false;
        }
        let empty_since = *self.empty_since.get_or_insert(now);
        !is_polled || now - empty_since >= LAST_POLLS
    }
}

fn take_in<A: App>(endpoint: &Endpoint<A>, fallback: &Fallback, inlet: Inlet<A::Command>) {
    match inlet {
        Inlet::Command(command) => endpoint.local.borrow().handle_command(command, now()),
        Inlet::Reload(live) => endpoint.local.borrow().net.reload(&live),
        Inlet::Request(handover, answer) => {
            spawn_local(relay(endpoint.clone(), *handover, answer));
        }
        Inlet::Lane {
            arrival,
            socket,
            read,
        } => match Socket::from_portable(socket) {
            Ok(socket) => lane::attach(&endpoint.local, *arrival, socket, read),
            Err(error) => tracing::warn!(%error, "a stream could not move to this shard"),
        },
        Inlet::Stream(stream) => match Socket::from_portable(stream) {
            Ok(socket) => {
                let peer = Peer {
                    addr: PeerAddr::Unix,
                    tls: false,
                };
                spawn_local(Connection::new(
                    endpoint.clone(),
                    fallback.clone(),
                    socket,
                    peer,
                ));
            }
            Err(error) => tracing::warn!(%error, "an accepted stream could not move to this shard"),
        },
        Inlet::Drain(_) => {}
    }
}

/// Lets last answers and close frames reach their clients.
async fn finish<A: App>(endpoint: &Endpoint<A>) {
    let begun = tokio::time::Instant::now();
    tokio::time::sleep(LAST_ANSWERS).await;
    while endpoint.local.borrow().net.lingering.is_any() && begun.elapsed() < LAST_CLOSES {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Answers a request that landed on another shard.
async fn relay<A: App>(
    endpoint: Endpoint<A>,
    handover: Handover,
    mut answer: oneshot::Sender<Reply>,
) {
    let Handover {
        request,
        judged,
        mount,
    } = handover;
    let polled = endpoint.polled(&request);
    let asked = Asked::of(&endpoint, &request, &judged);
    let reply = async {
        match asked {
            // The request was taken along to no end.
            Some(asked) => {
                drop((request, judged));
                Reply::Answer(asked.await)
            }
            None => endpoint.handle(request, judged, mount).await,
        }
    };
    let unsent = tokio::select! {
        reply = reply => answer.send(reply).is_err(),
        // The client left: dropping the request tells the session.
        () = answer.closed() => false,
    };
    if let (true, Some(id)) = (unsent, polled) {
        endpoint.abandon(id);
    }
}

fn accept_all<A: App>(
    endpoint: &Endpoint<A>,
    fallback: &Fallback,
    listening: Listening,
) -> Vec<tokio::task::JoinHandle<()>> {
    match listening {
        Listening::None => Vec::new(),
        Listening::Tcp(listeners) => listeners
            .into_iter()
            .filter_map(|listener| TcpListener::from_std(listener).ok())
            .map(|listener| spawn_local(accept_tcp(endpoint.clone(), fallback.clone(), listener)))
            .collect(),
        Listening::Unix(listener) => match tokio::net::UnixListener::from_std(listener) {
            Ok(listener) => vec![spawn_local(accept_unix(endpoint.clone(), listener))],
            Err(error) => {
                tracing::error!(%error, "the unix socket cannot be used");
                Vec::new()
            }
        },
    }
}

async fn accept_tcp<A: App>(endpoint: Endpoint<A>, fallback: Fallback, listener: TcpListener) {
    loop {
        let (stream, addr) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                pause(&error).await;
                continue;
            }
        };
        endpoint.local.borrow().net.stats.accepted.add(1);
        // A small packet that waits for the one before would add a round trip to each message.
        let _ = stream.set_nodelay(true);
        let tls = endpoint.shared.live().tls.clone();
        let peer = Peer {
            addr: PeerAddr::Ip(addr),
            tls: tls.is_some(),
        };
        let socket = match tls {
            None => Socket::Tcp(stream),
            Some(config) => match TlsStream::accept(stream, config) {
                Ok(stream) => Socket::Tls(Box::new(stream)),
                Err(error) => {
                    tracing::warn!(%error, "no TLS for a connection");
                    continue;
                }
            },
        };
        spawn_local(Connection::new(
            endpoint.clone(),
            fallback.clone(),
            socket,
            peer,
        ));
    }
}

async fn accept_unix<A: App>(endpoint: Endpoint<A>, listener: tokio::net::UnixListener) {
    let mut next = 0;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause(&error).await;
                continue;
            }
        };
        endpoint.local.borrow().net.stats.accepted.add(1);
        let remotes = &endpoint.shared.remotes;
        if let (Ok(stream), Some(remote)) =
            (stream.into_std(), remotes.get(next % remotes.len().max(1)))
        {
            remote.send(Inlet::Stream(Portable::Unix(stream)));
        }
        next = next.wrapping_add(1);
    }
}

async fn pause(error: &std::io::Error) {
    // A client that left before it was accepted is no reason to wait.
    if error.kind() != std::io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "no connection can be accepted for a moment");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// How late this shard's timer is, the application's gauges, and what the log folded away.
async fn look<A: App>(endpoint: Endpoint<A>) {
    loop {
        let due = tokio::time::Instant::now() + LOOK;
        tokio::time::sleep_until(due).await;
        let lag = due.elapsed();
        if endpoint.index == 0 {
            endpoint.shared.refusals.settle(now());
        }
        let mut shard = endpoint.local.borrow();
        let lag = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
        shard.net.stats.loop_lag_us.set(lag);
        shard.app.handle_gauges();
    }
}
