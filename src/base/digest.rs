//! SHA-256 digests over several parts, each counted, so that no two lists of parts collide.

use sha2::{Digest as _, Sha256};

/// Lower-case hexadecimal SHA-256.
pub type Digest = String;

/// SHA-256 of one text.
pub fn of(bytes: &[u8]) -> Digest {
    simulators::hex(&Sha256::digest(bytes))
}

/// SHA-256 of a list: each part is preceded by its length.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part.as_bytes());
    }
    simulators::hex(&hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(of_parts(["ab", "c"]), of_parts(["a", "bc"]));
        assert_eq!(of(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
