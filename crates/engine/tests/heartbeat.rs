//! Pings and their deadlines, on both transports and through an upgrade (hardening §1, E17 to E20;
//! §1.2, 9 and 10).

use std::time::Duration;

use bellgate_codes::Code;
use bellgate_engine::{Lane, Transport};
use bellgate_sim::{Pair, config};

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn silent(mut pair: Pair) -> Pair {
    pair.client.answers_pings = false;
    pair
}

fn closed_by(pair: &Pair) -> Option<Code> {
    pair.session.closed_by().map(bellgate_codes::Refusal::code)
}

#[test]
fn no_ping_comes_before_the_first_interval_is_over() {
    for mut pair in [Pair::on_polling(), Pair::on_websocket()] {
        pair.advance(ms(299));
        assert_eq!(pair.client.pings, 0);
        pair.advance(ms(1));
        pair.run_until_quiet();
        assert_eq!(pair.client.pings, 1);
    }
}

#[test]
fn a_client_that_answers_is_pinged_each_interval_and_lives() {
    for mut pair in [Pair::on_polling(), Pair::on_websocket(), Pair::upgraded()] {
        pair.advance(ms(3_000));
        pair.run_until_quiet();
        assert_eq!(pair.client.pings, 10);
        assert!(!pair.session.is_closed());
    }
}

#[test]
fn a_waiting_poll_is_answered_with_the_ping() {
    let mut pair = Pair::on_polling();
    pair.advance(ms(300));
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("2")));
    assert_eq!(pair.client.posted(), [Ok("ok")], "the pong");
}

#[test]
fn a_silent_client_is_dead_at_exactly_interval_plus_timeout() {
    for pair in [Pair::on_polling(), Pair::on_websocket(), Pair::upgraded()] {
        let mut pair = silent(pair);
        pair.advance(ms(499));
        assert!(!pair.session.is_closed());
        pair.advance(ms(1));
        assert_eq!(closed_by(&pair), Some(Code::PingTimeout));
    }
}

#[test]
fn a_poll_at_the_very_moment_of_death_is_refused_before_any_timer_ran() {
    let mut pair = silent(Pair::on_polling());
    pair.client.polls = false;
    pair.advance(ms(300));
    pair.stall(ms(200));
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Err(Code::SessionUnknown))
    );
    assert_eq!(closed_by(&pair), Some(Code::PingTimeout));
}

#[test]
fn a_post_at_the_very_moment_of_death_is_refused() {
    let mut pair = silent(Pair::on_polling());
    pair.advance(ms(300));
    pair.stall(ms(200));
    let begun = pair.session.handle_post_begin(pair.now());
    assert_eq!(begun, Err(bellgate_codes::Refusal::SessionUnknown {}));
}

#[test]
fn a_pong_at_the_very_moment_of_death_comes_too_late() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(300));
    pair.run_until_quiet();
    pair.stall(ms(200));
    pair.client.write(Lane::Websocket, "3");
    pair.run_until_quiet();
    assert_eq!(closed_by(&pair), Some(Code::PingTimeout));
}

#[test]
fn the_ping_timeout_fires_with_no_poll_outstanding() {
    let mut pair = silent(Pair::on_polling());
    pair.client.polls = false;
    pair.advance(ms(500));
    assert_eq!(closed_by(&pair), Some(Code::PingTimeout));
    assert!(pair.session.is_finished(pair.now()), "nobody is to be told");
}

#[test]
fn a_poll_that_waits_is_told_of_the_death_by_a_close_packet() {
    let mut pair = silent(Pair::on_polling());
    pair.advance(ms(500));
    pair.run_until_quiet();
    assert_eq!(pair.client.polled().last(), Some(&Ok("1")));
    pair.client.poll();
    pair.run_until_quiet();
    assert_eq!(
        pair.client.polled().last(),
        Some(&Err(Code::SessionUnknown))
    );
}

#[test]
fn a_dead_websocket_is_closed_with_the_code_of_its_row() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(500));
    pair.run_until_quiet();
    assert_eq!(pair.client.websocket_closed, Some(Some(1000)));
}

