//! A scenario at one point in time: every object that either vendor would show.
//!
//! Named people and everything else that a scenario spells out is kept; the crowd is made when it
//! is asked for, so a million people take no memory.

mod cast;
mod crowd;
mod entra;
mod object;
mod okta;
mod patch;
mod person;
mod query;
mod shelf;
mod source;
mod time;

use jiff::Timestamp;
use serde_json::Value;

pub(crate) use query::{BadQuery, LogQuery, Query, Users, Window};
pub(crate) use source::Source;
pub(crate) use time::{Style, after};

use super::endpoint::{Endpoint, Resource, Vendor, same_template};
use super::scenario::{Scenario, text};
use super::stock::{Parents, STOCK};
use cast::Member;
use crowd::Casting;
use entra::Tenant;
use okta::Org;
use patch::Patcher;
use shelf::Shelf;
use source::Account;

/// A scenario at a fixed time, with all objects in reach.
///
/// The same scenario and the same time make the same objects, to the byte.
#[derive(Debug)]
pub struct World {
    /// What is the case.
    pub(crate) scenario: Scenario,
    /// What time it is.
    pub(crate) now: Timestamp,
    /// Makes the crowd.
    casting: Casting,
    /// The Okta org.
    org: Org,
    /// The Entra tenant.
    tenant: Tenant,
    /// What paths without code of their own hand out, in the order of the stock.
    shelves: Vec<Shelf>,
}

/// An object of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// The value of the path's parameter (an app id, a domain name), where the path has one.
    pub parent: Option<String>,
    /// The object, as the vendor shows it.
    pub object: Value,
}

/// Why there is nothing where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no such parent.
    Parent,
    /// The app does not provision.
    Provisioning,
    /// The domain is not federated.
    Federation,
}

impl World {
    /// Places a scenario in time: what it says of "five minutes ago" is five minutes before `now`.
    pub fn new(scenario: Scenario, now: Timestamp) -> World {
        let casting = Casting::new(&scenario, now);
        let cast = Member::all(&scenario, now);
        let org = Org::new(&scenario, &cast, now);
        let tenant = Tenant::new(&scenario, &cast, &casting, now);
        drop(cast);
        let shelves = STOCK.iter().map(|(vendor, stock)| {
            let style = match vendor {
                Vendor::Okta => Style::Okta,
                Vendor::Graph => Style::Graph,
            };
            let mut said = scenario.file.stock.iter();
            let file = said.find(|(template, _)| same_template(template, &stock.path));
            Shelf::new(stock, file.map(|(_, file)| file), &Patcher::new(now, style))
        });
        let shelves = shelves.collect();
        World {
            shelves,
            scenario,
            now,
            casting,
            org,
            tenant,
        }
    }

