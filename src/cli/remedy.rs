//! What each kind of problem means, and what to do about it: one entry a code.
//!
//! The codes are made in `intake` and `check`; a test here looks through their sources, so that none is forgotten.

use crate::outcome::Outcome;

/// A kind of problem or warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remedy {
    /// As [`crate::intake::Problem::code`] has it.
    pub(crate) code: &'static str,
    /// What all of its kind have in common.
    pub(crate) meaning: &'static str,
    /// What to do next.
    pub(crate) to_do: &'static str,
}

/// The entry of a code.
pub(crate) fn of(code: &str) -> Option<&'static Remedy> {
    REMEDIES.iter().find(|remedy| remedy.code == code)
}

/// What became of an entry that was sent, by the code of the reason.
pub(super) fn of_refusal(outcome: Outcome, code: &str) -> Remedy {
    let known = REFUSALS.iter().find(|remedy| remedy.code == code);
    known.copied().unwrap_or(match outcome {
        Outcome::Rejected => remedy(
            "",
            "refused by Concord",
            "correct the row as the message says, and run the rejects",
        ),
        Outcome::InDoubt => remedy(
            "",
            "no clear answer: it may exist",
            "run the same command again: it looks in Concord before anything is sent; or compare with `reconcile`",
        ),
        _ => remedy(
            "",
            "not served by the server",
            "run the same command again: it was surely not created",
        ),
    })
}

/// Why entries that were sent are not created, and attempts created nothing. The codes are made in `outbound`, `ledger`
/// and `report`.
pub(super) const REFUSALS: &[Remedy] = &[
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
        "http_403",
        "refused for this entry alone (403)",
        "something between here and Concord takes offence at its text: shorten or change it, and run the rejects",
    ),
    remedy(
        "http_404",
        "the organization or project is not known (404)",
        "compare organization, project and base URL with Concord's settings, then run the same command again",
    ),
    remedy(
        "http_408",
        "took the server too long (408)",
        "run the same command again: it looks in Concord before anything is sent",
    ),
    remedy(
        "http_429",
        "more requests than Concord allows in that time (429)",
        "run the same command again, with a lower --rate if that happens often",
    ),
    remedy(
        "http_500",
        "a fault of the server (500)",
        "run the same command again later: it looks in Concord before anything is sent",
    ),
    remedy(
        "http_502",
        "a fault between here and the server (502)",
        "run the same command again later: it looks in Concord before anything is sent",
    ),
    remedy(
        "http_503",
        "the server is not available (503)",
        "run the same command again when the server is back",
    ),
    remedy(
        "http_504",
        "the server did not answer in time (504)",
        "run the same command again later: it looks in Concord before anything is sent",
    ),
    remedy(
        "timeout",
        "no answer in time",
        "run the same command again, with a longer --timeout if the server is slow: it looks in Concord before anything is sent",
    ),
    remedy(
        "connection_broken",
        "the connection broke before the answer came",
        "run the same command again: it looks in Concord before anything is sent",
    ),
    remedy(
        "no_connection",
        "no connection to the server",
        "check the network and the base URL, then run the same command again",
    ),
    remedy(
        "unreadable_201",
        "Concord said that it was created, in an answer that was damaged",
        "run the same command again: it looks in Concord before anything is sent",
    ),
    remedy(
        "interrupted",
        "an earlier run may have sent it and did not learn what became of it",
        "run the same command again: it looks in Concord before anything is sent",
    ),
    remedy(
        "claimed",
        "a run has claimed it and not said what became of it",
        "if no run is under way, run the same command again: it looks in Concord before anything is sent",
    ),
    remedy(
        "claimed_elsewhere",
        "another run is sending it",
        "wait until that run has ended, then run the same command again",
    ),
    remedy(
        "held",
        "in doubt, not found in Concord, and the job says to hold it",
        "look in Concord by hand, or set in_doubt = \"look-up\" in [send] and run the same command again",
    ),
    remedy(
        "ambiguous",
        "two entries fit the same request in Concord, and nothing tells which of them it is",
        "look in Concord by hand, and run `reconcile`",
    ),
    remedy(
        "changed_in_doubt",
        "in doubt, and its row has changed since",
        "put back what the row was for one run, or look in Concord by hand",
    ),
    remedy(
        "lookup_failed",
        "in doubt, and looking it up failed",
        "run the same command again; if that stays so, ask whether the API key may list requests",
    ),
];

const fn remedy(code: &'static str, meaning: &'static str, to_do: &'static str) -> Remedy {
    Remedy {
        code,
        meaning,
        to_do,
    }
}

