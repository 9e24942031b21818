//! A Socket.IO client on one session.

use std::collections::VecDeque;

use bytes::Bytes;
use serde_json::Value;

use crate::engine::{Engine, Heard, Over};
use crate::polling::Packet;
use crate::reach::Reach;

/// What a server says to a Socket.IO client.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// A CONNECT was answered: namespace and sid.
    Connected(String, String),
    /// A CONNECT was refused: namespace, and what is told.
    Refused(String, Value),
    /// The server took the client out of a namespace.
    Disconnected(String),
    /// An event.
    Event(Event),
    /// The answer to an event: its id, the arguments, the attachments.
    Ack(u64, Value, Vec<Bytes>),
    /// The session is over.
    Closed(String),
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// The arguments.
    pub args: Vec<Value>,
    /// What placeholders stand for.
    pub attachments: Vec<Bytes>,
    /// The server waits for an ack with this id.
    pub ack: Option<u64>,
}

/// A client.
pub struct Client {
    /// Its session.
    pub engine: Engine,
    next_id: u64,
    /// Said while something else was waited for.
    kept: VecDeque<Said>,
}

impl Client {
    /// Opens a session, without joining a namespace.
    pub async fn open(reach: &Reach, over: Over) -> Self {
        Self::on(Engine::open(reach, over).await)
    }

    /// A client on a session that is open.
    pub fn on(engine: Engine) -> Self {
        Self {
            engine,
            next_id: 0,
            kept: VecDeque::new(),
        }
    }

    /// Opens a session and joins `/` with this auth payload.
    pub async fn join(reach: &Reach, over: Over, auth: &Value) -> Self {
        let mut client = Self::open(reach, over).await;
        client
            .connect("/", auth)
            .await
            .unwrap_or_else(|refused| panic!("refused: {refused}"));
        client
    }

    /// Joins a namespace; the sid, or what the refusal says. `Null` is no payload.
    pub async fn connect(&mut self, namespace: &str, auth: &Value) -> Result<String, Value> {
        let auth = if auth.is_null() {
            String::new()
        } else {
            auth.to_string()
        };
        self.engine
            .send(&format!("0{}{auth}", prefix(namespace)))
            .await;
        let answer = self
            .wait_for(|said| match said {
                Said::Connected(of, _) | Said::Refused(of, _) => of == namespace,
                Said::Closed(_) => true,
                _ => false,
            })
            .await;
        match answer {
            Said::Connected(_, sid) => Ok(sid),
            Said::Refused(_, refused) => Err(refused),
            other => panic!("a CONNECT to {namespace} was answered by {other:?}"),
        }
    }

    /// Sends an event to `/`; `array` is `["name", …]`.
    pub async fn emit(&mut self, array: &Value) {
        self.emit_to("/", array).await;
    }

    /// Sends an event to a namespace.
    pub async fn emit_to(&mut self, namespace: &str, array: &Value) {
        self.engine
            .send(&format!("2{}{array}", prefix(namespace)))
            .await;
    }

    /// Sends an event to `/` and waits for its answer: the arguments as an array.
    pub async fn call(&mut self, array: &Value) -> Value {
        self.call_to("/", array).await
    }

    /// Sends an event to a namespace and waits for its answer.
    pub async fn call_to(&mut self, namespace: &str, array: &Value) -> Value {
        let id = self.ask(namespace, array).await;
        self.answer(id).await.0
    }

