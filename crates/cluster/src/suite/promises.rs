//! What every adapter promises, one function for each sentence.

use std::sync::Arc;

use bellgate_engine::Delivery;
use bellgate_hub::{AckRequest, Command, Event, Member, Publication, Route, Target};

use super::rig::Rig;

/// A promise with the sentence that it is.
type Promise = (&'static str, fn(&mut Rig));

pub(super) const ALL: &[Promise] = &[
    (
        "an adapter knows how many answers to expect",
        an_adapter_knows_how_many_answers_to_expect,
    ),
    (
        "each shard gets each command once and in order",
        each_shard_gets_each_command_once_and_in_order,
    ),
    (
        "callers on many threads lose nothing and keep their order",
        callers_on_many_threads_lose_nothing_and_keep_their_order,
    ),
    (
        "a publication reaches the members of all shards",
        a_publication_reaches_the_members_of_all_shards,
    ),
    (
        "except-lists hold on all shards",
        except_lists_hold_on_all_shards,
    ),
    (
        "rooms are joined, left and emptied on all shards",
        rooms_are_joined_left_and_emptied_on_all_shards,
    ),
    (
        "a user is disconnected on all shards",
        a_user_is_disconnected_on_all_shards,
    ),
    ("counts of all shards add up", counts_of_all_shards_add_up),
    (
        "every shard answers a question",
        every_shard_answers_a_question,
    ),
    (
        "a question to nobody is answered by every shard",
        a_question_to_nobody_is_answered_by_every_shard,
    ),
];

fn an_adapter_knows_how_many_answers_to_expect(rig: &mut Rig) {
    for adapter in rig.adapters() {
        assert_eq!(adapter.shards(), rig.shards());
    }
}

fn each_shard_gets_each_command_once_and_in_order(rig: &mut Rig) {
    let mut expected = Vec::new();
    for adapter in rig.adapters().to_vec() {
        for token in expected.len() as u64..expected.len() as u64 + 100 {
            adapter.dispatch(Arc::new(count(token)));
            expected.push(token);
        }
        rig.settle();
    }
    for inbox in rig.take() {
        assert_eq!(tokens(&inbox), expected);
    }
}

fn callers_on_many_threads_lose_nothing_and_keep_their_order(rig: &mut Rig) {
    const CALLERS: u64 = 4;
    const EACH: u64 = 250;
    std::thread::scope(|scope| {
        for caller in 0..CALLERS {
            let adapters = rig.adapters();
            let place = usize::try_from(caller).unwrap_or_default() % adapters.len();
            let adapter = adapters[place].clone();
            scope.spawn(move || {
                for turn in 0..EACH {
                    adapter.dispatch(Arc::new(count(caller * EACH + turn)));
                }
            });
        }
    });
    for inbox in rig.take() {
        let arrived = tokens(&inbox);
        assert_eq!(arrived.len() as u64, CALLERS * EACH);
        for caller in 0..CALLERS {
            let own = caller * EACH..(caller + 1) * EACH;
            let mine: Vec<u64> = arrived
                .iter()
                .copied()
                .filter(|t| own.contains(t))
                .collect();
            assert!(mine.into_iter().eq(own), "caller {caller}");
        }
    }
}

fn a_publication_reaches_the_members_of_all_shards(rig: &mut Rig) {
    rig.join_each(&Member::of_user("7"));
    rig.join_each(&Member::of_user("8"));
    rig.join_each(&Member::of_user("7"));
    for _ in rig.adapters().to_vec() {
        rig.dispatch(Command::Publish(news(&["7"], &[]).into()));
        assert_eq!(rig.reached(), vec![vec![0, 2]; rig.shards()]);
    }
    rig.dispatch(Command::Publish(news(&["7", "8"], &[]).into()));
    assert_eq!(rig.reached(), vec![vec![0, 1, 2]; rig.shards()]);
}

fn except_lists_hold_on_all_shards(rig: &mut Rig) {
    rig.join_each(&Member::of_user("7"));
    rig.join_each(&Member::of_user("8"));
    rig.dispatch(Command::Publish(news(&["7", "8"], &["8"]).into()));
    assert_eq!(rig.reached(), vec![vec![0]; rig.shards()]);
}

fn rooms_are_joined_left_and_emptied_on_all_shards(rig: &mut Rig) {
    rig.join_each(&Member::of_user("7"));
    rig.join_each(&Member::of_user("8"));
    let room = || vec![Target::Room("a".into())];
    let to_room = || {
        Command::Publish(Arc::new(Publication {
            to: room(),
            ..news(&[], &[])
        }))
    };
    rig.dispatch(Command::Join {
        ns: "/".into(),
        who: users(&["7", "8"]),
        rooms: room(),
    });
    rig.dispatch(to_room());
    assert_eq!(rig.reached(), vec![vec![0, 1]; rig.shards()]);
    rig.dispatch(Command::Leave {
        ns: "/".into(),
        who: users(&["7"]),
        rooms: room(),
    });
    rig.dispatch(to_room());
    assert_eq!(rig.reached(), vec![vec![1]; rig.shards()]);
    rig.dispatch(Command::Leave {
        ns: "/".into(),
        who: room(),
        rooms: room(),
    });
    rig.dispatch(to_room());
    assert_eq!(rig.reached(), vec![Vec::<u32>::new(); rig.shards()]);
}

fn a_user_is_disconnected_on_all_shards(rig: &mut Rig) {
    rig.join_each(&Member::of_user("7"));
    rig.join_each(&Member::of_user("8"));
    let events = rig.dispatch(Command::Disconnect {
        ns: "/".into(),
        who: users(&["7"]),
        close: true,
    });
    assert_eq!(events.len(), rig.shards());
    assert_eq!(rig.closed(), rig.shards());
    rig.reached();
    rig.dispatch(Command::Publish(news(&["7", "8"], &[]).into()));
    assert_eq!(rig.reached(), vec![vec![1]; rig.shards()]);
}

fn counts_of_all_shards_add_up(rig: &mut Rig) {
    rig.join_each(&Member::of_user("7"));
    rig.join_each(&Member::of_user("7"));
    let events = rig.dispatch(count(3));
    assert_eq!(events.len(), rig.shards());
    let total: usize = events
        .iter()
        .map(|event| match event {
            Event::Counted {
                token: 3,
                connections,
            } => *connections,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(total, 2 * rig.shards());
}

fn every_shard_answers_a_question(rig: &mut Rig) {
    let silent = rig.join_each(&Member::of_user("7")).len();
    let telling = rig.join_each(&Member::of_user("7"));
    let deadline = rig.soon();
    assert_eq!(rig.dispatch(question(&["7"], 5, deadline)), []);
    for (shard, _) in telling {
        assert_eq!(rig.answer(shard, 1), None, "one of two has answered");
    }
    let events = rig.expire();
    assert_eq!(events.len(), rig.shards());
    assert_eq!(sum(&events), (rig.shards(), silent));
}

fn a_question_to_nobody_is_answered_by_every_shard(rig: &mut Rig) {
    let deadline = rig.soon();
    let events = rig.dispatch(question(&["nobody"], 5, deadline));
    assert_eq!(events.len(), rig.shards());
    assert_eq!(sum(&events), (0, 0));
}

/// Answers and missing ones of all shards.
fn sum(events: &[Event]) -> (usize, usize) {
    events
        .iter()
        .fold((0, 0), |(come, gone), event| match event {
            Event::Acked {
                token: 5,
                answers,
                missing,
            } => (come + answers.len(), gone + missing),
            other => panic!("{other:?}"),
        })
}

fn tokens(commands: &[Arc<Command>]) -> Vec<u64> {
    commands
        .iter()
        .map(|command| match **command {
            Command::Count { token, .. } => token,
            ref other => panic!("{other:?}"),
        })
        .collect()
}

fn users(names: &[&str]) -> Vec<Target> {
    names
        .iter()
        .map(|name| Target::User((*name).into()))
        .collect()
}

fn count(token: u64) -> Command {
    Command::Count {
        token,
        route: Route::Namespace("/".into()),
        to: vec![Target::All],
        except: Vec::new(),
    }
}

fn question(to: &[&str], token: u64, deadline: std::time::Instant) -> Command {
    Command::Publish(Arc::new(Publication {
        ack: Some(AckRequest { token, deadline }),
        ..news(to, &[])
    }))
}

fn news(to: &[&str], except: &[&str]) -> Publication {
    Publication {
        route: Route::Namespace("/".into()),
        to: users(to),
        except: users(except),
        array: r#"["news"]"#.into(),
        attachments: Vec::new(),
        delivery: Delivery::Regular,
        ack: None,
    }
}
