//! Progress of long work on a terminal; in a pipe there is none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::collect::{Event, Observer, WaitCause};
use crate::diagnostic::printable;
use crate::snapshot::Status;

/// Shows what is collected; gives what should be said afterwards.
pub(crate) struct Progress {
    bars: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    running: HashMap<&'static str, ProgressBar>,
    warnings: Vec<String>,
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            bars: MultiProgress::new(),
            state: Mutex::default(),
        })
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
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut state.warnings)
    }

    fn on(&self, event: Event) {
        match event {
            Event::Started { resource } => {
                let bar = self.spinner(resource);
                self.state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .running
                    .insert(resource, bar);
            }
            Event::Page { resource, objects } => {
                if let Some(bar) = self
                    .state
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .running
                    .get(resource)
                {
                    bar.set_message(format!("{resource}: {objects}"));
                }
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
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(bar) = state.running.remove(resource) {
                    bar.finish_and_clear();
                }
                if status != Status::Complete {
                    let why = reason
                        .map(|reason| format!(": {}", printable(&reason)))
                        .unwrap_or_default();
                    state.warnings.push(format!("{resource} is {status}{why}"));
                }
            }
            Event::Warning(text) => self
                .state
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .warnings
                .push(text),
        }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}").unwrap_or_else(|_| ProgressStyle::default_spinner())
}
