//! Beside the timeline of collections: their figures, how long pauses were, and the longest ones, each with its process and moment.

use egui::{Align2, Rect, RichText, Role, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, vec2};

use super::collections::{colour, go_to};
use crate::analysis::gc::{GcFigures, Pause};
use crate::analysis::gc_timeline::{Row, Sort, Timeline};
use crate::model::format::{bytes_text, duration_text, number_text, share_text};
use crate::model::unit::Unit;
use crate::state::State;
use crate::state::command::Command;
use crate::ui::theme::Theme;
use crate::ui::widgets::paint::line_of_text;

const ROW_HEIGHT: f32 = 17.0;

/// From this width on the longest pauses have a column of their own.
const TWO_COLUMNS: f32 = 420.0;

/// Draws it into `rect`.
pub fn side(ui: &mut Ui, rect: Rect, timeline: &Timeline, row: &Row, state: &State, commands: &mut Vec<Command>) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        sorts(ui, row);
        let rest = ui.available_rect_before_wrap();
        if rect.width() < TWO_COLUMNS {
            return column(ui, rest, "gc_side", |ui| {
                figures(ui, &row.figures, timeline.stops_the_world);
                histogram(ui, &row.figures);
                worst(ui, &row.figures, state, commands);
            });
        }
        let (left, right) = rest.split_left_right_at_fraction(0.48);
        column(ui, left.with_max_x(left.right() - 10.0), "gc_figures", |ui| {
            figures(ui, &row.figures, timeline.stops_the_world);
            histogram(ui, &row.figures);
        });
        column(ui, right, "gc_worst", |ui| worst(ui, &row.figures, state, commands));
    });
}

/// A list that scrolls where it does not fit.
fn column(ui: &mut Ui, rect: Rect, id: &str, add: impl FnOnce(&mut Ui)) {
    ui.scope_builder(UiBuilder::new().max_rect(rect), |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        ScrollArea::vertical().id_salt(id).auto_shrink(false).show(ui, add);
    });
}

/// What colours stand for, and how many of each.
fn sorts(ui: &mut Ui, row: &Row) {
    let figures = &row.figures;
    let sorted = |sort: Sort| row.cells.iter().map(|cell| u64::from(cell.counts[sort as usize])).sum::<u64>();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for sort in Sort::ALL {
            let count = if sort == Sort::Hibernation { figures.hibernations } else { sorted(sort) };
            if count == 0 {
                continue;
            }
            let (swatch, _) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
            ui.painter().rect_filled(swatch, 1.0, colour(Theme::get(ui), sort));
            ui.label(RichText::new(format!("{} {count}", sort.word())).small()).on_hover_text(sort.definition());
        }
    });
}

fn figures(ui: &mut Ui, figures: &GcFigures, stops_the_world: Option<bool>) {
    let seconds = |ns: u64| duration_text(ns as f64 / 1e9);
    let who = match stops_the_world {
        Some(true) => "Each pause stops the whole program.",
        _ => "Each pause holds up one process only; the others go on.",
    };
    let rate = figures.interval_s().map(|interval_s| {
        format!("{}, every {}", number_text(1.0 / interval_s, Unit::COUNT_PER_S), duration_text(interval_s))
    });
    let share = |share: Option<f64>| share.map(share_text);
    let bytes = |bytes: Option<f64>| bytes.map(bytes_text);
    let pauses = &figures.pauses;
    let rows = [
        (
            "Collections",
            Some(figures.count.to_string()),
            "Minor and major ones, forced ones among them; of a minor one that failed only the major one that followed.",
        ),
        ("Frequency", rate, "Collections of any heap / traced time, and its inverse."),
        ("Pause, median", Some(seconds(pauses.p50_ns)), who),
        ("Pause, 99 of 100", Some(seconds(pauses.p99_ns)), who),
        ("Pause, longest", Some(seconds(pauses.max_ns)), who),
        (
            "Efficiency",
            share(figures.efficiency()),
            "Reclaimed / examined: of a minor collection the young heap is examined, of a major one all that is in use.",
        ),
        ("Reclaimed", Some(bytes_text(figures.reclaimed_bytes)), "What all of them gave back."),
        (
            "Copied",
            bytes(figures.copied_bytes),
            "Survivors of the young heap and what moved to the old one; of a major collection all that is live.",
        ),
        ("Promoted", bytes(figures.promoted_bytes), "What minor collections moved to the old heap."),
        (
            "Live after",
            Some(bytes_text(figures.live_bytes)),
            "In use after the last collection, mean over the traced time, summed over heaps.",
        ),
        (
            "Held",
            Some(bytes_text(figures.held_bytes)),
            "Blocks and fragments held after the last collection, likewise.",
        ),
        (
            "Heap efficiency",
            share(figures.heap_efficiency()),
            "Live / held, each as after the last collection, mean over the traced time and summed over heaps. What is missing to 100 % is held without being used: the measured \"waste\".",
        ),
    ];
    for (label, value, definition) in rows {
        let Some(value) = value else { continue };
        let theme = Theme::get(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 15.0), Sense::hover());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, format!("{label}: {value}")));
        let painter = ui.painter();
        let taken =
            line_of_text(painter, rect.right_center(), Align2::RIGHT_CENTER, &value, 11.0, theme.text, rect.width());
        let width = taken.left() - rect.left() - 4.0;
        line_of_text(painter, rect.left_center(), Align2::LEFT_CENTER, label, 11.0, theme.text_weak, width);
        response.on_hover_text(definition);
    }
}

