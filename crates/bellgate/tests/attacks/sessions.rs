//! Sessions that are guessed at, raced for, reset in the middle, begun and left.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;

use crate::support::Target;
use crate::support::http::{Answer, Http, fetch, get, post, reset};
use crate::support::lab::Lab;
use crate::support::polling::{OPEN, Polling, SEPARATOR};
use crate::support::process::Process;
use crate::support::tenth;
use crate::support::wait::{SOON, until};
use crate::support::ws::{self, UPGRADE, Ws};

/// Requests that one connection is given at once.
const PIPELINED: usize = 50;

/// Answers to many requests, sent in one go.
async fn pipelined(target: Target, requests: &[Vec<u8>]) -> Vec<Answer> {
    let mut answers = Vec::new();
    for batch in requests.chunks(PIPELINED) {
        let mut http = Http::connect(target).await;
        http.send(&batch.concat()).await.expect("it is taken");
        for _ in batch {
            answers.push(http.answer().await.expect("an answer to each"));
        }
    }
    answers
}

/// Row 7: CVE-2022-41940 of engine.io. A reset at each step leaves nothing open.
#[tokio::test]
async fn connections_reset_at_any_step_leave_nothing_behind() {
    let settings = [
        // Time enough for a crowd to come as far as each step.
        ("SOCKETIO_CONNECT_TIMEOUT", "5"),
        ("SOCKETIO_UPGRADE_TIMEOUT", "5"),
        ("SOCKETIO_PING_INTERVAL", "5"),
        ("SOCKETIO_PING_TIMEOUT", "5"),
    ];
    let mut process = Process::start(&settings).await;
    let target = process.target;
    process.must_be_unharmed().await;
    let before = process.descriptors();
    let times = tenth(1_000);
    for step in 0..STEPS {
        join_all((0..times).map(|_| Box::pin(reset_at(target, step)))).await;
    }
    process.falls_to(before, Duration::from_secs(60)).await;
    process.must_be_unharmed().await;
}

/// Number of steps that [`reset_at`] knows.
const STEPS: usize = 13;

/// Goes as far as a step, and resets the connection.
async fn reset_at(target: Target, step: usize) {
    let handshake = get(ws::OPEN, UPGRADE);
    let session = Polling::open(target).await;
    let poll = get(&session.path(), "");
    let body = post(&session.path(), "", b"40");
    let probe = get(&session.path().replace("polling", "websocket"), UPGRADE);
    let (request, reads): (&[u8], bool) = match step {
        // In the middle of a head, then behind it, then behind its answer.
        0 => (&handshake[..30], false),
        1 => (&handshake, false),
        2 => (&handshake, true),
        3 => (&poll[..30], false),
        4 => (&poll, false),
        5 => (&body[..30], false),
        6 => (&body[..body.len() - 1], false),
        7 => (&body, false),
        8 => (&body, true),
        9 => (&probe, false),
        10 => (&probe, true),
        _ => {
            let mut ws = Ws::probe(target, &session.sid).await;
            ws.text("2probe").await;
            if step == 12 {
                assert_eq!(ws.next_text().await.as_deref(), Some("3probe"));
                ws.text("5").await;
            }
            return reset(&ws.stream);
        }
    };
    let mut http = Http::connect(target).await;
    http.send(request).await.expect("it is taken");
    if reads {
        http.answer().await.expect("an answer");
    }
    http.reset();
}

/// Row 17: OX#731, where probes that were left lay in memory for ever.
#[tokio::test]
async fn probes_that_never_finish_are_given_up_in_time() {
    let settings = [
        ("SOCKETIO_CONNECT_TIMEOUT", "15"),
        ("SOCKETIO_UPGRADE_TIMEOUT", "3"),
    ];
    let mut process = Process::start(&settings).await;
    let target = process.target;
    process.must_be_unharmed().await;
    let before = process.descriptors();
    let (mut left, wave) = (tenth(50_000), 2_500);
    while left > 0 {
        let now = left.min(wave);
        left -= now;
        let mut open = Vec::new();
        for number in 0..now {
            let session = Polling::open(target).await;
            let mut probe = Ws::probe(target, &session.sid).await;
            if number % 2 == 0 {
                probe.text("2probe").await;
            }
            open.push(probe);
        }
        for mut probe in open {
            let ended = probe.ended().await;
            assert_eq!(ended.code, Some(1002), "{ended:?}");
        }
    }
    process.falls_to(before, Duration::from_secs(60)).await;
    process.must_be_unharmed().await;
}

