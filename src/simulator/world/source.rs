//! Where the objects of a list come from: first those that are kept, then those of the crowd, made
//! one by one.

use serde_json::Value;

use super::World;
use super::cast::Holding;
use super::entra::registration;

/// Which account of a person is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The Okta user.
    Okta,
    /// The user of the app that provisions the crowd.
    App,
    /// The Entra user.
    Entra,
    /// The methods that the Entra user has registered.
    Registration,
}

/// A list of objects, addressed by position.
///
/// A position may be empty, as that of somebody who is not assigned to an app; so a list has no
/// cheap length, but it can be entered anywhere, which is all that paging needs.
pub(crate) struct Source<'w> {
    /// Where the crowd is made.
    world: &'w World,
    /// What is kept.
    kept: Vec<&'w Value>,
    /// What of the crowd comes after that.
    crowd: Option<Account>,
    /// Only what changed after this time.
    changed_after: Option<String>,
}

impl<'w> Source<'w> {
    /// A list of objects that are kept.
    pub(super) fn kept(world: &'w World, kept: impl IntoIterator<Item = &'w Value>) -> Source<'w> {
        Source {
            world,
            kept: kept.into_iter().collect(),
            crowd: None,
            changed_after: None,
        }
    }

    /// Of the same list only what changed after a time, as the vendor writes it.
    pub(super) fn changed_after(self, time: Option<String>) -> Source<'w> {
        Source {
            changed_after: time,
            ..self
        }
    }

    /// The same list, followed by the crowd's accounts.
    pub(super) fn with_crowd(self, account: Account) -> Source<'w> {
        Source {
            crowd: Some(account),
            ..self
        }
    }

    /// The objects from a position on, each with its own position.
    pub(crate) fn from(self, position: u64) -> impl Iterator<Item = (u64, Value)> + 'w {
        let people = self.crowd.map_or(0, |_| self.world.casting.people());
        let end = self.kept.len() as u64 + u64::from(people);
        (position..end)
            .filter_map(move |position| Some((position, self.at(position).filter(|object| self.is_wanted(object))?)))
    }

    /// Written alike, times sort as text.
    fn is_wanted(&self, object: &Value) -> bool {
        let changed = object.get("lastUpdated").and_then(Value::as_str).unwrap_or_default();
        self.changed_after.as_deref().is_none_or(|time| changed > time)
    }

    /// The object at a position, if there is one.
    fn at(&self, position: u64) -> Option<Value> {
        let Some(beyond) = position.checked_sub(self.kept.len() as u64) else {
            return self
                .kept
                .get(usize::try_from(position).ok()?)
                .map(|kept| (*kept).clone());
        };
        self.world.crowd_account(self.crowd?, u32::try_from(beyond).ok()?)
    }
}

impl World {
    /// An account of somebody in the crowd; none if that person has none.
    fn crowd_account(&self, account: Account, index: u32) -> Option<Value> {
        if account != Account::Okta && !self.casting.is_assigned(index) {
            return None;
        }
        let person = self.casting.person(index)?;
        match account {
            Account::Okta => Some(self.org.user(&person)),
            Account::App => {
                let app = self.org.apps.iter().find(|app| app.has_crowd)?;
                Some(self.org.app_user(&person, app))
            }
            Account::Registration => Some(registration(&person)),
            Account::Entra => {
                let licence = Holding::of_crowd(&self.scenario, person.times.licensed)?;
                Some(self.tenant.user(&person, &[licence]))
            }
        }
    }
}
