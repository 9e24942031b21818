//! Acks that clients are asked for and never give.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::http::{fetch, get};
use crate::support::lab::Lab;
use crate::support::tenth;
use crate::support::wait::{SOON, soon, until};
use crate::support::ws::Ws;
use bellgate::Target as To;

/// Questions that wait for answers, by the server's own gauge.
async fn pending(lab: &Lab) -> u64 {
    let admin = lab.running.admin().expect("the operator's listener");
    let request = String::from_utf8(get("/metrics", "")).expect("ASCII");
    let request = request.replace("Host: localhost", &format!("Host: {admin}"));
    let text = fetch(admin, request.as_bytes()).await.text();
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix("bellgate_pending_acks "));
    value.expect("the gauge").parse().expect("a number")
}

/// Waits until a gauge of the server, which is read once a second, is what it should be.
async fn pending_becomes(lab: &Lab, is_right: impl Fn(u64) -> bool) {
    until(SOON, async || {
        let pending = pending(lab).await;
        (!is_right(pending)).then(|| format!("{pending} questions are open"))
    })
    .await;
}

/// Reads and never answers, until the stream ends.
fn never_answering(mut ws: Ws) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move { while ws.read().await.is_some() {} })
}

async fn lab() -> Lab {
    let settings = [
        ("BELLGATE_ADMIN_ADDR", "127.0.0.1:0"),
        // Whoever is asked so often and reads slowly is not the point here.
        ("SOCKETIO_SEND_BUFFER", "64MiB"),
    ];
    Lab::with(&settings).await
}

/// Row 45: what is asked beyond the cap counts as unanswered at once, the rest when its time is over.
#[tokio::test]
async fn questions_that_nobody_answers_are_bounded_and_end_with_their_time() {
    let lab = lab().await;
    let reader = never_answering(Ws::joined(lab.target).await);
    let within = Duration::from_secs(3);
    let (batch, total) = (10_000, tenth(1_000_000));
    let done = Arc::new(AtomicUsize::new(0));
    for asked in (batch..=total).step_by(batch) {
        for _ in 0..batch {
            let (address, done) = (lab.emitter().to(To::All), Arc::clone(&done));
            tokio::spawn(async move {
                let answers = address.ask("question", "?", within).await;
                assert_eq!((answers.answers.len(), answers.missing), (0, 1));
                done.fetch_add(1, Ordering::AcqRel);
            });
        }
        // No more than the cap are left when the next ones come, and none in the end.
        let most = if asked < total { 1_000 } else { 0 };
        until(SOON, async || {
            let left = asked - done.load(Ordering::Acquire);
            (left > most).then(|| format!("{left} of {asked} questions are open"))
        })
        .await;
    }
    pending_becomes(&lab, |count| count == 0).await;
    // Nothing is owed any more, so there is room for the next ones.
    let more = (0..10).map(|_| {
        let address = lab.emitter().to(To::All);
        tokio::spawn(async move { address.ask("question", "?", 10 * within).await })
    });
    let more: Vec<_> = more.collect();
    pending_becomes(&lab, |count| count == 10).await;
    reader.abort();
    for asked in more {
        let answers = soon("the end of a question", asked).await;
        assert_eq!(answers.expect("no panic").missing, 1);
    }
    lab.must_be_unharmed().await;
}

/// Row 45: as many wait as the cap allows, and a client that leaves frees them at once.
#[tokio::test]
async fn questions_to_a_client_that_leaves_end_at_once() {
    let lab = lab().await;
    let reader = never_answering(Ws::joined(lab.target).await);
    let hour = Duration::from_secs(3600);
    let asked = (0..5_000).map(|_| {
        let address = lab.emitter().to(To::All);
        tokio::spawn(async move { address.ask("question", "?", hour).await })
    });
    let waiting: Vec<_> = asked.collect();
    // The others, beyond the cap, have ended: all have reached the client.
    until(SOON, async || {
        let ended = waiting.iter().filter(|asked| asked.is_finished()).count();
        (ended < 4_000).then(|| format!("{ended} questions have ended"))
    })
    .await;
    pending_becomes(&lab, |count| count == 1_000).await;
    reader.abort();
    for asked in waiting {
        let answers = soon("the end of a question", asked).await;
        assert_eq!(answers.expect("no panic").missing, 1);
    }
    pending_becomes(&lab, |count| count == 0).await;
    lab.must_be_unharmed().await;
}

/// Row 45: answers to questions that nobody asked cost nothing and are no offence.
#[tokio::test]
async fn answers_to_no_question_are_ignored() {
    let lab = Lab::start().await;
    let mut ws = Ws::joined(lab.target).await;
    for id in [0_u64, 1, 999, (1 << 53) - 1] {
        ws.text(&format!("43{id}[\"unasked\"]")).await;
    }
    assert_eq!(ws.echo("1").await, "431[1]");
    drop(ws);
    lab.must_be_unharmed().await;
}
