//! What a driver does: requests and packets in, answers and bytes out.

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Delivery, Handled, Lane};
use bellgate_wire::{Limits, Message, Packet, close_frame, packets};
use smallvec::SmallVec;

use crate::client::{Action, Data, Method};
use crate::pair::Pair;

impl Pair {
    /// Does one thing that the client has planned.
    pub(crate) fn apply(&mut self, action: Action) {
        match action {
            Action::Poll => {
                if let Err(why) = self.session.handle_poll(self.now) {
                    self.answer(Method::Get, Err(why));
                }
            }
            Action::AbortPoll => {
                self.client.forget_poll();
                self.session.handle_poll_aborted(self.now);
            }
            Action::BeginPost => {
                if let Err(why) = self.session.handle_post_begin(self.now) {
                    self.answer(Method::Post, Err(why));
                    self.client
                        .actions
                        .retain(|next| !matches!(next, Action::EndPost(_)));
                }
            }
            Action::EndPost(body) => self.post(&body),
            Action::OpenProbe => match self.session.handle_probe_open(self.now) {
                Ok(()) => self.has_probe = true,
                Err(why) => {
                    self.client.handle_probe_closed(why.code());
                    self.note(Some(why));
                }
            },
            Action::Write(lane, packet) => {
                if let Some(lane) = self.lane(lane) {
                    let packet = Packet::decode_text(&packet);
                    self.websocket_packet(lane, packet);
                }
            }
            Action::WriteBinary(lane, data) => {
                if let Some(lane) = self.lane(lane) {
                    self.websocket_packet(lane, Ok(Packet::Binary(data.into())));
                }
            }
            Action::Drop(lane) => self.cut(lane),
        }
    }

    /// The lane that a client's socket is by now: a probe may have been adopted. `None`: it is closed.
    fn lane(&self, lane: Lane) -> Option<Lane> {
        match lane {
            Lane::Probe if self.has_probe => Some(Lane::Probe),
            Lane::Probe | Lane::Websocket => self.has_websocket.then_some(Lane::Websocket),
            Lane::Polling => Some(Lane::Polling),
        }
    }

    fn post(&mut self, body: &str) {
        let limits = Limits::default();
        let mut result = Ok("ok".to_owned());
        for packet in packets(body, &limits) {
            let handled = self.handle(Lane::Polling, packet);
            match handled {
                Ok(Step::On) => {}
                Ok(Step::Stop) => break,
                Err(why) => {
                    result = Err(why);
                    break;
                }
            }
        }
        self.session.handle_post_end();
        self.answer(Method::Post, result);
    }

    fn websocket_packet(&mut self, lane: Lane, packet: Result<Packet<'_>, Refusal>) {
        match self.handle(lane, packet) {
            Ok(_) => {}
            Err(why) if lane == Lane::Probe => {
                self.has_probe = false;
                self.session
                    .handle_lane_closed(Lane::Probe, why.clone(), self.now);
                self.client.handle_probe_closed(why.code());
                self.note(Some(why));
            }
            Err(why) => self.note(Some(why)),
        }
    }

    fn handle(&mut self, lane: Lane, packet: Result<Packet<'_>, Refusal>) -> Result<Step, Refusal> {
        let packet = match packet {
            Ok(packet) => packet,
            Err(why) => {
                if lane != Lane::Probe {
                    self.session.abort(why.clone());
                }
                return Err(why);
            }
        };
        let data = match self.session.handle_packet(lane, packet, self.now)? {
            Handled::Nothing => return Ok(Step::On),
            Handled::Closed => return Ok(Step::Stop),
            Handled::Text(text) => Data::Text(text.to_owned()),
            Handled::Binary(data) => Data::Binary(data.into_owned()),
            Handled::ProbePong => {
                self.client.handle_probe_packet("3probe");
                return Ok(Step::On);
            }
            Handled::Upgraded => {
                (self.has_probe, self.has_websocket) = (false, true);
                self.client.adopt_websocket();
                return Ok(Step::On);
            }
        };
        if self.echoes {
            self.echo(&data);
        }
        self.delivered.push(data);
        Ok(Step::On)
    }

    fn echo(&mut self, data: &Data) {
        let message = match data {
            Data::Text(text) => Message::text(text),
            Data::Binary(data) => Message::binary(data.clone().into()),
        };
        self.send(message, Delivery::Regular);
    }

    fn cut(&mut self, lane: Lane) {
        let had = match lane {
            Lane::Probe => std::mem::take(&mut self.has_probe),
            Lane::Websocket => std::mem::take(&mut self.has_websocket),
            Lane::Polling => false,
        };
        if had {
            self.session
                .handle_lane_closed(lane, Refusal::TransportClosed {}, self.now);
        }
    }

    /// Writes what the session has for the client right now.
    pub(crate) fn pump(&mut self) {
        if let Some(payload) = self.session.take_payload() {
            let body = String::from_utf8(payload).unwrap_or_else(|_| panic!("not a text payload"));
            self.answer(Method::Get, Ok(body));
        }
        if self.has_probe && !self.session.is_probing() {
            self.has_probe = false;
            let why = self.session.closed_by().map(Refusal::code);
            self.client
                .handle_probe_closed(why.unwrap_or(Code::UpgradeTimeout));
        }
        if self.has_websocket {
            self.flush();
        }
    }

    fn flush(&mut self) {
        loop {
            let bytes = self.gathered();
            if bytes.is_empty() {
                break;
            }
            let taken = bytes.len().min(self.window.unwrap_or(bytes.len()));
            self.window = self.window.map(|left| left - taken);
            let (written, left) = bytes.split_at(taken);
            self.client.handle_bytes(written);
            self.session.consume(taken);
            if !left.is_empty() {
                return;
            }
        }
        if let Some(why) = self.session.closed_by() {
            self.has_websocket = false;
            if self.client.is_amid_frame() {
                self.client.handle_cut();
            } else {
                let frame = close_frame(why.code().row().close, why.code().name());
                self.client.handle_bytes(&frame);
            }
        }
    }

    fn gathered(&self) -> Vec<u8> {
        let mut slices = SmallVec::new();
        self.session.gather(&mut slices, GATHER);
        slices.concat()
    }

    fn answer(&mut self, method: Method, result: Result<String, Refusal>) {
        let result = result.map_err(|why| {
            let code = why.code();
            self.note(Some(why));
            code
        });
        self.client.handle_answer(method, result);
    }

    pub(crate) fn note(&mut self, why: Option<Refusal>) {
        self.refused.extend(why.map(|why| why.code()));
    }
}

enum Step {
    On,
    Stop,
}

/// How many bytes one write gathers.
const GATHER: usize = 64 * 1024;
