//! Against a real Redis that comes, goes and falters.
#![expect(clippy::unwrap_used, reason = "what goes wrong here fails the test")]

use bellgate_peer::{RedisServer, eventually, within};
use bellgate_redis::feed::News;
use bellgate_redis::{Fault, Place, Redis, cmd, pipe};
use tokio::runtime::Handle;

fn open(server: &RedisServer) -> Redis {
    let place = Place::parse("BELLGATE_SESSION_REDIS_URL", &server.url()).unwrap();
    Redis::open(place, &Handle::current()).unwrap()
}

async fn get(redis: &Redis, key: &str) -> Result<Option<String>, Fault> {
    within("an answer", redis.ask(cmd("GET").arg(key))).await
}

#[tokio::test]
async fn it_answers() {
    let server = RedisServer::start(&[]).await;
    let redis = open(&server);
    let set = pipe().set("a", "1").ignore().get("a").get("b").clone();
    let answer: (String, Option<String>) = redis.ask(set).await.unwrap();
    assert_eq!(answer, ("1".to_owned(), None));
    let stats = redis.stats();
    assert!(
        stats.is_up && stats.asked >= 1 && stats.failed == 0,
        "{stats:?}"
    );
    assert_eq!(stats.waiting, 0);
}

#[tokio::test]
async fn a_question_that_it_refuses_says_nothing_of_the_others() {
    let server = RedisServer::start(&[]).await;
    let redis = open(&server);
    let () = redis.ask(cmd("RPUSH").arg("list").arg("1")).await.unwrap();
    let fault = get(&redis, "list").await.unwrap_err();
    assert!(!fault.is_down(), "{fault}");
    assert!(redis.is_up());
    assert_eq!(get(&redis, "a").await, Ok(None));
}

#[tokio::test]
async fn one_that_is_gone_is_known_to_be_and_found_when_it_is_back() {
    let mut server = RedisServer::start(&[]).await;
    let redis = open(&server);
    assert_eq!(get(&redis, "a").await, Ok(None));
    server.kill();
    // Nobody has asked: the probe finds out.
    eventually("the loss to be seen", async || !redis.is_up()).await;
    assert!(get(&redis, "a").await.unwrap_err().is_down());
    server.revive().await;
    eventually("the return to be seen", async || redis.is_up()).await;
    assert_eq!(get(&redis, "a").await, Ok(None));
}

#[tokio::test]
async fn one_that_was_never_there_is_found_when_it_comes() {
    let mut server = RedisServer::absent(&[]);
    let redis = open(&server);
    assert!(get(&redis, "a").await.unwrap_err().is_down());
    server.revive().await;
    eventually("it to be seen", async || redis.is_up()).await;
    assert_eq!(get(&redis, "a").await, Ok(None));
}

#[tokio::test]
async fn one_that_hangs_is_given_up_and_taken_back() {
    let server = RedisServer::start(&[]).await;
    let redis = open(&server);
    let () = server.ask(cmd("CLIENT").arg("PAUSE").arg(10_000));
    let late = get(&redis, "a").await.unwrap_err();
    assert!(late.is_down(), "{late}");
    eventually("the others to be spared", async || !redis.is_up()).await;
    eventually("it to be taken back", async || redis.is_up()).await;
    assert_eq!(get(&redis, "a").await, Ok(None));
}

#[tokio::test]
async fn a_wrong_password_counts_as_no_answer() {
    let server = RedisServer::start(&["--user", "bell", "on", ">right", "~*", "+@all"]).await;
    let at = |url: &str| {
        let place = Place::parse("BELLGATE_SESSION_REDIS_URL", url).unwrap();
        Redis::open(place, &Handle::current()).unwrap()
    };
    let url = |password| format!("{}?user=bell&pass={password}", server.url());
    assert_eq!(get(&at(&url("right")), "a").await, Ok(None));
    let fault = get(&at(&url("wrong")), "a").await.unwrap_err();
    assert!(fault.is_down(), "{fault}");
    assert!(!fault.to_string().contains("wrong"), "{fault}");
}

#[tokio::test]
async fn it_may_be_asked_from_a_runtime_that_ends() {
    let server = RedisServer::start(&[]).await;
    let redis = open(&server);
    for _ in 0..2 {
        let redis = redis.clone();
        let elsewhere = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.unwrap().block_on(get(&redis, "a"))
        });
        let answer = tokio::task::spawn_blocking(|| elsewhere.join().unwrap());
        assert_eq!(within("the thread", answer).await.unwrap(), Ok(None));
    }
}

#[tokio::test]
async fn a_feed_tells_when_it_is_gone_and_comes_back_by_itself() {
    let mut server = RedisServer::start(&[]).await;
    let redis = open(&server);
    let mut feed = redis.subscribe(vec!["a".to_owned()], vec!["b*".to_owned()]);
    for round in 0..2 {
        assert_eq!(within("the feed", feed.next()).await, Some(News::Here));
        for channel in ["a", "b1"] {
            let heard: u64 = server.ask(cmd("PUBLISH").arg(channel).arg("x"));
            assert_eq!(heard, 1, "round {round}");
            let message = within("the message", feed.next()).await;
            let expected = News::Message {
                channel: channel.into(),
                payload: b"x"[..].into(),
            };
            assert_eq!(message, Some(expected));
        }
        if round == 0 {
            server.kill();
            let gone = within("the loss", feed.next()).await;
            assert!(matches!(gone, Some(News::Gone(_))), "{gone:?}");
            server.revive().await;
        }
    }
}

#[tokio::test]
async fn a_feed_that_hangs_is_given_up_and_tells_that_once() {
    let server = RedisServer::start(&[]).await;
    let mut feed = open(&server).subscribe(vec!["a".to_owned()], Vec::new());
    assert_eq!(within("the feed", feed.next()).await, Some(News::Here));
    let () = server.ask(cmd("CLIENT").arg("PAUSE").arg(12_000));
    let gone = within("the loss", feed.next()).await;
    assert!(matches!(gone, Some(News::Gone(_))), "{gone:?}");
    let again = within("the feed again", feed.next()).await;
    assert_eq!(again, Some(News::Here));
}
