//! Sending from anywhere: to users, roles, topics, rooms, single clients or everybody.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bellgate_engine::Delivery;
use bellgate_hub::{AckRequest, Adapter, Command, Event, Order, Publication, Route, Target, Whose};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::args::Args;

/// Sends events into a running server. Cheap to clone, usable from any thread.
///
/// ```no_run
/// # use bellgate::{Args, Emitter, Target};
/// # fn with(emitter: Emitter) {
/// emitter.to_user("7").emit("export_done", serde_json::json!({"file": "report.pdf"}));
/// emitter.to(Target::Role("editor".into())).except(Target::User("7".into())).emit("saved", ());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Emitter(Arc<Inner>);

#[derive(Default)]
struct Inner {
    adapter: OnceLock<Box<dyn Adapter>>,
    tokens: AtomicU64,
    waiting: Mutex<HashMap<u64, Collecting>>,
}

/// An answer that is being put together from the parts of the shards.
struct Collecting {
    parts: usize,
    answers: Vec<(Arc<str>, Args)>,
    missing: usize,
    done: oneshot::Sender<Answers>,
}

impl Collecting {
    fn finish(self) -> (Answers, oneshot::Sender<Answers>) {
        let (answers, missing) = (self.answers, self.missing);
        (Answers { answers, missing }, self.done)
    }
}

/// How late a shard may be with its part. One that has ended gives none.
const LATE: Duration = Duration::from_secs(2);

/// What the receivers of an event answered.
#[derive(Debug, Default)]
pub struct Answers {
    /// The id of each client that answered in time, and its answer.
    pub answers: Vec<(Arc<str>, Args)>,
    /// How many did not.
    pub missing: usize,
}

impl Emitter {
    /// Begins an address: everybody in this target.
    pub fn to(&self, target: Target) -> Address {
        Address {
            emitter: self.clone(),
            route: Route::Namespace("/".into()),
            to: vec![target],
            except: Vec::new(),
            delivery: Delivery::Regular,
        }
    }

    /// All connections of a user.
    pub fn to_user(&self, id: impl Into<Arc<str>>) -> Address {
        self.to(Target::User(id.into()))
    }

    /// All clients of a room.
    pub fn to_room(&self, room: impl Into<Arc<str>>) -> Address {
        self.to(Target::Room(room.into()))
    }

    /// Everybody.
    pub fn to_all(&self) -> Address {
        self.to(Target::All)
    }

    pub(crate) fn connect(&self, adapter: Box<dyn Adapter>) {
        // A second server with the same emitter would be a fault of this crate; the first one stays.
        let _ = self.0.adapter.set(adapter);
    }

    pub(crate) fn dispatch(&self, command: Command) {
        if let Some(adapter) = self.0.adapter.get() {
            adapter.dispatch(Arc::new(command));
        }
    }

    /// Takes in a shard's part of an answer.
    pub(crate) fn take_in(&self, event: Event) {
        let (token, answers, missing) = match event {
            Event::Acked {
                token,
                answers,
                missing,
            } => (token, answers, missing),
            // A count travels as receivers that gave no answer.
            Event::Counted { token, connections } => (token, Vec::new(), connections),
            _ => return,
        };
        let mut waiting = self.waiting();
        let Some(collecting) = waiting.get_mut(&token) else {
            return;
        };
        let answers = answers
            .into_iter()
            .map(|(sid, json, attachments)| (sid, Args::received(json, attachments)));
        collecting.answers.extend(answers);
        collecting.missing += missing;
        collecting.parts = collecting.parts.saturating_sub(1);
        if collecting.parts == 0
            && let Some(whole) = waiting.remove(&token)
        {
            let (answers, done) = whole.finish();
            // Whoever asked may have stopped waiting.
            let _ = done.send(answers);
        }
    }

    /// Sends a command with a token, and waits for every shard's part, at most until shards that
    /// wait this long themselves must have given theirs.
    async fn collect(&self, within: Duration, command: impl FnOnce(u64) -> Command) -> Answers {
        let Some(adapter) = self.0.adapter.get() else {
            return Answers::default();
        };
        let token = self.0.tokens.fetch_add(1, Ordering::Relaxed);
        let (done, answer) = oneshot::channel();
        let collecting = Collecting {
            parts: adapter.shards(),
            answers: Vec::new(),
            missing: 0,
            done,
        };
        self.waiting().insert(token, collecting);
        let _forget = Forget {
            emitter: self,
            token,
        };
        adapter.dispatch(Arc::new(command(token)));
        if let Ok(whole) = tokio::time::timeout(within + LATE, answer).await {
            return whole.unwrap_or_default();
        }
        let parts = self.waiting().remove(&token);
        parts.map_or_else(Answers::default, |parts| parts.finish().0)
    }

