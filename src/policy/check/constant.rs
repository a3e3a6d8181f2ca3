//! Parts of a condition that come out the same for every resource: a call that always fails, and a condition that is
//! always true or always false.

use bumpalo::Bump;

use crate::catalog::Origin;
use crate::diagnostic::Code;
use crate::expr::ast::Literal;
use crate::expr::{Cause, Evaluator, Mistake, NoRecords, Node, Op, Plan, Value};
use crate::policy::derived::derived;

/// Finds calls of literals that fail, and a condition that comes out the same whatever is judged.
pub(super) fn check(plan: &Plan) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    calls(plan, &plan.root, &mut mistakes);
    uncollected(&plan.root, &mut mistakes);
    if !mistakes.is_empty() {
        return mistakes;
    }
    let told = if is_constant(&plan.root) {
        truth(plan, &plan.root).map(|value| (value, "it reads nothing of what is judged"))
    } else {
        always(plan, &plan.root).map(|value| (value, "no value of what is judged changes it"))
    };
    if let Some((value, why)) = told {
        mistakes.push(Mistake {
            code: Code::ConstantCondition,
            span: plan.root.span.clone(),
            message: format!("this is always {value}: {why}"),
            help: Vec::new(),
        });
    }
    mistakes
}

/// Finds reads of fields that nothing collects: what depends on them is never known. What a person has to attest is
/// asked for on purpose.
pub(super) fn uncollected(node: &Node, mistakes: &mut Vec<Mistake>) {
    if let Op::Field { ty, field, .. } | Op::HasField { ty, field, .. } = &node.op
        && let Some(info) = ty.info().fields.get(usize::from(*field))
        && let Origin::Derived(spec) = &info.origin
        && spec
            .otherwise
            .as_deref()
            .is_some_and(|cause| cause != Cause::NeedsAttestation.as_str())
        && derived(*ty, *field).is_some_and(|plan| matches!(plan.root.op, Op::Literal(Literal::Null)))
    {
        mistakes.push(Mistake {
            code: Code::AlwaysUnknown,
            span: node.span.clone(),
            message: format!("this is always unknown: nothing collects `{}`", info.name),
            help: vec![info.about.clone()],
        });
    }
    for child in node.children() {
        uncollected(child, mistakes);
    }
}

/// What a part comes to whatever it reads, unless that is not known. A parameter is there to be changed, so it settles
/// nothing.
fn always(plan: &Plan, node: &Node) -> Option<bool> {
    match &node.op {
        Op::And(items) => connective(plan, items, false),
        Op::Or(items) => connective(plan, items, true),
        Op::Call { function, args } if function.name == "!_" => always(plan, args.first()?).map(|value| !value),
        Op::Call { function, args } if matches!(function.name, "_==_" | "_!=_") => {
            let [a, b] = args.as_slice() else { return None };
            let same = !is_constant(a) && text(plan, a) == text(plan, b);
            same.then_some(function.name == "_==_")
        }
        _ if is_constant(node) && !has_param(plan, node) => truth(plan, node),
        _ => None,
    }
}

/// `a && b`, `a || b`: one part may settle it, or two that say different things of one value.
fn connective(plan: &Plan, items: &[Node], absorbing: bool) -> Option<bool> {
    let parts: Vec<Option<bool>> = items.iter().map(|item| always(plan, item)).collect();
    if parts.contains(&Some(absorbing)) {
        return Some(absorbing);
    }
    if parts.iter().all(|part| *part == Some(!absorbing)) {
        return Some(!absorbing);
    }
    let operator = if absorbing { "_!=_" } else { "_==_" };
    let said: Vec<(String, &Literal)> = items.iter().filter_map(|item| compared(plan, item, operator)).collect();
    let contradicted = said.iter().enumerate().any(|(at, (path, literal))| {
        let later = said.iter().skip(at + 1);
        later
            .into_iter()
            .any(|(other, value)| other == path && value != literal)
    });
    contradicted.then_some(absorbing)
}

/// `path == literal`, as the text of the path and the literal.
fn compared<'p>(plan: &Plan, node: &'p Node, operator: &str) -> Option<(String, &'p Literal)> {
    let Op::Call { function, args } = &node.op else {
        return None;
    };
    let (path, literal) = match args.as_slice() {
        [path, literal] if matches!(literal.op, Op::Literal(_)) => (path, literal),
        [literal, path] => (path, literal),
        _ => return None,
    };
    let plain = matches!(path.op, Op::Field { .. }) && !has_param(plan, literal);
    match &literal.op {
        Op::Literal(value) if function.name == operator && plain => Some((text(plan, path)?, value)),
        _ => None,
    }
}

fn text(plan: &Plan, node: &Node) -> Option<String> {
    let text = plan.text.get(node.span.clone())?;
    Some(text.split_whitespace().collect())
}

/// Whether a parameter occurs in it.
fn has_param(plan: &Plan, node: &Node) -> bool {
    text(plan, node).is_some_and(|text| text.contains("params."))
}

/// Whether nothing is read: no variable, no record, no collection.
fn is_constant(node: &Node) -> bool {
    let reads = matches!(
        node.op,
        Op::Slot(_) | Op::Collection(_) | Op::Field { .. } | Op::HasField { .. }
    );
    !reads && node.children().into_iter().all(is_constant)
}

fn truth(plan: &Plan, node: &Node) -> Option<bool> {
    let arena = Bump::new();
    match Evaluator::new(&NoRecords, &arena).part(plan, node, &[]) {
        Value::Bool(value) => Some(value),
        _ => None,
    }
}

fn calls(plan: &Plan, node: &Node, mistakes: &mut Vec<Mistake>) {
    let before = mistakes.len();
    for child in node.children() {
        calls(plan, child, mistakes);
    }
    if mistakes.len() > before {
        return;
    }
    if let Op::Call { function, args } = &node.op
        && let Some(fault) = fault(plan, node, function.name, args)
    {
        mistakes.push(Mistake {
            code: Code::EvaluationFailed,
            span: node.span.clone(),
            message: format!("this always fails: {fault}"),
            help: Vec::new(),
        });
    }
}

/// How a call fails whatever is judged: all its arguments are written out, or the pattern of `matches` is.
fn fault(plan: &Plan, node: &Node, function: &str, args: &[Node]) -> Option<String> {
    if !args.is_empty() && args.iter().all(is_constant) {
        let arena = Bump::new();
        return match Evaluator::new(&NoRecords, &arena).part(plan, node, &[]) {
            Value::Error(message) => Some(message.to_owned()),
            _ => None,
        };
    }
    match (function, args) {
        // A pattern that is written out and well-formed was compiled already and is no call any more.
        ("matches", [_, pattern]) if matches!(pattern.op, Op::Literal(_)) => {
            Some("the pattern is not a regular expression".to_owned())
        }
        _ => None,
    }
}
