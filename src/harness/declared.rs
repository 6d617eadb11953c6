//! An agent's event stream as its configuration declares it: which JSON paths are which event.

use serde_json::Value;

use super::{
    event::HarnessEvent,
    fault::Fault,
    reading::{Message, Mood, Reading},
    usage::Spent,
};
use crate::config::{EventLine, Events};

/// Reads a line; `None` when it is none of the declared stream.
pub(super) fn read(events: &Events, line: &[u8]) -> Option<Reading> {
    let value: Value = serde_json::from_slice(line.trim_ascii()).ok()?;
    let kind = value.pointer(&events.kind)?.as_str()?;
    let is = |line: &Option<EventLine>| {
        line.as_ref()
            .filter(|line| line.is.iter().any(|is| is == kind))
            .cloned()
    };
    let text = |line: &EventLine| {
        let at = line.text.as_ref()?;
        value.pointer(at)?.as_str().map(str::to_owned)
    };
    let mut reading = Reading::default();
    if is(&events.thinking).is_some() {
        reading.mood = Mood::Working;
    }
    if let Some(line) = is(&events.output) {
        reading.mood = Mood::Working;
        reading.message = text(&line).map(Message::Whole);
    }
    if is(&events.tool).is_some() || is(&events.skill).is_some() {
        reading.mood = Mood::Working;
        reading.uses_tool = is(&events.tool).is_some();
    }
    reading.compacts = is(&events.compaction_start).is_some();
    if is(&events.done).is_some() {
        reading.mood = Mood::Ended;
    }
    if let Some(line) = is(&events.failed) {
        reading.mood = Mood::Failed;
        let at = line.text.as_ref().and_then(|at| value.pointer(at));
        reading.fault = Some(Fault::of(at.unwrap_or(&value)));
    }
    let at = |pointer: &Option<String>| value.pointer(pointer.as_ref()?);
    reading.session = at(&events.session)
        .and_then(Value::as_str)
        .map(str::to_owned);
    reading.spent = Spent::declared(
        at(&events.input_tokens).and_then(Value::as_u64),
        at(&events.output_tokens).and_then(Value::as_u64),
        at(&events.cost).and_then(Value::as_f64),
    );
    Some(reading)
}

/// Returns the normalized events of a line; `None` when it is none of the declared stream.
pub(super) fn normal(events: &Events, line: &str) -> Option<Vec<HarnessEvent>> {
    let value: Value = serde_json::from_str(line.trim()).ok()?;
    let kind = value.pointer(&events.kind)?.as_str()?;
    let is = |line: &'_ Option<EventLine>| {
        line.as_ref()
            .is_some_and(|line| line.is.iter().any(|is| is == kind))
    };
    let text = |line: &Option<EventLine>, at: fn(&EventLine) -> &Option<String>| {
        let pointer = at(line.as_ref()?).as_ref()?;
        value.pointer(pointer)?.as_str().map(str::to_owned)
    };
    let mut all = Vec::new();
    if is(&events.thinking) {
        let thought = text(&events.thinking, |line| &line.text);
        all.extend(thought.map(|text| HarnessEvent::ThinkingDelta { text }));
    }
    if is(&events.output) {
        let said = text(&events.output, |line| &line.text);
        all.extend(said.map(|text| HarnessEvent::OutputDelta { text }));
    }
    if is(&events.tool) {
        let input = (events.tool.as_ref()).and_then(|line| value.pointer(line.input.as_ref()?));
        all.push(HarnessEvent::ToolCall {
            name: text(&events.tool, |line| &line.name).unwrap_or_else(|| kind.to_owned()),
            input: input.cloned().unwrap_or(Value::Null),
        });
    }
    if is(&events.skill) {
        let name = text(&events.skill, |line| &line.name).unwrap_or_else(|| kind.to_owned());
        all.push(HarnessEvent::SkillInvocation { name });
    }
    if is(&events.compaction_start) {
        all.push(HarnessEvent::AutoCompactionStart);
    }
    if is(&events.compaction_end) {
        all.push(HarnessEvent::AutoCompactionEnd);
    }
    Some(all)
}
