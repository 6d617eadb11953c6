//! A scripted model: a stand-in for the providers' APIs on loopback, for tests with real agents.
//!
//! [`Model::serve`] plays a [`Turn`] after the other, whichever of the four APIs asks: Anthropic
//! Messages, `OpenAI` Chat Completions, `OpenAI` Responses, Gemini; streamed or whole. A turn says
//! what to do by its meaning ([`Call::Shell`]); the server finds the tool which that agent offers
//! for it. What agents ask beside their work (titles, summaries, lists of models, counts of tokens)
//! is answered and uses up no turn. Every request is kept. Nothing depends on time or chance.

mod anthropic;
mod asked;
mod chat;
mod fault;
mod gemini;
mod reply;
mod responses;
mod script;
mod server;

mod tests;
mod tools;
mod wire;

pub(crate) use self::{
    script::{Call, Fault, Turn},
    server::Model,
};
