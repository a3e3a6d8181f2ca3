//! Joins that no index serves: they would compare every record of one large type with every record of another.

use crate::catalog::{FieldType, Population, RecordType};
use crate::diagnostic::Code;
use crate::expr::{FoldOp, Mistake, Node, Op, Plan};
use crate::policy::Judged;

/// Comprehensions over as many records as there are people, once for each judged resource or within each other.
pub(super) fn check(plan: &Plan, judged: Judged) -> Vec<Mistake> {
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
fn crowd(fold: &FoldOp, repeated: Population) -> Option<(RecordType, bool)> {
    match &fold.range.op {
        // An index that finds a good part of all records is none where there are as many to look up.
        Op::Collection(ty) if fold.join.as_ref().is_some_and(|join| join.by.finds_many()) => {
            (population(*ty) == Population::Many).then_some((*ty, repeated == Population::Many))
        }
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

fn search(node: &Node, repeated: Population, mistakes: &mut Vec<Mistake>) {
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
