//! The application of one shard: the hub, and the handlers of the embedding program.
//!
//! The hub says what happened ([`Event`]), a handler answers, the answer is applied. A handler is
//! polled once in place; only if it has to wait does it become a task of the shard, and until it
//! is done further events of the same connection stand in line behind it.

mod anew;
mod excess;
mod incidents;
mod judging;
mod line;
mod live;
mod orders;
mod receiving;

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, Outlet as _, Slots, take};
use bellgate_gate::RequestFacts;
use bellgate_gate::identity::{Answers, StoredKey};
use bellgate_hub::{Event, Hub, Joined, SocketId, Target};
use bellgate_transport::{App, Io, Opening};
use bellgate_wire::Message;
use bytes::Bytes;

use self::line::Line;
use super::access::Terms;
use super::args::Args;
use super::call::{Answering, Call, Held, Outcome, Started};
use super::command::{Command, SocketAction};
use super::engine::{EngineAction, EnginePeer, Frame, Plain};
use super::gauges::Gauges;
use super::handlers::{Gone, Handshake, Welcome};
use super::program::Program;
use super::socket::{Socket, Ways};
use super::throttle::{Throttle, Visitors};
use super::trace::{self, Client};
use super::visit::Visit;

/// A shard's application.
pub(crate) struct ShardApp {
    hub: Hub,
    program: Arc<Program>,
    terms: Arc<Terms>,
    ways: Arc<Ways>,
    gauges: Arc<Gauges>,
    /// Connections that speak Socket.IO.
    clients: Slots<Client>,
    /// Connections that speak plain Engine.IO.
    plain: Slots<Plain>,
    /// Connections whose handler has to wait, and what stands in line behind it.
    busy: HashMap<ConnId, Line>,
    throttle: Arc<Throttle>,
    visitors: Visitors,
    /// Connections that stored sessions admitted, and where those are kept.
    stored: HashMap<ConnId, StoredKey>,
}

impl ShardApp {
    pub(crate) fn new(
        hub: Hub,
        program: Arc<Program>,
        ways: Ways,
        gauges: Arc<Gauges>,
        terms: Arc<Terms>,
        throttle: Arc<Throttle>,
    ) -> Self {
        let mut app = Self {
            hub,
            program,
            terms,
            ways: Arc::new(ways),
            gauges,
            clients: Slots::default(),
            plain: Slots::default(),
            busy: HashMap::new(),
            visitors: throttle.visitors(),
            stored: HashMap::new(),
            throttle,
        };
        for namespace in app.program.namespaces.keys() {
            app.hub.define_namespace(namespace);
        }
        // A metric that is there from the start can be told from one that is missing.
        app.gauges.set(app.hub.stats());
        app
    }

    fn dispatch_all(&mut self, conn: Option<ConnId>, events: Vec<Event>, io: &mut Io<'_>) {
        for event in events {
            self.dispatch(conn, event, io);
        }
    }

    /// Hands an event to its handler, or puts it in line.
    fn dispatch(&mut self, conn: Option<ConnId>, event: Event, io: &mut Io<'_>) {
        if matches!(event, Event::Acked { .. } | Event::Counted { .. }) {
            return self.program.emitter.take_in(event);
        }
        let conn = conn.or_else(|| socket_of(&event).and_then(|socket| self.hub.conn(socket)));
        if trace::is_on()
            && let Some(client) = conn.and_then(|conn| self.clients.get(conn))
        {
            client.did(&event);
        }
        match event {
            Event::Received {
                socket,
                name,
                args,
                attachments,
                ack,
            } => {
                // Who sent it has a connection.
                if let Some(conn) = conn {
                    let args = Args::received(args, attachments);
                    self.receive(conn, socket, name, args, ack, io);
                }
            }
            event => {
                if let Some(call) = self.call(conn, event) {
                    self.start(conn, call, io);
                }
            }
        }
    }

