//! The catalogue's derived fields, compiled like any condition.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::catalog::{Field, FieldId, Origin, RecordType, catalog};
use crate::expr::{Compiled, Plan, Scope, Type, compile};

static PLANS: LazyLock<HashMap<(RecordType, FieldId), Plan>> = LazyLock::new(|| {
    let all = fields().filter_map(|(record, id, field)| Some(((record, id), compiled(record, field)?.plan?)));
    all.collect()
});

/// The executable form of a derived field.
pub fn derived(record: RecordType, field: FieldId) -> Option<&'static Plan> {
    PLANS.get(&(record, field))
}

/// The scope of a derived field or condition: the collections, and one row by the name of its type.
pub fn row_scope(record: RecordType) -> Scope {
    Scope::snapshot()
        .with(record.info().variable.as_str(), Type::Record(record))
        .with("now", Type::Timestamp)
}

fn fields() -> impl Iterator<Item = (RecordType, FieldId, &'static Field)> {
    catalog().records().iter().flat_map(|record| {
        let numbered = record.fields.iter().enumerate();
        numbered.filter_map(|(at, field)| Some((record.id, FieldId::try_from(at).ok()?, field)))
    })
}

fn compiled(record: RecordType, field: &Field) -> Option<Compiled> {
    let Origin::Derived(derived) = &field.origin else {
        return None;
    };
    Some(compile(&derived.cel, &row_scope(record)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::check::guard;

    #[test]
    fn every_derived_field_is_sound_and_of_its_declared_type() {
        let mut count = 0;
        for (record, _, field) in fields() {
            let Some(compiled) = compiled(record, field) else {
                continue;
            };
            let whose = format!("{}.{}", record.name(), field.name);
            assert!(compiled.mistakes.is_empty(), "{whose}: {:?}", compiled.mistakes);
            let (ast, checked) = compiled.ast.unwrap();
            assert!(
                guard::check(&ast, &checked, &[]).is_empty(),
                "{whose}: {:?}",
                guard::check(&ast, &checked, &[])
            );
            let Origin::Derived(derived) = &field.origin else {
                unreachable!()
            };
            let declared = Type::from(&field.ty);
            let found = compiled.ty.clone();
            let fits = match (&declared, found.non_null()) {
                (Type::Enum(_), Type::String | Type::Enum(_)) => true,
                // Nothing collects it.
                (_, Type::Null) => derived.otherwise.is_some(),
                (declared, found) => declared == found,
            };
            assert!(fits, "{whose} is {found}, declared {declared}");
            let null = matches!(found, Type::Nullable(_));
            assert!(
                !null || field.nullable || derived.otherwise.is_some(),
                "{whose} can be null and does not say so"
            );
            count += 1;
        }
        assert!(count > 15);
    }
}
