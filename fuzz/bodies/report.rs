//! The report of a night whose every text is hostile: it keeps the form of a harmless one, and
//! holds nothing that a terminal or a Markdown viewer would act on.

use std::sync::OnceLock;

use nightshift::{
    gate::verdict::Verdict,
    machine::State,
    report::{Liveness, json, markdown, model, status},
};
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::{limits::in_time, night, parts};

/// The longest text of an agent that is journaled.
const LONGEST: usize = 4096;

/// Up to five texts with a NUL between them, which are all that a night says.
pub(crate) fn texts(data: &[u8]) {
    static HARMLESS: OnceLock<Form> = OnceLock::new();
    let harmless = HARMLESS.get_or_init(|| {
        let words = ["one", "two", "three", "four", "five"].map(str::to_owned);
        form(&drawn(&night::played(&words), &words))
    });
    let mut parts = parts(data);
    let texts: [String; night::TEXTS] = std::array::from_fn(|_| {
        let part = parts.next().unwrap_or_default();
        // Nobody journals an empty title or question, and without one a section may be left out.
        if part.chars().all(|c| c.is_whitespace() || c.is_control()) {
            return "blank".to_owned();
        }
        part.chars().take(LONGEST).collect()
    });
    let state = night::played(&texts);
    let bytes = 40 * texts.iter().map(String::len).sum::<usize>();
    let report = in_time("a report", bytes, || drawn(&state, &texts));
    assert!(!report.contains(is_unseen), "{report:?}");
    let found = form(&report);
    assert_eq!(
        found.headings, harmless.headings,
        "a text has made or hidden a heading:\n{report}"
    );
    assert_eq!(found.sections, harmless.sections, "{report}");
}

/// Draws everything that is drawn of a state, and returns the report.
pub(super) fn drawn(state: &State, texts: &[String; night::TEXTS]) -> String {
    let log = |_: &Verdict| Some(night::log(texts));
    let model = model(state, &log);
    let as_json = json(&model);
    assert!(!as_json.contains(is_unseen), "{as_json:?}");
    let value: serde_json::Value = serde_json::from_str(&as_json).unwrap();
    assert_eq!(value["version"], 1);
    for runner in [Liveness::Alive, Liveness::Dead, Liveness::NotRunning] {
        let brief = status(state, runner, None, &[]).render();
        assert!(!brief.contains(is_unseen), "{brief:?}");
        for line in brief.lines() {
            // A long name is not broken: then it stands alone behind the 15 columns in front.
            let what = line.chars().skip(15).collect::<String>();
            assert!(
                line.chars().count() <= 80 || !what.trim().contains(' '),
                "{line:?}"
            );
        }
    }
    markdown(&model, None).unwrap()
}

/// What a viewer makes of a report.
#[derive(Debug, PartialEq, Eq)]
struct Form {
    /// How many headings there are.
    headings: usize,
    /// Those of the two first levels.
    sections: Vec<String>,
}

fn form(report: &str) -> Form {
    let mut form = Form {
        headings: 0,
        sections: Vec::new(),
    };
    let mut section: Option<String> = None;
    for event in Parser::new_ext(report, Options::all()) {
        match event {
            Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::HtmlBlock)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Rule
            | Event::TaskListMarker(_)
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => panic!("a text became {event:?}:\n{report}"),
            Event::Start(Tag::Heading { level, .. }) => {
                form.headings += 1;
                if level <= HeadingLevel::H2 {
                    section = Some(String::new());
                }
            }
            Event::End(TagEnd::Heading(_)) => form.sections.extend(section.take()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(section) = &mut section {
                    section.push_str(&text);
                }
            }
            _ => {}
        }
    }
    form
}

/// Controls, and marks that hide or reorder text.
fn is_unseen(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        )
}