#[test]
fn the_deadline_after_a_late_answer_counts_from_the_answer() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(450));
    pair.client.write(Lane::Websocket, "3");
    pair.advance(ms(299));
    assert_eq!(pair.client.pings, 1, "not early after a pong");
    pair.advance(ms(200));
    assert!(!pair.session.is_closed(), "alive at 949 ms");
    pair.advance(ms(1));
    assert_eq!(closed_by(&pair), Some(Code::PingTimeout));
}

#[test]
fn a_ping_that_came_by_polling_may_be_answered_over_the_websocket() {
    let mut pair = silent(Pair::on_polling());
    pair.advance(ms(300));
    pair.client.upgrade();
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 1);
    pair.client.write(Lane::Websocket, "3");
    pair.advance(ms(300));
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 2, "the heartbeat goes on");
    assert!(!pair.session.is_closed());
}

#[test]
fn a_ping_that_no_poll_took_goes_over_the_websocket() {
    let mut pair = Pair::on_polling();
    pair.client.polls = false;
    pair.advance(ms(300));
    assert_eq!(pair.client.pings, 0);
    pair.client.upgrade();
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 1);
    assert!(
        pair.client
            .packets
            .contains(&(Lane::Websocket, "2".to_owned()))
    );
}

#[test]
fn a_ping_may_be_answered_on_the_probe_itself() {
    let mut pair = silent(Pair::on_polling());
    pair.client.probe();
    pair.advance(ms(300));
    pair.client.write(Lane::Probe, "3");
    pair.advance(ms(299));
    assert!(pair.session.is_probing() && !pair.session.is_closed());
}

#[test]
fn pings_go_on_while_a_probe_hangs() {
    let mut pair = Pair::on_polling();
    pair.client.probe();
    pair.advance(ms(900));
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 3);
    assert!(pair.session.is_probing());
}

#[test]
fn a_short_timeout_does_not_end_a_session_that_upgraded_long_ago() {
    let mut short = config();
    short.ping_interval = ms(200);
    short.ping_timeout = ms(20);
    let mut pair = Pair::open(Transport::Polling, short);
    pair.client.upgrade();
    pair.advance(ms(500));
    assert!(!pair.session.is_closed());
    assert_eq!(pair.client.pings, 2);
}

#[test]
fn a_driver_that_stalls_does_not_take_it_out_on_its_clients() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(300));
    pair.run_until_quiet();
    pair.stall(ms(2_000));
    pair.session.handle_timeout(pair.now());
    assert!(!pair.session.is_closed(), "the answer may lie unread");
    pair.client.write(Lane::Websocket, "3");
    pair.run_until_quiet();
    pair.advance(ms(299));
    assert!(!pair.session.is_closed());
}

#[test]
fn pongs_that_nobody_asked_for_close_the_session_in_the_end() {
    for mut pair in [Pair::on_websocket(), Pair::on_polling()] {
        for _ in 0..32 {
            pair.client.send("3");
        }
        pair.run_until_quiet();
        assert!(!pair.session.is_closed(), "32 are forgiven");
        pair.client.send("3");
        pair.run_until_quiet();
        assert_eq!(closed_by(&pair), Some(Code::HeartbeatFlood));
    }
}

#[test]
fn a_flood_of_pongs_on_a_probe_ends_the_probe_alone() {
    let mut pair = Pair::on_polling();
    pair.client.probe();
    for _ in 0..33 {
        pair.client.write(Lane::Probe, "3");
    }
    pair.run_until_quiet();
    assert_eq!(pair.client.probes_closed, [Code::HeartbeatFlood]);
    assert!(!pair.session.is_closed());
}

#[test]
fn pongs_put_off_no_ping() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(299));
    pair.client.write(Lane::Websocket, "3");
    pair.advance(ms(1));
    pair.run_until_quiet();
    assert_eq!(pair.client.pings, 1);
}

#[test]
fn an_ended_session_has_no_deadline() {
    let mut pair = silent(Pair::on_websocket());
    pair.advance(ms(500));
    pair.run_until_quiet();
    assert_eq!(pair.session.poll_deadline(), None);
    pair.session.handle_timeout(pair.now() + ms(10_000));
    assert!(pair.session.is_closed());
}
