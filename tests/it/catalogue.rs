//! Every error, problem and hint, read aloud: one catalogue, `snapshots/it__catalogue__catalogue.snap`.
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

#[test]
fn every_error_problem_and_hint_says_what_where_found_wanted_and_the_next_step() {
    let catalogue = [
        "# What is typed\n\n",
        &typed::read_aloud(),
        "# What is wrong in a job file\n\n",
        &jobs::read_aloud(),
        "# What inputs are refused for\n\n",
        &inputs::read_aloud(),
        "# What is wrong with rows\n\n",
        &rows::read_aloud(),
        "# The same in other words\n\n",
        &wordings::read_aloud(),
        "# What a check says of a whole input, and what comes next\n\n",
        &checks::read_aloud(),
        "# What ends a command\n\n",
        &endings::read_aloud(),
        "# What the library says\n\n",
        &library::read_aloud(),
        "# What is told of the project before anything is sent\n\n",
        &projects::read_aloud(),
        "# What becomes of entries that were sent\n\n",
        &entries::read_aloud(),
        "# How runs end, and what comes next\n\n",
        &runs::read_aloud(),
        "# What comparing tells\n\n",
        &comparing::read_aloud(),
    ]
    .concat();
    let mut settings = insta::Settings::clone_current();
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
    settings.bind(|| insta::assert_snapshot!("catalogue", catalogue));
}

#[test]
fn every_error_in_the_sources_has_an_example() {
    sources::assert_all_told(include_str!("snapshots/it__catalogue__catalogue.snap"));
}
