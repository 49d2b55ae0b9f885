//! Opening the window, and what to say where there can be none.

use super::{App, Start};

/// Opens the window and runs until it is closed.
///
/// # Errors
/// A sentence: there is no display, or no way to draw on it, and how to get a report instead.
pub fn run_window(start: Start) -> Result<(), String> {
    check_display()?;
    let viewport = egui::ViewportBuilder::default()
        .with_title("Vivarium")
        .with_app_id("vivarium")
        .with_inner_size([1280.0, 800.0])
        .with_min_inner_size([800.0, 480.0])
        .with_drag_and_drop(true);
    let options = eframe::NativeOptions { viewport, ..Default::default() };
    let run = || {
        eframe::run_native(
            "Vivarium",
            options,
            Box::new(move |creation| Ok(Box::new(App::new(&creation.egui_ctx, &start)))),
        )
    };
    // Window libraries panic where a system library is missing; that must not look like a crash.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    std::panic::set_hook(hook);
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(no_window(&error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Err(no_window(text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("the window could not be drawn")))
        }
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn check_display() -> Result<(), String> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") || is_set("WAYLAND_SOCKET") {
        return Ok(());
    }
    Err(no_window("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)"))
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
fn check_display() -> Result<(), String> {
    Ok(())
}

fn no_window(why: &str) -> String {
    // Window libraries put the place in their own sources before the reason; that helps nobody here.
    let why = if why.contains(".rs:") { why.rsplit(": ").next().unwrap_or(why) } else { why };
    format!(
        "can't open a window: {why}. Without one, `vivarium report SESSION -o report.html` draws the same views into a file, \
         and `vivarium inspect SESSION` shows them as text"
    )
}
