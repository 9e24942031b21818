//! The same pipeline for every namespace and transport (contract §4): one suite, run unchanged in `/` and in
//! `/admin`, on one shard and on two, over polling and over WebSocket.
//!
//! A namespace differs by its row in the table of policies and by nothing else, so a test knows of its
//! [`Place`] the name and the roles that the built-in row asks for. [`joining`] is about who comes in,
//! [`members`] about those who are in.

use bellgate::config::Settings;
use bellgate::{Args, Received, Reply, Server, Target};
use bellgate_peer::{Client, Reach};
use serde_json::{Value, json};
use xtask::signing::{self, SECRET};

use crate::lab::{Lab, Way, each_way, settings};
use crate::logins::{now, page, whoami};

/// Declares these functions as tests, once for each built-in namespace. One that is left out is unused
/// code, which does not compile without a warning.
macro_rules! in_each_namespace {
    ($($test:ident)*) => {
        mod root {$(
            #[tokio::test]
            async fn $test() {
                $crate::namespaces::run(&$crate::namespaces::ROOT, super::$test).await;
            }
        )*}
        mod admin {$(
            #[tokio::test]
            async fn $test() {
                $crate::namespaces::run(&$crate::namespaces::ADMIN, super::$test).await;
            }
        )*}
    };
}

mod joining;
mod members;

/// What is built in of a namespace: its name, and the roles of a login that may join.
#[derive(Debug)]
struct Row {
    namespace: &'static str,
    roles: &'static [&'static str],
}

const ROOT: Row = Row {
    namespace: "/",
    roles: &[],
};

const ADMIN: Row = Row {
    namespace: "/admin",
    roles: &["admin"],
};

/// A namespace that visitors may join too: what they hear there, they hear in no other.
const LOBBY: &str = "/lobby";

/// Both namespaces ask for an editor, whatever is built in.
const FOR_EDITORS: [(&str, &str); 2] = [
    ("BELLGATE_NAMESPACE_ROLES", "editor"),
    ("BELLGATE_NAMESPACE_ADMIN_ROLES", "editor"),
];

/// Where a test takes place.
#[derive(Debug, Clone, Copy)]
struct Place {
    namespace: &'static str,
    roles: &'static [&'static str],
    way: Way,
}

async fn run(row: &Row, test: impl AsyncFn(Place)) {
    each_way(async |way| {
        let (namespace, roles) = (row.namespace, row.roles);
        test(Place {
            namespace,
            roles,
            way,
        })
        .await;
    })
    .await;
}

/// Settings with the application's keys, cookies and tokens alike.
fn with_logins(shards: usize, more: &[(&str, &str)]) -> Settings {
    let base = [
        ("SECRET_KEY", SECRET),
        ("BELLGATE_JWT_SECRET", SECRET),
        ("BELLGATE_JWT_LEEWAY", "0"),
        ("BELLGATE_API_KEYS", "app:secret:manage"),
        ("BELLGATE_NAMESPACE_LOBBY_AUTH", "optional"),
    ];
    settings(shards, &[&base[..], more].concat())
}

/// The same handlers in each namespace: `echo` answers with what it got, `enter` joins a room, `kick`
/// takes its sender out of the namespace.
fn program(server: Server) -> Server {
    let names = [ROOT.namespace, ADMIN.namespace, LOBBY];
    names.into_iter().fold(whoami(server), |server, name| {
        server
            .on(name, "echo", async |event: Received| event.args)
            .on(name, "enter", async |event: Received| {
                event.socket.join(event.args.get::<String>(0).unwrap());
                // Behind this answer the room is joined.
                event.socket.rooms().await;
                Args::new()
            })
            .on(name, "kick", async |event: Received| {
                event.socket.disconnect(false);
                Reply::none()
            })
    })
}

/// The auth payload with a token of user 7 that has these roles until a time.
fn token(roles: &[&str], exp: u64) -> Value {
    let claims = json!({"sub": "7", "exp": exp, "roles": roles});
    json!({"token": signing::token(&claims.to_string())})
}

impl Place {
    async fn lab(self, more: &[(&str, &str)]) -> Lab {
        Lab::start_with(with_logins(self.way.shards, more), program).await
    }

    /// The other built-in namespace.
    fn other(self) -> &'static str {
        if self.namespace == ROOT.namespace {
            ADMIN.namespace
        } else {
            ROOT.namespace
        }
    }

    /// How a packet begins, behind its type, that is for it.
    fn prefix(self) -> &'static str {
        if self.namespace == ROOT.namespace {
            ""
        } else {
            "/admin,"
        }
    }

    /// The session of a user who may join.
    fn session(self, user: &str) -> Value {
        json!({"_user_id": user, "roles": self.roles})
    }

    /// Both ways in which the application proves that user 7 is logged in: by its cookie, and by a
    /// token, which a program may bring too.
    fn logins(self, lab: &Lab) -> [(Reach, Value); 2] {
        [
            (page(lab, &self.session("7")), Value::Null),
            (lab.reach.clone(), token(self.roles, now() + 60)),
        ]
    }

    /// A client of this page that has joined.
    async fn join(self, reach: &Reach) -> Client {
        self.join_with(reach, &Value::Null).await
    }

    async fn join_with(self, reach: &Reach, auth: &Value) -> Client {
        let mut client = Client::open(reach, self.way.over).await;
        let joined = client.connect(self.namespace, auth).await;
        joined.unwrap_or_else(|refused| panic!("refused: {refused}"));
        client
    }

    async fn call(self, client: &mut Client, array: Value) -> Value {
        client.call_to(self.namespace, &array).await
    }

    /// How many connections are in it.
    async fn count(self, lab: &Lab) -> usize {
        let all = lab.emitter().to_all().namespace(self.namespace);
        all.count().await
    }

    /// Sends to all that a client could be reached by, and sees that this one, which has joined nothing,
    /// hears none of it.
    async fn is_deaf(self, lab: &Lab, client: &mut Client) {
        // Behind this answer whatever the client did before is done.
        client.connect(LOBBY, &Value::Null).await.unwrap();
        for target in [
            Target::All,
            Target::User("7".into()),
            Target::Role("admin".into()),
        ] {
            let to = lab.emitter().to(target).namespace(self.namespace);
            to.emit("secret", json!("for members"));
        }
        // Behind this answer the events have been sent.
        assert_eq!(self.count(lab).await, 0);
        client.call_to(LOBBY, &json!(["echo"])).await;
        assert_eq!(client.kept(), []);
    }
}
