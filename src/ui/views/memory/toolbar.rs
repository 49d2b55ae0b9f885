//! Above the landscape: the total and whether all adds up to it, where one is zoomed in, what is searched, compared and coloured.

use egui::{Align, Layout, RichText, TextEdit, Ui, vec2};

use super::look::Look;
use super::tiles::Found;
use super::treemap::change_text;
use crate::analysis::landscape::difference::Difference;
use crate::analysis::landscape::{Landscape, Whole};
use crate::model::format::{bytes_text, duration_text, share_text};
use crate::state::State;
use crate::state::command::{Command, NavigateCommand};
use crate::state::memory::{Colouring, MemoryCommand, Zoom};
use crate::ui::theme::Theme;
use crate::ui::widgets::provenance::quantity_ui;

/// A census this much older than the moment is worth a word.
const OLD_CENSUS_S: f64 = 5.0;

fn push(commands: &mut Vec<Command>, command: MemoryCommand) {
    commands.push(NavigateCommand::Memory(command).into());
}

/// The total, its moment, and what adds up to it.
pub fn header(ui: &mut Ui, landscape: &Landscape) {
    let weak = Theme::get(ui).text_weak;
    let total = landscape.total_bytes();
    let of_total = |bytes: f64| format!("{} ({})", bytes_text(bytes), share_text(bytes / total.max(1.0)));
    ui.horizontal_wrapped(|ui| {
        ui.label("Memory in use");
        quantity_ui(ui, &landscape.total);
        ui.label(RichText::new(match landscape.at {
            Some(at) => format!("at {}", at.local("%d %b %Y %H:%M:%S")),
            None => String::from("as stated"),
        }));
        ui.add_space(8.0);
        if let Some(resident) = &landscape.resident {
            ui.label(RichText::new("physical memory").color(weak));
            quantity_ui(ui, resident).on_hover_text(
                "What the operating system gives the runtime's process (resident set size). Total and the differences beside it add up \
                 to it: blocks that are not counted, free space in carriers, and what lies outside of the allocators.",
            );
        }
        if landscape.unattributed_bytes > 0.0 {
            let text = format!("not attributed: {}", of_total(landscape.unattributed_bytes));
            let hover = format!("The total minus all components. {}", landscape.whole.unattributed());
            ui.label(RichText::new(text).color(weak)).on_hover_text(hover);
        }
        if landscape.counted_twice_bytes > 0.0 {
            let text = format!("counted twice: {}", of_total(landscape.counted_twice_bytes));
            ui.label(RichText::new(text).color(weak)).on_hover_text(twice(landscape.whole));
        }
        // What is less than nothing has no box.
        let less: Vec<_> = landscape.outside.iter().filter(|outside| outside.bytes < 0.0).collect();
        if !less.is_empty() {
            let sum: f64 = less.iter().map(|outside| -outside.bytes).sum();
            let label = ui.label(RichText::new(format!("less −{}", bytes_text(sum))).color(weak));
            label.on_hover_ui(|ui| {
                ui.set_max_width(420.0);
                ui.label("Differences between the total and physical memory that have no box, as they are less than nothing:");
                for outside in less {
                    ui.strong(format!("{}: −{}", outside.title(), bytes_text(-outside.bytes)));
                    ui.label(RichText::new(outside.definition()).color(weak));
                }
            });
        }
        notes(ui, landscape);
    });
}

/// Why the parts can be more than the whole.
fn twice(whole: Whole) -> &'static str {
    match whole {
        Whole::Runtime => {
            "All components minus the total: what was looked at moments ago has shrunk since, so that the boxes together stand for more \
             than the total."
        }
        _ => {
            "All components minus the total: pages that processes share count in each of them, so that the boxes together stand for \
             more than the total."
        }
    }
}

