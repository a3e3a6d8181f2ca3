//! Names that are defined and never used, and names in messages that nothing defines.

use super::{Conditions, scope};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::document::Document;
use crate::expr::Plan;
use crate::policy::param::Param;
use crate::policy::{Judged, Let, Shown, text};

/// Every parameter is used by something.
pub(in crate::policy) fn params(
    document: &Document,
    params: &[Param],
    conditions: &Conditions<'_>,
    sink: &mut Diagnostics,
) {
    for param in params.iter().filter(|param| !conditions.uses(param)) {
        let key = document.root.get("params").and_then(|node| node.key(&param.name));
        let span = key.map_or(0..1, |key| key.span.clone());
        sink.push(
            Diagnostic::error(Code::UnusedParam, format!("`{}` is never used", param.full_name())).at(
                &document.source,
                span,
                "",
            ),
        );
    }
}

/// Every value of `let` is used by something.
pub(in crate::policy) fn lets(
    document: &Document,
    judged: Judged,
    lets: &[Let],
    conditions: &[&Plan],
    show: &[Shown],
    sink: &mut Diagnostics,
) {
    let first = scope(judged).variables().len();
    for (at, value) in lets.iter().enumerate() {
        let slot = first + at;
        let conditions = conditions.iter().copied();
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

/// A message may use what `show` defines, and what `show` defines is used by one of them.
pub(in crate::policy) fn shown(document: &Document, show: &[Shown], sink: &mut Diagnostics) {
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
