//! Hub and sessions put together as a shard has them, from bytes that came to bytes to write.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Delivery, EngineConfig, Handled, Lane, Outlet, Session, Transport};
use bellgate_hub::{Command, Event, Hub, HubConfig, Member, Publication, Route, Target};
use bellgate_wire::{Incoming, Limits, Message, Packet, Reader};
use smallvec::SmallVec;

use crate::packets::masked;
use crate::{Outcome, all};

/// Who gets a broadcast.
pub(crate) const MEMBERS: usize = 1_000;

/// Bytes that one write gathers, as the transport has it.
const GATHER: usize = 64 * 1024;

/// One event to everybody: each queued, then each written.
pub(crate) fn broadcast(count: usize) -> Outcome {
    let mut shard = Shard::new();
    for slot in 0..MEMBERS {
        shard.join(id(slot, 1))?;
    }
    let array = format!(r#"["msg","{}"]"#, "x".repeat(64));
    let length = 2 + 2 + array.len();
    let command = Command::Publish(Arc::new(Publication {
        route: Route::Namespace("/".into()),
        to: vec![Target::All],
        except: Vec::new(),
        array: array.into(),
        attachments: Vec::new(),
        delivery: Delivery::Regular,
        ack: None,
    }));
    let mut bytes = 0;
    for _ in 0..count {
        let (hub, conns) = (&mut shard.hub, &mut shard.conns);
        black_box(hub.handle_command(black_box(&command), shard.now, conns));
        for slot in 0..MEMBERS {
            bytes += shard.conns.write(slot);
        }
    }
    shard.conns.refused()?;
    all(bytes, count * MEMBERS * length, "bytes")
}

/// `42N["echo","x"]` comes, and `43N["x"]` goes.
pub(crate) fn echo(count: usize) -> Outcome {
    let mut shard = Shard::new();
    let conn = id(0, 1);
    shard.join(conn)?;
    let frame = masked(r#"421234["echo","x"]"#);
    let mut buffer = frame.clone();
    let mut bytes = 0;
    for _ in 0..count {
        buffer.copy_from_slice(&frame);
        shard.read(conn, black_box(&mut buffer))?;
        bytes += shard.conns.write(0);
    }
    all(bytes, count * (2 + r#"431234["x"]"#.len()), "bytes")
}

/// A WebSocket session opens, joins `/` and is gone.
pub(crate) fn connect(count: usize) -> Outcome {
    let mut shard = Shard::new();
    for generation in 0..count {
        let conn = id(0, u32::try_from(generation).unwrap_or(u32::MAX));
        shard.join(conn)?;
        black_box(shard.hub.close(conn, &Refusal::TransportClosed {}));
    }
    all(shard.hub.stats().connections, 0, "connections")
}

fn id(slot: usize, generation: u32) -> ConnId {
    ConnId {
        slot: u32::try_from(slot).unwrap_or(u32::MAX),
        generation,
    }
}

struct Shard {
    hub: Hub,
    conns: Conns,
    config: Rc<EngineConfig>,
    limits: Limits,
    now: Instant,
}

/// The connections, by slot.
#[derive(Default)]
struct Conns {
    all: Vec<Conn>,
    refused: Option<Refusal>,
}

struct Conn {
    session: Session,
    reader: Reader,
}

impl Shard {
    fn new() -> Self {
        let mut state: u64 = 1;
        // Names that differ are enough here, and the same ones each time keep the counts alike.
        let random = move |bytes: &mut [u8]| {
            for byte in bytes {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                [*byte, ..] = state.to_be_bytes();
            }
        };
        let config = HubConfig::new(Duration::from_secs(45), Limits::default());
        let mut hub = Hub::new(config, Box::new(random));
        hub.define_namespace("/");
        Self {
            hub,
            conns: Conns::default(),
            config: Rc::new(bellgate_sim::config()),
            limits: Limits::default(),
            now: bellgate_sim::beginning(),
        }
    }

    /// Opens a session and joins `/`; a slot that is used again gets a fresh one.
    fn join(&mut self, conn: ConnId) -> Outcome {
        let sid = "lv_VI97HAXpY6yYWAAAC";
        let session = Session::open(Transport::Websocket, sid, &self.config, self.now);
        let reader = Reader::new(false);
        let fresh = Conn { session, reader };
        let slot = conn.slot as usize;
        match self.conns.all.get_mut(slot) {
            Some(place) => *place = fresh,
            None => self.conns.all.push(fresh),
        }
        self.hub.open(conn, self.now);
        self.read(conn, &mut masked("40"))?;
        let text = self.conns.write(slot);
        if self.hub.sockets(conn).len() == 1 && text > 0 {
            return self.conns.refused();
        }
        Err("a CONNECT was not answered".to_owned())
    }

    /// Bytes that came, and all that follows from them.
    fn read(&mut self, conn: ConnId, input: &mut [u8]) -> Outcome {
        let slot = conn.slot as usize;
        let Some(reading) = self.conns.all.get_mut(slot) else {
            return Err(format!("nobody is in slot {slot}"));
        };
        let mut reader = std::mem::replace(&mut reading.reader, Reader::new(false));
        let limits = self.limits.clone();
        let read = reader.handle_bytes(input, &limits, &mut |incoming| {
            if let Err(why) = self.take_in(conn, incoming) {
                self.conns.refused = Some(why);
            }
            ControlFlow::Continue(())
        });
        if let Some(reading) = self.conns.all.get_mut(slot) {
            reading.reader = reader;
        }
        read.map_err(|why| why.to_string())?;
        self.conns.refused()
    }

    fn take_in(&mut self, conn: ConnId, incoming: Incoming<'_>) -> Result<(), Refusal> {
        let Incoming::Text(text) = incoming else {
            return Ok(());
        };
        let packet = Packet::decode_text(text)?;
        let Some(reading) = self.conns.all.get_mut(conn.slot as usize) else {
            return Ok(());
        };
        let handled = reading
            .session
            .handle_packet(Lane::Websocket, packet, self.now)?;
        let Handled::Text(text) = handled else {
            return Ok(());
        };
        let (hub, conns) = (&mut self.hub, &mut self.conns);
        match black_box(hub.handle_text(conn, text, "r-1", self.now, conns)) {
            Some(Event::Connect { socket, .. }) => {
                hub.accept(socket, Member::visitor(), conns);
            }
            Some(Event::Received {
                socket,
                ack: Some(id),
                ..
            }) => hub.ack(socket, id, r#"["x"]"#, &[], conns),
            _ => {}
        }
        Ok(())
    }
}

impl Conns {
    /// Everything that waits for a connection; how many bytes there were.
    fn write(&mut self, slot: usize) -> usize {
        let Some(conn) = self.all.get_mut(slot) else {
            return 0;
        };
        let mut slices = SmallVec::new();
        conn.session.gather(&mut slices, GATHER);
        let bytes = black_box(&slices).iter().map(|slice| slice.len()).sum();
        drop(slices);
        conn.session.consume(bytes);
        bytes
    }

    fn refused(&self) -> Outcome {
        match &self.refused {
            Some(why) => Err(why.to_string()),
            None => Ok(()),
        }
    }
}

impl Outlet for Conns {
    fn send(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        let Some(conn) = self.all.get_mut(to.slot as usize) else {
            return;
        };
        if let Err(why) = conn.session.send(Rc::clone(message), delivery) {
            self.refused = Some(why);
        }
    }

    fn close(&mut self, _conn: ConnId, why: Refusal) {
        self.refused = Some(why);
    }
}
