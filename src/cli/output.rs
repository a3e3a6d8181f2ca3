//! Printing: results to standard output, everything else to standard error, colour where it is wanted.

use std::io::{self, IsTerminal as _, Write};

use anstyle::{AnsiColor, Style};

use crate::diagnostic::{Diagnostics, Severity, is_bidi_control, printable};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// The two streams.
pub(crate) struct Output {
    out: anstream::AutoStream<io::Stdout>,
    err: anstream::AutoStream<io::Stderr>,
}

impl Output {
    /// The process's streams; colour follows `NO_COLOR`, `CLICOLOR` and whether it is a terminal.
    pub(crate) fn new() -> Self {
        Self {
            out: anstream::AutoStream::auto(io::stdout()),
            err: anstream::AutoStream::auto(io::stderr()),
        }
    }

    /// Whether results go to a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Columns of the terminal, or 100.
    pub(crate) fn width(&self) -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        columns
            .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
            .unwrap_or(100)
            .clamp(40, 160)
    }

    /// Results: written as they are, colour codes removed where they are not wanted.
    pub(crate) fn result(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// A result as JSON, with characters that could repaint a terminal or turn text around written as JSON escapes.
    pub(crate) fn json(&mut self, json: &str) -> io::Result<()> {
        let mut text = String::with_capacity(json.len() + 1);
        for character in json.chars() {
            if character != '\n' && (character.is_control() || is_bidi_control(character)) {
                text.push_str(&format!("\\u{:04x}", u32::from(character)));
            } else {
                text.push(character);
            }
        }
        text.push('\n');
        self.result(&text)
    }

    /// A remark for the person at the terminal.
    pub(crate) fn note(&mut self, text: &str) {
        let _ = writeln!(self.err, "{}", printable(text));
    }

    /// A warning.
    pub(crate) fn warning(&mut self, text: &str) {
        let _ = writeln!(self.err, "{WARNING}warning{WARNING:#}: {}", printable(text));
    }

    /// An error.
    pub(crate) fn error(&mut self, text: &str) {
        let _ = writeln!(self.err, "{ERROR}error{ERROR:#}: {}", printable(text));
    }

    /// Mistakes in the input, each with its place, and how many there are.
    pub(crate) fn diagnostics(&mut self, diagnostics: Diagnostics) {
        let list = diagnostics.sorted();
        for diagnostic in &list {
            let _ = writeln!(self.err, "{}", diagnostic.render(true));
        }
        let errors = list
            .iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Error)
            .count();
        if errors > 1 {
            let _ = writeln!(self.err, "{ERROR}{errors} errors{ERROR:#}");
        }
    }
}
