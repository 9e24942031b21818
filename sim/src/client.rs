//! The client half: what it does next, what it has received, and the habits of a stock client.

use std::collections::VecDeque;

use bellgate_codes::Code;
use bellgate_engine::{Lane, Transport};
use bellgate_wire::ws::client::{inflate, parse_prefix};

/// A message, text or binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Text without Engine.IO's `4`.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Data {
    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

/// Which HTTP request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A poll.
    Get,
    /// Packets to the server.
    Post,
}

/// The answer to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Of which request.
    pub method: Method,
    /// The body of a 200, or why the server refused.
    pub result: Result<String, Code>,
}

/// What the client does next, in order.
#[derive(Debug)]
pub(crate) enum Action {
    Poll,
    AbortPoll,
    BeginPost,
    EndPost(String),
    OpenProbe,
    Write(Lane, String),
    WriteBinary(Lane, Vec<u8>),
    Drop(Lane),
}

/// Where the client is in an upgrade that it finishes by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upgrade {
    No,
    Probing,
    /// `3probe` came: the last poll ends, then `5` follows.
    Pausing,
}

/// An Engine.IO client. Honest by habit: it polls again whenever a poll has ended, answers pings,
/// and finishes upgrades that [`Client::upgrade`] began. Everything else a test asks for.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "habits that a test turns on and off apart from each other"
)]
pub struct Client {
    /// Whether it polls by itself while it is on polling.
    pub polls: bool,
    /// Whether it answers pings.
    pub answers_pings: bool,
    /// Messages in the order of their arrival.
    pub received: Vec<Data>,
    /// Answers to its requests.
    pub answers: Vec<Answer>,
    /// Packets that came over a WebSocket, raw, with their lane.
    pub packets: Vec<(Lane, String)>,
    /// The JSON of the handshake.
    pub handshake: Option<String>,
    /// Pings that came.
    pub pings: usize,
    /// Frames that came deflated.
    pub deflated: usize,
    /// It was told of the end, or refused.
    pub is_closed: bool,
    /// How its WebSocket ended: the code of the close frame, or `Some(None)` where none came.
    pub websocket_closed: Option<Option<u16>>,
    /// Why the server closed each probe that it did close.
    pub probes_closed: Vec<Code>,
    transport: Transport,
    upgrade: Upgrade,
    has_poll: bool,
    bytes: Vec<u8>,
    pub(crate) actions: VecDeque<Action>,
}

impl Client {
    pub(crate) fn new(transport: Transport) -> Self {
        Self {
            polls: true,
            answers_pings: true,
            received: Vec::new(),
            answers: Vec::new(),
            packets: Vec::new(),
            handshake: None,
            pings: 0,
            deflated: 0,
            is_closed: false,
            websocket_closed: None,
            probes_closed: Vec::new(),
            transport,
            upgrade: Upgrade::No,
            has_poll: transport == Transport::Polling,
            bytes: Vec::new(),
            actions: VecDeque::new(),
        }
    }

    /// Sends a GET, even if one waits already.
    pub fn poll(&mut self) {
        self.has_poll = true;
        self.actions.push_back(Action::Poll);
    }

    /// Leaves the waiting GET.
    pub fn abort_poll(&mut self) {
        self.actions.push_back(Action::AbortPoll);
    }

    /// Sends a whole POST.
    pub fn post(&mut self, body: &str) {
        self.begin_post();
        self.end_post(body);
    }

    /// Sends the head of a POST.
    pub fn begin_post(&mut self) {
        self.actions.push_back(Action::BeginPost);
    }

    /// Sends the body of the POST that was begun.
    pub fn end_post(&mut self, body: &str) {
        self.actions.push_back(Action::EndPost(body.to_owned()));
    }

    /// Opens a WebSocket for its session, without a word on it.
    pub fn open_probe(&mut self) {
        self.actions.push_back(Action::OpenProbe);
    }

    /// Opens a WebSocket for its session and sends `2probe`; `5` is left to the test.
    pub fn probe(&mut self) {
        self.open_probe();
        self.write(Lane::Probe, "2probe");
    }

    /// Upgrades as a stock client does: probes, lets its last poll end, sends `5`.
    pub fn upgrade(&mut self) {
        self.upgrade = Upgrade::Probing;
        self.probe();
    }

    /// Writes a raw packet on a WebSocket.
    pub fn write(&mut self, lane: Lane, packet: &str) {
        self.actions
            .push_back(Action::Write(lane, packet.to_owned()));
    }

    /// Writes a binary frame on a WebSocket.
    pub fn write_binary(&mut self, lane: Lane, data: &[u8]) {
        self.actions
            .push_back(Action::WriteBinary(lane, data.to_vec()));
    }

    /// Cuts a WebSocket.
    pub fn cut(&mut self, lane: Lane) {
        self.actions.push_back(Action::Drop(lane));
    }

    /// Sends a text message on its present transport.
    pub fn say(&mut self, text: &str) {
        self.send(&format!("4{text}"));
    }

    /// Sends a raw packet on its present transport.
    pub fn send(&mut self, packet: &str) {
        match self.transport {
            Transport::Polling => self.post(packet),
            Transport::Websocket => self.write(Lane::Websocket, packet),
        }
    }

