//! Finding what a plan names: the application, groups and their members, people.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::ask::{Answer, Ask, DIRECTORY};
use super::user_name::{Profile, Template};
use crate::audit::ResourceId;
use crate::catalog::{RecordType, catalog};
use crate::diagnostic::{Code, Diagnostic};
use crate::evaluate::{Tables, resource_id};
use crate::expr::{Origin, RecordRef, Records as _};

/// The application that people are assigned to.
#[derive(Clone, Debug)]
pub(super) struct App {
    pub(super) id: String,
    pub(super) resource: ResourceId,
    pub(super) template: Option<Template>,
    /// Whether it creates accounts and changes them, if that is known.
    pub(super) creates: Option<bool>,
    /// Whether it sets licences, if that is known.
    pub(super) sets_licences: Option<bool>,
}

/// A group of Okta's.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) resource: ResourceId,
    /// Its assignment to the application, if it has one.
    pub(super) assigned: Option<GroupAssignment>,
    /// Okta ids of its members, or why they are not known.
    pub(super) members: Result<Vec<String>, Vec<Origin>>,
}

/// A group's assignment to the application.
#[derive(Clone, Debug)]
pub(super) struct GroupAssignment {
    pub(super) priority: Option<i64>,
    pub(super) licences: Answer<Vec<String>>,
}

/// Somebody in Okta.
#[derive(Clone, Debug)]
pub(super) struct Somebody {
    pub(super) id: String,
    pub(super) row: RecordRef,
    pub(super) resource: ResourceId,
    pub(super) login: String,
    pub(super) status: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) profile: Profile,
    /// Row of the assignment to the application that they have already.
    pub(super) assignment: Option<RecordRef>,
}

/// What a name came to.
#[derive(Clone, Debug)]
pub(super) enum Found {
    One(Box<Somebody>),
    /// Several people are known by it, by their logins.
    Several(Vec<String>),
    /// Nobody in Okta is; an account in Entra may be.
    Nobody {
        account: Option<ResourceId>,
        unread: Vec<Origin>,
    },
}

/// States of an assignment that is none any more.
const ENDED: [&str; 4] = ["DEPROVISIONED", "INACTIVE", "REVOKED", "UNASSIGNED"];

/// The application of that label or id, or the only one that targets the tenant.
pub(super) fn app(wanted: Option<&str>, tables: &Tables) -> Result<App, Diagnostic> {
    let ask = &*DIRECTORY;
    let office: Vec<u32> = ask
        .app_id
        .rows(tables)
        .filter(|row| ask.app_is_office.truth(*row, tables) != Some(false))
        .collect();
    let meant: Vec<u32> = match wanted {
        Some(wanted) => office
            .iter()
            .copied()
            .filter(|row| is_app(*row, wanted, tables))
            .collect(),
        None => office
            .iter()
            .copied()
            .filter(|row| ask.app_targets.truth(*row, tables) == Some(true))
            .collect(),
    };
    let row = match (meant.as_slice(), wanted) {
        ([only], _) => *only,
        ([], wanted) => return Err(no_app(wanted, &office, tables)),
        (several, _) => {
            let message = format!(
                "several applications come into question: {}",
                apps_named(several, tables)
            );
            return Err(wrong(message).help("name one by its id with `--app`"));
        }
    };
    if ask.app_targets.truth(row, tables) == Some(false) {
        let tenant = ask.app_tenant.text(row, tables).unwrap_or_default();
        return Err(wrong(format!(
            "`{}` provisions into the tenant `{tenant}`, which is not the one in this snapshot",
            label(row, tables)
        )));
    }
    Ok(App {
        id: ask.app_id.text(row, tables).unwrap_or_default(),
        resource: id_of(&ask.app_id, row, tables),
        template: template(row, tables),
        creates: ask.app_creates.truth(row, tables),
        sets_licences: ask.app_licences.truth(row, tables),
    })
}

fn wrong(message: String) -> Diagnostic {
    Diagnostic::error(Code::InvalidPlan, message)
}

fn label(row: u32, tables: &Tables) -> String {
    DIRECTORY.app_label.text(row, tables).unwrap_or_default()
}

