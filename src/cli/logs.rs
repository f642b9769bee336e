//! Log lines on standard error: text for people, or JSON in the terms of `OpenTelemetry`'s log data model.
//!
//! They step around the bar, and hold no value of any row.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::prelude::*;
use tracing_subscriber::registry::LookupSpan;

use super::args::{LogArgs, LogFormat, LogLevel};
use super::terminal;
use crate::time_of_day;

/// From now on what happens is logged.
pub(super) fn start(args: LogArgs) {
    let level = match args.log_level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    // Only our own lines: what the HTTP libraries would say holds addresses and headers.
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(terminal::LogLine::new)
        .with_ansi(false);
    match args.log_format {
        LogFormat::Text => tracing_subscriber::registry()
            .with(lines.with_filter(ours))
            .init(),
        LogFormat::Json => tracing_subscriber::registry()
            .with(lines.event_format(Otel).with_filter(ours))
            .init(),
    }
}

/// Writes a log record as one JSON object a line.
struct Otel;

impl<S, N> FormatEvent<S, N> for Otel
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut record = Record::default();
        event.record(&mut record);
        let at = Timestamp::try_from(time_of_day()).unwrap_or_default();
        let (level, number) = severity(*event.metadata().level());
        let line = json!({
            "timestamp": format!("{at:.6}"),
            "severity_text": level,
            "severity_number": number,
            "body": record.body,
            "attributes": record.attributes,
            "resource": {
                "service.name": env!("CARGO_PKG_NAME"),
                "service.version": env!("CARGO_PKG_VERSION"),
                "process.pid": std::process::id(),
            },
            "scope": { "name": event.metadata().target() },
        });
        writeln!(writer, "{line}")
    }
}

/// The lowest number of each level's range in the data model.
fn severity(level: Level) -> (&'static str, u8) {
    match level {
        Level::ERROR => ("ERROR", 17),
        Level::WARN => ("WARN", 13),
        Level::INFO => ("INFO", 9),
        Level::DEBUG => ("DEBUG", 5),
        Level::TRACE => ("TRACE", 1),
    }
}

/// The message of an event, and all else that it tells.
#[derive(Default)]
struct Record {
    body: String,
    attributes: Map<String, Value>,
}

impl Record {
    fn set(&mut self, field: &Field, value: impl Into<Value>) {
        self.attributes
            .insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Record {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        if field.name() == "message" {
            self.body = text;
        } else {
            self.set(field, text);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field, value);
    }
}