/// What is missing, behind one word, so that it takes no room from the picture.
fn notes(ui: &mut Ui, landscape: &Landscape) {
    let theme = Theme::get(ui);
    if let (Some(at), Some(census)) = (landscape.at, landscape.census_at) {
        let age_s = at.seconds_since(census);
        if age_s >= OLD_CENSUS_S {
            let text = format!("census {} before", duration_text(age_s.round()));
            let hover = format!(
                "Who has no series of its own is shown as of the last full count before, at {}.",
                census.local("%d %b %H:%M:%S")
            );
            ui.label(RichText::new(text).color(theme.text_weak)).on_hover_text(hover);
        }
    }
    match landscape.notes.as_slice() {
        [] => {}
        [note] if note.len() < 90 => {
            ui.label(RichText::new(note).color(theme.warning.stroke));
        }
        notes => {
            let text = if notes.len() == 1 { String::from("1 note") } else { format!("{} notes", notes.len()) };
            let label = ui.label(RichText::new(format!("▲ {text}")).color(theme.warning.stroke));
            label.on_hover_text(notes.join("\n"));
        }
    }
}

/// The total of a difference, and how it came about.
pub fn difference_header(ui: &mut Ui, difference: &Difference) {
    let theme = Theme::get(ui);
    ui.horizontal_wrapped(|ui| {
        let total = &difference.total;
        ui.label("Memory in use");
        ui.strong(change_text(total.before, total.after, total.how));
        let day = if difference.from.local("%F") == difference.to.local("%F") { "%H:%M:%S" } else { "%d %b %H:%M:%S" };
        ui.label(format!("from {} to {}", difference.from.local(day), difference.to.local(day)));
        ui.label(RichText::new(format!("({} → {})", bytes_text(total.before), bytes_text(total.after))).color(theme.text_weak));
        ui.add_space(8.0);
        let sums = difference.directions;
        for (word, sign, bytes) in
            [("grown", "+", sums.grown), ("new", "+", sums.new), ("shrunk", "−", sums.shrunk), ("gone", "−", sums.gone)]
        {
            if bytes >= 1.0 {
                ui.label(RichText::new(format!("{word} {sign}{}", bytes_text(bytes))).color(theme.text_weak));
            }
        }
        let rest = &difference.unattributed;
        if rest.bytes().abs() >= 1.0 {
            let text = format!("not attributed {}", change_text(rest.before, rest.after, rest.how));
            ui.label(RichText::new(text).color(theme.text_weak));
        }
    })
    .response
    .on_hover_text("All changes of single processes, tables and parts, with those of what is not attributed, add up to the change of the total.");
}

/// Where one is zoomed in, and everything that can be chosen.
pub fn controls(ui: &mut Ui, state: &State, look: &Look, found: Option<Found>, commands: &mut Vec<Command>) {
    let is_measured = state.measured_span().is_some();
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        breadcrumb(ui, state, commands);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            search(ui, state, found, commands);
            if is_measured {
                compare(ui, state, commands);
            }
            if !state.memory.difference {
                colours(ui, state, is_measured, commands);
            }
            // Of what is measured it lies below the boxes, as there is more to choose here.
            if !is_measured {
                legend(ui, look);
            }
        });
    });
    ui.allocate_space(vec2(0.0, 1.0));
}

fn breadcrumb(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let zoom = &state.memory.zoom;
    if zoom.is_empty() {
        return;
    }
    if ui.link("All").on_hover_text("Shows all boxes (Esc or Backspace: one box out)").clicked() {
        push(commands, MemoryCommand::Zoom(Vec::new()));
    }
    for (depth, step) in zoom.iter().enumerate() {
        ui.label("›");
        let name = match step {
            Zoom::Component(id) => state.component_title(id).to_owned(),
            Zoom::Entity(id) => state.entity(*id).map_or_else(|| String::from("?"), |entity| entity.name.clone()),
            Zoom::Outside(step) => {
                let known = state.answers.landscape.iter().flat_map(|landscape| &landscape.outside);
                known
                    .filter(|outside| outside.step == *step)
                    .map(|outside| outside.title().to_owned())
                    .next()
                    .unwrap_or_default()
            }
        };
        let name: String =
            if name.chars().count() > 28 { name.chars().take(27).chain(['…']).collect() } else { name };
        if depth + 1 == zoom.len() {
            ui.strong(name);
        } else if ui.link(name).clicked() {
            push(commands, MemoryCommand::Zoom(zoom[..=depth].to_vec()));
        }
    }
}

