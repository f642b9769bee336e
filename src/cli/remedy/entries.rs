//! Why entries that were sent are not created, what is odd about those that are, and why attempts created nothing. The codes
//! are made in `outbound`, `import`, `ledger`, `reconcile` and `report`; `http_…` is the answer's status.

use super::{Remedy, remedy};

/// The entry of a code that nothing more is known of: of its class of answers.
pub(super) fn of_class(code: &str) -> &'static Remedy {
    match code.strip_prefix("http_").and_then(|s| s.chars().next()) {
        Some('3') => &OTHER_3,
        Some('4') => &OTHER_4,
        Some('5') => &OTHER_5,
        Some(_) => &OTHER,
        None => &UNKNOWN,
    }
}

const OTHER_3: Remedy = remedy(
    "http_3…",
    "sent on to another address, which is not followed",
    ELSEWHERE,
);

const OTHER_4: Remedy = remedy(
    "http_4…",
    "refused by Concord with another status, of 400 to 499",
    "correct the row as the message says, and run the rejects",
);

const OTHER_5: Remedy = remedy(
    "http_5…",
    "a fault of the server, with another status of 500 to 599",
    LATER,
);

const OTHER: Remedy = remedy(
    "http_…",
    "no clear answer: neither 201 nor a refusal",
    "compare the base URL with Concord's, and run the same command again: it is looked up again, and after a success (200 to 299) not sent",
);

/// Of a ledger that another version has written.
const UNKNOWN: Remedy = remedy("", "nothing more is known of this code", AGAIN);

const AGAIN: &str = "run the same command again: what may exist is looked up first";
const LATER: &str = "run the same command again later: what may exist is looked up first";
const ELSEWHERE: &str = "compare the base URL with Concord's, and look for a proxy on the way. Then run the same command again";

