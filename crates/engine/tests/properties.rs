//! Random drivers and peers against the promises that hold for any input: nothing panics, no regular
//! message is lost, doubled or reordered over both transports before the end, the account is the
//! queue's, closed stays closed, and deadlines move on.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails here is the test"
)]

use std::rc::Rc;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{Delivery, Handled, Lane, Session, Transport};
use bellgate_sim::{beginning, config};
use bellgate_wire::ws::client::parse_prefix;
use bellgate_wire::{Message, Packet};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use smallvec::SmallVec;

#[derive(Debug, Clone)]
enum Op {
    Send(usize),
    SendVolatile,
    /// A GET, if the client has none waiting and is on polling.
    NextPoll,
    Poll,
    AbortPoll,
    TakePayload,
    PostBegin,
    PostEnd,
    ProbeOpen,
    Packet(Lane, &'static str),
    Binary(Lane),
    LaneClosed(Lane),
    Write(usize),
    SetDeflate(bool),
    Wait(u64),
    KeepDeadline,
    /// A deadline is kept, and an honest client answers if that was a ping.
    Beat,
    Close,
    Abort,
}

/// Mostly what an honest client and its driver do, so that runs get far; the rest is noise.
fn honest() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => (0_usize..300).prop_map(Op::Send),
        3 => Just(Op::SendVolatile),
        10 => Just(Op::NextPoll),
        10 => Just(Op::TakePayload),
        4 => Just(Op::ProbeOpen),
        4 => Just(Op::Packet(Lane::Probe, "2probe")),
        4 => Just(Op::Packet(Lane::Probe, "5")),
        2 => Just(Op::LaneClosed(Lane::Probe)),
        10 => (0_usize..600).prop_map(Op::Write),
        2 => any::<bool>().prop_map(Op::SetDeflate),
        4 => (0_u64..60).prop_map(Op::Wait),
        4 => Just(Op::Beat),
    ]
}

fn hostile() -> impl Strategy<Value = Op> {
    let lane = prop_oneof![
        Just(Lane::Polling),
        Just(Lane::Websocket),
        Just(Lane::Probe)
    ];
    let packet = prop::sample::select(vec![
        "0{}", "1", "2", "2probe", "3", "3probe", "4", "4text", "5", "6",
    ]);
    prop_oneof![
        6 => (lane.clone(), packet).prop_map(|(lane, packet)| Op::Packet(lane, packet)),
        2 => lane.clone().prop_map(Op::Binary),
        2 => lane.prop_map(Op::LaneClosed),
        1 => Just(Op::Poll),
        1 => Just(Op::KeepDeadline),
        2 => Just(Op::AbortPoll),
        2 => Just(Op::PostBegin),
        2 => Just(Op::PostEnd),
        1 => Just(Op::Close),
        1 => Just(Op::Abort),
        2 => (0_u64..40_000).prop_map(Op::Wait),
    ]
}

fn script() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(prop_oneof![100 => honest(), 1 => hostile()], 1..250)
}

fn wild_script() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(prop_oneof![1 => honest(), 1 => hostile()], 1..120)
}

/// What the client has read of numbered messages, and what the model expects of the session.
struct Model {
    session: Session,
    now: Instant,
    /// Numbers of regular messages that the session took.
    sent: usize,
    /// Numbers that arrived, in order.
    got: Vec<usize>,
    /// Bytes of an unfinished frame.
    partial: Vec<u8>,
    /// Whether frames may be deflated, so that the account cannot be read off the bytes.
    may_deflate: bool,
    was_closed: Option<Refusal>,
}

const LIMIT: usize = 8_000;

impl Model {
    fn open(transport: Transport, may_deflate: bool) -> Self {
        let mut settings = config();
        settings.send_buffer = LIMIT;
        settings.deflate_threshold = may_deflate.then_some(150);
        let now = beginning();
        Self {
            session: Session::open(transport, "sid", &Rc::new(settings), now),
            now,
            sent: 0,
            got: Vec::new(),
            partial: Vec::new(),
            may_deflate,
            was_closed: None,
        }
    }

