//! What was asked of the servers, so that a test can see what a client really did.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// So many requests are remembered.
const CAPACITY: usize = 10_000;

/// A request and how it was answered. What was sent with it, credentials above all, is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path, as it was sent.
    pub path: String,
    /// Query, as it was sent.
    pub query: Option<String>,
    /// Status of the answer.
    pub status: u16,
    /// When it was answered, by the servers' clock.
    pub at: jiff::Timestamp,
}

/// The latest requests.
#[derive(Debug, Default)]
pub(super) struct RequestLog(Mutex<VecDeque<Request>>);

impl RequestLog {
    /// Remembers a request, and forgets the oldest when there are too many.
    pub(super) fn note(&self, request: Request) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == CAPACITY {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    /// All that are remembered, the oldest first.
    pub(super) fn all(&self) -> Vec<Request> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .cloned()
            .collect()
    }
}
