//! Codes of problems and warnings about rows.

codes! {
    /// A problem or warning about a row, or about a whole input.
    pub enum ProblemCode;

    /// Every code, for the guide and for tests. Absent from the ordinary build, where the compiler thus reports a code that
    /// nothing makes.
    #[cfg(any(test, feature = "internals"))]
    const ALL;

    NonePass = "none_pass",
        "no row passes the filters of `where`",
        "compare the words of `where` in [input] with those of the column; nothing, if there is nothing to import";
    NearWord = "near_word",
        "a row left out by a value that is nearly a word of `where`",
        "correct the word under `where` in [input], or the value in the source; nothing, if it is another word";

    // The key of a row, compared with other rows and with earlier runs.
    KeyConflict = "key_conflict",
        "a key that names different people or request types; none of its rows is sent",
        "before the first import, add a column to `key` in [input] that tells the rows apart, the request column for example. After \
         it, give each row its own key in the rejects, since a changed `key` creates every request again";
    NearKey = "near_key",
        "a new key in another form of a known one (case, blanks, leading zeros, `.0`, `#`), for the same person and request",
        "if it is the same request, write the key as it was, or export it as text. If it is another request, give it another key, \
         or set near_keys = \"warn\" in [input]";

    // What is no row, or perhaps none.
    Note = "note",
        "a line of text below or between the rows, set aside",
        "nothing, if it is no request; else complete the row, or set set_aside = false in [input]";
    Total = "total",
        "a line that adds up the rows, set aside",
        "nothing, if it is no request; else complete the row, or set set_aside = false in [input]";
    HeaderAgain = "header_again",
        "the header once more, set aside",
        "nothing: files that were put together often have it";
    Prefilled = "prefilled",
        "a row that was prepared and not filled in, set aside",
        "nothing, if it is no request. Otherwise fill in the columns that the job file names";
    LoneCell = "lone_cell",
        "a row with a single cell filled",
        "remove it if it is a note or a title; else fill in what is missing";
    PerhapsTotal = "perhaps_total",
        "a row that looks like a total",
        "remove it if it is one; else fill in what is missing";
    OtherHeader = "other_header",
        "a row that looks like the header of another table",
        "put each table into a file of its own";
    OtherTable = "other_table",
        "a row below the header of another table",
        "put each table into a file of its own; if that line is no header, correct or remove it";
    OtherSection = "other_section",
        "a row below a title and the header once more",
        "if these rows are meant too, remove the title or set set_aside = false in [input]; else remove them";
    CutOff = "cut_off",
        "a row whose last text goes on in the next line",
        "put the whole text in quotes, or on one line";
    Shifted = "shifted",
        "a row with a cell too many, whose values do not fit their columns",
        "look for a delimiter too many, or for a cell that lacks its quotes";

    // A row that cannot be read.
    LineTooLong = "line_too_long",
        "a line is longer than is read",
        "split it where a line break is missing; a file that is one JSON document needs format = \"json\" in [input]";
    NotDecodable = "not_decodable",
        "bytes that are no text in this encoding",
        "correct the character in the source. If many rows have this, set the right encoding in [input], or save a rejects file again as \
         UTF-8 or as a workbook";
    Misread = "misread",
        "letters and symbols that do not go together in this encoding, which is a guess",
        "set the encoding of the program that made the file in [input], and look at the letters with `rows`. Save files of DOS programs \
         as UTF-8, and rejects files as UTF-8 or as a workbook";
    DoubtfulEncoding = "doubtful_encoding",
        "a row beyond A to Z in a file whose encoding was guessed wrongly",
        "set the encoding of the program that made the file in [input], and look at the letters with `rows`. Save a rejects file again \
         as UTF-8 or as a workbook";
    GuessedEncoding = "guessed_encoding",
        "the encoding of the file is a guess",
        "look at the letters beyond A to Z with `rows`, and set encoding in [input]. Save a rejects file as UTF-8 or as a workbook if they \
         are wrong";
    LostCharacter = "lost_character",
        "a lost character (U+FFFD, or `?` in a name)",
        "export the rows again in the right encoding, or correct the value in the source";
    ControlCharacter = "control_character",
        "a control character, which no text has",
        "remove it in the source, or write the letter that the message names in its place. If many rows have this, export the file \
         again as UTF-8";
    GarbledName = "garbled_name",
        "a name with a symbol or a foreign letter within a word, as when it was read in a wrong encoding",
        "correct the name in the source. If many rows have this, export them again as UTF-8";
    EscapedText = "escaped_text",
        "a value that a program has escaped (for HTML, mail or a web address) in a way that cannot be undone",
        "write the plain value in the source, or export the rows again without escapes";
    EncodedTwice = "encoded_twice",
        "letters spoilt when the file was saved: UTF-8 taken for another encoding, such as `Ã¼` for `ü`",
        "export the rows again as UTF-8, or correct the value in the source";
    NotJson = "not_json",
        "not JSON",
        "correct the line in the source, or export it again: it was probably cut off or edited by hand";
    NotObject = "not_object",
        "JSON, but not an object with names and values",
        "each row has to be an object like {\"id\": 1}; if the rows stand in an array, name it under [input]: records = \"…\"";
    NotUtf8 = "not_utf8",
        "bytes that are not UTF-8",
        "correct the character in the source. If many rows have this, set the right encoding in [input], for example encoding = \
         \"windows-1252\", or save a rejects file again as UTF-8";
    NulByte = "nul_byte",
        "a NUL byte, which text does not have",
        "remove it, or export the file again as text; if that is UTF-16, set encoding = \"utf-16le\" in [input]";
    OpenQuote = "open_quote",
        "a quote that is opened and not closed",
        "close the quote on the line that is named, or double it where it belongs to the text (\"\"); if the file quotes \
         with another character, set quote in [input]";
    PageWithoutRows = "page_without_rows",
        "a page without the array of rows, between pages that have it",
        "fetch that page again: it is probably an error that was saved in its place, and its rows are missing";
    RepeatedKey = "repeated_key",
        "a name that stands twice in an object",
        "remove or rename one of the two in the source: which one is meant cannot be told";
    RowTooLarge = "row_too_large",
        "a row is larger than is read",
        "look for a quote or bracket that is not closed before it, or shorten the row in the source";
    TextAfterQuote = "text_after_quote",
        "text behind a closing quote",
        "double the quotes that belong to the text (\"\"), or export the file again";
    NamelessColumn = "nameless_column",
        "a value in a column without a name",
        "name the column in the header, or take the value out";
    StrayQuotes = "stray_quotes",
        "a quote within a cell, and a later cell that ends with one",
        "look for a delimiter that is missing in front of a quoted cell";
    CellError = "cell_error",
        "a cell that shows an error",
        "correct the formula in the workbook, or enter the value itself";
    CellNotRead = "cell_not_read",
        "a cell that cannot be read",
        "enter the value again in the workbook";
    DigitsLost = "digits_lost",
        "a number too long for a spreadsheet",
        "enter it as text, with an apostrophe in front";
    FormulaWithoutValue = "formula_without_value",
        "a formula without a stored result",
        "open the workbook in a spreadsheet program and save it";
    HiddenRow = "hidden_row",
        "a row that is hidden in the workbook",
        "remove it if it is not meant; it is read all the same";
    StruckRow = "struck_row",
        "a row that is struck through in the workbook",
        "remove it if it is not meant; it is read all the same";
    MergedCells = "merged_cells",
        "merged cells",
        "unmerge them and fill in each cell";
    NoSuchDate = "no_such_date",
        "a date that does not exist",
        "enter a day that there is in the workbook, such as 2026-12-31";
    TooFewCells = "too_few_cells",
        "fewer cells than the header has",
        "fill in the missing cells, or take the row out if it is a title, total or note";
    TooManyCells = "too_many_cells",
        "more cells than the header has",
        "put the cell that holds the delimiter in quotes; if all rows have this, check delimiter and header_row in [input]";
    UncorrectedLine = "uncorrected_line",
        "a row of the rejects that still is as it was refused",
        "correct the row as `import_problem` says, or clear that cell if the row is right as it stands. In JSON, write the corrected \
         object in place of the line";

    // A value that cannot be used.
    BlankKey = "blank_key",
        "the key is blank",
        "fill it in, or choose for `key` in [input] a column that every row has";
    BlankPreverified = "blank_preverified",
        "nothing says whether the person was verified",
        "fill it in, or say under [fields] what a blank means: preverified = { column = \"…\", default = false } (false: \
         Concord writes to the person)";
    MarkInNotes = "mark_in_notes",
        "the notes hold the mark of another request",
        "remove `[ref …]` from the notes in the source, or leave that column out of `notes`";
    NoIdentifier = "no_identifier",
        "nothing tells who the person is",
        "fill in an address, a number or an id; if the row has one in another column, add a rule for it under [fields]";
    NotBoolean = "not_boolean",
        "neither true nor false",
        "say under [fields] what the words mean: preverified = { column = \"…\", values = { \"Checked\" = true } }";
    NotEmail = "not_email",
        "not an e-mail address",
        "correct the address, or leave the cell blank if a number or an id tells who the person is";
    EmailVia = "email_via",
        "an address of a mailing list that passed the message on",
        "put the person's own address in its place; Reply-To or the message itself often has it";
    EmailRole = "email_role",
        "an address of a function, such as `privacy` or `no-reply`",
        "put the person's own address in its place, or leave the cell blank if a number or an id tells who the person is. If it \
         really is the person's, create that request in Concord by hand";
    NotText = "not_text",
        "a JSON array or object where text is wanted",
        "name the value within it by a path, such as \"requester.email\" or \"custom_fields[id=27642].value\"";
    NotUuid = "not_uuid",
        "not a UUID",
        "correct it, or map the column to userId if it is your own id of the person";
    PhoneDamaged = "phone_damaged",
        "a number that a spreadsheet has damaged",
        "take the number from where it came from, and format the column as text before filling it in";
    PhoneInvalid = "phone_invalid",
        "not a telephone number",
        "correct the number, such as +44 161 496 0018, or leave the cell blank if an address or an id tells who the person is. \
         Numbers without + are dialled from `region` in [input]";
    PhoneWithoutRegion = "phone_without_region",
        "a number without country, and nothing else tells who the person is",
        "say under [input] where such numbers are dialled: region = \"GB\"; or write the number with + and country code";
    Required = "required",
        "something that every request needs is missing",
        "fill it in, or give it a default under [fields]";
    TooLong = "too_long",
        "longer than Concord takes",
        "shorten it in the source, or take columns out of its rule under [fields]";
    UnmappedRequest = "unmapped_request",
        "a request word that the job file does not know",
        "if it is no word for a request, name another column for request under [fields]; else add it to the values there, with \
         care: a request cannot be taken back; \"skip\" passes rows over that ask for nothing that Concord does";
    UnmappedValue = "unmapped_value",
        "a value that the job file gives no meaning",
        "add it to the values of that rule under [fields]";
    DateOrder = "date_order",
        "dates whose order is open",
        "look at a few of these rows, and say in [input] which it is: date_order = \"dmy\" or \"mdy\"";
    EmailSeveral = "email_several",
        "several addresses in one cell",
        "keep the one that is meant, or make a row for each person";
    WordForNothing = "word_for_nothing",
        "a word for nothing where a value is wanted",
        "nothing, if there is no value; else fill it in";
    TextInFormula = "text_in_formula",
        "text that an export wrote as a formula",
        "nothing: what stands in the quotes is sent";
    InvisibleCharacters = "invisible_characters",
        "characters that nobody sees in an id",
        "nothing, if the id is right without them";
    IdRounded = "id_rounded",
        "an id that a spreadsheet has probably rounded",
        "compare it with its source; format the column as text and export it again";
    IdFormatted = "id_formatted",
        "an id that looks like a formatted number",
        "compare it with its source; format the column as text and export it again";
    IdZero = "id_zero",
        "an id of zeros",
        "empty the cell if the person has no id";
    Apostrophe = "apostrophe",
        "an apostrophe by which a value was kept as text",
        "nothing: it is sent without";
    IdDamaged = "id_damaged",
        "an id that a spreadsheet has damaged",
        "export it again with the column as text: its digits are lost";
    KeyDamaged = "key_damaged",
        "a key that a spreadsheet has damaged",
        "export it again with the column as text: its digits are lost";
    PhoneAmbiguous = "phone_ambiguous",
        "a number that may be one of two",
        "write it with + and country code";
    PhoneSeveral = "phone_several",
        "several numbers in one cell",
        "keep the one that is meant, or make a row for each person";
    SeveralValues = "several_values",
        "a path that picks several elements of a list, with different values",
        "add a further selector to the path, such as fields[id=7][type=x].value, or correct the row in the source";
    SpreadsheetError = "spreadsheet_error",
        "an error of a spreadsheet in place of a value",
        "correct the cell, or empty it when there is no value";
    UndecidedRequest = "undecided_request",
        "a request word that the job file leaves open",
        "write what it means in place of the `?` under [fields], with care: a request cannot be taken back; nothing is sent \
         while a `?` is left";
    UndecidedPreverified = "undecided_preverified",
        "the job file leaves open whether the people are verified",
        "decide it under [fields]: preverified = { value = true } if you have verified who they are, or { value = false } to have \
         Concord write to each of them. Nothing is sent while it is `?`";

    // Warnings: the rows are sent as they are.
    LooksDone = "looks_done",
        "a row whose status says that the case is done",
        "nothing, if closed cases are meant too; otherwise list the words of open ones in [input]: where = [{ column = \"Status\", in = \
         [\"Open\"] }]";
    SeveralNames = "several_names",
        "one address with several names",
        "look at these rows: if they are several people, put each person's own address in its place";
    EscapesLeft = "escapes_left",
        "escapes of HTML or mail in a long text, which is sent with them",
        "nothing, if the text can be read so. Otherwise export the rows again without escapes";
    EscapesUndone = "escapes_undone",
        "a value that a program has escaped, which is sent as it was before",
        "nothing, if `rows` and the source show the same value. Otherwise correct it in the source";
    EmailCleaned = "email_cleaned",
        "something around an address",
        "nothing, if the address alone is meant";
    EmailDomainInAscii = "email_domain_in_ascii",
        "a domain with letters outside ASCII",
        "nothing: it is sent in the form that mail systems use";
    KeyApostrophe = "key_apostrophe",
        "a key that begins with an apostrophe",
        "export it the same way each time: without the apostrophe it is another key";
    KeyFraction = "key_fraction",
        "a key that ends in .0",
        "export it with the column as text, and always in the same way: without .0 it is another key";
    KeyRounded = "key_rounded",
        "a key that a spreadsheet may have rounded",
        "hold a few against the source; if digits were lost, export it again with the column as text";
    NameUndivided = "name_undivided",
        "a name that cannot be divided",
        "nothing, if that will do; else have first and last name in columns of their own";
    NameWithoutTitle = "name_without_title",
        "a name with a title or suffix",
        "nothing, unless the title matters: it is left out";
    PhoneCleaned = "phone_cleaned",
        "something around or within a number",
        "nothing, if the number alone is meant";
    PhonePlusRestored = "phone_plus_restored",
        "a number that lacks its +",
        "nothing, unless a few of these rows look wrong; numbers with + leave no question";
    PhoneTwoReadings = "phone_two_readings",
        "a number that may be read in two ways",
        "write it with + and country code, to make sure";
    PhoneZeroRestored = "phone_zero_restored",
        "a number that lacks its first zero",
        "nothing, unless a few of these rows look wrong; numbers with + leave no question";
    ReceivedAncient = "received_ancient",
        "a day long ago",
        "look at the row: is the date right, and date_order in [input]";
    ReceivedBlank = "received_blank",
        "no received date",
        "fill it in, if it is to be known what is overdue";
    ReceivedFuture = "received_future",
        "a day to come",
        "look at the row: is the date right, and date_order in [input]";
    ReceivedUnreadable = "received_unreadable",
        "not a date",
        "write it as 2026-12-31, if it is to be known what is overdue";
    UnusualEmail = "unusual_email",
        "an unusual address",
        "look at it: Concord may refuse it, or no mail may reach it";
    BlankKeyPart = "blank_key_part",
        "a part of the key is blank",
        "fill it in, or leave that column out of `key` in [input]";
    LikelyTooLong = "likely_too_long",
        "longer than Concord likely takes",
        "shorten it in the source: a request that Concord refuses ends in the rejects";
    NoKey = "no_key",
        "no column identifies the rows",
        "name a column with ticket or case numbers under [input]: key = [\"…\"]";
    NotDomain = "not_domain",
        "not a bare domain",
        "map a column that holds www.example.com, without https:// and path";
    NotHttp = "not_http",
        "not a web address",
        "map a column that holds addresses with https://";
    PhoneAsWritten = "phone_as_written",
        "a number without country",
        "say under [input] where such numbers are dialled: region = \"GB\"";
    PhoneExtension = "phone_extension",
        "a number with an extension",
        "nothing, unless the extension matters: it is left out";
}
