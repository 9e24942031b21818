//! Probes and upgrades (hardening §1, E23 to E25; §1.1; §1.2, 2 and 10 to 14).

use std::time::Duration;

use bellgate_codes::{Code, Refusal};
use bellgate_engine::{Lane, Transport};
use bellgate_sim::{Pair, config};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A polling session with long heartbeats, so that a test sees its probe alone.
fn on_polling() -> Pair {
    let mut calm = config();
    calm.ping_interval = Duration::from_secs(25);
    calm.ping_timeout = Duration::from_secs(60);
    Pair::open(Transport::Polling, calm)
}

/// A session whose probe was answered, with no poll under way.
fn probed() -> Pair {
    let mut pair = on_polling();
    pair.client.polls = false;
    pair.client.probe();
    pair.run_until_quiet();
    assert!(
        pair.client
            .packets
            .contains(&(Lane::Probe, "3probe".to_owned()))
    );
    pair
}

fn noops(pair: &Pair) -> usize {
    pair.client
        .polled()
        .iter()
        .filter(|&answer| *answer == Ok("6"))
        .count()
}

#[test]
fn a_client_upgrades_and_messages_go_over_the_websocket_both_ways() {
    let mut pair = on_polling();
    pair.echoes = true;
    pair.client.upgrade();
    pair.run_until_quiet();
    pair.client.say("hello");
    pair.run_until_quiet();
    assert_eq!(pair.session.transport(), Transport::Websocket);
    assert_eq!(pair.client.texts(), ["hello"]);
    assert!(
        pair.client
            .packets
            .contains(&(Lane::Websocket, "4hello".to_owned()))
    );
}

#[test]
fn a_hanging_poll_ends_with_a_noop_once_the_probe_is_answered() {
    let mut pair = on_polling();
    pair.run_until_quiet();
    pair.client.polls = false;
    pair.client.open_probe();
    pair.run_until_quiet();
    assert_eq!(noops(&pair), 0, "an open socket alone ends nothing");
    pair.client.write(Lane::Probe, "2probe");
    pair.run_until_quiet();
    assert_eq!(noops(&pair), 1);
}

#[test]
fn a_poll_after_the_probe_ends_with_a_noop() {
    let mut pair = probed();
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6")));
}

#[test]
fn every_poll_during_a_probe_ends_within_a_tenth_of_a_second_but_not_in_a_tight_loop() {
    let mut pair = on_polling();
    pair.client.probe();
    pair.run_until_quiet();
    assert!(noops(&pair) <= 4, "{} polls at one moment", noops(&pair));
    let before = noops(&pair);
    pair.advance(ms(100));
    pair.run_until_quiet();
    assert_eq!(noops(&pair), before + 1);
    pair.advance(ms(1_000));
    pair.run_until_quiet();
    assert_eq!(noops(&pair), before + 11);
}

#[test]
fn a_message_during_a_probe_goes_to_a_held_poll_at_once() {
    let mut pair = on_polling();
    pair.client.probe();
    pair.run_until_quiet();
    assert!(pair.session.is_waiting(), "the poll is held back");
    pair.emit("now");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["now"]);
}

#[test]
fn data_that_is_pending_at_the_probe_goes_out_by_one_poll_and_never_again() {
    let mut pair = on_polling();
    pair.client.polls = false;
    pair.emit("a");
    pair.emit("b");
    pair.client.probe();
    pair.client.poll();
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled()[1..], [Ok("4a\u{1e}4b"), Ok("6")]);
    pair.client.write(Lane::Probe, "5");
    pair.emit("c");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["a", "b", "c"]);
}

#[test]
fn a_poll_during_an_unanswered_probe_waits_and_takes_data_as_ever() {
    let mut pair = on_polling();
    pair.client.open_probe();
    pair.run_until_quiet();
    assert!(pair.session.is_waiting());
    pair.emit("x");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["x"]);
}

#[test]
fn nothing_is_written_to_the_probe_before_the_upgrade() {
    let mut pair = probed();
    pair.emit("held");
    pair.run_until_quiet();
    assert_eq!(pair.client.packets, [(Lane::Probe, "3probe".to_owned())]);
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["held"]);
}

#[test]
fn a_backlog_between_probe_and_upgrade_arrives_once_and_in_order() {
    let mut pair = probed();
    let texts: Vec<String> = (0..200).map(|n| format!("{n}")).collect();
    for text in &texts[..100] {
        pair.emit(text);
    }
    pair.client.poll();
    pair.run_until_quiet();
    for text in &texts[100..] {
        pair.emit(text);
    }
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), texts);
}

#[test]
fn a_poll_that_still_hangs_at_the_upgrade_ends_with_a_noop_and_takes_no_data() {
    let mut pair = probed();
    pair.emit("for the websocket");
    pair.client.poll();
    pair.client.write(Lane::Probe, "5");
    pair.step();
    pair.step();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6")));
    assert_eq!(pair.client.texts(), ["for the websocket"]);
    assert!(
        pair.client
            .packets
            .contains(&(Lane::Websocket, "4for the websocket".to_owned()))
    );
}

