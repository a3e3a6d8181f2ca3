//! What a plan takes: requests and time in a tenant of so many people.
//!
//! An estimate: how much there is of everything is a guess of the catalogue's, and the limits are the published ones.

use std::collections::BTreeMap;

use super::pace::RateShare;
use super::plan::{Plan, Step};
use crate::catalog::{Bucket, LimitUnit, Paging, Population, SourceName, catalog};

/// Objects of a page of Graph when the caller does not say (learn.microsoft.com/graph/paging, most lists).
const GRAPH_PAGE: u64 = 100;

/// Seconds that a list waits for a page when nothing else holds it up.
const PAGE_SECONDS: f64 = 0.5;

/// What a plan takes.
#[derive(Debug)]
pub struct Forecast {
    /// Each step of the plan, in its order.
    pub steps: Vec<StepForecast>,
    /// Each bucket that is asked of.
    pub buckets: Vec<BucketForecast>,
}

/// What a step takes.
#[derive(Debug)]
pub struct StepForecast {
    /// The step.
    pub step: Step,
    /// Lists that are read: one, or one for each parent.
    pub lists: u64,
    /// Objects that come.
    pub objects: u64,
    /// Requests.
    pub requests: u64,
    /// The bucket that they fall into.
    pub bucket: &'static Bucket,
}

/// What is taken from a bucket.
#[derive(Debug)]
pub struct BucketForecast {
    /// The bucket.
    pub bucket: &'static Bucket,
    /// Requests.
    pub requests: u64,
    /// Time that they take at least.
    pub seconds: f64,
}

impl Forecast {
    /// What a plan takes in a tenant of so many people, with a share of the vendors' limits.
    pub fn of(plan: &Plan, people: u64, share: RateShare) -> Self {
        let steps: Vec<StepForecast> = plan
            .steps
            .iter()
            .filter_map(|step| StepForecast::of(*step, people))
            .collect();
        let mut buckets: BTreeMap<(SourceName, &str), BucketForecast> = BTreeMap::new();
        for step in &steps {
            let bucket = step.bucket;
            let entry = buckets
                .entry((bucket.source, bucket.name.as_str()))
                .or_insert(BucketForecast {
                    bucket,
                    requests: 0,
                    seconds: 0.0,
                });
            entry.requests += step.requests;
            entry.seconds += step.seconds(share);
        }
        Self {
            steps,
            buckets: buckets.into_values().collect(),
        }
    }

    /// Requests of all steps.
    pub fn requests(&self) -> u64 {
        self.steps.iter().map(|step| step.requests).sum()
    }

    /// Time that the collection takes at least: what falls into different buckets is read side by side.
    pub fn seconds(&self) -> f64 {
        self.buckets.iter().map(|bucket| bucket.seconds).fold(0.0, f64::max)
    }
}

impl StepForecast {
    fn of(step: Step, people: u64) -> Option<Self> {
        let lists = match &step.call.per {
            None => 1,
            Some(per) => whole(match per.asked {
                Some(asked) => asked.count(people),
                None => per.parent.resource()?.estimate.count(people),
            }),
        };
        let each = whole(step.resource.estimate.count(people));
        let pages = each.div_ceil(page_size(step)).max(1);
        let path = step.call.path.as_str();
        Some(Self {
            step,
            lists,
            objects: lists.saturating_mul(each),
            requests: lists.saturating_mul(pages),
            bucket: catalog().bucket(step.resource.source, path)?,
        })
    }

    /// Time that its requests take when the bucket is used as far as it may be, and no page comes faster than usual.
    pub(super) fn seconds(&self, share: RateShare) -> f64 {
        let cost = match self.bucket.unit {
            LimitUnit::Units => f64::from(self.step.call.cost),
            LimitUnit::Requests => 1.0,
        };
        let a_second = share.of(f64::from(self.bucket.limit)) / f64::from(self.bucket.seconds);
        let requests = self.requests as f64;
        (requests * cost / a_second).max(requests * PAGE_SECONDS / 2.0)
    }
}

/// Objects that come with one request.
fn page_size(step: Step) -> u64 {
    match (step.call.page_size, step.call.paging) {
        (Some(size), _) => size.max(1),
        (None, Paging::Odata) if step.resource.population != Population::One => GRAPH_PAGE,
        _ => u64::MAX,
    }
}

/// A guess as a number of things.
fn whole(count: f64) -> u64 {
    count.ceil().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::everything;

    fn requests(people: u64, name: &str) -> u64 {
        let forecast = Forecast::of(&everything(), people, RateShare::default());
        let found = forecast.steps.iter().find(|step| step.step.resource.name == name);
        found.unwrap().requests
    }

    #[test]
    fn requests_follow_page_sizes_and_parents() {
        // okta.md 6.1: a hundred thousand people are 500 pages of users and 200 of app users.
        assert_eq!(requests(100_000, "okta.user"), 500);
        assert_eq!(requests(100_000, "okta.app_user"), 200);
        assert_eq!(requests(100_000, "entra.user"), 101);
        assert_eq!(requests(100_000, "entra.organization"), 1);
        // Administrators alone are asked for their factors.
        assert_eq!(requests(100_000, "okta.factor"), 505);
        assert_eq!(requests(0, "okta.user"), 1);
    }

    #[test]
    fn the_slowest_bucket_says_how_long_it_takes() {
        let needs = crate::policy::needs(&[]);
        assert_eq!(
            Forecast::of(&super::super::plan(&needs), 1_000, RateShare::ALL).seconds(),
            0.0
        );
        let half = Forecast::of(&everything(), 1_000_000, RateShare::default());
        let all = Forecast::of(&everything(), 1_000_000, RateShare::ALL);
        assert!(half.seconds() > all.seconds());
        let slowest = half
            .buckets
            .iter()
            .max_by(|a, b| a.seconds.total_cmp(&b.seconds))
            .unwrap();
        assert_eq!(slowest.bucket.name, "reports and audit logs");
        assert_eq!(
            half.requests(),
            half.buckets.iter().map(|bucket| bucket.requests).sum::<u64>()
        );
    }
}
