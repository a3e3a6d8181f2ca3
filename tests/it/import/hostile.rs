//! Whoever writes an export may mean harm, or have been stopped half-way.

use std::path::Path;

use tenken::snapshot::Status;

use super::{import, manifest, objects, reason_of, status_of, write};
use crate::support::{refuses, status, stderr, tenken};

/// A minimal export of EntraExporter.
fn export(root: &Path) {
    write(
        root,
        "Organization/Organization.json",
        r#"{"id":"11111111-2222-3333-4444-555555555555","displayName":"Contoso"}"#,
    );
    write(root, "Domains/a.example/a.example.json", r#"{"id":"a.example"}"#);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    let secret = write(folder.path(), "secret/secret.json", r#"{"id":"stolen"}"#);
    export(&root);
    std::os::unix::fs::symlink(secret.parent().unwrap(), root.join("Domains/secret")).unwrap();
    std::fs::create_dir(root.join("Domains/b.example")).unwrap();
    std::os::unix::fs::symlink(&secret, root.join("Domains/b.example/b.example.json")).unwrap();
    std::os::unix::fs::symlink(secret.parent().unwrap(), root.join("SubscribedSkus")).unwrap();
    let (out, told) = import(folder.path(), &["entra-exporter", root.to_str().unwrap()]);
    assert_eq!(objects(&out, "entra.domain").len(), 1);
    assert_eq!(status_of(&out, "entra.domain"), Status::Partial, "{told}");
    assert!(reason_of(&out, "entra.domain").contains("link"), "{told}");
    assert_eq!(status_of(&out, "entra.subscribed_sku"), Status::NotRequested);
    assert!(
        told.contains("SubscribedSkus` is a link and was not followed"),
        "{told}"
    );

    let pages = folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::os::unix::fs::symlink(&secret, pages.join("okta.user.json")).unwrap();
    refuses(
        folder.path(),
        &["import", "pages", "pages", "--out", "x"],
        &["okta.user.json", "not followed"],
    );
}

#[test]
fn a_file_that_is_cut_off_leaves_its_type_partial_and_the_rest_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    export(&root);
    let deep = format!("{}1{}", "{\"id\":".repeat(100_000), "}".repeat(100_000));
    for (name, text) in [
        ("b.example", r#"{"id":"b.exam"#),
        ("c.example", ""),
        ("d.example", "\u{0}\u{1}"),
        ("e.example", deep.as_str()),
        ("f.example", "[]]"),
    ] {
        write(&root, &format!("Domains/{name}/{name}.json"), text);
    }
    let (out, told) = import(
        folder.path(),
        &["entra-exporter", root.to_str().unwrap(), "--whole", "all"],
    );
    assert_eq!(status_of(&out, "entra.domain"), Status::Partial, "{told}");
    let reason = reason_of(&out, "entra.domain");
    assert!(
        reason.contains("b.example.json") && reason.contains("cut off"),
        "{reason}"
    );
    assert!(reason.contains("and 2 more"), "{reason}");
    assert_eq!(objects(&out, "entra.domain").len(), 1);
    assert_eq!(status_of(&out, "entra.organization"), Status::Complete);
    assert_eq!(manifest(&out)["entra"]["id"], "11111111-2222-3333-4444-555555555555");
}

#[cfg(unix)]
#[test]
fn names_of_files_cannot_repaint_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    export(&root);
    let name = "x\u{1b}[2J\u{202e}\ny";
    write(&root, &format!("Domains/{name}/{name}.json"), "{");
    let output = tenken(folder.path(), &["import", "entra-exporter", "export", "--out", "out"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = stderr(&output);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    assert!(text.contains("x\\u{1b}[2J"), "{text}");
    let kept = std::fs::read_to_string(folder.path().join("out/manifest.json")).unwrap();
    assert!(!kept.contains("\\u001b") && !kept.contains('\u{202e}'), "{kept}");
}

#[test]
fn what_is_no_export_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    write(folder.path(), "x.json", "{}");
    for (format, place, words) in [
        (
            "entra-exporter",
            "empty",
            &["not what EntraExporter writes", "Export-Entra -Path"] as &[&str],
        ),
        ("entra-exporter", "nowhere", &["not what EntraExporter writes"]),
        ("pages", "nowhere", &["holds no pages"]),
        ("scubagear", "nowhere", &["cannot read `nowhere`"]),
        ("scubagear", "empty", &["not a regular file"]),
        ("scubagear", "x.json", &["aad_successful_commands", "Invoke-SCuBA"]),
        ("mscommerce", "x.json", &["row 1 has no `ProductId`"]),
    ] {
        refuses(folder.path(), &["import", format, place, "--out", "out"], words);
    }
    refuses(
        folder.path(),
        &["import", "pages", "empty", "--out", "out", "--whole", "okta.users"],
        &["no resource type `okta.users`", "okta.user"],
    );
    assert!(!folder.path().join("out").exists());
}

#[test]
fn the_only_object_of_a_type_may_be_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    export(&root);
    write(&root, "Groups/g1/g1.json", r#"{"id":"g1""#);
    let (out, told) = import(
        folder.path(),
        &["entra-exporter", root.to_str().unwrap(), "--whole", "all"],
    );
    assert_eq!(status_of(&out, "entra.group"), Status::Failed, "{told}");
    assert!(
        reason_of(&out, "entra.group").contains("g1.json` cannot be read"),
        "{told}"
    );
    assert_eq!(objects(&out, "entra.domain").len(), 1);
}

#[test]
fn what_the_exporter_saved_of_a_list_or_an_error_is_not_the_whole() {
    let next = r#"{"value":[{"id":"b.example"}],"@odata.nextLink":"https://graph.microsoft.com/v1.0/domains?x"}"#;
    for (text, words) in [
        (next, "names a further page"),
        (
            r#"{"error":{"code":"Forbidden","message":"no"}}"#,
            "an error that the vendor answered with",
        ),
        (r#"{"isDefault":true}"#, "something without `id`"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("export");
        export(&root);
        write(&root, "Domains/b.example/b.example.json", text);
        let (out, told) = import(
            folder.path(),
            &["entra-exporter", root.to_str().unwrap(), "--whole", "all"],
        );
        assert_eq!(status_of(&out, "entra.domain"), Status::Partial, "{told}");
        assert!(reason_of(&out, "entra.domain").contains(words), "{told}");
    }
}

#[test]
fn an_organization_without_an_id_does_not_overrule_the_user() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("export");
    export(&root);
    write(
        &root,
        "Organization/Organization.json",
        r#"{"id":"contoso","displayName":"Contoso"}"#,
    );
    let given = "11111111-2222-3333-4444-555555555555";
    let (out, _) = import(
        folder.path(),
        &["entra-exporter", root.to_str().unwrap(), "--tenant", given],
    );
    assert_eq!(manifest(&out)["entra"]["id"], given);
}
