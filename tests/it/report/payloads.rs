//! An audit of which every string wants to be more than text.

use std::sync::OnceLock;

use tenken::audit::Audit;

use super::audits::{Whose, rewritten};

/// What a tenant may have called somebody.
const NAMES: [&str; 26] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=\"document.title='owned'\">",
    "' onfocus='document.title=1' autofocus='",
    "</style></script></title><svg onload=document.title='owned'>",
    "<!-- --><base href=\"https://evil.example/\">",
    "javascript:document.title='owned'",
    "&lt;b&gt;&amp;&#60;i&#62;",
    "| a | b |\n|---|---|\n| c | d |",
    "[link](https://evil.example) ![image](https://evil.example/x.png)",
    "[ref]: https://evil.example 'x'\n\n[ref]",
    "# heading\n\n## another",
    "```\ncode\n```",
    "`` ` ``",
    "https://evil.example/?a=1&b=2 www.evil.example mail@evil.example",
    "@everyone closes #1",
    "***bold*** ~~gone~~ $x$ :smile:",
    "- [ ] task\n- item\n1. first\n> quoted",
    "<details open><summary>x</summary>",
    "{{ 7 * 7 }}{% for x in range(9) %}{{ x }}{% endfor %}{# gone #}",
    "\u{1b}[2J\u{1b}[31mred\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}",
    "\u{9b}31m\u{85}\u{7f}\0\u{8}\r\n\ttab",
    "abc\u{202e}gpj.exe\u{2066}\u{2069}\u{200f}\u{61c}",
    "zero\u{200b}width\u{200d}\u{feff}\u{ad}\u{2060}\u{e0041}",
    "\u{301}\u{300}lone marks e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "עברית العربية 日本語 \u{1f468}\u{200d}\u{1f469}",
    "=cmd|' /C calc'!A0",
];

/// What an author may have written, who is trusted with links.
const WORDS: [&str; 8] = [
    "<script>document.title='owned'</script>",
    "\"><img src=x onerror=alert(1)>",
    "| a | b |\n|---|---|",
    "[link](x) ![image](x) `code` ``",
    "# heading",
    "1. first",
    "{{ 7 * 7 }}{% endraw %}",
    "\u{1b}[2J\u{202e}",
];

fn hostile_string(whose: Whose, at: usize) -> String {
    match whose {
        Whose::Author => format!("{}{at}", WORDS[at % WORDS.len()]),
        Whose::Tenant if at % 31 == 30 => format!("{at}{}", "<b>`|\"&".repeat(1_500)),
        Whose::Tenant => format!("{}{at}", NAMES[at % NAMES.len()]),
    }
}

/// The audit in which every free string is hostile.
pub(crate) fn hostile() -> &'static Audit {
    static AUDIT: OnceLock<Audit> = OnceLock::new();
    AUDIT.get_or_init(|| rewritten(hostile_string))
}
