//! How long a collection will still take, told from what has come of it.
//!
//! How much there is of most types follows from the number of people, so nothing is told before they are counted. What
//! falls into different buckets is read side by side, so the slowest of them says when the end is.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::estimate::{Forecast, StepForecast};
use super::pace::RateShare;
use super::plan::{Plan, Step};
use super::{Event, Status};
use crate::catalog::{Bucket, SourceName, catalog};

/// The types that are one object for each person.
const PEOPLE: &[&str] = &["okta.user", "entra.user"];

/// After so many pages of a bucket its pace is seen, and no longer foretold.
const SEEN: u64 = 10;

/// What is known of a collection while it runs.
#[derive(Debug)]
pub struct Outlook {
    plan: Plan,
    share: RateShare,
    /// People of each source that were counted.
    people: HashMap<&'static str, u64>,
    /// What the plan takes, once everybody is counted.
    forecast: Option<Forecast>,
    pages: HashMap<&'static str, u64>,
    paces: HashMap<BucketKey, BucketPace>,
    /// Parents read, and of how many.
    parents: HashMap<&'static str, (usize, usize)>,
    finished: HashSet<&'static str>,
}

/// A bucket: whose, and which.
type BucketKey = (SourceName, &'static str);

/// How fast pages of a bucket come.
#[derive(Clone, Copy, Debug)]
struct BucketPace {
    /// When the first of its types was begun.
    began: Duration,
    /// When its last page came.
    last: Duration,
    pages: u64,
}

impl Outlook {
    /// Nothing has happened yet. So much of the vendors' limits may be used.
    pub fn of(plan: &Plan, share: RateShare) -> Self {
        Self {
            plan: plan.clone(),
            share,
            people: HashMap::new(),
            forecast: None,
            pages: HashMap::new(),
            paces: HashMap::new(),
            parents: HashMap::new(),
            finished: HashSet::new(),
        }
    }

    /// Takes note of what happens after so long.
    pub fn hear(&mut self, event: &Event, passed: Duration) {
        match event {
            Event::Started { resource } => self.begin(resource, passed),
            Event::Page { resource, .. } => self.page(resource, passed),
            Event::Parent { resource, done, of } => {
                self.parents.insert(resource, (*done, *of));
            }
            Event::Finished {
                resource,
                status,
                objects,
                ..
            } => {
                self.finished.insert(resource);
                if PEOPLE.contains(resource) && *status == Status::Complete {
                    self.count(resource, *objects);
                }
            }
            Event::Asked { .. } | Event::Answered { .. } | Event::Waiting { .. } | Event::Warning(_) => {}
        }
    }

    /// The time left, at the pace so far; none while it cannot be told.
    pub fn left(&self) -> Option<Duration> {
        let mut left: HashMap<BucketKey, f64> = HashMap::new();
        for step in &self.forecast.as_ref()?.steps {
            *left.entry(key(step.bucket)).or_default() += self.requests_left(step) as f64 * self.seconds_each(step);
        }
        let slowest = left.into_values().fold(0.0, f64::max);
        Duration::try_from_secs_f64(slowest).ok()
    }

    fn begin(&mut self, resource: &str, passed: Duration) {
        if let Some(bucket) = self.bucket(resource) {
            self.paces.entry(key(bucket)).or_insert(BucketPace {
                began: passed,
                last: passed,
                pages: 0,
            });
        }
    }

    fn page(&mut self, resource: &'static str, passed: Duration) {
        *self.pages.entry(resource).or_default() += 1;
        let pace = self
            .bucket(resource)
            .and_then(|bucket| self.paces.get_mut(&key(bucket)));
        if let Some(pace) = pace {
            pace.last = passed;
            pace.pages += 1;
        }
    }

    fn bucket(&self, resource: &str) -> Option<&'static Bucket> {
        let step = self.plan.steps.iter().find(|step| step.resource.name == resource)?;
        catalog().bucket(step.resource.source, &step.call.path)
    }

    /// Seconds that a request of a step takes: as seen, and as the published limits foretell while little was seen.
    fn seconds_each(&self, forecast: &StepForecast) -> f64 {
        let foretold = forecast.seconds(self.share) / forecast.requests.max(1) as f64;
        let seen = self.paces.get(&key(forecast.bucket)).filter(|pace| pace.pages > 0);
        let Some(pace) = seen else { return foretold };
        let seen = pace.last.saturating_sub(pace.began).as_secs_f64() / pace.pages as f64;
        if pace.pages < SEEN { seen.max(foretold) } else { seen }
    }

    fn count(&mut self, resource: &'static str, people: u64) {
        self.people.insert(resource, people);
        let is_asked = |step: &&Step| PEOPLE.contains(&step.resource.name.as_str());
        let is_everybody = self.plan.steps.iter().filter(is_asked).count() == self.people.len();
        if let Some(most) = self.people.values().max().filter(|_| is_everybody) {
            self.forecast = Some(Forecast::of(&self.plan, *most, self.share));
        }
    }

    fn requests_left(&self, forecast: &StepForecast) -> u64 {
        let name = forecast.step.resource.name.as_str();
        if self.finished.contains(name) {
            return 0;
        }
        if let Some((done, of)) = self.parents.get(name) {
            let pages = forecast.requests.checked_div(forecast.lists).unwrap_or_default();
            return (of.saturating_sub(*done) as u64).saturating_mul(pages.max(1));
        }
        // What is not finished takes one more at least, however wrong the guess was.
        let read = self.pages.get(name).copied().unwrap_or_default();
        forecast.requests.saturating_sub(read).max(1)
    }
}

