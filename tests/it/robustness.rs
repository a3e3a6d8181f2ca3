//! Arbitrary input: whatever the text, an answer or a mistake, never a panic.

use bumpalo::Bump;
use proptest::prelude::*;
use tenken::config::Config;
use tenken::diagnostic::{Diagnostics, Source};
use tenken::document::Document;
use tenken::expr::{NoRecords, Scope, Type, compile, run, to_json};

/// Text made of pieces of the language, which gets further into the parser than noise does.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("entra.users"),
        Just("okta.app_users"),
        Just("app_user"),
        Just(".entra_user"),
        Just("x"),
        Just(".all("),
        Just(".exists(x, "),
        Just(".filter(x, "),
        Just(".map(x, "),
        Just("has("),
        Just(")"),
        Just("("),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(","),
        Just(":"),
        Just("?"),
        Just("&&"),
        Just("||"),
        Just("!"),
        Just("-"),
        Just("+"),
        Just("=="),
        Just("in"),
        Just("null"),
        Just("1"),
        Just("1u"),
        Just("9223372036854775807"),
        Just("1e400"),
        Just("'a'"),
        Just("\"\\u00e9\""),
        Just("b'\\xff'"),
        Just("日本"),
        Just(".?"),
        Just("[?"),
        Just("cel.bind(x, "),
        Just(".size()"),
        Just("math.least("),
        Just("timestamp('9999-12-31T23:59:59Z')"),
        Just("duration('1h')"),
        Just("r'''"),
        Just("`a-b`"),
        Just(".format(["),
        Just("'%s %d %.9f'"),
        Just(".substring("),
        Just("optional.of("),
        Just(" "),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|list| list.concat())
}

fn evaluate(text: &str) {
    let scope = Scope::snapshot().with("x", Type::Dyn);
    let compiled = compile(text, &scope);
    for mistake in &compiled.mistakes {
        assert!(mistake.span.start <= mistake.span.end, "{text:?}");
    }
    if let Some(plan) = &compiled.plan {
        let arena = Bump::new();
        let value = run(plan, &[tenken::expr::Value::Int(3)], &NoRecords, &arena);
        let _ = to_json(value, &NoRecords);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, ..ProptestConfig::default() })]

    #[test]
    fn expressions_of_pieces(text in pieces()) {
        evaluate(&text);
    }

    #[test]
    fn expressions_of_noise(text in any::<String>()) {
        evaluate(&text);
    }

    #[test]
    fn documents_of_noise(text in "[ \\-a-z:\\[\\]{}&*!|>'\"#%@`,?\\n\\t日0-9]{0,80}") {
        let mut sink = Diagnostics::new();
        let _ = Document::parse(Source::new("t", text.as_str()), &mut sink);
        for diagnostic in sink.sorted() {
            prop_assert!(!diagnostic.render(true).is_empty());
        }
        let _ = Config::parse("t", &text).map_err(|sink| sink.sorted().iter().map(|d| d.render(false)).collect::<String>());
    }
}

#[test]
fn nesting_is_refused_not_crashed() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{1:", "}"),
        ("!", ""),
        ("-", ""),
        ("f(", ")"),
        ("a?", ":b"),
        ("x.map(x, ", ")"),
    ] {
        for depth in [100, 1_000, 20_000] {
            evaluate(&format!("{}x{}", open.repeat(depth), close.repeat(depth)));
        }
    }
    evaluate(&format!("x{}", ".y".repeat(20_000)));
    evaluate(&format!("x{}", "[0]".repeat(20_000)));
    evaluate(&format!("1{}", "+1".repeat(20_000)));
    evaluate(&format!("true{}", "&&true".repeat(9_000)));
}
