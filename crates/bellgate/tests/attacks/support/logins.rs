//! Who gets in with what: sessions of the application, and what a CONNECT comes to.

use std::time::{SystemTime, UNIX_EPOCH};

use bellgate::{Received, Server};
use bellgate_peer::{Client, Over, Reach};
use serde_json::{Value, json};
use xtask::signing;

/// A page that may connect: the web application's own.
pub(crate) const PAGE: &str = "http://localhost:5000";

/// Unix seconds.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs()
}

/// The session of a user of the application, as its cookie has it.
pub(crate) fn session(user: &str) -> String {
    signed(&json!({"_user_id": user}))
}

/// A session of the application, signed a second ago.
pub(crate) fn signed(session: &Value) -> String {
    signing::session_at(&session.to_string(), now() - 1)
}

/// The page of the application in a browser that has this session.
pub(crate) fn page(reach: &Reach, session: &str) -> Reach {
    cookies(reach, &format!("session={session}"))
}

/// The same with a whole `Cookie` header.
pub(crate) fn cookies(reach: &Reach, header: &str) -> Reach {
    let page = reach.clone().from_origin(PAGE);
    page.with_header("Cookie", header)
}

/// What a CONNECT comes to: `joined`, or the code of its refusal.
pub(crate) async fn outcome(client: &mut Client, namespace: &str, auth: &Value) -> String {
    match client.connect(namespace, auth).await {
        Ok(_) => "joined".to_owned(),
        Err(refused) => refused["data"]["code"].as_str().unwrap().to_owned(),
    }
}

/// The same for a session of its own.
pub(crate) async fn tried(reach: &Reach, over: Over, auth: &Value) -> String {
    let mut client = Client::open(reach, over).await;
    let told = outcome(&mut client, "/", auth).await;
    client.engine.close().await;
    told
}

/// `whoami` in `/` and `/admin` answers with the user.
pub(crate) fn whoami(server: Server) -> Server {
    ["/", "/admin"].into_iter().fold(server, |server, name| {
        server
            .with_namespace(name)
            .on(name, "whoami", async |event: Received| {
                json!([event.socket.member().user.as_deref()])
            })
    })
}

/// Whom the server takes a client for, in `/`.
pub(crate) async fn user(client: &mut Client) -> Option<String> {
    let told = client.call(&json!(["whoami"])).await;
    told[0][0].as_str().map(str::to_owned)
}