/// Whether an application is the one of a label or id.
fn is_app(row: u32, wanted: &str, tables: &Tables) -> bool {
    let is = |ask: &Ask| {
        let text = ask.text(row, tables);
        text.is_some_and(|text| text.to_lowercase() == wanted.to_lowercase())
    };
    is(&DIRECTORY.app_id) || is(&DIRECTORY.app_label)
}

/// Applications by label and id.
fn apps_named(rows: &[u32], tables: &Tables) -> String {
    let id = |row: u32| DIRECTORY.app_id.text(row, tables).unwrap_or_default();
    let names = rows
        .iter()
        .map(|row| format!("`{}` ({})", label(*row, tables), id(*row)));
    names.collect::<Vec<_>>().join(", ")
}

/// What is to be said where no application is meant: one that is switched off provisions nobody.
fn no_app(wanted: Option<&str>, office: &[u32], tables: &Tables) -> Diagnostic {
    let ask = &*DIRECTORY;
    let inactive = ask
        .app_id
        .rows(tables)
        .filter(|row| ask.app_is_inactive_office.truth(*row, tables) == Some(true));
    let inactive: Vec<u32> = inactive
        .filter(|row| wanted.is_none_or(|wanted| is_app(*row, wanted, tables)))
        .collect();
    match wanted {
        _ if !inactive.is_empty() && (wanted.is_some() || office.is_empty()) => {
            wrong(format!("{} is inactive in Okta", apps_named(&inactive, tables)))
                .help("activate it in Okta and take a new snapshot")
        }
        None if office.is_empty() => wrong("there is no Office 365 application in the snapshot".to_owned()),
        None => wrong("no Office 365 application in the snapshot is known to target its tenant".to_owned())
            .help("name the application with `--app`"),
        Some(wanted) if office.is_empty() => wrong(format!(
            "no Office 365 application in the snapshot is called `{wanted}`: there is none"
        )),
        Some(wanted) => {
            let names: Vec<String> = office.iter().map(|row| label(*row, tables)).collect();
            wrong(format!(
                "no Office 365 application in the snapshot is called `{wanted}`: there is {}",
                apps_named(office, tables)
            ))
            .suggest(wanted, names.iter().map(String::as_str))
        }
    }
}

/// What makes user names of people, unless they are written by hand.
fn template(row: u32, tables: &Tables) -> Option<Template> {
    let ask = &*DIRECTORY;
    let kind = ask.app_template_type.text(row, tables);
    let suffix = ask.app_user_suffix.text(row, tables);
    ask.app_template
        .text(row, tables)
        .filter(|_| kind.as_deref() != Some("NONE"))
        .map(|text| Template {
            text,
            suffix: suffix.filter(|_| kind.as_deref() != Some("CUSTOM")),
        })
}

fn id_of(ask: &Ask, row: u32, tables: &Tables) -> ResourceId {
    resource_id(RecordRef { ty: ask.record, row }, tables)
}

/// Why a type was not read whole.
fn unread(ty: RecordType, tables: &Tables) -> Vec<Origin> {
    origins(tables.open(ty).unwrap_or_default(), tables)
}

fn origins(ids: &[u32], tables: &Tables) -> Vec<Origin> {
    ids.iter().filter_map(|id| tables.origin(*id)).cloned().collect()
}

/// The groups of these names or ids, in their order.
///
/// # Errors
/// Every name that no group has, and every one that several have.
pub(super) fn groups(wanted: &[&str], app: &App, tables: &Tables) -> Result<Vec<Group>, Vec<Diagnostic>> {
    let ask = &*DIRECTORY;
    let rows = group_rows(tables);
    let (mut found, mut faults) = (Vec::new(), Vec::new());
    for name in wanted {
        match groups_called(name, &rows).as_slice() {
            [(row, id, _)] => found.push(Group {
                id: id.clone(),
                resource: id_of(&ask.group_id, *row, tables),
                assigned: assigned(id, app, tables),
                members: members(*row, tables),
            }),
            [] => faults.push(no_group(name, &rows, tables)),
            several => {
                let ids: Vec<&str> = several.iter().map(|(_, id, _)| id.as_str()).collect();
                let message = format!("several groups are called `{name}`: {}", ids.join(", "));
                faults.push(Diagnostic::error(Code::InvalidPlan, message).help("name one by its id"));
            }
        }
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// A group of the snapshot: its row, its id and its name.
type GroupRow = (u32, String, String);

fn group_rows(tables: &Tables) -> Vec<GroupRow> {
    let ask = &*DIRECTORY;
    let group = |row| {
        let name = ask.group_name.text(row, tables).unwrap_or_default();
        Some((row, ask.group_id.text(row, tables)?, name))
    };
    ask.group_id.rows(tables).filter_map(group).collect()
}

/// The groups that a name or id means. Names may differ in case.
fn groups_called<'g>(name: &str, rows: &'g [GroupRow]) -> Vec<&'g GroupRow> {
    let lower = name.to_lowercase();
    let is_meant = |(_, id, title): &&GroupRow| id == name || title.to_lowercase() == lower;
    rows.iter().filter(is_meant).collect()
}