fn search(ui: &mut Ui, state: &State, found: Option<Found>, commands: &mut Vec<Command>) {
    let mut text = state.memory.search.clone();
    let field = TextEdit::singleline(&mut text).hint_text("name").desired_width(90.0);
    let response = ui.add(field);
    let label = ui.label("Search");
    if response.labelled_by(label.id).changed() {
        push(commands, MemoryCommand::Search(text));
    }
    if let Some(Found { components, members, bytes }) = found {
        let theme = Theme::get(ui);
        let text = match components + members {
            0 => String::from("nothing matches"),
            1 => format!("1 match, {}", bytes_text(bytes)),
            count => format!("{count} matches, {}", bytes_text(bytes)),
        };
        let colour = if components + members == 0 { theme.warning.stroke } else { theme.text_weak };
        let hover = format!(
            "{components} components and {members} of their members have this in their names; the others are dimmed"
        );
        ui.label(RichText::new(text).color(colour)).on_hover_text(hover);
    }
}

fn compare(ui: &mut Ui, state: &State, commands: &mut Vec<Command>) {
    let shown = state.memory.difference;
    if shown {
        let hover = "Compares to the moment of the cursor from now on (B); move the cursor to see the difference grow.";
        if ui.button("From here").on_hover_text(hover).clicked() {
            push(commands, MemoryCommand::Base(state.cursor()));
        }
        if state.memory.base.is_some()
            && ui.button("From start").on_hover_text("Compares to the beginning of the visible time.").clicked()
        {
            push(commands, MemoryCommand::Base(None));
        }
    }
    let hover = "What has grown, shrunk, come and gone between two moments (V)";
    if ui.selectable_label(shown, "Difference").on_hover_text(hover).clicked() && !shown {
        push(commands, MemoryCommand::Difference(true));
    }
    if ui.selectable_label(!shown, "Landscape").on_hover_text("Where memory is at the cursor (V)").clicked() && shown {
        push(commands, MemoryCommand::Difference(false));
    }
}

fn colours(ui: &mut Ui, state: &State, is_measured: bool, commands: &mut Vec<Command>) {
    let now = state.memory.colouring;
    let choices =
        Colouring::ALL.into_iter().filter(|it| is_measured || matches!(it, Colouring::Component | Colouring::Status));
    let combo = egui::ComboBox::from_id_salt("memory_colour").width(86.0).selected_text(now.title());
    let shown = combo.show_ui(ui, |ui| {
        for colouring in choices {
            if ui.selectable_label(colouring == now, colouring.title()).on_hover_text(definition(colouring)).clicked() {
                push(commands, MemoryCommand::Colour(colouring));
            }
        }
    });
    shown.response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::ComboBox, true, format!("Colour by {}", now.title().to_lowercase()))
    });
    shown.response.on_hover_text(definition(now));
    ui.label("Colour");
}

fn definition(colouring: Colouring) -> &'static str {
    match colouring {
        Colouring::Component => "Each component has a colour of its own; free memory is pale and hatched.",
        Colouring::Status => "The status of the component at the cursor, by rules.",
        Colouring::Growth => {
            "Change since the beginning of the visible time (or the moment compared to), as a share of what was there."
        }
        Colouring::Waste => {
            "The share of a process that is held and not in use: free space in the blocks of its heaps."
        }
        Colouring::Age => {
            "How long it has been there at the cursor. Of who was there before measuring began it is not known."
        }
    }
}

/// What the colours of boxes stand for, from right to left.
pub fn legend(ui: &mut Ui, look: &Look) {
    let legend = look.legend();
    let theme = Theme::get(ui);
    let swatch = |ui: &mut Ui, colour, width: f32| {
        let (rect, _) = ui.allocate_exact_size(vec2(width, 10.0), egui::Sense::hover());
        ui.painter().rect_filled(rect, 1.0, colour);
    };
    let word = |ui: &mut Ui, text: &str| {
        ui.label(RichText::new(text).small().color(theme.text_weak));
    };
    ui.spacing_mut().item_spacing.x = 5.0;
    // From right to left.
    for (colour, text) in legend.others.iter().rev() {
        word(ui, text);
        swatch(ui, *colour, 10.0);
    }
    if let Some((low, colours, high)) = &legend.scale {
        word(ui, high);
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            colours.iter().rev().for_each(|colour| swatch(ui, *colour, 9.0));
        });
        word(ui, low);
    }
}
