//! What must not be seen: the key, and what rows say of people; and answers that would never end.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use concord_import::internals::event::Events;
use concord_import::internals::outcome::Outcome;
use concord_import::internals::plan::SANDBOX_API_KEY;
use concord_import::internals::sandbox::{Config, Faults};
use concord_import::internals::stop::StopSignal;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;

use crate::support::{Pieces, RoughServer, Trial, csv};

/// Everything this process logs, of all tests.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens to all that the importer logs, from now on.
fn log() -> &'static Logged {
    static LOGGED: OnceLock<Logged> = OnceLock::new();
    LOGGED.get_or_init(|| {
        let logged = Logged::default();
        let writer = logged.clone();
        let lines = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
        let ours = Targets::new().with_target("concord_import", LevelFilter::TRACE);
        let subscriber = tracing_subscriber::registry().with(ours).with(lines);
        tracing::subscriber::set_global_default(subscriber).expect("the first");
        logged
    })
}

fn has(haystack: &[u8], needle: &str) -> bool {
    haystack
        .windows(needle.len())
        .any(|bytes| bytes.eq_ignore_ascii_case(needle.as_bytes()))
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

/// A run that meets everything that is told of in logs, messages and files.
async fn eventful() -> Trial {
    let script = "400,ok,create-then-504,504,422,junk,drop,cut,wrong-echo,429,421,create-then-504";
    let rows = csv(20).replace("person", "secret.person");
    let rows = rows.replace("example.com", "privacy.example");
    let config = Config {
        faults: Faults {
            script: script.parse().expect("a script"),
            read_script: "500,ok,junk".parse().expect("a script"),
            ..Faults::default()
        },
        ..Config::default()
    };
    Trial::new(config, &[format!("{rows}T-21,@secret.person,Erase\n")]).await
}

#[tokio::test]
async fn the_key_is_in_no_file_event_or_debug_text() {
    let log = log();
    let trial = eventful().await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    let outbound = trial.outbound(&StopSignal::default(), &Events::none());
    let texts = [format!("{ended:?}"), format!("{outbound:?}")];
    for text in &texts {
        assert!(!has(text.as_bytes(), SANDBOX_API_KEY));
    }
    let files = files_below(trial.folder.path());
    assert!(files.len() >= 5, "{files:?}");
    for path in files {
        let bytes = std::fs::read(&path).expect("it can be read");
        assert!(!has(&bytes, SANDBOX_API_KEY), "{}", path.display());
    }
    assert!(!has(&log.0.lock().expect("no panic"), SANDBOX_API_KEY));
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_not_repeated_in_the_error() {
    let mut trial = Trial::with_script(1, "").await;
    trial.api_key = "wrong\nkey".into();
    let error = concord_import::internals::outbound::Outbound::new(
        &trial.target,
        &trial.api_key,
        trial.sending,
        trial.read.rules.mark,
        1,
        &StopSignal::default(),
        &Events::none(),
    )
    .expect_err("no header");
    assert!(!format!("{error} {error:?}").contains("wrong"));
}

#[tokio::test]
async fn what_rows_say_of_people_is_in_no_log_line_event_or_ledger() {
    let log = log();
    let trial = eventful().await;
    let ended = trial.run().await;
    trial.assert_true(&ended);
    let logged = log.0.lock().expect("no panic").clone();
    assert!(has(&logged, "notes filter"), "nothing was listened to");
    assert!(!has(&logged, "privacy.example"));
    assert!(!has(
        format!("{:?}", ended.heard).as_bytes(),
        "privacy.example"
    ));
    for path in files_below(trial.folder.path()) {
        let name = path.display().to_string();
        if name.contains("ledger") || name.contains("results") || name.contains("summary") {
            let bytes = std::fs::read(&path).expect("it can be read");
            assert!(!has(&bytes, "privacy.example"), "{name}");
        }
    }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// A trial that sends to a rough server instead of the sandbox.
async fn roughly(
    rows: usize,
    answer: impl Fn(&str) -> Pieces + Clone + Send + Sync + 'static,
) -> (Trial, RoughServer) {
    let mut trial = Trial::new(Config::default(), &[csv(rows)]).await;
    let server = RoughServer::start(answer).await;
    trial.target.base_url.clone_from(&server.base_url);
    (trial, server)
}

#[tokio::test]
async fn a_refusal_that_repeats_what_was_sent_is_told_without_it() {
    let (trial, _server) = roughly(2, |body| {
        let sent = body.to_uppercase().replace('"', "'");
        let message = format!(r#"{{"message":"no good: {sent} because of its domain"}}"#);
        Pieces {
            pieces: vec![answer("400 Bad Request", &message)],
            between: Duration::ZERO,
        }
    })
    .await;
    let ended = trial.run().await;
    assert_eq!(ended.count(Outcome::Rejected), 2);
    for row in &ended.results[0] {
        let error = row.error.to_ascii_lowercase();
        assert!(error.contains("no good"), "{error}");
        assert!(
            !error.contains("person") && !error.contains("example.com"),
            "{error}"
        );
    }
    let ledger = std::fs::read(trial.ledger_path()).expect("it can be read");
    assert!(!has(&ledger, "example.com"));
}

/// Returns the response of a hostile or careless server that repeats the API key and the sent values in that form.
fn echo(sent: &serde_json::Value, form: &dyn Fn(&str) -> String) -> String {
    let told = |name: &str| form(sent[name].as_str().unwrap_or_default());
    let (email, notes, key) = (told("userEmail"), told("notes"), form(SANDBOX_API_KEY));
    let hidden = "\u{1b}]0;x\u{7}\u{202e}\u{200b}\u{9b}";
    serde_json::json!({
        "type": format!("https://example.com/{key}"),
        "title": format!("no good{hidden} {email}"),
        "detail": format!("key {key}, notes {notes}"),
        "instance": email,
        "message": format!("{hidden}{key}{hidden} and {email}"),
        "errors": [
            { "field": format!("x-api-key {key}"), "message": email, "detail": notes },
            { "source": { "pointer": format!("/{email}") }, "title": key },
            key,
        ],
        "details": { "userEmail": [email, notes], &*key: "odd" },
        "error": { "message": email, "errors": [{ "reason": notes }] },
    })
    .to_string()
}

type Form = Box<dyn Fn(&str) -> String + Send + Sync>;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn key_values_and_hidden_characters_in_any_field_of_a_refusal_reach_no_file() {
    let percent = |text: &str| -> String {
        text.bytes()
            .map(|byte| format!("%{byte:02x}"))
            .collect::<Vec<_>>()
            .concat()
    };
    let html = |text: &str| -> String {
        text.chars()
            .map(|c| format!("&#{};", u32::from(c)))
            .collect::<Vec<_>>()
            .concat()
    };
    let escaped = |text: &str| -> String {
        text.encode_utf16()
            .map(|unit| format!("\\u{unit:04X}"))
            .collect::<Vec<_>>()
            .concat()
    };
    let forms: [Form; 6] = [
        Box::new(str::to_owned),
        Box::new(str::to_uppercase),
        Box::new(percent),
        Box::new(html),
        Box::new(escaped),
        // Cut off, as servers do.
        Box::new(|text| text.chars().take(14).collect::<String>() + "…"),
    ];
    for (n, form) in forms.into_iter().enumerate() {
        let form = Arc::new(form);
        let plain = Arc::clone(&form);
        let (trial, _server) = roughly(2, move |body| {
            let sent = serde_json::from_str(body).expect("JSON");
            let echo = echo(&sent, &*form);
            Pieces {
                pieces: vec![answer(
                    "400 Bad Request\r\ncontent-type: application/problem+json",
                    &echo,
                )],
                between: Duration::ZERO,
            }
        })
        .await;
        let ended = trial.run().await;
        assert_eq!(ended.count(Outcome::Rejected), 2, "form {n}");
        assert!(
            ended.results[0][0].error.contains("no good"),
            "{:?}",
            ended.results[0][0]
        );
        let secrets = [
            plain(SANDBOX_API_KEY),
            plain("person1@example.com"),
            plain("person2@example.com"),
            SANDBOX_API_KEY.to_owned(),
        ];
        for path in files_below(trial.folder.path()) {
            let bytes = std::fs::read(&path).expect("it can be read");
            let name = path.display().to_string();
            let is_input = name.contains("input-");
            let hidden = ["\u{1b}", "\u{7}", "\u{202e}", "\u{200b}", "\u{9b}"];
            let is_database = name.contains("ledger");
            for c in hidden.iter().filter(|_| !is_database) {
                assert!(!has(&bytes, c), "form {n}: {c:?} in {name}");
            }
            // The rejects hold the rows themselves.
            for secret in secrets
                .iter()
                .filter(|_| !is_input && !name.contains("rejects"))
            {
                assert!(!has(&bytes, secret), "form {n}: {secret} in {name}");
            }
            assert!(
                !has(&bytes, &secrets[0]) && !has(&bytes, SANDBOX_API_KEY),
                "form {n}: {name}"
            );
        }
    }
}

#[tokio::test]
async fn answers_too_large_or_without_end_are_cut_off_and_in_doubt() {
    type Make = fn() -> Pieces;
    let too_large: Make = || {
        let many = " ".repeat(concord_import::internals::outbound::ANSWER_BYTES_MAX + 1);
        Pieces {
            pieces: vec![answer("201 Created", &many)],
            between: Duration::ZERO,
        }
    };
    let dripping_body: Make = || {
        let head = b"HTTP/1.1 201 Created\r\ncontent-length: 9000\r\n\r\n".to_vec();
        let drops = std::iter::repeat_n(b" ".to_vec(), 9_000);
        Pieces {
            pieces: std::iter::once(head).chain(drops).collect(),
            between: Duration::from_millis(50),
        }
    };
    let dripping_head: Make = || Pieces {
        pieces: std::iter::once(b"HTTP/1.1 201 Created\r\n".to_vec())
            .chain((0..9_000).map(|n| format!("x-drop-{n}: 1\r\n").into_bytes()))
            .collect(),
        between: Duration::from_millis(50),
    };
    for make in [too_large, dripping_body, dripping_head] {
        let (mut trial, _server) = roughly(3, move |_| make()).await;
        trial.sending.timeout = Duration::from_millis(700);
        let ended = trial.run().await;
        assert_eq!(ended.count(Outcome::InDoubt), 3);
        assert_eq!(ended.exit_code(), 1);
        // None was sent twice.
        assert_eq!(ended.inputs[0].summary.traffic.attempts, 3);
    }
}
