//! Configuration, schemas, plans, and what the README says of the program.

use std::path::Path;

use crate::support::{refuses, status, stderr, stdout, tenken};

#[test]
fn configuration_mistakes_are_told_at_their_place() {
    let folder = tempfile::tempdir().unwrap();
    refuses(
        folder.path(),
        &["snapshot"],
        &["cannot read `tenken.yaml`", "tenken init"],
    );
    for (text, words) in [
        ("tenants: []\n", vec!["tenken.yaml:1:"]),
        (
            "tenants:\n  - name: a\n    okta: { url: 'http://contoso.okta.com', token: { env: T } }\n",
            vec!["tenken.yaml:3:", "in the clear"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://contoso.okta.com', token: s3cret }\n",
            vec!["tenken.yaml:3:", "never stands in the configuration", "{ env: NAME }"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://u:s3cret@contoso.okta.com', token: { value: s3cret } }\n",
            vec!["tenken.yaml:3:"],
        ),
        ("tenants:\n  - name: a\n", vec!["one of `okta`, `entra` is required"]),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://contoso.okta.com', tokn: { env: T } }\n",
            vec!["did you mean `token`?"],
        ),
        (
            "tenants:\n  - name: a\n    okta: { url: 'https://127.0.0.1:9', token: { env: NOT_SET_ANYWHERE } }\n",
            vec!["`NOT_SET_ANYWHERE` is not set"],
        ),
    ] {
        std::fs::write(folder.path().join("tenken.yaml"), text).unwrap();
        refuses(folder.path(), &["snapshot"], &words);
        assert!(
            !stderr(&tenken(folder.path(), &["snapshot"])).contains("s3cret"),
            "{text}"
        );
    }
    let init = tenken(folder.path(), &["init"]);
    std::fs::write(folder.path().join("tenken.yaml"), init.stdout.clone()).unwrap();
    for permission in [
        "User.Read.All",
        "OrgSettings-AppsAndServices.Read.All",
        "okta.apps.read",
        "okta.logs.read",
    ] {
        assert!(stdout(&init).contains(permission), "{permission}");
    }
    assert!(
        !stdout(&init).contains("Write"),
        "the configuration asks for more than reading"
    );
    refuses(folder.path(), &["snapshot"], &["`TENKEN_OKTA_TOKEN` is not set"]);
    assert!(
        !folder.path().join("snapshots").exists()
            || std::fs::read_dir(folder.path().join("snapshots")).unwrap().count() == 0
    );
}

#[test]
fn schemas_are_json_schemas_and_resources_are_described() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policy", "config", "audit", "manifest"] {
        let schema: serde_json::Value =
            serde_json::from_str(&stdout(&tenken(folder.path(), &["schema", name]))).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{name}");
        assert!(schema["title"].is_string(), "{name}");
    }
    let all = stdout(&tenken(folder.path(), &["resources"]));
    assert!(all.contains("okta.app_user ") && all.contains("entra.apps_and_services"));
    let one = stdout(&tenken(folder.path(), &["resources", "entra.user"]));
    assert!(
        one.contains("User.Read.All") && one.contains("licenseAssignmentStates") && one.contains("assignedByGroup")
    );
    refuses(
        folder.path(),
        &["resources", "okta.usr"],
        &["did you mean `okta.user`?"],
    );
}

#[test]
fn the_schemas_for_editors_are_the_printed_ones() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["policy", "error"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("policies/schema/{name}.json"));
        let printed = stdout(&tenken(folder.path(), &["schema", name]));
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(&path, &printed).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).unwrap_or_default() == printed,
            "run this test with UPDATE_SCHEMA=1"
        );
    }
}

#[test]
fn the_readme_says_what_is_true() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let policies = crate::support::built_in();
    let plan = tenken::collect::plan(&tenken::policy::needs(&policies));
    for source in [tenken::catalog::SourceName::Okta, tenken::catalog::SourceName::Entra] {
        for permission in plan.permissions(source) {
            assert!(
                readme.contains(&format!("`{permission}`")),
                "the README does not list {permission}"
            );
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let policy = readme
        .split("```yaml\nid:")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    std::fs::write(folder.path().join("policy.yaml"), format!("id:{policy}")).unwrap();
    let test = tenken(folder.path(), &["policy", "test", "policy.yaml"]);
    assert_eq!(status(&test), 0, "the README's policy: {}", stderr(&test));
    let config = readme
        .split("```yaml\ntenants:")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert!(tenken::config::Config::parse("README", &format!("tenants:{config}")).is_ok());
}

#[test]
fn a_plan_takes_neither_configuration_nor_credentials() {
    let folder = tempfile::tempdir().unwrap();
    let plan = |args: &[&str]| {
        let output = tenken(folder.path(), &[&["snapshot", "--plan"], args].concat());
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        stdout(&output)
    };
    let text = plan(&["--people", "100000"]);
    for part in [
        "okta.app_user",
        "GET /api/v1/users",
        "  okta.apps.read",
        "  Organization.Read.All",
        "minutes for 100000 people",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let json = |args: &[&str]| -> serde_json::Value {
        serde_json::from_str(&plan(&[args, &["--format", "json"]].concat())).unwrap()
    };
    let (needed, all) = (json(&[]), json(&["--all"]));
    let count = |plan: &serde_json::Value| plan["steps"].as_array().unwrap().len();
    assert!(
        count(&needed) < 30 && count(&all) > 100,
        "{} of {}",
        count(&needed),
        count(&all)
    );
    // One policy needs less than all, more people take more requests, and a larger share takes less time.
    let seats = json(&["--select", "provisioning.seats"]);
    assert!(count(&seats) < count(&needed));
    let many = json(&["--people", "1000000"]);
    assert!(many["requests"].as_u64() > needed["requests"].as_u64());
    let eager = json(&["--people", "1000000", "--rate-share", "100%"]);
    assert!(eager["minutes"].as_f64() < many["minutes"].as_f64());
    // Nothing was collected.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let refused = tenken(folder.path(), &["snapshot", "--people", "5"]);
    assert_eq!(status(&refused), 2, "{}", stderr(&refused));
}
