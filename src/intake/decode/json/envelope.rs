//! The keys that interfaces put around a page of rows: counts, links to the next page, the kind of answer.

/// Keys beside the rows, without case, `_`, `-`, `.` and `@`.
const BESIDE: [&str; 78] = [
    "aftercursor",
    "afterurl",
    "apiversion",
    "beforecursor",
    "beforeurl",
    "code",
    "count",
    "currentpage",
    "cursor",
    "done",
    "endofstream",
    "endtime",
    "errors",
    "etag",
    "expand",
    "filtered",
    "first",
    "firstpage",
    "from",
    "hasmore",
    "hasnext",
    "hasnextpage",
    "href",
    "islast",
    "islastpage",
    "itemsperpage",
    "jql",
    "kind",
    "last",
    "lastpage",
    "length",
    "limit",
    "links",
    "maxresults",
    "message",
    "meta",
    "metadata",
    "next",
    "nextcursor",
    "nextlink",
    "nextpage",
    "nextpagetoken",
    "nextrecordsurl",
    "nexttoken",
    "nexturl",
    "object",
    "odatacontext",
    "odatacount",
    "odatanextlink",
    "offset",
    "ok",
    "page",
    "pagecount",
    "pageinfo",
    "pagenumber",
    "pages",
    "pagesize",
    "pagetoken",
    "pagination",
    "paging",
    "perpage",
    "prev",
    "previous",
    "previouspage",
    "query",
    "requestid",
    "resultsize",
    "schema",
    "self",
    "size",
    "start",
    "startat",
    "status",
    "success",
    "total",
    "totalcount",
    "totalpages",
    "url",
];
/// Further forms of a total.
const TOTALS: [&str; 8] = [
    "resultcount",
    "totalelements",
    "totalhits",
    "totalitems",
    "totalrecords",
    "totalresults",
    "totalsize",
    "type",
];
/// Keys that an interface repeats in the response and in each row, and that are not data.
const SHARED: [&str; 9] = [
    "expand",
    "self",
    "links",
    "kind",
    "etag",
    "object",
    "odataetag",
    "meta",
    "schema",
];
/// Keys that may be repeated in this way, or be data of a row.
const PERHAPS_SHARED: [&str; 3] = ["type", "url", "href"];
/// Keys beside the rows that give the number of rows, or the address of the next page.
const PAGING: [&str; 20] = [
    "count",
    "hasmore",
    "islast",
    "limit",
    "maxresults",
    "next",
    "nextcursor",
    "nextlink",
    "nextpage",
    "nextpagetoken",
    "nextrecordsurl",
    "offset",
    "page",
    "pages",
    "pagination",
    "paging",
    "perpage",
    "startat",
    "total",
    "totalcount",
];

/// Keys beside the rows that contain an error message.
const MESSAGES: [&str; 6] = [
    "detail",
    "error",
    "errordescription",
    "errormessage",
    "errors",
    "message",
];
/// Messages of success.
const APPROVALS: [&str; 2] = ["ok", "success"];
/// Keys beside the rows that give their number.
const COUNTS: [&str; 5] = ["count", "odatacount", "resultsize", "total", "totalcount"];

fn form(key: &str) -> String {
    let letters = key
        .chars()
        .filter(|c| !matches!(c, '_' | '-' | '.' | '@' | '$'));
    letters.flat_map(char::to_lowercase).collect()
}

/// Returns whether a key usually occurs beside the rows of a page and not in a row.
pub(super) fn is_beside(key: &str) -> bool {
    let form = form(key);
    BESIDE.contains(&form.as_str()) || TOTALS.contains(&form.as_str())
}

/// Returns whether a key beside the rows contains an error message.
pub(super) fn is_message(key: &str) -> bool {
    MESSAGES.contains(&form(key).as_str())
}

/// Returns whether a value beside an empty list of rows says that rows are missing: an error message, or their number.
pub(super) fn denies_empty(key: &str, text: &str) -> bool {
    let form = form(key);
    let form = form.as_str();
    if APPROVALS.contains(&form) {
        return text == "false";
    }
    let is_count = COUNTS.contains(&form) || TOTALS.contains(&form);
    is_count && text.parse::<f64>().is_ok_and(|count| count > 0.0)
        || is_message(key) && !APPROVALS.contains(&text.to_lowercase().as_str())
}

/// Returns whether a key is so common that it may occur both in the rows and in the object around them.
pub(super) fn is_shared<'k>(key: &str, mut beside: impl Iterator<Item = &'k str>) -> bool {
    let form_of_key = form(key);
    let tells_of_pages = |other: &str| PAGING.contains(&form(other).as_str());
    SHARED.contains(&form_of_key.as_str())
        || PERHAPS_SHARED.contains(&form_of_key.as_str()) && beside.any(tells_of_pages)
}
