//! What attacks cost: the peak of memory while they last, and what is left when they are over.

use std::time::Duration;

use bellgate_wire::ws::client::deflate;

use crate::support::Target;
use crate::support::http::{Http, once, post};
use crate::support::lab::honest;
use crate::support::polling::Polling;
use crate::support::process::Process;
use crate::support::tenth;
use crate::support::wait::until;
use crate::support::ws::{BINARY, TEXT, Ws, announce, fragment, raw_frame};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;
/// A body of the largest size that is taken.
const BODY: usize = 1_000_000;

/// Bytes by which an attack lifts the peak. It is done once in small before, so that what every
/// first time costs does not count.
async fn cost(process: &Process, attack: impl AsyncFn(Target, usize)) -> u64 {
    attack(process.target, 10).await;
    honest(process.target).await;
    process.forget_peak();
    let before = process.resident();
    attack(process.target, 1).await;
    process.peak().saturating_sub(before)
}

/// Row 4: CVE-2020-36049, Phoenix CVE-2026-32689. A body is split as it is read.
#[tokio::test]
async fn a_flood_of_delimiters_costs_less_than_four_bodies() {
    let mut process = Process::start(&[("BELLGATE_SHARDS", "1")]).await;
    for unit in ["\u{1e}", "4\u{1e}", "\n", "3\u{1e}", "b\u{1e}"] {
        let cost = cost(&process, async |target, part| {
            let session = Polling::joined(target).await;
            let body = unit.repeat(BODY / part / unit.len());
            session.post(body.as_bytes()).await;
            session.is_over().await;
        })
        .await;
        assert!(cost < 4 * BODY as u64, "{cost} bytes for {unit:?}");
    }
    process.must_be_unharmed().await;
}

/// Row 5: CVE-2020-36048 of engine.io. The budget of a shard is 64 MiB, and a buffer may be twice as
/// large as what is in it.
#[tokio::test]
async fn many_large_bodies_at_once_stay_within_the_budget() {
    let mut process = Process::start(&[("BELLGATE_SHARDS", "1")]).await;
    let cost = cost(&process, async |target, part| {
        let mut open = Vec::new();
        for _ in 0..tenth(2_000) / part {
            let session = Polling::open(target).await;
            let mut http = Http::connect(target).await;
            let request = post(&session.path(), "", &vec![b'4'; BODY]);
            // All but the last byte: each body is held until then, or refused.
            let _ = http.send(&request[..request.len() - 1]).await;
            open.push(http);
        }
        for mut http in open {
            http.ask(b"4").await;
        }
    })
    .await;
    assert!(cost < 160 * MIB, "{} MiB", cost / MIB);
    process.must_be_unharmed().await;
}

/// Row 14: CVE-2016-10542 of ws, CVE-2026-44545 of daphne. What is announced is not set aside.
#[tokio::test]
async fn announced_lengths_cost_nothing() {
    let mut process = Process::start(&[]).await;
    let count = tenth(1_000);
    let cost = cost(&process, async |target, part| {
        let mut open = Vec::new();
        for number in 0..count / part {
            let mut ws = Ws::open(target).await;
            // The last two are allowed, and followed by one byte of what they announce.
            let allowed = BODY as u64;
            let start = match number % 4 {
                0 => announce(TEXT, (1 << 63) - 1),
                1 => announce(BINARY, u64::MAX),
                2 => [&announce(TEXT, allowed)[..], b"4"].concat(),
                _ => [&fragment(TEXT, b"4")[..], &announce(0, allowed - 1), b"4"].concat(),
            };
            let _ = ws.send(&start).await;
            open.push(ws);
        }
        for ws in &mut open {
            ws.text("").await;
        }
    })
    .await;
    let each = cost / count as u64;
    assert!(each < 32 * KIB, "{each} bytes for each");
    process.must_be_unharmed().await;
}