pub(in crate::cli) const ENTRIES: &[Remedy] = &[
    remedy(
        "ambiguous",
        "a request in Concord may be this entry's, or another's",
        "run the same command again; if that stays so, look in Concord by hand: if it has a request for this row besides those of other rows, nothing is left to do, else import the row under another key",
    ),
    remedy(
        "changed",
        "the key is that of an earlier row or import with other content; what came first counts",
        "if it is another request, make `key` in [input] unique; if it is the same, change it in Concord",
    ),
    remedy(
        "changed_in_doubt",
        "in doubt, and its row has changed since, so that it cannot be told by its person any more",
        "put back what the row was for one run, or look in Concord by hand",
    ),
    remedy(
        "claimed",
        "a run has claimed it and not said what became of it: it is sending it, or has ended",
        "if that run is under way, wait until it has ended; then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "connection_broken",
        "the connection broke before the answer came",
        AGAIN,
    ),
    remedy(
        "corrected",
        "created from a corrected copy of the row; the row itself is not valid as it stands",
        "nothing: the request exists; correct the row in the source too, so that the next export is valid",
    ),
    remedy(
        "corrected_already",
        "a corrected copy of a row that has a request from another corrected copy, under another key; it is not sent",
        "if the request that the message names is right, remove this copy; to send this copy as well, clear its cell `import_problem`",
    ),
    remedy(
        "created_twice",
        "Concord holds more than one request with the mark of this entry",
        "look at those that the message names, and resolve all but one in Concord",
    ),
    remedy(
        "duplicate",
        "the row repeats the key of an earlier row",
        "nothing, if it is the same request; else make `key` in [input] unique",
    ),
    remedy(
        "echo_differs",
        "created, and Concord shows something otherwise than it was sent",
        "look in Concord whether what the message names is as it should be",
    ),
    remedy(
        "held",
        "in doubt, not found in Concord, and the job says to hold it",
        "look in Concord by hand, or set in_doubt = \"look-up\" in [send] and run the same command again",
    ),
    remedy(
        "http_200",
        "no creation, but a success of another kind (200): where it was a web page, a sign-in or another site answers there",
        "compare the base URL with Concord's, and sign in where the network asks for it. Then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "http_202",
        "accepted by the server (202), and not found in Concord yet: it may still be created",
        "run the same command again later: it is looked up again and not sent; if Concord never creates it, run once with in_doubt = \"resend\" in [send]",
    ),
    remedy(
        "http_302",
        "sent on to another address, which is not followed (302)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "http_303",
        "sent on to another address, which is not followed (303)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "http_400",
        "refused as not valid (400)",
        "correct what the message names, in the row or the job file, and run the rejects",
    ),
    remedy(
        "http_401",
        "the API key is not accepted (401)",
        "check CONCORD_API_KEY or --api-key-file, then run the same command again",
    ),
    remedy(
        "http_402",
        "a payment is asked for before anything is created (402)",
        "have the plan or the invoices of the Concord account put in order. Then run the same command again",
    ),
    remedy(
        "http_403",
        "not allowed (403): no entry at all, for want of the key's role; or this one while others are created, by something on the way",
        "where all are refused, use an API key of the role Limited or higher; where one is, change what looks like code in its text, or ask whoever runs the firewall, and run the rejects",
    ),
    remedy(
        "http_404",
        "the organization or project is not known (404)",
        "compare organization, project and base URL with Concord's settings, then run the same command again",
    ),
    remedy(
        "http_405",
        "what is sent is not known at this address (405)",
        ELSEWHERE,
    ),
    remedy(
        "http_406",
        "JSON is not given at this address (406)",
        ELSEWHERE,
    ),
    remedy(
        "http_407",
        "a proxy on the way wants to be logged in to (407)",
        "give the proxy's name and password in HTTPS_PROXY, or go without it (NO_PROXY); then run the same command again",
    ),
    remedy("http_408", "took the server too long (408)", AGAIN),
    remedy(
        "http_410",
        "there is nothing at this address any more (410)",
        ELSEWHERE,
    ),
    remedy(
        "http_411",
        "something on the way asks for the length of a request (411)",
        ELSEWHERE,
    ),
    remedy(
        "http_414",
        "the address is too long for the server (414)",
        ELSEWHERE,
    ),
    remedy(
        "http_409",
        "refused as in conflict with what Concord holds (409), and not found there",
        "look in Concord whether the person has such a request already. Then correct the row as the message says, and run the rejects",
    ),
    remedy(
        "http_415",
        "JSON is not known at this address (415)",
        ELSEWHERE,
    ),
    remedy(
        "http_417",
        "something on the way expects another request (417)",
        ELSEWHERE,
    ),
    remedy(
        "http_421",
        "refused before it was looked at (421)",
        "run the same command again; if that stays so, compare the base URL with Concord's",
    ),
    remedy(
        "http_425",
        "refused before it was looked at (425)",
        "run the same command again later",
    ),
    remedy(
        "http_422",
        "refused as not valid (422)",
        "correct what the message names, in the row or the job file, and run the rejects",
    ),
    remedy(
        "http_426",
        "another version of the protocol is asked for (426)",
        ELSEWHERE,
    ),
    remedy(
        "http_428",
        "a condition is asked for that no request has (428)",
        ELSEWHERE,
    ),
    remedy(
        "http_429",
        "more requests than Concord allows in that time (429)",
        "run the same command again, with a lower --rate if that happens often",
    ),
    remedy(
        "http_431",
        "the headers of the request are too large (431)",
        "check that CONCORD_API_KEY or --api-key-file holds the key alone, and any proxy on the way. Then run the same command again",
    ),
    remedy(
        "http_451",
        "refused for legal reasons (451)",
        "ask Concord's support, or whoever runs the network, why; then run the same command again",
    ),
    remedy("http_500", "a fault of the server (500)", LATER),
    remedy(
        "http_501",
        "creating is not known at this address (501)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "http_502",
        "a fault between here and the server (502)",
        LATER,
    ),
    remedy(
        "http_503",
        "the server is not available (503)",
        "run the same command again when the server is back: what may exist is looked up first",
    ),
    remedy("http_504", "the server did not answer in time (504)", LATER),
    remedy(
        "http_505",
        "the protocol is not known at this address (505)",
        "compare the base URL with Concord's, then run the same command again: what may exist is looked up first",
    ),
    remedy(
        "http_511",
        "the network asks for a sign-in (511)",
        "sign in to the network in a browser, then run the same command again: what may exist is looked up first",
    ),
    OTHER_3,
    OTHER_4,
    OTHER_5,
    OTHER,
    remedy(
        "list_broken",
        "in doubt, and the list of requests, in which it would be looked for, cannot be read",
        "run `reconcile` later; if that stays so, look in Concord by hand",
    ),
    remedy(
        "list_omits",
        "in doubt, and the list of requests leaves out some that exist",
        "use an API key that may read all requests of the project (role Limited or higher), and run the same command again. If that stays so, look in Concord by hand",
    ),
    remedy(
        "list_too_long",
        "in doubt: the list of requests is too long to be read in one go, and neither its `notes` filter nor its dates are reliable",
        "run `reconcile`, which reads it all",
    ),
    remedy(
        "lookup_failed",
        "in doubt, and looking it up failed",
        "run the same command again later; if that stays so, run `reconcile`, or look in Concord by hand",
    ),
    remedy(
        "no_connection",
        "no connection to the server",
        "check the network, the base URL and any proxy, and the server's certificate where the run names it. Then run the same command again",
    ),
    remedy(
        "no_list",
        "in doubt, and the list of requests, in which it would be looked for, is not to be had",
        "where the message says 401 or 403, use an API key that may list requests (role Limited or higher), and run the same command again; else look in Concord by hand",
    ),
    remedy(
        "not_found",
        "it was in doubt and surely does not exist: `reconcile` looked for it in vain",
        "run the import again: it is sent once more",
    ),
    remedy(
        "timeout",
        "no answer in time",
        "run the same command again, with a longer --timeout if the server is slow: what may exist is looked up first",
    ),
    remedy(
        "unreadable_201",
        "Concord said that it was created, in an answer that cannot be trusted",
        AGAIN,
    ),
];