    /// Starts a call in its turn.
    fn start(&mut self, conn: Option<ConnId>, call: Call, io: &mut Io<'_>) {
        match conn {
            Some(conn) => self.queue(conn, call, io),
            // A socket that another's command disconnected: its connection is not at hand.
            None => {
                if let Started::Waits(answering) = call.start(&self.program) {
                    tokio::task::spawn_local(answering);
                }
            }
        }
    }

    fn queue(&mut self, conn: ConnId, call: Call, io: &mut Io<'_>) {
        let Some(line) = self.busy.get_mut(&conn) else {
            return match call {
                Call::Judge(held) => self.judge(conn, held, io),
                call => self.run(conn, call, io),
            };
        };
        if let Err(why) = line.push(call, &self.terms.hub.limits) {
            *line = Line::default();
            io.close(conn, why);
        }
    }

    /// Calls the handler; applies its answer, or waits for it in a task.
    fn run(&mut self, conn: ConnId, call: Call, io: &mut Io<'_>) {
        match call.start(&self.program) {
            Started::Done(outcome) => self.apply(outcome, io),
            Started::Waits(answering) => self.wait(conn, answering),
        }
    }

    /// Waits for a handler in a task; what comes meanwhile stands in line.
    fn wait(&mut self, conn: ConnId, answering: Answering) {
        self.busy.insert(conn, Line::default());
        let me = self.ways.shard.clone();
        tokio::task::spawn_local(async move {
            me.command(Command::Done(conn, answering.await));
        });
    }

    /// What happened beside the events of clients, with all that a handler gets.
    fn call(&mut self, conn: Option<ConnId>, event: Event) -> Option<Call> {
        match event {
            Event::Connect {
                socket,
                namespace,
                auth,
            } => {
                let client = self.clients.get(conn?);
                let visit = client.and_then(|client| client.visit.as_ref());
                Some(Call::Judge(Box::new(Held {
                    socket,
                    namespace,
                    auth,
                    posted: visit.and_then(|visit| visit.brought_by_post()),
                    answers: Answers::default(),
                    until: None,
                })))
            }
            Event::Disconnected {
                socket,
                conn,
                sid,
                namespace,
                member,
                reason,
            } => {
                if let Some(user) = &member.user {
                    self.uncount(user, conn, socket);
                }
                Some(Call::Gone(Gone {
                    sid,
                    namespace,
                    member,
                    reason,
                }))
            }
            // Those of clients are received, the others taken in by the emitter.
            Event::Received { .. } | Event::Acked { .. } | Event::Counted { .. } => None,
        }
    }

    fn client(&self, socket: SocketId) -> Option<&Client> {
        self.clients.get(self.hub.conn(socket)?)
    }

    /// The id of the request that opened a socket's connection.
    fn request_id(&self, socket: SocketId) -> &str {
        let client = self.client(socket);
        client.map_or("", |client| &client.handshake.request_id)
    }

    fn socket(&self, id: SocketId) -> Option<Socket> {
        let Joined {
            sid,
            namespace,
            member,
        } = self.hub.joined_as(id)?;
        Some(Socket {
            id,
            sid,
            member: Arc::clone(member),
            namespace,
            ways: Arc::clone(&self.ways),
        })
    }

    fn apply(&mut self, outcome: Outcome, io: &mut Io<'_>) {
        match outcome {
            Outcome::Connect(socket, Ok(welcome)) => self.welcome(socket, welcome, io),
            Outcome::Connect(socket, Err(refused)) => self.refuse(socket, &refused, io),
            Outcome::Event(socket, ack, reply) => self.answer(socket, ack, &reply, io),
            Outcome::Nothing => {}
        }
    }

    fn welcome(&mut self, socket: SocketId, welcome: Welcome, io: &mut Io<'_>) {
        if !self.let_in(socket, welcome.member, io) {
            return;
        }
        if let (Some(client), Some(namespace), Some(member)) = (
            self.client(socket),
            self.hub.namespace(socket),
            self.hub.member(socket),
        ) {
            client.joined(namespace, member);
        }
        for room in welcome.rooms {
            self.join(socket, room);
        }
        for (name, args) in welcome.events {
            let array = args.event(&name);
            self.hub
                .emit(socket, &array, args.attachments(), Delivery::Regular, io);
        }
    }

