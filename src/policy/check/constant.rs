//! Parts of a condition that come out the same for every resource: a call that always fails, and a condition that is
//! always true or always false.

use bumpalo::Bump;

use crate::diagnostic::Code;
use crate::expr::{Evaluator, Mistake, NoRecords, Node, Op, Plan, Value, run};

/// Finds calls of literals that fail, and a condition that depends on nothing.
pub(super) fn check(plan: &Plan) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    calls(plan, &plan.root, &mut mistakes);
    if mistakes.is_empty()
        && is_constant(&plan.root)
        && let Some(value) = truth(plan)
    {
        mistakes.push(Mistake {
            code: Code::ConstantCondition,
            span: plan.root.span.clone(),
            message: format!("this is always {value}: it reads nothing of what is judged"),
            help: Vec::new(),
        });
    }
    mistakes
}

/// Whether nothing is read: no variable, no record, no collection.
fn is_constant(node: &Node) -> bool {
    let reads = matches!(
        node.op,
        Op::Slot(_) | Op::Collection(_) | Op::Field { .. } | Op::HasField { .. }
    );
    !reads && node.children().into_iter().all(is_constant)
}

fn truth(plan: &Plan) -> Option<bool> {
    match run(plan, &[], &NoRecords, &Bump::new()) {
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
    if !args.is_empty() && args.iter().all(|arg| matches!(arg.op, Op::Literal(_))) {
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
