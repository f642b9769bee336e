//! `map`: what it proposes for exports of many kinds, what it leaves open, and that its job files work as they stand.

use std::fs;
use std::path::Path;
use std::process::Output;

use concord_import::internals::cli::job;
use concord_import::internals::entry::Field;
use concord_import::internals::plan::{Input, Meaning, Reading, Rule};
use concord_import::internals::propose::propose;
use proptest::prelude::*;

use crate::cli::Place;

/// Cells of the exports that tell of a person: none of them may be shown.
const PERSONAL: &[&str] = &[
    "@example",
    "Dubois",
    "Boateng",
    "Becker",
    "O'Brien",
    "Johnson",
    "Li Wei",
    "Jürgen",
    "Müller",
    "Weiß",
    "7946",
    "07946",
    "901820",
    "Person\"",
    "Please",
    "per Brief",
    "Straße",
    "misspelt",
];

fn place() -> Place {
    let place = Place::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/map");
    for file in fs::read_dir(data).expect("the exports") {
        let file = file.expect("an export");
        fs::copy(
            file.path(),
            place.path(file.file_name().to_str().expect("a name")),
        )
        .expect("copied");
    }
    place
}

fn run(place: &Place, args: &[&str]) -> Output {
    place.command(args).output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// The job file that is proposed, and what is said beside it.
fn map(place: &Place, input: &str) -> (String, String) {
    let output = run(place, &["map", input]);
    let (job, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    for value in PERSONAL {
        assert!(
            !job.contains(value) && !said.contains(value),
            "{input} shows {value}"
        );
    }
    if let Err(faults) = job::parse(input, &job) {
        panic!("{faults}\n{job}");
    }
    (job, said)
}

/// Checks an input by what was proposed for it, changed by `decide`.
fn check(place: &Place, input: &str, decide: impl Fn(String) -> String) -> Output {
    let (job, _) = map(place, input);
    fs::write(place.path("proposed.toml"), decide(job)).expect("written");
    run(place, &["check", input, "--job", "proposed.toml"])
}

/// The job file, once a person has decided that all people are verified.
fn decided(job: &str) -> String {
    assert!(job.contains("\npreverified = \"?\""), "{job}");
    job.replace("preverified = \"?\"", "preverified = { value = true }")
}

#[test]
fn what_it_writes_passes_check_once_preverified_is_decided_when_nothing_is_doubtful() {
    let place = place();
    for input in [
        "zendesk.csv",
        "register.de.csv",
        "google-forms.csv",
        "verified.csv",
    ] {
        let output = check(&place, input, |job| decided(&job));
        assert_eq!(
            output.status.code(),
            Some(0),
            "{input}: {}{}",
            text(&output.stdout),
            text(&output.stderr)
        );
    }
}

#[test]
fn what_is_doubtful_is_told_by_check_and_nothing_else_is_wrong() {
    let place = place();
    let output = check(&place, "osano.csv", |job| job);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("OPT_OUT"));
    let output = check(&place, "osano.csv", |job| {
        decided(&job).replace("\"?\"", "\"do_not_sell\"")
    });
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let refused = {
        let (job, _) = map(&place, "osano.csv");
        fs::write(place.path("proposed.toml"), job).expect("written");
        run(
            &place,
            &[
                "run",
                "osano.csv",
                "--job",
                "proposed.toml",
                "--sandbox",
                "--yes",
            ],
        )
    };
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        text(&refused.stderr).contains("OPT_OUT"),
        "{}",
        text(&refused.stderr)
    );
}

