//! Narrowing: a tenant's configuration takes resources out of what policies judge. They are counted, never hidden.

use std::sync::Arc;

use super::adjust::{Adjustments, Author};
use super::check::Conditions;
use super::load::judged;
use crate::catalog::catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Node};
use crate::expr::Plan;

/// A condition that a resource must meet to be judged in a tenant.
#[derive(Debug)]
pub struct Narrowing {
    /// Who narrows.
    pub by: Author,
    /// The condition as written.
    pub text: String,
    /// Why.
    pub reason: Option<String>,
    /// The condition.
    pub plan: Plan,
}

impl Narrowing {
    /// Compiles one; mistakes go to the sink.
    fn read(
        document: &Document,
        node: &Node,
        judged: super::Judged,
        (by, reason): (&Author, Option<&Node>),
        sink: &mut Diagnostics,
    ) -> Option<Arc<Self>> {
        let plan = Conditions::of(document, judged).condition(node, None, sink)?.plan;
        let text = node.as_str()?.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(Arc::new(Self {
            by: by.clone(),
            text,
            reason: reason.and_then(Node::as_str).map(|reason| reason.trim().to_owned()),
            plan,
        }))
    }
}

impl Adjustments {
    /// What is said of all policies on a resource type, by its name.
    pub(super) fn narrowings(&self, sink: &mut Diagnostics) -> Vec<(String, Arc<Narrowing>)> {
        let mut found = Vec::new();
        for (key, node) in &self.scopes {
            let Some(judged) = judged(&key.name) else {
                sink.push(
                    Diagnostic::error(
                        Code::UnknownResource,
                        format!("there is no resource type `{}`", key.name),
                    )
                    .at(&self.document.source, key.span.clone(), "")
                    .suggest(&key.name, catalog().names()),
                );
                continue;
            };
            let own = Narrowing::read(&self.document, node, judged, (&self.author, None), sink);
            found.extend(own.map(|narrowing| (key.name.clone(), narrowing)));
        }
        found
    }

    /// What is said of one policy.
    pub(super) fn narrowing(&self, id: &str, judged: super::Judged, sink: &mut Diagnostics) -> Option<Arc<Narrowing>> {
        let node = self.of(id)?;
        let said = (&self.author, node.get("reason"));
        Narrowing::read(&self.document, node.get("scope")?, judged, said, sink)
    }
}
