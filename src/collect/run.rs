//! Runs a plan: both sources side by side, resource types one after another.

use std::collections::{BTreeMap, HashSet};

use bumpalo::Bump;
use reqwest::Url;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::auth::Auth;
use super::client::Client;
use super::failure::{Failure, classify};
use super::pace::Pace;
use super::plan::{Plan, Step};
use super::retry::{Cost, GetError};
use super::{Clock, CollectError, Event, Observer, Options, pages};
use crate::catalog::{PerParent, Population, RecordType, SourceName};
use crate::config::Tenant;
use crate::expr::{NoRecords, Scope, Type, Value, compile, from_json, run};
use crate::snapshot::{Entry, FORMAT, Manifest, ParentStatus, ResourceFile, Side, SnapshotWriter, Status, Tool};

/// Most pages of one list: a billion objects.
const MAX_PAGES: u64 = 5_000_000;

/// Collects a snapshot and puts it in its place.
///
/// # Errors
/// When a credential is missing or refused, when a configured source gives nothing at all, or when the snapshot cannot
/// be written. A resource type that cannot be read is no error: the manifest says so.
pub async fn collect(
    tenant: &Tenant,
    plan: &Plan,
    writer: SnapshotWriter,
    options: Options,
    clock: Clock,
    observer: Observer,
) -> Result<Manifest, CollectError> {
    let started = clock();
    let okta = async {
        let Some(okta) = &tenant.okta else {
            return Ok(Vec::new());
        };
        let client = Client::new(
            SourceName::Okta,
            okta.url.clone(),
            Pace::new(SourceName::Okta, options.rate_share),
            observer.clone(),
        )?;
        let auth = Auth::okta(okta)?;
        Collector::new(client, auth, SourceName::Okta, &writer, &clock, &observer, started)
            .all(plan)
            .await
    };
    let entra = async {
        let Some(entra) = &tenant.entra else {
            return Ok(Vec::new());
        };
        let client = Client::new(
            SourceName::Entra,
            entra.graph_url.clone(),
            Pace::new(SourceName::Entra, options.rate_share),
            observer.clone(),
        )?;
        let auth = Auth::entra(entra, clock.clone())?;
        Collector::new(client, auth, SourceName::Entra, &writer, &clock, &observer, started)
            .all(plan)
            .await
    };
    let (okta, entra) = tokio::join!(okta, entra);
    let mut read: Vec<Entry> = okta?;
    read.extend(entra?);
    let resources = plan
        .steps
        .iter()
        .map(|step| {
            let found = read.iter().find(|entry| entry.resource == step.resource.name);
            found.cloned().unwrap_or_else(|| not_requested(step))
        })
        .collect();
    let manifest = Manifest {
        format: FORMAT,
        tool: Tool::this(),
        name: tenant.name.clone(),
        okta: tenant.okta.as_ref().map(|okta| Side {
            id: host(&okta.url),
            url: okta.url.to_string(),
        }),
        entra: tenant.entra.as_ref().map(|entra| Side {
            id: entra.tenant.clone(),
            url: entra.graph_url.to_string(),
        }),
        started,
        ended: clock(),
        resources,
    };
    writer.finish(&manifest)?;
    Ok(manifest)
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

fn empty_entry(step: &Step) -> Entry {
    Entry {
        resource: step.resource.name.clone(),
        source: step.resource.source,
        status: Status::NotRequested,
        reason: None,
        endpoint: step.endpoint(),
        api_version: step.call.version.clone(),
        permission: step.call.permission.clone(),
        fields: step.fields(),
        objects: 0,
        pages: 0,
        requests: 0,
        throttles: 0,
        bytes: 0,
        read_at: None,
        file: None,
        sha256: None,
        parents: None,
    }
}

fn not_requested(step: &Step) -> Entry {
    let reason = format!("the configuration names no {}", step.resource.source.as_str());
    Entry {
        reason: Some(reason),
        ..empty_entry(step)
    }
}

/// Reads the resource types of one source.
struct Collector<'c> {
    client: Client,
    auth: Auth,
    source: SourceName,
    writer: &'c SnapshotWriter,
    clock: &'c Clock,
    observer: &'c Observer,
    started: jiff::Timestamp,
    /// Objects of the types that others are asked once for each of, as far as they were read.
    parents: BTreeMap<RecordType, Parents>,
}

struct Parents {
    objects: Vec<Json>,
    status: Status,
    reason: Option<String>,
}

/// How a list ended.
#[derive(Clone)]
struct Ended {
    status: Status,
    reason: Option<String>,
    /// The credential is no longer accepted.
    signed_out: bool,
}

impl Ended {
    fn whole() -> Self {
        Self {
            status: Status::Complete,
            reason: None,
            signed_out: false,
        }
    }

