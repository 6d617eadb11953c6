//! What each line of the agent says: events, where the session stands, and whether a turn that
//! claims to have ended well did.
//!
//! `end_turn` is what an agent says after an error, too. Evidence of one is a typed failure, a system
//! error, a turn that used no model, an error object; and a turn after whose refused call nothing
//! came has been ended by the refusal. Sources: streams of claude-agent-acp 0.100.0, codex-acp 2.6.0,
//! opencode 1.18.33, gemini-cli 0.61.0, qwen-code 0.15.10 and hermes 0.19.0.

use serde_json::Value;

use super::calls::{Calls, Subject};
use crate::{
    clock,
    harness::{
        fault::Fault,
        reading::{Message, Mood, Reading},
        record::Record,
        usage::Spent,
    },
};

/// How much of a text is put together before it is told.
const LONGEST: usize = 32 * 1024;
/// How much of what was said last is remembered, in characters.
const LAST: usize = 600;

/// An agent of which more is known than the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    Claude,
    Codex,
    OpenCode,
    Gemini,
    Qwen,
    Hermes,
}

impl Agent {
    fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        [
            ("claude-agent-acp", Self::Claude),
            ("claude-code-acp", Self::Claude),
            ("codex-acp", Self::Codex),
            ("opencode", Self::OpenCode),
            ("gemini-cli", Self::Gemini),
            ("qwen-code", Self::Qwen),
            ("hermes-agent", Self::Hermes),
        ]
        .into_iter()
        .find_map(|(part, agent)| name.contains(part).then_some(agent))
    }

    /// Whether what it says of a turn's tokens is what it says when its model failed.
    fn says_nothing_was_used(self, result: &Value) -> bool {
        match self {
            Self::Codex => result.get("usage") == Some(&Value::Null),
            Self::Hermes => result.get("usage").is_none(),
            Self::Claude | Self::OpenCode | Self::Gemini | Self::Qwen => false,
        }
    }
}

/// Something that happens, not redacted yet.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::harness) enum Told {
    /// A line or more that the agent says.
    Said(String),
    /// A line or more that it thinks.
    Thought(String),
    /// A tool that it calls.
    Tool(String, Value),
    /// A skill that it loads.
    Skill(String),
    /// It begins to compact its context.
    CompactionStart,
    /// It has compacted its context.
    CompactionEnd,
}

/// What a line says.
#[derive(Debug, Default)]
pub(in crate::harness) struct Taken {
    /// What happens, in order.
    pub(in crate::harness) told: Vec<Told>,
    /// Where the session stands.
    pub(in crate::harness) reading: Reading,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Voice {
    Says,
    Thinks,
}

/// What became of a turn, beside what its answer says.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// Why it was no success.
    pub(super) failure: Option<String>,
    /// What was refused in it, and why, each in one line.
    pub(super) refused: Vec<String>,
    /// Whether anything came of the agent after the last refusal.
    pub(super) went_on: bool,
}

/// See the file's header.
#[derive(Debug, Default)]
pub(super) struct Reader {
    agent: Option<Agent>,
    calls: Calls,
    text: Option<(Voice, String)>,
    last_said: String,
    turn: Turn,
    /// The context's use, where nothing else tells of a compaction.
    used: u64,
    is_compacting: bool,
    /// What comes now was said in an earlier session.
    is_replaying: bool,
    is_prompted: bool,
    is_cancelled: bool,
    /// Texts are the words of an error from here on.
    is_broken: bool,
}

impl Reader {
    /// Takes a line, and records what it says.
    pub(super) fn take(&mut self, value: &Value, record: &mut Record<'_>) {
        let taken = self.read(value);
        for told in taken.told {
            record.told(told);
        }
        record.watch().take(taken.reading, clock::now().at);
    }

    /// Records the text that is not at the end of a line yet.
    pub(super) fn flush(&mut self, record: &mut Record<'_>) {
        for told in self.end_of_text() {
            record.told(told);
        }
    }

    /// Returns what a line says.
    pub(super) fn read(&mut self, value: &Value) -> Taken {
        let method = value.get("method").and_then(Value::as_str);
        let mut taken = match method {
            Some("session/update") => match value.pointer("/params/update") {
                Some(update) if !self.is_replaying => self.update(update),
                _ => Taken::default(),
            },
            Some("session/request_permission") => {
                let patch = value.pointer("/params/toolCall");
                patch.map(|patch| self.call(patch)).unwrap_or_default()
            }
            Some(_) => Taken::default(),
            None => self.answer(value),
        };
        if !taken.told.is_empty() && !matches!(taken.told[..], [Told::Said(_) | Told::Thought(_)]) {
            let mut all = self.end_of_text();
            all.append(&mut taken.told);
            taken.told = all;
        }
        taken
    }

    /// A turn begins.
    pub(super) fn begin(&mut self) {
        self.turn = Turn::default();
        self.calls.clear();
        self.is_prompted = true;
        self.is_replaying = false;
        self.is_broken = false;
        self.last_said.clear();
    }

    /// An earlier session is loaded, or has been.
    pub(super) fn replay(&mut self, is_replaying: bool) {
        self.is_replaying = is_replaying;
    }

