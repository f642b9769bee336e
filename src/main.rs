//! The `concord-import` command. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    concord_import::main()
}