    fn failed(reason: impl Into<String>) -> Self {
        Self {
            status: Status::Failed,
            reason: Some(reason.into()),
            signed_out: false,
        }
    }
}

impl<'c> Collector<'c> {
    fn new(
        client: Client,
        auth: Auth,
        source: SourceName,
        writer: &'c SnapshotWriter,
        clock: &'c Clock,
        observer: &'c Observer,
        started: jiff::Timestamp,
    ) -> Self {
        Self {
            client,
            auth,
            source,
            writer,
            clock,
            observer,
            started,
            parents: BTreeMap::new(),
        }
    }

    async fn all(mut self, plan: &Plan) -> Result<Vec<Entry>, CollectError> {
        self.auth.header(&self.client).await?;
        let writing = self.auth.writing_permissions().await;
        if !writing.is_empty() {
            let list = writing.join(", ");
            self.tell(Event::Warning(format!(
                "the Entra token can write ({list}); tenken only reads, give it read permissions only"
            )));
        }
        let mut entries = Vec::new();
        let mut lost: Option<String> = None;
        for step in plan.of(self.source) {
            let entry = match &lost {
                Some(reason) => Entry {
                    status: Status::Failed,
                    reason: Some(reason.clone()),
                    ..empty_entry(step)
                },
                None => {
                    let wanted = plan.steps.iter().any(|other| {
                        other
                            .call
                            .per
                            .as_ref()
                            .is_some_and(|per| per.parent == step.resource.record)
                    });
                    let (entry, signed_out) = self.resource(step, wanted).await?;
                    lost = signed_out.then(|| entry.reason.clone().unwrap_or_default());
                    entry
                }
            };
            self.tell(Event::Finished {
                resource: &step.resource.name,
                status: entry.status,
                reason: entry.reason.clone(),
                objects: entry.objects,
            });
            entries.push(entry);
        }
        let nothing = !entries.is_empty()
            && entries
                .iter()
                .all(|e| !matches!(e.status, Status::Complete | Status::Partial));
        if nothing {
            let reason = entries
                .iter()
                .find_map(|entry| entry.reason.clone())
                .unwrap_or_default();
            return Err(CollectError::Nothing {
                source_name: self.source,
                reason,
            });
        }
        Ok(entries)
    }

    fn tell(&self, event: Event) {
        (self.observer)(event);
    }

    /// Reads one resource type into its file. Tells whether the credential was lost on the way.
    async fn resource(&mut self, step: &Step, keep: bool) -> Result<(Entry, bool), CollectError> {
        self.tell(Event::Started {
            resource: &step.resource.name,
        });
        let mut reading = Reading {
            file: self.writer.resource(&step.resource.name)?,
            cost: Cost::default(),
            pages: 0,
            kept: keep.then(Vec::new),
        };
        let (ended, parents) = match &step.call.per {
            None => (self.list(step, None, &mut reading).await?, None),
            Some(per) => {
                let (ended, parents) = self.each_parent(step, per, &mut reading).await?;
                (ended, Some(parents))
            }
        };
        let parents = match parents {
            Some(parents) => Some(self.writer.parents(&step.resource.name, &parents)?),
            None => None,
        };
        let Reading {
            file,
            cost,
            pages,
            kept,
        } = reading;
        let finished = file.finish()?;
        let status = if ended.status != Status::Complete && finished.objects > 0 {
            Status::Partial
        } else {
            ended.status
        };
        if let Some(objects) = kept {
            let reason = ended.reason.clone();
            self.parents.insert(
                step.resource.record,
                Parents {
                    objects,
                    status,
                    reason,
                },
            );
        }
        let entry = Entry {
            status,
            reason: ended.reason,
            objects: finished.objects,
            pages,
            requests: cost.requests,
            throttles: cost.throttles,
            bytes: finished.bytes,
            read_at: Some((self.clock)()),
            file: Some(finished.file),
            sha256: Some(finished.sha256),
            parents,
            ..empty_entry(step)
        };
        Ok((entry, ended.signed_out))
    }

    /// Reads a type once for each of its parents; a parent that fails is that parent's matter.
    async fn each_parent(
        &self,
        step: &Step,
        per: &PerParent,
        reading: &mut Reading,
    ) -> Result<(Ended, Vec<ParentStatus>), CollectError> {
        let Some(parents) = self.parents.get(&per.parent) else {
            return Ok((Ended::failed(format!("{} was not read", per.parent.name())), Vec::new()));
        };
        let mut statuses = Vec::new();
        let mut worst = Ended::whole();
        for key in parent_keys(per, &parents.objects) {
            // Without a credential the rest fails for the same reason; nobody is asked in vain.
            let ended = if worst.signed_out {
                worst.clone()
            } else {
                self.list(step, Some(&key), reading).await?
            };
            statuses.push(ParentStatus {
                key,
                status: ended.status,
                reason: ended.reason.clone(),
            });
            if ended.signed_out || (ended.status != Status::Complete && worst.status == Status::Complete) {
                worst = ended;
            }
        }
        if parents.status != Status::Complete && worst.status == Status::Complete {
            let why = parents.reason.as_deref().unwrap_or(parents.status.as_str());
            let reason = format!("{} was not read whole: {why}", per.parent.name());
            worst = Ended {
                status: parents.status,
                reason: Some(reason),
                signed_out: false,
            };
        }
        Ok((worst, statuses))
    }

