//! Requirements: licence tiers and features without which a policy does not apply to a tenant.
//!
//! `policies/requirements.yaml` says of each how the snapshot tells whether the tenant has it.

use std::sync::LazyLock;

use super::check::{Conditions, scope};
use super::{Judged, text::Text};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Source};
use crate::document::{Document, Node};
use crate::expr::{Plan, Type};

/// Something that a tenant has or lacks.
#[derive(Debug)]
pub struct Requirement {
    /// Its name in policies.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// True, false or null over the snapshot; none when nothing that is collected tells.
    pub plan: Option<Plan>,
    /// The call that would tell.
    pub needs: Option<String>,
}

static ALL: LazyLock<(Vec<Requirement>, Diagnostics)> = LazyLock::new(|| {
    let mut sink = Diagnostics::new();
    let source = Source::new(
        "policies/requirements.yaml",
        include_str!("../../policies/requirements.yaml"),
    );
    let document = Document::parse(source, &mut sink);
    let all = document.map(|document| read(&document, &mut sink)).unwrap_or_default();
    (all, sink)
});

fn read(document: &Document, sink: &mut Diagnostics) -> Vec<Requirement> {
    let conditions = Conditions::in_scope(document, scope(Judged::Tenant));
    let mut all = Vec::new();
    for (key, node) in document.root.entries() {
        let compiled = node.get("cel").and_then(|cel| conditions.value(cel, sink));
        if let Some(compiled) = &compiled
            && *compiled.ty.non_null() != Type::Bool
        {
            let message = format!("`{}` yields {}", key.name, compiled.ty);
            sink.push(Diagnostic::error(Code::NotBoolean, message));
        }
        all.push(Requirement {
            id: key.name.clone(),
            title: node.get("title").map(Text::from_node).unwrap_or_default(),
            plan: compiled.map(|compiled| compiled.plan),
            needs: node.get("needs").and_then(Node::as_str).map(str::to_owned),
        });
    }
    all
}

/// All requirements that a policy can name.
pub fn requirements() -> &'static [Requirement] {
    &ALL.0
}

/// Those that a policy names; one that does not exist goes to the sink.
pub(super) fn named(document: &Document, node: Option<&Node>, sink: &mut Diagnostics) -> Vec<&'static Requirement> {
    let mut named = Vec::new();
    for item in node.map(Node::items).unwrap_or_default() {
        let Some(id) = item.as_str() else { continue };
        match requirements().iter().find(|known| known.id == id) {
            Some(known) => named.push(known),
            None => {
                let known: Vec<&str> = requirements().iter().map(|known| known.id.as_str()).collect();
                let message = format!("there is no requirement `{id}`");
                sink.push(
                    Diagnostic::error(Code::UnknownRequirement, message)
                        .at(&document.source, item.span.clone(), "")
                        .suggest(id, known.iter().copied())
                        .help(format!("a policy can require {}", known.join(", "))),
                );
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_requirement_is_sound() {
        let (all, sink) = &*ALL;
        assert!(
            sink.is_empty(),
            "{}",
            sink.iter().map(|d| d.render(false)).collect::<String>()
        );
        assert!(all.len() > 4);
        for requirement in all {
            assert!(
                requirement.plan.is_some() != requirement.needs.is_some(),
                "{requirement:?}"
            );
            assert!(!requirement.title.en.is_empty() && !requirement.title.ja.is_empty());
        }
    }

    #[test]
    fn the_service_plans_are_those_of_the_table() {
        let plans = &crate::catalog::reference("service_plans").unwrap().rows;
        for (id, plan, name) in [
            ("entra_p1", "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM"),
            ("entra_p2", "eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2"),
            (
                "entra_id_governance",
                "e866a266-3cff-43a3-acca-0c90a7e00c8b",
                "Entra_Identity_Governance",
            ),
            ("intune_plan_1", "c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A"),
        ] {
            let requirement = requirements().iter().find(|known| known.id == id).unwrap();
            assert!(requirement.plan.as_ref().unwrap().text.contains(plan), "{id}");
            let row = plans.iter().find(|row| row[0] == plan).unwrap();
            assert_eq!(row[1], name);
        }
    }
}
