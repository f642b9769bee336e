//! What the guide and the nightly examples tell people to type: it is all taken by the real program, and the nightly
//! commands do what they are for.

use std::fs;
use std::path::{Path, PathBuf};

use concord_import::internals::plan::{SANDBOX_API_KEY, SANDBOX_ORGANIZATION, SANDBOX_PROJECT};

use crate::cli::{Place, code, server, stderr, stdout};

const PROGRAM: &str = "concord-import";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn sample(name: &str) -> String {
    let path = root().join("samples/nightly").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words behind the program's name, up to where a shell would end the command.
fn arguments(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in command.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '|' | '>' | '<' | '#' | ';' | '&') => break,
            (None, ' ') => words.push(String::new()),
            (_, c) => words.last_mut().expect("never empty").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Where the program is called by its name or its path at the beginning of a command.
fn called(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once(&format!("{PROGRAM} "))?;
    let before = before.trim_end_matches("/usr/bin/");
    let begins = before.trim().is_empty() || before.trim_end().ends_with(['|', '=', '`']);
    let is_cron = before.contains("* * *") && before.ends_with(' ');
    match rest.split_once(&format!("/usr/bin/{PROGRAM} ")) {
        Some((_, rest)) if is_cron => Some(rest), // the first was the user
        _ => begins.then_some(rest),
    }
}

/// The commands in fenced blocks of sh, and those that stand in a sentence.
fn commands_of_page(page: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let mut fence = None;
    for line in page.replace("\\\n", " ").lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            fence = fence.is_none().then(|| language.to_owned());
        } else if fence.is_none() {
            let spans = line.split('`').skip(1).step_by(2);
            commands.extend(
                spans
                    .filter_map(|span| span.strip_prefix(&format!("{PROGRAM} ")))
                    .map(arguments),
            );
        } else if fence.as_deref() == Some("sh") {
            commands.extend(called(line).map(arguments));
        }
    }
    commands
}

fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("a folder");
    let mut pages: Vec<_> = docs.map(|entry| entry.expect("a page").path()).collect();
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn command_of_unit() -> Vec<String> {
    let unit = sample("concord-import.service").replace("\\\n", " ");
    let line = unit.lines().find(|line| line.starts_with("ExecStart="));
    arguments(line.and_then(called).expect("a command"))
}

fn command_of_cron() -> Vec<String> {
    let table = sample("crontab");
    let line = table.lines().rfind(|line| !line.is_empty());
    arguments(line.and_then(called).expect("a command"))
}

fn command_of_pod() -> Vec<String> {
    let manifest = sample("cronjob.yaml");
    let (_, args) = manifest.split_once("args: ").expect("arguments");
    let end = args.find(']').expect("an end") + 1;
    serde_json::from_str(&args[..end]).expect("a list of texts")
}

#[test]
fn every_command_in_the_guide_is_one() {
    let place = Place::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for mut command in commands_of_page(&text) {
            // Words are judged in their order, so that all of them are before help is given.
            command.push("--help".into());
            let words: Vec<_> = command.iter().map(String::as_str).collect();
            let output = place.run(&words);
            let said = stderr(&output);
            assert_eq!(code(&output), 0, "{}: {command:?}: {said}", page.display());
        }
    }
}

/// The first pages are followed step by step: what one command writes is what the next reads.
#[test]
fn the_first_pages_work_as_written() {
    for (page, steps, requests) in [("first-import.md", 4, 0), ("backlog.md", 7, 36)] {
        let place = Place::new();
        let server = server(|_| {});
        fs::copy(place.path("samples/backlog.csv"), place.path("backlog.csv")).expect("copied");
        let text = fs::read_to_string(root().join("docs").join(page)).expect("a page");
        let commands = commands_of_page(&text);
        let commands: Vec<_> = commands.iter().filter(|words| words.len() > 1).collect();
        assert_eq!(commands.len(), steps, "{page}: {commands:?}");
        for command in commands {
            let mut words: Vec<_> = command.iter().map(String::as_str).collect();
            if words[0] == "run" && !words.contains(&"--yes") {
                words.push("--yes"); // there is nobody to ask
            }
            let output = place
                .command(&words)
                .env("CONCORD_API_KEY", SANDBOX_API_KEY)
                .env("CONCORD_BASE_URL", server.base_url())
                .env("CONCORD_ORGANIZATION_ID", SANDBOX_ORGANIZATION.to_string())
                .env("CONCORD_PROJECT_ID", SANDBOX_PROJECT.to_string())
                .output()
                .expect("it runs");
            assert!(
                matches!(code(&output), 0 | 1),
                "{page}: {words:?}: {}",
                stderr(&output)
            );
            if words[0] == "map" {
                assert!(
                    stdout(&output).starts_with("#:schema "),
                    "{}",
                    stdout(&output)
                );
                // What a person made of the proposal.
                fs::copy(
                    place.path("samples/backlog.toml"),
                    place.path("backlog.toml"),
                )
                .expect("copied");
            }
        }
        assert_eq!(server.requests().len(), requests, "{page}");
    }
}

