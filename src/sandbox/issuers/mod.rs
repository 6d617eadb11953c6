//! Tokens that carry their issuer's mark, mostly a prefix, by what their issuers are for.

mod code;
mod machines;
mod people;

pub(super) use code::CODE;
pub(super) use machines::MACHINES;
pub(super) use people::PEOPLE;
