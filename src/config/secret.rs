//! Where a credential is, and how it is fetched.

use std::path::{Path, PathBuf};
use std::process::Command;

use secrecy::SecretString;

use crate::diagnostic::{Code, Diagnostic};
use crate::document::Node;

/// Where a credential is.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A variable of the environment.
    Env(String),
    /// A file.
    File(PathBuf),
    /// A program that prints it.
    Command(Vec<String>),
    /// At hand already, as the simulator's are; no configuration can say this.
    Given(SecretString),
}

impl Secret {
    /// What `{ env: NAME }`, `{ file: PATH }` or `{ command: [PROGRAM, …] }` says.
    pub(super) fn of(node: &Node) -> Option<Self> {
        let (key, value) = node.entries().first()?;
        match key.name.as_str() {
            "env" => Some(Self::Env(value.as_str()?.to_owned())),
            "file" => Some(Self::File(PathBuf::from(value.as_str()?))),
            "command" => {
                let words = value.items().iter().filter_map(Node::as_str);
                Some(Self::Command(words.map(str::to_owned).collect()))
            }
            _ => None,
        }
    }

    /// Fetches a credential of one word: an API token, a client secret.
    ///
    /// # Errors
    /// Why it cannot be had. The message never holds any part of it.
    pub fn fetch(&self) -> Result<SecretString, Diagnostic> {
        let text = self.text(Readers::OwnerOnly)?;
        self.word(&text)
    }

    /// Fetches a credential that somebody else keeps fresh, such as the token that Kubernetes mounts: others may read its
    /// file, for the platform chose the mode and the token is good for minutes.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn fetch_short_lived(&self) -> Result<SecretString, Diagnostic> {
        let text = self.text(Readers::Anyone)?;
        self.word(&text)
    }

    /// Fetches a credential of several lines: a private key, perhaps with its certificate, as PEM.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn fetch_pem(&self) -> Result<SecretString, Diagnostic> {
        let text = self.text(Readers::OwnerOnly)?;
        if text.contains("-----BEGIN ") {
            return Ok(SecretString::from(text));
        }
        if text.trim().is_empty() {
            return Err(missing(format!("{} is empty", self.describe())));
        }
        let message = format!("{} holds no PEM text (-----BEGIN …-----)", self.describe());
        Err(missing(message).help(match text.trim_start().starts_with('{') {
            true => "this looks like a JWK: where Okta shows the private key, choose PEM",
            false => "`openssl pkcs12 -in FILE.pfx -nodes` writes PEM from a .pfx file",
        }))
    }

    fn word(&self, text: &str) -> Result<SecretString, Diagnostic> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Err(missing(format!("{} is empty", self.describe())));
        }
        if !trimmed.chars().all(|c| c.is_ascii_graphic()) {
            return Err(missing(format!(
                "{} holds characters that no credential has",
                self.describe()
            )));
        }
        Ok(SecretString::from(trimmed.to_owned()))
    }

    fn text(&self, readers: Readers) -> Result<String, Diagnostic> {
        match self {
            Self::Env(name) => std::env::var(name).map_err(|_| missing(format!("the variable `{name}` is not set"))),
            Self::File(path) => {
                if readers == Readers::OwnerOnly {
                    check_private(path)?;
                }
                std::fs::read_to_string(path)
                    .map_err(|error| missing(format!("cannot read `{}`: {error}", path.display())))
            }
            Self::Command(words) => run(words),
            Self::Given(secret) => Ok(secrecy::ExposeSecret::expose_secret(secret).to_owned()),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Env(name) => format!("the variable `{name}`"),
            Self::File(path) => format!("the file `{}`", path.display()),
            Self::Command(words) => format!("the output of `{}`", words.first().map_or("", String::as_str)),
            Self::Given(_) => "the credential".to_owned(),
        }
    }
}

/// Who may be able to read a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    OwnerOnly,
    Anyone,
}

fn missing(message: String) -> Diagnostic {
    Diagnostic::error(Code::MissingCredential, message)
}

/// Refuses a file that its group or others may read.
#[cfg(unix)]
fn check_private(path: &Path) -> Result<(), Diagnostic> {
    use std::os::unix::fs::PermissionsExt as _;
    match std::fs::metadata(path) {
        Ok(data) if data.permissions().mode() & 0o077 != 0 => {
            let help = format!("chmod 600 {}", path.display());
            Err(missing(format!("others may read `{}`", path.display())).help(help))
        }
        // What else is wrong with it, reading it tells.
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_private(_path: &Path) -> Result<(), Diagnostic> {
    Ok(())
}

fn run(words: &[String]) -> Result<String, Diagnostic> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| missing("the command is empty".to_owned()))?;
    let output = Command::new(program)
        .args(arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| missing(format!("cannot run `{program}`: {error}")))?;
    if !output.status.success() {
        return Err(missing(format!("`{program}` failed: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| missing(format!("`{program}` printed something that is not text")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "hush\n").unwrap();
        let secret = Secret::File(file.path().to_owned());
        let allow = |mode| std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o644, 0o640, 0o604] {
            allow(mode);
            assert!(secret.fetch().is_err(), "{mode:o}");
        }
        // The platform's own tokens are as the platform made them.
        assert!(secret.fetch_short_lived().is_ok());
        allow(0o600);
        assert!(!format!("{:?}", secret.fetch().unwrap()).contains("hush"));
    }

    #[test]
    fn a_key_is_pem() {
        let given = |text: &str| Secret::Given(SecretString::from(text.to_owned()));
        assert!(given("-----BEGIN PRIVATE KEY-----\nx\n").fetch_pem().is_ok());
        let error = given("{\"kty\":\"RSA\"}").fetch_pem().unwrap_err();
        assert!(error.message.contains("no PEM"), "{}", error.message);
    }
}
