//! Brace expansion: `{a,b}` in a word makes several words of it.

use super::syntax::{Part, Word};

/// How many words one word may become.
const MOST: usize = 64;

/// A letter outside of quotes, or a part that stays as it is.
#[derive(Clone)]
enum Atom {
    Letter(char),
    Part(Part),
}

/// Returns the words that a word becomes; itself when it has no braces, or too many.
pub(super) fn expand(word: &Word) -> Vec<Word> {
    let has = |letter: char| {
        word.0.iter().any(|part| match part {
            Part::Text {
                text,
                quoted: false,
            } => text.contains(letter),
            _ => false,
        })
    };
    if !(has('{') && has(',') && has('}')) {
        return vec![word.clone()];
    }
    let mut atoms = Vec::new();
    for part in &word.0 {
        match part {
            Part::Text {
                text,
                quoted: false,
            } => atoms.extend(text.chars().map(Atom::Letter)),
            part => atoms.push(Atom::Part(part.clone())),
        }
    }
    let mut done = Vec::new();
    let mut open = vec![atoms];
    while let Some(atoms) = open.pop() {
        if done.len() + open.len() > MOST {
            return vec![word.clone()];
        }
        match first_braces(&atoms) {
            Some(alternatives) => open.extend(alternatives.into_iter().rev()),
            None => done.push(joined(atoms)),
        }
    }
    done
}

/// Returns the word with its first pair of braces replaced by each of its alternatives.
fn first_braces(atoms: &[Atom]) -> Option<Vec<Vec<Atom>>> {
    let mut from = 0;
    while let Some(start) = find(atoms, from, '{') {
        let mut depth = 0_usize;
        let mut cuts = vec![start];
        for (at, atom) in atoms.iter().enumerate().skip(start + 1) {
            match atom {
                Atom::Letter('{') => depth += 1,
                Atom::Letter('}') if depth > 0 => depth -= 1,
                Atom::Letter(',') if depth == 0 => cuts.push(at),
                Atom::Letter('}') if cuts.len() > 1 => {
                    cuts.push(at);
                    let before = atoms.get(..start).unwrap_or_default();
                    let after = atoms.get(at + 1..).unwrap_or_default();
                    let between = cuts.iter().zip(cuts.iter().skip(1));
                    let word = |(from, to): (&usize, &usize)| {
                        let middle = atoms.get(from + 1..*to).unwrap_or_default();
                        [before, middle, after].concat()
                    };
                    return Some(between.map(word).collect());
                }
                Atom::Letter('}') => break,
                _ => {}
            }
        }
        from = start + 1;
    }
    None
}

fn find(atoms: &[Atom], from: usize, letter: char) -> Option<usize> {
    let is = |atom: &Atom| matches!(atom, Atom::Letter(c) if *c == letter);
    let place = atoms.iter().skip(from).position(is)?;
    Some(from + place)
}

fn joined(atoms: Vec<Atom>) -> Word {
    let mut parts: Vec<Part> = Vec::new();
    for atom in atoms {
        match (atom, parts.last_mut()) {
            (
                Atom::Letter(c),
                Some(Part::Text {
                    text,
                    quoted: false,
                }),
            ) => text.push(c),
            (Atom::Letter(c), _) => parts.push(Part::Text {
                text: c.to_string(),
                quoted: false,
            }),
            (Atom::Part(part), _) => parts.push(part),
        }
    }
    Word(parts)
}
