//! Answers an agent while it works: its questions by the contract's `ask` rules, its tool calls by
//! the `tool` rules. What was decided is kept: each call in the attempt's `tools.jsonl`, and for the
//! journal how often which rule said what.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::json;

use crate::{
    backlog::ticket::TicketFacts,
    clock,
    harness::{Judge, Reaction, ToolAnswer, ToolCall},
    layout::{PathContext as _, PathError},
    machine::ToolTally,
    policy::{
        AskDecision, Policy,
        decision::{Action, Decision},
    },
    sandbox::{Redactor, clean},
    say::utterance::Utterance,
};

/// How many bytes of a call are kept as evidence, and in the journal.
const KEPT: usize = 4 * 1024;
const SHOWN: usize = 160;
/// How many different decisions the journal has of one session; the rest is counted together.
const TALLIES: usize = 48;

/// See the file's header.
pub(super) struct Referee<'a> {
    policy: &'a Policy,
    facts: &'a TicketFacts,
    redactor: &'a Redactor,
    evidence: (File, PathBuf),
    /// What the contract said to the last question, or to the call that ended the session.
    pub(super) raised: Option<Decision>,
    /// What was decided on tool calls.
    pub(super) tools: Vec<ToolTally>,
    /// Why the evidence could not be written.
    pub(super) broken: Option<PathError>,
}

impl<'a> Referee<'a> {
    /// Returns one with nothing decided. Evidence goes into this folder.
    ///
    /// # Errors
    /// The evidence's file cannot be made.
    pub(super) fn new(
        policy: &'a Policy,
        facts: &'a TicketFacts,
        redactor: &'a Redactor,
        folder: &Path,
    ) -> Result<Self, PathError> {
        std::fs::create_dir_all(folder).at("create the folder", folder)?;
        let path = folder.join("tools.jsonl");
        let file = File::create(&path).at("create", &path)?;
        Ok(Self {
            policy,
            facts,
            redactor,
            evidence: (file, path),
            raised: None,
            tools: Vec::new(),
            broken: None,
        })
    }

    fn keep(&mut self, call: &ToolCall, decision: &Decision) {
        let tool = cut(&clean(&self.redactor.redact(&call.tool)), SHOWN);
        let input = self.redactor.redact(&clean(&call.input)).into_owned();
        let line = json!({
            "at": clock::now().at,
            "tool": tool,
            "input": cut(&input, KEPT),
            "action": decision.action,
            "rule": decision.rule,
        });
        let written = writeln!(self.evidence.0, "{line}").at("write", &self.evidence.1);
        if let Err(error) = written {
            self.broken.get_or_insert(error);
        }
        let is_same = |tally: &&mut ToolTally| {
            tally.action == decision.action && tally.rule == decision.rule && tally.tool == tool
        };
        if let Some(tally) = self.tools.iter_mut().find(is_same) {
            tally.count = tally.count.saturating_add(1);
            return;
        }
        let rest = (self.tools.len() >= TALLIES).then(|| self.tools.last_mut());
        if let Some(Some(last)) = rest {
            last.count = last.count.saturating_add(1);
            "others".clone_into(&mut last.tool);
            return;
        }
        let example = (decision.action != Action::Proceed).then(|| cut(&input, SHOWN));
        self.tools.push(ToolTally {
            tool,
            action: decision.action,
            rule: decision.rule.clone(),
            count: 1,
            example,
        });
    }
}

impl Judge for Referee<'_> {
    fn said(&mut self, said: &Utterance) -> Reaction {
        match said {
            Utterance::Park(question) => match self.policy.at_ask(self.facts, question) {
                AskDecision::Answer(_) => Reaction::Continue,
                AskDecision::Assume { decision } => {
                    self.raised = Some(decision);
                    Reaction::Continue
                }
                AskDecision::Park(decision) => {
                    self.raised = Some(decision);
                    Reaction::End
                }
                AskDecision::Halt(decision) => {
                    self.raised = Some(decision);
                    Reaction::Halt
                }
            },
            Utterance::Halt { .. } => Reaction::Halt,
            Utterance::Note { .. } | Utterance::Assume { .. } | Utterance::Done { .. } => {
                Reaction::Continue
            }
        }
    }

    fn tool(&mut self, call: &ToolCall) -> ToolAnswer {
        let decision = self.policy.at_tool(self.facts, &call.tool, &call.input);
        self.keep(call, &decision);
        let rule = decision.rule.as_deref().unwrap_or("built-in");
        let because = &decision.because;
        let (reason, reaction) = match decision.action {
            Action::Proceed => return ToolAnswer::allow(),
            Action::Deny => (
                format!(
                    "Refused by rule `{rule}` of the contract: {because} Do without it, or park the question with `nightshift say park`."
                ),
                Reaction::Continue,
            ),
            Action::Park => (
                format!(
                    "Rule `{rule}` of the contract leaves this to a human: {because} Your session ends now; your work is kept."
                ),
                Reaction::End,
            ),
            Action::Halt => (
                format!("Rule `{rule}` of the contract stops the night at this: {because}"),
                Reaction::Halt,
            ),
        };
        if reaction != Reaction::Continue {
            self.raised = Some(decision);
        }
        ToolAnswer {
            allow: false,
            reason,
            reaction,
        }
    }
}

fn cut(text: &str, most: usize) -> String {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let head = text.get(..end).unwrap_or_default();
    if head.len() < text.len() {
        format!("{head}…")
    } else {
        head.to_owned()
    }
}
