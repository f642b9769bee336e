//! Codes of outcomes of entries, and of attempts that created nothing.

use super::AGAIN;

codes! {
    /// A reason why an entry is not created, or a note about a created one. The code of an answer is its status.
    pub enum OutcomeCode;

    /// Every code, to find that of a stored word.
    const ALL;

    Ambiguous = "ambiguous",
        "a request in Concord may be this entry's, or another's",
        "run the same command again; if that stays so, look in Concord by hand: if it has a request for this row besides those of other rows, nothing is left to do, else import the row under another key";
    Changed = "changed",
        "the key is that of an earlier row or import with other content; what came first counts",
        "if it is another request, make `key` in [input] unique; if it is the same, change it in Concord";
    ChangedInDoubt = "changed_in_doubt",
        "in doubt, and its row has changed since, so that it cannot be told by its person any more",
        "put back what the row was for one run, or look in Concord by hand";
    Claimed = "claimed",
        "a run has claimed it and not said what became of it: it is sending it, or has ended",
        "if that run is under way, wait until it has ended; then run the same command again: what may exist is looked up first";
    ConnectionBroken = "connection_broken",
        "the connection broke before the answer came",
        AGAIN;
    Corrected = "corrected",
        "created by an earlier run, from a corrected copy or an earlier state of the row; the row cannot be sent as it is",
        "nothing: the request exists; correct the row in the source too, so that the next export is valid";
    CorrectedAlready = "corrected_already",
        "a corrected copy of a row that has a request from another corrected copy, under another key; it is not sent",
        "if the request that the message names is right, remove this copy; to send this copy as well, clear its cell `import_problem`";
    CreatedTwice = "created_twice",
        "Concord holds more than one request with the mark of this entry",
        "look at those that the message names, and resolve all but one in Concord";
    Duplicate = "duplicate",
        "the row repeats the key of an earlier row",
        "nothing, if it is the same request; else make `key` in [input] unique";
    EchoDiffers = "echo_differs",
        "created, and Concord shows something otherwise than it was sent",
        "look in Concord whether what the message names is as it should be";
    Held = "held",
        "in doubt, not found in Concord, and the job says to hold it",
        "look in Concord by hand, or set in_doubt = \"look-up\" in [send] and run the same command again";
    ListBroken = "list_broken",
        "in doubt, and the list of requests, in which it would be looked for, cannot be read",
        "run `reconcile` later; if that stays so, look in Concord by hand";
    ListOmits = "list_omits",
        "in doubt, and the list of requests leaves out some that exist",
        "use an API key that may read all requests of the project (role Limited or higher), and run the same command again. If that stays so, look in Concord by hand";
    ListTooLong = "list_too_long",
        "in doubt: the list of requests is too long to be read in one go, and neither its `notes` filter nor its dates are reliable",
        "run `reconcile`, which reads it all";
    LookupFailed = "lookup_failed",
        "in doubt, and looking it up failed",
        "run the same command again later; if that stays so, run `reconcile`, or look in Concord by hand";
    NoConnection = "no_connection",
        "no connection to the server",
        "check the network, the base URL and any proxy, and the server's certificate where the run names it. Then run the same command again";
    NoList = "no_list",
        "in doubt, and the list of requests, in which it would be looked for, is not to be had",
        "where the message says 401 or 403, use an API key that may list requests (role Limited or higher), and run the same command again; else look in Concord by hand";
    NotFound = "not_found",
        "it was in doubt and surely does not exist: `reconcile` looked for it in vain",
        "run the import again: it is sent once more";
    Timeout = "timeout",
        "no answer in time",
        "run the same command again, with a longer --timeout if the server is slow: what may exist is looked up first";
    Unreadable201 = "unreadable_201",
        "Concord said that it was created, in an answer that cannot be trusted",
        AGAIN;
}