    /// The objects that GETs of a path template return over all parents, in order; none if the
    /// simulator has no such path, or the query is not understood.
    ///
    /// A template is a path with its API version and, for a child of something, the parent's id in
    /// braces: `/api/v1/apps/{appId}/users`, `/v1.0/users`, `/beta/admin/appsAndServices`. A
    /// single object is a list of one. Graph's objects come with all properties. What a filter
    /// would change can be asked for as in a request, but written plainly:
    /// `/api/v1/users?filter=status eq "DEPROVISIONED"`. The list is lazy and holds no crowd.
    pub fn listing(&self, path_template: &str) -> Option<Box<dyn Iterator<Item = Listed> + '_>> {
        let (template, parameters) = path_template.split_once('?').unwrap_or((path_template, ""));
        let endpoint = Endpoint::of_template(template)?;
        let pairs: Vec<(String, String)> = parameters
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let query = Query::read(endpoint.resource, &pairs, self.now).ok()?;
        if let Some(object) = self.single(endpoint.resource) {
            return Some(Box::new(std::iter::once(Listed {
                parent: None,
                object: object.clone(),
            })));
        }
        let resource = endpoint.resource;
        let sources = self.parents(resource).into_iter().filter_map(move |parent| {
            let source = self.source(resource, parent.as_deref(), &query).ok()?;
            Some(source.from(0).map(move |(_, object)| Listed {
                parent: parent.clone(),
                object,
            }))
        });
        Some(Box::new(sources.flatten()))
    }

    /// The object of a path that has only one.
    pub(crate) fn single(&self, resource: Resource) -> Option<&Value> {
        match resource {
            Resource::OktaOrganization => Some(&self.org.well_known),
            Resource::Org => Some(&self.org.settings),
            Resource::AuthorizationPolicy => Some(&self.tenant.authorization_policy),
            Resource::AppsAndServices => Some(&self.tenant.apps_and_services),
            Resource::Stock(at) => {
                let stock = STOCK.get(at).map(|(_, stock)| stock)?;
                let shelf = self.shelves.get(at)?;
                shelf
                    .objects
                    .first()
                    .filter(|_| stock.is_single() && stock.of.is_none())
            }
            _ => None,
        }
    }

    /// The objects of a path that has a list.
    pub(crate) fn source(
        &self,
        resource: Resource,
        parent: Option<&str>,
        query: &Query,
    ) -> Result<Source<'_>, Missing> {
        let app = || self.org.app(parent.unwrap_or_default()).ok_or(Missing::Parent);
        let kept: &[Value] = match resource {
            Resource::OktaUsers => return Ok(self.okta_users(&query.users)),
            Resource::Apps => return Ok(self.apps(query.app_name.as_deref())),
            Resource::AppUsers => {
                let app = app()?;
                let kept = Source::kept(self, &app.users);
                return Ok(if app.has_crowd {
                    kept.with_crowd(Account::App)
                } else {
                    kept
                });
            }
            Resource::AppGroups => &app()?.groups,
            Resource::AppFeatures => app()?.features.as_deref().ok_or(Missing::Provisioning)?,
            Resource::SystemLog => return Ok(self.log(&query.log)),
            Resource::Federation => {
                let domain = self.tenant.domain(parent.unwrap_or_default()).ok_or(Missing::Parent)?;
                if domain.federation.is_empty() {
                    return Err(Missing::Federation);
                }
                &domain.federation
            }
            Resource::Organization => &self.tenant.organization,
            Resource::Domains => {
                return Ok(Source::kept(
                    self,
                    self.tenant.domains.iter().map(|domain| &domain.object),
                ));
            }
            Resource::EntraUsers => {
                return Ok(Source::kept(self, &self.tenant.users).with_crowd(Account::Entra));
            }
            Resource::Registrations => {
                return Ok(Source::kept(self, &self.tenant.registrations).with_crowd(Account::Registration));
            }
            Resource::Stock(at) => return self.shelf(at, parent, query),
            Resource::EntraGroups => &self.tenant.groups,
            Resource::SubscribedSkus => &self.tenant.skus,
            Resource::Subscriptions => &self.tenant.subscriptions,
            Resource::RoleAssignments => &self.tenant.role_assignments,
            _ => &[],
        };
        Ok(Source::kept(self, kept))
    }

    /// The objects of a path without code of its own.
    fn shelf(&self, at: usize, parent: Option<&str>, query: &Query) -> Result<Source<'_>, Missing> {
        let (Some((_, stock)), Some(shelf)) = (STOCK.get(at), self.shelves.get(at)) else {
            return Err(Missing::Parent);
        };
        if let (Some(parents), Some(parent)) = (&stock.of, parent)
            && !self.keys(parents).iter().any(|key| key == parent)
        {
            return Err(Missing::Parent);
        }
        Ok(Source::kept(self, shelf.list(stock, parent, query)))
    }

    /// What stands in the path of the children of something.
    fn keys(&self, parents: &Parents) -> Vec<String> {
        let Some(endpoint) = Endpoint::of_template(&parents.path) else {
            return Vec::new();
        };
        if let Some((of, key)) = parents.key.split_once('/')
            && of == "parent"
        {
            return self.nested_keys(&parents.path, key);
        }
        let pointer = format!("/{}", parents.key.replace('.', "/"));
        let key = |object: &Value| object.pointer(&pointer).and_then(Value::as_str).map(str::to_owned);
        match endpoint.resource {
            Resource::Stock(at) => self
                .shelves
                .get(at)
                .map(|shelf| &shelf.objects)
                .into_iter()
                .flatten()
                .filter_map(key)
                .collect(),
            other => match self.source(other, None, &Query::default()) {
                Ok(source) => source.from(0).filter_map(|(_, object)| key(&object)).collect(),
                Err(_) => Vec::new(),
            },
        }
    }

    /// What stands in the path of the children of something that is itself a child: the ids of both.
    fn nested_keys(&self, path: &str, key: &str) -> Vec<String> {
        let listed = self.listing(path).into_iter().flatten();
        listed
            .filter_map(|Listed { parent, object }| Some(format!("{}/{}", parent?, object.get(key)?.as_str()?)))
            .collect()
    }

    /// How many people there are.
    pub(crate) fn people(&self) -> u64 {
        let named = self.scenario.file.people.len() as u64;
        named + u64::from(self.scenario.file.crowd.people)
    }

    /// The application permissions of the auditor's app registration; none means all that are
    /// needed.
    pub(crate) fn granted(&self) -> Option<&[String]> {
        self.scenario.file.entra.client.granted.as_deref()
    }

    /// Whether the tenant goes by this name: its id or one of its verified domains.
    pub(crate) fn is_tenant(&self, name: &str) -> bool {
        let organization = self.tenant.organization.first();
        let domains = organization
            .and_then(|tenant| tenant.get("verifiedDomains")?.as_array())
            .into_iter()
            .flatten();
        let mut names = domains
            .map(|domain| text(domain, "name"))
            .chain([self.scenario.file.entra.tenant_id.as_str()]);
        names.any(|known| known.eq_ignore_ascii_case(name))
    }

    /// The users that are asked for.
    fn okta_users(&self, which: &Users) -> Source<'_> {
        let changed_after = match which {
            Users::ChangedAfter(time) => Some(Style::Okta.write(*time)),
            _ => None,
        };
        let wanted = |user: &&Value| match which {
            Users::Present => text(user, "status") != "DEPROVISIONED",
            Users::Status(status) => text(user, "status") == status,
            Users::ChangedAfter(_) => true,
        };
        let kept = Source::kept(self, self.org.users.iter().filter(wanted));
        // Everybody in the crowd is active; without this, a search for others would make a million
        // people in vain.
        match which {
            Users::Status(status) if status != "ACTIVE" => kept,
            _ => kept.with_crowd(Account::Okta).changed_after(changed_after),
        }
    }

    /// Apps of a name, or all.
    fn apps(&self, name: Option<&str>) -> Source<'_> {
        let apps = self.org.apps.iter().map(|app| &app.object);
        Source::kept(
            self,
            apps.filter(|app| name.is_none_or(|name| text(app, "name") == name)),
        )
    }

    /// Events, as asked for.
    fn log(&self, query: &LogQuery) -> Source<'_> {
        let bounds = [query.since, query.until].map(|bound| bound.map(|time| Style::Okta.write(time)));
        let [since, until] = &bounds;
        let wanted = |event: &&Value| {
            // Written alike, times sort as text.
            let published = text(event, "published");
            since.as_ref().is_none_or(|since| published >= since.as_str())
                && until.as_ref().is_none_or(|until| published < until.as_str())
                && (!query.failures_only || is_failure(event))
        };
        let mut events: Vec<&Value> = self.org.log.iter().filter(wanted).collect();
        if query.descending {
            events.reverse();
        }
        Source::kept(self, events)
    }

    /// The parents that a resource is listed under; nobody's child is listed once.
    fn parents(&self, resource: Resource) -> Vec<Option<String>> {
        match resource {
            Resource::AppUsers | Resource::AppGroups | Resource::AppFeatures => {
                self.org.apps.iter().map(|app| Some(app.id.clone())).collect()
            }
            Resource::Federation => self
                .tenant
                .domains
                .iter()
                .map(|domain| Some(domain.id.clone()))
                .collect(),
            Resource::Stock(at) => match STOCK.get(at).and_then(|(_, stock)| stock.of.as_ref()) {
                Some(parents) => self.keys(parents).into_iter().map(Some).collect(),
                None => vec![None],
            },
            _ => vec![None],
        }
    }
}

/// Whether an event is what the one supported filter asks for.
fn is_failure(event: &Value) -> bool {
    let kind = text(event, "eventType");
    let provisioning = kind.starts_with("application.provision.user") || kind.starts_with("app.office365");
    provisioning && event.pointer("/outcome/result").and_then(Value::as_str) == Some("FAILURE")
}
