//! What packagers ship beside the program: shell completions and manual pages, made of the same definition
//! that parses the command line.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;

/// Writes a shell's completions.
pub fn completions(shell: Shell, out: &mut impl Write) -> io::Result<()> {
    let mut command = Cli::command();
    let name = command.get_name().to_owned();
    // To memory first: the generator panics where writing fails, and a closed pipe is no reason to panic.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    if shell == Shell::Bash {
        // Of a name with a hyphen the generator takes the one half for a command of the other, in one of two places.
        let text = String::from_utf8_lossy(&script);
        script = text
            .replace("concord__subcmd__import__", "concord__import__")
            .into_bytes();
    }
    out.write_all(&script)
}

/// Writes the manual page of the program.
pub fn man(out: &mut impl Write) -> io::Result<()> {
    let mut page = Vec::new();
    Man::new(Cli::command()).render(&mut page)?;
    out.write_all(&page)
}

/// Writes a manual page for the program and for each of its commands into a folder that exists.
pub fn man_pages(dir: &Path) -> io::Result<()> {
    clap_mangen::generate_to(Cli::command(), dir)
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    #[test]
    fn every_shell_gets_completions_that_know_the_commands() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            completions(*shell, &mut script).expect("written");
            let script = String::from_utf8(script).expect("text");
            assert!(
                script.contains("sandbox") && script.contains("api-key-file"),
                "{shell}"
            );
        }
    }

    #[test]
    fn the_manual_tells_the_exit_codes() {
        let mut page = Vec::new();
        man(&mut page).expect("written");
        let page = String::from_utf8(page).expect("text");
        assert!(page.contains("Exit codes") && page.contains("CONCORD_API_KEY"));
    }

    #[test]
    fn every_command_gets_a_page() {
        let dir = tempfile::tempdir().expect("folder");
        man_pages(dir.path()).expect("written");
        for page in [
            "concord-import.1",
            "concord-import-run.1",
            "concord-import-sandbox.1",
        ] {
            assert!(dir.path().join(page).is_file(), "{page}");
        }
    }
}
