//! The brand of a house on the reports that people read: a line of text, a logo, a colour.
//!
//! The logo is embedded, so that the page still asks nobody for anything. PNG and JPEG only: an SVG is a document that
//! may hold scripts and addresses. A browser runs none of that in a picture, but whoever opens the picture alone, or
//! takes it out of the page, has a document of a stranger; a PNG of twice the size serves as well.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::{Environment, context};

use super::ReportError;
use super::shown::Shown;

/// Bytes of a logo.
pub const LARGEST_LOGO: usize = 262_144;
/// Beginning of a PNG file (W3C PNG, 5.2).
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Beginning of a JPEG file (ITU T.81: SOI, then a marker).
const JPEG: &[u8] = b"\xff\xd8\xff";
/// What text on a ground must have at least (WCAG 2.2, 1.4.3).
const CONTRAST: f64 = 4.5;
/// Grounds of the page in light and dark, the one with less contrast of each.
const GROUNDS: [&str; 2] = ["#f5f7f8", "#1b2227"];

/// What makes a report the house's own.
#[derive(Clone, Debug, Default)]
pub struct Brand {
    /// A line above the verdict.
    header: Option<Shown>,
    /// The logo as an address that holds it.
    logo: Option<String>,
    /// The colour of links and marks on light and on dark ground.
    accents: [Option<String>; 2],
}

impl Brand {
    /// The same with a line above the verdict.
    #[must_use]
    pub fn with_header(self, header: &str) -> Self {
        Self {
            header: Some(Shown::value(header)),
            ..self
        }
    }

    /// The same with a logo.
    ///
    /// # Errors
    /// When it is no PNG or JPEG, or too large.
    pub fn with_logo(self, bytes: &[u8]) -> Result<Self, ReportError> {
        let kind = match bytes {
            png if png.starts_with(PNG) => "png",
            jpeg if jpeg.starts_with(JPEG) => "jpeg",
            _ => return Err(ReportError("the logo is neither PNG nor JPEG".to_owned())),
        };
        if bytes.len() > LARGEST_LOGO {
            let message = format!("the logo has {} bytes; {LARGEST_LOGO} are allowed", bytes.len());
            return Err(ReportError(message));
        }
        Ok(Self {
            logo: Some(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes))),
            ..self
        })
    }

    /// The same with colours such as `#0b5a6b`, for light ground and for dark.
    ///
    /// # Errors
    /// When one is no colour, or cannot be read on its ground.
    pub fn with_colours(self, light: Option<&str>, dark: Option<&str>) -> Result<Self, ReportError> {
        for ((colour, ground), name) in [light, dark].into_iter().zip(GROUNDS).zip(["light", "dark"]) {
            let Some(colour) = colour else { continue };
            let contrast = contrast(colour, ground)
                .ok_or_else(|| ReportError(format!("`{colour}` is no colour; write it like #0b5a6b")))?;
            if contrast < CONTRAST {
                let message = format!(
                    "`{colour}` cannot be read on {name} ground: its contrast is {contrast:.1}, {CONTRAST} is needed"
                );
                return Err(ReportError(message));
            }
        }
        Ok(Self {
            accents: [light, dark].map(|colour| colour.map(str::to_owned)),
            ..self
        })
    }

    /// What templates see of it.
    pub(super) fn add_to(&self, environment: &mut Environment<'_>) {
        let header = self.header.as_ref().map(Shown::as_str);
        let house = context! { header, logo => self.logo.as_deref() };
        environment.add_global("house", house);
    }

    /// Its colours as a style sheet.
    pub(super) fn style(&self) -> String {
        let [light, dark] = &self.accents;
        let rule = |colour: &String| format!(":root {{ --accent: {colour}; }}\n");
        let light = light.as_ref().map(|colour| {
            format!(
                "@media not all and (prefers-color-scheme: dark) {{ {} }}\n",
                rule(colour)
            )
        });
        let dark = dark.as_ref().map(|colour| {
            format!(
                "@media screen and (prefers-color-scheme: dark) {{ {} }}\n",
                rule(colour)
            )
        });
        light.into_iter().chain(dark).collect()
    }
}

/// How well one colour stands out from another, 1 to 21 (WCAG 2.2, contrast ratio).
fn contrast(one: &str, other: &str) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

/// How light a colour is, 0 to 1 (WCAG 2.2, relative luminance).
fn luminance(colour: &str) -> Option<f64> {
    let digits = colour.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let digits = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let channel = |at: usize| {
        let share = f64::from(u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if share <= 0.04045 {
            share / 12.92
        } else {
            ((share + 0.055) / 1.055).powf(2.4)
        })
    };
    Some(0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_that_of_the_standard() {
        assert_eq!(contrast("#000000", "#ffffff"), Some(21.0));
        let grey = contrast("#767676", "#ffffff").unwrap();
        assert!((4.54..4.55).contains(&grey), "{grey}");
        for text in ["", "#fff", "red", "#12345g", "#+12345", "#日本"] {
            assert_eq!(contrast(text, "#ffffff"), None, "{text}");
        }
    }

    #[test]
    fn a_colour_that_cannot_be_read_is_refused() {
        assert!(Brand::default().with_colours(Some("#0b5a6b"), Some("#6fc3d4")).is_ok());
        let error = Brand::default()
            .with_colours(Some("#ffcc00"), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("cannot be read on light ground"), "{error}");
        assert!(Brand::default().with_colours(None, Some("#0b5a6b")).is_err());
    }

    #[test]
    fn a_logo_is_a_picture_of_bounded_size() {
        assert!(Brand::default().with_logo(b"<svg onload='alert(1)'/>").is_err());
        let mut large = PNG.to_vec();
        large.resize(LARGEST_LOGO + 1, 0);
        assert!(Brand::default().with_logo(&large).is_err());
        let logo = Brand::default().with_logo(PNG).unwrap().logo.unwrap();
        assert_eq!(logo, "data:image/png;base64,iVBORw0KGgo=");
    }
}
