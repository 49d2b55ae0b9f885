//! `completions`: what a shell needs to complete calls of the program.

use std::io::Write;

/// Print the completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:  vivarium completions bash > ~/.local/share/bash-completion/completions/vivarium")]
pub struct Completions {
    /// The shell
    shell: clap_complete::Shell,
}

impl Completions {
    /// Writes them to standard output.
    pub fn run<C: clap::CommandFactory>(self) -> anyhow::Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut C::command(), "vivarium", &mut script);
        std::io::stdout().lock().write_all(&script)?;
        Ok(())
    }
}
