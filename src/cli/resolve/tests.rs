//! Options, environment and job file, held against each other.

use std::ffi::OsString;
use std::fs;
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::folders::OUT_ROOT_DEFAULT;
use super::*;
use crate::cli::job;

const ORGANIZATION: Uuid = Uuid::from_u128(1);
const PROJECT: Uuid = Uuid::from_u128(2);

/// A folder of inputs and surroundings that are nobody's.
struct Place {
    dir: TempDir,
    around: Surroundings,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("folder");
        let around = Surroundings {
            api_key: Some("key".into()),
            state_dir: Some(dir.path().join("state")),
            temp_dir: dir.path().to_owned(),
            program: None,
        };
        Self { dir, around }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().expect("folder")).expect("folder");
        fs::write(&path, text).expect("written");
        path
    }

    fn args(&self, inputs: &[PathBuf]) -> CommonArgs {
        let mut args = CommonArgs {
            inputs: inputs.to_vec(),
            job: Some(self.file("job.toml", job::MINIMAL)),
            ..CommonArgs::default()
        };
        args.target.organization = Some(ORGANIZATION.to_string());
        args.target.project = Some(PROJECT.to_string());
        args
    }

    fn run(&self, args: &CommonArgs) -> Result<Resolved<RunPlan>, ResolveError> {
        run(args, &self.around, &mut io::empty())
    }
}

#[test]
fn an_option_goes_before_the_job_file_and_that_before_the_default() {
    let place = Place::new();
    let input = place.file("a.csv", "x\n");
    let job = format!(
        "{}[target]\nproject = \"{}\"\nbase_url = \"https://job.example/\"\n[send]\nrate = 3\ntimeout = \"7s\"",
        job::MINIMAL,
        Uuid::from_u128(9),
    );
    let mut args = place.args(&[input]);
    args.job = Some(place.file("other.toml", &job));
    args.sending.rate = Some(2.0);
    let plan = place.run(&args).expect("a plan").plan;
    assert_eq!(plan.core.target.project, PROJECT);
    assert_eq!(plan.core.read.project, PROJECT);
    assert_eq!(plan.core.target.base_url, "https://job.example");
    assert!((plan.sending.rate_per_s - 2.0).abs() < f64::EPSILON);
    assert_eq!(plan.sending.timeout, Duration::from_secs(7));
    assert_eq!(plan.sending.settle, Sending::default().settle);

    args.target.project = None;
    args.target.base_url = Some("http://localhost:1".to_owned());
    let plan = place.run(&args).expect("a plan").plan;
    assert_eq!(plan.core.target.project, Uuid::from_u128(9));
    assert_eq!(plan.core.target.base_url, "http://localhost:1");
    let ledger = format!("state/concord-import/{}.ledger", Uuid::from_u128(9));
    assert_eq!(plan.core.ledger, place.dir.path().join(ledger));
}

#[test]
fn the_job_file_is_found_beside_its_input() {
    let place = Place::new();
    let (a, b) = (place.file("a.csv", ""), place.file("b.csv", ""));
    let mut args = place.args(std::slice::from_ref(&a));
    args.job = None;
    let error = place.run(&args).expect_err("no job file");
    assert!(matches!(
        &error,
        ResolveError::JobMissing {
            looked_for: Some(_)
        }
    ));
    let hint = error.hint().expect("a hint");
    assert!(hint.contains("a.toml") && hint.contains("--job") && hint.contains("[fields]"));

    let beside = place.file("a.toml", job::MINIMAL);
    assert_eq!(place.run(&args).expect("a plan").job, Some(beside));
    // One job file cannot be guessed to serve inputs of different names, nor a stream.
    for inputs in [vec![a, b], vec![PathBuf::from("-")]] {
        args.inputs = inputs;
        let error = place.run(&args).expect_err("no job file");
        assert!(matches!(
            error,
            ResolveError::JobMissing { looked_for: None }
        ));
    }
}

