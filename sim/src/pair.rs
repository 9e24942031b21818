//! One session and one client, with the network, the clock and the server's driver between them.

use std::rc::Rc;
use std::time::{Duration, Instant};

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Delivery, EngineConfig, Session, Transport};
use bellgate_wire::Message;

use crate::client::{Client, Data};
use crate::setup;

/// A connected pair. The pair plays the driver: it hands the client's requests and packets to the
/// session, and writes what the session shows, as the transport crate does with real sockets.
pub struct Pair {
    /// The client half.
    pub client: Client,
    /// The server half.
    pub session: Session,
    /// Messages that reached the application, in order.
    pub delivered: Vec<Data>,
    /// What the session refused, in order.
    pub refused: Vec<Code>,
    /// Whether the application sends each message back.
    pub echoes: bool,
    /// How many bytes the WebSocket takes before it blocks; `None`: all. [`Pair::open_window`] adds.
    pub window: Option<usize>,
    pub(crate) now: Instant,
    began: Instant,
    pub(crate) has_probe: bool,
    pub(crate) has_websocket: bool,
}

impl Pair {
    /// A fresh session of the official suites' settings, opened by polling.
    pub fn on_polling() -> Self {
        Self::open(Transport::Polling, setup::config())
    }

    /// A fresh session of the official suites' settings, opened by a WebSocket.
    pub fn on_websocket() -> Self {
        Self::open(Transport::Websocket, setup::config())
    }

    /// A fresh session whose client has read the handshake and done nothing else.
    pub fn open(transport: Transport, config: EngineConfig) -> Self {
        let mut pair = Self::unread(transport, config);
        pair.pump();
        pair
    }

    /// A fresh session that has not told its handshake.
    pub fn unread(transport: Transport, config: EngineConfig) -> Self {
        let now = setup::beginning();
        Self {
            client: Client::new(transport),
            session: Session::open(transport, "simulated", &Rc::new(config), now),
            delivered: Vec::new(),
            refused: Vec::new(),
            echoes: false,
            window: None,
            now,
            began: now,
            has_probe: false,
            has_websocket: transport == Transport::Websocket,
        }
    }

    /// A session that was opened by polling and has been upgraded.
    pub fn upgraded() -> Self {
        let mut pair = Self::on_polling();
        pair.client.upgrade();
        pair.run_until_quiet();
        assert_eq!(pair.session.transport(), Transport::Websocket);
        pair
    }

    /// The present moment.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Time since the session was opened.
    pub fn elapsed(&self) -> Duration {
        self.now - self.began
    }

    /// The application sends a text message.
    pub fn emit(&mut self, text: &str) {
        self.send(Message::text(text), Delivery::Regular);
    }

    /// The application sends a volatile text message.
    pub fn emit_volatile(&mut self, text: &str) {
        self.send(Message::text(text), Delivery::Volatile);
    }

    /// The application sends a message.
    pub fn send(&mut self, message: Message, delivery: Delivery) {
        let sent = self.session.send(Rc::new(message), delivery);
        self.note(sent.err());
    }

    /// The server ends the session in good order.
    pub fn close(&mut self, why: Refusal) {
        self.session.close(why, self.now);
    }

    /// The WebSocket takes this many more bytes.
    pub fn open_window(&mut self, bytes: usize) {
        self.window = self.window.map(|left| left + bytes);
    }

    /// Moves packets and answers until neither side has anything to do at this moment.
    pub fn run_until_quiet(&mut self) {
        for _ in 0..ROUNDS {
            self.pump();
            self.client.react();
            let Some(action) = self.client.actions.pop_front() else {
                return;
            };
            self.apply(action);
        }
        panic!("the pair does not come to rest");
    }

    /// Does one thing that the client has planned; false where it has nothing planned.
    pub fn step(&mut self) -> bool {
        let action = self.client.actions.pop_front();
        let is_some = action.is_some();
        if let Some(action) = action {
            self.apply(action);
        }
        is_some
    }

    /// Moves time on, from deadline to deadline, with both sides doing what is theirs at each.
    pub fn advance(&mut self, by: Duration) {
        let end = self.now + by;
        for _ in 0..ROUNDS {
            self.run_until_quiet();
            match self.session.poll_deadline() {
                Some(deadline) if deadline <= end => {
                    self.now = self.now.max(deadline);
                    self.session.handle_timeout(self.now);
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("the session's deadline does not move");
    }

    /// Moves time on as a driver that hangs: no deadline is kept meanwhile.
    pub fn stall(&mut self, by: Duration) {
        self.now += by;
    }
}

/// How many things may happen at one moment before the simulation counts as stuck.
const ROUNDS: usize = 100_000;
