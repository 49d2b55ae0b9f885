//! The program: parses the command line and hands over to the window or to a command.

use std::process::ExitCode;

use vivarium::{app, cli};

fn main() -> ExitCode {
    let call = match cli::parse(std::env::args_os()) {
        Ok(call) => call,
        Err(exit_code) => return exit_code,
    };
    cli::run_to_end(|| match call {
        cli::Call::Window { source, map, view, beam } => {
            let start = app::Start { source, map, view, beam, ..app::Start::default() };
            app::run_window(start).map_err(anyhow::Error::msg)
        }
        cli::Call::Command(command) => cli::run(command),
    })
}