#[test]
fn what_only_sending_needs_is_asked_of_run_alone() {
    let mut place = Place::new();
    let mut args = place.args(&[place.file("a.csv", "")]);
    place.around.api_key = None;
    assert!(matches!(place.run(&args), Err(ResolveError::ApiKeyMissing)));
    let results_plan = results(&args, &place.around, &mut io::empty()).expect("a plan");
    assert_eq!(results_plan.plan.target.project, PROJECT);

    args.target.organization = None;
    args.target.project = None;
    let error = results(&args, &place.around, &mut io::empty()).expect_err("no target");
    assert_eq!(
        error.to_string(),
        "neither organization nor project is given"
    );
    for way in [
        "--project",
        "CONCORD_PROJECT_ID",
        "[target]",
        "--organization",
        "--sandbox",
    ] {
        assert!(error.hint().expect("a hint").contains(way), "{way}");
    }
    let checked = check(&args, &place.around, &mut io::empty()).expect("a plan");
    assert_eq!(checked.plan.project, Uuid::nil());
}

#[test]
fn rows_need_no_job_file_and_use_the_one_beside_the_input() {
    let place = Place::new();
    let args = RowsArgs {
        input: place.file("a.csv", ""),
        job: None,
    };
    let plan = rows(&args, &place.around, &mut io::empty())
        .expect("a plan")
        .plan;
    assert_eq!(plan.reading, Reading::default());

    place.file(
        "a.toml",
        &format!("{}[input]\ndelimiter = \";\"", job::MINIMAL),
    );
    let plan = rows(&args, &place.around, &mut io::empty())
        .expect("a plan")
        .plan;
    assert_eq!(plan.reading.delimiter, Some(b';'));
}

#[test]
fn a_sandbox_touches_neither_the_target_nor_the_ledger_nor_the_key_given_otherwise() {
    let mut place = Place::new();
    place.around = Surroundings {
        api_key: None,
        state_dir: None,
        ..place.around
    };
    let mut args = place.args(&[place.file("a.csv", "")]);
    args.target.sandbox = true;
    args.target.base_url = Some("https://api.concord.tech".to_owned());
    args.output.ledger = Some("true.ledger".into());
    let plan = place.run(&args).expect("a plan").plan;
    let sandbox = plan.sandbox.expect("a sandbox");
    assert_eq!(sandbox.dir, Path::new("concord-import-out/a/sandbox"));
    assert_eq!(plan.core.ledger, sandbox.dir.join("import.ledger"));
    assert_eq!(plan.core.target.project, SANDBOX_PROJECT);
    assert_eq!(plan.core.read.project, SANDBOX_PROJECT);
    assert_eq!(plan.core.target.base_url, SANDBOX_BASE_URL_PENDING);
    assert_eq!(plan.api_key.expose_secret(), SANDBOX_API_KEY);
    let read = check(&args, &place.around, &mut io::empty())
        .expect("a plan")
        .plan;
    assert_eq!(read.project, SANDBOX_PROJECT);
}

#[test]
fn every_input_has_an_output_folder_of_its_own() {
    let place = Place::new();
    let inputs = [
        place.file("a/x.csv", ""),
        place.file("b/X.csv", ""),
        place.file("c/x.jsonl", ""),
        place.file("sandbox.csv", ""),
        PathBuf::from("-"),
    ];
    let mut args = place.args(&inputs);
    let names = |args: &CommonArgs| place.run(args).expect("a plan").plan.core.out_dirs;
    let root = Path::new(OUT_ROOT_DEFAULT);
    let expected = ["x", "X-2", "x-3", "sandbox-2", "stdin"];
    assert_eq!(names(&args), expected.map(|name| root.join(name)));
    args.output.out = Some("out".into());
    assert_eq!(
        names(&args),
        expected.map(|name| Path::new("out").join(name))
    );
    args.inputs.truncate(1);
    assert_eq!(names(&args), [Path::new("out")]);
}