/// Row 15: CVE-2026-39804 of Bandit. Inflating stops at the limit.
#[tokio::test]
async fn deflate_bombs_cost_what_they_may_hold() {
    let settings = [("SOCKETIO_COMPRESSION", "1KiB"), ("BELLGATE_SHARDS", "1")];
    let mut process = Process::start(&settings).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    // A thousand to one is what deflate can do: a frame of the largest size makes a gigabyte.
    let large = if tenth(10) == 10 {
        1_000_000_000
    } else {
        100_000_000
    };
    let cost = cost(&process, async |target, part| {
        let bomb = deflate(&vec![b'4'; large / part]).expect("it shrinks");
        for _ in 0..10 {
            let mut ws = Ws::open_with(target, offer).await;
            let _ = ws.send(&raw_frame(0xc1, &bomb)).await;
            assert_eq!(ws.ended().await.code, Some(1009));
        }
    })
    .await;
    assert!(cost < 16 * MIB, "{} MiB", cost / MIB);
    process.must_be_unharmed().await;
}

/// Row 15: whoever asks for a context that is kept does not get it.
#[tokio::test]
async fn sessions_with_compression_cost_no_more_than_others() {
    let settings = [("SOCKETIO_COMPRESSION", "1KiB")];
    let mut process = Process::start(&settings).await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let count = tenth(1_000);
    let cost = cost(&process, async |target, part| {
        let mut open = Vec::new();
        for _ in 0..count / part {
            let mut ws = Ws::open_with(target, offer).await;
            ws.join().await;
            let text = format!("421[\"echo\",\"{}\"]", "x".repeat(4_000));
            let message = deflate(text.as_bytes()).expect("it shrinks");
            let _ = ws.send(&raw_frame(0xc1, &message)).await;
            ws.next().await.expect("an ack");
            open.push(ws);
        }
    })
    .await;
    // One context of zlib is 256 KiB.
    let each = cost / count as u64;
    assert!(each < 64 * KIB, "{each} bytes for each");
    process.must_be_unharmed().await;
}

/// The whole table in small, several times over: what must be gone afterwards.
async fn table(target: Target, times: usize) {
    for _ in 0..times {
        let polling = Polling::joined(target).await;
        let probe = Ws::probed(target, &polling.sid).await;
        let mut ws = Ws::joined(target).await;
        ws.text("452-[\"x\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]")
            .await;
        ws.frame(BINARY, &vec![0; 100_000]).await;
        let mut other = Ws::open(target).await;
        let _ = other.send(&fragment(TEXT, &vec![b'4'; 100_000])).await;
        let mut http = Http::connect(target).await;
        let request = post(&polling.path(), "", &vec![b'4'; 500_000]);
        let _ = http.send(&request[..400_000]).await;
        let abandoned = Polling::open(target).await;
        let oversized = format!(
            "POST {} HTTP/1.1\r\nContent-Length: 10000000\r\n\r\n",
            abandoned.path()
        );
        once(target, oversized.as_bytes()).await;
        drop((probe, ws, other, http));
    }
}

/// Hardening §3, after the table: memory is back within 10 % in 60 s.
#[tokio::test]
async fn memory_comes_back_when_the_attacks_are_over() {
    let settings = [
        // Time enough to come as far as each part of the table.
        ("SOCKETIO_CONNECT_TIMEOUT", "5"),
        ("SOCKETIO_UPGRADE_TIMEOUT", "5"),
        ("SOCKETIO_PING_INTERVAL", "5"),
        ("SOCKETIO_PING_TIMEOUT", "2"),
    ];
    let mut process = Process::start(&settings).await;
    let (fresh, open) = (process.resident(), process.descriptors());
    // What every first time costs: pages of the program, and the heap that its allocator keeps.
    table(process.target, tenth(1_000)).await;
    process.falls_to(open, Duration::from_secs(60)).await;
    process.must_be_unharmed().await;
    let before = process.resident();
    let kept = before.saturating_sub(fresh);
    assert!(kept < 8 * MIB, "{kept} bytes are kept after the first time");
    // Where a crowd of this size leaves the heap is known only after one.
    table(process.target, tenth(5_000)).await;
    process.falls_to(open, Duration::from_secs(60)).await;
    let before = process.resident();
    table(process.target, tenth(5_000)).await;
    process.falls_to(open, Duration::from_secs(60)).await;
    until(Duration::from_secs(60), async || {
        let now = process.resident();
        (now > before + before / 10).then(|| format!("{now} bytes, {before} before"))
    })
    .await;
    process.must_be_unharmed().await;
}
