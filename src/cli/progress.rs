//! Progress of long work on a terminal; in a pipe there is none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::collect::{Event, Observer, Outlook, Plan, RateShare, WaitCause};
use crate::diagnostic::printable;
use crate::snapshot::Status;

/// Shows what is collected; gives what should be said afterwards.
pub(crate) struct Progress {
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<&'static str, Running>,
    whole: Option<Whole>,
    warnings: Vec<String>,
}

/// The collection as a whole.
struct Whole {
    outlook: Outlook,
    began: Instant,
    /// There once something can be told.
    bar: Option<ProgressBar>,
}

/// A resource type that is being read.
struct Running {
    bar: ProgressBar,
    began: Instant,
    /// Objects that were there when the first page came: those of an earlier attempt.
    first: Option<u64>,
    objects: u64,
    /// Parents read, and of how many.
    parents: Option<(usize, usize)>,
}

impl Running {
    /// Objects, how many a second, and how long it will take where that can be told.
    fn message(&self, resource: &str) -> String {
        let seconds = self.began.elapsed().as_secs_f64();
        let mut text = format!("{resource}: {} objects", self.objects);
        let new = self.objects - self.first.unwrap_or_default().min(self.objects);
        if seconds >= 1.0 {
            #[expect(clippy::cast_precision_loss, reason = "shown rounded")]
            let rate = new as f64 / seconds;
            text += &format!(", {rate:.0} a second");
        }
        if let Some((done, of)) = self.parents {
            text += &format!(", {done} of {of} parents");
            if done > 0 && seconds >= 1.0 {
                #[expect(clippy::cast_precision_loss, reason = "shown rounded")]
                let left = seconds / done as f64 * (of - done.min(of)) as f64;
                text += &format!(", about {} left", rough(Duration::from_secs_f64(left)));
            }
        }
        text
    }
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            bars: MultiProgress::new(),
            state: Mutex::default(),
        })
    }

    /// For a collection by this plan, to say how long it will take.
    pub(crate) fn of(plan: &Plan, share: RateShare) -> Arc<Self> {
        let progress = Self::new();
        progress.lock().whole = Some(Whole {
            outlook: Outlook::of(plan, share),
            began: Instant::now(),
            bar: None,
        });
        progress
    }

    /// Receives the events of a collection.
    pub(crate) fn observer(self: &Arc<Self>) -> Observer {
        let progress = Arc::clone(self);
        Arc::new(move |event| progress.on(event))
    }

    /// A bar for work without events.
    pub(crate) fn spinner(&self, text: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style()));
        bar.set_message(text.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        bar
    }

    /// What the user should know, each once.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut state = self.lock();
        std::mem::take(&mut state.warnings)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is shown of a type.
    fn advance(&self, resource: &'static str, change: impl FnOnce(&mut Running)) {
        if let Some(running) = self.lock().running.get_mut(resource) {
            change(running);
            running.bar.set_message(running.message(resource));
        }
    }

    /// Changes what is shown of the whole.
    fn look_out(&self, event: &Event) {
        if let Some(whole) = &mut self.lock().whole {
            whole.outlook.hear(event, whole.began.elapsed());
            match (whole.outlook.left(), &whole.bar) {
                (None, _) => {}
                (Some(Duration::ZERO), Some(bar)) => bar.finish_and_clear(),
                (Some(left), _) => {
                    let bar = whole.bar.get_or_insert_with(|| self.spinner(""));
                    bar.set_message(format!("in all about {} left", rough(left)));
                }
            }
        }
    }

    fn on(&self, event: Event) {
        self.look_out(&event);
        match event {
            Event::Started { resource } => {
                let running = Running {
                    bar: self.spinner(resource),
                    began: Instant::now(),
                    first: None,
                    objects: 0,
                    parents: None,
                };
                self.lock().running.insert(resource, running);
            }
            Event::Page { resource, objects } => self.advance(resource, |running| {
                // The first page is not counted: the clock began before it was asked for.
                running.first.get_or_insert(objects);
                running.objects = objects;
            }),
            Event::Parent { resource, done, of } => {
                self.advance(resource, |running| running.parents = Some((done, of)))
            }
            Event::Asked { .. } | Event::Answered { .. } => {}
            Event::Waiting {
                source,
                bucket,
                cause,
                time,
            } => {
                let why = match cause {
                    WaitCause::Asked => "asks to wait",
                    WaitCause::Share => "our share is used up, waiting",
                };
                let line = format!("{} ({bucket}): {why} {} s", source.as_str(), time.as_secs());
                let _ = self.bars.println(line);
            }
            Event::Finished {
                resource,
                status,
                reason,
                ..
            } => {
                let mut state = self.lock();
                if let Some(running) = state.running.remove(resource) {
                    running.bar.finish_and_clear();
                }
                if status != Status::Complete {
                    let why = reason
                        .map(|reason| format!(": {}", printable(&reason)))
                        .unwrap_or_default();
                    state.warnings.push(format!("{resource} is {status}{why}"));
                }
            }
            Event::Warning(text) => self.lock().warnings.push(text),
        }
    }
}

/// A time as it is said.
fn rough(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..100 => format!("{seconds} s"),
        seconds @ ..6_000 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_roughly() {
        for (seconds, said) in [
            (0, "0 s"),
            (99, "99 s"),
            (100, "2 min"),
            (5_999, "100 min"),
            (7_380, "2 h 3 min"),
        ] {
            assert_eq!(rough(Duration::from_secs(seconds)), said);
        }
    }
}
