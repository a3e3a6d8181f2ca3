//! Packs that extend others, functions, versions.

use super::{PACK, audit, folder, policy, rule, seats, write};
use crate::support::{refuses, status, stderr, stdout, tenken};

const EXTENDING: &str = "\
id: ours
title: { en: Ours, ja: 我 }
about: { en: Ours, ja: 我 }
extends: [provisioning, ../mine]
policies:
  provisioning.seats: { severity: low, reason: We order monthly }
  provisioning.trials-off: { enabled: false, reason: Trials are wanted }
  mine.seats: { params: { spare: 50 }, reason: We grow }
";

#[test]
fn a_pack_extends_others_and_changes_them() {
    let folder = folder(
        Some("contoso"),
        &[
            ("mine/pack.yaml", PACK),
            ("mine/seats.yaml", &seats()),
            ("ours/pack.yaml", EXTENDING),
        ],
    );
    for names in [
        &["--policies", "ours"][..],
        &["--policies", "provisioning", "--policies", "ours"],
    ] {
        let found = audit(folder.path(), names);
        // One is switched off, and one is its own.
        assert_eq!(
            found["policies"].as_array().unwrap().len(),
            crate::support::built_in().len()
        );
        assert_eq!(policy(&found, "provisioning.seats")["severity"], "low");
        assert_eq!(policy(&found, "provisioning.seats")["pack"], "provisioning");
        assert_eq!(policy(&found, "mine.seats")["params"][0]["by"]["pack"], "ours");
        let changes = found["adjustments"].as_array().unwrap();
        let of = |id: &str| changes.iter().find(|change| change["policy"] == id).unwrap();
        assert_eq!(changes.len(), 3);
        assert_eq!(of("provisioning.trials-off")["enabled"], false);
        assert_eq!(of("provisioning.seats")["severity"], "low");
        for report in ["report.html", "report.md"] {
            let text = std::fs::read_to_string(folder.path().join(report)).unwrap();
            for words in ["Trials are wanted", "We order monthly", "provisioning.trials-off"] {
                assert!(text.contains(words), "{report} does not say {words}");
            }
        }
    }
    // Examples are about policies as they were written.
    assert_eq!(status(&tenken(folder.path(), &["policy", "test", "ours"])), 0);
    // The tenant has the last word over the pack.
    let found = audit(folder.path(), &["--policies", "ours", "--param", "mine.seats.spare=1"]);
    assert_eq!(policy(&found, "mine.seats")["params"][0]["value"], 1);

    for (from, to, words) in [
        (
            "provisioning.seats:",
            "provisioning.seat:",
            ["pack.yaml:6:3", "did you mean `provisioning.seats`?"],
        ),
        ("spare: 50", "spare: 500", ["pack.yaml:8:34", "at most 50"]),
        ("spare: 50", "spar: 50", ["pack.yaml:8:27", "did you mean `spare`?"]),
        (
            "[provisioning,",
            "[provisionin,",
            ["pack.yaml:4:11", "did you mean `provisioning`?"],
        ),
        ("../mine", "../ours", ["circular", "pack.yaml:4:25"]),
        ("severity: low", "severity: lo", ["pack.yaml:6", "did you mean `low`?"]),
        (", reason: We grow", "", ["pack.yaml:8", "missing key `reason`"]),
    ] {
        write(folder.path(), "ours/pack.yaml", &EXTENDING.replace(from, to));
        refuses(folder.path(), &["policy", "check", "ours"], &words);
    }
    // Two packs that know nothing of each other do not change one policy twice.
    write(folder.path(), "ours/pack.yaml", EXTENDING);
    write(
        folder.path(),
        "theirs/pack.yaml",
        &EXTENDING.replace("id: ours", "id: theirs").replace("50", "5"),
    );
    refuses(
        folder.path(),
        &["policy", "check", "ours", "theirs"],
        &["changed by two packs", "mine.seats"],
    );
    // A change within a chain is on top of those below.
    let chain = "id: top\ntitle: { en: t, ja: t }\nabout: { en: t, ja: t }\nextends: [../ours]\npolicies:\n  \
                 provisioning.trials-off: { enabled: true, reason: They are not }\n";
    write(folder.path(), "top/pack.yaml", chain);
    let found = audit(folder.path(), &["--policies", "top"]);
    assert_eq!(
        found["policies"].as_array().unwrap().len(),
        crate::support::built_in().len() + 1
    );
}

