//! Whatever Concord answers: nothing that may exist is sent again unseen, nothing is taken for created that no answer
//! names, and no message repeats what was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use concord_import::internals::entry::{Entry, Field};
use concord_import::internals::event::Events;
use concord_import::internals::intake::Item;
use concord_import::internals::outbound::{
    Answer, BodyFault, Carrier, Delivery, Outbound, Place, Silence,
};
use concord_import::internals::outcome::{Outcome, Via};
use concord_import::internals::plan::{
    DoubtPolicy, Literal, Mark, Reading, Rule, SANDBOX_ORGANIZATION, SANDBOX_PROJECT, Sending,
    Target,
};
use concord_import::internals::stop::{Lease, Obstacle, StopSignal};
use tokio::sync::Semaphore;

use super::pick;
use super::told::{any_plan, readings_of};

const EMAIL: &str = "zoe.secret-name@example.com";
const NAME: &str = "Zoe-Secret-Name";
/// Stands for the mark of what is sent, and for its number in hexadecimal.
const MARK: &str = "MARK";
const STATUS: [u16; 16] = [
    201, 200, 200, 400, 401, 403, 404, 408, 409, 429, 500, 502, 503, 504, 307, 202,
];

/// The first byte says how entries are sent; the rest are answers, divided by the byte 0xff. The first byte of each is
/// its kind, the rest its body.
pub(crate) fn answers(data: &[u8]) {
    let Some((&how, rest)) = data.split_first() else {
        return;
    };
    let script: VecDeque<Vec<u8>> = rest
        .split(|byte| *byte == 0xff)
        .map(<[u8]>::to_vec)
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(delivered(how, script));
}

/// What went over the wire.
#[derive(Default)]
struct Wire {
    script: VecDeque<Vec<u8>>,
    log: Vec<Passed>,
}

#[derive(Clone)]
struct Passed {
    is_post: bool,
    /// It may have been created by this, as far as the answer tells.
    is_doubtful: bool,
    body: Vec<u8>,
}

impl Wire {
    fn answer(&mut self, is_post: bool, mark: &str) -> Result<Answer, Silence> {
        let item = self.script.pop_front().unwrap_or_default();
        let (&kind, body) = item.split_first().unwrap_or((&14, &[]));
        let body = String::from_utf8_lossy(body)
            .replace(MARK, mark)
            .into_bytes();
        let retry_after = (kind & 16 == 16).then(|| Duration::from_secs(u64::from(kind >> 5)));
        let status = pick(&STATUS, kind & 15);
        let exchange = match kind {
            240 => Err(Silence::NoConnection("refused".to_owned())),
            241 => Err(Silence::Timeout(Duration::from_secs(30))),
            242 => Err(Silence::Broken),
            243 => Ok(Answer {
                status: 201,
                retry_after: None,
                limits: None,
                date: None,
                body: Err(BodyFault::CutOff),
            }),
            244 => Ok(Answer {
                status: 200,
                retry_after: None,
                limits: None,
                date: None,
                body: Err(BodyFault::TooLarge { bytes_max: 1 }),
            }),
            245 => Err(Silence::Barred(Obstacle::Expired)),
            246..=248 => Ok(Answer {
                status: pick(&[200, 201, 400], kind - 246),
                retry_after: None,
                limits: None,
                date: None,
                body: Err(if is_post {
                    BodyFault::WebPage
                } else {
                    BodyFault::Encoded {
                        name: "br".to_owned(),
                    }
                }),
            }),
            _ => Ok(Answer {
                status,
                retry_after,
                limits: None,
                date: None,
                body: Ok(body.clone()),
            }),
        };
        let is_doubtful = match &exchange {
            Err(Silence::NoConnection(_) | Silence::Barred(_)) => false,
            Err(_) => true,
            Ok(answer) => match answer.status {
                503 => answer.retry_after.is_none(),
                200..=299 | 500..=599 => true,
                _ => false,
            },
        };
        self.log.push(Passed {
            is_post,
            is_doubtful: is_post && is_doubtful,
            body: if exchange.is_ok() { body } else { Vec::new() },
        });
        exchange
    }
}