    /// Sends an event that wants an answer; its id.
    pub async fn ask(&mut self, namespace: &str, array: &Value) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        self.engine
            .send(&format!("2{}{id}{array}", prefix(namespace)))
            .await;
        id
    }

    /// Sends an event with attachments that wants an answer; its id.
    pub async fn ask_binary(&mut self, array: &Value, attachments: &[&[u8]]) -> u64 {
        self.next_id += 1;
        let id = self.next_id;
        let header = format!("45{}-{id}{array}", attachments.len());
        let mut packets = vec![Packet::Text(header)];
        packets.extend(
            attachments
                .iter()
                .map(|data| Packet::Binary(Bytes::copy_from_slice(data))),
        );
        self.engine.send_all(&packets).await;
        id
    }

    /// Waits for the answer with this id.
    pub async fn answer(&mut self, id: u64) -> (Value, Vec<Bytes>) {
        let said = self
            .wait_for(|said| matches!(said, Said::Ack(of, ..) if *of == id))
            .await;
        match said {
            Said::Ack(_, args, attachments) => (args, attachments),
            other => panic!("no ack: {other:?}"),
        }
    }

    /// Answers an event of the server; `args` is an array.
    pub async fn ack(&mut self, event: &Event, args: &Value) {
        let id = event.ack.expect("the server waits for an ack");
        let namespace = prefix(&event.namespace);
        self.engine.send(&format!("3{namespace}{id}{args}")).await;
    }

    /// As [`Self::ack`], with one attachment, for which `args` has the placeholder.
    pub async fn ack_binary(&mut self, event: &Event, args: &Value, attachment: &[u8]) {
        let id = event.ack.expect("the server waits for an ack");
        let header = format!("461-{}{id}{args}", prefix(&event.namespace));
        let attachment = Packet::Binary(Bytes::copy_from_slice(attachment));
        self.engine
            .send_all(&[Packet::Text(header), attachment])
            .await;
    }

    /// Leaves a namespace.
    pub async fn leave(&mut self, namespace: &str) {
        self.engine.send(&format!("1{}", prefix(namespace))).await;
    }

    /// The next event of the server.
    pub async fn event(&mut self) -> Event {
        match self.wait_for(|said| matches!(said, Said::Event(_))).await {
            Said::Event(event) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    /// The name and the arguments of the next event.
    pub async fn heard(&mut self) -> (String, Vec<Value>) {
        let event = self.event().await;
        (event.name, event.args)
    }

    /// What has been said and not yet looked at, oldest first.
    pub fn kept(&mut self) -> Vec<Said> {
        self.kept.drain(..).collect()
    }

    /// Waits for the end of the session; why it ended, as the client sees it.
    pub async fn closed(&mut self) -> String {
        match self.wait_for(|said| matches!(said, Said::Closed(_))).await {
            Said::Closed(why) => why,
            other => panic!("not closed: {other:?}"),
        }
    }

    /// Takes the first thing said that is wanted; keeps the others. The end of the session ends
    /// every wait.
    pub async fn wait_for(&mut self, is_wanted: impl Fn(&Said) -> bool) -> Said {
        let wanted = |said: &Said| is_wanted(said) || matches!(said, Said::Closed(_));
        if let Some(at) = self.kept.iter().position(wanted) {
            return self.kept.remove(at).expect("its place was just found");
        }
        loop {
            let said = self.next().await;
            if wanted(&said) {
                return said;
            }
            self.kept.push_back(said);
        }
    }

    async fn next(&mut self) -> Said {
        let text = match self.engine.next().await {
            Heard::Text(text) => text,
            Heard::Closed(why) => return Said::Closed(why),
            Heard::Binary(data) => panic!("an attachment without a header: {data:?}"),
        };
        let header = Header::parse(&text);
        let mut attachments = Vec::new();
        for _ in 0..header.attachments {
            match self.engine.next().await {
                Heard::Binary(data) => attachments.push(data),
                other => panic!("{other:?} among attachments"),
            }
        }
        header.into_said(attachments)
    }
}

fn prefix(namespace: &str) -> String {
    if namespace == "/" {
        String::new()
    } else {
        format!("{namespace},")
    }
}

/// A Socket.IO packet of a server.
struct Header {
    kind: char,
    attachments: usize,
    namespace: String,
    id: Option<u64>,
    data: Value,
}

impl Header {
    fn parse(text: &str) -> Self {
        let mut chars = text.chars();
        let kind = chars.next().expect("a packet is not empty");
        let mut rest = chars.as_str();
        let mut attachments = 0;
        if matches!(kind, '5' | '6') {
            let (count, after) = rest.split_once('-').expect("a count of attachments");
            (attachments, rest) = (count.parse().expect("a number"), after);
        }
        let mut namespace = "/".to_owned();
        if rest.starts_with('/') {
            let (name, after) = rest.split_once(',').unwrap_or((rest, ""));
            (namespace, rest) = (name.to_owned(), after);
        }
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (id, data) = rest.split_at(digits);
        let data = if data.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {text}"))
        };
        Self {
            kind,
            attachments,
            namespace,
            id: id.parse().ok(),
            data,
        }
    }

    fn into_said(self, attachments: Vec<Bytes>) -> Said {
        match self.kind {
            '0' => {
                let sid = self.data.get("sid").and_then(Value::as_str);
                Said::Connected(self.namespace, sid.expect("a sid").to_owned())
            }
            '1' => Said::Disconnected(self.namespace),
            '2' | '5' => {
                let Value::Array(mut array) = self.data else {
                    panic!("an event is an array: {}", self.data);
                };
                let name = array.remove(0);
                Said::Event(Event {
                    namespace: self.namespace,
                    name: name.as_str().expect("an event has a name").to_owned(),
                    args: array,
                    attachments,
                    ack: self.id,
                })
            }
            '3' | '6' => Said::Ack(self.id.expect("an id"), self.data, attachments),
            '4' => Said::Refused(self.namespace, self.data),
            other => panic!("no packet of a server: {other}"),
        }
    }
}