const FUNCTIONS: &str = "\
functions:
  scarce:
    params: { sku: entra.subscribed_sku, least: int }
    cel: sku.free_seats < least
    about: { en: Whether too few seats are left, ja: 残りが少ないか }
  named:
    params: { product: 'entra.sku?', name: string }
    cel: product != null && product.name == name
    about: { en: Whether a product has this name, ja: 名前 }
  scarce_of:
    params: { sku: entra.subscribed_sku, name: string }
    cel: named(sku.sku, name) && scarce(sku, 3)
    about: { en: Both, ja: 両方 }
  account:
    params: { person: okta.app_user }
    cel: entra.users.filter(u, u.id == person.externalId)
    about: { en: The account of a person, ja: アカウント }
";

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_function_is_checked_once_and_written_out_where_it_is_used() {
    let scarce = rule("mine.scarce", "assert: '!scarce(subscribed_sku, 50)'");
    let plain = rule("mine.plain", "assert: '!(subscribed_sku.free_seats < 50)'");
    let pack = format!("{PACK}{FUNCTIONS}");
    let folder = folder(
        Some("contoso"),
        &[
            ("mine/pack.yaml", &pack),
            ("mine/scarce.yaml", &scarce),
            ("mine/plain.yaml", &plain),
        ],
    );
    let found = audit(folder.path(), &["--policies", "mine"]);
    let (called, written) = (policy(&found, "mine.scarce"), policy(&found, "mine.plain"));
    assert!(called["counts"]["fail"].as_u64().unwrap() > 0);
    assert_eq!(called["counts"], written["counts"]);
    let evidence = |id: &str| {
        let list = found["findings"].as_array().unwrap();
        list.iter().find(|finding| finding["policy"] == id).unwrap()["evidence"].clone()
    };
    assert_eq!(evidence("mine.scarce"), evidence("mine.plain"));

    let policy = |condition: &str| {
        rule("mine.scarce", &format!("assert: >-\n  {condition}"))
            .replace("resource: entra.subscribed_sku", "resource: okta.app_user")
    };
    // Guards and indexes hold through a call.
    for condition in [
        "account(app_user).all(u, u.accountEnabled == true)",
        "app_user.entra_user == null || account(app_user).size() == 1",
        "entra.subscribed_skus.all(s, named(s.sku, \"x\") || !scarce_of(s, \"y\"))",
    ] {
        write(folder.path(), "mine/scarce.yaml", &policy(condition));
        let output = tenken(folder.path(), &["policy", "check", "mine"]);
        assert_eq!(status(&output), 0, "{condition}: {}", stderr(&output));
    }
    for (condition, words) in [
        (
            "scarce(app_user, 3)",
            ["scarce.yaml:7:3", "does not take (okta.app_user, int)"],
        ),
        ("scarse(app_user, 3)", ["scarce.yaml:7:3", "did you mean `scarce`?"]),
        (
            "entra.subscribed_skus.all(s, scarce(s))",
            ["scarce.yaml:7:32", "does not take"],
        ),
        (
            "entra.subscribed_skus.exists(sku, account(app_user.user).size() == 1)",
            ["scarce.yaml:7:37", "does not take"],
        ),
    ] {
        write(folder.path(), "mine/scarce.yaml", &policy(condition));
        refuses(folder.path(), &["policy", "check", "mine"], &words);
    }
    write(folder.path(), "mine/scarce.yaml", &scarce);
    for (from, to, words) in [
        (
            "sku.free_seats < least",
            "sku.free_seat < least",
            ["mine/pack.yaml:7:14", "did you mean `free_seats`?"],
        ),
        ("product != null && ", "", ["mine/pack.yaml:11:10", "unguarded-link"]),
        (
            "scarce(sku, 3)",
            "scarce_of(sku, name)",
            ["circular", "`scarce_of` uses `scarce_of`"],
        ),
        (
            "okta.app_user",
            "okta.app_usr",
            ["unknown-type", "did you mean `okta.app_user`?"],
        ),
        ("< least", "< 3", ["unused-param", "`least` is never used"]),
        (
            "  scarce:\n",
            "  size:\n",
            ["there is a function `size` already", "pack.yaml:5:3"],
        ),
    ] {
        let text = pack.replace(from, to);
        assert_ne!(text, pack);
        write(folder.path(), "mine/pack.yaml", &text);
        refuses(folder.path(), &["policy", "check", "mine"], &words);
    }
    // A pack that extends this one may use its functions.
    write(folder.path(), "mine/pack.yaml", &pack);
    write(
        folder.path(),
        "ours/pack.yaml",
        &format!("{}extends: [../mine]\n", PACK.replace("mine", "ours")),
    );
    write(
        folder.path(),
        "ours/few.yaml",
        &scarce.replace("mine.scarce", "ours.few"),
    );
    let output = tenken(folder.path(), &["policy", "check", "ours"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("3 policies are sound"), "{}", stderr(&output));
}

#[test]
fn another_version_is_one_message() {
    let policy = rule("mine.new", "assret: x.y\ntenken: '>=99.1'\nfuture: [1]");
    let folder = folder(None, &[("new.yaml", &policy)]);
    let one = |path: &str, words: &[&str]| {
        refuses(folder.path(), &["policy", "check", path], words);
        let text = stderr(&tenken(folder.path(), &["policy", "check", path]));
        assert_eq!(text.matches("error").count(), 1, "{text}");
    };
    one(
        "new.yaml",
        &["this needs tenken >=99.1, and this is tenken", "new.yaml:7:9"],
    );
    write(
        folder.path(),
        "new.yaml",
        &policy.replace("tenken: '>=99.1'", "format: 2"),
    );
    one("new.yaml", &["this is of format 2", "reads format 1"]);
    write(
        folder.path(),
        "pack/pack.yaml",
        &format!("{PACK}tenken: '>=99'\nfuture: 1\n"),
    );
    write(folder.path(), "pack/broken.yaml", "id: x\n");
    one("pack", &["this needs tenken >=99", "pack.yaml:4:9"]);
    write(folder.path(), "new.yaml", &policy.replace(">=99.1", "new"));
    one("new.yaml", &["`new` is no range of versions"]);
    let fine = rule(
        "mine.now",
        "assert: subscribed_sku.consumedUnits > 1\ntenken: '>=0.1'\nformat: 1",
    );
    write(folder.path(), "fine.yaml", &fine);
    let output = tenken(folder.path(), &["policy", "check", "fine.yaml"]);
    assert_eq!(status(&output), 0, "{}{}", stderr(&output), stdout(&output));
}

#[test]
fn the_pack_and_the_tenant_of_the_readme_are_sound() {
    let readme = include_str!("../../../README.md");
    let block = |first: &str| {
        let blocks = readme
            .split("```yaml\n")
            .skip(1)
            .map(|rest| rest.split("```").next().unwrap());
        blocks
            .into_iter()
            .find(|block| block.starts_with(first) && block.contains("policies:"))
            .unwrap()
    };
    let mine = |id: &str| seats().replace("mine.seats", id);
    let folder = folder(
        Some("contoso"),
        &[
            ("contoso/pack.yaml", block("id: contoso\n")),
            ("contoso/seats.yaml", &mine("contoso.seats")),
            ("shared-pack/pack.yaml", &PACK.replace("mine", "shared-pack")),
            ("shared-pack/seats.yaml", &mine("shared-pack.seats")),
            ("tenken.yaml", block("tenants:\n")),
        ],
    );
    let found = audit(folder.path(), &["--policies", "contoso", "--config", "tenken.yaml"]);
    assert_eq!(policy(&found, "contoso.seats")["params"][0]["value"], 10);
    assert!(found["summary"]["judgements"]["excluded"].as_u64().unwrap() > 0);
}