    /// From now on its packets go over the WebSocket.
    pub fn adopt_websocket(&mut self) {
        self.transport = Transport::Websocket;
        self.upgrade = Upgrade::No;
    }

    /// The text messages that it received, in order.
    pub fn texts(&self) -> Vec<&str> {
        self.received.iter().filter_map(Data::text).collect()
    }

    /// The answers to its polls, in order.
    pub fn polled(&self) -> Vec<Result<&str, Code>> {
        self.answers_to(Method::Get)
    }

    /// The answers to its posts, in order.
    pub fn posted(&self) -> Vec<Result<&str, Code>> {
        self.answers_to(Method::Post)
    }

    fn answers_to(&self, method: Method) -> Vec<Result<&str, Code>> {
        let of_method = self.answers.iter().filter(|answer| answer.method == method);
        of_method
            .map(|answer| answer.result.as_deref().map_err(|code| *code))
            .collect()
    }

    /// Does what a stock client would do by itself now.
    pub(crate) fn react(&mut self) {
        if self.is_closed || self.has_poll || self.transport == Transport::Websocket {
            return;
        }
        if self.upgrade == Upgrade::Pausing {
            self.adopt_websocket();
            self.write(Lane::Probe, "5");
        } else if self.polls {
            self.poll();
        }
    }

    pub(crate) fn forget_poll(&mut self) {
        self.has_poll = false;
    }

    pub(crate) fn handle_answer(&mut self, method: Method, result: Result<String, Code>) {
        match (method, &result) {
            (Method::Get, Ok(body)) => {
                self.has_poll = false;
                let packets: Vec<String> = body.split('\u{1e}').map(str::to_owned).collect();
                for packet in packets {
                    self.handle_packet(Lane::Polling, &packet);
                }
            }
            (_, Err(_)) if self.transport == Transport::Polling => self.is_closed = true,
            _ => {}
        }
        self.answers.push(Answer { method, result });
    }

    /// Bytes on its WebSocket, cut anywhere.
    pub(crate) fn handle_bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let (frames, taken) = parse_prefix(&self.bytes);
        self.bytes.drain(..taken);
        for (opcode, is_deflated, payload) in frames {
            let payload = if is_deflated {
                self.deflated += 1;
                inflate(&payload, 1 << 24).unwrap_or_else(|| panic!("a damaged deflated frame"))
            } else {
                payload
            };
            match opcode {
                1 => self.handle_text(Lane::Websocket, payload),
                2 => self.received.push(Data::Binary(payload)),
                8 => self.handle_close(&payload),
                other => panic!("no server sends opcode {other} here"),
            }
        }
    }

    /// The server's socket is gone without a close frame.
    pub(crate) fn handle_cut(&mut self) {
        self.is_closed = true;
        self.websocket_closed.get_or_insert(None);
    }

    /// A packet on the probe's socket.
    pub(crate) fn handle_probe_packet(&mut self, packet: &str) {
        self.packets.push((Lane::Probe, packet.to_owned()));
        if packet == "3probe" && self.upgrade == Upgrade::Probing {
            self.upgrade = Upgrade::Pausing;
        }
    }

    /// The server closed a probe.
    pub(crate) fn handle_probe_closed(&mut self, why: Code) {
        self.probes_closed.push(why);
        self.upgrade = Upgrade::No;
    }

    /// Whether a frame has begun and not ended.
    pub fn is_amid_frame(&self) -> bool {
        !self.bytes.is_empty()
    }

    fn handle_close(&mut self, payload: &[u8]) {
        self.is_closed = true;
        let code = match payload {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        self.websocket_closed.get_or_insert(code);
    }

    fn handle_text(&mut self, lane: Lane, payload: Vec<u8>) {
        let text = String::from_utf8(payload).unwrap_or_else(|_| panic!("text that is not UTF-8"));
        self.packets.push((lane, text.clone()));
        self.handle_packet(lane, &text);
    }

    fn handle_packet(&mut self, lane: Lane, packet: &str) {
        let Some(kind) = packet.chars().next() else {
            panic!("an empty packet by {lane:?}");
        };
        let data = &packet.get(1..).unwrap_or_default();
        match kind {
            '0' => self.handshake = Some((*data).to_owned()),
            '1' => self.is_closed = true,
            '2' => {
                self.pings += 1;
                if self.answers_pings {
                    self.send(&format!("3{data}"));
                }
            }
            '4' => self.received.push(Data::Text((*data).to_owned())),
            '6' => {}
            'b' => self.received.push(Data::Binary(decode_base64(data))),
            _ => panic!("no server sends {packet:?} by {lane:?}"),
        }
    }
}

/// The bytes of a packet `b…`, read by the parser that the server uses too.
fn decode_base64(data: &str) -> Vec<u8> {
    let body = format!("b{data}");
    let limits = bellgate_wire::Limits::default();
    match bellgate_wire::packets(&body, &limits).next() {
        Some(Ok(bellgate_wire::Packet::Binary(data))) => data.into_owned(),
        _ => panic!("base64 that cannot be read: {data}"),
    }
}
