//! The resource types of one source, as many at a time as the vendor's buckets allow. A type that is read once for each
//! object of another begins when that one has ended.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};

use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _};
use tokio::sync::{Semaphore, mpsc, watch};

use super::auth::Grant;
use super::client::Answer;
use super::connection::{Connection, writing_warning};
use super::list::Ended;
use super::plan::{Plan, Step};
use super::reading::Reading;
use super::retry::{Cost, GetError};
use super::run::{Within, empty_entry};
use super::{CollectError, Event};
use crate::catalog::{PerParent, RecordType};
use crate::snapshot::{Asked, Entry, ParentStatus, Status, asked_in};

/// First pages of parents that are asked for ahead of the one that is being written.
const AHEAD: usize = 8;

/// Reads the resource types of one source.
pub(super) struct Source<'c> {
    pub(super) within: Within<'c>,
    pub(super) to: Connection,
    /// Why the credential is no longer accepted, once it is not.
    lost: Mutex<Option<String>>,
}

/// How each type ended that others are waiting for.
type Ends = BTreeMap<RecordType, watch::Sender<Option<Entry>>>;

/// What came of the first request for a parent.
pub(super) struct First {
    pub(super) outcome: Result<Answer, GetError>,
    pub(super) cost: Cost,
}

impl<'c> Source<'c> {
    pub(super) fn new(within: Within<'c>, to: Connection) -> Self {
        Self {
            within,
            to,
            lost: Mutex::default(),
        }
    }

