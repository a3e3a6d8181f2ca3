//! Pace against the simulator with the vendors' published limits, in virtual time: as fast as is allowed, and no faster.

use std::sync::Arc;
use std::time::Duration;

use tenken::collect::{self, Options, RateShare};
use tenken::policy;
use tenken::simulator::{Limits, Request, Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Manifest, SnapshotWriter, Status};

use crate::support;

/// What was collected, and what the servers saw of it.
struct Run {
    manifest: Manifest,
    requests: Vec<Request>,
}

/// Collects what the built-in policies need of so many people at a share of the published limits.
async fn run(people: u32, share: &str) -> Run {
    let scenario = Scenario::builtin("clean").unwrap().unwrap().with_people(people);
    let options = ServerOptions {
        limits: Limits::Published,
        ..ServerOptions::default()
    };
    let server = Server::start(World::new(scenario, support::now()), options)
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let writer = SnapshotWriter::create(&folder.path().join("snapshot"), false).unwrap();
    let plan = collect::plan(&policy::needs(&support::built_in()));
    let options = Options {
        rate_share: share.parse::<RateShare>().unwrap(),
    };
    let tenant = support::tenant_of(&server);
    let manifest = collect::collect(
        &tenant,
        &plan,
        writer,
        options,
        Arc::new(support::now),
        support::still_time(Duration::from_secs(600)),
    )
    .await
    .unwrap();
    Run {
        manifest,
        requests: server.requests(),
    }
}

impl Run {
    /// How much of the permitted rate was used on a bucket that allows so many requests in windows of a minute.
    fn use_of_windows(&self, in_bucket: impl Fn(&str) -> bool, per_window: usize) -> f64 {
        let times: Vec<_> = self
            .requests
            .iter()
            .filter(|r| in_bucket(&r.path))
            .map(|r| r.at)
            .collect();
        let windows = times.len().div_ceil(per_window);
        assert!(windows > 4, "{} requests fill no windows", times.len());
        let passed = times
            .last()
            .unwrap()
            .duration_since(*times.first().unwrap())
            .as_secs_f64();
        60.0 * (windows - 1) as f64 / passed
    }

    /// Every request was a page or a token, and none was refused.
    fn assert_nothing_in_vain(&self) {
        for entry in &self.manifest.resources {
            assert_eq!(entry.status, Status::Complete, "{}", entry.resource);
        }
        let pages: u64 = self.manifest.resources.iter().map(|entry| entry.pages).sum();
        let tokens = self.requests.iter().filter(|request| request.method == "POST").count();
        assert_eq!(self.requests.len() as u64, pages + tokens as u64);
        assert!(tokens <= 2, "{tokens} tokens");
        let refused = self.requests.iter().filter(|request| request.status == 429).count();
        assert_eq!(refused, 0, "throttled");
    }
}

#[tokio::test(start_paused = true)]
async fn our_share_of_every_window_is_used() {
    let run = run(5_000, "2%").await;
    run.assert_nothing_in_vain();
    // Two of a hundred a minute.
    let apps = run.use_of_windows(|path| path.starts_with("/api/v1/apps"), 2);
    assert!((0.95..=1.0).contains(&apps), "{apps:.3} of the permitted rate");
}