    /// The turn was ended by us: what is said of it from here on counts nothing.
    pub(super) fn cancel(&mut self) {
        self.is_cancelled = true;
    }

    /// The turn cannot be a success any more.
    pub(super) fn fail(&mut self, why: String) {
        self.turn.failure.get_or_insert(why);
    }

    /// A call was refused.
    pub(super) fn refuse(&mut self, what: String) {
        self.turn.refused.push(what);
        self.turn.went_on = false;
    }

    /// What became of the turn so far.
    pub(super) fn turn(&self) -> &Turn {
        &self.turn
    }

    /// Returns the call that a request asks about, as far as it is known, its name and what can be
    /// judged of it.
    pub(super) fn asked(&mut self, patch: &Value) -> (String, Subject) {
        match self.calls.update(patch) {
            Some((call, _)) => (call.tool().to_owned(), call.subject()),
            None => ("tool".to_owned(), Subject::Nothing),
        }
    }

    /// Whether somebody else than the model is waited for: a tool, or us.
    pub(super) fn is_waited_for(&self) -> bool {
        self.calls.are_open()
    }

    fn update(&mut self, update: &Value) -> Taken {
        let text = |pointer: &str| update.pointer(pointer).and_then(Value::as_str);
        match text("/sessionUpdate").unwrap_or_default() {
            "agent_message_chunk" => {
                // qwen tells what it used in chunks without a text.
                let mut taken = self.speak(Voice::Says, text("/content/text").unwrap_or_default());
                taken.reading.spent = Spent::of_acp_chunk(update);
                taken
            }
            "agent_thought_chunk" => {
                self.speak(Voice::Thinks, text("/content/text").unwrap_or_default())
            }
            "tool_call" | "tool_call_update" => self.call(update),
            "compaction_update" => match text("/status") {
                Some("in_progress") => self.compaction(true),
                _ => self.compaction(false),
            },
            "usage_update" => self.used(update),
            "session_info_update" => self.info(update),
            _ => Taken::default(),
        }
    }

    fn speak(&mut self, voice: Voice, text: &str) -> Taken {
        if text.is_empty() {
            return Taken::default();
        }
        let mut taken = Taken {
            told: self.text(voice, text),
            reading: Reading::default(),
        };
        if voice == Voice::Says {
            self.last_said.push_str(text);
            let excess = self.last_said.chars().count().saturating_sub(LAST);
            self.last_said = self.last_said.chars().skip(excess).collect();
        }
        if self.is_broken {
            return taken;
        }
        self.turn.went_on = true;
        taken.reading.mood = Mood::Working;
        if voice == Voice::Says {
            taken.reading.message = Some(Message::Piece(text.to_owned()));
        }
        taken
    }

    /// Puts pieces together to lines: a secret may be in two of them.
    fn text(&mut self, voice: Voice, text: &str) -> Vec<Told> {
        let mut told = match &self.text {
            Some((other, _)) if *other != voice => self.end_of_text(),
            _ => Vec::new(),
        };
        let (_, pending) = self.text.get_or_insert((voice, String::new()));
        pending.push_str(text);
        let end = if pending.len() > LONGEST {
            Some(pending.len())
        } else {
            pending.rfind('\n').map(|end| end + 1)
        };
        if let Some(end) = end {
            let rest = pending.split_off(end);
            let lines = std::mem::replace(pending, rest);
            told.extend(said(voice, &lines));
        }
        told
    }

    fn end_of_text(&mut self) -> Vec<Told> {
        let text = self.text.take();
        text.and_then(|(voice, text)| said(voice, &text))
            .into_iter()
            .collect()
    }

    fn call(&mut self, patch: &Value) -> Taken {
        let Some((call, is_new)) = self.calls.update(patch) else {
            return Taken::default();
        };
        if call.is_compaction() {
            let is_over = call.is_over();
            return match (is_new, is_over) {
                (_, true) => self.compaction(false),
                (true, false) => self.compaction(true),
                (false, false) => Taken::default(),
            };
        }
        let mut taken = Taken::default();
        let is_known = call.subject() != Subject::Nothing;
        if !call.is_told && (is_known || !call.is_open()) {
            call.is_told = true;
            taken.told.push(match call.skill() {
                Some(skill) => Told::Skill(skill.to_owned()),
                None => Told::Tool(call.tool().to_owned(), call.shown()),
            });
        }
        taken.reading.mood = Mood::Working;
        taken.reading.uses_tool = is_new;
        if is_new {
            self.turn.went_on = true;
        }
        taken
    }

    fn compaction(&mut self, begins: bool) -> Taken {
        let mut taken = Taken::default();
        match (begins, self.is_compacting) {
            (true, _) => {
                taken.told.push(Told::CompactionStart);
                taken.reading.compacts = true;
            }
            (false, true) => taken.told.push(Told::CompactionEnd),
            (false, false) => {}
        }
        self.is_compacting = begins;
        taken
    }

