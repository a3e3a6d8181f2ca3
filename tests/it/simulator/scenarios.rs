//! The built-in scenarios: what is planted is there, nothing else is, and every run makes the same world.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use tenken::simulator::{Scenario, World};

use super::audit::{Finding, audit};
use super::client::{now, objects, texts, world};

fn planted(scenario: &Scenario) -> BTreeSet<Finding> {
    let plants = scenario.plants().iter();
    plants
        .map(|plant| {
            (
                plant.policy.clone(),
                plant.on.clone(),
                plant.outcome.clone(),
                plant.cause.clone(),
            )
        })
        .collect()
}

fn scenario(name: &str) -> Scenario {
    Scenario::builtin(name).unwrap().unwrap()
}

#[test]
fn an_audit_finds_what_is_planted_and_nothing_else() {
    for (name, people, seed) in [
        ("contoso", 400, None),
        ("contoso", 5_000, Some(7)),
        ("contoso", 0, None),
        ("clean", 60, None),
        ("clean", 3_000, Some(1)),
    ] {
        let mut scenario = scenario(name).with_people(people);
        if let Some(seed) = seed {
            scenario = scenario.with_seed(seed);
        }
        let expected = planted(&scenario);
        assert_eq!(
            expected.len(),
            scenario.plants().len(),
            "{name}: a plant is there twice"
        );
        assert_eq!(audit(&World::new(scenario, now())), expected, "{name} {people}");
    }
}

#[test]
fn contoso_has_many_kinds_of_plants_and_clean_what_nobody_can_read() {
    let contoso = scenario("contoso");
    let policies: BTreeSet<&str> = contoso.plants().iter().map(|plant| plant.policy.as_str()).collect();
    assert_eq!(
        policies.into_iter().collect::<Vec<_>>(),
        [
            "provisioning.account-exists",
            "provisioning.email-sign-up-off",
            "provisioning.group-inherited-licence",
            "provisioning.immutable-id",
            "provisioning.immutable-id-taken",
            "provisioning.immutable-id-unique",
            "provisioning.licence-errors",
            "provisioning.office-store-off",
            "provisioning.one-account",
            "provisioning.privileged-person",
            "provisioning.product-in-force",
            "provisioning.proxy-address-taken",
            "provisioning.restricted-management",
            "provisioning.seats",
            "provisioning.self-service-set",
            "provisioning.stuck-app-user",
            "provisioning.suspect-licence",
            "provisioning.synced-account",
            "provisioning.trials-off",
            "provisioning.usage-location",
            "provisioning.user-owned-licence",
            "provisioning.verified-domain"
        ]
    );
    assert!(contoso.plants().iter().all(|plant| !plant.story.is_empty()));
    let clean = scenario("clean");
    let causes: Vec<_> = clean.plants().iter().map(|plant| plant.cause.as_deref()).collect();
    assert_eq!(causes, [Some("needs_attestation")]);
    assert_eq!(Scenario::names(), ["contoso", "clean", "rollout-3000"]);
    assert!(Scenario::builtin("fabrikam").is_none());
}

#[test]
fn plants_name_objects_that_exist() {
    let world = world("contoso");
    let mut keys: BTreeSet<String> = BTreeSet::from(["tenant".to_owned()]);
    for path in [
        "/v1.0/subscribedSkus",
        "/beta/admin/appsAndServices",
        "/v1.0/policies/authorizationPolicy",
    ] {
        keys.extend(
            objects(&world, path)
                .iter()
                .map(|object| object["id"].as_str().unwrap().to_owned()),
        );
    }
    for listed in world.listing("/api/v1/apps/{appId}/users").unwrap() {
        keys.insert(format!(
            "{}/{}",
            listed.parent.unwrap(),
            listed.object["id"].as_str().unwrap()
        ));
    }
    for plant in scenario("contoso").plants() {
        assert!(keys.contains(&plant.on), "{} on {}", plant.policy, plant.on);
    }
}

#[test]
fn a_crowd_is_determined_by_its_seed() {
    let users = |scenario: Scenario| objects(&World::new(scenario, now()), "/v1.0/users");
    assert!(users(scenario("contoso")) == users(scenario("contoso")));
    let (few, many) = (
        users(scenario("contoso").with_people(10)),
        users(scenario("contoso").with_people(50)),
    );
    assert!(many.starts_with(&few));
    let other = users(scenario("contoso").with_seed(1).with_people(50));
    let named = users(scenario("contoso").with_people(0)).len();
    assert!(many[..named] == other[..named]);
    assert!(texts(&many[named..], "/id").is_disjoint(&texts(&other[named..], "/id")));
}