    /// Reads a list to its end, for one parent if it has one.
    async fn list(&self, step: &Step, parent: Option<&str>, reading: &mut Reading) -> Result<Ended, CollectError> {
        let mut seen: HashSet<String> = HashSet::new();
        let mut next = Some(step.url(self.client.base(), parent, self.started));
        let before = reading.file.objects();
        while let Some(url) = next {
            if !seen.insert(url.to_string()) {
                return Ok(partial(
                    reading.file.objects() > before,
                    "the vendor's next links run in a circle",
                ));
            }
            if reading.pages >= MAX_PAGES {
                return Ok(partial(true, "the list does not end"));
            }
            let answer = match self.client.get(&url, &self.auth, &mut reading.cost).await {
                Ok(answer) => answer,
                Err(GetError::SignIn(CollectError::SignIn { reason, .. })) => {
                    return Ok(Ended {
                        signed_out: true,
                        ..Ended::failed(reason)
                    });
                }
                Err(GetError::SignIn(error)) => return Err(error),
                Err(GetError::Failed(reason)) => return Ok(partial(reading.file.objects() > before, &reason)),
            };
            if answer.status != 200 {
                return Ok(match classify(self.source, step.call, answer.status, &answer.body) {
                    // "There are none" is no answer to the question for the rest of a list.
                    Failure::Empty if seen.len() == 1 => Ended::whole(),
                    Failure::Empty => partial(true, &format!("HTTP {} in the middle of the list", answer.status)),
                    Failure::SignedOut(reason) => Ended {
                        signed_out: true,
                        ..Ended::failed(reason)
                    },
                    Failure::Refused(_, reason) if reading.file.objects() > before => partial(true, &reason),
                    Failure::Refused(status, reason) => Ended {
                        status,
                        reason: Some(reason),
                        signed_out: false,
                    },
                });
            }
            let single = step.resource.population == Population::One;
            let page = match pages::parse(step.call.paging, single, &answer.headers, &answer.body) {
                Ok(page) => page,
                Err(reason) => return Ok(partial(reading.file.objects() > before, &reason)),
            };
            reading.pages += 1;
            for object in page.objects {
                reading.push(parent, object)?;
            }
            self.tell(Event::Page {
                resource: &step.resource.name,
                objects: reading.file.objects(),
            });
            next = page.next;
        }
        Ok(Ended::whole())
    }
}

/// A list that broke off: partial when something of it was read.
fn partial(read_some: bool, reason: &str) -> Ended {
    let status = if read_some { Status::Partial } else { Status::Failed };
    Ended {
        status,
        reason: Some(reason.to_owned()),
        signed_out: false,
    }
}

/// A resource type being read.
struct Reading {
    file: ResourceFile,
    cost: Cost,
    pages: u64,
    /// The objects themselves, when other types are asked once for each.
    kept: Option<Vec<Json>>,
}

impl Reading {
    fn push(&mut self, parent: Option<&str>, object: &RawValue) -> Result<(), CollectError> {
        if let Some(kept) = &mut self.kept
            && let Ok(json) = serde_json::from_str(object.get())
        {
            kept.push(json);
        }
        Ok(self.file.push(parent, object)?)
    }
}

/// Keys of the parents that are asked: those for which the catalogue's condition holds. A key that would change the path
/// is no key of any vendor and is left out, so that what belongs to it counts as not collected.
pub fn parent_keys(per: &PerParent, objects: &[Json]) -> Vec<String> {
    let variable = per.parent.info().variable.as_str();
    let compiled = per
        .filter
        .as_ref()
        .map(|filter| compile(filter, &Scope::new().with(variable, Type::Dyn)));
    let wanted = |object: &Json| match compiled.as_ref().and_then(|compiled| compiled.plan.as_ref()) {
        None => true,
        Some(plan) => {
            let arena = Bump::new();
            // Whoever cannot be told apart is asked: one call too many does no harm, one too few would.
            !matches!(
                run(plan, &[from_json(object, &arena)], &NoRecords, &arena),
                Value::Bool(false)
            )
        }
    };
    objects
        .iter()
        .filter(|object| wanted(object))
        .filter_map(|object| object.get(&per.key)?.as_str().map(str::to_owned))
        .filter(|key| !matches!(key.as_str(), "" | "." | ".."))
        .collect()
}