    /// Does something with somebody's connections, on every shard: what each of them was, as JSON.
    pub(crate) async fn order(&self, whose: Whose, order: Order) -> Vec<Args> {
        let done = self.collect(Duration::ZERO, |token| Command::Order {
            token,
            whose,
            order,
        });
        done.await
            .answers
            .into_iter()
            .map(|(_, told)| told)
            .collect()
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Collecting>> {
        // The map is whole after each statement, so a panic elsewhere does not spoil it.
        self.0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets a question when whoever asked stops waiting.
struct Forget<'a> {
    emitter: &'a Emitter,
    token: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.emitter.waiting().remove(&self.token);
    }
}

/// Whom an event goes to; ends in [`Address::emit`] or [`Address::ask`].
#[derive(Clone)]
#[must_use = "an address sends nothing by itself"]
pub struct Address {
    emitter: Emitter,
    route: Route,
    to: Vec<Target>,
    except: Vec<Target>,
    delivery: Delivery,
}

impl Address {
    /// Adds receivers; whoever is in several gets the event once.
    pub fn and(mut self, target: Target) -> Self {
        self.to.push(target);
        self
    }

    /// Leaves these out.
    pub fn except(mut self, target: Target) -> Self {
        self.except.push(target);
        self
    }

    /// In this namespace instead of `/`.
    pub fn namespace(mut self, name: &str) -> Self {
        self.route = Route::Namespace(name.into());
        self
    }

    /// Each connection once, on the first of these namespaces that it belongs to the receivers in.
    pub(crate) fn route(mut self, route: Route) -> Self {
        self.route = route;
        self
    }

    /// May be dropped where a client cannot take it right now.
    pub fn volatile(mut self) -> Self {
        self.delivery = Delivery::Volatile;
        self
    }

    /// Sends the event.
    pub fn emit(self, event: &str, args: impl Into<Args>) {
        let args = args.into();
        let array = args.event(event).into();
        self.publish(array, args.into_attachments(), None);
    }

    /// Sends an event that is there as a JSON array already.
    pub(crate) fn emit_array(self, array: Arc<str>) {
        self.publish(array, Vec::new(), None);
    }

    /// Sends the event and collects the acks of all receivers, at most this long.
    pub async fn ask(self, event: &str, args: impl Into<Args>, within: Duration) -> Answers {
        let args = args.into();
        let array: Arc<str> = args.event(event).into();
        let attachments = args.into_attachments();
        let deadline = Instant::now() + within;
        let emitter = self.emitter.clone();
        emitter
            .collect(within, |token| {
                Command::Publish(Arc::new(self.publication(
                    array,
                    attachments,
                    Some(AckRequest { token, deadline }),
                )))
            })
            .await
    }

    /// How many connections an event would reach.
    pub async fn count(self) -> usize {
        let emitter = self.emitter.clone();
        let (route, to, except) = (self.route, self.to, self.except);
        emitter
            .collect(Duration::ZERO, |token| Command::Count {
                token,
                route,
                to,
                except,
            })
            .await
            .missing
    }

    /// Takes the receivers out of the namespace; with `close`, ends their connections.
    pub fn disconnect(self, close: bool) {
        for ns in self.route.namespaces() {
            let (ns, who) = (Arc::clone(ns), self.to.clone());
            self.emitter
                .dispatch(Command::Disconnect { ns, who, close });
        }
    }

    fn publish(self, array: Arc<str>, attachments: Vec<Bytes>, ack: Option<AckRequest>) {
        let emitter = self.emitter.clone();
        emitter.dispatch(Command::Publish(Arc::new(self.publication(
            array,
            attachments,
            ack,
        ))));
    }

    fn publication(
        self,
        array: Arc<str>,
        attachments: Vec<Bytes>,
        ack: Option<AckRequest>,
    ) -> Publication {
        Publication {
            route: self.route,
            to: self.to,
            except: self.except,
            array,
            attachments,
            delivery: self.delivery,
            ack,
        }
    }
}
