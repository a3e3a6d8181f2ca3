//! Checking the conditions of one document: names and types, guards, joins, and parts that never vary.
//!
//! Mistakes go to the sink at the byte of the file where they stand.

mod constant;
pub(super) mod guard;
mod join;
pub(super) mod unused;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::derived::row_scope;
use super::param::Param;
use super::{Judged, Let, Shown};
use crate::catalog::RecordType;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::{Document, Node};
use crate::expr::ast::Expr;
use crate::expr::{Ast, Checked, Definition, Expansion, Mistake, Plan, Scope, Type, compile};

/// What a condition on this may name.
pub(super) fn scope(judged: Judged) -> Scope {
    match judged {
        Judged::Tenant => Scope::snapshot().with("tenant", Type::Dyn).with("now", Type::Timestamp),
        Judged::Each(resource) => row_scope(resource.record),
    }
}

/// Compiles the expressions of one document.
pub(super) struct Conditions<'d> {
    document: &'d Document,
    scope: Scope,
    judged: Judged,
    /// Names of the parameters that were used so far.
    used: RefCell<BTreeSet<String>>,
}

/// An expression that was compiled.
pub(super) struct Compilation {
    pub(super) plan: Plan,
    /// Its tree, functions written out.
    pub(super) ast: Ast,
    checked: Checked,
    pub(super) ty: Type,
    expansion: Expansion,
}

impl<'d> Conditions<'d> {
    /// For expressions on what a policy judges.
    pub(super) fn of(document: &'d Document, judged: Judged) -> Self {
        Self {
            document,
            scope: scope(judged),
            judged,
            used: RefCell::default(),
        }
    }

    /// For expressions of a scope of their own.
    pub(super) fn in_scope(document: &'d Document, scope: Scope) -> Self {
        Self {
            scope,
            ..Self::of(document, Judged::Tenant)
        }
    }

    /// The same with functions and parameters that the conditions may use.
    pub(super) fn with(mut self, functions: &[Arc<Definition>], params: &[Param]) -> Self {
        for function in functions {
            self.scope = self.scope.with_definition(Arc::clone(function));
        }
        for param in params {
            self.scope = self.scope.with_constant(param.full_name(), param.constant.clone());
        }
        self
    }

    /// Whether a parameter was used so far.
    pub(super) fn uses(&self, param: &Param) -> bool {
        self.used.borrow().contains(&param.full_name())
    }

    /// The plan of a condition that only says what is meant, given what is known to hold: where it computes with null,
    /// nothing is meant.
    pub(super) fn meaning(&self, node: &Node, given: Option<&Expr>, sink: &mut Diagnostics) -> Option<Plan> {
        let mut own = Diagnostics::new();
        let compiled = self.condition(node, given, &mut own);
        sink.extend(own.into_iter().filter(|told| told.code != Code::NullableOperand));
        compiled.map(|compiled| compiled.plan)
    }

    /// A condition: true or false, links guarded, joins by index.
    pub(super) fn condition(&self, node: &Node, given: Option<&Expr>, sink: &mut Diagnostics) -> Option<Compilation> {
        let compiled = self.compile(node, sink)?;
        let mut mistakes = Vec::new();
        if !matches!(compiled.ty, Type::Bool | Type::Dyn) {
            let help = match compiled.ty {
                Type::Nullable(_) => "it may be null: compare it, as in `… == true`",
                _ => "a condition is true or false",
            };
            mistakes.push(Mistake {
                code: Code::NotBoolean,
                span: compiled.ast.root.span.clone(),
                message: format!("the condition yields {}", compiled.ty),
                help: vec![help.to_owned()],
            });
        }
        let given: Vec<&Expr> = given.into_iter().collect();
        mistakes.extend(guard::check(&compiled.ast, &compiled.checked, &given));
        mistakes.extend(join::check(&compiled.plan, self.judged));
        mistakes.extend(constant::check(&compiled.plan));
        self.report(node, &compiled.expansion, &mistakes, sink);
        Some(compiled)
    }

    /// A value of any type, links guarded.
    pub(super) fn value(&self, node: &Node, sink: &mut Diagnostics) -> Option<Compilation> {
        let compiled = self.compile(node, sink)?;
        let mut mistakes = guard::check(&compiled.ast, &compiled.checked, &[]);
        constant::uncollected(&compiled.plan.root, &mut mistakes);
        self.report(node, &compiled.expansion, &mistakes, sink);
        Some(compiled)
    }

    /// Values with a name: each can be used by what is compiled after it.
    pub(super) fn lets(&mut self, node: Option<&Node>, sink: &mut Diagnostics) -> Vec<Let> {
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
            let Some(compiled) = self.value(value, sink) else {
                // What uses it is not wrong for that.
                self.scope = self.scope.clone().with(key.name.as_str(), Type::Dyn);
                continue;
            };
            let Compilation { plan, ty, .. } = compiled;
            self.report(value, &compiled.expansion, &join::check(&plan, self.judged), sink);
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

    pub(super) fn show(&self, node: Option<&Node>, lets: &[Let], sink: &mut Diagnostics) -> Vec<Shown> {
        let mut shown = Vec::new();
        for (key, value) in node.map(Node::entries).unwrap_or_default() {
            if let Some(compiled) = self.compile(value, sink) {
                shown.push(Shown {
                    name: key.name.clone(),
                    personal: self.is_personal(&compiled.plan, lets),
                    plan: compiled.plan,
                });
            }
        }
        shown
    }

    fn compile(&self, node: &Node, sink: &mut Diagnostics) -> Option<Compilation> {
        let compiled = compile(node.as_str()?, &self.scope);
        // Mistakes are placed already; what is found later is not.
        self.report(node, &Expansion::default(), &compiled.mistakes, sink);
        let (ast, checked) = compiled.ast?;
        self.used.borrow_mut().extend(checked.constants().map(str::to_owned));
        let ty = match compiled.ty {
            Type::Nullable(inner) if !guard::may_be_null(&ast, &checked) => inner.as_ref().clone(),
            ty => ty,
        };
        Some(Compilation {
            plan: compiled.plan?,
            ast,
            checked,
            ty,
            expansion: compiled.expansion,
        })
    }

    /// Points at the bytes of the file where mistakes in an expression stand.
    fn report(&self, node: &Node, expansion: &Expansion, mistakes: &[Mistake], sink: &mut Diagnostics) {
        for mistake in mistakes {
            let mistake = expansion.place(mistake);
            let start = self.document.scalar_offset(node, mistake.span.start);
            let last = mistake.span.end.saturating_sub(1).max(mistake.span.start);
            let end = self.document.scalar_offset(node, last) + 1;
            let mut diagnostic = Diagnostic::error(mistake.code, &mistake.message).at(
                &self.document.source,
                start..end.max(start + 1),
                "",
            );
            diagnostic.help.extend(mistake.help);
            sink.push(diagnostic);
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
