//! A company that is about to roll out: the clean scenario with people who are in Okta and not yet in the application.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenken::audit::Audit;
use tenken::audit::readiness::{PlannedPerson, Readiness};
use tenken::collect;
use tenken::diagnostic::{Diagnostics, Severity};
use tenken::policy;
use tenken::readiness::{self, Questions, RolloutPlan};
use tenken::simulator::{Scenario, Server, ServerOptions, World};
use tenken::snapshot::{Snapshot, SnapshotWriter};

use crate::support::{built_in, full_speed, listener, now, tenant_of};

/// Two groups: of the pilot, and of all others, which is assigned to the application already but has new members.
const GROUPS: &str = r#"
  /api/v1/groups:
    objects:
      - { id: 00g1pilot0000000005d7, type: OKTA_GROUP, created: "@-9d", lastUpdated: "@-9d", lastMembershipUpdated: "@-1d", objectClass: [okta:user_group], profile: { name: M365 パイロット, description: null } }
      - { id: 00g1cleaneveryone5d7, type: OKTA_GROUP, created: "@-900d", lastUpdated: "@-9d", lastMembershipUpdated: "@-1d", objectClass: [okta:user_group], profile: { name: M365 everyone, description: null } }
  "/api/v1/groups/{groupId}/users":
    under:
      00g1pilot0000000005d7: [{ id: "@okta:ready.create" }, { id: "@okta:ready.match" }, { id: "@okta:own.licence" }, { id: "@okta:wrong.domain" }, { id: "@okta:suspect.licence" }, { id: "@okta:viktor.ahlgren" }]
      00g1cleaneveryone5d7: [{ id: "@okta:no.location" }, { id: "@okta:suspended" }, { id: "@okta:two.faults" }, { id: "@okta:from.directory" }, { id: "@okta:other.directory" }, { id: "@okta:ready.create" }]
"#;

/// Who is about to be assigned. Nobody is in the application.
const PEOPLE: &str = r#"
  - { key: ready.create, name: { given: 花子, family: 佐藤 }, story: Has no account yet., in: [okta] }
  - { key: ready.match, name: { given: 太郎, family: 鈴木 }, story: Has an account that Okta will link to., in: [okta, entra], licences: [], entra_user: { onPremisesImmutableId: null } }
  - { key: own.licence, name: { given: 凛, family: 畠山 }, story: Started a trial., in: [okta, entra], licences: [{ sku: Microsoft_Teams_Exploratory_Dept }], entra_user: { onPremisesImmutableId: null } }
  - { key: suspect.licence, name: { given: 匠, family: 三崎 }, story: May have., in: [okta, entra], licences: [{ sku: SPE_E3 }, { sku: TEAMS_EXPLORATORY }], entra_user: { onPremisesImmutableId: null } }
  - { key: wrong.domain, login: wrong.domain@nowhere.example, name: { given: 誰, family: 何 }, story: Signs in with a domain that the tenant does not have., in: [okta] }
  - { key: no.location, name: { given: 玲, family: 東 }, story: Has no usage location., in: [okta, entra], licences: [], entra_user: { onPremisesImmutableId: null, usageLocation: null } }
  - { key: suspended, name: { given: 休, family: 止 }, story: On leave., in: [okta], okta_user: { status: SUSPENDED } }
  - { key: two.faults, name: { given: 二, family: 重 }, story: Started a trial and has no usage location., in: [okta, entra], licences: [{ sku: Microsoft_Teams_Exploratory_Dept }], entra_user: { onPremisesImmutableId: null, usageLocation: null } }
  - { key: from.directory, name: { given: 北, family: 南 }, story: Comes from Active Directory., in: [okta], okta_user: { credentials: { provider: { type: ACTIVE_DIRECTORY, name: corp.example } } } }
  - { key: other.directory, name: { given: 東, family: 西 }, story: Comes from Active Directory and has an account with an immutable id., in: [okta, entra], okta_user: { credentials: { provider: { type: ACTIVE_DIRECTORY, name: corp.example } } }, entra_user: { onPremisesImmutableId: c29tZSBndWlk } }
  - { key: only.entra, name: { given: 独, family: 立 }, story: Nobody in Okta., in: [entra], licences: [] , entra_user: { onPremisesImmutableId: null } }
