//! Ctrl-C and a request to terminate end the work in an orderly way.

use crate::source::StopSignal;

/// A signal that is requested by the first Ctrl-C, SIGTERM or SIGHUP; the second one ends the program at once.
///
/// # Errors
/// When the system does not let us hear of it.
pub fn stop_signal() -> anyhow::Result<StopSignal> {
    let stop = StopSignal::default();
    let requested = stop.clone();
    ctrlc::set_handler(move || {
        if requested.is_requested() {
            std::process::exit(1);
        }
        requested.request();
    })
    .map_err(|error| anyhow::anyhow!("can't listen for Ctrl-C: {error}"))?;
    Ok(stop)
}
