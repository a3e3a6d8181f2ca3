//! What is asked of the records of a snapshot, in CEL, as policies ask.

use std::sync::LazyLock;

use bumpalo::Bump;
use serde_json::Value as Json;

use crate::catalog::{RecordType, catalog};
use crate::evaluate::Tables;
use crate::expr::{Origin, Plan, RecordRef, Records as _, Value, compile, run, to_json};
use crate::policy::Needs;
use crate::policy::derived::row_scope;

/// A question about every record of a type.
pub(super) struct Ask {
    pub(super) record: RecordType,
    plan: Plan,
}

/// What an answer may be besides a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer<T> {
    /// The value; null is none.
    Known(Option<T>),
    /// It is not known, for these reasons.
    Unknown(Vec<Origin>),
}

impl<T> Answer<T> {
    /// The value, if it is known and not null.
    pub(super) fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => value,
            Self::Unknown(_) => None,
        }
    }
}

impl Ask {
    #[expect(clippy::panic, reason = "questions are part of the program; a test asks each")]
    fn new(resource: &str, cel: &str) -> Self {
        let record = catalog().resource(resource).map(|resource| resource.record);
        let compiled = record.map(|record| (record, compile(cel, &row_scope(record))));
        match compiled.map(|(record, compiled)| (record, compiled.plan)) {
            Some((record, Some(plan))) => Self { record, plan },
            _ => panic!("the question `{cel}` of {resource} is wrong"),
        }
    }

    /// Adds what it reads to what is needed of a snapshot.
    pub(super) fn add_to(&self, needs: &mut Needs) {
        needs.add(&self.plan.reads);
        if let Some(resource) = self.record.resource() {
            needs.add_resource(resource);
        }
    }

    /// The answer for one row.
    fn json(&self, row: u32, tables: &Tables) -> Json {
        let arena = Bump::new();
        let record = RecordRef { ty: self.record, row };
        let variables = [Value::Record(record), Value::Timestamp(tables.now())];
        to_json(run(&self.plan, &variables, tables, &arena), tables)
    }

    /// The answer as a value of some type.
    fn answer<T: serde::de::DeserializeOwned>(&self, row: u32, tables: &Tables) -> Answer<T> {
        let json = self.json(row, tables);
        if let Some(origins) = json.get("unknown") {
            return Answer::Unknown(serde_json::from_value(origins.clone()).unwrap_or_default());
        }
        Answer::Known(serde_json::from_value(json).ok())
    }

    /// A text; none for null and for what is not known.
    pub(super) fn text(&self, row: u32, tables: &Tables) -> Option<String> {
        self.answer(row, tables)
            .known()
            .filter(|text: &String| !text.is_empty())
    }

    /// Yes or no, where that is known.
    pub(super) fn truth(&self, row: u32, tables: &Tables) -> Option<bool> {
        self.answer(row, tables).known()
    }

    /// A whole number, where it is known.
    pub(super) fn number(&self, row: u32, tables: &Tables) -> Option<i64> {
        self.answer(row, tables).known()
    }

    /// A list of texts, where it is known to its end.
    pub(super) fn texts(&self, row: u32, tables: &Tables) -> Answer<Vec<String>> {
        self.answer(row, tables)
    }

    /// Shows every row.
    pub(super) fn rows(&self, tables: &Tables) -> std::ops::Range<u32> {
        0..tables.rows(self.record)
    }
}

/// Declares questions, and a way to all of them.
macro_rules! questions {
    ($(#[$about:meta])* $name:ident { $($field:ident: $resource:literal, $cel:literal;)* }) => {
        $(#[$about])*
        pub(super) struct $name { $(pub(super) $field: Ask,)* }

        impl $name {
            fn new() -> Self {
                Self { $($field: Ask::new($resource, $cel),)* }
            }

            /// Every question.
            pub(super) fn all(&self) -> impl Iterator<Item = &Ask> {
                [$(&self.$field,)*].into_iter()
            }
        }
    };
}

questions! {
    /// Who and what is there: asked before the plan is laid over.
    Directory {
        app_id: "okta.app", "app.id";
        app_label: "okta.app", "app.label";
        app_is_office: "okta.app", "app.is_office365";
        app_is_inactive_office: "okta.app", "app.name == 'office365' && app.status != 'ACTIVE'";
        app_targets: "okta.app", "app.targets_tenant";
        app_tenant: "okta.app", "app.tenant_name";
        app_template: "okta.app", "app.credentials.userNameTemplate.template";
        app_user_suffix: "okta.app", "app.credentials.userNameTemplate.userSuffix";
        app_template_type: "okta.app", "app.credentials.userNameTemplate.type";
        app_creates: "okta.app", "app.provisions_users";
        app_licences: "okta.app", "app.provisions_licences";
        user_id: "okta.user", "user.id";
        user_status: "okta.user", "user.status";
        user_login: "okta.user", "user.profile.login";
        user_email: "okta.user", "user.profile.email";
        user_first_name: "okta.user", "user.profile.firstName";
        user_last_name: "okta.user", "user.profile.lastName";
        user_display_name: "okta.user", "user.profile.displayName";
        user_country: "okta.user", "user.profile.countryCode";
        user_provider: "okta.user", "user.credentials.provider.type";
        group_id: "okta.group", "group.id";
        group_name: "okta.group", "group.profile.name";
        group_built_in: "okta.group", "group.type == 'BUILT_IN' && group.profile.name == 'Everyone'";
        group_members: "okta.group", "group.members.map(m, m.id)";
        assigned_app: "okta.app_group", "app_group.parent";
        assigned_id: "okta.app_group", "app_group.id";
        assigned_priority: "okta.app_group", "app_group.priority";
        assigned_licences: "okta.app_group", "app_group.profile.licenses";
        assignment_app: "okta.app_user", "app_user.parent";
        assignment_id: "okta.app_user", "app_user.id";
        assignment_status: "okta.app_user", "app_user.status";
        account_id: "entra.user", "user.id";
        account_name: "entra.user", "user.userPrincipalName";
        account_mail: "entra.user", "user.mail";
        sku_id: "entra.sku", "sku.id";
        sku_part_number: "entra.sku", "sku.tenant_part_number";
        sku_name: "entra.sku", "sku.name";
        sku_in_tenant: "entra.sku", "sku.subscribed != null";
        sku_free: "entra.sku", "sku.subscribed == null ? null : sku.subscribed.free_seats";
    }
}

questions! {
    /// What an assignment meets: asked of those that were laid over.
    Outlook {
        matched: "okta.app_user", "app_user.entra_user_match.outcome";
        external_id: "okta.app_user", "app_user.externalId";
        account: "okta.app_user", "app_user.entra_user == null ? null : app_user.entra_user.id";
        held: "okta.app_user",
            "app_user.entra_user == null ? []
             : app_user.entra_user.license_states.filter(s, s.error == null || s.error == 'None').map(s, s.skuId).distinct()";
        account_id: "entra.user", "user.id";
        sku_id: "entra.subscribed_sku", "subscribed_sku.skuId";
    }
}

/// The questions of [`Directory`].
pub(super) static DIRECTORY: LazyLock<Directory> = LazyLock::new(Directory::new);
/// The questions of [`Outlook`].
pub(super) static OUTLOOK: LazyLock<Outlook> = LazyLock::new(Outlook::new);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_is_sound() {
        assert!(DIRECTORY.all().count() + OUTLOOK.all().count() > 40);
    }
}