    fn apply(&mut self, op: &Op) {
        let now = self.now;
        match op {
            Op::Send(pad) => self.send(*pad),
            Op::SendVolatile => {
                let message = Rc::new(Message::text("volatile"));
                assert_eq!(self.session.send(message, Delivery::Volatile), Ok(()));
            }
            Op::NextPoll => {
                let is_polling = self.session.transport() == Transport::Polling;
                if is_polling && !self.session.is_waiting() {
                    self.poll();
                }
            }
            Op::Poll => self.poll(),
            Op::AbortPoll => self.session.handle_poll_aborted(now),
            Op::TakePayload => self.take(),
            Op::PostBegin => {
                let begun = self.session.handle_post_begin(now);
                assert!(begun.is_ok() || self.session.is_closed() || self.is_on_websocket());
            }
            Op::PostEnd => self.session.handle_post_end(),
            Op::ProbeOpen => {
                let opened = self.session.handle_probe_open(now);
                assert!(opened.is_err() || self.session.is_probing());
            }
            Op::Packet(lane, packet) => self.text_packet(*lane, packet),
            Op::Binary(lane) => self.packet(*lane, Packet::Binary(vec![1, 2].into())),
            Op::LaneClosed(lane) => {
                let why = Refusal::TransportClosed {};
                self.session.handle_lane_closed(*lane, why, now);
            }
            Op::Write(bytes) => self.write(*bytes),
            Op::SetDeflate(is_on) => self.session.set_deflate(*is_on),
            Op::Wait(milliseconds) => self.now += Duration::from_millis(*milliseconds),
            Op::KeepDeadline => self.keep_deadline(),
            Op::Beat => self.beat(),
            Op::Close => self.session.close(Refusal::ServerDisconnect {}, now),
            Op::Abort => self.session.abort(Refusal::ServerShutdown {}),
        }
        self.check();
    }

    fn is_on_websocket(&self) -> bool {
        self.session.transport() == Transport::Websocket
    }

    fn poll(&mut self) {
        let polled = self.session.handle_poll(self.now);
        if polled.is_ok() {
            assert!(self.session.is_waiting());
        } else {
            assert!(self.session.is_closed() || self.is_on_websocket());
        }
    }

    fn beat(&mut self) {
        self.keep_deadline();
        let lane = if self.is_on_websocket() {
            Lane::Websocket
        } else {
            Lane::Polling
        };
        self.text_packet(lane, "3");
    }

    fn text_packet(&mut self, lane: Lane, packet: &str) {
        match Packet::decode_text(packet) {
            Ok(packet) => self.packet(lane, packet),
            Err(why) => panic!("the script's own packet: {why}"),
        }
    }

    fn send(&mut self, pad: usize) {
        let text = format!("{}:{}", self.sent, "x".repeat(pad));
        let was_closed = self.session.is_closed();
        let message = Rc::new(Message::text(&text));
        match self.session.send(message, Delivery::Regular) {
            Ok(()) if was_closed => {}
            Ok(()) => self.sent += 1,
            Err(why) => {
                assert!(matches!(why, Refusal::SlowConsumer { .. }));
                assert!(self.session.is_closed());
            }
        }
    }

    fn packet(&mut self, lane: Lane, packet: Packet<'_>) {
        let (before, was_probing) = (self.session.is_closed(), self.session.is_probing());
        let on_session = match (self.session.transport(), lane) {
            (Transport::Polling, Lane::Polling) | (Transport::Websocket, Lane::Websocket) => true,
            (_, Lane::Probe) | (Transport::Polling, Lane::Websocket) => false,
            // Only while a POST from before the upgrade is under way.
            (Transport::Websocket, Lane::Polling) => return self.late_post(packet),
        };
        match self.session.handle_packet(lane, packet, self.now) {
            Ok(Handled::Closed) => assert!(self.session.is_closed()),
            Ok(Handled::Upgraded) => assert!(was_probing && lane == Lane::Probe),
            Ok(_) => {}
            Err(_) if before || on_session => assert!(self.session.is_closed()),
            Err(_) => assert!(!self.session.is_probing() || lane != Lane::Probe),
        }
    }

    fn late_post(&mut self, packet: Packet<'_>) {
        let was_closed = self.session.is_closed();
        let handled = self.session.handle_packet(Lane::Polling, packet, self.now);
        if matches!(handled, Ok(Handled::Closed)) && !was_closed {
            assert!(self.session.is_closed());
        }
    }

    fn take(&mut self) {
        let is_polling = self.session.transport() == Transport::Polling;
        let (had_output, queued) = (self.session.has_output(), self.session.queued_bytes());
        let payload = self.session.take_payload();
        if is_polling {
            assert_eq!(payload.is_some(), had_output);
        }
        let Some(payload) = payload else { return };
        assert!(!self.session.is_waiting());
        let packets: Vec<&[u8]> = payload.split(|byte| *byte == 0x1e).collect();
        if is_polling && !self.session.is_closed() && payload != b"6" {
            let cost = |packet: &&[u8]| packet.len() + if packet.len() < 126 { 2 } else { 4 };
            let left = queued - packets.iter().map(cost).sum::<usize>();
            assert_eq!(self.session.queued_bytes(), left);
            assert!(packets.len() <= 16, "what python clients read");
            assert!(left == 0 || packets.len() == 16, "no more than has to wait");
        }
        for packet in packets {
            self.read(packet);
        }
    }

    fn write(&mut self, bytes: usize) {
        let mut slices = SmallVec::new();
        self.session.gather(&mut slices, bytes);
        let mut shown: Vec<u8> = slices.concat();
        shown.truncate(bytes);
        drop(slices);
        self.session.consume(shown.len());
        self.partial.extend_from_slice(&shown);
        let (frames, taken) = parse_prefix(&self.partial);
        self.partial.drain(..taken);
        for (opcode, is_deflated, payload) in frames {
            assert_eq!(opcode, 1);
            if is_deflated {
                let payload = bellgate_wire::ws::client::inflate(&payload, LIMIT).unwrap();
                self.read(&payload);
            } else {
                self.read(&payload);
            }
        }
    }

