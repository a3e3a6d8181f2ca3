//! A person: everything about somebody from which the accounts in Okta, in its apps and in Entra
//! are made.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::time::{after, seconds_before};
use crate::simulator::draw::Draw;
use crate::simulator::identity;
use crate::simulator::scenario::schema::{CrowdFile, CultureFile};

/// A person with all circumstances.
#[derive(Debug)]
pub(crate) struct Person<'s> {
    /// Id of the Okta account.
    pub(crate) okta_id: String,
    /// Id of the Entra account.
    pub(crate) entra_id: Uuid,
    /// What the person is called.
    pub(crate) name: Named<'s>,
    /// Where the person works.
    pub(crate) culture: &'s CultureFile,
    /// Office.
    pub(crate) office: &'s str,
    /// Department.
    pub(crate) department: &'s str,
    /// Job title.
    pub(crate) title: &'s str,
    /// Employee number.
    pub(crate) employee_id: String,
    /// Phone number.
    pub(crate) phone: String,
    /// What happened when.
    pub(crate) times: Times,
}

/// What a person is called.
#[derive(Debug)]
pub(crate) struct Named<'s> {
    /// Given name.
    pub(crate) given: &'s str,
    /// Family name.
    pub(crate) family: &'s str,
    /// Display name.
    pub(crate) display: String,
    /// Okta login, app user name and user principal name.
    pub(crate) login: String,
}

/// What happened to a person's accounts when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// The Okta account was made.
    pub(crate) created: Timestamp,
    /// It became active.
    pub(crate) activated: Timestamp,
    /// The person was assigned to the app.
    pub(crate) assigned: Timestamp,
    /// The app account was made.
    pub(crate) provisioned: Timestamp,
    /// It got its licence.
    pub(crate) licensed: Timestamp,
    /// The password was last changed.
    pub(crate) password_changed: Timestamp,
    /// The accounts were last changed.
    pub(crate) updated: Timestamp,
    /// The person last signed in.
    pub(crate) last_login: Timestamp,
}

impl<'s> Person<'s> {
    /// The person of this root, under a name.
    pub(crate) fn new(
        root: u64,
        name: Named<'s>,
        culture: &'s CultureFile,
        crowd: &'s CrowdFile,
        now: Timestamp,
    ) -> Person<'s> {
        let mut draw = Draw::new(root);
        Person {
            okta_id: identity::okta_user(root),
            entra_id: identity::entra_user(root),
            name,
            culture,
            office: draw.pick(&culture.offices).map_or("", String::as_str),
            department: draw.pick(&crowd.departments).map_or("", String::as_str),
            title: draw.pick(&crowd.titles).map_or("", String::as_str),
            employee_id: format!("E{:06}", draw.between(1_000, 1_000_000)),
            phone: format!("{} {:04}", culture.dialling, draw.between(100, 200)),
            times: Times::drawn(&mut draw, now),
        }
    }

    /// Display name from given name and family name, in the order of the culture.
    pub(crate) fn display(given: &str, family: &str, culture: &CultureFile) -> String {
        if culture.family_first {
            format!("{family} {given}")
        } else {
            format!("{given} {family}")
        }
    }
}

impl Times {
    /// Each at a plausible distance from the one before and, for what happens again and again, from
    /// now.
    fn drawn(draw: &mut Draw, now: Timestamp) -> Times {
        const DAY: u64 = 86_400;
        let mut later = |time, low, high| after(time, SignedDuration::from_secs(draw.between(low, high) as i64));
        let long_ago = later(seconds_before(now, 1_800 * DAY), 0, 1_740 * DAY);
        let activated = later(long_ago, 60, DAY);
        let assigned = later(activated, 60, DAY);
        let provisioned = later(assigned, 30, 600);
        Times {
            created: long_ago,
            activated,
            assigned,
            provisioned,
            licensed: later(provisioned, 5, 60),
            password_changed: later(seconds_before(now, 55 * DAY), 0, 54 * DAY),
            updated: later(seconds_before(now, 50 * DAY), 0, 49 * DAY),
            last_login: later(seconds_before(now, 14 * DAY), 0, 14 * DAY - 600),
        }
    }
}