#[test]
fn a_poll_that_hangs_and_is_left_after_the_upgrade_does_not_end_the_session() {
    let mut pair = probed();
    pair.client.poll();
    pair.client.write(Lane::Probe, "5");
    pair.client.abort_poll();
    while pair.step() {}
    assert!(!pair.session.is_closed());
}

#[test]
fn a_post_that_began_before_the_upgrade_is_still_delivered() {
    let mut pair = probed();
    pair.client.begin_post();
    pair.client.write(Lane::Probe, "5");
    pair.client.end_post("4carried over");
    pair.run_until_quiet();
    assert_eq!(pair.client.posted(), [Ok("ok")]);
    assert_eq!(pair.delivered.len(), 1);
}

#[test]
fn polls_and_posts_after_the_upgrade_are_refused_and_the_websocket_lives() {
    let mut pair = Pair::upgraded();
    pair.client.poll();
    pair.client.post("4x");
    pair.run_until_quiet();
    assert_eq!(pair.refused, [Code::BadRequest, Code::BadRequest]);
    pair.emit("alive");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["alive"]);
}

#[test]
fn a_websocket_for_an_upgraded_session_is_closed_and_the_first_lives() {
    let mut pair = Pair::upgraded();
    pair.client.open_probe();
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::UpgradeRefused]);
    pair.emit("alive");
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["alive"]);
}

#[test]
fn a_second_probe_while_one_is_under_way_is_closed_and_the_first_goes_on() {
    let mut pair = probed();
    pair.client.open_probe();
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::UpgradeRefused]);
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.session.transport(), Transport::Websocket);
}

#[test]
fn an_upgrade_is_refused_where_upgrades_or_websockets_are_off() {
    let mut off = config();
    off.allow_upgrades = false;
    let mut polling_only = config();
    polling_only.transports.websocket = false;
    for settings in [off, polling_only] {
        let mut pair = Pair::open(Transport::Polling, settings);
        pair.client.open_probe();
        pair.run_until_quiet();
        assert_eq!(pair.client.probes_closed, [Code::UpgradeRefused]);
        assert!(!pair.session.is_closed() && !pair.session.is_probing());
    }
}

#[test]
fn an_upgrade_without_an_answered_probe_is_refused() {
    let mut pair = on_polling();
    pair.client.open_probe();
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::PacketOutOfPlace]);
    assert_eq!(pair.session.transport(), Transport::Polling);
}

#[test]
fn anything_but_the_protocol_on_a_probe_ends_the_probe_alone() {
    for packet in ["garbage", "0{}", "2", "2other", "4message", "6", "1"] {
        let mut pair = on_polling();
        pair.client.open_probe();
        pair.client.write(Lane::Probe, packet);
        pair.run_until_quiet();
        assert_eq!(pair.client.probes_closed.len(), 1, "{packet}");
        assert!(
            !pair.session.is_closed() && !pair.session.is_probing(),
            "{packet}"
        );
        assert!(pair.delivered.is_empty(), "{packet}");
        pair.emit("by polling");
        pair.run_until_quiet();
        assert_eq!(pair.client.texts(), ["by polling"], "{packet}");
    }
}

#[test]
fn a_second_probe_packet_on_one_socket_is_out_of_place() {
    let mut pair = probed();
    pair.client.write(Lane::Probe, "2probe");
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::PacketOutOfPlace]);
}

#[test]
fn a_probe_that_is_left_brings_the_session_back_to_polling_and_another_may_follow() {
    let mut pair = probed();
    pair.emit("kept");
    pair.client.cut(Lane::Probe);
    pair.run_until_quiet();
    assert!(!pair.session.is_probing() && !pair.session.is_closed());
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["kept"]);
    pair.client.upgrade();
    pair.run_until_quiet();
    assert_eq!(pair.session.transport(), Transport::Websocket);
}

#[test]
fn after_a_left_probe_polls_wait_again() {
    let mut pair = probed();
    pair.client.cut(Lane::Probe);
    pair.client.poll();
    pair.run_until_quiet();
    assert!(pair.session.is_waiting());
    assert_eq!(noops(&pair), 0);
}

#[test]
fn an_abandoned_probe_is_closed_at_exactly_the_upgrade_timeout_and_polling_goes_on() {
    for is_answered in [false, true] {
        let mut pair = on_polling();
        pair.client.polls = false;
        pair.client.open_probe();
        if is_answered {
            pair.client.write(Lane::Probe, "2probe");
        }
        pair.advance(ms(9_999));
        assert!(pair.session.is_probing());
        pair.advance(ms(1));
        pair.run_until_quiet();
        assert_eq!(pair.client.probes_closed, [Code::UpgradeTimeout]);
        pair.emit("by polling");
        pair.client.poll();
        pair.run_until_quiet();
        assert_eq!(pair.client.texts(), ["by polling"]);
    }
}

