//! The baselines: the least that a program has to do for the same work, each in a process of its own.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::measured::{Fallible, Used, cpu_s};

/// How the bare loop runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Runtime {
    CurrentThread,
    MultiThread,
}

/// What the bare loop is to post.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Loop {
    pub(crate) url: String,
    pub(crate) bodies: std::path::PathBuf,
    pub(crate) concurrency: usize,
    pub(crate) runtime: Runtime,
    pub(crate) is_http2: bool,
}

/// Posts prepared bodies with a plain reqwest client, so many at once, and reads the answers: nothing is claimed,
/// checked, retried, timed or written. Measured from the first to the last, without the making of client and bodies.
pub(crate) fn post_all(task: &str) -> Fallible<()> {
    let task: Loop = serde_json::from_str(task)?;
    // Somebody may have chosen a TLS provider for the process before us.
    drop(rustls::crypto::ring::default_provider().install_default());
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(
        fs::read(&task.bodies)?
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect(),
    );
    let mut builder = match task.runtime {
        Runtime::CurrentThread => tokio::runtime::Builder::new_current_thread(),
        Runtime::MultiThread => tokio::runtime::Builder::new_multi_thread(),
    };
    let used = builder
        .enable_all()
        .build()?
        .block_on(post_with(&task, bodies))?;
    serde_json::to_writer(std::io::stdout(), &used)?;
    Ok(())
}

async fn post_with(task: &Loop, bodies: Arc<Vec<Vec<u8>>>) -> Fallible<Used> {
    let key = HeaderValue::from_static("0a4e1c52-6b0d-4f7e-9d35-5a7d0f6c1b03");
    let builder = reqwest::Client::builder();
    let builder = if task.is_http2 {
        builder.http2_prior_knowledge()
    } else {
        builder
    };
    let client = builder
        .default_headers(HeaderMap::from_iter([("x-api-key".parse()?, key)]))
        .no_proxy()
        .tcp_nodelay(true)
        .build()?;
    let next = Arc::new(AtomicUsize::new(0));
    let url: reqwest::Url = task.url.parse()?;
    let (began, cpu_before_s) = (Instant::now(), cpu_s()?);
    let mut posting = tokio::task::JoinSet::new();
    for _ in 0..task.concurrency {
        let (client, url) = (client.clone(), url.clone());
        let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
        posting.spawn(async move {
            while let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                let request = client.post(url.clone());
                let request = request.header(CONTENT_TYPE, "application/json");
                let answer = request.body(body.clone()).send().await?;
                black_box(answer.error_for_status()?.bytes().await?);
            }
            Ok::<_, reqwest::Error>(())
        });
    }
    while let Some(ended) = posting.join_next().await {
        ended??;
    }
    Ok(Used {
        wall_s: began.elapsed().as_secs_f64(),
        cpu_s: cpu_s()? - cpu_before_s,
        ..Used::default()
    })
}

/// Reads every record of a CSV file, and nothing else.
pub(crate) fn read_csv(path: &Path) -> Fallible<()> {
    let mut reader = csv::Reader::from_path(path)?;
    let mut record = csv::ByteRecord::new();
    let mut cells = 0;
    while reader.read_byte_record(&mut record)? {
        cells += record.len();
    }
    black_box(cells);
    Ok(())
}

/// Parses every line of a file as JSON, and nothing else.
pub(crate) fn read_jsonl(path: &Path) -> Fallible<()> {
    let text = std::io::BufReader::new(fs::File::open(path)?);
    let mut values = 0;
    for line in std::io::BufRead::lines(text) {
        let value: serde_json::Value = serde_json::from_str(&line?)?;
        values += usize::from(value.is_object());
    }
    black_box(values);
    Ok(())
}

/// Appends lines to a file in groups, each synced: what any journal has to do.
pub(crate) fn append(
    path: &Path,
    line: &[u8],
    groups: usize,
    lines_of_group: usize,
) -> Fallible<()> {
    use std::io::Write as _;
    let mut file = fs::File::create(path)?;
    let group = line.repeat(lines_of_group);
    for _ in 0..groups {
        file.write_all(&group)?;
        file.sync_data()?;
    }
    Ok(())
}