#[test]
fn logins_and_ids_are_unique_in_a_large_crowd() {
    let world = World::new(scenario("contoso").with_people(12_000), now());
    let (users, entra) = (objects(&world, "/api/v1/users"), objects(&world, "/v1.0/users"));
    assert_eq!(texts(&users, "/profile/login").len(), users.len());
    assert_eq!(texts(&users, "/id").len(), users.len());
    assert_eq!(texts(&entra, "/userPrincipalName").len(), entra.len());
    assert_eq!(texts(&entra, "/id").len(), entra.len());
    let app_users = objects(&world, "/api/v1/apps/{appId}/users");
    let of_crowd = app_users
        .iter()
        .filter(|user| user["syncState"] == "SYNCHRONIZED")
        .count();
    assert!((10_800..10_840).contains(&of_crowd), "{of_crowd}");
}

#[test]
fn seats_agree_with_the_people() {
    for people in [0, 57, 400, 1_234] {
        let world = World::new(scenario("contoso").with_people(people), now());
        let users = objects(&world, "/v1.0/users");
        for sku in objects(&world, "/v1.0/subscribedSkus") {
            let holds = |user: &&Value| {
                user["assignedLicenses"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|held| held["skuId"] == sku["skuId"])
            };
            assert_eq!(
                sku["consumedUnits"],
                users.iter().filter(holds).count(),
                "{}",
                sku["skuPartNumber"]
            );
        }
    }
}

#[test]
fn the_people_look_like_people() {
    let world = world("contoso");
    let users = objects(&world, "/v1.0/users");
    let kanji = |name: &&str| name.chars().any(|letter| ('\u{4e00}'..'\u{9fff}').contains(&letter));
    let names = texts(&users, "/displayName");
    assert!(names.iter().filter(|name| kanji(name)).count() > names.len() / 3);
    let hostile = ["<script>", "=HYPERLINK(", "](javascript:", "\u{1b}[31m", "\u{202e}"];
    assert!(
        hostile
            .iter()
            .all(|attack| names.iter().any(|name| name.contains(attack)))
    );
    assert_eq!(
        names
            .iter()
            .filter(|name| hostile.iter().any(|attack| name.contains(attack)))
            .count(),
        2
    );
    let errors: BTreeSet<String> = users
        .iter()
        .flat_map(|user| user["licenseAssignmentStates"].as_array().unwrap())
        .map(|state| state["error"].to_string())
        .collect();
    assert_eq!(
        errors.into_iter().collect::<Vec<_>>(),
        ["\"CountViolation\"", "\"None\"", "null"]
    );
    let text: String = ["/api/v1/users", "/v1.0/users", "/api/v1/logs", "/v1.0/groups"]
        .iter()
        .flat_map(|path| objects(&world, path))
        .map(|object| object.to_string())
        .collect();
    assert!(!text.contains("\"@"), "a placeholder is left");
}

#[test]
fn times_are_relative_to_now() {
    let later: Timestamp = "2031-12-31T23:59:59Z".parse().unwrap();
    for at in [now(), later, Timestamp::UNIX_EPOCH, Timestamp::MIN, Timestamp::MAX] {
        let world = World::new(scenario("contoso"), at);
        let kaho = world
            .listing("/api/v1/apps/{appId}/users")
            .unwrap()
            .next()
            .unwrap()
            .object;
        let changed: Timestamp = kaho["statusChanged"].as_str().unwrap().parse().unwrap();
        assert!(
            at == Timestamp::MIN || at.duration_since(changed).as_hours() == 72,
            "{at}: {changed}"
        );
    }
    assert_eq!(
        objects(&world("contoso"), "/api/v1/logs").len(),
        objects(&world("contoso"), "/api/v1/logs?since=2026-03-25T09:00:00Z").len()
    );
}

#[test]
fn mistakes_are_all_told_at_once() {
    let yaml = include_str!("../../../src/simulator/scenarios/clean.yaml");
    let wrong = yaml
        .replace("culture: japan", "culture: atlantis")
        .replace("licence: SPE_E3", "licence: SPE_E9")
        .replace("@-1500d", "@-1500y")
        .replace("@entra:purchasing", "@entra:nobody")
        .replace("Exchange Online (Plan 2)", "Exchange Online (Plan 9)")
        .replace("key: guest.litware", "key: guest.suzuki")
        + "\ndeny: [/api/v1/nothing]\n";
    let problems = Scenario::parse(&wrong).unwrap_err().to_string();
    for part in [
        "atlantis",
        "SPE_E9",
        "@-1500y",
        "nobody",
        "Plan 9",
        "suzuki",
        "/api/v1/nothing",
    ] {
        assert!(problems.contains(part), "{part} is not in\n{problems}");
    }
    let unknown_key = Scenario::parse(&yaml.replace("crowd:\n", "crowd:\n  colour: blue\n"))
        .unwrap_err()
        .to_string();
    assert!(unknown_key.contains("colour"), "{unknown_key}");
    assert!(Scenario::parse("").is_err());
}
