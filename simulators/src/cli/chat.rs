//! The `chat` dialect.

use super::{Parsed, Reply};
use crate::World;

pub(super) fn parse(_world: &World, _words: &[String]) -> Parsed {
    Parsed::Answer { reply: Reply::default(), unsimulated: true }
}