#[test]
fn inputs_that_cannot_be_are_refused() {
    let place = Place::new();
    let input = place.file("a.csv", "");
    let job = place.file("a.toml", "");
    let error = |inputs: &[PathBuf]| place.run(&place.args(inputs)).expect_err("refused");
    let twice = place.dir.path().join("./a.csv");
    assert!(matches!(
        error(&[input.clone(), twice]),
        ResolveError::InputTwice { .. }
    ));
    assert!(matches!(
        error(&["-".into(), "-".into()]),
        ResolveError::InputTwice { .. }
    ));
    assert!(matches!(
        error(&["no.csv".into()]),
        ResolveError::InputUnreadable { .. }
    ));
    assert!(matches!(
        error(&[place.dir.path().into()]),
        ResolveError::InputIsFolder { .. }
    ));
    assert!(matches!(
        error(&[input, job]),
        ResolveError::InputIsJob { .. }
    ));
}

#[test]
fn an_output_never_replaces_an_input() {
    let place = Place::new();
    for name in ["rejects.csv", "reconcile.csv"] {
        let input = place.file(&format!("out/x/{name}"), "");
        let mut args = place.args(std::slice::from_ref(&input));
        args.output.out = Some(place.dir.path().join("out/./x"));
        let error = place.run(&args).expect_err("refused");
        assert!(
            matches!(error, ResolveError::OutputOverInput { .. }),
            "{error}"
        );
        args.output.out = Some(place.dir.path().join("out/y"));
        place.run(&args).expect("a plan");
    }
}

#[test]
fn an_output_folder_that_is_a_file_is_refused() {
    let place = Place::new();
    let file = place.file("a.csv", "");
    let mut args = place.args(std::slice::from_ref(&file));
    for out in [file.clone(), file.join("below")] {
        args.output.out = Some(out);
        let error = place.run(&args).expect_err("refused");
        assert!(
            matches!(error, ResolveError::OutputIsFile { .. }),
            "{error}"
        );
    }
}

#[test]
fn standard_input_becomes_a_private_file_that_can_be_read_twice() {
    let place = Place::new();
    let args = place.args(&["-".into()]);
    let text = "a,b\n1,2\n";
    let resolved = run(&args, &place.around, &mut text.as_bytes()).expect("a plan");
    let input = &resolved.plan.core.read.inputs[0];
    assert_eq!(input.name, "standard input");
    for _ in 0..2 {
        assert_eq!(fs::read_to_string(&input.path).expect("readable"), text);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&input.path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
    }
    drop(resolved);
    let left = fs::read_dir(place.dir.path()).expect("folder").count();
    assert_eq!(left, 1, "only the job file is left");
}

#[test]
fn nothing_is_read_from_standard_input_when_the_rest_is_wrong() {
    struct Untouched;
    impl Read for Untouched {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            panic!("read too early")
        }
    }
    let mut place = Place::new();
    place.around.api_key = None;
    let args = place.args(&["-".into()]);
    assert!(run(&args, &place.around, &mut Untouched).is_err());
}

#[test]
fn an_empty_variable_says_nothing_and_a_wrong_one_is_named() {
    let place = Place::new();
    let mut args = place.args(&[place.file("a.csv", "")]);
    args.target.base_url = Some(" ".to_owned());
    args.output.ledger = Some(OsString::new());
    let plan = place.run(&args).expect("a plan").plan;
    assert_eq!(plan.core.target.base_url, BASE_URL_DEFAULT);
    assert!(plan.core.ledger.starts_with(place.dir.path().join("state")));
    args.target.organization = Some(String::new());
    assert!(matches!(
        place.run(&args),
        Err(ResolveError::TargetMissing { .. })
    ));
    args.target.project = Some("acme".to_owned());
    let error = place.run(&args).expect_err("refused").to_string();
    assert!(
        error.contains("of --project or CONCORD_PROJECT_ID: `acme` is not a UUID"),
        "{error}"
    );
}

#[test]
fn a_full_disk_is_named() {
    let error = ResolveError::SpoolFailed {
        name: "standard input".to_owned(),
        dir: "/tmp".into(),
        source: io::ErrorKind::StorageFull.into(),
    };
    assert_eq!(
        error.to_string(),
        "cannot copy standard input to a private file in `/tmp`"
    );
    assert!(error.hint().expect("a hint").contains("the disk is full"));
}