/// How many pauses were how long; each bar twice as long pauses as the one before.
fn histogram(ui: &mut Ui, figures: &GcFigures) {
    let buckets = &figures.pauses.histogram;
    let first = buckets.iter().position(|(_, count)| *count > 0).unwrap_or(0);
    let buckets = &buckets[first..];
    let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(0);
    if most == 0 {
        return;
    }
    let theme = Theme::get(ui);
    ui.add_space(5.0);
    ui.label(RichText::new("Pauses, by length").small().strong());
    for (limit_ns, count) in buckets {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, 12.0), Sense::hover());
        let text = format!("under {}", duration_text(*limit_ns as f64 / 1e9));
        line_of_text(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, &text, 10.0, theme.text_weak, 84.0);
        let field = rect.with_min_x(rect.left() + 88.0).with_max_x(rect.right() - 44.0);
        // By the root, so that the few long ones are seen beside the many short ones.
        let width = field.width() * (*count as f64 / most as f64).sqrt() as f32;
        ui.painter().rect_filled(
            field.with_max_x(field.left() + width).shrink2(vec2(0.0, 1.5)),
            1.0,
            theme.human.stroke,
        );
        line_of_text(
            ui.painter(),
            rect.right_center(),
            Align2::RIGHT_CENTER,
            &count.to_string(),
            10.0,
            theme.text,
            42.0,
        );
        response.on_hover_text(format!("{count} pauses {text}, and not under half of it"));
    }
}

fn worst(ui: &mut Ui, figures: &GcFigures, state: &State, commands: &mut Vec<Command>) {
    ui.add_space(5.0);
    ui.label(RichText::new("Longest pauses").small().strong());
    for (index, pause) in figures.pauses.worst.iter().enumerate() {
        worst_row(ui, index, pause, state, commands);
    }
}

fn worst_row(ui: &mut Ui, index: usize, pause: &Pause, state: &State, commands: &mut Vec<Command>) {
    let theme = Theme::get(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width() - 8.0, ROW_HEIGHT), Sense::hover());
    let response = ui.interact(rect, ui.scope_id().with(("gc_worst", index)), Sense::click());
    let sort = Sort::of(pause.kind, pause.cause);
    let name = state.entity(pause.entity).map_or("?", |entity| entity.name.as_str());
    let length = duration_text(pause.pause_ns as f64 / 1e9);
    let at = pause.at.local("%H:%M:%S");
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("{length}, {}, {name}, {at}", sort.word())));
    if response.hovered() {
        ui.painter().rect_filled(rect, 2.0, theme.selection);
    }
    let swatch = Rect::from_center_size(rect.left_center() + vec2(5.0, 0.0), vec2(8.0, 8.0));
    ui.painter().rect_filled(swatch, 1.0, colour(theme, sort));
    let painter = ui.painter();
    line_of_text(painter, rect.left_center() + vec2(13.0, 0.0), Align2::LEFT_CENTER, &length, 11.0, theme.text, 62.0);
    let time = line_of_text(painter, rect.right_center(), Align2::RIGHT_CENTER, &at, 10.0, theme.text_weak, 60.0);
    let place = rect.left_center() + vec2(78.0, 0.0);
    line_of_text(painter, place, Align2::LEFT_CENTER, name, 11.0, theme.text, time.left() - place.x - 5.0);
    if response.clicked() {
        go_to(pause.entity, pause.at, commands);
    }
    response.on_hover_text(format!(
        "{length}: {} collection of {name} at {}\nreclaimed {}, {} in use afterwards\nclick: select it and move the cursor there",
        sort.word(),
        pause.at.local("%d %b %H:%M:%S"),
        bytes_text(pause.reclaimed_bytes as f64),
        bytes_text(pause.live_bytes as f64),
    ));
}