/// Row 17: an upgrade that is left does not take the session along.
#[tokio::test]
async fn a_session_polls_on_when_its_upgrade_was_given_up() {
    let lab = Lab::with(&[("SOCKETIO_UPGRADE_TIMEOUT", "3")]).await;
    for says in ["", "2probe"] {
        let session = Polling::joined(lab.target).await;
        let mut probe = Ws::probe(lab.target, &session.sid).await;
        if !says.is_empty() {
            probe.text(says).await;
        }
        assert_eq!(probe.ended().await.code, Some(1002));
        assert_eq!(session.echo("1").await, "431[1]");
        // And it may try again.
        let mut probe = Ws::probed(lab.target, &session.sid).await;
        probe.text("5").await;
        assert_eq!(probe.echo("2").await, "431[2]");
        drop(probe);
    }
    lab.must_be_unharmed().await;
}

/// Row 17: two probes for one session, and each session's probe on the other's sid.
#[tokio::test]
async fn a_second_probe_is_closed_and_the_first_goes_on() {
    let lab = Lab::start().await;
    let first = Polling::joined(lab.target).await;
    let second = Polling::joined(lab.target).await;
    let mut probe = Ws::probed(lab.target, &first.sid).await;
    let mut late = Ws::probe(lab.target, &first.sid).await;
    late.text("2probe").await;
    late.text("5").await;
    let ended = late.ended().await;
    assert_eq!((ended.code, ended.texts.len()), (Some(1002), 0));
    // A probe ends the upgrade of its own session only.
    let mut other = Ws::probed(lab.target, &second.sid).await;
    other.text("7").await;
    other.ended().await;
    assert_eq!(second.echo("\"second\"").await, "431[\"second\"]");
    probe.text("5").await;
    assert_eq!(probe.echo("\"first\"").await, "431[\"first\"]");
    // After the upgrade the session is on this WebSocket alone.
    assert_eq!(first.poll().await.engine_code(), (400, 3));
    let mut third = Ws::probe(lab.target, &first.sid).await;
    third.text("2probe").await;
    assert_eq!(third.ended().await.texts.len(), 0);
    assert_eq!(probe.echo("\"still\"").await, "431[\"still\"]");
    second.leave().await;
    drop(probe);
    lab.must_be_unharmed().await;
}

/// Row 18: sessions that nothing follows cost little, and are reaped.
#[tokio::test]
async fn handshakes_that_nothing_follows_are_small_and_reaped() {
    // Time enough for a wave to come.
    let patience = Duration::from_secs(20);
    let settings = [
        ("SOCKETIO_CONNECT_TIMEOUT", "20"),
        // No heartbeat reaps them before.
        ("SOCKETIO_PING_INTERVAL", "300"),
    ];
    let mut process = Process::start(&settings).await;
    process.must_be_unharmed().await;
    let before = process.resident();
    for wave in 0..tenth(100_000) / WAVE {
        let answers = pipelined(process.target, &vec![get(OPEN, ""); WAVE]).await;
        let sids: HashSet<String> = answers
            .iter()
            .map(|answer| Polling::opened(process.target, answer).sid)
            .collect();
        assert_eq!(sids.len(), WAVE);
        until(SOON, async || {
            let open = process.sessions().await;
            (open != WAVE as u64).then(|| format!("{open} sessions of {WAVE}"))
        })
        .await;
        let each = process.resident().saturating_sub(before) / WAVE as u64;
        // In later waves, what earlier ones still have to tell their clients counts too.
        assert!(wave > 0 || each <= 2_048, "{each} bytes for each session");
        process
            .falls_to(process.descriptors(), patience + SOON)
            .await;
    }
    process.must_be_unharmed().await;
}

/// Sessions at once that the descriptor limit of a test machine allows a process.
const WAVE: usize = 10_000;

