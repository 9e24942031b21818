//! What a login rests on that others keep: the session in a store, the application's word. It is asked for
//! again when it has changed, when the application orders so, and from time to time.
//!
//! [`super::live`] says what then becomes of the connection.

use bellgate_codes::Refusal;
use bellgate_engine::{ConnId, Outlet as _, take};
use bellgate_gate::identity::{Answers, Identity, Need};
use bellgate_transport::Io;

use super::ShardApp;
use crate::server::command::{Anew, Command};
use crate::server::outside::Asked;
use crate::server::visit::Clocks;

impl ShardApp {
    /// Has the stored session watched that has made a user of a connection.
    pub(super) fn hold_session(&mut self, conn: ConnId, identity: &Identity, answers: &Answers) {
        let access = &self.terms.access;
        let Some(sessions) = access.outside.sessions() else {
            return;
        };
        let Some((key, value)) = access.identities.session_of(identity, answers) else {
            return;
        };
        let before = self.stored.insert(conn, key.clone());
        if before.as_ref() == Some(key) {
            return;
        }
        sessions.hold(key, value, self.ways.shard.clone(), conn);
        if let Some(before) = before {
            sessions.release(&before, conn);
        }
    }

    /// A connection has ended.
    pub(super) fn release_session(&mut self, conn: ConnId) {
        // Most servers have none.
        if !self.stored.is_empty()
            && let Some(key) = take(&mut self.stored, &conn)
            && let Some(sessions) = self.terms.access.outside.sessions()
        {
            sessions.release(&key, conn);
        }
    }

    /// Asks again for what a connection's login rests on. `is_ordered`: the application says that it has
    /// changed, so a connection of which nothing can be known comes back and is judged then; without, it
    /// stays as it is.
    pub(super) fn ask_anew(&mut self, conn: ConnId, is_ordered: bool, io: &mut Io<'_>) {
        let Some(need) = self.rests_on(conn) else {
            if is_ordered {
                io.close(conn, Refusal::SessionRefresh {});
            }
            return;
        };
        let asked = self.terms.access.outside.ask(&need);
        let anew = move |answer| Anew {
            need,
            answer,
            is_ordered,
        };
        match asked {
            Asked::Now(answer) => self.answered_anew(conn, &anew(answer), io),
            Asked::Later(answer) => {
                let me = self.ways.shard.clone();
                tokio::task::spawn_local(async move {
                    me.command(Command::Anew(conn, Box::new(anew(answer.await))));
                });
            }
        }
    }

    /// What a connection's login rests on has this to say by now.
    pub(super) fn answered_anew(&mut self, conn: ConnId, anew: &Anew, io: &mut Io<'_>) {
        let Anew {
            need,
            answer,
            is_ordered,
        } = anew;
        // It may rest on something else since.
        if self.rests_on(conn).as_ref() != Some(need) {
            return;
        }
        let client = self.clients.get_mut(conn);
        let Some(visit) = client.and_then(|client| client.visit.as_mut()) else {
            return;
        };
        let identities = &self.terms.access.identities;
        let login = visit
            .identity()
            .map(|identity| identities.anew(identity, need, answer));
        match login.flatten() {
            // Each time that it is asked the application may let it last longer: no news to a page.
            Some(Ok(identity)) if !*is_ordered && visit.is_same_but_for_its_end(&identity) => {
                visit.move_end(identity.expires_at, Clocks::now(io.now));
            }
            Some(login) => self.judge_anew(conn, login, io),
            None if *is_ordered => io.close(conn, Refusal::SessionRefresh {}),
            None => {}
        }
        // Its login may end at another time now.
        io.reschedule(conn);
    }

    /// What is to be asked for; none of a login that holds by itself, as a signed cookie or a token does.
    fn rests_on(&self, conn: ConnId) -> Option<Need> {
        if let Some(key) = self.stored.get(&conn) {
            return Some(Need::Session(key.clone()));
        }
        let visit = self.clients.get(conn)?.visit.as_ref()?;
        visit.question().cloned().map(Need::Application)
    }
}
