//! A hub with a recording outlet and a clock that tests move.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bellgate_codes::{Code, Refusal};
use bellgate_hub::engine::{ConnId, Delivery, Outlet};
use bellgate_hub::wire::{Limits, Message};
use bellgate_hub::{
    AckRequest, Command, Event, Hub, HubConfig, Member, Publication, Route, SocketId, Target,
};

/// What left the hub.
#[derive(Default)]
pub(crate) struct Recorder {
    pub(crate) sent: Vec<(ConnId, Rc<Message>, Delivery)>,
    pub(crate) closed: Vec<(ConnId, Refusal)>,
}

impl Outlet for Recorder {
    fn send(&mut self, to: ConnId, message: &Rc<Message>, delivery: Delivery) {
        self.sent.push((to, message.clone(), delivery));
    }

    fn close(&mut self, conn: ConnId, why: Refusal) {
        self.closed.push((conn, why));
    }
}

pub(crate) struct World {
    pub(crate) hub: Hub,
    pub(crate) out: Recorder,
    pub(crate) now: Instant,
}

impl World {
    /// A hub with `/` and `/admin`.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut HubConfig)) -> Self {
        let mut config = HubConfig::new(Duration::from_secs(45), Limits::default());
        change(&mut config);
        let mut seed = 0_u64;
        let random = move |bytes: &mut [u8]| {
            seed += 1;
            for (place, byte) in bytes.iter_mut().enumerate() {
                *byte = seed.to_le_bytes()[place % 8];
            }
        };
        let mut hub = Hub::new(config, Box::new(random));
        hub.define_namespace("/");
        hub.define_namespace("/admin");
        Self {
            hub,
            out: Recorder::default(),
            now: beginning(),
        }
    }

    /// A connection that has sent nothing.
    pub(crate) fn open(&mut self, slot: u32) -> ConnId {
        let conn = conn(slot);
        self.hub.open(conn, self.now);
        conn
    }

    pub(crate) fn text(&mut self, conn: ConnId, text: &str) -> Option<Event> {
        self.hub
            .handle_text(conn, text, "r-1", self.now, &mut self.out)
    }

    pub(crate) fn binary(&mut self, conn: ConnId, data: &[u8]) -> Option<Event> {
        self.hub.handle_binary(conn, data, self.now, &mut self.out)
    }

    /// A CONNECT that waits for its answer.
    pub(crate) fn knock(&mut self, conn: ConnId, namespace: &str) -> SocketId {
        match self.text(conn, &header(0, namespace)) {
            Some(Event::Connect { socket, .. }) => socket,
            other => panic!("no CONNECT but {other:?}"),
        }
    }

    /// A joined socket; what was written until then is forgotten.
    pub(crate) fn join(&mut self, conn: ConnId, namespace: &str, member: Member) -> SocketId {
        let socket = self.knock(conn, namespace);
        assert!(self.hub.accept(socket, member, &mut self.out));
        self.out.sent.clear();
        socket
    }

    /// A new connection with a visitor on `/`.
    pub(crate) fn visitor(&mut self, slot: u32) -> SocketId {
        let conn = self.open(slot);
        self.join(conn, "/", Member::visitor())
    }

    pub(crate) fn sid(&self, socket: SocketId) -> Arc<str> {
        self.hub.sid(socket).unwrap().as_str().into()
    }

    pub(crate) fn close(&mut self, conn: ConnId) -> Vec<Event> {
        self.hub.close(conn, &Refusal::TransportClosed {})
    }

    pub(crate) fn command(&mut self, command: &Command) -> Vec<Event> {
        self.hub.handle_command(command, self.now, &mut self.out)
    }

    /// The slots and texts of what was sent since the last call.
    pub(crate) fn sent(&mut self) -> Vec<(u32, String)> {
        let sent = std::mem::take(&mut self.out.sent);
        sent.iter()
            .map(|(to, message, _)| (to.slot, text_of(message)))
            .collect()
    }

    /// The slots that something was sent to, sorted, and how often.
    pub(crate) fn reached(&mut self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.sent().into_iter().map(|(slot, _)| slot).collect();
        slots.sort_unstable();
        slots
    }

    /// Why connections were closed since the last call.
    pub(crate) fn closed(&mut self) -> Vec<Code> {
        let closed = std::mem::take(&mut self.out.closed);
        closed.iter().map(|(_, why)| why.code()).collect()
    }
}

pub(crate) fn conn(slot: u32) -> ConnId {
    ConnId {
        slot,
        generation: 0,
    }
}

/// `0`, `0/admin,`: a packet of `kind` without payload.
pub(crate) fn header(kind: u8, namespace: &str) -> String {
    match namespace {
        "/" => kind.to_string(),
        _ => format!("{kind}{namespace},"),
    }
}

/// The Engine.IO packets of a message, as polling has them.
pub(crate) fn text_of(message: &Message) -> String {
    String::from_utf8(message.polling().to_vec()).unwrap()
}

pub(crate) fn room(name: &str) -> Target {
    Target::Room(name.into())
}

/// `["news"]` on `/` for the union of `to`.
pub(crate) fn news(to: &[Target], except: &[Target]) -> Publication {
    Publication {
        route: Route::Namespace("/".into()),
        to: to.to_vec(),
        except: except.to_vec(),
        array: r#"["news"]"#.into(),
        attachments: Vec::new(),
        delivery: Delivery::Regular,
        ack: None,
    }
}

/// The same over `/`, else `/admin`.
pub(crate) fn everywhere(to: &[Target], except: &[Target]) -> Publication {
    Publication {
        route: Route::FirstJoined(["/".into(), "/admin".into()].into()),
        ..news(to, except)
    }
}

/// The same, with answers awaited until `deadline`.
pub(crate) fn question(to: &[Target], token: u64, deadline: Instant) -> Publication {
    Publication {
        ack: Some(AckRequest { token, deadline }),
        ..news(to, &[])
    }
}

pub(crate) fn publish(publication: Publication) -> Command {
    Command::Publish(publication.into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "virtual time starts at some instant"
)]
pub(crate) fn beginning() -> Instant {
    Instant::now()
}

/// What [`World::reached`] says when nothing was sent.
pub(crate) const NOBODY: [u32; 0] = [];
