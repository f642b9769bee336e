//! A catalogue of every error, problem and hint: a snapshot for each chapter, `snapshots/it__catalogue__….snap`.
//!
//! Each says what is wrong, where, what was found, what would be right and what to do next; each chapter holds its own to that.

mod checks;
mod comparing;
mod endings;
mod entries;
mod given;
mod imports;
mod inputs;
mod jobs;
mod library;
mod projects;
mod rows;
mod runs;
mod sources;
mod typed;
mod wordings;

/// Declares a test for each chapter. Its snapshot has the name of the chapter's module.
macro_rules! chapters {
    ($($name:ident = $title:literal;)+) => {
        $(
            #[test]
            fn $name() {
                hold(stringify!($name), $title, &$name::read_aloud());
            }
        )+

        /// The snapshots of all chapters.
        const SNAPSHOTS: &[&str] = &[
            $(include_str!(concat!("snapshots/it__catalogue__", stringify!($name), ".snap"))),+
        ];
    };
}

chapters! {
    typed = "What is typed";
    jobs = "What is wrong in a job file";
    inputs = "What inputs are refused for";
    rows = "What is wrong with rows";
    wordings = "The same in other words";
    checks = "What a check says of a whole input, and what comes next";
    endings = "What ends a command";
    library = "What the library says";
    projects = "What is told of the project before anything is sent";
    entries = "What becomes of entries that were sent";
    runs = "How runs end, and what comes next";
    comparing = "What comparing tells";
}

fn hold(name: &str, title: &str, chapter: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.add_filter(r"127\.0\.0\.1:\d+/", "127.0.0.1:…/");
    settings.add_filter(r#" at path "[^"]*""#, "");
    // Another system has other numbers for the same, and a busy machine takes longer.
    settings.add_filter(r"\(os error \d+\)", "(os error …)");
    settings.add_filter(r"served a request for [\d.]+ s", "served a request for … s");
    settings.add_filter("request [-0-9a-f]{36}, which", "request …, which");
    settings.add_filter(
        "under another key `T-2`: [-0-9a-f]{36}",
        "under another key `T-2`: …",
    );
    settings.add_filter(
        "more than once: [-0-9a-f]{36}, [-0-9a-f]{36}",
        "more than once: …, …",
    );
    let chapter = format!("# {title}\n\n{chapter}");
    settings.bind(|| insta::assert_snapshot!(name, chapter));
}

#[test]
fn every_error_in_the_sources_has_an_example() {
    sources::assert_all_told(&SNAPSHOTS.concat());
}
