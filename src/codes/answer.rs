//! Explanations of answers that created nothing, by their status.

use super::AGAIN;

const LATER: &str = "run the same command again later: what may exist is looked up first";
const ELSEWHERE: &str = "compare the base URL with Concord's, and look for a proxy on the way. Then run the same command again";

codes! {
    /// A status with its own explanation, or a class of the other statuses.
    pub enum AnswerCode;

    /// Every code, to find that of a status.
    const ALL;

    Http200 = "http_200",
        "no creation, but a success of another kind (200): where it was a web page, a sign-in or another site answers there",
        "compare the base URL with Concord's, and sign in where the network asks for it. Then run the same command again: what may exist is looked up first";
    Http202 = "http_202",
        "accepted by the server (202), and not found in Concord yet: it may still be created",
        "run the same command again later: it is looked up again and not sent; if Concord never creates it, run once with in_doubt = \"resend\" in [send]";
    Http302 = "http_302",
        "sent on to another address, which is not followed (302)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first";
    Http303 = "http_303",
        "sent on to another address, which is not followed (303)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first";
    Http400 = "http_400",
        "refused as not valid (400)",
        "correct what the message names, in the row or the job file, and run the rejects";
    Http401 = "http_401",
        "the API key is not accepted (401)",
        "check CONCORD_API_KEY or --api-key-file, then run the same command again";
    Http402 = "http_402",
        "a payment is asked for before anything is created (402)",
        "have the plan or the invoices of the Concord account put in order. Then run the same command again";
    Http403 = "http_403",
        "not allowed (403): no entry at all, for want of the key's role; or this one while others are created, by something on the way",
        "where all are refused, use an API key of the role Limited or higher; where one is, change what looks like code in its text, or ask whoever runs the firewall, and run the rejects";
    Http404 = "http_404",
        "the organization or project is not known (404)",
        "compare organization, project and base URL with Concord's settings, then run the same command again";
    Http405 = "http_405",
        "what is sent is not known at this address (405)",
        ELSEWHERE;
    Http406 = "http_406",
        "JSON is not given at this address (406)",
        ELSEWHERE;
    Http407 = "http_407",
        "a proxy on the way wants to be logged in to (407)",
        "give the proxy's name and password in HTTPS_PROXY, or go without it (NO_PROXY); then run the same command again";
    Http408 = "http_408",
        "took the server too long (408)",
        AGAIN;
    Http409 = "http_409",
        "refused as in conflict with what Concord holds (409), and not found there",
        "look in Concord whether the person has such a request already. Then correct the row as the message says, and run the rejects";
    Http410 = "http_410",
        "there is nothing at this address any more (410)",
        ELSEWHERE;
    Http411 = "http_411",
        "something on the way asks for the length of a request (411)",
        ELSEWHERE;
    Http414 = "http_414",
        "the address is too long for the server (414)",
        ELSEWHERE;
    Http415 = "http_415",
        "JSON is not known at this address (415)",
        ELSEWHERE;
    Http417 = "http_417",
        "something on the way expects another request (417)",
        ELSEWHERE;
    Http421 = "http_421",
        "refused before it was looked at (421)",
        "run the same command again; if that stays so, compare the base URL with Concord's";
    Http422 = "http_422",
        "refused as not valid (422)",
        "correct what the message names, in the row or the job file, and run the rejects";
    Http425 = "http_425",
        "refused before it was looked at (425)",
        "run the same command again later";
    Http426 = "http_426",
        "another version of the protocol is asked for (426)",
        ELSEWHERE;
    Http428 = "http_428",
        "a condition is asked for that no request has (428)",
        ELSEWHERE;
    Http429 = "http_429",
        "more requests than Concord allows in that time (429)",
        "run the same command again, with a lower --rate if that happens often";
    Http431 = "http_431",
        "the headers of the request are too large (431)",
        "check that CONCORD_API_KEY or --api-key-file holds the key alone, and any proxy on the way. Then run the same command again";
    Http451 = "http_451",
        "refused for legal reasons (451)",
        "ask Concord's support, or whoever runs the network, why; then run the same command again";
    Http500 = "http_500",
        "a fault of the server (500)",
        LATER;
    Http501 = "http_501",
        "creating is not known at this address (501)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first";
    Http502 = "http_502",
        "a fault between here and the server (502)",
        LATER;
    Http503 = "http_503",
        "the server is not available (503)",
        "run the same command again when the server is back: what may exist is looked up first";
    Http504 = "http_504",
        "the server did not answer in time (504)",
        LATER;
    Http505 = "http_505",
        "the protocol is not known at this address (505)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first";
    Http511 = "http_511",
        "the network asks for a sign-in (511)",
        "sign in to the network in a browser, then run the same command again: what may exist is looked up first";
    Http3xx = "http_3…",
        "sent on to another address, which is not followed",
        ELSEWHERE;
    Http4xx = "http_4…",
        "refused by Concord with another status, of 400 to 499",
        "correct the row as the message says, and run the rejects";
    Http5xx = "http_5…",
        "a fault of the server, with another status of 500 to 599",
        LATER;
    HttpOther = "http_…",
        "no clear answer: neither 201 nor a refusal",
        "compare the base URL with Concord's, and run the same command again: it is looked up again, and after a success (200 to 299) not sent";
}

impl AnswerCode {
    /// Returns the code that explains a status.
    pub(super) fn of(status: u16) -> Self {
        let word = format!("http_{status}");
        let known = Self::ALL.iter().find(|code| code.as_str() == word);
        known.copied().unwrap_or(match status {
            300..=399 => Self::Http3xx,
            400..=499 => Self::Http4xx,
            500..=599 => Self::Http5xx,
            _ => Self::HttpOther,
        })
    }
}