pub(super) const REMEDIES: &[Remedy] = &[
    remedy(
        "none_pass",
        "no row passes the filters of `where`",
        "compare the words of `where` in [input] with those of the column; nothing, if there is nothing to import",
    ),
    remedy(
        "near_word",
        "a row left out by a value that is nearly a word of `where`",
        "correct the word under `where` in [input], or the value in the source; nothing, if it is another word",
    ),
    // What is no row, or perhaps none.
    remedy(
        "note",
        "a line of text below or between the rows, set aside",
        "nothing, if it is no request; else complete the row, or set set_aside = false in [input]",
    ),
    remedy(
        "total",
        "a line that adds up the rows, set aside",
        "nothing, if it is no request; else complete the row, or set set_aside = false in [input]",
    ),
    remedy(
        "header_again",
        "the header once more, set aside",
        "nothing: files that were put together often have it",
    ),
    remedy(
        "lone_cell",
        "a row with a single cell filled",
        "remove it if it is a note or a title; else fill in what is missing",
    ),
    remedy(
        "perhaps_total",
        "a row that looks like a total",
        "remove it if it is one; else fill in what is missing",
    ),
    remedy(
        "perhaps_sum",
        "a row whose numbers are what other rows add up to",
        "remove it if it is a total; if it is a request, set set_aside = false in [input]",
    ),
    remedy(
        "other_header",
        "a row that looks like the header of another table",
        "put each table into a file of its own",
    ),
    remedy(
        "other_table",
        "a row below the header of another table",
        "put each table into a file of its own; if that line is no header, correct or remove it",
    ),
    remedy(
        "other_section",
        "a row below a title and the header once more",
        "if these rows are meant too, remove the title or set set_aside = false in [input]; else remove them",
    ),
    remedy(
        "cut_off",
        "a row whose last text goes on in the next line",
        "put the whole text in quotes, or on one line",
    ),
    remedy(
        "shifted",
        "a row with a cell too many, whose values do not fit their columns",
        "look for a delimiter too many, or for a cell that lacks its quotes",
    ),
    // A row that cannot be read.
    remedy(
        "line_too_long",
        "a line is longer than is read",
        "split it where a line break is missing; a file that is one JSON document needs format = \"json\" in [input]",
    ),
    remedy(
        "not_decodable",
        "bytes that are no text in this encoding",
        "if many rows have this, find out in which encoding the program writes that made the file, set it in [input], and look at \
         the letters with `rows`; else correct the character in the source",
    ),
    remedy(
        "misread",
        "letters and symbols that do not go together in this encoding, which is a guess",
        "find out in which encoding the program writes that made the file, set it in [input], and look at the letters with `rows`; \
         what DOS programs wrote has to be saved as UTF-8",
    ),
    remedy(
        "guessed_encoding",
        "the encoding of the file is a guess",
        "look at the letters beyond A to Z with `rows`, and set encoding in [input]",
    ),
    remedy(
        "lost_character",
        "a character that was lost on the way (U+FFFD)",
        "export the rows again in the right encoding, or correct the value in the source",
    ),
    remedy(
        "control_character",
        "a control character, which no text has",
        "remove it in the source; if many rows have this, the file is in another encoding",
    ),
    remedy(
        "encoded_twice",
        "letters spoilt when the file was saved: UTF-8 taken for another encoding, such as `Ã¼` for `ü`",
        "export the rows again as UTF-8, or correct the value in the source",
    ),
    remedy(
        "not_json",
        "not JSON",
        "correct the line in the source, or export it again: it was probably cut off or edited by hand",
    ),
    remedy(
        "not_object",
        "JSON, but not an object with names and values",
        "each row has to be an object like {\"id\": 1}; if the rows stand in an array, name it under [input]: records = \"…\"",
    ),
    remedy(
        "not_utf8",
        "bytes that are not UTF-8",
        "if many rows have this, set the right encoding in [input], for example encoding = \"windows-1252\"; else correct \
         the character in the source",
    ),
    remedy(
        "nul_byte",
        "a NUL byte, which text does not have",
        "export the file again as text; if it is UTF-16, set encoding = \"utf-16le\" in [input]",
    ),
    remedy(
        "open_quote",
        "a quote that is opened and not closed",
        "close the quote on the line that is named, or double it where it belongs to the text (\"\"); if the file quotes \
         with another character, set quote in [input]",
    ),
    remedy(
        "repeated_key",
        "a name that stands twice in an object",
        "remove or rename one of the two in the source: which one is meant cannot be told",
    ),
    remedy(
        "rest_not_read",
        "the rest of the file cannot be told apart",
        "correct the JSON where it is named and check again: nothing behind it was read",
    ),
    remedy(
        "row_too_large",
        "a row is larger than is read",
        "look for a quote or bracket that is not closed before it, or shorten the row in the source",
    ),
    remedy(
        "text_after_quote",
        "text behind a closing quote",
        "double the quotes that belong to the text (\"\"), or export the file again",
    ),
    remedy(
        "nameless_column",
        "a value in a column without a name",
        "name the column in the header, or take the value out",
    ),
    remedy(
        "stray_quotes",
        "a quote within a cell, and a later cell that ends with one",
        "look for a delimiter that is missing in front of a quoted cell",
    ),
    remedy(
        "cell_error",
        "a cell that shows an error",
        "correct the formula in the workbook, or enter the value itself",
    ),
    remedy(
        "cell_not_read",
        "a cell that cannot be read",
        "enter the value again in the workbook",
    ),
    remedy(
        "digits_lost",
        "a number too long for a spreadsheet",
        "enter it as text, with an apostrophe in front",
    ),
    remedy(
        "formula_without_value",
        "a formula without a stored result",
        "open the workbook in a spreadsheet program and save it",
    ),
    remedy(
        "hidden_row",
        "a row that is hidden in the workbook",
        "remove it if it is not meant; it is read all the same",
    ),
    remedy(
        "merged_cells",
        "merged cells",
        "unmerge them and fill in each cell",
    ),
    remedy(
        "no_such_date",
        "a date that does not exist",
        "enter a day that there is in the workbook, such as 2026-12-31",
    ),
    remedy(
        "too_few_cells",
        "fewer cells than the header has",
        "fill in the missing cells, or take the row out if it is a title, total or note",
    ),
    remedy(
        "too_many_cells",
        "more cells than the header has",
        "put the cell that holds the delimiter in quotes; if all rows have this, check delimiter and header_row in [input]",
    ),
    remedy(
        "uncorrected_line",
        "a line of the rejects that still is as it was refused",
        "write the corrected object in place of the line",
    ),
    // A value that cannot be used.
    remedy(
        "blank_key",
        "the key is blank",
        "fill it in, or choose for `key` in [input] a column that every row has",
    ),
    remedy(
        "blank_preverified",
        "nothing says whether the person was verified",
        "fill it in, or say under [fields] what a blank means: preverified = { column = \"…\", default = false } (false: \
         Concord writes to the person)",
    ),
    remedy(
        "mark_in_notes",
        "the notes hold the mark of another request",
        "remove `[ref …]` from the notes in the source, or leave that column out of `notes`",
    ),
    remedy(
        "no_identifier",
        "nothing tells who the person is",
        "fill in an address, a number or an id; if the row has one in another column, add a rule for it under [fields]",
    ),
    remedy(
        "not_boolean",
        "neither true nor false",
        "say under [fields] what the words mean: preverified = { column = \"…\", values = { \"Checked\" = true } }",
    ),
    remedy(
        "not_email",
        "not an e-mail address",
        "correct the address, or leave the cell blank if a number or an id tells who the person is",
    ),
    remedy(
        "not_text",
        "a JSON array or object where text is wanted",
        "name the value within it by a dotted path, such as \"requester.email\"",
    ),
    remedy(
        "not_uuid",
        "not a UUID",
        "correct it, or map the column to userId if it is your own id of the person",
    ),
    remedy(
        "phone_damaged",
        "a number that a spreadsheet has damaged",
        "take the number from where it came from, and format the column as text before filling it in",
    ),
    remedy(
        "phone_invalid",
        "not a telephone number",
        "correct the number, or leave the cell blank if an address or an id tells who the person is; numbers without + are \
         dialled from `region` in [input]",
    ),
    remedy(
        "required",
        "something that every request needs is missing",
        "fill it in, or give it a default under [fields]",
    ),
    remedy(
        "too_long",
        "longer than Concord takes",
        "shorten it in the source, or take columns out of its rule under [fields]",
    ),
    remedy(
        "unmapped_request",
        "a request word that the job file does not know",
        "if it is no word for a request, name another column for request under [fields]; else add it to the values there, with \
         care: a request cannot be taken back; \"skip\" passes rows over that ask for nothing that Concord does",
    ),
    remedy(
        "unmapped_value",
        "a value that the job file gives no meaning",
        "add it to the values of that rule under [fields]",
    ),
    remedy(
        "date_order",
        "dates whose order is open",
        "look at a few of these rows, and say in [input] which it is: date_order = \"dmy\" or \"mdy\"",
    ),
    remedy(
        "email_several",
        "several addresses in one cell",
        "keep the one that is meant, or make a row for each person",
    ),
    remedy(
        "word_for_nothing",
        "a word for nothing where a value is wanted",
        "nothing, if there is no value; else fill it in",
    ),
    remedy(
        "text_in_formula",
        "text that an export wrote as a formula",
        "nothing: what stands in the quotes is sent",
    ),
    remedy(
        "invisible_characters",
        "characters that nobody sees in an id",
        "nothing, if the id is right without them",
    ),
    remedy(
        "id_rounded",
        "an id that a spreadsheet has probably rounded",
        "compare it with its source; format the column as text and export it again",
    ),
    remedy(
        "id_formatted",
        "an id that looks like a formatted number",
        "compare it with its source; format the column as text and export it again",
    ),
    remedy(
        "id_zero",
        "an id of zeros",
        "empty the cell if the person has no id",
    ),
    remedy(
        "apostrophe",
        "an apostrophe by which a value was kept as text",
        "nothing: it is sent without",
    ),
    remedy(
        "id_damaged",
        "an id that a spreadsheet has damaged",
        "export it again with the column as text: its digits are lost",
    ),
    remedy(
        "key_damaged",
        "a key that a spreadsheet has damaged",
        "export it again with the column as text: its digits are lost",
    ),
    remedy(
        "phone_ambiguous",
        "a number that may be one of two",
        "write it with + and country code",
    ),
    remedy(
        "phone_several",
        "several numbers in one cell",
        "keep the one that is meant, or make a row for each person",
    ),
    remedy(
        "spreadsheet_error",
        "an error of a spreadsheet in place of a value",
        "correct the cell, or empty it when there is no value",
    ),
    remedy(
        "undecided_request",
        "a request word that the job file leaves open",
        "write what it means in place of the `?` under [fields], with care: a request cannot be taken back; nothing is sent \
         while a `?` is left",
    ),
    // Warnings: the rows are sent as they are.
    remedy(
        "email_cleaned",
        "something around an address",
        "nothing, if the address alone is meant",
    ),
    remedy(
        "email_domain_in_ascii",
        "a domain with letters outside ASCII",
        "nothing: it is sent in the form that mail systems use",
    ),
    remedy(
        "key_apostrophe",
        "a key that begins with an apostrophe",
        "export it the same way each time: without the apostrophe it is another key",
    ),
    remedy(
        "key_fraction",
        "a key that ends in .0",
        "export it with the column as text, and always in the same way: without .0 it is another key",
    ),
    remedy(
        "key_rounded",
        "a key that a spreadsheet may have rounded",
        "hold a few against the source; if digits were lost, export it again with the column as text",
    ),
    remedy(
        "name_undivided",
        "a name that cannot be divided",
        "nothing, if that will do; else have first and last name in columns of their own",
    ),
    remedy(
        "name_without_title",
        "a name with a title or suffix",
        "nothing, unless the title matters: it is left out",
    ),
    remedy(
        "phone_cleaned",
        "something around or within a number",
        "nothing, if the number alone is meant",
    ),
    remedy(
        "phone_plus_restored",
        "a number that lacks its +",
        "nothing, unless a few of these rows look wrong; numbers with + leave no question",
    ),
    remedy(
        "phone_two_readings",
        "a number that may be read in two ways",
        "write it with + and country code, to make sure",
    ),
    remedy(
        "phone_zero_restored",
        "a number that lacks its first zero",
        "nothing, unless a few of these rows look wrong; numbers with + leave no question",
    ),
    remedy(
        "received_ancient",
        "a day long ago",
        "look at the row: is the date right, and date_order in [input]",
    ),
    remedy(
        "received_blank",
        "no received date",
        "fill it in, if it is to be known what is overdue",
    ),
    remedy(
        "received_future",
        "a day to come",
        "look at the row: is the date right, and date_order in [input]",
    ),
    remedy(
        "received_unreadable",
        "not a date",
        "write it as 2026-12-31, if it is to be known what is overdue",
    ),
    remedy(
        "unusual_email",
        "an unusual address",
        "look at it: Concord may refuse it, or no mail may reach it",
    ),
    remedy(
        "blank_key_part",
        "a part of the key is blank",
        "fill it in, or leave that column out of `key` in [input]",
    ),
    remedy(
        "likely_too_long",
        "longer than Concord likely takes",
        "shorten it in the source: a request that Concord refuses ends in the rejects",
    ),
    remedy(
        "no_key",
        "no column identifies the rows",
        "name a column with ticket or case numbers under [input]: key = [\"…\"]",
    ),
    remedy(
        "not_domain",
        "not a bare domain",
        "map a column that holds www.example.com, without https:// and path",
    ),
    remedy(
        "not_http",
        "not a web address",
        "map a column that holds addresses with https://",
    ),
    remedy(
        "phone_as_written",
        "a number without country",
        "say under [input] where such numbers are dialled: region = \"GB\"",
    ),
    remedy(
        "phone_extension",
        "a number with an extension",
        "nothing, unless the extension matters: it is left out",
    ),
];

