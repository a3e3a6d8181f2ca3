//! The limiters against made-up answers, in virtual time.

use super::*;
use reqwest::header::{HeaderName, HeaderValue};
use std::sync::Arc;

fn headers(pairs: &[(&'static str, String)]) -> HeaderMap {
    let pairs = pairs
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()));
    pairs.collect()
}

/// What Okta sends with a window that ends in so many seconds.
fn window(limit: u64, remaining: u64, seconds: u64) -> HeaderMap {
    headers(&[
        ("x-rate-limit-limit", limit.to_string()),
        ("x-rate-limit-remaining", remaining.to_string()),
        ("x-rate-limit-reset", (1_795_341_600 + seconds).to_string()),
        ("date", "Sun, 22 Nov 2026 10:00:00 GMT".to_owned()),
    ])
}

fn quiet() -> Observer {
    Arc::new(|_| ())
}

#[tokio::test(start_paused = true)]
async fn a_share_of_every_window_is_used_and_the_rest_left() {
    let pace = Pace::new(SourceName::Okta, RateShare::default());
    let began = Instant::now();
    for used in 1..=25 {
        let turn = pace.turn("/api/v1/users", None, &quiet()).await;
        turn.note(200, &window(50, 50 - used, 60), Duration::ZERO);
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
    let _next = pace.turn("/api/v1/users", None, &quiet()).await;
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_secs(60) && waited <= Duration::from_secs(61),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_others_use_is_not_ours_to_use() {
    let pace = Pace::new(SourceName::Okta, "80%".parse().unwrap());
    let began = Instant::now();
    let turn = pace.turn("/api/v1/users", None, &quiet()).await;
    turn.note(200, &window(100, 19, 30), Duration::ZERO);
    drop(turn);
    let _next = pace.turn("/api/v1/users", None, &quiet()).await;
    assert!(began.elapsed() >= Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_count_before_they_are_answered() {
    let pace = Pace::new(SourceName::Okta, RateShare::ALL);
    let first = pace.turn("/api/v1/users", None, &quiet()).await;
    first.note(200, &window(3, 2, 60), Duration::ZERO);
    drop(first);
    let _second = pace.turn("/api/v1/users", None, &quiet()).await;
    let _third = pace.turn("/api/v1/users", None, &quiet()).await;
    let quiet = quiet();
    let fourth = tokio::time::timeout(Duration::from_secs(30), pace.turn("/api/v1/users", None, &quiet));
    assert!(fourth.await.is_err(), "one more than what was left was sent");
}

#[tokio::test(start_paused = true)]
async fn waits_are_not_added_up() {
    let pace = Pace::new(SourceName::Entra, RateShare::ALL);
    let began = Instant::now();
    let turn = pace.turn("/v1.0/users", None, &quiet()).await;
    turn.note(429, &headers(&[("retry-after", "20".to_owned())]), Duration::ZERO);
    drop(turn);
    let own = Some(began + Duration::from_secs(15));
    let _next = pace.turn("/v1.0/users", own, &quiet()).await;
    let waited = began.elapsed();
    assert!(
        waited >= Duration::from_secs(20) && waited <= Duration::from_secs(21),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_means_fewer_at_once() {
    let pace = Pace::new(SourceName::Okta, RateShare::ALL);
    let turn = pace.turn("/api/v1/users", None, &quiet()).await;
    turn.note(429, &window(0, 0, 60), Duration::from_secs(1));
    drop(turn);
    let began = Instant::now();
    let turn = pace.turn("/api/v1/users", None, &quiet()).await;
    assert!(began.elapsed() < Duration::from_secs(2), "the reset is only a guess");
    assert_eq!(pace.lock().at_once.now(Instant::now()), MAX_AT_ONCE / 2);
    drop(turn);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_refusals_is_one_lesson_and_is_forgotten() {
    let pace = Pace::new(SourceName::Okta, RateShare::ALL);
    let first = pace.turn("/api/v1/users", None, &quiet()).await;
    first.note(200, &window(600, 599, 60), Duration::ZERO);
    drop(first);
    let mut burst = Vec::new();
    for _ in 0..MAX_AT_ONCE {
        burst.push(pace.turn("/api/v1/users", None, &quiet()).await);
    }
    for turn in &burst {
        turn.note(429, &window(0, 0, 60), Duration::from_secs(1));
    }
    drop(burst);
    let at_once = |pace: &Pace| pace.lock().at_once.now(Instant::now());
    assert_eq!(at_once(&pace), MAX_AT_ONCE / 2);
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(at_once(&pace), MAX_AT_ONCE / 2 + 3);
    tokio::time::advance(Duration::from_secs(300)).await;
    assert_eq!(at_once(&pace), MAX_AT_ONCE);
}

/// Requests to Graph in the next so many seconds.
async fn sent_within(pace: &Pace, seconds: u64) -> u32 {
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut sent = 0;
    while Instant::now() < end {
        let turn = pace.turn("/v1.0/groups/1/members", None, &quiet()).await;
        turn.note(200, &headers(&[("x-ms-resource-unit", "1".to_owned())]), Duration::ZERO);
        sent += 1;
    }
    sent
}

#[tokio::test(start_paused = true)]
async fn refusals_slow_down_for_a_while_only() {
    let pace = Pace::new(SourceName::Entra, RateShare::ALL);
    let mut rate_before = 0;
    for burst in 0..4 {
        let mut turns = Vec::new();
        for _ in 0..10 {
            turns.push(pace.turn("/v1.0/groups/1/members", None, &quiet()).await);
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        for turn in &turns {
            turn.note(429, &headers(&[("retry-after", "10".to_owned())]), Duration::ZERO);
        }
        drop(turns);
        tokio::time::sleep(Duration::from_secs(11)).await;
        let sent = sent_within(&pace, 1).await;
        // The first teaches the limit, here that of the smallest tenant; of it, each burst leaves seven tenths.
        if burst > 0 {
            assert!(
                f64::from(sent) > 0.6 * f64::from(rate_before),
                "{sent} after {rate_before}"
            );
            assert!(sent < rate_before, "{sent} after {rate_before}");
        }
        rate_before = sent;
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    let calm = sent_within(&pace, 10).await;
    assert!(calm > 3_300, "{calm} of 3,500 units in 10 seconds");
}

#[tokio::test(start_paused = true)]
async fn workloads_of_one_request_a_second_are_asked_once_a_second() {
    let pace = Pace::new(SourceName::Entra, RateShare::ALL);
    let began = Instant::now();
    for _ in 0..61 {
        let _turn = pace
            .turn("/v1.0/identity/conditionalAccess/policies", None, &quiet())
            .await;
    }
    let passed = began.elapsed().as_secs_f64();
    assert!((60.0..=60.0 / 0.95).contains(&passed), "{passed}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_told_once() {
    let heard = Arc::new(Mutex::new(0));
    let count = Arc::clone(&heard);
    let observer: Observer = Arc::new(move |_| *count.lock().unwrap() += 1);
    let pace = Pace::new(SourceName::Entra, RateShare::ALL);
    let turn = pace.turn("/v1.0/users", None, &observer).await;
    turn.note(429, &headers(&[("retry-after", "20".to_owned())]), Duration::ZERO);
    drop(turn);
    tokio::join!(async { drop(pace.turn("/v1.0/users", None, &observer).await) }, async {
        drop(pace.turn("/v1.0/groups", None, &observer).await)
    },);
    assert_eq!(*heard.lock().unwrap(), 1);
}

/// A tenant whose bucket holds so many units and gets a tenth of that back each second. Gives how many of 20,000 requests
/// it refused, and what part of its rate was used once the limit was known.
async fn tenant(holds: f64) -> (u32, f64) {
    let pace = Pace::new(SourceName::Entra, RateShare::ALL);
    let (mut level, mut at) = (holds, Instant::now());
    let (mut refused, mut served, mut since) = (0, 0.0, at);
    for _ in 0..20_000 {
        let turn = pace.turn("/v1.0/groups/1/members", None, &quiet()).await;
        level = holds.min(level + at.elapsed().as_secs_f64() * holds / 10.0);
        at = Instant::now();
        if level < 1.0 {
            turn.note(429, &headers(&[("retry-after", "1".to_owned())]), Duration::ZERO);
            (refused, served) = (refused + 1, 0.0);
        } else {
            turn.note(200, &headers(&[("x-ms-resource-unit", "1".to_owned())]), Duration::ZERO);
            level -= 1.0;
            if served == 0.0 {
                since = at;
            }
            served += 1.0;
        }
    }
    (refused, served / since.elapsed().as_secs_f64() / (holds / 10.0))
}

#[tokio::test(start_paused = true)]
async fn one_refusal_teaches_the_size_of_a_tenant() {
    for (holds, refusals) in [(8_000.0, 0), (5_000.0, 1), (3_500.0, 1)] {
        let (refused, used) = tenant(holds).await;
        assert_eq!(refused, refusals, "a tenant of {holds} units");
        assert!((0.95..=1.0).contains(&used), "{used:.3} of the rate of {holds} units");
    }
}
