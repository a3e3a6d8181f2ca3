//! Bytes of an export as text: Windows tools write UTF-16 or put a byte-order mark in front.
//!
//! Windows PowerShell 5.1 writes UTF-16 with `>` and `Out-File`, and UTF-8 with a mark with `-Encoding utf8`; PowerShell 7
//! writes UTF-8 without one (learn.microsoft.com, `about_Character_Encoding`).

/// The text; else in what way it is none.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, &'static str> {
    match bytes.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Err("it is UTF-32; save it as UTF-8"),
        [0xff, 0xfe, text @ ..] => utf16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf16(text, u16::from_be_bytes),
        // What is read here begins with a character of ASCII: beside it, the other byte of UTF-16 is zero.
        [first, 0, ..] if *first != 0 => utf16(&bytes, u16::from_le_bytes),
        [0, second, ..] if *second != 0 => utf16(&bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, text @ ..] => utf8(text.to_vec()),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: Vec<u8>) -> Result<String, &'static str> {
    String::from_utf8(bytes).map_err(|_| "it is neither UTF-8 nor UTF-16; save it with `-Encoding utf8`")
}

/// UTF-16; halves of surrogate pairs are replaced, as everybody else shows them.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, &'static str> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err("it ends in the middle of a character of UTF-16");
    }
    let units: Vec<u16> = pairs.iter().copied().map(unit).collect();
    Ok(String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn every_encoding_of_powershell_gives_the_same_text() {
        let text = "[{\"displayName\":\"点検 😀\"}]\r\n";
        let marked = format!("\u{feff}{text}");
        for bytes in [
            text.as_bytes().to_vec(),
            marked.as_bytes().to_vec(),
            utf16(&marked, u16::to_le_bytes),
            utf16(&marked, u16::to_be_bytes),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
        ] {
            assert_eq!(decode(bytes).unwrap(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_said_plainly() {
        for (bytes, words) in [
            (b"\xff\xfe[\0\n".as_slice(), "middle of a character"),
            (b"\xff\xfe\0\0[\0\0\0", "UTF-32"),
            (b"{\"a\":\"\x93\xfa\"}", "neither UTF-8 nor UTF-16"),
        ] {
            assert!(decode(bytes.to_vec()).unwrap_err().contains(words));
        }
        assert_eq!(decode(Vec::new()).unwrap(), "");
    }
}