fn no_group(name: &str, rows: &[GroupRow], tables: &Tables) -> Diagnostic {
    let message = format!("no group in the snapshot is called `{name}`");
    let mut fault =
        Diagnostic::error(Code::InvalidPlan, message).suggest(name, rows.iter().map(|(_, _, title)| title.as_str()));
    for origin in unread(DIRECTORY.group_id.record, tables) {
        fault = fault.help(format!("not all groups were read: {}", told(&origin)));
    }
    fault
}

/// What is to be said of names that no group has.
pub(super) fn unknown_groups(names: &[String], tables: &Tables) -> Vec<Diagnostic> {
    let rows = group_rows(tables);
    let unknown = names.iter().filter(|name| groups_called(name, &rows).is_empty());
    unknown.map(|name| no_group(name, &rows, tables)).collect()
}

/// An origin in a few words.
fn told(origin: &Origin) -> String {
    let needs = origin.needs.as_deref().map(|needs| format!(", which needs {needs}"));
    format!("{} {}{}", origin.cause, origin.about, needs.unwrap_or_default())
}

fn assigned(group: &str, app: &App, tables: &Tables) -> Option<GroupAssignment> {
    let ask = &*DIRECTORY;
    let row = ask.assigned_id.rows(tables).find(|row| {
        ask.assigned_id.text(*row, tables).as_deref() == Some(group)
            && ask.assigned_app.text(*row, tables).as_deref() == Some(&app.id)
    })?;
    Some(GroupAssignment {
        priority: ask.assigned_priority.number(row, tables),
        licences: ask.assigned_licences.texts(row, tables),
    })
}

/// Ids of a group's members, or why they are not known.
fn members(row: u32, tables: &Tables) -> Result<Vec<String>, Vec<Origin>> {
    let ask = &*DIRECTORY;
    if ask.group_built_in.truth(row, tables) == Some(true) {
        let open = unread(ask.user_id.record, tables);
        let everyone = ask.user_id.rows(tables).filter_map(|row| ask.user_id.text(row, tables));
        return if open.is_empty() {
            Ok(everyone.collect())
        } else {
            Err(open)
        };
    }
    match ask.group_members.texts(row, tables) {
        Answer::Known(members) => Ok(members.unwrap_or_default()),
        Answer::Unknown(origins) => Err(origins),
    }
}

/// The people whom texts name, by text without the space around it.
pub(super) fn people(names: &[&str], app: &App, tables: &Tables) -> HashMap<String, Found> {
    let ask = &*DIRECTORY;
    let wanted: HashSet<&str> = names.iter().map(|name| name.trim()).collect();
    let mut spellings: HashMap<String, Vec<&str>> = HashMap::new();
    for name in &wanted {
        spellings.entry(key(name)).or_default().push(name);
    }
    // Ids of Okta's differ by case; logins and addresses do not.
    let exactly = |id: &str| wanted.get(id).copied().into_iter().collect();
    let loosely = |name: &str| spellings.get(&key(name)).cloned().unwrap_or_default();
    // The surest key that somebody has decides: a mail address may be another person's login.
    let mut okta = hits(&ask.user_id, exactly, tables);
    for ask in [&ask.user_login, &ask.user_email] {
        add_hits(&mut okta, hits(ask, loosely, tables));
    }
    let mut entra = hits(&ask.account_id, loosely, tables);
    for ask in [&ask.account_name, &ask.account_mail] {
        add_hits(&mut entra, hits(ask, loosely, tables));
    }
    let assignments = assignments(&okta, app, tables);
    let unread = unread(ask.user_id.record, tables);
    let found = |name: &str| {
        let rows = okta
            .get(name)
            .map(|rows| rows.iter().copied().collect::<Vec<u32>>())
            .unwrap_or_default();
        let found = match rows.as_slice() {
            [row] => Found::One(Box::new(somebody(*row, &assignments, tables))),
            [] => Found::Nobody {
                account: entra
                    .get(name)
                    .filter(|rows| rows.len() == 1)
                    .and_then(|rows| rows.iter().next())
                    .map(|row| id_of(&ask.account_id, *row, tables)),
                unread: unread.clone(),
            },
            several => Found::Several(
                several
                    .iter()
                    .filter_map(|row| ask.user_login.text(*row, tables))
                    .collect(),
            ),
        };
        (name.to_owned(), found)
    };
    wanted.into_iter().map(found).collect()
}