fn entry(mark: Mark) -> Entry {
    let mut plan = any_plan(&Reading::default());
    let fixed = |text: &str| Rule::Value(Literal::Text(text.to_owned()));
    plan.rules.fields[1].1 = fixed(EMAIL);
    plan.rules.fields.push((Field::UserFirstName, fixed(NAME)));
    plan.rules.mark = mark;
    let (rows, _) = readings_of(&plan, b"Ticket\nT-1\n").expect("it reads");
    match rows.into_iter().flat_map(|row| row.items).next() {
        Some(Item::Entry(entry)) => *entry,
        other => panic!("{other:?}"),
    }
}

async fn delivered(how: u8, script: VecDeque<Vec<u8>>) {
    let mark = if how & 1 == 0 {
        Mark::Notes
    } else {
        Mark::None
    };
    let sending = Sending {
        in_doubt: pick(
            &[DoubtPolicy::LookUp, DoubtPolicy::Hold, DoubtPolicy::Resend],
            how >> 1,
        ),
        give_up_after: Duration::from_mins(2),
        ..Sending::default()
    };
    let entry = entry(mark);
    let wire = Arc::new(Mutex::new(Wire {
        script,
        ..Wire::default()
    }));
    let text = entry.import_id.mark();
    let carrier: Carrier = {
        let wire = Arc::clone(&wire);
        Arc::new(move |outgoing| {
            let is_post = outgoing.method.as_str() == "POST";
            assert_eq!(is_post, outgoing.body.is_some());
            let exchange = wire.lock().expect("no panic").answer(is_post, &text);
            Box::pin(async move { exchange })
        })
    };
    let target = Target {
        organization: SANDBOX_ORGANIZATION,
        project: SANDBOX_PROJECT,
        base_url: "http://127.0.0.1/privacy-v1".to_owned(),
    };
    let stop = StopSignal::default();
    let outbound = Outbound::simulated(&target, carrier, sending, mark, 1, &stop, &Events::none());
    let outbound = outbound.expect("a client");
    let room = Arc::new(Semaphore::new(1));
    let mut place = Place::new(room.acquire_owned().await.expect("there is room"));
    let lease = Lease::until(SystemTime::now() + Duration::from_hours(10_000));
    let deadline = Duration::from_hours(24);
    if how & 64 == 64 {
        let page = tokio::time::timeout(deadline, outbound.list_page(SANDBOX_PROJECT, 0));
        if let Ok(page) = page.await.expect("it ends") {
            assert!(page.items.len() as u64 <= page.count);
        }
    }
    wire.lock().expect("no panic").log.clear();
    let delivery = outbound.deliver(&entry, None, &mut place, &lease);
    let delivery = tokio::time::timeout(deadline, delivery)
        .await
        .expect("it ends");
    let log = wire.lock().expect("no panic").log.clone();
    check(&delivery, &log, sending);
}

fn check(delivery: &Delivery, log: &[Passed], sending: Sending) {
    let mut may_exist = false;
    for passed in log {
        if passed.is_post {
            assert!(
                !may_exist || sending.in_doubt == DoubtPolicy::Resend,
                "what may exist was sent again without a look"
            );
            may_exist = passed.is_doubtful;
        } else {
            may_exist = false;
        }
    }
    let Delivery::Settled(settled) = delivery else {
        return;
    };
    if let Some(reason) = &settled.reason {
        for sent in [EMAIL, NAME] {
            let told = reason.message.to_lowercase();
            assert!(!told.contains(&sent.to_lowercase()), "{}", reason.message);
        }
        let has_hidden = reason.message.chars().any(|c| {
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        });
        assert!(!has_hidden, "{:?}", reason.message);
    }
    assert_eq!(
        settled.outcome == Outcome::Created,
        settled.receipt.is_some()
    );
    if let Some(receipt) = settled.receipt {
        let id = receipt.id.to_string();
        let is_named = log.iter().any(|passed| {
            let is_its_kind = passed.is_post == (settled.via == Some(Via::Response));
            is_its_kind
                && String::from_utf8_lossy(&passed.body)
                    .to_lowercase()
                    .contains(&id)
        });
        assert!(is_named, "no answer names {id}");
    }
    if matches!(settled.outcome, Outcome::Rejected | Outcome::Failed) {
        let last = log.iter().rev().find(|passed| passed.is_post);
        assert!(
            !last.is_some_and(|passed| passed.is_doubtful)
                || log.last().is_some_and(|passed| !passed.is_post),
            "what may exist is told as surely not created"
        );
    }
}