#[test]
fn the_samples_are_left_with_their_own_problems() {
    let place = Place::new();
    for input in ["samples/backlog.csv", "samples/tickets.jsonl"] {
        let output = check(&place, input, |job| job);
        assert_eq!(
            output.status.code(),
            Some(1),
            "{input}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_column_that_is_yet_to_be_chosen_is_told_before_anything_is_read() {
    let place = place();
    for input in ["doubtful.csv", "nothing.csv"] {
        let output = check(&place, input, |job| job);
        assert_eq!(output.status.code(), Some(2), "{input}");
        let said = text(&output.stderr);
        assert!(
            said.contains("leaves open (`?`) which column") && said.contains("fields.userEmail"),
            "{said}"
        );
        assert!(said.contains("the columns are"), "{said}");
    }
}

#[test]
fn proposals_read_as_they_should() {
    let place = place();
    for input in [
        "zendesk.csv",
        "register.de.csv",
        "google-forms.csv",
        "osano.csv",
        "doubtful.csv",
        "verified.csv",
        "nothing.csv",
    ] {
        let (job, said) = map(&place, input);
        insta::assert_snapshot!(format!("map_{input}"), format!("{job}----\n{said}"));
    }
    let samples = map(&place, "samples/backlog.csv").0;
    insta::assert_snapshot!("map_backlog", samples);
    assert_eq!(
        samples,
        map(&place, "samples/backlog.csv").0,
        "it is the same each time"
    );
}

#[test]
fn an_ambiguous_or_destructive_word_is_never_guessed() {
    let place = place();
    let (text, _) = map(&place, "doubtful.csv");
    let job = job::parse("doubtful", &text).expect("parses");
    let (_, rule) = job
        .rules
        .fields
        .iter()
        .find(|(field, _)| *field == Field::Request)
        .expect("a rule");
    let Rule::Column { values, .. } = rule else {
        panic!("not by column: {rule:?}");
    };
    for word in ["Opt out", "Remove", "Portability"] {
        let (_, meaning) = values
            .iter()
            .find(|(value, _)| value == word)
            .expect("listed");
        assert_eq!(*meaning, Meaning::Undecided, "{word}");
    }
    assert!(
        !values.iter().any(|(word, _)| word.contains("call")),
        "a word with a number is not shown"
    );
}

#[test]
fn the_next_command_works_as_it_stands() {
    let place = place();
    let (_, said) = map(&place, "zendesk.csv");
    assert!(
        said.contains("concord-import check zendesk.csv --job zendesk.toml"),
        "{said}"
    );
    let output = run(&place, &["map", "zendesk.csv", "--output", "zendesk.toml"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    let job = place.read("zendesk.toml");
    fs::write(place.path("zendesk.toml"), decided(&job)).expect("written");
    assert_eq!(
        run(&place, &["check", "zendesk.csv"]).status.code(),
        Some(0)
    );
}

#[test]
fn values_in_lists_are_proposed_by_their_paths() {
    let place = Place::new();
    for (fields, wanted) in [
        (
            ["\"name\":\"Request type\"", "\"name\":\"First name\""],
            [
                "\ncolumn = \"custom_fields[name=Request type].value\"",
                "\n# userFirstName = \"custom_fields[name=First name].value\"   # its header does not say whose",
            ],
        ),
        // The number of a field does not show what the field is for.
        (
            ["\"id\":27642", "\"id\":27643"],
            [
                "\n# column = \"custom_fields[id=27642].value\"   # its values are requests",
                "\ncolumn = \"?\"",
            ],
        ),
    ] {
        let words = [
            "Erasure", "Access", "Erasure", "Access", "Erasure", "Access",
        ];
        let rows = words.iter().enumerate().map(|(number, word)| {
            format!(
                "{{\"ticket_id\":\"T-{number}\",\"requester\":{{\"email\":\"p{number}@example.com\"}},\"custom_fields\":\
                 [{{{},\"value\":\"{word}\"}},{{{},\"value\":\"Ann\"}}]}}\n",
                fields[0], fields[1]
            )
        });
        fs::write(place.path("fields.jsonl"), rows.collect::<String>()).expect("written");
        let (job, _) = map(&place, "fields.jsonl");
        let plain = |text: &str| {
            text.split(' ')
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" ")
        };
        for line in wanted {
            assert!(plain(&job).contains(&plain(line)), "{line}: {job}");
        }
    }
}

#[test]
fn a_job_file_is_replaced_only_by_force() {
    let place = place();
    fs::write(place.path("mine.toml"), "mine").expect("written");
    let refused = run(&place, &["map", "zendesk.csv", "--output", "mine.toml"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("--force"));
    assert_eq!(place.read("mine.toml"), "mine");
    let forced = run(
        &place,
        &["map", "zendesk.csv", "--output", "mine.toml", "--force"],
    );
    assert_eq!(forced.status.code(), Some(0));
    assert_eq!(place.read("mine.toml"), map(&place, "zendesk.csv").0);
}

#[test]
fn what_cannot_be_told_of_an_input_is_told_by_a_file_with_input_alone() {
    let place = place();
    let rows = "T-1,ann@example.com,access\nT-2,bob@example.com,erasure\n";
    fs::write(place.path("bare.csv"), rows).expect("written");
    let refused = run(&place, &["map", "bare.csv"]);
    let told = text(&refused.stderr);
    assert!(
        !refused.status.success() && told.contains("--job FILE"),
        "{told}"
    );
    let hints = "[input]\ncolumns = [\"Ticket\", \"Email\", \"Request\"]\n";
    fs::write(place.path("hints.toml"), hints).expect("written");
    let proposed = run(&place, &["map", "bare.csv", "--job", "hints.toml"]);
    assert!(proposed.status.success(), "{}", text(&proposed.stderr));
    let job = text(&proposed.stdout);
    assert!(
        job.contains("columns = [\"Ticket\", \"Email\", \"Request\"]"),
        "{job}"
    );
    fs::write(place.path("proposed.toml"), decided(&job)).expect("written");
    let checked = run(&place, &["check", "bare.csv", "--job", "proposed.toml"]);
    assert!(checked.status.success(), "{}", text(&checked.stdout));
}

#[test]
fn an_open_preverified_is_told_by_check_and_nothing_is_sent() {
    let place = place();
    let checked = check(&place, "zendesk.csv", |job| job);
    assert_eq!(checked.status.code(), Some(1));
    let said = text(&checked.stdout);
    for words in [
        "[undecided_preverified]",
        "{ value = true }",
        "to send              4",
        "decide it",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let run_it = [
        "run",
        "zendesk.csv",
        "--job",
        "proposed.toml",
        "--sandbox",
        "--yes",
    ];
    let refused = run(&place, &run_it);
    assert_eq!(refused.status.code(), Some(2));
    let said = text(&refused.stderr);
    assert!(said.contains("preverified is not decided"), "{said}");
    assert!(
        !place
            .path("concord-import-out/zendesk/results.csv")
            .exists()
    );
    // The same in a rule.
    let job = place.read("proposed.toml");
    let job = job.replace("preverified = \"?\"", "preverified = { value = \"?\" }");
    fs::write(place.path("proposed.toml"), job).expect("written");
    assert_eq!(run(&place, &run_it).status.code(), Some(2));
}

/// The lines of the job file that is proposed for a table, those of comments too.
fn lines(place: &Place, table: &str) -> Vec<String> {
    let delimiter = if table.contains(';') { ";" } else { "," };
    assert!(table.contains(delimiter));
    fs::write(place.path("table.csv"), table).expect("written");
    let output = run(place, &["map", "table.csv"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

#[track_caller]
fn assert_has(lines: &[String], beginning: &str) {
    assert!(
        lines.iter().any(|line| line.starts_with(beginning)),
        "no line begins with {beginning}:\n{}",
        lines.join("\n")
    );
}

/// Checks that the column gets no rule, and that a comment in its place says why.
#[track_caller]
fn assert_not_live(lines: &[String], column: &str) {
    let quoted = format!("\"{column}\"");
    let live: Vec<_> = lines
        .iter()
        .filter(|line| line.contains(&quoted) && !line.starts_with('#'))
        .collect();
    assert!(live.is_empty(), "{column} is live: {live:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with('#') && line.contains(&quoted)),
        "{column} is not told"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn a_person_is_never_put_together_of_two() {
    let place = Place::new();
    // The owner's name and the company's id.
    let otrs = lines(
        &place,
        "Ticket#;Created;State;Queue;Owner;UserFirstname;UserLastname;CustomerID;CustomerEmail;Type\n\
         2026010110000011;2026-01-01 10:00:00;open;Privacy;mm;Mona;Muster;C-100;anna.kim@example.com;erasure\n\
         2026010110000022;2026-01-02 10:00:00;open;Privacy;mm;Tom;Boss;C-101;bob.ray@example.com;access\n\
         2026010110000033;2026-01-03 10:00:00;new;Privacy;tb;Uta;Chef;C-200;cy.dee@example.com;access\n",
    );
    assert_has(&otrs, "userEmail = \"CustomerEmail\"");
    for column in ["UserFirstname", "UserLastname", "CustomerID", "Owner"] {
        assert_not_live(&otrs, column);
    }
    assert_has(&otrs, "key = [\"Ticket#\"]");
    // An account, and a contact who is another person than the one who wrote.
    let salesforce = lines(
        &place,
        "CaseNumber,AccountId,ContactId,SuppliedName,SuppliedEmail,ContactPhone,OwnerId,CreatedDate,Type\n\
         00001026,0018N01,0038N01,Al Roe,al.roe@example.com,+44 20 7946 0018,0058N01,2026-01-02,Erasure\n\
         00001027,0018N02,0038N02,Bea Kim,bea.kim@example.com,+44 20 7946 0112,0058N01,2026-01-03,Access\n",
    );
    assert_has(&salesforce, "userEmail = \"SuppliedEmail\"");
    assert_has(&salesforce, "userFirstName = { column = \"SuppliedName\"");
    for column in ["AccountId", "ContactId", "ContactPhone", "OwnerId"] {
        assert_not_live(&salesforce, column);
    }
    // A program's name beside a customer's address, and ids of a connection.
    let bot = lines(
        &place,
        "Ticket ID,Name,Customer email,Client IP,Session ID,Request type\n\
         101,Answer Bot,anna.k@example.com,10.0.0.1,a1b2c3,Erasure\n\
         102,Answer Bot,ben.o@example.com,10.0.0.2,a1b2c4,Access\n\
         103,Answer Bot,cy.d@example.com,10.0.0.3,a1b2c5,Access\n",
    );
    assert_has(&bot, "userEmail = \"Customer email\"");
    for column in ["Name", "Client IP", "Session ID"] {
        assert_not_live(&bot, column);
    }
    // The same with a name that could be a person's: all addresses share it.
    let agent = lines(
        &place,
        "Ticket ID,Full name,Email,Request type\n\
         101,Mona Muster,anna.k@example.com,Erasure\n\
         102,Mona Muster,ben.o@example.com,Access\n\
         103,Mona Muster,cy.d@example.com,Access\n",
    );
    assert_not_live(&agent, "Full name");
    // Who wrote the case down, where the address is another column's; unless the addresses contain the names.
    let reporter = |last: &str| {
        lines(
            &place,
            &format!(
                "Issue key,Reporter,Assignee,Creator,Email,Request type,Created\n\
                 PR-1,Ann Lee,Mo Moss,Mo Moss,ann.lee@example.com,Erasure,2026-01-02\n\
                 PR-2,Bo Kim,Mo Moss,Mo Moss,{last},Access,2026-01-03\n\
                 PR-3,Cy Dee,Mo Moss,Mo Moss,{last}x,Access,2026-01-03\n"
            ),
        )
    };
    assert_not_live(&reporter("x1@example.com"), "Reporter");
    assert_has(
        &reporter("kim@example.com"),
        "userFirstName = { column = \"Reporter\"",
    );
    for column in ["Assignee", "Creator"] {
        assert_not_live(&reporter("kim@example.com"), column);
    }
    // In other languages.
    for (table, address, others) in [
        (
            "ID;Demandeur;E-mail du demandeur;Technicien;Attribué à - Technicien;Société\n\
             2553;Léa Roux;lea.roux@example.com;Max Petit;Max Petit;Acme\n\
             2554;Noé Blanc;noe.blanc@example.com;Max Petit;Max Petit;Beta\n",
            "E-mail du demandeur",
            ["Technicien", "Attribué à - Technicien", "Société"],
        ),
        (
            "Ticket;Antragsteller;E-Mail Antragsteller;Bearbeiter;E-Mail Bearbeiter;Firma\n\
             T-1;Jan Kohl;jan.kohl@example.com;Uwe Alt;uwe.alt@example.org;Acme\n\
             T-2;Ida Neu;ida.neu@example.com;Uwe Alt;uwe.alt@example.org;Beta\n",
            "E-Mail Antragsteller",
            ["Bearbeiter", "E-Mail Bearbeiter", "Firma"],
        ),
        (
            "チケット番号;依頼者;依頼者メールアドレス;担当者;担当者メール;会社名\n\
             T-1;山田 太郎;taro@example.com;鈴木 一;hajime@example.org;甲社\n\
             T-2;佐藤 花子;hanako@example.com;鈴木 一;hajime@example.org;乙社\n",
            "依頼者メールアドレス",
            ["担当者", "担当者メール", "会社名"],
        ),
    ] {
        let lines = lines(&place, table);
        assert_has(&lines, &format!("userEmail = \"{address}\""));
        for column in others {
            assert_not_live(&lines, column);
        }
    }
}

/// A table of three rows, the address of each column in the row that it is for.
fn table(header: &str, begin: &[&str], addresses: [&[&str]; 3], end: &str) -> String {
    let rows = begin.iter().zip(addresses);
    let rows = rows.map(|(begin, addresses)| format!("{begin},{},{end}\n", addresses.join(",")));
    format!("{header}\n{}", rows.collect::<Vec<_>>().concat())
}

const SENDERS_AND_SUBJECTS: [&[&str]; 3] = [
    &["al.roe@example.com", "anna.kim@example.org"],
    &["bea.fox@example.com", "bob.ray@example.org"],
    &["cy.moss@example.com", "cora.dee@example.org"],
];

#[test]
fn few_addresses_of_those_who_ask_for_others_are_not_taken() {
    let place = Place::new();
    let rows = (0..14).map(|n| {
        let letter = char::from(b'a' + n);
        format!(
            "T-{n},Ann{letter} Ahl{letter},Olga Op,op{}@example.org,Access\n",
            n % 2
        )
    });
    let header = "Ticket,Requested for,Requested by,Requested by email,Request\n";
    let content = header.to_owned() + &rows.collect::<String>();
    fs::write(place.path("in.csv"), content).expect("written");
    let (proposed, _) = map(&place, "in.csv");
    assert!(proposed.contains("\nuserEmail = \"?\""), "{proposed}");
    assert!(
        proposed.contains("# userEmail = \"Requested by email\"   # 2 different addresses"),
        "{proposed}"
    );
    assert!(
        !proposed.contains("\nuserFirstName = { column = \"Requested by\""),
        "{proposed}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn the_data_subject_wins_over_the_sender_of_a_known_form() {
    let place = Place::new();
    for (stamp, sender, subject) in [
        (
            "Timestamp",
            "Email Address",
            "Email of the person concerned",
        ),
        ("Timestamp", "Email Address", "Data subject email"),
        ("Timestamp", "Username", "Email address of the data subject"),
        ("Timestamp", "Email Address", "Consumer email"),
        ("Timestamp", "Email Address", "Account email to be deleted"),
        (
            "Timestamp",
            "Email Address",
            "Email of the affected individual",
        ),
        (
            "Zeitstempel",
            "E-Mail-Adresse",
            "E-Mail der betroffenen Person",
        ),
        (
            "Marca temporal",
            "Dirección de correo electrónico",
            "Correo del interesado",
        ),
        (
            "Marca temporal",
            "Dirección de correo electrónico",
            "Correo del afectado",
        ),
        (
            "Informazioni cronologiche",
            "Indirizzo email",
            "Email dell'interessato",
        ),
        ("Tijdstempel", "E-mailadres", "E-mail van de betrokkene"),
        (
            "Carimbo de data/hora",
            "Endereço de e-mail",
            "E-mail do titular dos dados",
        ),
        (
            "Horodateur",
            "Adresse e-mail",
            "E-mail de la personne concernée",
        ),
    ] {
        let lines = lines(
            &place,
            &table(
                &format!("{stamp},{sender},{subject},Full name,Request type"),
                &[
                    "2024/01/02 10:00:00",
                    "2024/01/03 10:00:00",
                    "2024/01/04 10:00:00",
                ],
                SENDERS_AND_SUBJECTS,
                "Max Alt,Erasure",
            ),
        );
        assert_has(&lines, &format!("userEmail = \"{subject}\""));
        assert_not_live(&lines, "Full name");
    }
    let ids = ["101", "102", "103"];
    let zendesk = lines(
        &place,
        &table(
            "Id,Requester email,Data subject email [txt],Requester,Subject,Created at,Assignee,Group,Via",
            &ids,
            SENDERS_AND_SUBJECTS,
            "Max Alt,Erasure,2026-01-02,Mo Moss,Privacy,Web",
        ),
    );
    assert_has(&zendesk, "userEmail = \"Data subject email [txt]\"");
    assert_not_live(&zendesk, "Requester");
    let salesforce = lines(
        &place,
        &table(
            "Case Number,Contact Email,Data Subject Email,Contact Name,Date/Time Opened,Case Owner,Type",
            &ids,
            SENDERS_AND_SUBJECTS,
            "Max Alt,2026-01-02,Mo Moss,Erasure",
        ),
    );
    assert_has(&salesforce, "userEmail = \"Data Subject Email\"");
    assert_not_live(&salesforce, "Contact Name");
}

#[test]
fn the_key_of_a_form_names_the_column_of_the_address() {
    let place = Place::new();
    for subject in [
        "Data subject email",
        "Consumer email",
        "Account email to be deleted",
    ] {
        let table = table(
            &format!("Timestamp,Email Address,{subject},Request type"),
            &[
                "01/02/2026 10:00:01",
                "13/02/2026 11:00:02",
                "14/02/2026 12:00:03",
            ],
            SENDERS_AND_SUBJECTS,
            "Delete",
        );
        let lines = lines(&place, &table);
        assert_has(&lines, &format!("userEmail = \"{subject}\""));
        let live = lines.iter().find(|line| line.starts_with("key = "));
        assert!(
            live.is_none_or(|live| !live.contains("\"Email Address\"")),
            "{subject}: {live:?}"
        );
    }
}

#[test]
fn the_address_of_an_account_is_left_to_a_person_with_the_reason() {
    let place = Place::new();
    let rows = (1..=6).map(|n| format!("T-{n},person{n}@example.com,Delete\n"));
    let rows: String = rows.collect();
    let lines = lines(
        &place,
        &format!("Ticket ID,Account email,Request type\n{rows}"),
    );
    assert_not_live(&lines, "Account email");
    let told = lines.iter().find(|line| line.contains("\"Account email\""));
    let told = told.expect("a comment");
    assert!(
        told.contains("userEmail") && told.contains("customer's own"),
        "{told}"
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn two_addresses_that_differ_are_left_to_a_person_in_a_known_export() {
    let place = Place::new();
    let ids = ["101", "102", "103"];
    let salesforce = |addresses| {
        lines(
            &place,
            &table(
                "Case Number,Web Email,Contact Email,Web Name,Contact Name,Date/Time Opened,Case Owner,Type",
                &ids,
                addresses,
                "Max Alt,Uta Neu,2026-01-02,Mo Moss,Erasure",
            ),
        )
    };
    let doubtful = salesforce([
        &["", "anna.kim@example.org"],
        &["bob.ray@example.org", "bob.ray@example.org"],
        &["al.roe@example.com", "cora.dee@example.org"],
    ]);
    assert_has(&doubtful, "userEmail = \"?\"");
    for column in ["Web Email", "Contact Email", "Web Name", "Contact Name"] {
        assert_not_live(&doubtful, column);
    }
    let same = salesforce([
        &["", "anna.kim@example.org"],
        &["bob.ray@example.org", "bob.ray@example.org"],
        &["cora.dee@example.org", "Cora.Dee@example.org"],
    ]);
    assert_has(&same, "userEmail = \"Contact Email\"");
    // The data subject's address only in some rows: in the others it is the sender's, or that of an unknown person.
    let form = |subjects: [&str; 3]| {
        let rows = [
            "al.roe@example.com",
            "bea.fox@example.com",
            "cy.moss@example.com",
        ];
        let rows: String = rows
            .iter()
            .zip(subjects)
            .zip(1..)
            .map(|((sender, subject), n)| {
                format!("2024/01/0{n} 10:00:00,{sender},{subject},Max Alt,Erasure\n")
            })
            .collect::<Vec<_>>()
            .concat();
        lines(
            &place,
            &format!("Timestamp,Email Address,Data subject email,Name,Request type\n{rows}"),
        )
    };
    for subjects in [
        ["anna.kim@example.org", "", "cora.dee@example.org"],
        [
            "privacy@example.org",
            "info@example.org",
            "cora.dee@example.org",
        ],
    ] {
        let lines = form(subjects);
        assert_has(&lines, "userEmail = \"?\"");
        assert_has(&lines, "# userEmail = \"Email Address\"");
        for column in ["Data subject email", "Name"] {
            assert_not_live(&lines, column);
        }
    }
    // The question for the person's address may say so in any words.
    for question in [
        "Your email",
        "Email address of your account",
        "Whose data should we delete?",
    ] {
        let lines = lines(
            &place,
            &table(
                &format!("Timestamp,Email Address,{question},Name,Request type"),
                &[
                    "2024/01/02 10:00:00",
                    "2024/01/03 10:00:00",
                    "2024/01/04 10:00:00",
                ],
                SENDERS_AND_SUBJECTS,
                "Max Alt,Erasure",
            ),
        );
        assert_has(&lines, "userEmail = \"?\"");
        assert_not_live(&lines, question);
        assert_not_live(&lines, "Name");
    }
    // An empty column is no other person.
    assert_has(&form(["", "", ""]), "userEmail = \"Email Address\"");
}

#[test]
fn a_reporter_in_jira_is_the_person_only_if_the_addresses_say_so() {
    let place = Place::new();
    let jira = |address: &str, names: [&str; 3]| {
        let addresses = [
            "anna.kim@example.com",
            "bob.ray@example.com",
            "cy.dee@example.com",
        ];
        let rows = addresses.iter().zip(names).zip(1..);
        let rows = rows.map(|((address, name), n)| {
            format!("A,PR-{n},100{n},Task,Open,PR,{name},2026-01-0{n} 10:00,{address},Erasure\n")
        });
        lines(
            &place,
            &format!(
                "Summary,Issue key,Issue id,Issue Type,Status,Project key,Reporter,Created,{address},Custom field (Request type)\n{}",
                rows.collect::<Vec<_>>().concat()
            ),
        )
    };
    for address in [
        "Custom field (Requester email)",
        "Custom field (Requestor Email Address)",
        "Custom field (Customer email)",
        "Custom field (Data subject email)",
    ] {
        for names in [
            ["Mona Muster", "Tom Boss", "Uta Chef"],
            // Two of three are the person: the third is an agent.
            ["Anna Kim", "Bob Ray", "Uta Chef"],
        ] {
            let lines = jira(address, names);
            assert_has(&lines, &format!("userEmail = \"{address}\""));
            assert_not_live(&lines, "Reporter");
        }
        assert_has(
            &jira(address, ["Anna Kim", "Bob Ray", "Cy Dee"]),
            "userFirstName = { column = \"Reporter\"",
        );
    }
}

#[test]
fn addresses_of_a_mailbox_are_not_taken_for_people() {
    let place = Place::new();
    let rows: String = (1..=12)
        .map(|n| {
            format!(
                "T-{n},Al Roe via Privacy <privacy@example.org>,d{}@example.org,Access\n",
                n % 2
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let lines = lines(
        &place,
        &format!("Ticket ID,From,Email,Request type\n{rows}"),
    );
    for column in ["From", "Email"] {
        assert_not_live(&lines, column);
    }
    assert_has(&lines, "userEmail = \"?\"");
}

#[test]
fn cases_that_are_done_are_counted_and_left_to_a_person() {
    let place = Place::new();
    let table = "Ticket ID,Email,Request type,Status\n\
         101,a@example.com,Erasure,Closed\n\
         102,b@example.com,Access,Open\n\
         103,c@example.com,Access,Closed\n\
         104,d@example.com,Access,In progress\n\
         105,e@example.com,Erasure,Deleted\n";
    let job = lines(&place, table);
    assert_has(
        &job,
        "# \"Status\": 3 rows look done: \"Closed\" 2, \"Deleted\" 1.",
    );
    let filter = "where = [{ column = \"Status\", in = [\"Open\", \"In progress\"] }]";
    assert_has(&job, &format!("# {filter}"));
    let job = decided(&job.join("\n"));
    fs::write(place.path("table.toml"), &job).expect("written");
    let told = run(&place, &["check", "table.csv"]);
    let said = text(&told.stdout);
    assert_eq!(told.status.code(), Some(0), "{said}");
    assert!(
        said.contains("[looks_done]") && said.contains("      3  column `Status`"),
        "{said}"
    );
    let job = job.replace(&format!("# {filter}"), filter);
    fs::write(place.path("table.toml"), &job).expect("written");
    let told = text(&run(&place, &["check", "table.csv"]).stdout);
    assert!(
        !told.contains("looks_done") && told.contains("to send              2"),
        "{told}"
    );
    // A few finished cases among many are normal.
    let rows: String = (200..230)
        .map(|n| format!("{n},p{n}@example.com,Access,Open\n"))
        .collect::<Vec<_>>()
        .concat();
    let many =
        format!("Ticket ID,Email,Request type,Status\n{rows}1,z@example.com,Access,Closed\n");
    fs::write(place.path("table.csv"), many).expect("written");
    fs::write(place.path("table.toml"), job.replace(filter, "")).expect("written");
    let told = text(&run(&place, &["check", "table.csv"]).stdout);
    assert!(!told.contains("looks_done"), "{told}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn the_key_is_the_number_of_the_case() {
    let place = Place::new();
    for (header, values, key) in [
        // A column that counts the rows is never the key if there is a case number.
        (
            "ID,Ticket",
            [["1", "T-90"], ["2", "T-91"], ["3", "T-92"], ["4", "T-93"]],
            Some("Ticket"),
        ),
        (
            "#,Número do Chamado",
            [["1", "90"], ["2", "97"], ["3", "99"], ["4", "98"]],
            Some("Número do Chamado"),
        ),
        (
            "No.,id_ticket",
            [["4", "90"], ["3", "97"], ["2", "99"], ["1", "98"]],
            Some("id_ticket"),
        ),
        (
            "Row,N° TICKET",
            [["1", "90"], ["2", "97"], ["3", "99"], ["4", "98"]],
            Some("N° TICKET"),
        ),
        (
            "Index,管理番号",
            [["1", "K90"], ["2", "K97"], ["3", "K99"], ["4", "K98"]],
            Some("管理番号"),
        ),
        // One accidental repeat.
        (
            "Handler,Case ID",
            [["x", "90"], ["y", "97"], ["x", "97"], ["y", "98"]],
            Some("Case ID"),
        ),
        (
            "Agent,ID",
            [
                ["x", "2 553"],
                ["y", "2 554"],
                ["x", "2 556"],
                ["y", "2 559"],
            ],
            Some("ID"),
        ),
        // With so few rows any column is unique.
        (
            "Handler,Order ID",
            [["x", "90"], ["y", "97"], ["x", "99"], ["y", "98"]],
            None,
        ),
        (
            "Handler,Message ID",
            [["x", "90"], ["y", "97"], ["x", "99"], ["y", "98"]],
            None,
        ),
        (
            "Handler,#",
            [["x", "1"], ["y", "2"], ["x", "3"], ["y", "4"]],
            None,
        ),
    ] {
        let rows: String = values
            .iter()
            .enumerate()
            .map(|(n, [first, second])| format!("{first},{second},p{n}@example.com,Access\n"))
            .collect::<Vec<_>>()
            .concat();
        let lines = lines(&place, &format!("{header},Email,Request type\n{rows}"));
        let live = lines.iter().find(|line| line.starts_with("key = "));
        match key {
            Some(key) => assert_has(&lines, &format!("key = [\"{key}\"]")),
            None => assert_eq!(live, None, "{header}"),
        }
        assert!(
            lines.iter().all(|line| !line.contains("names no id")),
            "{header}: {lines:?}"
        );
    }
    let single = lines(
        &place,
        "Handler,Order ID,Email,Request type\nx,97,a@example.com,Access\n",
    );
    assert!(
        single.iter().all(|line| !line.starts_with("key = ")),
        "{single:?}"
    );
}

#[test]
fn the_day_of_the_request_is_known_in_many_languages() {
    let place = Place::new();
    for (header, day) in [
        ("Opening Date", "2026-01-10"),
        ("Aberto(a)", "10/01/2026 10:00"),
        ("Data/hora abertura", "10/01/2026 10:00"),
        ("Submit Date (UTC)", "2026-01-10 10:00"),
        ("作成日", "2026年1月10日"),
        ("受付日時", "2026/01/10 10:00"),
        ("创建时间", "2026-01-10 10:00:00"),
        ("접수일", "2026. 1. 10."),
        ("Дата создания", "10.01.2026"),
        ("Date d'ouverture", "10 janvier 2026"),
        ("Eröffnungsdatum", "10. Januar 2026"),
        ("Fecha de apertura", "10 de enero de 2026"),
        ("Ticket created", "2026-01-10"),
        ("Date of receipt", "2026-01-10"),
        ("Oprettet den", "10-01-2026"),
    ] {
        let table =
            format!("Case ID;{header};Email;Request type\nC-1;{day};a@example.com;Access\n");
        let lines = lines(&place, &table);
        assert_has(&lines, &format!("received = \"{header}\""));
    }
    let closed = lines(
        &place,
        "Case ID;Closing Date;Email;Request type\nC-1;2026-01-10;a@example.com;Access\n",
    );
    assert!(
        closed.iter().all(|line| !line.starts_with("received")),
        "{closed:?}"
    );
}

#[test]
fn numbers_are_judged_as_check_judges_them() {
    let place = Place::new();
    let table = |third: &str| {
        format!(
            "Case ID,Email,Phone,Country,Request type\n\
             C-1,a@example.com,0044 20 7946 0018,GB,Access\n\
             C-2,b@example.com,'+44 20 7946 0112,GB,Access\n\
             C-3,c@example.com,{third},GB,Access\n\
             C-4,d@example.com,tel:+44-20-7946-0113,GB,Access\n\
             C-5,e@example.com,+44 20 7946 0114 ext. 5,GB,Access\n"
        )
    };
    let dialled = lines(&place, &table("020 7946 0115"));
    assert_has(&dialled, "region = \"GB\"");
    assert_has(&dialled, "userPhoneNumber = \"Phone\"   # in every row");
    let wrong = lines(&place, &table("0207 946 00181111"));
    assert_has(
        &wrong,
        "userPhoneNumber = \"Phone\"   # not numbers that exist in GB: 1 of 5",
    );
    fs::write(place.path("table.toml"), decided(&wrong.join("\n"))).expect("written");
    let told = run(&place, &["check", "table.csv"]);
    assert_eq!(told.status.code(), Some(1));
    assert!(
        text(&told.stdout).contains("      1  column `Phone`"),
        "{}",
        text(&told.stdout)
    );
}

#[test]
fn it_asks_only_on_a_terminal() {
    let place = place();
    let output = run(&place, &["map", "zendesk.csv", "--interactive"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("--interactive asks on a terminal"));
}

#[test]
fn a_file_without_a_header_is_not_shown() {
    let place = place();
    let output = run(&place, &["map", "no-header.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        output.stdout.is_empty() && !said.contains("example.com"),
        "{said}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_columns_and_words_are_called_the_job_file_parses(
        headers in prop::collection::hash_set("[a-zA-Z\"'{}\\\\\\[\\]# =\n\t\u{e9}\u{2028}.?,-]{1,12}", 3..6),
        words in prop::collection::vec("[a-zA-Z\"'{}\\\\\\[\\]# =\n\t\u{e9}\u{2028}.?,-]{1,20}", 1..6),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("odd.csv");
        let mut names: Vec<String> = headers.into_iter().map(|name| format!("x{}x", name.trim())).collect();
        names.sort();
        names.dedup();
        names.extend(["Request type", "Email", "Id"].map(str::to_owned));
        let mut csv = csv::Writer::from_path(&path).expect("a file");
        csv.write_record(&names).expect("written");
        for (index, word) in words.iter().enumerate() {
            let mut row = vec![format!("{word}{index}"); names.len() - 3];
            row.extend([word.clone(), format!("p{index}@example.com"), format!("T-{index}")]);
            csv.write_record(&row).expect("written");
            csv.write_record(row).expect("written");
        }
        csv.flush().expect("written");
        drop(csv);
        let input = Input { name: "odd\n.csv".to_owned(), path };
        if let Ok(proposal) = propose(&input, &Reading::default()) {
            let text = proposal.to_toml();
            let parsed = job::parse("odd", &text);
            if let Err(error) = parsed {
                prop_assert!(false, "{error}\n{text}");
            }
        }
    }
}