#[test]
fn a_five_that_comes_after_the_upgrade_timeout_changes_nothing() {
    let mut pair = probed();
    pair.advance(ms(10_000));
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.session.transport(), Transport::Polling);
    assert!(!pair.session.is_closed());
}

#[test]
fn a_session_that_ends_while_its_client_changes_transports_tells_so_on_the_websocket() {
    let mut pair = probed();
    pair.emit("last");
    pair.close(Refusal::ServerShutdown {});
    pair.run_until_quiet();
    assert!(pair.session.is_closed() && pair.client.probes_closed.is_empty());
    pair.client.write(Lane::Probe, "5");
    pair.client.adopt_websocket();
    pair.run_until_quiet();
    assert_eq!(pair.client.texts(), ["last"]);
    assert_eq!(pair.client.websocket_closed, Some(Some(1001)));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_session_that_ends_while_its_client_changes_transports_tells_so_to_a_poll_that_still_comes() {
    let mut pair = probed();
    pair.close(Refusal::ServerShutdown {});
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("6\u{1e}1")));
    assert_eq!(pair.client.probes_closed, [Code::ServerShutdown]);
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_probe_of_a_session_that_has_ended_is_closed_at_the_upgrade_timeout() {
    let mut pair = probed();
    pair.close(Refusal::ServerShutdown {});
    pair.advance(ms(9_999));
    assert!(pair.session.is_probing());
    pair.advance(ms(1));
    assert_eq!(pair.client.probes_closed, [Code::ServerShutdown]);
    pair.client.write(Lane::Probe, "5");
    pair.run_until_quiet();
    assert_eq!(pair.session.transport(), Transport::Polling);
}

#[test]
fn a_probe_that_was_not_answered_goes_with_its_session() {
    let mut pair = on_polling();
    pair.client.polls = false;
    pair.client.open_probe();
    pair.run_until_quiet();
    pair.close(Refusal::ServerShutdown {});
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::ServerShutdown]);
}

#[test]
fn an_abandoned_probe_of_a_client_that_is_gone_is_reaped_by_the_heartbeat() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.client.probe();
    pair.advance(ms(500));
    pair.run_until_quiet();
    assert_eq!(
        pair.session.closed_by().map(Refusal::code),
        Some(Code::PingTimeout)
    );
    assert_eq!(pair.client.probes_closed, [Code::PingTimeout]);
    assert_eq!(
        pair.session.poll_deadline(),
        None,
        "the upgrade's timer died with it"
    );
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_session_that_closes_while_probing_closes_both_transports() {
    let mut pair = on_polling();
    pair.run_until_quiet();
    pair.client.open_probe();
    pair.run_until_quiet();
    pair.close(Refusal::ServerDisconnect {});
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::ServerDisconnect]);
    assert_eq!(pair.client.polled().last(), Some(&Ok("6\u{1e}1")));
    assert!(pair.session.is_finished(pair.now()));
}

#[test]
fn a_goodbye_by_polling_while_probing_closes_both_transports() {
    let mut pair = probed();
    pair.client.post("1");
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::TransportClosed]);
    assert!(pair.session.is_closed());
}

#[test]
fn a_websocket_for_a_session_that_has_ended_finds_nothing() {
    let mut pair = on_polling();
    pair.session.abort(Refusal::ServerDisconnect {});
    assert_eq!(
        pair.session.handle_probe_open(pair.now()),
        Err(Refusal::SessionUnknown {})
    );
}

#[test]
fn a_session_that_was_opened_by_a_websocket_cannot_be_upgraded() {
    let mut pair = Pair::on_websocket();
    pair.client.open_probe();
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::UpgradeRefused]);
    assert!(!pair.session.is_closed());
}

#[test]
fn the_deflate_of_a_probe_becomes_that_of_the_websocket() {
    let mut settings = config();
    settings.deflate_threshold = Some(100);
    let mut pair = Pair::open(Transport::Polling, settings);
    let long = "long ".repeat(100);
    pair.client.polls = false;
    pair.client.open_probe();
    pair.run_until_quiet();
    pair.session.set_deflate(true);
    pair.emit(&long);
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.texts(),
        [long.as_str()],
        "polling is never deflated here"
    );
    pair.client.write(Lane::Probe, "2probe");
    pair.client.write(Lane::Probe, "5");
    pair.emit(&long);
    pair.run_until_quiet();
    assert_eq!((pair.client.texts().len(), pair.client.deflated), (2, 1));
}

#[test]
fn the_deflate_of_a_probe_that_was_left_does_not_reach_the_next_one() {
    let mut settings = config();
    settings.deflate_threshold = Some(100);
    let mut pair = Pair::open(Transport::Polling, settings);
    pair.client.open_probe();
    pair.run_until_quiet();
    pair.session.set_deflate(true);
    pair.client.cut(Lane::Probe);
    pair.run_until_quiet();
    pair.client.upgrade();
    pair.run_until_quiet();
    pair.emit(&"long ".repeat(100));
    pair.run_until_quiet();
    assert_eq!((pair.client.texts().len(), pair.client.deflated), (1, 0));
}
