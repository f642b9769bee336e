//! What ends a command.

use concord_import::internals::cli::catalogue::{Ending, endings};

/// One of every error that can end a command.
pub(super) fn read_aloud() -> String {
    let mut chapter = String::new();
    for ending in endings() {
        let Ending {
            kind,
            message,
            hint,
            exit_code,
            says: [place, found, wanted],
        } = ending;
        let title = format!("{kind}, exit {exit_code}");
        let hint = hint.unwrap_or_else(|| panic!("{title}: `{message}` has no hint"));
        assert!([2, 3, 130, 143].contains(&exit_code), "{title}: {message}");
        for said in [&message, &hint] {
            assert_sentence(&title, said);
        }
        assert_ne!(message, hint, "{title}");
        let all = format!("error: {message}\nhint: {hint}\n");
        assert!(
            all.contains(place),
            "{title} does not say where, {place}: {all}"
        );
        assert!(
            !found.is_empty() && message.contains(found),
            "{title} does not say what was found, {found}: {all}"
        );
        assert!(
            !wanted.is_empty() && all.contains(wanted),
            "{title} does not say what would be right, {wanted}: {all}"
        );
        chapter += &format!("## {title}\n{all}\n");
    }
    chapter
}

fn assert_sentence(title: &str, said: &str) {
    assert!(!said.trim().is_empty(), "{title}");
    assert!(!said.ends_with(['.', '!', ' ']), "{title}: `{said}`");
    let begin = said.chars().next().unwrap_or_default();
    assert!(
        !begin.is_uppercase() || said.starts_with("Concord"),
        "{title}: `{said}`"
    );
}
