#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| concord_import_fuzz::run("workbook", data));