#[test]
fn a_key_is_trimmed_and_one_that_no_header_can_carry_is_refused_unseen() {
    let mut place = Place::new();
    let file = place.file("key", " s3cret-from-file\n");
    let key = api_key(Some(&file), &place.around).expect("a key");
    assert_eq!(key.expose_secret(), "s3cret-from-file");
    for malformed in ["", " \n", "s3cret\ns3cret", "s3cret s3cret", "s3crét"] {
        place.around.api_key = Some(malformed.into());
        let error = api_key(None, &place.around).expect_err("refused");
        assert!(matches!(error, ResolveError::ApiKeyMalformed { .. }));
        assert!(!format!("{error} {error:?}").contains("s3cr"), "{error:?}");
    }
    let long = place.file("long", &"s3cret".repeat(1000));
    assert!(matches!(
        api_key_of_file(&long),
        Err(ResolveError::ApiKeyMalformed { .. })
    ));
    let args = place.args(&[place.file("a.csv", "")]);
    place.around.api_key = Some("s3cret".into());
    let plan = place.run(&args).expect("a plan");
    assert!(!format!("{plan:?}").contains("s3cret"));
}

#[test]
fn a_ledger_on_a_server_is_refused_without_showing_its_password() {
    let place = Place::new();
    let mut args = place.args(&[place.file("a.csv", "")]);
    args.output.ledger = Some("postgres://bob:hunter2@db/ledger".into());
    let error = place.run(&args).expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn job_and_key_files_are_read_in_utf_16_and_with_a_byte_order_mark() {
    let mut place = Place::new();
    let input = place.file("a.csv", "x\n");
    let args = place.args(&[input]);
    let utf_16 = |text: &str| -> Vec<u8> {
        let units = text.encode_utf16();
        units.flat_map(u16::to_le_bytes).collect()
    };
    for (job, key) in [
        (
            utf_16(&format!("\u{feff}{}", job::MINIMAL)),
            utf_16("\u{feff}a-key\r\n"),
        ),
        (
            format!("\u{feff}{}", job::MINIMAL).into_bytes(),
            b"\xef\xbb\xbfa-key\n".to_vec(),
        ),
    ] {
        fs::write(args.job.as_ref().expect("a job"), job).expect("written");
        let resolved = place.run(&args).expect("a plan");
        assert_eq!(resolved.plan.core.read.rules.fields.len(), 3);
        let path = place.file("key", "");
        fs::write(&path, key).expect("written");
        let read = api_key_of_file(&path).expect("a key");
        assert_eq!(read.expose_secret(), "a-key");
    }
    // As `$(cat key)` hands it on.
    place.around.api_key = Some("\u{feff}a-key".into());
    let key = api_key(None, &place.around).expect("a key");
    assert_eq!(key.expose_secret(), "a-key");
}

#[test]
fn a_job_file_that_is_no_text_is_refused() {
    let place = Place::new();
    let mut args = place.args(&[place.file("a.csv", "")]);
    let path = place.dir.path().join("latin.toml");
    fs::write(&path, b"[fields]\n# \xe9\n").expect("written");
    args.job = Some(path);
    let error = place.run(&args).expect_err("refused");
    assert!(
        matches!(error, ResolveError::JobNotUtf8 { line: 2, .. }),
        "{error}"
    );
    args.job = Some(place.file("long.toml", &"#".repeat(1024 * 1024 + 1)));
    let error = place.run(&args).expect_err("refused");
    assert!(matches!(error, ResolveError::JobTooLong { .. }), "{error}");
}

#[test]
fn status_finds_every_ledger_of_the_user() {
    let place = Place::new();
    let found = |args: &StatusArgs| status(args, &place.around).expect("found");
    assert_eq!(found(&StatusArgs::default()), Vec::<PathBuf>::new());
    let ledger = place.file(&format!("state/concord-import/{PROJECT}.ledger"), "");
    place.file(&format!("state/concord-import/{PROJECT}.ledger-wal"), "");
    assert_eq!(found(&StatusArgs::default()), std::slice::from_ref(&ledger));
    let project = StatusArgs {
        project: Some(PROJECT.to_string()),
        ..StatusArgs::default()
    };
    assert_eq!(found(&project), [ledger]);
}
