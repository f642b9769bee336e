//! `{{ column }}` within text, and nothing more: a column's name is anything (spaces, dots), trimmed; one that has
//! braces or edge spaces stands in double quotes, where `\"` is a quote and `\\` a backslash.

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// As it stands.
    Text(String),
    /// The value of the column of that name.
    Column(String),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    /// The character at fault, from 1.
    pub(crate) character: usize,
    pub(crate) what: &'static str,
}

/// Takes a template apart.
pub(crate) fn parse(template: &str) -> Result<Vec<Piece>, TemplateFault> {
    let fault = |at: usize, what| TemplateFault {
        character: template[..at].chars().count() + 1,
        what,
    };
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(open) = template[at..].find("{{").map(|offset| at + offset) {
        if open > at {
            pieces.push(Piece::Text(template[at..open].to_owned()));
        }
        let inner = open + 2;
        let start = inner + (template[inner..].len() - template[inner..].trim_start().len());
        let (name, close) = if template[start..].starts_with('"') {
            let (name, end) = quoted(&template[start + 1..])
                .ok_or_else(|| fault(start, "the quoted column name is not closed by `\"`"))?;
            let end = start + 1 + end;
            let rest = template[end..].trim_start();
            (name, template.len() - rest.len())
        } else {
            let close = template[start..]
                .find("}}")
                .ok_or_else(|| fault(open, "`{{` is not closed by `}}`"))?;
            (
                template[start..start + close].trim().to_owned(),
                start + close,
            )
        };
        if !template[close..].starts_with("}}") {
            return Err(fault(close, "`}}` is wanted after the quoted column name"));
        }
        if name.is_empty() {
            return Err(fault(open, "there is no column name between `{{` and `}}`"));
        }
        if name.contains("{{") && !template[start..].starts_with('"') {
            return Err(fault(
                open,
                "`{{` is not closed by `}}` before the next `{{`",
            ));
        }
        pieces.push(Piece::Column(name));
        at = close + 2;
    }
    if at < template.len() {
        pieces.push(Piece::Text(template[at..].to_owned()));
    }
    Ok(pieces)
}

/// The name up to the closing quote, and where what follows that quote begins.
fn quoted(text: &str) -> Option<(String, usize)> {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((name, at + 1)),
            '\\' => name.push(chars.next()?.1),
            _ => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Piece {
        Piece::Column(name.to_owned())
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    #[test]
    fn names_may_have_spaces_dots_and_quotes() {
        assert_eq!(
            parse("Zendesk {{ Ticket ID }}, {{requester.email}}"),
            Ok(vec![
                text("Zendesk "),
                column("Ticket ID"),
                text(", "),
                column("requester.email")
            ])
        );
        assert_eq!(
            parse(r#"{{ "a }} b" }}{{"say \"hi\" \\"}}é"#),
            Ok(vec![column("a }} b"), column(r#"say "hi" \"#), text("é")])
        );
        assert_eq!(
            parse("no column, } or }} or {"),
            Ok(vec![text("no column, } or }} or {")])
        );
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn faults_name_the_character() {
        for (template, character) in [
            ("é {{ a", 3),
            ("{{ }}", 1),
            ("x{{ \"a }}", 5),
            ("{{ \"a\" b }}", 8),
            ("{{ a {{ b }}", 1),
        ] {
            assert_eq!(
                parse(template).map_err(|fault| fault.character),
                Err(character),
                "{template}"
            );
        }
    }
}