    fn used(&mut self, update: &Value) -> Taken {
        let used = update.get("used").and_then(Value::as_u64).unwrap_or(0);
        let before = std::mem::replace(&mut self.used, used);
        // It says nothing of a compaction but this.
        let mut taken = if self.agent == Some(Agent::OpenCode) && used > 0 && used < before / 2 {
            let mut taken = self.compaction(true);
            taken.told.extend(self.compaction(false).told);
            taken
        } else {
            Taken::default()
        };
        taken.reading.spent = Spent::of_acp_cost(update);
        taken
    }

    /// What claude and codex say of errors: a failure with its kind, a retry, a system error.
    fn info(&mut self, update: &Value) -> Taken {
        let mut taken = Taken::default();
        if let Some(failure) = update.pointer(FAILURE) {
            taken.reading = self.failure(failure);
        } else if let Some(error) = update
            .pointer("/_meta/codex/error")
            .filter(|it| it.is_object())
        {
            let retries = error.get("willRetry") == Some(&Value::Bool(true));
            taken.reading.mood = if retries {
                Mood::Retrying
            } else {
                Mood::Troubled
            };
            taken.reading.fault = Some(Fault::of(error));
        }
        let status = update.pointer("/_meta/codex/threadStatus/type");
        if status.and_then(Value::as_str) == Some("systemError") {
            self.is_broken = true;
        }
        taken
    }

    fn failure(&mut self, failure: &Value) -> Reading {
        let text = |name: &str| failure.get(name).and_then(Value::as_str);
        let title = text("title").unwrap_or_default();
        let mut fault = Fault::of(&Value::String(title.to_owned()));
        fault.codes.extend(match text("category") {
            Some("limit") => Some("rate_limit".to_owned()),
            category => category.map(str::to_owned),
        });
        let mood = if text("severity") == Some("error") {
            self.is_broken = true;
            self.fail(title.to_owned());
            Mood::Troubled
        } else if title.starts_with("Retrying") || title.starts_with("Reconnecting") {
            Mood::Retrying
        } else {
            // A word about the configuration, such as a model that it does not know.
            return Reading::default();
        };
        Reading {
            mood,
            fault: Some(fault),
            ..Reading::default()
        }
    }

    fn answer(&mut self, value: &Value) -> Taken {
        let mut taken = Taken::default();
        if let Some(error) = value.get("error") {
            if !self.is_cancelled {
                taken.reading.mood = Mood::Failed;
                taken.reading.fault = Some(Fault::of(error));
            }
            return taken;
        }
        let Some(result) = value.get("result") else {
            return taken;
        };
        if let Some(name) = result.pointer("/agentInfo/name").and_then(Value::as_str) {
            self.agent = Agent::of(name);
        }
        taken.reading.session = result
            .get("sessionId")
            .and_then(Value::as_str)
            .map(str::to_owned);
        if let Some(stop) = result.get("stopReason").and_then(Value::as_str) {
            taken.told = self.end_of_text();
            let spent = self.spent(result);
            taken.reading = Reading {
                spent,
                ..self.end(stop, result)
            };
        }
        taken
    }

    /// opencode counts the last request only, and is believed in what it costs.
    fn spent(&self, result: &Value) -> Option<Spent> {
        if self.agent == Some(Agent::OpenCode) {
            return None;
        }
        Spent::of_acp_turn(result)
    }

    /// The end of a turn.
    fn end(&mut self, stop: &str, result: &Value) -> Reading {
        let mood = |mood| Reading {
            mood,
            ..Reading::default()
        };
        if self.is_cancelled || stop == "cancelled" {
            return Reading::default();
        }
        if stop != "end_turn" {
            let words = format!("its turn ended with `{stop}`");
            return Reading {
                fault: Some(Fault::of(&Value::String(words))),
                ..mood(Mood::Failed)
            };
        }
        if let Some(failure) = result.pointer(FAILURE) {
            let reading = self.failure(failure);
            if reading.mood == Mood::Troubled {
                return Reading {
                    mood: Mood::Failed,
                    ..reading
                };
            }
        }
        let output = result
            .pointer("/usage/outputTokens")
            .and_then(Value::as_u64);
        let used_nothing = (self.agent).is_some_and(|agent| agent.says_nothing_was_used(result))
            || output == Some(0) && !self.turn.went_on;
        if self.is_broken || used_nothing {
            let said = self.last_said.trim();
            let why = if said.is_empty() {
                "its turn ended without an answer of the model".to_owned()
            } else {
                said.to_owned()
            };
            let fault = Fault::of(&Value::String(said.to_owned()));
            self.fail(why);
            return Reading {
                fault: Some(fault),
                ..mood(Mood::Failed)
            };
        }
        mood(Mood::Ended)
    }
}

/// Where claude and codex put a failure with its kind.
const FAILURE: &str = "/_meta/jetbrains/air/sessionFailure";

fn said(voice: Voice, text: &str) -> Option<Told> {
    let text = text.trim_matches('\n');
    if text.trim().is_empty() {
        return None;
    }
    Some(match voice {
        Voice::Says => Told::Said(text.to_owned()),
        Voice::Thinks => Told::Thought(text.to_owned()),
    })
}