    fn join(&mut self, socket: SocketId, room: Target) {
        if let Err(refusal) = self.hub.join(socket, room) {
            tracing::warn!(
                code = refusal.code().name(),
                "a room was not joined: {}",
                refusal.cause()
            );
        }
    }

    fn act(&mut self, socket: SocketId, action: SocketAction, io: &mut Io<'_>) {
        match action {
            SocketAction::Emit {
                array,
                attachments,
                delivery,
            } => self.hub.emit(socket, &array, &attachments, delivery, io),
            SocketAction::Join(room) => self.join(socket, room),
            SocketAction::Leave(room) => self.hub.leave(socket, &room),
            SocketAction::Rooms(answer) => {
                // Whoever asked may have stopped waiting.
                let _ = answer.send(self.hub.rooms(socket));
            }
            SocketAction::Disconnect { close } => {
                let conn = self.hub.conn(socket);
                let events = self.hub.disconnect(socket, close, io.now, io);
                self.dispatch_all(conn, events, io);
            }
        }
    }

    /// A handler that had to wait is done: its answer, then what stood in line.
    fn done(&mut self, conn: ConnId, outcome: Outcome, io: &mut Io<'_>) {
        let line = take(&mut self.busy, &conn).unwrap_or_default();
        self.apply(outcome, io);
        self.go_on(conn, line, io);
    }

    /// What stood in line behind something that is done.
    fn go_on(&mut self, conn: ConnId, line: Line, io: &mut Io<'_>) {
        for call in line.calls {
            self.queue(conn, call, io);
        }
    }
}

fn socket_of(event: &Event) -> Option<SocketId> {
    match event {
        Event::Connect { socket, .. }
        | Event::Received { socket, .. }
        | Event::Disconnected { socket, .. } => Some(*socket),
        Event::Acked { .. } | Event::Counted { .. } => None,
    }
}

impl App for ShardApp {
    type Command = Command;

    fn handle_open(&mut self, conn: ConnId, opening: Opening, io: &mut Io<'_>) {
        let facts = &opening.facts;
        let origin = facts.origin().valid();
        let handshake = Handshake {
            address: facts.client_addr(),
            origin: origin.map(|origin| origin.to_string().into()),
            request_id: opening.request_id.to_string().into(),
        };
        self.visitors.open(conn, facts);
        if let Some(endpoint) = self.program.engine_endpoint(opening.mount) {
            let peer = EnginePeer::new(conn, self.ways.shard.clone(), Arc::clone(endpoint));
            self.plain.insert(conn, Plain { peer, handshake });
            return;
        }
        let visit = self.terms.access.identities.is_on();
        let visit = visit.then(|| Visit::new(opening.facts.credentials()));
        let client = Client::open(handshake, visit, opening.transport, io.now);
        self.clients.insert(conn, client);
        self.hub.open(conn, io.now);
    }

    fn handle_request(
        &mut self,
        conn: ConnId,
        facts: &RequestFacts,
        io: &Io<'_>,
    ) -> Result<(), Refusal> {
        let client = self.clients.get_mut(conn);
        let visit = client.and_then(|client| client.visit.as_mut());
        let look = visit.and_then(|visit| visit.see(facts, io.is_bound(conn)));
        look.map_or(Ok(()), |look| self.look(conn, Box::new(look), io))
    }

    fn handle_post(&mut self, conn: ConnId, facts: Option<&RequestFacts>) {
        let client = self.clients.get_mut(conn);
        if let Some(visit) = client.and_then(|client| client.visit.as_mut()) {
            visit.posted(facts.map(RequestFacts::credentials));
        }
    }