#[test]
fn every_nightly_command_creates_what_is_new() {
    for command in [command_of_unit(), command_of_cron(), command_of_pod()] {
        let place = Place::new();
        let server = server(|_| {});
        fs::write(place.path("key"), format!("{SANDBOX_API_KEY}\n")).expect("written");
        let samples = place.path("samples").display().to_string();
        let here = place.path("").display().to_string();
        let here = here.trim_end_matches('/');
        let mut words = command.clone();
        for (there, path) in [
            ("/srv/export", samples.as_str()),
            ("/export", samples.as_str()),
            ("/etc/concord-import/tickets", &format!("{samples}/tickets")),
            ("/job", samples.as_str()),
            ("/etc/concord-import/key", &format!("{here}/key")),
            ("%d", here),
            ("/key/key", &format!("{here}/key")),
            ("%S/concord-import", here),
            ("/var/lib/concord-import", here),
            ("/state", here),
        ] {
            for word in &mut words {
                if word.starts_with(there) {
                    *word = word.replacen(there, path, 1);
                }
            }
        }
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        for _night in 1..=2 {
            let output = place
                .command(&words)
                .env("CONCORD_BASE_URL", server.base_url())
                .env("CONCORD_ORGANIZATION_ID", SANDBOX_ORGANIZATION.to_string())
                .env("CONCORD_PROJECT_ID", SANDBOX_PROJECT.to_string())
                .output()
                .expect("it runs");
            assert_eq!(code(&output), 1, "{words:?}: {}", stderr(&output));
            assert!(
                stdout(&output).contains("created          9"),
                "{}",
                stdout(&output)
            );
            assert_eq!(server.requests().len(), 9, "{words:?}");
        }
        for name in ["ledger", "last/results.csv"] {
            assert!(place.path(name).is_file(), "{words:?}: {name}");
        }
    }
}

#[test]
fn the_image_is_built_with_the_compiler_that_is_asked_for() {
    let manifest = include_str!("../../Cargo.toml");
    let (_, version) = manifest.split_once("rust-version = \"").expect("a version");
    let (version, _) = version.split_once('"').expect("an end");
    let image = format!("FROM rust:{version}-alpine AS build\n");
    assert!(sample("Dockerfile").contains(&image), "{image}");
}

/// What bash proposes for a word that is begun.
#[cfg(unix)]
#[test]
fn bash_completes_the_options_of_commands() {
    let place = Place::new();
    let script = stdout(&place.run(&["completions", "bash"]));
    fs::write(place.path("completions"), script).expect("written");
    for (begun, command, proposed) in [
        ("--api", "run", "--api-key-file\n"),
        ("--ref", "schema", "--reference\n"),
    ] {
        let ask = format!(
            "source {}; COMP_WORDS=({PROGRAM} {command} {begun}); COMP_CWORD=2; f=$(complete -p {PROGRAM}); f=${{f##*-F }}; \
             ${{f%% *}} {PROGRAM} {begun} {command}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            place.path("completions").display()
        );
        let output = std::process::Command::new("bash")
            .args(["-c", &ask])
            .output()
            .expect("bash");
        assert_eq!(stdout(&output), proposed, "{}", stderr(&output));
    }
}

/// Says so where there is no systemd, or fails with `CONCORD_IMPORT_SYSTEMD_TESTS=required`.
#[cfg(target_os = "linux")]
#[test]
#[expect(clippy::print_stderr, reason = "a test that did not look says so")]
fn systemd_takes_the_units() {
    let place = Place::new();
    let units = ["concord-import.service", "concord-import.timer"].map(|name| {
        let unit = sample(name).replace(
            "/usr/bin/concord-import",
            env!("CARGO_BIN_EXE_concord-import"),
        );
        fs::write(place.path(name), unit).expect("written");
        place.path(name)
    });
    let is_required =
        std::env::var("CONCORD_IMPORT_SYSTEMD_TESTS").is_ok_and(|value| value == "required");
    let analyzed = std::process::Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args(&units)
        .output();
    match analyzed {
        Ok(output) => assert!(
            output.status.success() && stderr(&output).is_empty(),
            "{}",
            stderr(&output)
        ),
        Err(error) if is_required => panic!("systemd-analyze: {error}"),
        Err(error) => eprintln!("not verified, systemd-analyze: {error}"),
    }
}