    fn read(&mut self, packet: &[u8]) {
        let packet = std::str::from_utf8(packet).unwrap();
        match packet.split_at(1) {
            ("4", "volatile") | ("1" | "2" | "6", "") => {}
            ("4", text) => {
                let number = text.split(':').next().unwrap();
                self.got.push(number.parse().unwrap());
            }
            ("0", json) => assert!(json.starts_with('{')),
            other => panic!("the session sent {other:?}"),
        }
    }

    fn keep_deadline(&mut self) {
        let Some(deadline) = self.session.poll_deadline() else {
            assert!(
                self.session.is_closed(),
                "an open session always waits for something"
            );
            return;
        };
        self.now = self.now.max(deadline);
        for _ in 0..5 {
            self.session.handle_timeout(self.now);
        }
        if let Some(next) = self.session.poll_deadline() {
            assert!(next > self.now, "the deadline does not move");
        }
    }

    fn check(&mut self) {
        let expected: Vec<usize> = (0..self.got.len()).collect();
        assert_eq!(self.got, expected, "lost, doubled or reordered");
        assert!(self.got.len() <= self.sent);
        match (&self.was_closed, self.session.closed_by()) {
            (Some(first), now) => assert_eq!(Some(first), now, "closed stays closed"),
            (None, now) => self.was_closed = now.cloned(),
        }
        assert_eq!(self.session.is_closed(), self.session.closed_by().is_some());
        if self.session.poll_deadline().is_none() {
            assert!(!self.session.is_probing(), "nothing would end the probe");
        }
        self.check_account();
    }

    /// On a plain WebSocket the account is what gathering shows and the written part of the front.
    fn check_account(&mut self) {
        let queued = self.session.queued_bytes();
        assert!(
            queued <= LIMIT + 800,
            "pings and the handshake alone may pass the limit: {queued}"
        );
        let mut slices = SmallVec::new();
        self.session.gather(&mut slices, usize::MAX);
        let shown: usize = slices.iter().map(|slice| slice.len()).sum();
        match self.session.transport() {
            Transport::Polling => assert_eq!(shown, 0, "nothing for a socket that is not there"),
            Transport::Websocket => {
                assert_eq!(queued == 0, shown == 0);
                assert_eq!(self.session.has_output(), shown > 0);
                if !self.may_deflate && shown > 0 {
                    assert_eq!(queued, shown + self.partial.len());
                }
            }
        }
    }

    /// An honest end: everything that was taken in arrives, over whichever transport is left.
    fn finish(mut self) {
        if self.session.is_closed() {
            return;
        }
        self.session.close(Refusal::ServerShutdown {}, self.now);
        if self.session.transport() == Transport::Polling {
            // Answers are bounded, and the farewell has one of its own.
            let answers = self.session.queued_bytes() + 1;
            for _ in 0..answers {
                if self.session.is_finished(self.now) {
                    break;
                }
                if !self.session.is_waiting() {
                    self.poll();
                }
                self.take();
            }
        } else {
            self.write(usize::MAX);
            self.take();
        }
        self.check();
        assert_eq!(self.got.len(), self.sent, "a message was lost");
        assert!(self.session.is_finished(self.now));
        assert_eq!(self.session.queued_bytes(), 0);
    }
}

fn transport() -> impl Strategy<Value = Transport> {
    prop_oneof![3 => Just(Transport::Polling), 1 => Just(Transport::Websocket)]
}

fn run(transport: Transport, may_deflate: bool, ops: &[Op]) {
    let mut model = Model::open(transport, may_deflate);
    for op in ops {
        model.apply(op);
    }
    model.finish();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn messages_arrive_once_and_in_order_whatever_driver_and_client_do(
        transport in transport(), may_deflate in any::<bool>(), ops in script()
    ) {
        run(transport, may_deflate, &ops);
    }

    #[test]
    fn hostile_input_breaks_no_promise(
        transport in transport(), may_deflate in any::<bool>(), ops in wild_script()
    ) {
        run(transport, may_deflate, &ops);
    }
}

#[test]
fn the_scripts_get_as_far_as_an_upgrade_with_messages_on_both_sides() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut upgraded = 0;
    for _ in 0..200 {
        let ops = script().new_tree(&mut runner).unwrap().current();
        let mut model = Model::open(Transport::Polling, false);
        let mut before = 0;
        for op in &ops {
            if model.session.transport() == Transport::Polling {
                before = model.got.len();
            }
            model.apply(op);
        }
        let moved = model.session.transport() == Transport::Websocket;
        upgraded += usize::from(moved && before > 0 && model.got.len() > before);
    }
    assert!(upgraded > 50, "only {upgraded} of 200 scripts");
}
