//! The command line: one file per verb, one writer, one type of failure.

mod args;
mod ask;
mod check;
mod control;
mod demo;
mod detach;
mod detect;
mod doctor;
mod failure;
mod harness;
mod hook;
mod init;
mod inside;
mod logs;
mod mcp;
mod new;
mod night;
mod objective;
mod output;
mod policy;
mod progress;
mod publish;
mod report;
mod say;
mod start;
mod status;
mod ui;
mod verify;
mod watchdog;
mod wording;

pub use start::main;
