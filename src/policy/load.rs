//! Makes a [`Policy`] of a document, and says everything that is wrong with it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::check::{Conditions, unused};
use super::narrow::Narrowing;
use super::pack::Candidate;
use super::text::{Steps, Text};
use super::{Example, Judged, Policy, Reference, Severity, example, param, requirement};
use crate::catalog::catalog;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Node, Value};
use crate::schema;

/// Reads one policy file. Mistakes go to the sink; with an error among them there is no policy.
pub(super) fn policy(candidate: &Candidate, sink: &mut Diagnostics) -> Option<Policy> {
    let mut own = Diagnostics::new();
    let policy = read(candidate, &mut own).map(|policy| policy.changed(&candidate.adjustments));
    let sound = !own.has_errors();
    sink.extend(own);
    policy.filter(|_| sound)
}

fn read(candidate: &Candidate, sink: &mut Diagnostics) -> Option<Policy> {
    let document = &candidate.document;
    match schema::policy() {
        Ok(schema) => schema.check(document, sink),
        Err(fault) => sink.push(Diagnostic::error(
            Code::SchemaViolation,
            format!("the policy schema is broken: {fault}"),
        )),
    }
    let root = &document.root;
    let field = |name: &str| root.get(name);
    let text = |name: &str| field(name).and_then(Node::as_str).unwrap_or_default().to_owned();
    // With an unknown resource type nothing in the conditions can be checked.
    let judged = judged(&text("resource"))?;
    let mut params = param::read(document, field("params"), sink);
    for adjustments in &candidate.adjustments {
        adjustments.set(candidate.id(), &mut params, sink);
    }
    let of_type = candidate.scopes.iter().filter(|(name, _)| name == judged.name());
    let mut scope: Vec<Arc<Narrowing>> = of_type.map(|(_, scope)| Arc::clone(scope)).collect();
    let adjustments = candidate.adjustments.iter();
    scope.extend(adjustments.filter_map(|adjustments| adjustments.narrowing(candidate.id(), judged, sink)));
    let requires = requirement::named(document, field("requires"), sink);
    let mut compiler = Conditions::of(document, judged).with(&candidate.functions, &params);
    let lets = compiler.lets(field("let"), sink);
    let when = field("when").and_then(|node| compiler.condition(node, None, sink));
    let guarded = when.as_ref().map(|when| when.ast.root.clone());
    let assert = field("assert").and_then(|node| compiler.condition(node, guarded.as_ref(), sink));
    let show = compiler.show(field("show"), &lets, sink);
    let conditions: Vec<_> = when.iter().chain(&assert).map(|condition| &condition.plan).collect();
    unused::lets(document, judged, &lets, &conditions, &show, sink);
    unused::params(document, &params, &compiler, sink);
    unused::shown(document, &show, sink);
    let examples: Vec<Example> = field("examples")
        .map(|list| example::read(document, list, sink))
        .unwrap_or_default();
    Some(Policy {
        id: text("id"),
        pack: candidate.pack.clone(),
        title: field("title").map(Text::from_node)?,
        severity: Severity::parse(&text("severity"))?,
        judged,
        lets,
        requires,
        scope,
        params,
        when: when.map(|when| when.plan),
        when_ast: guarded,
        assert: assert?.plan,
        show,
        message: field("message").map(Text::from_node)?,
        why: field("why").map(Text::from_node),
        fix: field("fix").map(Steps::from_node),
        who: strings(field("who")),
        tags: strings(field("tags")),
        frameworks: field("frameworks")
            .map(|node| {
                node.entries()
                    .iter()
                    .map(|(key, list)| (key.name.clone(), strings(Some(list))))
                    .collect()
            })
            .unwrap_or_default(),
        references: field("references")
            .map(|node| node.items().iter().filter_map(reference).collect())
            .unwrap_or_default(),
        examples,
        source: Arc::clone(&document.source),
        digest: Sha256::digest(document.source.text.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    })
}

pub(super) fn judged(name: &str) -> Option<Judged> {
    if name == "tenant" {
        return Some(Judged::Tenant);
    }
    catalog().resource(name).map(Judged::Each)
}

pub(super) fn strings(node: Option<&Node>) -> Vec<String> {
    node.map(|node| {
        node.items()
            .iter()
            .filter_map(Node::as_str)
            .map(str::to_owned)
            .collect()
    })
    .unwrap_or_default()
}

pub(super) fn reference(node: &Node) -> Option<Reference> {
    match &node.value {
        Value::String(url) => Some(Reference {
            title: url.clone(),
            url: url.clone(),
        }),
        _ => Some(Reference {
            title: node.get("title")?.as_str()?.to_owned(),
            url: node.get("url")?.as_str()?.to_owned(),
        }),
    }
}
