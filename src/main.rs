//! The program: parses the command line and hands over to the window or to a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let start = vivarium::app::Start { source: std::env::args().nth(1), ..Default::default() };
    match vivarium::app::run_window(start) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("vivarium: {why}");
            ExitCode::FAILURE
        }
    }
}