    fn handle_text(&mut self, conn: ConnId, text: &str, io: &mut Io<'_>) {
        if let Some(Plain { peer, .. }) = self.plain.get(conn) {
            return peer.received(Frame::Text(text.to_owned()));
        }
        let client = self.clients.get(conn);
        let request_id = client.map_or("", |client| &client.handshake.request_id);
        if let Some(event) = self.hub.handle_text(conn, text, request_id, io.now, io) {
            self.dispatch(Some(conn), event, io);
        }
    }

    fn handle_binary(&mut self, conn: ConnId, data: &[u8], io: &mut Io<'_>) {
        if let Some(Plain { peer, .. }) = self.plain.get(conn) {
            return peer.received(Frame::Binary(Bytes::copy_from_slice(data)));
        }
        if let Some(event) = self.hub.handle_binary(conn, data, io.now, io) {
            self.dispatch(Some(conn), event, io);
        }
    }

    fn handle_upgrade(&mut self, conn: ConnId) {
        if let Some(client) = self.clients.get(conn) {
            client.upgraded();
        }
    }

    fn handle_close(&mut self, conn: ConnId, why: &Refusal, io: &mut Io<'_>) {
        self.visitors.close(conn);
        if self.plain.remove(conn).is_some() {
            return;
        }
        self.release_session(conn);
        let events = self.hub.close(conn, why);
        self.dispatch_all(Some(conn), events, io);
        if let Some(client) = self.clients.remove(conn) {
            client.closed(why, io.now);
        }
    }

    fn handle_timeout(&mut self, conn: ConnId, io: &mut Io<'_>) {
        let events = self.hub.handle_timeout(conn, io.now, io);
        self.dispatch_all(Some(conn), events, io);
        self.login_due(conn, io);
    }

    fn poll_deadline(&self, conn: ConnId) -> Option<Instant> {
        let client = self.clients.get(conn);
        let ends = client.and_then(Client::poll_deadline);
        self.hub.poll_deadline(conn).into_iter().chain(ends).min()
    }

    fn poll_shard_deadline(&self) -> Option<Instant> {
        self.hub.poll_ack_deadline()
    }

    fn handle_shard_timeout(&mut self, io: &mut Io<'_>) {
        let events = self.hub.handle_ack_timeout(io.now);
        self.dispatch_all(None, events, io);
    }

    fn handle_command(&mut self, command: Command, io: &mut Io<'_>) {
        match command {
            Command::Hub(command) => self.take_in(&command, io),
            Command::Reload(terms) => {
                self.hub.reconfigure(terms.hub.clone());
                self.throttle.reload_visitors(&mut self.visitors);
                self.terms = terms;
            }
            Command::Socket(socket, action) => self.act(socket, action, io),
            Command::Engine(conn, EngineAction::Send(frame)) => {
                let message = match frame {
                    Frame::Text(text) => Message::text(&text),
                    Frame::Binary(data) => Message::binary(data),
                };
                io.send(conn, &Rc::new(message), Delivery::Regular);
            }
            Command::Engine(conn, EngineAction::Close) => {
                io.close(conn, Refusal::ServerDisconnect {});
            }
            Command::Evict(conn, why) => self.end_all(&[conn], &why, io),
            Command::Look(conn, look) => {
                if let Err(changed) = self.look(conn, look, io) {
                    io.close(conn, changed);
                }
            }
            Command::Anew(conn, anew) => self.answered_anew(conn, &anew, io),
            Command::Judge(conn, held) => self.judge_again(conn, held, io),
            Command::Done(conn, outcome) => self.done(conn, outcome, io),
        }
    }

    fn handle_drain(&mut self, conn: ConnId, delay: Duration, io: &mut Io<'_>) {
        let told = serde_json::json!({"delay": delay.as_millis()});
        self.tell(conn, "bell:drain", told, io);
    }

    fn handle_gauges(&mut self) {
        self.gauges.set(self.hub.stats());
    }
}
