//! `policy`, and which policies an audit is made by.

use super::with_snapshot;
use crate::support::{built_in, refuses, status, stderr, stdout, tenken};

#[test]
fn coverage_and_selection_decide_the_status() {
    let folder = with_snapshot("contoso");
    let audit = |more: &[&str]| {
        tenken(
            folder.path(),
            &[&["audit", "snap", "--fail-on", "none"][..], more].concat(),
        )
    };
    assert_eq!(status(&audit(&[])), 0);
    assert_eq!(status(&audit(&["--min-coverage", "99%"])), 0);
    let below = audit(&["--min-coverage", "99.9%"]);
    assert_eq!(status(&below), 4);
    assert!(
        stderr(&below).contains("provisioning.user-owned-licence: 99.4 %"),
        "{}",
        stderr(&below)
    );
    // The policies chosen here could be decided for everybody.
    assert_eq!(
        status(&audit(&[
            "--min-coverage",
            "100",
            "--select",
            "provisioning.trials-off"
        ])),
        0
    );
    refuses(
        folder.path(),
        &["audit", "snap", "--min-coverage", "120"],
        &["no percentage"],
    );
    refuses(
        folder.path(),
        &["audit", "snap", "--select", "tag:licences"],
        &["no tag `licences`", "did you mean `licence`?"],
    );
    let one = tenken(
        folder.path(),
        &["audit", "snap", "--select", "provisioning.email-sign-up-off"],
    );
    assert_eq!(status(&one), 0, "a medium failure is below `--fail-on high`");
    assert!(stdout(&one).contains("The policy fails"), "{}", stdout(&one));
}

#[test]
fn mistakes_have_codes_that_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let list = tenken(folder.path(), &["policy", "codes"]);
    for line in stdout(&list).lines() {
        let code = line.split_whitespace().next().unwrap();
        let one = tenken(folder.path(), &["policy", "codes", code]);
        assert!(
            status(&one) == 0 && stdout(&one).trim_end().lines().count() == 3,
            "{code}"
        );
    }
    refuses(
        folder.path(),
        &["policy", "codes", "unguarded-lnk"],
        &["did you mean `unguarded-link`?"],
    );
}

#[test]
fn policies_can_be_listed_shown_checked_and_tested() {
    let folder = tempfile::tempdir().unwrap();
    let list = tenken(folder.path(), &["policy", "list"]);
    assert_eq!(stdout(&list).lines().count(), built_in().len());
    let japanese = tenken(folder.path(), &["policy", "list", "--lang", "ja"]);
    assert!(stdout(&japanese).contains("ライセンス"));
    let show = tenken(folder.path(), &["policy", "show", "provisioning.seats"]);
    assert!(stdout(&show).starts_with("id: provisioning.seats\n"));
    refuses(
        folder.path(),
        &["policy", "show", "provisioning.seat"],
        &["did you mean `provisioning.seats`?"],
    );
    assert_eq!(status(&tenken(folder.path(), &["policy", "check"])), 0);
    let test = tenken(folder.path(), &["policy", "test"]);
    assert_eq!(status(&test), 0, "{}", stderr(&test));
    // An example that comes out otherwise, and a policy without any, are both failures.
    let text = stdout(&show);
    std::fs::write(
        folder.path().join("wrong.yaml"),
        text.replacen("expect: fail", "expect: pass", 1),
    )
    .unwrap();
    refuses(
        folder.path(),
        &["policy", "test", "wrong.yaml"],
        &["wrong.yaml:", "it came out fail", "expected: pass"],
    );
    let bare = text.split("examples:").next().unwrap();
    std::fs::write(folder.path().join("bare.yaml"), bare).unwrap();
    refuses(folder.path(), &["policy", "test", "bare.yaml"], &["no example to run"]);
}