/// All of them, for the guide.
#[cfg(test)]
pub(super) fn page() -> String {
    let mut remedies: Vec<_> = REMEDIES.iter().collect();
    remedies.sort_by_key(|remedy| remedy.code);
    let mut page = String::from("| code | what it means | what to do |\n|---|---|---|\n");
    for remedy in remedies {
        let to_do = remedy.to_do.replace('|', "\\|");
        page += &format!("| `{}` | {} | {to_do} |\n", remedy.code, remedy.meaning);
    }
    page
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    /// Words in the sources of the same form as codes, which no row's problem has: keys of the rejects, and what is wrong
    /// with a JSON body that is held against the schema, which a row never is.
    const NO_CODES: &[&str] = &[
        "import_line",
        "import_problem",
        "not_one_of",
        "unknown_property",
        "wrong_type",
    ];
    /// A file without any of these makes no problem.
    const MAKES_PROBLEMS: &[&str] = &[
        "Problem",
        "Loose",
        "Fault",
        "Malformed",
        "Wrong(",
        "Remark",
        "code",
    ];

    fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(path);
            }
        }
    }

    /// Without comments and what stands in the file's own tests.
    fn code_of(path: &Path) -> String {
        let text = std::fs::read_to_string(path).expect("a source");
        let text = text
            .split("#[cfg(test)]\nmod tests")
            .next()
            .unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The literals that have the form of a code: all those with an underscore, and single words where codes stand.
    fn codes_in(text: &str) -> Vec<String> {
        let pieces: Vec<_> = text.split('"').collect();
        let is_word = |piece: &str| {
            piece.len() > 3
                && piece
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte.is_ascii_digit())
        };
        let mut found = Vec::new();
        for window in pieces.windows(2) {
            let (before, literal) = (window[0].trim_end(), window[1]);
            let stands_for_code = ["code:", "code =", "Remark("]
                .iter()
                .any(|place| before.ends_with(place));
            if is_word(literal) && (literal.contains('_') || stands_for_code) {
                found.push(literal.to_owned());
            }
        }
        found
    }

    #[test]
    fn every_code_that_is_made_has_an_entry() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut paths = vec![root.join("check.rs")];
        sources(&root.join("intake"), &mut paths);
        let mut made = Vec::new();
        let mut texts = String::new();
        for path in paths {
            let text = code_of(&path);
            texts += &text;
            if MAKES_PROBLEMS.iter().any(|word| text.contains(word)) {
                let codes = codes_in(&text).into_iter();
                made.extend(codes.map(|code| (code, path.display().to_string())));
            }
        }
        let unknown: Vec<_> = made
            .iter()
            .filter(|(code, _)| of(code).is_none() && !NO_CODES.contains(&code.as_str()))
            .collect();
        assert!(
            unknown.is_empty(),
            "codes without an entry, or words for NO_CODES: {unknown:?}"
        );
        for remedy in REMEDIES.iter().filter(|remedy| remedy.code != "required") {
            assert!(
                texts.contains(&format!("\"{}\"", remedy.code)),
                "nothing makes `{}` any more",
                remedy.code
            );
        }
    }

    #[test]
    fn entries_say_something_once_and_fit_into_a_sentence() {
        for (index, remedy) in REMEDIES.iter().enumerate() {
            assert!(
                REMEDIES[..index]
                    .iter()
                    .all(|earlier| earlier.code != remedy.code),
                "{}",
                remedy.code
            );
            for text in [remedy.meaning, remedy.to_do] {
                assert!(
                    !text.is_empty() && !text.ends_with('.') && !text.contains('\n'),
                    "{text}"
                );
            }
        }
    }
}
