//! Tests of the room through its doors: a contract is written down, asked, and its answer compared.

mod asking;
mod commands;
mod default_contract;
mod diffs;
mod explaining;
mod ground;
mod properties;
mod reading;
