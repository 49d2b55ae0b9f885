//! The CPU view: which components were busy when, as a heat map, and lines for what is selected.

mod functions;
mod heat_map;
mod icicle;
mod lines;
mod stated;
mod texture;

use egui::{Align2, FontId, Mesh, Rect, RichText, Sense, Shape, Stroke, Ui, pos2, vec2};

use super::View;
use crate::analysis::heat_map::HeatMap;
use crate::model::format::number_text;
use crate::state::command::{Command, NavigateCommand};
use crate::state::question::Topic;
use crate::state::{CpuDetail, Selection, State, ViewId};
use crate::ui::theme::Theme;
use crate::ui::widgets::empty::missing_ui;
use crate::ui::widgets::time_chart::AXIS_HEIGHT;
use texture::HeatScale;

/// The CPU view.
pub struct Cpu;

impl View for Cpu {
    fn id(&self) -> ViewId {
        ViewId::Cpu
    }

    fn help(&self) -> &'static str {
        "Each row is a component, hottest first; the colour tells how many cores it kept busy. Below, lines or functions of what \
         is selected, or of the busiest (F). Drag to pan, scroll to zoom (with Ctrl over a long list), click to select and to set the cursor."
    }

    fn ui(&self, state: &State, ui: &mut Ui, commands: &mut Vec<Command>) {
        if state.measured_span().is_none() {
            ui.push_id("cpu_stated", |ui| stated::stated(ui, state, commands));
            return;
        }
        let Some(map) = state.answers.heat_map.as_ref().filter(|map| !map.rows.is_empty()) else {
            let advice = "No component's CPU use was recorded in the visible time. Show all, or watch host or pid:N.";
            missing_ui(ui, state, Topic::HeatMap, "Nothing measured in this stretch of time", advice);
            return;
        };
        ui.push_id("cpu", |ui| {
            let scale = HeatScale::new(map.max);
            header(ui, map, &scale);
            let rest = ui.available_rect_before_wrap();
            let wanted = map.rows.len() as f32 * heat_map::ROW_HEIGHT + AXIS_HEIGHT;
            // Functions need room for a table and a picture.
            let most = if state.cpu_detail == CpuDetail::Functions { 0.36 } else { 0.56 };
            let height = wanted.min((rest.height() * most).max(60.0)).round();
            let (upper, lower) = rest.split_top_bottom_at_y(rest.top() + height);
            heat_map::heat_map(ui, upper, map, &scale, state, commands);
            let (caption, chart) = lower.split_top_bottom_at_y(lower.top() + 28.0);
            caption_ui(ui, caption, state, commands);
            match state.cpu_detail {
                CpuDetail::Lines => lines::lines(ui, chart, state, commands),
                CpuDetail::Functions => functions::functions(ui, chart, state, commands),
            }
            ui.allocate_rect(rest, Sense::hover());
        });
    }
}

/// What is shown, and what the colours stand for.
fn header(ui: &mut Ui, map: &HeatMap, scale: &HeatScale) {
    let metric = map.metric.metric();
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 26.0), Sense::hover());
    let (left, right) = rect.split_left_right_at_x(rect.right() - 250.0);
    ui.scope_builder(egui::UiBuilder::new().max_rect(left), |ui| {
        ui.horizontal(|ui| {
            ui.label(format!("{} by component", metric.title)).on_hover_text(metric.definition);
            let text = format!("{} components, hottest first", map.rows.len());
            ui.label(RichText::new(text).color(Theme::get(ui).text_weak));
        });
    });
    colour_scale(ui, right, map, scale);
}

fn colour_scale(ui: &mut Ui, rect: Rect, map: &HeatMap, scale: &HeatScale) {
    let theme = Theme::get(ui);
    let bar = Rect::from_min_size(rect.min + vec2(20.0, 1.0), vec2(rect.width() - 60.0, 8.0));
    let mut mesh = Mesh::default();
    const STEPS: u32 = 48;
    for step in 0..=STEPS {
        let share = step as f32 / STEPS as f32;
        let (x, colour) = (bar.left() + share * bar.width(), theme.heat_colour(share));
        mesh.colored_vertex(pos2(x, bar.top()), colour);
        mesh.colored_vertex(pos2(x, bar.bottom()), colour);
        if step > 0 {
            mesh.add_triangle(step * 2 - 2, step * 2 - 1, step * 2);
            mesh.add_triangle(step * 2 - 1, step * 2, step * 2 + 1);
        }
    }
    let painter = ui.painter();
    painter.add(Shape::mesh(mesh));
    painter.rect_stroke(bar, 0.0, Stroke::new(1.0, theme.outline), egui::StrokeKind::Outside);
    for share in [0.0, 0.25, 1.0] {
        let x = bar.left() + (share as f32).sqrt() * bar.width();
        let text = number_text(scale.max * share, map.metric.unit());
        painter.text(
            pos2(x, bar.bottom() + 2.0),
            Align2::CENTER_TOP,
            text,
            FontId::proportional(10.0),
            theme.text_weak,
        );
    }
    let response = ui.interact(rect, ui.scope_id().with("scale"), Sense::hover());
    response.on_hover_text(
        "What the colours stand for. The scale grows with the square root, so that small use is told from none. Where several \
         columns share a pixel, the largest value is shown. Hatched or grey: nothing was measured.",
    );
}

/// Says who is shown below, and as what.
fn caption_ui(ui: &mut Ui, rect: Rect, state: &State, commands: &mut Vec<Command>) {
    let subject = match &state.selection {
        Some(Selection::Entity(id)) => state.entity(*id).map(|entity| entity.name.clone()),
        Some(_) => state.selected_component().map(|id| match state.document.component(&id) {
            Some(component) => component.title.clone(),
            None => title_in_map(state, id.as_str()).unwrap_or_else(|| id.to_string()),
        }),
        None => None,
    };
    let text = match subject {
        Some(subject) => format!("Selected: {subject}"),
        None if state.cpu_detail == CpuDetail::Functions => String::from("All processes, while nothing is selected"),
        None => String::from("Busiest, while nothing is selected"),
    };
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect.with_min_y(rect.top() + 5.0)), |ui| {
        ui.horizontal(|ui| {
            for (detail, word, hint) in [
                (CpuDetail::Lines, "Over time", "Lines of CPU use over time (F)"),
                (CpuDetail::Functions, "Functions", "Which functions were executed, from stack samples (F)"),
            ] {
                let choice = ui.selectable_label(state.cpu_detail == detail, word).on_hover_text(hint);
                if choice.clicked() {
                    commands.push(NavigateCommand::ShowCpuDetail(detail).into());
                }
            }
            ui.separator();
            ui.label(text);
            if state.cpu_detail == CpuDetail::Lines {
                ui.label(RichText::new("line: mean, band: lowest to highest").color(Theme::get(ui).text_weak));
            }
        });
    });
}

fn title_in_map(state: &State, id: &str) -> Option<String> {
    let map = state.answers.heat_map.as_ref()?;
    map.rows.iter().find(|row| row.component.as_str() == id).map(|row| row.title.clone())
}
