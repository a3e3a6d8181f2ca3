//! Makes a [`Policy`] of a document, and says everything that is wrong with it.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::constant;
use super::derived::row_scope;
use super::text::{self, Steps, Text};
use super::{Example, Judged, Let, Policy, Reference, Severity, Shown, example, guard};
use crate::catalog::{FieldType, Population, RecordType, catalog};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Node, Value};
use crate::expr::ast::Expr;
use crate::expr::{Ast, Checked, Mistake, Op, Plan, Scope, Type, compile};
use crate::schema;

/// Reads one policy file. Mistakes go to the sink; with an error among them there is no policy.
pub(super) fn policy(document: &Document, pack: Option<&str>, sink: &mut Diagnostics) -> Option<Policy> {
    let mut own = Diagnostics::new();
    let policy = read(document, pack, &mut own);
    let sound = !own.has_errors();
    sink.extend(own);
    policy.filter(|_| sound)
}

fn read(document: &Document, pack: Option<&str>, sink: &mut Diagnostics) -> Option<Policy> {
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
    let mut compiler = Conditions::of(document, judged);
    let lets = compiler.lets(field("let"), sink);
    let when = field("when").and_then(|node| compiler.condition(node, None, sink));
    let guarded = when.as_ref().map(|(_, ast)| ast.root.clone());
    let assert = field("assert").and_then(|node| compiler.condition(node, guarded.as_ref(), sink));
    let show = compiler.show(field("show"), &lets, sink);
    check_lets(document, judged, &lets, [&when, &assert], &show, sink);
    check_messages(document, &show, sink);
    let examples: Vec<Example> = field("examples")
        .map(|list| example::read(document, list, sink))
        .unwrap_or_default();
    Some(Policy {
        id: text("id"),
        pack: pack.map(str::to_owned),
        title: field("title").map(Text::from_node)?,
        severity: Severity::parse(&text("severity"))?,
        judged,
        lets,
        when: when.map(|(plan, _)| plan),
        when_ast: guarded,
        assert: assert?.0,
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

fn judged(name: &str) -> Option<Judged> {
    if name == "tenant" {
        return Some(Judged::Tenant);
    }
    catalog().resource(name).map(Judged::Each)
}

fn scope(judged: Judged) -> Scope {
    match judged {
        Judged::Tenant => Scope::snapshot().with("tenant", Type::Dyn).with("now", Type::Timestamp),
        Judged::Each(resource) => row_scope(resource.record),
    }
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

/// Compiles the expressions of one document.
pub(super) struct Conditions<'d> {
    document: &'d Document,
    scope: Scope,
    judged: Judged,
}

impl<'d> Conditions<'d> {
    /// For expressions on what a policy judges.
    pub(super) fn of(document: &'d Document, judged: Judged) -> Self {
        Self {
            document,
            scope: scope(judged),
            judged,
        }
    }

    /// The plan of a condition, given what is known to hold.
    pub(super) fn plan(&self, node: &Node, given: Option<&Expr>, sink: &mut Diagnostics) -> Option<Plan> {
        self.condition(node, given, sink).map(|(plan, _)| plan)
    }

    /// A condition: true or false, links guarded, joins by index.
    fn condition(&self, node: &Node, given: Option<&Expr>, sink: &mut Diagnostics) -> Option<(Plan, Ast)> {
        let (plan, ast, checked, ty) = self.compile(node, sink)?;
        if !matches!(ty, Type::Bool | Type::Dyn) {
            let mut help = "a condition is true or false".to_owned();
            if matches!(ty, Type::Nullable(_)) {
                help = "it may be null: compare it, as in `… == true`".to_owned();
            }
            let message = format!("the condition yields {ty}");
            self.report(
                node,
                &Mistake {
                    code: Code::NotBoolean,
                    span: ast.root.span.clone(),
                    message,
                    help: vec![help],
                },
                sink,
            );
        }
        let given: Vec<&Expr> = given.into_iter().collect();
        for mistake in guard::check(&ast, &checked, &given) {
            self.report(node, &mistake, sink);
        }
        for mistake in unindexed(&plan, self.judged) {
            self.report(node, &mistake, sink);
        }
        for mistake in constant::check(&plan) {
            self.report(node, &mistake, sink);
        }
        Some((plan, ast))
    }

    /// Values with a name: each can be used by what is compiled after it.
    fn lets(&mut self, node: Option<&Node>, sink: &mut Diagnostics) -> Vec<Let> {
        let mut lets = Vec::new();
        for (key, value) in node.map(Node::entries).unwrap_or_default() {
            if self.scope.is_taken(&key.name) {
                sink.push(
                    Diagnostic::error(
                        Code::DuplicateId,
                        format!("`{}` is the name of something else", key.name),
                    )
                    .at(&self.document.source, key.span.clone(), ""),
                );
                continue;
            }
            let Some((plan, ast, checked, ty)) = self.compile(value, sink) else {
                // What uses it is not wrong for that.
                self.scope = self.scope.clone().with(key.name.as_str(), Type::Dyn);
                continue;
            };
            for mistake in guard::check(&ast, &checked, &[])
                .into_iter()
                .chain(unindexed(&plan, self.judged))
            {
                self.report(value, &mistake, sink);
            }
            self.scope = self.scope.clone().with(key.name.as_str(), ty);
            lets.push(Let {
                name: key.name.clone(),
                personal: self.is_personal(&plan, &lets),
                plan,
            });
        }
        lets
    }

    /// Whether a value can identify a person, by itself or by a named value that it uses.
    fn is_personal(&self, plan: &Plan, lets: &[Let]) -> bool {
        let first = scope(self.judged).variables().len();
        plan.reads
            .fields
            .iter()
            .any(|(record, field)| is_personal(*record, *field))
            || (first..)
                .zip(lets)
                .any(|(slot, value)| value.personal && plan.uses(slot))
    }

    fn show(&self, node: Option<&Node>, lets: &[Let], sink: &mut Diagnostics) -> Vec<Shown> {
        let mut shown = Vec::new();
        for (key, value) in node.map(Node::entries).unwrap_or_default() {
            if let Some((plan, ..)) = self.compile(value, sink) {
                shown.push(Shown {
                    name: key.name.clone(),
                    personal: self.is_personal(&plan, lets),
                    plan,
                });
            }
        }
        shown
    }

    fn compile(&self, node: &Node, sink: &mut Diagnostics) -> Option<(Plan, Ast, Checked, Type)> {
        let compiled = compile(node.as_str()?, &self.scope);
        for mistake in &compiled.mistakes {
            self.report(node, mistake, sink);
        }
        let (ast, checked) = compiled.ast?;
        Some((compiled.plan?, ast, checked, compiled.ty))
    }

    /// Points at the byte of the file where a mistake in an expression stands.
    fn report(&self, node: &Node, mistake: &Mistake, sink: &mut Diagnostics) {
        let start = self.document.scalar_offset(node, mistake.span.start);
        let last = mistake.span.end.saturating_sub(1).max(mistake.span.start);
        let end = self.document.scalar_offset(node, last) + 1;
        let mut diagnostic =
            Diagnostic::error(mistake.code, &mistake.message).at(&self.document.source, start..end.max(start + 1), "");
        diagnostic.help.extend(mistake.help.iter().cloned());
        sink.push(diagnostic);
    }
}

/// Every value of `let` is used by something.
fn check_lets(
    document: &Document,
    judged: Judged,
    lets: &[Let],
    conditions: [&Option<(Plan, Ast)>; 2],
    show: &[Shown],
    sink: &mut Diagnostics,
) {
    let first = scope(judged).variables().len();
    for (at, value) in lets.iter().enumerate() {
        let slot = first + at;
        let conditions = conditions.into_iter().flatten().map(|(plan, _)| plan);
        let later = lets.iter().skip(at + 1).map(|value| &value.plan);
        let used = conditions
            .chain(later)
            .chain(show.iter().map(|shown| &shown.plan))
            .any(|plan| plan.uses(slot));
        if !used {
            let key = document.root.get("let").and_then(|node| node.key(&value.name));
            let span = key.map_or(0..1, |key| key.span.clone());
            sink.push(
                Diagnostic::error(Code::UnusedLet, format!("`{}` is never used", value.name)).at(
                    &document.source,
                    span,
                    "",
                ),
            );
        }
    }
}

fn is_personal(record: RecordType, field: u16) -> bool {
    record
        .info()
        .fields
        .get(usize::from(field))
        .is_some_and(|field| field.personal)
}

/// A message may use what `show` defines, and what `show` defines is used by one of them.
fn check_messages(document: &Document, show: &[Shown], sink: &mut Diagnostics) {
    let Some(message) = document.root.get("message") else {
        return;
    };
    let mut used = std::collections::BTreeSet::new();
    for (_, node) in message.entries() {
        let Some(template) = node.as_str() else { continue };
        match text::variables(template) {
            Ok(names) => {
                for name in names
                    .iter()
                    .filter(|name| !show.iter().any(|shown| shown.name == **name))
                {
                    let at = template
                        .find(name.as_str())
                        .map_or(node.span.start, |at| document.scalar_offset(node, at));
                    sink.push(
                        Diagnostic::error(
                            Code::UnknownTemplateVariable,
                            format!("the message uses `{name}`, which `show` does not define"),
                        )
                        .at(&document.source, at..at + name.len(), "")
                        .suggest(name, show.iter().map(|shown| shown.name.as_str())),
                    );
                }
                used.extend(names);
            }
            Err(fault) => sink.push(
                Diagnostic::error(Code::InvalidTemplate, format!("the message is not a template: {fault}")).at(
                    &document.source,
                    node.span.clone(),
                    "",
                ),
            ),
        }
    }
    for shown in show.iter().filter(|shown| !used.contains(&shown.name)) {
        let key = document.root.get("show").and_then(|show| show.key(&shown.name));
        let span = key.map_or(0..1, |key| key.span.clone());
        sink.push(
            Diagnostic::error(Code::UnusedShow, format!("`{}` is shown in no message", shown.name)).at(
                &document.source,
                span,
                "",
            ),
        );
    }
}

/// Comprehensions over as many records as there are people, once for each judged resource or within each other.
fn unindexed(plan: &Plan, judged: Judged) -> Vec<Mistake> {
    let repeated = match judged {
        Judged::Tenant => Population::One,
        Judged::Each(resource) => resource.population,
    };
    let mut mistakes = Vec::new();
    search(&plan.root, repeated, &mut mistakes);
    mistakes
}

fn population(ty: RecordType) -> Population {
    ty.resource().map_or(Population::One, |resource| resource.population)
}

/// What a comprehension goes over when that is about as many records as there are people: all of them and how often
/// that is too often, or those of one of few owners, such as the people of an application.
fn crowd(fold: &crate::expr::FoldOp, repeated: Population) -> Option<(RecordType, bool)> {
    match &fold.range.op {
        _ if fold.join.is_some() => None,
        Op::Collection(ty) if population(*ty) == Population::Many => Some((*ty, repeated != Population::One)),
        Op::Field { ty, field, .. } if population(*ty) == Population::Few => {
            let FieldType::List(element) = &ty.info().fields.get(usize::from(*field))?.ty else {
                return None;
            };
            match element.as_ref() {
                FieldType::Record(of) if population(*of) == Population::Many => {
                    Some((*of, repeated == Population::Many))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn search(node: &crate::expr::Node, repeated: Population, mistakes: &mut Vec<Mistake>) {
    let mut inner = repeated;
    if let Op::Fold(fold) = &node.op
        && let Some((ty, refused)) = crowd(fold, repeated)
    {
        if refused {
            let name = ty.name();
            mistakes.push(Mistake {
                code: Code::UnindexedJoin,
                span: node.span.clone(),
                message: format!("this would go over every {name} again and again"),
                help: vec![format!(
                    "compare one of its fields with `==` so that an index finds the few that matter, as in \
                     `.exists(x, x.id == … && …)`; for `all`, write `x.id != … || …`"
                )],
            });
        }
        inner = Population::Many;
    }
    for child in node.children() {
        search(child, inner, mistakes);
    }
}