"#;

/// The products that they hold.
const SKUS: &str = r#"
    - sku: Microsoft_Teams_Exploratory_Dept
      free_seats: 0
      subscriptions: [{ id: 0a72d4f6-b381-45ec-994a-71d362e5c48b, createdDateTime: "@-24d", nextLifecycleDateTime: "@+340d", isTrial: true, ownerId: "@entra:own.licence", ownerType: User }]
    - sku: TEAMS_EXPLORATORY
      free_seats: 3
      subscriptions: [{ id: 5fc7294b-08d6-4a31-ae9f-c628b73a21d0, createdDateTime: "@-150d", nextLifecycleDateTime: "@+215d", isTrial: true }]
"#;

/// The pilot, then everybody.
pub(super) const TWO_WAVES: &str = "
app: Microsoft Office 365
waves:
  - { name: Pilot, groups: [M365 パイロット], licenses: [SPE_E3] }
  - { name: Everybody, groups: [M365 everyone] }
";

/// The scenario's text.
pub(super) fn scenario() -> String {
    let clean = include_str!("../../../src/simulator/scenarios/clean.yaml");
    let with = |text: String, heading: &str, more: &str| {
        assert_eq!(text.matches(heading).count(), 1, "{heading:?}");
        text.replacen(heading, &format!("{heading}{}", more.trim_start_matches('\n')), 1)
    };
    let text = with(clean.to_owned(), "\nstock:\n", GROUPS);
    let text = with(text, "\npeople:\n", PEOPLE);
    with(text, "\n  skus:\n", SKUS)
}

/// The snapshot, with the members of groups; read over HTTP.
pub(super) async fn collected(options: ServerOptions, folder: &Path) -> PathBuf {
    collected_from(Scenario::parse(&scenario()).unwrap(), options, folder).await
}

/// The same of another company.
pub(super) async fn collected_from(scenario: Scenario, options: ServerOptions, folder: &Path) -> PathBuf {
    let server = Server::start(World::new(scenario, now()), options).await.unwrap();
    let place = folder.join("snapshot");
    let mut needs = policy::needs(&built_in());
    needs.extend(&readiness::directory_needs());
    let plan = collect::plan(&needs).with_only(
        "okta.group_member",
        r#"group.profile.name in ["M365 パイロット", "M365 everyone"]"#.to_owned(),
    );
    let writer = SnapshotWriter::create(&place, false).unwrap();
    collect::collect(
        &tenant_of(&server),
        &plan,
        writer,
        full_speed(),
        Arc::new(now),
        listener().0,
    )
    .await
    .unwrap();
    server.shutdown().await;
    place
}

/// What becomes of a plan.
pub(super) fn foreseen(place: &Path, plan: &str) -> Result<Audit, String> {
    let plan = RolloutPlan::parse("plan.yaml", plan, place).map_err(told)?;
    let (loaded, errors) = policy::load_errors(&[], &mut Diagnostics::new());
    let questions = Questions::of(loaded.policies, &[], errors);
    let snapshot = Snapshot::open(place).unwrap();
    readiness::foresee(&plan, &questions, &snapshot).map_err(told)
}

/// Mistakes in words.
fn told(sink: Diagnostics) -> String {
    let errors = sink.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    errors
        .map(|diagnostic| diagnostic.render(false))
        .collect::<Vec<_>>()
        .join("\n")
}

/// The part about the rollout.
pub(super) fn readiness(audit: &Audit) -> &Readiness {
    audit.readiness.as_ref().unwrap()
}

/// The person of a key of the scenario.
pub(super) fn person<'a>(audit: &'a Audit, key: &str) -> &'a PlannedPerson {
    let people = &readiness(audit).people;
    let found = people.iter().find(|person| person.name.split('@').next() == Some(key));
    found.unwrap_or_else(|| panic!("{key} is not in the plan"))
}

/// Why, by the ids of causes.
pub(super) fn reasons(person: &PlannedPerson) -> Vec<&str> {
    person.reasons.iter().map(|reason| reason.cause.as_str()).collect()
}
