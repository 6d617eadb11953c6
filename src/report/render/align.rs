//! Tables that read well raw: every column as wide as its widest cell.

/// Returns a Markdown table with its columns padded; lines that are no rows stay as they are.
pub(super) fn align(table: &str) -> String {
    let rows: Vec<Option<Vec<&str>>> = table.lines().map(cells).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in rows.iter().flatten() {
        for (at, cell) in row.iter().enumerate() {
            let width = if is_rule(cell) { 3 } else { width(cell) };
            match widths.get_mut(at) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let mut out = String::with_capacity(table.len() * 2);
    for (line, row) in table.lines().zip(rows) {
        let Some(row) = row else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        out.push('|');
        for (cell, width_of_column) in row.iter().zip(&widths) {
            if is_rule(cell) {
                let dashes = width_of_column + 2 - usize::from(cell.ends_with(':'));
                out.extend(std::iter::repeat_n('-', dashes));
                out.push_str(if cell.ends_with(':') { ":|" } else { "|" });
            } else {
                let padding = width_of_column.saturating_sub(width(cell));
                out.push(' ');
                out.push_str(cell);
                out.extend(std::iter::repeat_n(' ', padding));
                out.push_str(" |");
            }
        }
        out.push('\n');
    }
    out
}

/// Returns the cells of a row; `None` when the line is no row.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.strip_prefix('|')?.strip_suffix('|')?;
    let mut cells = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, byte) in inner.bytes().enumerate() {
        if byte == b'|' && !escaped {
            cells.push(inner.get(start..at)?.trim());
            start = at + 1;
        }
        escaped = byte == b'\\' && !escaped;
    }
    cells.push(inner.get(start..)?.trim());
    Some(cells)
}

fn is_rule(cell: &str) -> bool {
    cell.len() >= 3 && cell.trim_end_matches(':').bytes().all(|byte| byte == b'-')
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::align;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let table = "| a | work |\n|---|---:|\n| long \\| one | −2 |\n\nprose\n";
        let expected = "\
| a           | work |
|-------------|-----:|
| long \\| one | −2   |

prose
";
        assert_eq!(align(table), expected);
    }
}