/// The spelling of a login or an address that all its spellings share.
pub(super) fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Rows by the texts that name them.
type Hits<'n> = BTreeMap<&'n str, BTreeSet<u32>>;

/// Rows by the texts that name them by one key.
fn hits<'n>(ask: &Ask, texts_of: impl Fn(&str) -> Vec<&'n str>, tables: &Tables) -> Hits<'n> {
    let mut found = Hits::new();
    for row in ask.rows(tables) {
        let Some(value) = ask.text(row, tables) else { continue };
        for text in texts_of(value.trim()) {
            found.entry(text).or_default().insert(row);
        }
    }
    found
}

/// Adds what a less sure key finds, for texts that no surer one has found.
fn add_hits<'n>(found: &mut Hits<'n>, more: Hits<'n>) {
    for (text, rows) in more {
        found.entry(text).or_insert(rows);
    }
}

/// Rows of the assignments to the application that these people have, by their ids.
fn assignments(okta: &Hits<'_>, app: &App, tables: &Tables) -> HashMap<String, RecordRef> {
    let ask = &*DIRECTORY;
    let ids: HashSet<String> = okta
        .values()
        .flatten()
        .filter_map(|row| ask.user_id.text(*row, tables))
        .collect();
    let mut found = HashMap::new();
    for row in ask.assignment_id.rows(tables) {
        let Some(id) = ask.assignment_id.text(row, tables).filter(|id| ids.contains(id)) else {
            continue;
        };
        let of_app = ask.assignment_app.text(row, tables).as_deref() == Some(&app.id);
        let ended = ask
            .assignment_status
            .text(row, tables)
            .is_some_and(|status| ENDED.contains(&status.as_str()));
        if of_app && !ended {
            found.insert(
                id,
                RecordRef {
                    ty: ask.assignment_id.record,
                    row,
                },
            );
        }
    }
    found
}

fn somebody(row: u32, assignments: &HashMap<String, RecordRef>, tables: &Tables) -> Somebody {
    let ask = &*DIRECTORY;
    let id = ask.user_id.text(row, tables).unwrap_or_default();
    let attributes = [
        ("login", &ask.user_login),
        ("userName", &ask.user_login),
        ("email", &ask.user_email),
        ("firstName", &ask.user_first_name),
        ("lastName", &ask.user_last_name),
        ("displayName", &ask.user_display_name),
        ("countryCode", &ask.user_country),
    ];
    let profile: Profile = attributes
        .into_iter()
        .filter_map(|(name, ask)| Some((name, ask.text(row, tables)?)))
        .collect();
    Somebody {
        row: RecordRef {
            ty: ask.user_id.record,
            row,
        },
        resource: id_of(&ask.user_id, row, tables),
        login: profile.get("login").cloned().unwrap_or_else(|| id.clone()),
        status: ask.user_status.text(row, tables),
        provider: ask.user_provider.text(row, tables),
        assignment: assignments.get(&id).copied(),
        profile,
        id,
    }
}

/// Whether a resource is another application than this, or belongs to one.
pub(super) fn is_of_other_app(resource: &ResourceId, app: &App) -> bool {
    let Some(known) = catalog().resource(&resource.resource_type) else {
        return false;
    };
    let parent = known.supply.call().and_then(|call| call.per.as_ref());
    let of_app = known.name == "okta.app" || parent.is_some_and(|per| per.parent.name() == "okta.app");
    of_app && resource.key.split('/').next() != Some(&app.id)
}