    pub(super) async fn all(self, plan: &Plan, grant: &Grant) -> Result<Vec<Entry>, CollectError> {
        let source = self.to.source;
        if let Some(warning) = writing_warning(source, grant) {
            self.tell(Event::Warning(warning));
        }
        let parents = plan.of(source).filter_map(|step| Some(step.call.per.as_ref()?.parent));
        let ends: Ends = parents.map(|parent| (parent, watch::Sender::new(None))).collect();
        let entries = try_join_all(plan.of(source).map(|step| self.step(step, plan, grant, &ends))).await?;
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
                source_name: source,
                reason,
            });
        }
        Ok(entries)
    }

    pub(super) fn tell(&self, event: Event) {
        (self.within.observer)(event);
    }

    fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads one resource type when its turn comes.
    async fn step(&self, step: &Step, plan: &Plan, grant: &Grant, ends: &Ends) -> Result<Entry, CollectError> {
        let parent = match &step.call.per {
            Some(per) if plan.of(self.to.source).any(|other| other.resource.record == per.parent) => {
                let ended = ends.get(&per.parent).map(watch::Sender::subscribe);
                match ended {
                    Some(mut ended) => ended
                        .wait_for(Option::is_some)
                        .await
                        .ok()
                        .and_then(|entry| entry.clone()),
                    None => None,
                }
            }
            _ => None,
        };
        let beginning = step.url(self.to.client.base(), None, self.within.started);
        let _permit = self.to.client.pace.list(beginning.path()).await;
        let known = self.within.writer.known(&step.resource.name)?;
        let hopeless = || {
            let lost = self.lost().map(|reason| (Status::Failed, reason));
            lost.or_else(|| self.to.in_vain(step, grant))
        };
        let entry = match (known.done, hopeless()) {
            (Some(entry), _) => entry,
            (None, Some((status, reason))) => Entry {
                status,
                reason: Some(reason),
                ..empty_entry(step)
            },
            (None, None) => {
                let entry = self.resource(step, plan, parent.as_ref()).await?;
                self.within.writer.note_done(&entry)?;
                entry
            }
        };
        self.tell(Event::Finished {
            resource: &step.resource.name,
            status: entry.status,
            reason: entry.reason.clone(),
            objects: entry.objects,
        });
        if let Some(end) = ends.get(&step.resource.record) {
            end.send_replace(Some(entry.clone()));
        }
        Ok(entry)
    }

    /// Reads one resource type into its file.
    async fn resource(&self, step: &Step, plan: &Plan, parent: Option<&Entry>) -> Result<Entry, CollectError> {
        let name = &step.resource.name;
        self.tell(Event::Started { resource: name });
        let (mut reading, parents) = Reading::begin(self.within.writer, step)?;
        let (ended, parents) = match &plan.parents(step) {
            None => (self.list(step, None, &mut reading, None).await?, None),
            Some(per) => {
                let (ended, statuses) = self.each_parent(step, per, parent, &mut reading, parents).await?;
                (ended, Some(self.within.writer.parents(name, &statuses)?))
            }
        };
        if ended.signed_out {
            *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = ended.reason.clone();
        }
        if reading.repeated > 0 {
            let (repeated, objects) = (reading.repeated, reading.file.objects());
            self.tell(Event::Warning(format!(
                "{name}: {repeated} objects came more than once and were kept once, {objects} are left"
            )));
        }
        for text in reading.drift.told() {
            self.tell(Event::Warning(text));
        }
        let entry = Entry {
            endpoint: step.endpoint(),
            parents,
            ..reading.finish(empty_entry(step))?
        };
        let is_partial = ended.status != Status::Complete && entry.objects > 0;
        Ok(Entry {
            status: if is_partial { Status::Partial } else { ended.status },
            reason: ended.reason,
            read_at: Some((self.within.clock)()),
            ..entry
        })
    }

    /// Reads a type once for each of its parents; a parent that fails is that parent's matter. `statuses` are those of
    /// the parents that an earlier attempt asked.
    async fn each_parent(
        &self,
        step: &Step,
        per: &PerParent,
        parent: Option<&Entry>,
        reading: &mut Reading<'_>,
        mut statuses: Vec<ParentStatus>,
    ) -> Result<(Ended, Vec<ParentStatus>), CollectError> {
        let Some(parent) = parent else {
            return Ok((Ended::failed(format!("{} was not read", per.parent.name())), Vec::new()));
        };
        let to_ask = self.asked(per, parent)?;
        let shortfall = to_ask.shortfall(per);
        let mut keys = to_ask.keys;
        let asked: HashSet<&str> = statuses.iter().map(|status| status.key.as_str()).collect();
        keys.retain(|key| !asked.contains(key.as_str()));
        let mut worst = Ended::whole();
        for status in &statuses {
            worst.worsen(&Ended::of(status));
        }
        let stopped_at = reading.stopped_at();
        // What an earlier attempt has begun comes first.
        keys.sort_by_key(|key| stopped_at.as_ref() != Some(key));
        let room = Semaphore::new(AHEAD);
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let ask = stream::iter(&keys)
            .map(|key| self.first(step, key, stopped_at.as_ref() == Some(key), &room))
            .buffered(AHEAD)
            .for_each(|first| {
                // Nobody listens any more once the credential is lost.
                let _ = sender.send(first);
                std::future::ready(())
            });
        let before = statuses.len();
        let write = async {
            let mut ended_all = Vec::new();
            for key in &keys {
                let ended = if worst.signed_out {
                    // Without a credential the rest fails for the same reason; nobody is asked in vain.
                    worst.clone()
                } else {
                    let first = receiver.recv().await.flatten();
                    let ended = self.list(step, Some(key), reading, first).await?;
                    room.add_permits(1);
                    ended
                };
                let status = ParentStatus {
                    key: key.clone(),
                    status: ended.status,
                    reason: ended.reason.clone(),
                };
                // One of whom nothing was read is asked again by the next attempt.
                if ended.status == Status::Complete || reading.has_some() {
                    self.within.writer.note_parent(&step.resource.name, &status)?;
                }
                ended_all.push(status);
                worst.worsen(&ended);
                self.tell(Event::Parent {
                    resource: &step.resource.name,
                    done: before + ended_all.len(),
                    of: before + keys.len(),
                });
            }
            Ok::<_, CollectError>(ended_all)
        };
        let asked = tokio::select! {
            asked = write => asked?,
            never = async { ask.await; std::future::pending().await } => never,
        };
        statuses.extend(asked);
        if parent.status != Status::Complete && worst.status == Status::Complete {
            let why = parent.reason.as_deref().unwrap_or(parent.status.as_str());
            worst = Ended {
                status: parent.status,
                reason: Some(format!("{} was not read whole: {why}", per.parent.name())),
                signed_out: false,
            };
        }
        if let Some(reason) = shortfall {
            worst.worsen(&Ended::broken(true, &reason));
        }
        Ok((worst, statuses))
    }

    /// Whom to ask for, of the parents that were read.
    fn asked(&self, per: &PerParent, parent: &Entry) -> Result<Asked, CollectError> {
        let lines = self.within.writer.lines(parent);
        let asked = lines.and_then(|lines| lines.map(|lines| asked_in(lines, per)).transpose());
        let asked = asked.map_err(|error| CollectError::Journal(Box::new(error)))?;
        Ok(asked.unwrap_or_default())
    }

    /// Asks for the first page of a parent ahead of time, unless an earlier attempt had it.
    async fn first(&self, step: &Step, key: &str, is_begun: bool, room: &Semaphore) -> Option<First> {
        if let Ok(permit) = room.acquire().await {
            // It is given back when the parent has been written.
            permit.forget();
        }
        if is_begun {
            return None;
        }
        let url = step.url(self.to.client.base(), Some(key), self.within.started);
        let mut cost = Cost::default();
        let outcome = self.to.client.get(&url, &self.to.auth, &mut cost).await;
        Some(First { outcome, cost })
    }
}