/// Row 18 and contract §10: what a crowd needed is given back when it is gone.
#[tokio::test]
async fn a_crowd_that_is_gone_leaves_no_memory_behind() {
    let mut process = Process::start(&[]).await;
    let target = process.target;
    process.must_be_unharmed().await;
    let crowd = async |count: usize| {
        let answers = pipelined(target, &vec![get(OPEN, ""); count]).await;
        let sessions = answers.iter().map(|answer| Polling::opened(target, answer));
        let goodbyes = sessions.map(|session| post(&session.path(), "", b"1"));
        goodbyes.collect::<Vec<_>>()
    };
    pipelined(target, &crowd(500).await).await;
    let before = process.resident();
    let goodbyes = crowd(WAVE).await;
    let grown = process.resident().saturating_sub(before);
    pipelined(target, &goodbyes).await;
    until(Duration::from_secs(60), async || {
        let left = process.resident().saturating_sub(before);
        (left > grown / 2).then(|| format!("{left} bytes are left of {grown}"))
    })
    .await;
    process.must_be_unharmed().await;
}

/// Row 19: suite E12, and socket.io's `acquire read lock`. Two shards stand for two nodes.
#[tokio::test]
async fn of_many_racing_requests_one_gets_the_data_and_one_end_is_told() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let gone = lab.gone();
    assert_eq!(session.post(b"42[\"back\",\"once\"]").await.text(), "ok");
    let mut open = Vec::new();
    for _ in 0..1_000 {
        open.push(Http::connect(lab.target).await);
    }
    let poll = get(&session.path(), "");
    let event = post(&session.path(), "", b"42[\"nobody listens\"]");
    let requests = [poll.as_slice(), &event];
    let racing = open
        .iter_mut()
        .enumerate()
        .map(|(number, http)| Box::pin(http.ask(requests[number % 2])));
    let answers = join_all(racing).await;
    let texts: Vec<String> = answers
        .into_iter()
        .map(|answer| answer.expect("each is answered").text())
        .collect();
    let with_data = texts.iter().filter(|text| text.contains("once")).count();
    assert!(with_data <= 1, "{with_data} answers hold the data");
    let is_close = |text: &&String| text.split(SEPARATOR).any(|packet| packet == "1");
    let told = texts.iter().filter(is_close).count();
    assert!(told <= 1, "{told} answers tell of the end");
    session.is_over().await;
    until(SOON, async || {
        (lab.gone() == gone).then(|| "nobody has left".to_owned())
    })
    .await;
    assert_eq!(lab.gone() - gone, 1, "the client leaves once");
    lab.must_be_unharmed().await;
}

/// Row 20: CVE-2017-16031 of socket.io. 128 bits of each sid are random.
#[tokio::test]
async fn sids_are_random_where_they_prove_something() {
    let lab = Lab::with(&[("SOCKETIO_CONNECT_TIMEOUT", "2")]).await;
    let count = tenth(20_000);
    let answers = pipelined(lab.target, &vec![get(OPEN, ""); count]).await;
    let sids: Vec<Vec<u8>> = answers
        .iter()
        .map(|answer| Polling::opened(lab.target, answer).sid)
        .map(|sid| URL_SAFE_NO_PAD.decode(sid).expect("URL-safe base64"))
        .collect();
    let secrets: HashSet<&[u8]> = sids.iter().map(|sid| &sid[..16]).collect();
    assert_eq!(secrets.len(), count);
    let prefixes: HashSet<&[u8]> = sids.iter().map(|sid| &sid[..4]).collect();
    assert!(prefixes.len() + 8 > count, "prefixes repeat");
    // Six standard deviations of a fair coin, in integers: |2n - N| <= 6 √N.
    let most = 6 * count.isqrt();
    for bit in 0..128 {
        let ones = sids.iter().filter(|sid| sid[bit / 8] >> (bit % 8) & 1 == 1);
        let ones = ones.count();
        assert!(
            (2 * ones).abs_diff(count) <= most,
            "bit {bit}: {ones} of {count}"
        );
    }
    lab.must_be_unharmed().await;
}

