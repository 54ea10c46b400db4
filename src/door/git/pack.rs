//! Objects as they are sent to a real git (`git help gitformat-pack`, version 2).

use miniz_oxide::deflate::compress_to_vec_zlib;
use simulators::service::git_objects::{Kind, sha1};
use simulators::service::git_state::Objects;

/// How hard it is tried to make them small: they travel within this machine.
const LEVEL: u8 = 1;

/// One pack of all of them.
pub(super) fn pack(objects: &Objects) -> Vec<u8> {
    let mut out = b"PACK\0\0\0\x02".to_vec();
    out.extend_from_slice(&u32::try_from(objects.len()).unwrap_or(u32::MAX).to_be_bytes());
    for (kind, content) in objects.values() {
        head(&mut out, *kind, content.len());
        out.extend_from_slice(&compress_to_vec_zlib(content, LEVEL));
    }
    let end = sha1(&out);
    out.extend_from_slice(&end);
    out
}

/// Kind and size: four bits of the size in the first byte, seven in each that follows, the lowest first.
fn head(out: &mut Vec<u8>, kind: Kind, size: usize) {
    let number: u8 = match kind {
        Kind::Commit => 1,
        Kind::Tree => 2,
        Kind::Blob => 3,
    };
    let low = |size: usize, mask: usize| u8::try_from(size & mask).unwrap_or_default();
    let mut byte = (number << 4) | low(size, 0x0f);
    let mut left = size >> 4;
    while left > 0 {
        out.push(byte | 0x80);
        byte = low(left, 0x7f);
        left >>= 7;
    }
    out.push(byte);
}
