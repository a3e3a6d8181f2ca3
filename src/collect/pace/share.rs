//! How much of a bucket is used.

use std::fmt;
use std::str::FromStr;

/// The share of a vendor's rate limit that a collection uses at most; the rest is left to everybody else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateShare(f64);

impl RateShare {
    /// Everything that the vendor allows.
    pub const ALL: Self = Self(1.0);

    /// So much of an amount.
    pub(in crate::collect) fn of(self, amount: f64) -> f64 {
        amount * self.0
    }
}

/// Half. An Okta token may by default use no more, and the administrators' mail "you near the limit" (at 60 % or 90 %,
/// by kind of org) is not set off.
impl Default for RateShare {
    fn default() -> Self {
        Self(0.5)
    }
}

impl FromStr for RateShare {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "a share is a percentage from 1% to 100%";
        let number = text.strip_suffix('%').ok_or(wrong)?;
        let percent: u8 = number.trim().parse().map_err(|_| wrong)?;
        if !(1..=100).contains(&percent) {
            return Err(wrong);
        }
        Ok(Self(f64::from(percent) / 100.0))
    }
}

impl fmt::Display for RateShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}%", self.0 * 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage() {
        for (text, share) in [("50%", 0.5), ("100%", 1.0), ("1 %", 0.01)] {
            assert_eq!(text.parse::<RateShare>(), Ok(RateShare(share)));
        }
        for wrong in ["", "50", "0%", "101%", "-1%", "half", "0.5"] {
            assert!(wrong.parse::<RateShare>().is_err(), "{wrong}");
        }
        assert_eq!(RateShare::default().to_string().parse(), Ok(RateShare::default()));
    }
}
