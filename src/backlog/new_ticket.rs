//! A new ticket out of its title.

use super::ticket::{BadTicketId, TicketId};

/// How long the id made from a title may be.
const LONGEST: usize = 48;

/// What a new ticket is to say.
#[derive(Debug, Clone, Copy)]
pub struct NewTicket<'a> {
    /// Its title.
    pub title: &'a str,
    /// Its priority, as written in the file.
    pub priority: Option<&'a str>,
    /// What must land first.
    pub depends_on: &'a [String],
}

/// Why there is no ticket.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadNewTicket {
    /// Nothing in the title.
    #[error("a ticket needs a title, such as `nightshift new \"Fix the login timeout\"`")]
    NoTitle,
    /// A priority that means nothing.
    #[error("`{0}` is not a priority; write 1 to 5, or critical, high, medium, low")]
    Priority(String),
    /// A dependency that cannot be an id.
    #[error(transparent)]
    Dependency(#[from] BadTicketId),
}

/// A ticket that has no file yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    slug: String,
    title: String,
    priority: Option<String>,
    depends_on: Vec<TicketId>,
}

/// Returns a ticket with this title.
///
/// # Errors
/// The title is empty, or the priority or a dependency is not usable.
pub fn new_ticket(new: &NewTicket<'_>) -> Result<Draft, BadNewTicket> {
    let title = new.title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.is_empty() {
        return Err(BadNewTicket::NoTitle);
    }
    let words = ["1", "2", "3", "4", "5", "critical", "high", "medium", "low"];
    if let Some(priority) = new.priority
        && !words.contains(&priority.to_ascii_lowercase().as_str())
    {
        return Err(BadNewTicket::Priority(priority.to_owned()));
    }
    let depends_on = new
        .depends_on
        .iter()
        .map(|id| id.parse())
        .collect::<Result<Vec<TicketId>, _>>()?;
    Ok(Draft {
        slug: slug(&title),
        title,
        priority: new.priority.map(str::to_ascii_lowercase),
        depends_on,
    })
}

impl Draft {
    /// Returns the name of its file; a number above 1 makes it another one.
    pub fn file_name(&self, number: u32) -> String {
        if number == 1 {
            format!("{}.md", self.slug)
        } else {
            format!("{}-{number}.md", self.slug)
        }
    }

    /// Returns the text of its file.
    pub fn text(&self) -> String {
        let title = serde_json::Value::String(self.title.clone());
        let mut text = format!("---\ntitle: {title}\n");
        if let Some(priority) = &self.priority {
            text.push_str(&format!("priority: {priority}\n"));
        }
        if !self.depends_on.is_empty() {
            let ids: Vec<_> = self.depends_on.iter().map(TicketId::as_str).collect();
            text.push_str(&format!("depends_on: [{}]\n", ids.join(", ")));
        }
        text.push_str(
            "# priority: medium          # 1 to 5, or critical, high, medium, low\n\
             # depends_on: []            # ids of tickets that must land first\n\
             # labels: []\n\
             # mode: loop                # an objective, worked in iterations until its check is green\n\
             # iterations: 20            # at most so many\n\
             # paths: [\"src/**\"]         # where it may write; leave out for anywhere\n---\n\n",
        );
        text.push_str(&format!(
            "{}.\n\n\
             <!-- Say what is wrong or wanted, what must stay as it is, and what is not wanted. A\n\
             command in a section `## Acceptance`, fenced as sh, is run before and after: it should\n\
             fail before the work and pass after it. -->\n",
            self.title.trim_end_matches('.')
        ));
        text
    }
}

/// Returns an id made from the words of a title.
pub(super) fn slug(title: &str) -> String {
    let mut slug = String::new();
    for word in title
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        if !slug.is_empty() && slug.len() + 1 + word.len() > LONGEST {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    let slug: String = slug.chars().take(LONGEST).collect();
    if slug.is_empty() {
        "ticket".to_owned()
    } else {
        slug
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::parse_ticket;

    #[test]
    fn a_new_ticket_loads_as_it_was_meant() {
        for title in [
            "Fix the login timeout",
            "Quote \"this\": #1 & that",
            "Ümlaut",
            "日本語",
        ] {
            let depends_on = ["T-1".to_owned()];
            let new = NewTicket {
                title,
                priority: Some("High"),
                depends_on: &depends_on,
            };
            let draft = new_ticket(&new).unwrap();
            let file = draft.file_name(1);
            let (ticket, problems) = parse_ticket(&file, draft.text().as_bytes());
            assert!(problems.is_empty(), "{problems:?}");
            let ticket = ticket.unwrap();
            assert_eq!(ticket.facts.title, title);
            assert_eq!(ticket.facts.priority.0, 2);
            assert_eq!(ticket.accept, None);
        }
        assert_eq!(slug("Fix the login timeout"), "fix-the-login-timeout");
        assert_eq!(slug("日本語"), "ticket");
    }
}
