//! What an agent may say to the night: five verbs, one line of JSON each.
pub mod utterance;