/// A sid with its bytes changed.
fn altered(sid: &str, change: impl FnOnce(&mut [u8])) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(sid).expect("a sid");
    change(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Row 20: whoever knows where a session is, but not its secret, does not find it.
#[tokio::test]
async fn a_sid_that_is_wrong_in_any_bit_is_unknown() {
    let lab = Lab::start().await;
    let session = Polling::joined(lab.target).await;
    let mut guesses: Vec<String> = (0..192)
        .map(|bit| altered(&session.sid, |bytes| bytes[bit / 8] ^= 1 << (bit % 8)))
        .collect();
    for number in 0..tenth(10_000) as u64 {
        guesses.push(altered(&session.sid, |bytes| {
            bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        }));
    }
    for text in [
        "",
        "%00",
        "..",
        "AAAA",
        &session.sid[1..],
        &session.sid.to_lowercase(),
    ] {
        guesses.push(text.to_owned());
    }
    let requests: Vec<Vec<u8>> = guesses
        .iter()
        .map(|sid| get(&format!("{OPEN}&sid={sid}"), ""))
        .collect();
    let answers = pipelined(lab.target, &requests).await;
    for (sid, answer) in guesses.iter().zip(answers) {
        assert_eq!(answer.engine_code(), (400, 1), "{sid} for {}", session.sid);
    }
    for bit in [0, 127, 128, 145, 191] {
        let sid = altered(&session.sid, |bytes| bytes[bit / 8] ^= 1 << (bit % 8));
        let path = format!("{}&sid={sid}", ws::OPEN);
        let Err(refused) = Ws::shake(lab.target, &path, "").await else {
            panic!("{sid} opened a WebSocket");
        };
        assert_eq!(refused.engine_code(), (400, 1));
    }
    assert_eq!(session.echo("\"unmoved\"").await, "431[\"unmoved\"]");
    session.leave().await;
    lab.must_be_unharmed().await;
}

/// What of an answer could tell one kind of unknown sid from another.
fn telling(answer: &Answer) -> (u16, Vec<(String, String)>, serde_json::Value) {
    let mut body = answer.json();
    body.as_object_mut()
        .expect("an object")
        .remove("request_id");
    let is_its_own = |name: &str| matches!(name, "date" | "x-request-id");
    // The length of a request id grows with their number.
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !is_its_own(name) && name != "content-length");
    (answer.status, headers.cloned().collect(), body)
}

/// How long polls of these sids take, in turns: the median of each.
async fn medians_of(http: &mut Http, sids: &[String]) -> Vec<Duration> {
    let mut times = vec![Vec::new(); 4];
    for _ in 0..300 {
        for (sid, times) in sids.iter().zip(&mut times) {
            let request = get(&format!("{OPEN}&sid={sid}"), "");
            let begun = Instant::now();
            http.ask(&request).await.expect("an answer");
            times.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    times.iter_mut().map(median).collect()
}

/// A hand-over to another shard is the same for a right and a wrong secret.
fn are_alike(medians: &[Duration]) -> bool {
    let (least, most) = (medians.iter().min(), medians.iter().max());
    most < least.map(|least| *least * 4).as_ref()
}

/// Row 20: unknown, guessed and closed sids cannot be told apart.
#[tokio::test]
async fn unknown_and_closed_sids_get_the_same_answer_in_the_same_time() {
    let lab = Lab::start().await;
    let closed = Polling::joined(lab.target).await;
    closed.leave().await;
    let live = Polling::joined(lab.target).await;
    let sids = [
        closed.sid.clone(),
        altered(&closed.sid, |bytes| bytes[0] ^= 1),
        altered(&live.sid, |bytes| bytes[0] ^= 1),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "never-a-sid".to_owned(),
    ];
    let mut seen = HashSet::new();
    for sid in &sids {
        let path = format!("{OPEN}&sid={sid}");
        let upgrade = get(&path.replace("polling", "websocket"), UPGRADE);
        for request in [get(&path, ""), post(&path, "", b"40")] {
            let answer = fetch(lab.target, &request).await;
            seen.insert(format!("{:?}", telling(&answer)));
        }
        let mut answer = fetch(lab.target, &upgrade).await;
        answer.headers.retain(|(name, _)| name != "connection");
        seen.insert(format!("{:?}", telling(&answer)));
    }
    assert_eq!(seen.len(), 1, "{seen:#?}");
    let mut http = Http::connect(lab.target).await;
    // What could be told apart could be so in each round; what happens beside the test is not.
    let mut rounds: Vec<Vec<Duration>> = Vec::new();
    while !rounds.last().is_some_and(|medians| are_alike(medians)) {
        assert!(rounds.len() < 10, "{rounds:?}");
        rounds.push(medians_of(&mut http, &sids).await);
    }
    live.leave().await;
    lab.must_be_unharmed().await;
}