fn key(bucket: &'static Bucket) -> BucketKey {
    (bucket.source, &bucket.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::everything;

    /// A plan of these types.
    fn plan_of(names: &[&str]) -> Plan {
        let mut plan = everything();
        plan.steps.retain(|step| names.contains(&step.resource.name.as_str()));
        assert_eq!(plan.steps.len(), names.len());
        plan
    }

    fn finished(resource: &'static str, objects: u64) -> Event {
        let (status, reason) = (Status::Complete, None);
        Event::Finished {
            resource,
            status,
            reason,
            objects,
        }
    }

    /// What is left after all of this, each at its second.
    fn left(names: &[&str], events: &[(u64, Event)]) -> Option<f64> {
        let mut outlook = Outlook::of(&plan_of(names), RateShare::ALL);
        for (second, event) in events {
            outlook.hear(event, Duration::from_secs(*second));
        }
        outlook.left().map(|left| left.as_secs_f64())
    }

    #[test]
    fn nothing_is_told_before_everybody_is_counted() {
        let names = ["okta.user", "entra.user", "okta.app", "okta.app_user"];
        let okta = (1, finished("okta.user", 20_000));
        assert_eq!(left(&names, std::slice::from_ref(&okta)), None);
        let entra = (2, finished("entra.user", 20_000));
        assert!(left(&names, &[okta, entra]).is_some());
        // People who could not be counted are no number.
        let denied = Event::Finished {
            resource: "okta.user",
            status: Status::Denied,
            reason: None,
            objects: 0,
        };
        assert_eq!(left(&["okta.user", "okta.app"], &[(1, denied)]), None);
    }

    #[test]
    fn what_is_left_goes_at_the_pace_of_its_bucket() {
        let names = ["okta.user", "okta.app", "okta.app_user", "entra.domain"];
        let started = |resource| Event::Started { resource };
        let page = |resource| Event::Page { resource, objects: 1 };
        let parent = |done| Event::Parent {
            resource: "okta.app_user",
            done,
            of: 3,
        };
        let mut events = vec![
            (0, started("okta.app")),
            (0, finished("okta.user", 20_000)),
            (3, finished("okta.app", 3)),
            (3, started("okta.app_user")),
        ];
        // 20,000 people are 40 pages for each application, and one came every three seconds; the domains of the other
        // source take less.
        events.extend((1..=40).map(|number| (3 * number, page("okta.app_user"))));
        events.push((120, parent(1)));
        assert_eq!(left(&names, &events), Some(240.0));
        events.push((360, parent(3)));
        events.push((360, finished("okta.app_user", 60_000)));
        events.push((360, finished("entra.domain", 1)));
        assert_eq!(left(&names, &events), Some(0.0));
    }

    #[test]
    fn what_was_not_begun_takes_what_the_vendor_allows() {
        let names = ["entra.user", "entra.user_registration"];
        let events = [(1, finished("entra.user", 3_000))];
        let left = left(&names, &events).unwrap();
        // Five requests in ten seconds, a hundred people each or more.
        assert!((6.0..=60.0).contains(&left), "{left}");
    }
}
