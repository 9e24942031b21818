//! Commands of the shards: one audience, each of its connections visited once.

use std::rc::Rc;
use std::time::Instant;

use bellgate_engine::Outlet;
use bellgate_wire::Message;
use smallvec::SmallVec;

use crate::command::{Command, Publication};
use crate::conn::Marks;
use crate::event::Event;
use crate::hub::Hub;
use crate::namespace::NamespaceId;
use crate::rooms::{Rooms, Seat};
use crate::socket::{SocketId, Sockets};
use crate::target::Target;

/// Who is meant: namespaces in the order of preference, a union, less an except-list.
struct Audience<'a> {
    namespaces: &'a [NamespaceId],
    to: &'a [Target],
    except: &'a [Target],
}

impl Hub {
    /// Carries out a command for the members of this shard.
    pub fn handle_command<O: Outlet + ?Sized>(
        &mut self,
        command: &Command,
        now: Instant,
        out: &mut O,
    ) -> Vec<Event> {
        match command {
            Command::Publish(publication) => self.publish(publication, out),
            Command::Join { ns, who, rooms } => {
                for index in self.members(ns, who) {
                    for room in rooms {
                        // One socket's limit is no reason to leave the others out.
                        let _ = self.join_at(index, room.clone());
                    }
                }
                Vec::new()
            }
            Command::Leave { ns, who, rooms } => {
                for index in self.members(ns, who) {
                    for room in rooms {
                        self.leave_at(index, room);
                    }
                }
                Vec::new()
            }
            Command::Disconnect { ns, who, close } => {
                let ids: Vec<SocketId> = self
                    .members(ns, who)
                    .into_iter()
                    .filter_map(|index| self.sockets.id(index))
                    .collect();
                ids.into_iter()
                    .flat_map(|id| self.disconnect(id, *close, now, out))
                    .collect()
            }
            Command::Count {
                token,
                route,
                to,
                except,
            } => {
                let namespaces = self.known(route.namespaces());
                let mut connections = 0;
                let audience = Audience {
                    namespaces: &namespaces,
                    to,
                    except,
                };
                let marks = self.conns.marks();
                audience.visit(&self.rooms, &self.sockets, marks, |_, _| connections += 1);
                vec![Event::Counted {
                    token: *token,
                    connections,
                }]
            }
            // The application's to carry out.
            Command::Order { .. } => Vec::new(),
        }
    }

    /// Encodes the event once (once for each namespace that somebody gets it on) and hands the same
    /// message to every receiver.
    fn publish<O: Outlet + ?Sized>(
        &mut self,
        publication: &Publication,
        out: &mut O,
    ) -> Vec<Event> {
        let namespaces = self.known(publication.route.namespaces());
        let audience = Audience {
            namespaces: &namespaces,
            to: &publication.to,
            except: &publication.except,
        };
        let id = publication.ack.map(|_| self.acks.next_id());
        let mut asked = Vec::new();
        let mut encoded: Option<(NamespaceId, Rc<Message>)> = None;
        let names = &self.namespaces;
        audience.visit(
            &self.rooms,
            &self.sockets,
            self.conns.marks(),
            |namespace, seat| {
                if id.is_some() {
                    asked.push(seat.socket);
                }
                let (_, message) = match &mut encoded {
                    Some(ready) if ready.0 == namespace => ready,
                    stale => {
                        let name = names.name(namespace).map_or("/", |name| name);
                        stale.insert((namespace, publication.message(name, id)))
                    }
                };
                out.broadcast(seat.conn, message, publication.delivery);
            },
        );
        id.and_then(|id| self.ask(id, publication, asked))
            .into_iter()
            .collect()
    }

    /// Notes what each receiver owes; who owes too much already counts as missing.
    fn ask(&mut self, id: u64, publication: &Publication, asked: Vec<u32>) -> Option<Event> {
        let total = asked.len();
        let mut receivers = Vec::with_capacity(total);
        for index in asked {
            let socket = self.sockets.id(index);
            let (Some(owing), Some(socket)) = (self.sockets.get_mut(index), socket) else {
                continue;
            };
            if owing.owed.len() < self.config.pending_acks {
                owing.owed.push(id);
                receivers.push(socket);
            }
        }
        let missing = total.saturating_sub(receivers.len());
        self.acks.ask(id, publication.ack?, receivers, missing)
    }

    /// The sockets of an audience, for a walk that changes rooms on the way.
    fn members(&mut self, namespace: &str, who: &[Target]) -> Vec<u32> {
        let namespaces = self.known(&[namespace]);
        let mut found = Vec::new();
        let audience = Audience {
            namespaces: &namespaces,
            to: who,
            except: &[],
        };
        let marks = self.conns.marks();
        audience.visit(&self.rooms, &self.sockets, marks, |_, seat| {
            found.push(seat.socket);
        });
        found.retain(|index| self.is_live(*index));
        found
    }

    fn known<S: AsRef<str>>(&self, names: &[S]) -> SmallVec<[NamespaceId; 2]> {
        names
            .iter()
            .filter_map(|name| self.namespaces.find(name.as_ref()))
            .collect()
    }
}

impl Audience<'_> {
    /// Calls `each` once for each connection, with the socket that it is reached by.
    fn visit(
        &self,
        rooms: &Rooms,
        sockets: &Sockets,
        marks: &mut Marks,
        mut each: impl FnMut(NamespaceId, Seat),
    ) {
        // One room of one namespace holds nobody twice: no marks are needed.
        if let ([namespace], [only], []) = (self.namespaces, self.to, self.except) {
            for seat in rooms.seats(sockets, *namespace, only) {
                each(*namespace, *seat);
            }
            return;
        }
        marks.begin();
        for (namespace, target) in pairs(self.namespaces, self.except) {
            for seat in rooms.seats(sockets, namespace, target) {
                marks.visit(seat.conn);
            }
        }
        for (namespace, target) in pairs(self.namespaces, self.to) {
            for seat in rooms.seats(sockets, namespace, target) {
                if marks.visit(seat.conn) {
                    each(namespace, *seat);
                }
            }
        }
    }
}

fn pairs<'a>(
    namespaces: &'a [NamespaceId],
    targets: &'a [Target],
) -> impl Iterator<Item = (NamespaceId, &'a Target)> {
    namespaces
        .iter()
        .flat_map(move |namespace| targets.iter().map(move |target| (*namespace, target)))
}

impl Publication {
    fn message(&self, namespace: &str, id: Option<u64>) -> Rc<Message> {
        Message::event(namespace, id, &self.array, &self.attachments).into()
    }
}
